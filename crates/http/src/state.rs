//! What every handler shares, and the settings of the HTTP side.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use secrecy::SecretString;
use strongroom_service::Strongroom;
use tokio::sync::Semaphore;
use url::Url;

use crate::route::Endpoint;

/// Renders the metrics in the text format of Prometheus.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// The settings of the HTTP side.
#[derive(Clone)]
pub struct HttpSettings {
    /// The base of all absolute links. Without it only loopback names are answered as `Host`.
    pub public_url: Option<Url>,
    /// Whether connections are encrypted here, so that links made from `Host` say so.
    pub tls: bool,
    /// The networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// What `/metrics` answers.
    pub metrics: MetricsText,
    /// The bearer token that opens `/metrics` and the details of `/readyz` to others than loopback.
    pub metrics_token: Option<SecretString>,
    /// The name of this process, as AWX's `X-API-Node` shows it.
    pub node: String,
    /// How many requests are worked on at once; beyond it the answer is 503.
    pub max_requests: usize,
}

impl HttpSettings {
    /// How many requests are worked on at once unless told.
    pub const MAX_REQUESTS: usize = 1024;
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            tls: false,
            trusted_proxies: Vec::new(),
            metrics: Arc::new(String::new),
            metrics_token: None,
            node: "strongroom".to_owned(),
            max_requests: Self::MAX_REQUESTS,
        }
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("public_url", &self.public_url)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("node", &self.node)
            .field("max_requests", &self.max_requests)
            .finish_non_exhaustive()
    }
}

/// Through which listener a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// The network: whoever comes proves who he is.
    Network,
    /// The socket in the data directory, or the same process: the file system let him in.
    Host,
}

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The use-cases.
    pub(crate) room: Strongroom,
    /// The settings.
    pub(crate) settings: Arc<HttpSettings>,
    /// Through which listener requests come.
    pub(crate) entrance: Entrance,
    /// The endpoint of each path that the router matches.
    pub(crate) endpoints: Arc<BTreeMap<String, Arc<Endpoint>>>,
    /// One permit for each request that may be worked on.
    pub(crate) gate: Arc<Semaphore>,
}
