//! What can be typed. Every doc comment here is a help text.

#![expect(clippy::doc_markdown, reason = "a help text shows backticks as they are")]

mod platform;
mod registry;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Flags;

pub(crate) use platform::{ResolveArgs, UaaClientCommand, UaaKeyCommand};
pub(crate) use registry::{
    AuthorityCommand, CreateRegistryArgs, CreateRobotArgs, NamedRegistryArgs, NamedRobotArgs,
    RegistryCommand, RegistryCredentialCommand, RobotCommand, UpdateRegistryArgs,
};

/// One self-hosted server for the credentials of automation, scanners, platforms and registries.
///
/// Without a command it serves.
#[derive(Parser)]
#[command(
    name = "strongroom",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Each setting is a flag, an environment variable (in brackets) or a line of the \
                  configuration file; the flag wins, then the variable, then the file."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Box<ServeArgs>),
    /// Get a token from a server and keep it for the commands that follow
    Login(LoginArgs),
    /// Create a user or set a password, on the server's own host
    #[command(subcommand)]
    User(UserCommand),
    /// Create an organization, on the server's own host
    #[command(subcommand)]
    Org(OrgCommand),
    /// Create a token for a user, on the server's own host
    #[command(subcommand)]
    Token(TokenCommand),
    /// List, read, create and delete credentials
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Create, list, show, configure and remove hosted registries
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Mint, list, rotate and remove the robots of hosted registries
    #[command(subcommand)]
    Robot(RobotCommand),
    /// Give registry credentials to Docker and its kin: the protocol of docker-credential helpers
    #[command(after_help = SERVER_HELP)]
    DockerCredential {
        /// get, store, erase, list or version
        action: Option<String>,
    },
    /// Give registry credentials to the kubelet: one request on standard input, one response
    #[command(after_help = SERVER_HELP)]
    KubeletCredentialProvider,
    /// Registry credentials for other tools
    #[command(subcommand)]
    RegistryCredential(RegistryCredentialCommand),
    /// Look after the root key, on the server's own host
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Make, list and delete clients of the token endpoints of Cloud Foundry
    #[command(subcommand)]
    UaaClient(UaaClientCommand),
    /// List and rotate the keys that sign the tokens of Cloud Foundry
    #[command(subcommand)]
    UaaKey(UaaKeyCommand),
    /// Export the audit log and prove that nothing in it was changed
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Make, check and restore backups of the embedded store, on the server's own host
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Look the store over for damage, on the server's own host
    Fsck {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// The words of the command line. Installed as `docker-credential-NAME`, the program is that helper, whose only word
/// is an action.
pub(crate) fn words(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = given.into_iter().collect();
    let name = words.first().map(PathBuf::from);
    let name = name.as_deref().and_then(std::path::Path::file_name).map(OsStr::to_string_lossy);
    if name.is_some_and(|name| name.starts_with("docker-credential-")) {
        words.insert(1, "docker-credential".into());
    }
    words
}

/// Where the store is and what opens it.
#[derive(Args, Default)]
pub(crate) struct StoreArgs {
    /// Directory of the store, created with mode 0700 [env: STRONGROOM_DATA_DIR] [default: ./strongroom-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<OsString>,
    /// PostgreSQL database, `postgres://...`, without a password; absent, SQLite in the data directory
    /// [env: STRONGROOM_DATABASE_URL, which may hold the password]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<OsString>,
    /// Most connections to PostgreSQL at once [env: STRONGROOM_DATABASE_CONNECTIONS] [default: 16]
    #[arg(long, value_name = "N")]
    pub(crate) database_connections: Option<OsString>,
    /// Root key file [env: STRONGROOM_KEY_FILE] [default: root.key in $CREDENTIALS_DIRECTORY, else
    /// keys/root.key in the data directory, which the first start makes]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<OsString>,
    /// Base of all links, `https://host[:port]` [env: STRONGROOM_PUBLIC_URL] [default: none, and only
    /// loopback host names are answered]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<OsString>,
    /// File to which every audit entry is appended as well; while it cannot be written, nothing is changed and no
    /// secret leaves [env: STRONGROOM_AUDIT_FILE] [default: none]
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_file: Option<OsString>,
    /// Configuration file in TOML [env: STRONGROOM_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<OsString>,
}

/// Everything a server is told.
#[derive(Args, Default)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Address and port; port 0 takes a free one [env: STRONGROOM_LISTEN] [default: 127.0.0.1:8470]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<OsString>,
    /// Certificate chain in PEM, read again on SIGHUP [env: STRONGROOM_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<OsString>,
    /// Private key of the certificate in PEM, read again on SIGHUP [env: STRONGROOM_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<OsString>,
    /// Network of a proxy whose X-Forwarded-* headers count; repeatable
    /// [env: STRONGROOM_TRUSTED_PROXY, separated by commas]
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<OsString>,
    /// Listen without TLS on an address that others can reach [env: STRONGROOM_INSECURE_HTTP]
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) insecure_http: Option<OsString>,
    /// File with the bearer token that opens /metrics and the details of /readyz to others than
    /// loopback [env: STRONGROOM_METRICS_TOKEN_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_token_file: Option<OsString>,
    /// Whether Probely shows a hidden value without a new one being set, to whoever may check it out
    /// [env: STRONGROOM_PROBELY_REVEAL] [default: true]
    #[arg(long, value_name = "true|false")]
    pub(crate) probely_reveal: Option<OsString>,
    /// File to which checkpoints of the audit log are appended, best on another host's disk
    /// [env: STRONGROOM_AUDIT_ANCHOR_FILE] [default: none]
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_anchor_file: Option<OsString>,
    /// Address to which checkpoints of the audit log are posted [env: STRONGROOM_AUDIT_ANCHOR_URL]
    /// [default: none]
    #[arg(long, value_name = "URL")]
    pub(crate) audit_anchor_url: Option<OsString>,
    /// Most milliseconds that each statement of a list with filters may take [env: STRONGROOM_LIST_TIMEOUT_MS]
    /// [default: 3000]
    #[arg(long, value_name = "N")]
    pub(crate) list_timeout_ms: Option<OsString>,
    /// How registry tokens name their key: x5c or kid [env: STRONGROOM_REGISTRY_TOKEN_KEY] [default: x5c]
    #[arg(long, value_name = "FORM")]
    pub(crate) registry_token_key: Option<OsString>,
    /// Name of this process in its answers [env: STRONGROOM_NODE] [default: the host name]
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<OsString>,
    /// Least level that is logged: error, warn, info, debug or trace [env: STRONGROOM_LOG]
    /// [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<OsString>,
    /// Form of the log: text or json [env: STRONGROOM_LOG_FORMAT] [default: text for a terminal,
    /// else json]
    #[arg(long, value_name = "FORM")]
    pub(crate) log_format: Option<OsString>,
}

