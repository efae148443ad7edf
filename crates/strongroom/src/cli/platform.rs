//! The words of the commands about Cloud Foundry.

use clap::{Args, Subcommand};

use super::{SERVER_HELP, StoreArgs};

/// An image and where it is to run.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("place").required(true))]
pub(crate) struct ResolveArgs {
    /// Reference to the image, such as `registry.example.com/team/app:1`
    pub(crate) image: String,
    /// App that is to run it: UUID, integer or short id
    #[arg(long, value_name = "ID", group = "place")]
    pub(crate) app: Option<String>,
    /// Space, for any app in it
    #[arg(long, value_name = "ID", group = "place")]
    pub(crate) space: Option<String>,
    /// Organization, for any app in it
    #[arg(long, value_name = "ID", group = "place")]
    pub(crate) organization: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What can be done to clients of the token endpoints.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum UaaClientCommand {
    /// Make a client with its service account and print it with its secret, for the only time
    #[command(after_help = SERVER_HELP)]
    Create(Box<CreateUaaClientArgs>),
    /// List clients, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Print one client
    #[command(after_help = SERVER_HELP)]
    Get {
        /// What the client calls itself, or its id
        client: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Give a client another secret and print it, for the only time; its tokens end
    #[command(after_help = SERVER_HELP)]
    RenewSecret {
        /// What the client calls itself, or its id
        client: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Delete a client with its service account, roles and tokens
    #[command(after_help = SERVER_HELP)]
    Delete {
        /// What the client calls itself, or its id
        client: String,
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}

/// A new client of the token endpoints.
#[derive(Args)]
pub(crate) struct CreateUaaClientArgs {
    /// What the client calls itself
    pub(crate) client_id: String,
    /// Organization of its service account: name or id
    #[arg(long, value_name = "ORGANIZATION")]
    pub(crate) organization: String,
    /// What its tokens carry at the most; can be repeated [default: cloud_controller.read, cloud_controller.write]
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What can be done to the keys that sign tokens.
#[derive(Subcommand)]
#[command(after_help = SERVER_HELP)]
pub(crate) enum UaaKeyCommand {
    /// List the keys whose tokens may still be about, one JSON object per line
    #[command(after_help = SERVER_HELP)]
    List {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
    /// Sign with a new key from now on; tokens of the old one stay good until they end
    #[command(after_help = SERVER_HELP)]
    Rotate {
        #[command(flatten)]
        store: Box<StoreArgs>,
    },
}
