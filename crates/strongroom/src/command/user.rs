//! `strongroom user`.

use std::io::Write;
use std::path::Path;

use http::Method;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::on_host::OnHost;
use crate::cli::{StoreArgs, UserCommand};
use crate::client::{body, encoded};
use crate::config::{Environment, StoreConfig};
use crate::log::printable;
use crate::secret_input;

/// Creates a user or sets a password.
pub(super) async fn run(
    command: UserCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    match command {
        UserCommand::Create { name, admin, password_file, store } => {
            create(&name, admin, &password_file, *store, environment).await?;
            writeln!(out, "user {} was created", printable(&name))?;
        }
        UserCommand::SetPassword { name, password_file, store } => {
            set_password(&name, &password_file, *store, environment).await?;
            writeln!(out, "user {} has a new password", printable(&name))?;
        }
    }
    Ok(())
}

async fn create(
    name: &str,
    admin: bool,
    password_file: &Path,
    store: StoreArgs,
    environment: Environment,
) -> anyhow::Result<()> {
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let password = secret_input::password(password_file)?;
    let new = NewUser { username: name, password: password.expose_secret(), admin };
    send(&config, Method::POST, "/strongroom/v1/host/users", &new).await
}

async fn set_password(
    name: &str,
    password_file: &Path,
    store: StoreArgs,
    environment: Environment,
) -> anyhow::Result<()> {
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let password = secret_input::password(password_file)?;
    let path = format!("/strongroom/v1/host/users/{}/password", encoded(name));
    send(&config, Method::PUT, &path, &NewPassword { password: password.expose_secret() }).await
}

async fn send(
    config: &StoreConfig,
    method: Method,
    path: &str,
    content: &(impl Serialize + Sync),
) -> anyhow::Result<()> {
    let host = OnHost::reach(config).await?;
    let outcome = host.client.call_with(method, path, body(content)?).await;
    host.close().await;
    outcome.map(|_| ())
}

#[derive(Serialize)]
struct NewUser<'a> {
    username: &'a str,
    password: &'a str,
    admin: bool,
}

#[derive(Serialize)]
struct NewPassword<'a> {
    password: &'a str,
}