impl StoreArgs {
    /// What was typed, by setting.
    pub(crate) fn into_flags(self) -> Flags {
        Flags::default()
            .with("data_dir", self.data_dir)
            .with("database_url", self.database_url)
            .with("database_connections", self.database_connections)
            .with("key_file", self.key_file)
            .with("public_url", self.public_url)
            .with("audit_file", self.audit_file)
            .with("config", self.config)
    }
}

impl ServeArgs {
    /// What was typed, by setting.
    pub(crate) fn into_flags(self) -> Flags {
        self.store
            .into_flags()
            .with("listen", self.listen)
            .with("tls_cert", self.tls_cert)
            .with("tls_key", self.tls_key)
            .with("trusted_proxy", self.trusted_proxy)
            .with("insecure_http", self.insecure_http)
            .with("metrics_token_file", self.metrics_token_file)
            .with("probely_reveal", self.probely_reveal)
            .with("audit_anchor_file", self.audit_anchor_file)
            .with("audit_anchor_url", self.audit_anchor_url)
            .with("list_timeout_ms", self.list_timeout_ms)
            .with("registry_token_key", self.registry_token_key)
            .with("node", self.node)
            .with("log", self.log)
            .with("log_format", self.log_format)
    }
}

/// Whom to log in, and where.
#[derive(Args)]
pub(crate) struct LoginArgs {
    /// Base address of the server [env: STRONGROOM_URL]
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    /// User name
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// File with the password, `-` for standard input; absent, it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Send the password without TLS to a host that is not this one
    #[arg(long)]
    pub(crate) insecure_http: bool,
}

