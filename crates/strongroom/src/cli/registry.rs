//! The words of `strongroom registry`, `robot` and `registry-credential`.

use clap::{Args, Subcommand};

use super::{ResolveArgs, SERVER_HELP, StoreArgs};

/// What can be done to registries.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum RegistryCommand {
    /// Create a hosted registry and print it
    #[command(after_help = SERVER_HELP)]
    Create(Box<CreateRegistryArgs>),
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
        /// Print environment variables instead of YAML
        #[arg(long)]
        environment: bool,
    },
    /// Renew the key that signs registry tokens; registries need not be touched
    #[command(after_help = SERVER_HELP)]
    RotateKey {
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

/// A new hosted registry.
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
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
