//! `strongroom org`.

use std::io::Write;

use http::Method;
use serde_json::json;

use super::on_host::OnHost;
use crate::cli::OrgCommand;
use crate::client::body;
use crate::config::{Environment, StoreConfig};
use crate::log::printable;

/// Creates an organization.
pub(super) async fn run(
    command: OrgCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let OrgCommand::Create { name, store } = command;
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let host = OnHost::reach(&config).await?;
    let content = body(&json!({ "name": name }))?;
    let outcome =
        host.client.call_with(Method::POST, "/strongroom/v1/host/organizations", content).await;
    host.close().await;
    outcome?;
    writeln!(out, "organization {} was created", printable(&name))?;
    Ok(())
}
