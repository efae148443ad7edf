//! What is wrong with the settings, and what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(String),
    /// A key of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// Nobody said anything.
    Default(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{}", name.replace('_', "-")),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, key } => write!(f, "`{key}` in {}", path.display()),
            Self::Default(name) => write!(f, "the default of --{}", name.replace('_', "-")),
        }
    }
}

/// What a setting should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wanted {
    /// Text.
    #[error("text in UTF-8")]
    Text,
    /// One value.
    #[error("one value, not a list or a table")]
    One,
    /// An address and a port.
    #[error("an IP address and a port, such as 127.0.0.1:8470 or [::1]:8470")]
    Address,
    /// A base URL.
    #[error("`https://host[:port]` or `http://host[:port]`, without user, path or query")]
    BaseUrl,
    /// An address to which something is sent.
    #[error(
        "`https://host[:port]/path`, or `http://` for this host only, without user or password"
    )]
    TargetUrl,
    /// A network.
    #[error("a network such as 10.0.0.0/8, or an IP address")]
    Network,
    /// A boolean.
    #[error("`true` or `false`")]
    Boolean,
    /// A number of connections.
    #[error("a whole number from 2 to 1000")]
    Connections,
    /// How long a list may take.
    #[error("a whole number of milliseconds from 1 to 60000")]
    ListTime,
    /// How tokens name their key.
    #[error("x5c or kid")]
    TokenKey,
    /// The URL of a database.
    #[error(
        "`postgres://user@host/database`; without it the store is SQLite in the data directory"
    )]
    DatabaseUrl,
    /// A log level.
    #[error("error, warn, info, debug or trace")]
    LogLevel,
    /// A log format.
    #[error("text or json")]
    LogFormat,
    /// A path.
    #[error("the path of a file or directory")]
    Path,
}

/// Why the settings were refused. All of them exit with 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A file that a setting names cannot be read.
    #[error("{origin}: {} cannot be read", path.display())]
    Unreadable {
        /// The setting that names it.
        origin: Origin,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that should hold a secret holds nothing, or too much.
    #[error("{origin}: {} must hold one secret of 1 to 4096 bytes in UTF-8", path.display())]
    NotASecret {
        /// The setting that names it.
        origin: Origin,
        /// The file.
        path: PathBuf,
    },
    /// The configuration file is not TOML.
    #[error("{}, line {line}: this is not TOML", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The configuration file has a key that is no setting.
    #[error("{}: `{key}` is not a setting; docs/configuration.md lists them", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A value cannot be read.
    #[error("{origin} must be {wanted}")]
    Wrong {
        /// Where it came from.
        origin: Origin,
        /// What was wanted.
        wanted: Wanted,
    },
    /// A secret on the command line, where other users of the host can read it.
    #[error(
        "--database-url must not hold a password, other users can see it: put the URL into \
         STRONGROOM_DATABASE_URL or into the file of --config"
    )]
    PasswordInFlag,
    /// Two settings that only make sense together.
    #[error("{given} needs --{} as well", missing.replace('_', "-"))]
    Alone {
        /// The one that is there.
        given: Origin,
        /// The one that is not.
        missing: &'static str,
    },
    /// Two settings that say the same thing.
    #[error("{one} and {other} are both set: keep one of them")]
    Both {
        /// The one.
        one: Origin,
        /// The other.
        other: Origin,
    },
    /// A listener that others can reach, without TLS.
    #[error(
        "{listen} can be reached from other hosts and would take passwords without TLS: give --tls-cert \
         and --tls-key, or --public-url https://... and --trusted-proxy if a proxy ends TLS, or \
         --insecure-http if you accept that"
    )]
    OpenListener {
        /// The address.
        listen: SocketAddr,
    },
}
