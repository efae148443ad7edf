//! Checkpoints of the audit log are kept where whoever holds the database does not reach: appended to a file,
//! posted to an address. What fails is told in the log and tried again with the next checkpoint.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::watch;
use url::Url;

use super::Phase;
use crate::client;

/// Where checkpoints go.
pub(crate) struct Anchors {
    /// A file that they are appended to.
    pub(crate) file: Option<PathBuf>,
    /// An address that they are posted to.
    pub(crate) url: Option<Url>,
}

impl Anchors {
    /// Sends on every newest checkpoint until the server drains.
    pub(crate) async fn follow(
        self,
        mut newest: watch::Receiver<Option<Arc<str>>>,
        mut phase: watch::Receiver<Phase>,
    ) {
        if self.file.is_none() && self.url.is_none() {
            return;
        }
        loop {
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                _ = phase.wait_for(|phase| *phase == Phase::Draining) => return,
            }
            let note = newest.borrow_and_update().clone();
            let Some(note) = note else { continue };
            if let Some(path) = &self.file {
                let (path, note) = (path.clone(), Arc::clone(&note));
                let appended = tokio::task::spawn_blocking(move || append(&path, &note)).await;
                told(appended.map_err(anyhow::Error::from).and_then(|done| Ok(done?)), "file");
            }
            if let Some(url) = &self.url {
                told(post(url, &note).await, "address");
            }
        }
    }
}

fn told(outcome: anyhow::Result<()>, place: &'static str) {
    let word = if outcome.is_ok() { "kept" } else { "failed" };
    metrics::counter!("strongroom_audit_anchors", "place" => place, "outcome" => word).increment(1);
    if let Err(error) = outcome {
        tracing::error!(error = %format!("{error:#}"), place, "a checkpoint of the audit log was not kept");
    }
}

/// Appends a note and a blank line. A link at the file's place is refused.
fn append(path: &Path, note: &str) -> io::Result<()> {
    let no_links = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(no_links.bits()).unwrap_or_default();
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_data()
}

async fn post(url: &Url, note: &str) -> anyhow::Result<()> {
    let reply = tokio::time::timeout(PATIENCE, client::post_text(url, note.to_owned()));
    let status = reply.await.context("no answer in time")??;
    if !status.is_success() {
        bail!("{} answered {status}", url.host_str().unwrap_or_default());
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(10);
