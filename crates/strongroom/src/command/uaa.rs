//! `strongroom uaa-client` and `strongroom uaa-key`.

use std::io::Write;

use anyhow::bail;
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::credential::lines;
use super::reached::Server;
use crate::cli::{StoreArgs, UaaClientCommand, UaaKeyCommand};
use crate::client::{Client, body};
use crate::config::Environment;
use crate::log::printable;

/// Makes, lists, reads, renews or deletes clients of the token endpoints.
pub(super) async fn clients(
    command: UaaClientCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command)?;
    Server::with(store, environment, async |client| action.carry_out(client, out).await).await
}

/// Lists or rotates the keys that sign.
pub(super) async fn keys(
    command: UaaKeyCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, rotates) = match command {
        UaaKeyCommand::List { store } => (*store, false),
        UaaKeyCommand::Rotate { store } => (*store, true),
    };
    let work = async |client: &Client| match rotates {
        true => print_one(client, Method::POST, KEYS, out).await,
        false => lines(client, KEYS, "", out).await,
    };
    Server::with(store, environment, work).await
}

/// What is to be done to clients, with everything it needs already read.
enum Action {
    Create(zeroize::Zeroizing<Vec<u8>>),
    List,
    Get(String),
    RenewSecret(String),
    Delete(String),
}

impl Action {
    fn of(command: UaaClientCommand) -> anyhow::Result<(StoreArgs, Self)> {
        Ok(match command {
            UaaClientCommand::Create(args) => {
                let content = body(&NewClient {
                    client_id: &args.client_id,
                    organization: &args.organization,
                    scope: (!args.scopes.is_empty()).then_some(args.scopes.as_slice()),
                })?;
                (args.store, Self::Create(content))
            }
            UaaClientCommand::List { store } => (*store, Self::List),
            UaaClientCommand::Get { client, store } => (*store, Self::Get(path_of(&client)?)),
            UaaClientCommand::RenewSecret { client, store } => {
                (*store, Self::RenewSecret(format!("{}/secret", path_of(&client)?)))
            }
            UaaClientCommand::Delete { client, store } => (*store, Self::Delete(path_of(&client)?)),
        })
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::Create(content) => {
                let made: Value = client.call_with(Method::POST, CLIENTS, content).await?.json()?;
                writeln!(out, "{made:#}")?;
                Ok(())
            }
            Self::List => lines(client, CLIENTS, "", out).await,
            Self::Get(path) => print_one(client, Method::GET, &path, out).await,
            Self::RenewSecret(path) => print_one(client, Method::POST, &path, out).await,
            Self::Delete(path) => client.call(Method::DELETE, &path).await.map(|_| ()),
        }
    }
}

/// The path of a client, which no name can lead elsewhere.
fn path_of(client: &str) -> anyhow::Result<String> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !client.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !client.bytes().all(inner)
    {
        bail!("`{}` is no client", printable(client));
    }
    Ok(format!("{CLIENTS}/{client}"))
}

async fn print_one(
    client: &Client,
    method: Method,
    path: &str,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let document: Value = client.call(method, path).await?.json()?;
    writeln!(out, "{document:#}")?;
    Ok(())
}

#[derive(Serialize)]
struct NewClient<'a> {
    client_id: &'a str,
    organization: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a [String]>,
}

const CLIENTS: &str = "/strongroom/v1/uaa_clients";
const KEYS: &str = "/strongroom/v1/uaa_keys";
