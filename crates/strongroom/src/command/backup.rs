//! `strongroom backup`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use http::Method;
use serde::{Deserialize, Serialize};
use strongroom_core::clock::Clock;
use strongroom_http::HttpSettings;
use strongroom_service::{
    BackupManifest, KeyLocation, OpenOptions, StoreLocation, Strongroom, Tuning, extract_backup,
};

use super::fsck;
use super::on_host::OnHost;
use crate::cli::BackupCommand;
use crate::client::{Client, body};
use crate::config::{Environment, StoreConfig};
use crate::data_dir::{Claim, DataDir};
use crate::log::printable;
use crate::progress::Progress;
use crate::room;

/// Makes, checks or restores a backup.
pub(super) async fn run(
    command: BackupCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    match command {
        BackupCommand::Create { file, store } => {
            let config = StoreConfig::read(store.into_flags(), environment)?;
            let host = OnHost::reach_existing(&config).await?;
            let outcome = create(&host.client, &std::path::absolute(file)?, out).await;
            host.close().await;
            outcome
        }
        BackupCommand::Verify { file, key_file } => verify(&file, key_file.as_deref(), out).await,
        BackupCommand::Restore { file, store } => {
            let config = StoreConfig::read(store.into_flags(), environment)?;
            restore(&file, &config, out)
        }
    }
}

async fn create(client: &Client, file: &Path, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let file = file.to_str().context("the path is not UTF-8")?;
    client.call_with(Method::POST, BACKUPS, body(&NewBackup { file })?).await?;
    let mut progress: Option<Progress> = None;
    let mut told = 0;
    loop {
        let state: State = client.call(Method::GET, NEWEST).await?.json()?;
        if 0 < state.total {
            let progress = progress.get_or_insert_with(|| Progress::new(state.total, "pages"));
            progress.add(state.done.saturating_sub(told));
            told = state.done;
        }
        if !state.ended {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        if let Some(progress) = progress {
            progress.end();
        }
        if let Some(error) = state.error {
            bail!("no backup was made: {}", printable(&error));
        }
        let backup = state.backup.context("the answer is not what Strongroom answers")?;
        writeln!(out, "{} holds the store {}", printable(file), backup.store)?;
        writeln!(out, "it opens only with root key {}, which is not in it", backup.key)?;
        return Ok(());
    }
}

async fn verify(
    file: &Path,
    key_file: Option<&Path>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let manifest = BackupManifest::read(file)?;
    if let Some(key) = key_file {
        manifest.check_key(key)?;
    }
    let scratch = Scratch::beside(file)?;
    let database = scratch.0.join("strongroom.db");
    let mut progress = Progress::new(manifest.length, "bytes");
    extract_backup(file, &database, |bytes| progress.add(bytes))?;
    progress.end();
    writeln!(out, "whole: store {}, needs root key {}", manifest.store, manifest.key)?;
    let Some(key) = key_file else { return Ok(()) };
    let opened = Strongroom::open(OpenOptions {
        location: StoreLocation::Sqlite(database),
        key: KeyLocation { path: key.to_owned(), may_create: false },
        admin_password: None,
        initial_password_file: None,
        audit_file: None,
        issuer: String::new(),
        clock: Clock::system(),
        tuning: Tuning::default(),
    })
    .await?;
    let router = strongroom_http::host_router(opened.room.clone(), HttpSettings::default());
    let client = Client::InProcess { router, room: opened.room };
    let outcome = fsck::look_over(&client, out).await;
    client.close().await;
    outcome
}

fn restore(file: &Path, config: &StoreConfig, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    if config.database_url.is_some() {
        bail!("a backup is restored into a data directory; for PostgreSQL see docs/backup.md");
    }
    let manifest = BackupManifest::read(file)?;
    // Without the key there would be a store that nobody can open.
    manifest.check_key(&config.key.path)?;
    let shown = config.data_dir.display();
    let Claim::Ours(_held) = DataDir::claim(&config.data_dir, true)? else {
        bail!(
            "a server holds the data directory {shown}: stop it, or choose another with --data-dir"
        );
    };
    let database = room::sqlite_file(config);
    if database.exists() {
        bail!(
            "there is a store in {shown} already: move it away, or choose another with --data-dir"
        );
    }
    // Only what is whole gets the name of a store.
    let draft = database.with_extension("db.restored");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut progress = Progress::new(manifest.length, "bytes");
    extract_backup(file, &draft, |bytes| progress.add(bytes))?;
    progress.end();
    std::fs::rename(&draft, &database)?;
    std::fs::File::open(&config.data_dir)?.sync_all()?;
    writeln!(out, "restored store {} into {shown}", manifest.store)?;
    Ok(())
}

/// A folder for a moment, on the disk that held the backup and so has room for what is in it.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(file: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let mut path = std::path::absolute(file)?.into_os_string();
        path.push(format!(".{}.verify", std::process::id()));
        let path = PathBuf::from(path);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is sealed like the backup itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Serialize)]
struct NewBackup<'a> {
    file: &'a str,
}

#[derive(Deserialize)]
struct State {
    done: u64,
    total: u64,
    ended: bool,
    error: Option<String>,
    backup: Option<BackupManifest>,
}

const BACKUPS: &str = "/strongroom/v1/host/backups";
const NEWEST: &str = "/strongroom/v1/host/backups/newest";
const PAUSE: Duration = Duration::from_millis(100);
