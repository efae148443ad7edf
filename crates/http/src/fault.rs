//! What goes wrong before or beside a handler, as values. Whoever owns the path words it.

use http::StatusCode;

/// A request that no handler answers, or that a handler could not finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No route has this path.
    UnknownPath,
    /// The path exists, for other methods.
    WrongMethod {
        /// The methods it exists for, as the `Allow` header lists them.
        allow: String,
    },
    /// The path lacks its trailing slash and is served with it only.
    MissingSlash {
        /// Path and query with the slash.
        location: String,
    },
    /// The body is larger than its owner takes.
    TooLarge,
    /// The body did not come in time.
    Timeout,
    /// A handler panicked.
    Panic,
    /// The request names a host that this server does not answer for.
    Misdirected,
    /// The request cannot be read as HTTP.
    BadRequest,
    /// More requests at once than are taken.
    Unavailable {
        /// Seconds after which to try again.
        retry_after: u32,
    },
}

impl Fault {
    /// The status that every owner answers it with.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingSlash { .. } => StatusCode::MOVED_PERMANENTLY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A plain sentence, for the owners that have none of their own.
    pub(crate) const fn sentence(&self) -> &'static str {
        match self {
            Self::UnknownPath => "Not found.",
            Self::WrongMethod { .. } => "Method not allowed.",
            Self::MissingSlash { .. } => "The path ends in a slash.",
            Self::TooLarge => "The request body is too large.",
            Self::Timeout => "The request body did not arrive in time.",
            Self::Panic => "An internal error occurred.",
            Self::Misdirected => "This server does not answer for that host name.",
            Self::BadRequest => "The request could not be read.",
            Self::Unavailable { .. } => "The server is busy; try again later.",
        }
    }
}

/// The sentence of a list whose filters or order take longer than they may.
pub(crate) const TOO_SLOW: &str =
    "The filters or the order of this list take longer than the server allows; ask for less.";
