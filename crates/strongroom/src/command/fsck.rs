//! `strongroom fsck`.

use std::io::Write;

use anyhow::bail;
use http::Method;
use serde::Deserialize;

use super::keys::{self, VERIFY};
use super::on_host::OnHost;
use crate::cli::StoreArgs;
use crate::client::Client;
use crate::config::{Environment, StoreConfig};
use crate::log::printable;

/// Looks the store over.
pub(super) async fn run(
    store: StoreArgs,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let host = OnHost::reach_existing(&config).await?;
    let outcome = look_over(&host.client, out).await;
    host.close().await;
    outcome
}

/// Looks over the store that the client reaches: structure, audit log, rows, then every sealed value.
pub(super) async fn look_over(client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let report: Report = client.call(Method::POST, FSCK).await?.json()?;
    let mut found = 0;
    for line in &report.structure {
        found += 1;
        writeln!(out, "database: {}", printable(line))?;
    }
    if let Some(position) = report.audit {
        found += 1;
        writeln!(
            out,
            "audit log: the entry at position {position} is not the one that was linked there"
        )?;
    }
    for line in &report.rows {
        found += 1;
        writeln!(out, "rows: {}", printable(line))?;
    }
    let mut progress = keys::progress_of_all(client).await?;
    let mut broken = Vec::new();
    let opened = keys::all(client, VERIFY, &mut broken, |done| progress.add(done)).await?;
    progress.end();
    keys::tell(&broken, out)?;
    found += broken.len();
    if 0 < found {
        bail!("{found} things are wrong with the store; docs/backup.md says what to do");
    }
    writeln!(out, "sound: the database, the audit log, and all {opened} sealed values")?;
    Ok(())
}

#[derive(Deserialize)]
struct Report {
    structure: Vec<String>,
    audit: Option<i64>,
    rows: Vec<String>,
}

const FSCK: &str = "/strongroom/v1/host/fsck";
