//! `strongroom docker-credential`: the protocol by which Docker, Podman and skopeo ask a helper for logins.
//!
//! The action is an argument, the rest comes on standard input, answers go to standard output, and so do errors: the
//! tools read the text. Some texts are fixed, because the tools compare them.

use std::io::{self, Read, Write};

use anyhow::{Context, bail};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_core::registry::host_of;
use zeroize::Zeroizing;

use super::reached::Server;
use super::registry_access::{Access, check_out, find, of_host};
use crate::cli::StoreArgs;
use crate::client::{Client, body};
use crate::config::Environment;

/// Answers one action.
pub(super) async fn run(
    action: Option<&str>,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let outcome = answer(action, environment).await;
    match &outcome {
        Ok(Some(text)) => writeln!(out, "{}", text.as_str())?,
        Ok(None) => {}
        // The tools read what is wrong from standard output.
        Err(error) => writeln!(out, "{}", crate::log::printable(&format!("{error:#}")))?,
    }
    outcome.map(|_| ())
}

async fn answer(
    action: Option<&str>,
    environment: Environment,
) -> anyhow::Result<Option<Zeroizing<String>>> {
    let Some(action) = action else { bail!("Usage: {USAGE}") };
    if action == "version" {
        return Ok(Some(Zeroizing::new(format!("strongroom {}", env!("CARGO_PKG_VERSION")))));
    }
    if !["get", "store", "erase", "list"].contains(&action) {
        bail!("Unknown credential action `{action}`");
    }
    let may_write = environment.get(WRITING).is_some_and(|value| value == "1");
    let given = standard_input()?;
    let request = Request::read(action, &given)?;
    let work = async |client: &Client| request.carry_out(client, may_write).await;
    Server::with(StoreArgs::default(), environment, work).await
}

/// What is asked, already read.
enum Request {
    Get { server: String },
    Store(Stored),
    Erase { server: String },
    List,
}

/// A login as the protocol spells it.
#[derive(Deserialize, Serialize)]
struct Stored {
    #[serde(rename = "ServerURL", default)]
    server: String,
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default, serialize_with = "exposed")]
    secret: SecretString,
}

fn exposed<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl Request {
    fn read(action: &str, given: &str) -> anyhow::Result<Self> {
        let server = || -> anyhow::Result<String> {
            let server = given.trim();
            if server.is_empty() {
                bail!(NO_SERVER);
            }
            Ok(server.to_owned())
        };
        Ok(match action {
            "get" => Self::Get { server: server()? },
            "erase" => Self::Erase { server: server()? },
            "store" => {
                let stored: Stored =
                    serde_json::from_str(given).ok().context("a JSON object is expected")?;
                if stored.server.is_empty() {
                    bail!(NO_SERVER);
                }
                if stored.username.is_empty() {
                    bail!(NO_USERNAME);
                }
                if stored.username == "<token>" {
                    bail!("identity tokens are not kept: log in with a user name and password");
                }
                Self::Store(stored)
            }
            _ => Self::List,
        })
    }

    async fn carry_out(
        self,
        client: &Client,
        may_write: bool,
    ) -> anyhow::Result<Option<Zeroizing<String>>> {
        match self {
            Self::Get { server } => get(client, server).await.map(Some),
            Self::List => list(client).await.map(Some),
            Self::Store(stored) => {
                if !may_write {
                    bail!(
                        "Strongroom keeps this login already or does not let you write: {READ_ONLY}"
                    );
                }
                store(client, &stored).await.map(|()| None)
            }
            Self::Erase { server } => {
                let Some(id) = find_own(client, &server).await? else { return Ok(None) };
                if !may_write {
                    bail!("the login stays: {READ_ONLY}");
                }
                client.call(Method::DELETE, &format!("{CREDENTIALS}/{id}")).await?;
                Ok(None)
            }
        }
    }
}

async fn get(client: &Client, server: String) -> anyhow::Result<Zeroizing<String>> {
    let host = host_of(&server);
    let found = find(client, Some(&host)).await?;
    let Some(access) = of_host(&found, &host) else { bail!(NOT_FOUND) };
    let login = check_out(client, access, "docker-credential get").await?;
    let answer = Stored { server, username: login.username, secret: login.password };
    Ok(Zeroizing::new(serde_json::to_string(&answer)?))
}

/// Every host and its user name. No password is looked at.
async fn list(client: &Client) -> anyhow::Result<Zeroizing<String>> {
    let found = find(client, None).await?;
    let mut all = Map::new();
    for access in &found {
        let host = host_of(&access.location);
        let of_this: Vec<Access> =
            found.iter().filter(|one| host_of(&one.location) == host).cloned().collect();
        if let Some(one) = of_host(&of_this, &host) {
            all.insert(host, one.username.clone().into());
        }
    }
    Ok(Zeroizing::new(Value::from(all).to_string()))
}

