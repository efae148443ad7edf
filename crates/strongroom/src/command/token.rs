//! `strongroom token`.

use std::io::Write;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::on_host::OnHost;
use crate::cli::TokenCommand;
use crate::client::body;
use crate::config::{Environment, StoreConfig};

/// Creates a token and prints it, and nothing else.
pub(super) async fn run(
    command: TokenCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let TokenCommand::Create { user, name, kind, organization, dialects, store } = command;
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let new = NewToken {
        user: &user,
        name: &name,
        kind: &kind,
        organization: organization.as_deref(),
        dialects: &dialects,
    };
    let host = OnHost::reach(&config).await?;
    let outcome =
        host.client.call_with(Method::POST, "/strongroom/v1/host/tokens", body(&new)?).await;
    host.close().await;
    let issued: Issued = outcome?.json()?;
    writeln!(out, "{}", issued.token.expose_secret())?;
    Ok(())
}

#[derive(Serialize)]
struct NewToken<'a> {
    user: &'a str,
    name: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    dialects: &'a [String],
}

/// The member of the answer that is shown only once.
#[derive(Deserialize)]
pub(super) struct Issued {
    /// The token.
    pub(super) token: SecretString,
}
