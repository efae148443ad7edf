//! `strongroom registry`.

use std::io::Write;

use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::reached::Server;
use crate::cli::RegistryCommand;
use crate::client::body;
use crate::config::Environment;

/// Creates a hosted registry and prints it.
pub(super) async fn run(
    command: RegistryCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let RegistryCommand::Create(args) = command;
    let content = body(&NewRegistry {
        name: &args.name,
        organization: &args.organization,
        url: &args.url,
        service: args.service.as_deref(),
    })?;
    let server = Server::find(args.store, environment).await?;
    let outcome = server.client().call_with(Method::POST, REGISTRIES, content).await;
    server.close().await;
    let registry: Value = outcome?.json()?;
    writeln!(out, "{registry:#}")?;
    Ok(())
}

#[derive(Serialize)]
struct NewRegistry<'a> {
    name: &'a str,
    organization: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
}

const REGISTRIES: &str = "/strongroom/v1/registries";
