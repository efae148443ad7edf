//! Settings: flags, environment and file become one checked configuration.
//!
//! A setting has one name and three spellings: `tls_cert` is `--tls-cert`, `STRONGROOM_TLS_CERT` and the key
//! `tls_cert` of the file. The flag wins, then the variable, then the file. This is the only place that
//! looks at the environment. A message about a setting names where it came from and never its value.

mod error;
mod read;
mod sources;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;
use strongroom_service::Tuning;
use tracing::Level;
use url::Url;

use crate::log::LogFormat;

pub(crate) use error::ConfigError;
pub(crate) use sources::{Environment, Flags};

use sources::Sources;

/// What opens the store.
pub(crate) struct StoreConfig {
    /// The data directory, absolute.
    pub(crate) data_dir: PathBuf,
    /// The URL of the database; `None` is a file in the data directory.
    pub(crate) database_url: Option<SecretString>,
    /// The most connections to the database at once.
    pub(crate) database_connections: usize,
    /// The root key file.
    pub(crate) key: KeyFile,
    /// The first administrator's password, if one was chosen.
    pub(crate) admin_password: Option<SecretString>,
    /// The base of all links.
    pub(crate) public_url: Option<Url>,
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The files of TLS, if it is on.
    pub(crate) tls: Option<TlsFiles>,
    /// The file to which every audit entry goes as well.
    pub(crate) audit_file: Option<PathBuf>,
    /// How the open store behaves.
    pub(crate) tuning: Tuning,
}

/// Where the root key is.
pub(crate) struct KeyFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether the first start may make it: only in the data directory, and only if no other was named.
    pub(crate) may_create: bool,
}

/// A certificate chain and its private key, both in PEM.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub(crate) cert: PathBuf,
    /// The key.
    pub(crate) key: PathBuf,
}

/// Everything a server is told.
pub(crate) struct Config {
    /// What opens the store.
    pub(crate) store: StoreConfig,
    /// Whose `X-Forwarded-*` headers count.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// What opens metrics and readiness details to others than loopback.
    pub(crate) metrics_token: Option<SecretString>,
    /// The file to which checkpoints of the audit log are appended.
    pub(crate) audit_anchor_file: Option<PathBuf>,
    /// Where checkpoints of the audit log are sent.
    pub(crate) audit_anchor_url: Option<Url>,
    /// The name of this process.
    pub(crate) node: String,
    /// The least level that is logged.
    pub(crate) log_level: Level,
    /// How a log line looks.
    pub(crate) log_format: LogFormat,
}

impl StoreConfig {
    /// Reads what the store needs.
    pub(crate) fn read(flags: Flags, environment: Environment) -> Result<Self, ConfigError> {
        Self::from_sources(&Sources::new(flags, environment)?)
    }

    /// The issuer of tokens, fixed when the store is made.
    pub(crate) fn issuer(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", self.listen),
        }
    }

    fn from_sources(sources: &Sources) -> Result<Self, ConfigError> {
        let data_dir = match sources.one("data_dir")? {
            Some(given) => read::absolute(&given)?,
            None => read::absolute_default(DATA_DIR)?,
        };
        Ok(Self {
            database_url: read::database_url(sources)?,
            database_connections: read::connections(sources)?.unwrap_or(DATABASE_CONNECTIONS),
            key: key_file(sources, &data_dir)?,
            admin_password: read::admin_password(sources)?,
            public_url: read::public_url(sources)?,
            listen: read::listen(sources)?.unwrap_or(LISTEN),
            tls: tls(sources)?,
            audit_file: read::path(sources, "audit_file")?,
            tuning: read::tuning(sources)?,
            data_dir,
        })
    }
}

impl Config {
    /// Reads everything and refuses what is not safe to serve.
    pub(crate) fn read(
        flags: Flags,
        environment: Environment,
        terminal: bool,
    ) -> Result<Self, ConfigError> {
        let sources = Sources::new(flags, environment)?;
        let automatic = if terminal { LogFormat::Text } else { LogFormat::Json };
        let config = Self {
            store: StoreConfig::from_sources(&sources)?,
            trusted_proxies: read::trusted_proxies(&sources)?,
            metrics_token: read::secret_file(&sources, "metrics_token_file")?,
            audit_anchor_file: read::path(&sources, "audit_anchor_file")?,
            audit_anchor_url: read::target_url(&sources, "audit_anchor_url")?,
            node: read::text(&sources, "node")?.unwrap_or_else(host_name),
            log_level: read::log_level(&sources)?.unwrap_or(Level::INFO),
            log_format: read::log_format(&sources)?.unwrap_or(automatic),
        };
        let insecure = read::boolean(&sources, "insecure_http")?.unwrap_or(false);
        if !insecure {
            config.refuse_open_listener()?;
        }
        Ok(config)
    }

    /// Passwords do not cross a network in the clear: beyond loopback there is TLS, here or in a proxy.
    fn refuse_open_listener(&self) -> Result<(), ConfigError> {
        let behind_proxy =
            self.store.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
                && !self.trusted_proxies.is_empty();
        if self.store.listen.ip().is_loopback() || self.store.tls.is_some() || behind_proxy {
            return Ok(());
        }
        Err(ConfigError::OpenListener { listen: self.store.listen })
    }
}

fn key_file(sources: &Sources, data_dir: &Path) -> Result<KeyFile, ConfigError> {
    if let Some(given) = sources.one("key_file")? {
        return Ok(KeyFile { path: read::absolute(&given)?, may_create: false });
    }
    if let Some(directory) = sources.credentials_directory() {
        let path = directory.join("root.key");
        // A unit may hand over credentials without ours among them.
        if !matches!(path.try_exists(), Ok(false)) {
            return Ok(KeyFile { path, may_create: false });
        }
    }
    Ok(KeyFile { path: data_dir.join("keys").join("root.key"), may_create: true })
}

fn tls(sources: &Sources) -> Result<Option<TlsFiles>, ConfigError> {
    match (sources.one("tls_cert")?, sources.one("tls_key")?) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => {
            Ok(Some(TlsFiles { cert: read::absolute(&cert)?, key: read::absolute(&key)? }))
        }
        (Some(given), None) => Err(ConfigError::Alone { given: given.origin, missing: "tls_key" }),
        (None, Some(given)) => Err(ConfigError::Alone { given: given.origin, missing: "tls_cert" }),
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

const DATA_DIR: &str = "strongroom-data";
const DATABASE_CONNECTIONS: usize = 16;
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8470);

#[cfg(test)]
mod tests;
