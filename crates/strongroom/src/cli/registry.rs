//! The words of `strongroom registry`, `robot` and `registry-credential`.

use clap::{Args, Subcommand};

use super::{ResolveArgs, SERVER_HELP, StoreArgs};

/// What can be done to registries.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum RegistryCommand {
    /// Create a registry and print it: a hosted one, or with --credential a private one that refers to it
    #[command(after_help = SERVER_HELP)]
    Create(Box<CreateRegistryArgs>),
    /// Change a registry and print it; what is left out stays
    #[command(after_help = SERVER_HELP)]
    Update(Box<UpdateRegistryArgs>),
    /// List registries, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print one registry
    #[command(after_help = SERVER_HELP)]
    Show {
        #[command(flatten)]
        registry: Box<NamedRegistryArgs>,
    },
    /// Remove a registry
    #[command(after_help = SERVER_HELP)]
    Remove {
        #[command(flatten)]
        registry: Box<NamedRegistryArgs>,
        /// End its robots with it
        #[arg(long)]
        force: bool,
    },
    /// Print the part of the registry's own configuration by which it trusts this server
    #[command(after_help = SERVER_HELP)]
    Config {
        #[command(flatten)]
        registry: Box<NamedRegistryArgs>,
        /// Major version of Distribution: 2 (2.8 and its kin) or 3
        #[arg(long, value_name = "VERSION", default_value = "2", value_parser = ["2", "3"])]
        distribution: String,
        /// Where the registry finds the certificates
        #[arg(
            long,
            value_name = "FILE",
            default_value = "/etc/docker/registry/strongroom-token-ca.pem"
        )]
        bundle: String,
        /// Print only the certificates, for that file
        #[arg(long, conflicts_with = "environment")]
        certificates: bool,
        /// Print only the set of keys, for a registry of Distribution 3 that looks keys up by name
        #[arg(long, conflicts_with_all = ["environment", "certificates"])]
        jwks: bool,
        /// Print environment variables instead of YAML
        #[arg(long)]
        environment: bool,
    },
    /// The authorities that registries trust: list, add, use and remove them
    #[command(subcommand, after_help = SERVER_HELP)]
    Authority(AuthorityCommand),
    /// Renew the key that signs registry tokens; registries need not be touched
    #[command(after_help = SERVER_HELP)]
    RotateKey {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// What can be done to the authorities that registries trust.
#[derive(Subcommand)]
pub(crate) enum AuthorityCommand {
    /// List the authorities, one JSON object per line; the certificates of all are in the registries' bundle
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Make another authority and print it; nothing is signed under it yet
    #[command(after_help = SERVER_HELP)]
    Add {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Sign tokens under this authority from now on, once every registry has the new bundle
    #[command(after_help = SERVER_HELP)]
    Use {
        /// Id of the authority
        authority: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Take an authority that does not sign out of the bundle, and destroy its key
    #[command(after_help = SERVER_HELP)]
    Remove {
        /// Id of the authority
        authority: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// A registry that exists.
#[derive(Args)]
pub(crate) struct NamedRegistryArgs {
    /// Name or id of the registry
    #[arg(value_name = "REGISTRY")]
    pub(crate) registry: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What can be done to robots.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum RobotCommand {
    /// Mint a robot and print it, its password for the only time
    #[command(after_help = SERVER_HELP)]
    Create(Box<CreateRobotArgs>),
    /// List the robots of a registry, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        registry: Box<NamedRegistryArgs>,
    },
    /// Mint a successor and print it; the old robot ends when the overlap is over
    #[command(after_help = SERVER_HELP)]
    Rotate {
        #[command(flatten)]
        robot: Box<NamedRobotArgs>,
        /// How long the old robot lives on, such as 30m, 24h or 7d; absent, a day or less
        #[arg(long, value_name = "DURATION")]
        overlap: Option<String>,
        /// When the successor ends, in RFC 3339; absent, as long ahead as the old one did
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Remove a robot
    #[command(after_help = SERVER_HELP)]
    Remove {
        #[command(flatten)]
        robot: Box<NamedRobotArgs>,
        /// Remove it even if it is in use
        #[arg(long)]
        force: bool,
    },
    /// List robots that end soon and have no successor, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    Ending {
        /// How many days ahead
        #[arg(long, value_name = "DAYS", default_value_t = 14)]
        days: u16,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// A robot that exists.
#[derive(Args)]
pub(crate) struct NamedRobotArgs {
    /// Name or id of the registry
    #[arg(value_name = "REGISTRY")]
    pub(crate) registry: String,
    /// User name or id of the robot
    #[arg(value_name = "ROBOT")]
    pub(crate) robot: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// A new robot.
#[derive(Args)]
pub(crate) struct CreateRobotArgs {
    /// Name or id of the registry
    #[arg(value_name = "REGISTRY")]
    pub(crate) registry: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: String,
    /// Repositories and what may be done there, such as `team/*:pull,push`; repeatable; absent, `*:pull`
    #[arg(long, value_name = "PATTERN:ACTIONS")]
    pub(crate) access: Vec<String>,
    /// When it ends, in RFC 3339; absent, in a year
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What can be done with registry credentials.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum RegistryCredentialCommand {
    /// Print a `.dockerconfigjson` of the registry credentials that you may check out
    #[command(name = "dockerconfigjson", after_help = SERVER_HELP)]
    DockerConfigJson {
        /// Host of a registry; repeatable; absent, all
        #[arg(long, value_name = "HOST")]
        host: Vec<String>,
        /// Print a Kubernetes pull secret of that name instead
        #[arg(long, value_name = "NAME")]
        secret: Option<String>,
        /// Namespace of the pull secret
        #[arg(long, value_name = "NAMESPACE", requires = "secret")]
        namespace: Option<String>,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print which registry credential wins for an image and why each other does not, never a secret
    #[command(after_help = SERVER_HELP)]
    Resolve(Box<ResolveArgs>),
}

/// What of a registry changes.
#[derive(Args)]
pub(crate) struct UpdateRegistryArgs {
    /// Name or id of the registry
    #[arg(value_name = "REGISTRY")]
    pub(crate) registry: String,
    /// New name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// New address of a hosted registry; the name of its token service stays
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// New name of a hosted registry's token service; the registry's own configuration must follow
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// How many robots of a hosted registry may be live at once
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<i64>,
    /// New description of a private registry
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Id of the credential that a private registry refers to
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// A new registry.
#[derive(Args)]
pub(crate) struct CreateRegistryArgs {
    /// Name of the registry
    pub(crate) name: String,
    /// Organization that it belongs to: name or id
    #[arg(long, value_name = "ORGANIZATION")]
    pub(crate) organization: String,
    /// Address of the registry, `https://host[:port]`
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Name of the registry's token service; absent, host and port of the address
    #[arg(long, value_name = "SERVICE", conflicts_with = "credential")]
    pub(crate) service: Option<String>,
    /// How many robots may be live at once; absent, 10
    #[arg(long, value_name = "NUMBER", conflicts_with = "credential")]
    pub(crate) limit: Option<i64>,
    /// Id of the Container Registry credential that opens somebody else's registry
    #[arg(long, value_name = "CREDENTIAL", requires = "provider")]
    pub(crate) credential: Option<String>,
    /// Product of somebody else's registry, as the Application Catalog spells it
    #[arg(long, value_name = "PROVIDER", requires = "credential")]
    pub(crate) provider: Option<String>,
    /// What somebody else's registry is for
    #[arg(long, value_name = "TEXT", requires = "credential")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
