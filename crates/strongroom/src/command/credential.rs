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
    Server::with(store, environment, async |client| action.carry_out(client, out).await).await
}

/// What is to be done, with everything it needs already read.
enum Action {
    List,
    Report { name: &'static str, days: u32 },
    Get { id: String },
    WhereUsed { id: String, json: bool },
    Create { content: zeroize::Zeroizing<Vec<u8>> },
    Delete { id: String, force: bool },
}

impl Action {
    fn of(command: CredentialCommand) -> anyhow::Result<(StoreArgs, Self)> {
        Ok(match command {
            CredentialCommand::List { store } => (*store, Self::List),
            CredentialCommand::Get { id, store } => (*store, Self::Get { id }),
            CredentialCommand::Unused { days, store } => {
                (*store, Self::Report { name: "unused", days })
            }
            CredentialCommand::Expiring { days, store } => {
                (*store, Self::Report { name: "expiring", days })
            }
            CredentialCommand::WhereUsed { id, json, store } => {
                (*store, Self::WhereUsed { id, json })
            }
            CredentialCommand::Create(args) => {
                let content = new_credential(&args)?;
                (args.store, Self::Create { content })
            }
            CredentialCommand::Delete { id, force, store } => (*store, Self::Delete { id, force }),
        })
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::List => lines(client, CREDENTIALS, "", out).await,
            Self::Report { name, days } => {
                lines(client, &format!("{REPORTS}/{name}"), &format!("&days={days}"), out).await
            }
            Self::Get { id } => {
                let path = format!("{CREDENTIALS}/{}", segment(&id)?);
                let credential: Value = client.call(Method::GET, &path).await?.json()?;
                print(&credential, out)
            }
            Self::WhereUsed { id, json } => {
                let path = format!("{CREDENTIALS}/{}/references", segment(&id)?);
                let used: Value = client.call(Method::GET, &path).await?.json()?;
                if json {
                    print(&used, out)
                } else {
                    print_uses(serde_json::from_value(used)?, out)
                }
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

/// Prints a list part by part; `more` goes with every request.
pub(super) async fn lines(
    client: &Client,
    of: &str,
    more: &str,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut path = format!("{of}?limit={PAGE}{more}");
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
        path = format!("{of}?limit={PAGE}{more}&after={}", encoded(&next));
    }
}

fn print(value: &Value, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    writeln!(out, "{value:#}")?;
    Ok(())
}

/// One line for each use, then what is not told one by one.
fn print_uses(used: WhereUsed, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    if used.items.is_empty() && used.hidden == 0 {
        writeln!(out, "Nothing uses it.")?;
    }
    for one in used.items {
        let key =
            if one.key.is_empty() { String::new() } else { format!(" at {}", printable(&one.key)) };
        let (consumer, kind) = (printable(&one.consumer), printable(&one.kind));
        writeln!(out, "{consumer} {kind} \"{}\"{key}", printable(&one.name))?;
    }
    if 0 < used.hidden {
        writeln!(out, "and {} that you may not see", used.hidden)?;
    }
    match used.last_used {
        Some(last) => {
            let LastUse { at, name, dialect } = last;
            writeln!(out, "Last used {at} by {} ({dialect})", printable(&name))?;
        }
        None => writeln!(out, "No use of its values is known.")?,
    }
    Ok(())
}

/// A text that others wrote, without what a terminal would act on.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
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
struct WhereUsed {
    items: Vec<UseLine>,
    hidden: u64,
    last_used: Option<LastUse>,
}

#[derive(Deserialize)]
struct UseLine {
    consumer: String,
    kind: String,
    name: String,
    key: String,
}

#[derive(Deserialize)]
struct LastUse {
    at: String,
    name: String,
    dialect: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Value,
}

const REPORTS: &str = "/strongroom/v1/reports";
const CREDENTIALS: &str = "/strongroom/v1/credentials";
const PAGE: u32 = 200;
