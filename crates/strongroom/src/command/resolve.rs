//! `strongroom registry-credential resolve`.

use std::io::Write;

use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::reached::Server;
use crate::cli::ResolveArgs;
use crate::client::{Client, body};
use crate::config::Environment;

/// Prints which registry credential wins for an image.
pub(super) async fn run(
    args: ResolveArgs,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let content = body(&Question {
        image: &args.image,
        app: args.app.as_deref(),
        space: args.space.as_deref(),
        organization: args.organization.as_deref(),
    })?;
    let ask = async |client: &Client| client.call_with(Method::POST, RESOLVE, content).await;
    let resolution: Value = Server::with(args.store, environment, ask).await?.json()?;
    writeln!(out, "{resolution:#}")?;
    Ok(())
}

#[derive(Serialize)]
struct Question<'a> {
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
}

const RESOLVE: &str = "/strongroom/v1/registry_credentials/resolve";