/// What can be done to users.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user
    Create {
        /// User name
        name: String,
        /// Make a system administrator
        #[arg(long)]
        admin: bool,
        /// File with the password, `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Set a user's password, for one who lost it
    SetPassword {
        /// User name
        name: String,
        /// File with the password, `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done to organizations.
#[derive(Subcommand)]
pub(crate) enum OrgCommand {
    /// Create an organization
    Create {
        /// Name of the organization
        name: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done to tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token and print it, and nothing else
    Create {
        /// User whom the token stands for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Name by which the token is listed
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Kind of token: native, probely or catalog
        #[arg(long, value_name = "KIND", default_value = "native")]
        kind: String,
        /// Organization to which the token is bound: name or id
        #[arg(long, value_name = "ORGANIZATION")]
        organization: Option<String>,
        /// Dialect that a native token also opens: awx, probely, `cloud_foundry` or `app_catalog`;
        /// repeatable
        #[arg(long = "dialect", value_name = "DIALECT")]
        dialects: Vec<String>,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done to credentials.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum CredentialCommand {
    /// List credentials, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print one credential, its secrets masked
    #[command(after_help = SERVER_HELP)]
    Get {
        /// Integer, UUID or short id
        id: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print where a credential is used and who used it last
    #[command(after_help = SERVER_HELP)]
    WhereUsed {
        /// Integer, UUID or short id
        id: String,
        /// Print the whole answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// List credentials that nobody used or referred to for some days, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    Unused {
        /// For how many days
        #[arg(long, value_name = "N", default_value_t = 90)]
        days: u32,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// List credentials that end within some days or have ended, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    Expiring {
        /// Within how many days
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Create a credential and print it
    #[command(after_help = SERVER_HELP)]
    Create(Box<CreateCredentialArgs>),
    /// Delete a credential
    #[command(after_help = SERVER_HELP)]
    Delete {
        /// Integer, UUID or short id
        id: String,
        /// Delete it even if it is in use
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// A new credential.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("owner").required(true))]
pub(crate) struct CreateCredentialArgs {
    /// Name of the credential
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Credential type: integer, UUID or short id
    #[arg(long = "type", value_name = "ID")]
    pub(crate) kind: String,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) description: String,
    /// Organization that owns it: integer, UUID or short id
    #[arg(long, value_name = "ID", group = "owner")]
    pub(crate) organization: Option<String>,
    /// Team that owns it: integer, UUID or short id
    #[arg(long, value_name = "ID", group = "owner")]
    pub(crate) team: Option<String>,
    /// User who owns it: integer, UUID or short id
    #[arg(long, value_name = "ID", group = "owner")]
    pub(crate) user: Option<String>,
    /// File with the inputs, a JSON object; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs_file: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What can be done with the root key.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Replace the root key while the store is in use; run again, it goes on where it was cut off
    Rotate {
        /// File with the new key, made if it is not there [default: the key file with `.next` at its end,
        /// which takes the key file's place when all is done]
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Show which root keys there are and how many values are under each
    Status {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Open every sealed value to see that it does
    Verify {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done with the audit log.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Write the whole log with its checkpoints, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    Export {
        /// File to write, which must not exist; absent, standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Check an export with the public key alone; no server or store is needed
    Verify {
        /// The export, `-` for standard input
        export: PathBuf,
        /// Public key of the log, as the first start printed it, or a file that holds it; repeatable after the key
        /// was replaced
        #[arg(long = "public-key", value_name = "KEY", required = true)]
        public_keys: Vec<String>,
        /// File with checkpoints that were kept elsewhere; without it, entries cut off the end show only if later
        /// checkpoints are left
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
    /// Print a signed checkpoint that covers every entry so far
    #[command(after_help = SERVER_HELP)]
    Checkpoint {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print the public key of the log, on the server's own host
    Key {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Let a new key sign the log, on the server's own host
    RotateKey {
        /// Days for which the key before signs as well
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        overlap_days: u16,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done with backups.
#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// Write a backup while the store is in use; the root key is not in it
    Create {
        /// File to write, which must not exist
        file: PathBuf,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Check that a backup is whole and, with the root key, that everything in it opens
    Verify {
        /// The backup
        file: PathBuf,
        /// Root key file; absent, only that the backup is whole is checked, and the key is named that it needs
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Restore a backup into a data directory without a store
    Restore {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// Which server a command uses.
const SERVER_HELP: &str = "With --data-dir it works on that store, on the server's own host. Otherwise on \
                           the server of STRONGROOM_URL with STRONGROOM_TOKEN, else on the one of \
                           `strongroom login`, else on the store of the settings.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_without_a_command_serve() {
        let cli = Cli::try_parse_from(["strongroom", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.listen, Some("127.0.0.1:0".into()));
    }

    #[test]
    fn a_link_to_the_program_is_the_helper() {
        let read = |words: &[&str]| words_of(words);
        assert_eq!(read(&["/usr/bin/docker-credential-strongroom", "get"]).len(), 3);
        assert_eq!(read(&["strongroom", "get"]).len(), 2);
        assert!(Cli::try_parse_from(read(&["docker-credential-strongroom", "list"])).is_ok());
        assert!(Cli::try_parse_from(read(&["docker-credential-strongroom"])).is_ok());
    }

    fn words_of(given: &[&str]) -> Vec<OsString> {
        words(given.iter().map(OsString::from))
    }

    #[test]
    fn a_credential_has_exactly_one_owner() {
        let base = ["strongroom", "credential", "create", "--name", "n", "--type", "1"];
        let with = |more: &[&'static str]| {
            let words = base.iter().chain(&["--inputs-file", "-"]).chain(more).copied();
            Cli::try_parse_from(words.collect::<Vec<_>>()).is_ok()
        };
        assert!(with(&["--user", "1"]));
        assert!(!with(&[]));
        assert!(!with(&["--user", "1", "--team", "2"]));
    }
}
