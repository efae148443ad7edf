//! What is known of a request before anybody looks at its body.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::Method;
use strongroom_core::access::Dialect;
use strongroom_core::audit::Origin;

use crate::owner::Owner;
use crate::route::Endpoint;

/// The facts of one request, as every handler finds them in its extensions.
pub(crate) type Facts = Arc<RequestFacts>;

/// What is known of a request before anybody looks at its body.
#[derive(Debug)]
pub(crate) struct RequestFacts {
    /// Who owns the path and words its faults.
    pub(crate) owner: Owner,
    /// The method.
    pub(crate) method: Method,
    /// The path as sent, without the query. Never for a log.
    pub(crate) path: String,
    /// The query as sent, if there is one. Never for a log.
    pub(crate) query: Option<String>,
    /// The endpoint that the path names, if one does.
    pub(crate) endpoint: Option<Arc<Endpoint>>,
    /// The id of the request: 32 hexadecimal digits drawn here, for logs and audit.
    pub(crate) request_id: String,
    /// The client's own id for the request, where it is harmless to send back.
    pub(crate) client_request_id: Option<String>,
    /// Who asks, once that is known, for the owners that tell him so.
    pub(crate) user_guid: OnceLock<String>,
    /// The address of the client, or `local` on the host's own socket.
    pub(crate) source: String,
    /// Whether the client itself is on this machine, with no proxy between.
    pub(crate) is_loopback: bool,
    /// When the request came in.
    pub(crate) started: Instant,
}

impl RequestFacts {
    /// The template of the path, for logs and metrics.
    pub(crate) fn template(&self) -> &'static str {
        self.endpoint.as_ref().map_or("", |endpoint| endpoint.template)
    }

    /// Where the request came from, as audit entries keep it.
    pub(crate) fn origin(&self, dialect: Dialect) -> Origin {
        Origin { dialect, request_id: self.request_id.clone(), source: self.source.clone() }
    }
}
