//! `strongroom keys`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use http::Method;
use serde::{Deserialize, Serialize};

use super::on_host::OnHost;
use crate::cli::{KeysCommand, StoreArgs};
use crate::client::{Client, body};
use crate::config::{Environment, StoreConfig};
use crate::log::printable;
use crate::progress::Progress;

/// Replaces the root key, shows what is under which, or checks that everything opens.
pub(super) async fn run(
    command: KeysCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command)?;
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let host = OnHost::reach_existing(&config).await?;
    let outcome = match action {
        Action::Rotate(new_key) => rotate(&host.client, &config, new_key, out).await,
        Action::Status => status(&host.client, out).await,
        Action::Verify => verify(&host.client, out).await,
    };
    host.close().await;
    outcome
}

enum Action {
    Rotate(Option<PathBuf>),
    Status,
    Verify,
}

impl Action {
    fn of(command: KeysCommand) -> anyhow::Result<(StoreArgs, Self)> {
        Ok(match command {
            KeysCommand::Rotate { new_key_file, store } => {
                // The server may work in another directory.
                let path = new_key_file.map(std::path::absolute).transpose()?;
                (*store, Self::Rotate(path))
            }
            KeysCommand::Status { store } => (*store, Self::Status),
            KeysCommand::Verify { store } => (*store, Self::Verify),
        })
    }
}

async fn rotate(
    client: &Client,
    config: &StoreConfig,
    new_key: Option<PathBuf>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let new_key_file = new_key.as_ref().map(|path| path.to_str().context("the path is not UTF-8"));
    let content = body(&NewKey { new_key_file: new_key_file.transpose()? })?;
    let start: Start = client.call_with(Method::POST, ROTATION, content).await?.json()?;
    let verb = if start.resumed { "going on with" } else { "rotating to" };
    writeln!(out, "{verb} root key {} ({} values)", start.active, start.waiting)?;
    let mut progress = Progress::new(start.waiting, "values");
    let mut broken = Vec::new();
    let end = loop {
        broken.clear();
        let counted = all(client, REWRAP, &mut broken, |done| progress.add(done)).await;
        let done = counted?;
        let end: End = client.call(Method::POST, ROTATION_END).await?.json()?;
        // Another change may have sealed something under the old key while the last batch was on its way.
        if end.waiting == 0 || done == 0 {
            break end;
        }
    };
    progress.end();
    if 0 < end.waiting {
        tell(&broken, out)?;
        bail!(
            "{} values do not open and stay under the old key, which must be kept: restore them from a backup, \
             or set them anew",
            end.waiting
        );
    }
    writeln!(out, "nothing is left under an older root key")?;
    match (end.installed, start.file) {
        (Some(path), _) => {
            let path = printable(&path);
            writeln!(
                out,
                "the new key is in {path}; the one before is kept beside it for older backups"
            )?;
        }
        (None, Some(path)) if path != config.key.path.display().to_string() => {
            let (new, key) = (printable(&path), printable(&config.key.path.display().to_string()));
            writeln!(out, "now put {new} in the place of {key}, before the server starts again")?;
        }
        _ => {}
    }
    Ok(())
}

async fn status(client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let status: Status = client.call(Method::GET, KEYS).await?.json()?;
    for key in &status.keys {
        let word = match (key.id == status.active, key.loaded) {
            (true, _) => "active",
            (false, true) => "older",
            (false, false) => "missing",
        };
        let file = printable(key.file.as_deref().unwrap_or("-"));
        writeln!(out, "{}  {word:7}  {:>10} values  {file}", key.id, key.values)?;
    }
    if 0 < status.nameless {
        writeln!(out, "{} values name no key: run `strongroom fsck`", status.nameless)?;
    }
    out.flush()?;
    Ok(())
}

async fn verify(client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut progress = progress_of_all(client).await?;
    let mut broken = Vec::new();
    let opened = all(client, VERIFY, &mut broken, |done| progress.add(done)).await?;
    progress.end();
    tell(&broken, out)?;
    if !broken.is_empty() {
        bail!("{} of {} values do not open", broken.len(), opened + broken.len() as u64);
    }
    writeln!(out, "all {opened} values open")?;
    Ok(())
}

/// The progress of a walk through all sealed values.
pub(super) async fn progress_of_all(client: &Client) -> anyhow::Result<Progress> {
    let status: Status = client.call(Method::GET, KEYS).await?.json()?;
    let total = status.keys.iter().map(|key| key.values).sum::<u64>() + status.nameless;
    Ok(Progress::new(total, "values"))
}

/// Asks for batch after batch; how many values were done.
pub(super) async fn all(
    client: &Client,
    path: &str,
    broken: &mut Vec<Broken>,
    mut step: impl FnMut(u64),
) -> anyhow::Result<u64> {
    let mut done = 0;
    let mut after: Option<String> = None;
    loop {
        let content = body(&Cursor { after: after.as_deref() })?;
        let batch: Batch = client.call_with(Method::POST, path, content).await?.json()?;
        step(batch.done);
        done += batch.done;
        broken.extend(batch.broken);
        match batch.next {
            None => return Ok(done),
            next => after = next,
        }
    }
}

/// Names what does not open, a line each.
pub(super) fn tell(broken: &[Broken], out: &mut (dyn Write + Send)) -> io::Result<()> {
    for value in broken {
        let Broken { table, column, id, guid, field, version, reason } = value;
        let place = format!("{table}.{column} of {id} ({guid}), field {field}, version {version}");
        writeln!(out, "broken: {}: {reason}", printable(&place))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct NewKey<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    new_key_file: Option<&'a str>,
}

#[derive(Serialize)]
struct Cursor<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

#[derive(Deserialize)]
struct Start {
    active: String,
    file: Option<String>,
    resumed: bool,
    waiting: u64,
}

#[derive(Deserialize)]
struct End {
    waiting: u64,
    installed: Option<String>,
}

#[derive(Deserialize)]
struct Batch {
    done: u64,
    broken: Vec<Broken>,
    next: Option<String>,
}

/// A value that does not open.
#[derive(Deserialize)]
pub(super) struct Broken {
    table: String,
    column: String,
    id: i64,
    guid: String,
    field: String,
    version: i64,
    reason: String,
}

#[derive(Deserialize)]
struct Status {
    active: String,
    keys: Vec<Key>,
    nameless: u64,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    file: Option<String>,
    loaded: bool,
    values: u64,
}

const KEYS: &str = "/strongroom/v1/host/keys";
const ROTATION: &str = "/strongroom/v1/host/keys/rotation";
const REWRAP: &str = "/strongroom/v1/host/keys/rotation/batches";
const ROTATION_END: &str = "/strongroom/v1/host/keys/rotation/end";
/// Opens sealed values, a batch at a time.
pub(super) const VERIFY: &str = "/strongroom/v1/host/keys/verification/batches";