/// Keeps a login as a private credential of the caller, who may then check it out because he typed it.
async fn store(client: &Client, stored: &Stored) -> anyhow::Result<()> {
    let host = host_of(&stored.server);
    let inputs = Inputs { host: &host, username: &stored.username, password: &stored.secret };
    if let Some(id) = find_own(client, &host).await? {
        let content = body(&Changed { inputs })?;
        client.call_with(Method::PATCH, &format!("{CREDENTIALS}/{id}"), content).await?;
        return Ok(());
    }
    let new = New {
        name: format!("docker login {host}"),
        kind: REGISTRY_TYPE,
        user: own_id(client).await?,
        inputs,
    };
    let made: Value = client.call_with(Method::POST, CREDENTIALS, body(&new)?).await?.json()?;
    if find_own(client, &host).await?.is_none() {
        // Kept all the same, it would only be in the way.
        client.call(Method::DELETE, &format!("{CREDENTIALS}/{}", made["id"])).await?;
        bail!("a system administrator may not check out what he stores: use another user's token");
    }
    Ok(())
}

/// The login for a host that this helper keeps for the caller.
async fn find_own(client: &Client, server: &str) -> anyhow::Result<Option<i64>> {
    let host = host_of(server);
    for access in find(client, Some(&host)).await? {
        let path = format!("{CREDENTIALS}/{}", access.id);
        let credential: Value = client.call(Method::GET, &path).await?.json()?;
        let is_private = credential["organization"].is_null();
        if is_private && credential["name"] == format!("docker login {host}") {
            return Ok(Some(access.id));
        }
    }
    Ok(None)
}

/// Who the token is for.
async fn own_id(client: &Client) -> anyhow::Result<i64> {
    let list: Value = client.call(Method::GET, "/strongroom/v1/tokens?limit=1").await?.json()?;
    list["items"][0]["user"]["id"].as_i64().context("the token does not say whose it is")
}

fn standard_input() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    io::stdin().lock().take(LARGEST).read_to_string(&mut text).context("standard input")?;
    Ok(text)
}

#[derive(Serialize)]
struct Inputs<'a> {
    host: &'a str,
    username: &'a str,
    #[serde(serialize_with = "exposed")]
    password: &'a SecretString,
}

#[derive(Serialize)]
struct Changed<'a> {
    inputs: Inputs<'a>,
}

#[derive(Serialize)]
struct New<'a> {
    name: String,
    #[serde(rename = "type")]
    kind: i64,
    user: i64,
    inputs: Inputs<'a>,
}

const CREDENTIALS: &str = "/strongroom/v1/credentials";
const USAGE: &str = "docker-credential-strongroom <store|get|erase|list|version>";
/// The texts that the tools compare.
const NOT_FOUND: &str = "credentials not found in native keychain";
const NO_SERVER: &str = "no credentials server URL";
const NO_USERNAME: &str = "no credentials username";
const READ_ONLY: &str = "set STRONGROOM_DOCKER_CREDENTIAL_STORE=1 to let docker-credential write";
/// Lets `store` and `erase` write.
const WRITING: &str = "STRONGROOM_DOCKER_CREDENTIAL_STORE";
/// The id of the type *Container Registry*, the same in every store.
const REGISTRY_TYPE: i64 = 18;
const LARGEST: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(action: &str, given: &str) -> String {
        Request::read(action, given).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_texts_that_tools_compare_are_fixed() {
        assert_eq!(fault("get", " \n"), "no credentials server URL");
        assert_eq!(fault("erase", ""), "no credentials server URL");
        assert_eq!(
            fault("store", r#"{"Username": "a", "Secret": "b"}"#),
            "no credentials server URL"
        );
        let stored = r#"{"ServerURL": "r.example", "Secret": "b"}"#;
        assert_eq!(fault("store", stored), "no credentials username");
        assert_eq!(fault("store", "{}"), "no credentials server URL");
        assert_eq!(fault("store", "hunter2"), "a JSON object is expected");
        assert_eq!(fault("get", "r.example\n"), "");
        assert_eq!(fault("list", "unused"), "");
    }

    #[test]
    fn an_answer_has_the_names_of_the_protocol() {
        let stored = Stored {
            server: "r.example".to_owned(),
            username: "robot$x".to_owned(),
            secret: SecretString::from("hunter2"),
        };
        let shown: Value = serde_json::to_value(&stored).unwrap();
        assert_eq!(
            shown,
            json!({"ServerURL": "r.example", "Username": "robot$x", "Secret": "hunter2"})
        );
    }
}
