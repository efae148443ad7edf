//! `strongroom credential`.

use std::io::Write;

use anyhow::bail;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::reached::Server;
use crate::cli::{CreateCredentialArgs, CredentialCommand, StoreArgs};
use crate::client::{Client, body, encoded, segment};
use crate::config::Environment;
use crate::secret_input;

/// Lists, reads, creates or deletes credentials.
pub(super) async fn run(
    command: CredentialCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command)?;
    let server = Server::find(store, environment).await?;
    let outcome = action.carry_out(server.client(), out).await;
    server.close().await;
    outcome
}

/// What is to be done, with everything it needs already read.
enum Action {
    List,
    Get { id: String },
    Create { content: zeroize::Zeroizing<Vec<u8>> },
    Delete { id: String, force: bool },
}

impl Action {
    fn of(command: CredentialCommand) -> anyhow::Result<(StoreArgs, Self)> {
        Ok(match command {
            CredentialCommand::List { store } => (*store, Self::List),
            CredentialCommand::Get { id, store } => (*store, Self::Get { id }),
            CredentialCommand::Create(args) => {
                let content = new_credential(&args)?;
                (args.store, Self::Create { content })
            }
            CredentialCommand::Delete { id, force, store } => (*store, Self::Delete { id, force }),
        })
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::List => list(client, out).await,
            Self::Get { id } => {
                let path = format!("{CREDENTIALS}/{}", segment(&id)?);
                let credential: Value = client.call(Method::GET, &path).await?.json()?;
                print(&credential, out)
            }
            Self::Create { content } => {
                let reply = client.call_with(Method::POST, CREDENTIALS, content).await?;
                print(&reply.json()?, out)
            }
            Self::Delete { id, force } => {
                let force = if force { "?force=true" } else { "" };
                let path = format!("{CREDENTIALS}/{}{force}", segment(&id)?);
                client.call(Method::DELETE, &path).await?;
                Ok(())
            }
        }
    }
}

async fn list(client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut path = format!("{CREDENTIALS}?limit={PAGE}");
    loop {
        let page: Page = client.call(Method::GET, &path).await?.json()?;
        for item in page.items {
            writeln!(out, "{item}")?;
        }
        let next = match page.next {
            Value::Null => return Ok(()),
            Value::String(cursor) => cursor,
            cursor => cursor.to_string(),
        };
        path = format!("{CREDENTIALS}?limit={PAGE}&after={}", encoded(&next));
    }
}

fn print(value: &Value, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    writeln!(out, "{value:#}")?;
    Ok(())
}

/// The body of a new credential. The inputs go into it as they are: nothing here looks at a secret.
fn new_credential(args: &CreateCredentialArgs) -> anyhow::Result<zeroize::Zeroizing<Vec<u8>>> {
    let inputs = secret_input::content(&args.inputs_file)?;
    let unreadable = "the inputs must be a JSON object";
    let inputs: &RawValue =
        serde_json::from_str(inputs.trim()).map_err(|_| anyhow::anyhow!(unreadable))?;
    if !inputs.get().starts_with('{') {
        bail!(unreadable);
    }
    body(&NewCredential {
        name: &args.name,
        description: &args.description,
        kind: &args.kind,
        inputs,
        organization: args.organization.as_deref(),
        team: args.team.as_deref(),
        user: args.user.as_deref(),
    })
}

#[derive(Serialize)]
struct NewCredential<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    inputs: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Value,
}

const CREDENTIALS: &str = "/strongroom/v1/credentials";
const PAGE: u32 = 200;
