//! The commands, one file each.

mod audit;
mod backup;
mod credential;
mod docker_credential;
mod fsck;
mod keys;
mod kubelet;
mod login;
mod on_host;
mod org;
mod reached;
mod registry;
mod registry_access;
mod registry_credential;
mod resolve;
mod robot;
mod serve;
mod token;
mod uaa;
mod user;

use std::io::Write;

use crate::cli::{Cli, Command};
use crate::config::Environment;

/// Runs what was typed. What a command prints goes to the writer.
pub(crate) async fn run(
    cli: Cli,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    match cli.command {
        None => Box::pin(serve::run(cli.serve, environment, out)).await,
        Some(Command::Serve(args)) => Box::pin(serve::run(*args, environment, out)).await,
        Some(Command::Login(args)) => login::run(args, &environment, out).await,
        Some(Command::User(command)) => user::run(command, environment, out).await,
        Some(Command::Org(command)) => org::run(command, environment, out).await,
        Some(Command::Token(command)) => token::run(command, environment, out).await,
        Some(Command::Credential(command)) => credential::run(command, environment, out).await,
        Some(Command::Registry(command)) => registry::run(command, environment, out).await,
        Some(Command::Robot(command)) => robot::run(command, environment, out).await,
        Some(Command::DockerCredential { action }) => {
            docker_credential::run(action.as_deref(), environment, out).await
        }
        Some(Command::KubeletCredentialProvider) => kubelet::run(environment, out).await,
        Some(Command::RegistryCredential(command)) => {
            registry_credential::run(command, environment, out).await
        }
        Some(Command::Audit(command)) => audit::run(command, environment, out).await,
        Some(Command::Backup(command)) => backup::run(command, environment, out).await,
        Some(Command::Fsck { store }) => fsck::run(*store, environment, out).await,
        Some(Command::Keys(command)) => keys::run(command, environment, out).await,
        Some(Command::UaaClient(command)) => uaa::clients(command, environment, out).await,
        Some(Command::UaaKey(command)) => uaa::keys(command, environment, out).await,
    }
}
