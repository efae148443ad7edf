//! `strongroom audit`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strongroom_core::audit::note::{NoteVerifier, notes_in};
use strongroom_core::audit::proof::Verifier;

use super::on_host::OnHost;
use super::reached::Server;
use crate::cli::{AuditCommand, StoreArgs};
use crate::client::{Client, body, encoded};
use crate::config::{Environment, StoreConfig};

/// Exports or proves the log, or looks after the key that signs it.
pub(super) async fn run(
    command: AuditCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    match command {
        AuditCommand::Export { out: path, store } => {
            Server::with(*store, environment, async |client| export_to(client, path, out).await)
                .await
        }
        AuditCommand::Checkpoint { store } => {
            let ask = async |client: &Client| client.call(Method::GET, CHECKPOINT).await;
            let newest: Newest = Server::with(*store, environment, ask).await?.json()?;
            write!(out, "{}", newest.checkpoint)?;
            Ok(())
        }
        AuditCommand::Verify { export, public_keys, anchors } => {
            verify(&export, &public_keys, anchors.as_deref(), out)
        }
        AuditCommand::Key { store } => {
            let key: Key = on_host(*store, environment, async |client| {
                client.call(Method::GET, KEY).await?.json()
            })
            .await?;
            writeln!(out, "{}", key.public_key)?;
            Ok(())
        }
        AuditCommand::RotateKey { overlap_days, store } => {
            let content = body(&Rotation { overlap: u64::from(overlap_days) * 86_400 })?;
            let key: Key = on_host(*store, environment, async |client| {
                client.call_with(Method::POST, KEY_ROTATION, content).await?.json()
            })
            .await?;
            writeln!(out, "{}", key.public_key)?;
            Ok(())
        }
    }
}

async fn on_host<T>(
    store: StoreArgs,
    environment: Environment,
    ask: impl AsyncFnOnce(&Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = StoreConfig::read(store.into_flags(), environment)?;
    let host = OnHost::reach_existing(&config).await?;
    let outcome = ask(&host.client).await;
    host.close().await;
    outcome
}

async fn export_to(
    client: &Client,
    path: Option<PathBuf>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let Some(path) = path else { return export(client, out).await };
    let shown = || path.display().to_string();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.with_context(|| format!("{} cannot be made", shown()))?;
    let mut writer = BufWriter::new(file);
    export(client, &mut writer).await?;
    let file = writer.into_inner().with_context(|| format!("{} cannot be written", shown()))?;
    file.sync_all().with_context(|| format!("{} cannot be written", shown()))
}

async fn export(client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut path = EXPORT.to_owned();
    loop {
        let part: Part = client.call(Method::GET, &path).await?.json()?;
        for line in part.items {
            writeln!(out, "{line}")?;
        }
        let Some(next) = part.next else { return Ok(out.flush()?) };
        path = format!("{EXPORT}?after={}", encoded(&next));
    }
}

fn verify(
    export: &Path,
    public_keys: &[String],
    anchors: Option<&Path>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let keys = public_keys.iter().map(|key| public_key(key)).collect::<anyhow::Result<Vec<_>>>()?;
    if keys.iter().any(|key| key.name() != keys[0].name()) {
        bail!("the public keys are of different logs");
    }
    let kept = match anchors {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            notes_in(&text.with_context(|| format!("{} cannot be read", path.display()))?)
        }
    };
    let mut verifier = Verifier::new(keys, kept).context("NOT PROVED")?;
    let input: Box<dyn BufRead> = match export.to_str() {
        Some("-") => Box::new(BufReader::new(io::stdin())),
        _ => {
            let file = File::open(export);
            Box::new(BufReader::new(
                file.with_context(|| format!("{} cannot be read", export.display()))?,
            ))
        }
    };
    for line in input.lines() {
        verifier.line(&line?).context("NOT PROVED")?;
    }
    let proof = verifier.finish().context("NOT PROVED")?;
    writeln!(
        out,
        "proved: {} entries, {} checkpoints in the export, {} kept elsewhere",
        proof.entries, proof.checkpoints, proof.anchors
    )?;
    if proof.anchored < proof.entries {
        writeln!(
            out,
            "entries cut off the end would show up to position {}: checkpoints kept elsewhere reach no further",
            proof.anchored
        )?;
    }
    Ok(())
}

/// A key as it is, or the file that holds it.
fn public_key(given: &str) -> anyhow::Result<NoteVerifier> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let text = std::fs::read_to_string(given).with_context(|| {
        format!("`{}` is neither a public key nor a file", crate::log::printable(given))
    })?;
    text.trim().parse().with_context(|| format!("{given} holds no public key"))
}

#[derive(Deserialize)]
struct Part {
    items: Vec<Value>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Newest {
    checkpoint: String,
}

#[derive(Deserialize)]
struct Key {
    public_key: String,
}

#[derive(Serialize)]
struct Rotation {
    overlap: u64,
}

const CHECKPOINT: &str = "/strongroom/v1/audit/checkpoint";
const EXPORT: &str = "/strongroom/v1/audit/export";
const KEY: &str = "/strongroom/v1/host/audit/key";
const KEY_ROTATION: &str = "/strongroom/v1/host/audit/key/rotation";
