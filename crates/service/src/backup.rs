//! Backups of the embedded store: one file, whole and of one moment, without the root key.
//!
//! | part | what |
//! |---|---|
//! | first line | `strongroom-backup:1` |
//! | second line | a JSON object: store, keys, time, length and SHA-256 of the rest |
//! | the rest | the database, as SQLite's online backup copied it from one snapshot |
//!
//! A backup holds what the database holds: secrets in it are sealed, and it opens only with the root key that it
//! names. PostgreSQL is backed up with its own tools.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::id::Kind;
use strongroom_core::{Error, Result};
use strongroom_seal::digest::Sha256;
use strongroom_seal::key::{KeyFault, RootKey};

use crate::Strongroom;
use crate::actor::Actor;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    /// The id of the store.
    pub store: String,
    /// The id of the root key that was active.
    pub key: String,
    /// The ids of all root keys that values in it are under.
    pub keys: Vec<String>,
    /// When it began, in microseconds since 1970.
    pub created: i64,
    /// The version of Strongroom that made it.
    pub version: String,
    /// Bytes of the database in it.
    pub length: u64,
    /// SHA-256 of these, in hexadecimal.
    pub sha256: String,
}

/// Why a backup was not made, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store is not the embedded one.
    #[error("the store is on PostgreSQL: back it up with pg_dump, as docs/backup.md says")]
    Postgres,
    /// One is being made.
    #[error("a backup is being made already")]
    Busy,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no backup.
    #[error("{} is no backup of a Strongroom", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what it was when it was made.
    #[error("{} is damaged: its content is not what its second line says", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The root key that it needs is not there.
    #[error("this backup needs root key {key} of store {store}, and {found}")]
    KeyNeeded {
        /// The id of the key.
        key: String,
        /// The id of the store.
        store: String,
        /// What is there instead.
        found: String,
    },
    /// Anything else.
    #[error(transparent)]
    Core(#[from] Error),
}

/// How far a backup has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupState {
    /// Pages that are copied.
    pub done: u64,
    /// Pages there are.
    pub total: u64,
    /// What came of it, once it has ended: what the backup says of itself, or why there is none.
    pub outcome: Option<std::result::Result<BackupManifest, String>>,
}

/// The backup that is being made, or was made last.
#[derive(Clone, Default)]
pub(crate) struct Job(Arc<Mutex<Option<BackupState>>>);

impl Job {
    fn set(&self, change: impl FnOnce(&mut BackupState)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default());
    }
}

impl Strongroom {
    /// Begins to write a backup to a file that must not exist. For the host only.
    pub async fn start_backup(
        &self,
        actor: &Actor,
        path: PathBuf,
    ) -> std::result::Result<(), BackupError> {
        actor.require_host()?;
        if self.0.store.is_shared() {
            return Err(BackupError::Postgres);
        }
        let keyring = &self.0.keyring;
        let counts = self.read(crate::root_key::counted).await?;
        let manifest = BackupManifest {
            store: keyring.store_id().to_string(),
            key: keyring.active_key().to_string(),
            keys: counts.keys().flatten().map(ToString::to_string).collect(),
            created: self.now().as_micros(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            length: 0,
            sha256: String::new(),
        };
        let entry = Entry {
            reason: "a backup was begun".to_owned(),
            ..actor.entry(
                self.now(),
                Operation::Read,
                Touched { kind: Kind::RootKey, id: 0, name: manifest.key.clone() },
            )
        };
        {
            let mut state = self.0.backup.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.as_ref().is_some_and(|state| state.outcome.is_none()) {
                return Err(BackupError::Busy);
            }
            *state = Some(BackupState::default());
        }
        let job = self.0.backup.clone();
        if let Err(error) = self.0.store.record(vec![entry]).await {
            job.set(|state| state.outcome = Some(Err(error.to_string())));
            return Err(error.into());
        }
        let room = self.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = room.write_backup(&path, manifest, &job);
            job.set(|state| state.outcome = Some(outcome.map_err(|error| error.to_string())));
        });
        Ok(())
    }

    /// How far the backup has come that was begun last; none since the start of this process. For the host only.
    pub fn backup_state(&self, actor: &Actor) -> Result<Option<BackupState>> {
        actor.require_host()?;
        Ok(self.0.backup.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn write_backup(
        &self,
        path: &Path,
        manifest: BackupManifest,
        job: &Job,
    ) -> std::result::Result<BackupManifest, BackupError> {
        let copy = beside(path, "part");
        // Nobody may take the name meanwhile; an earlier backup is never written over.
        let target = new_file(path)?;
        let written = (|| {
            drop(new_file(&copy)?);
            self.0.store.copy_sqlite(&copy, |done, total| {
                job.set(|state| (state.done, state.total) = (done, total));
            })?;
            let manifest = described(&copy, manifest)?;
            contain(&copy, target, &manifest).map_err(|source| file_error(path, source))?;
            Ok(manifest)
        })();
        // What is left of a backup that failed is no backup.
        for stray in [copy.clone(), beside(&copy, "journal")] {
            let _ = std::fs::remove_file(stray);
        }
        if written.is_err() {
            let _ = std::fs::remove_file(path);
        }
        written
    }
}

impl BackupManifest {
    /// Reads what a backup says of itself.
    pub fn read(path: &Path) -> std::result::Result<Self, BackupError> {
        open_backup(path).map(|(manifest, _)| manifest)
    }

    /// Whether the key file, or one beside it, is the root key that this backup needs.
    pub fn check_key(&self, key_file: &Path) -> std::result::Result<(), BackupError> {
        let needed = |found: String| BackupError::KeyNeeded {
            key: self.key.clone(),
            store: self.store.clone(),
            found,
        };
        let mut files = RootKey::beside(key_file);
        files.insert(0, key_file.to_owned());
        let mut found = Vec::new();
        let mut faults = Vec::new();
        for file in files {
            match RootKey::load(&file) {
                Ok(key) => found.push(key.id().to_string()),
                Err(fault @ KeyFault::Missing { .. }) if found.is_empty() => {
                    faults.push(fault.to_string());
                }
                Err(fault) => return Err(needed(fault.to_string())),
            }
        }
        if let Some(missing) =
            std::iter::once(&self.key).chain(&self.keys).find(|key| !found.contains(key))
        {
            let instead = match faults.pop() {
                Some(fault) => fault,
                None => format!("{} holds {}", key_file.display(), found.join(", ")),
            };
            return Err(BackupError::KeyNeeded {
                key: missing.clone(),
                store: self.store.clone(),
                found: instead,
            });
        }
        Ok(())
    }
}

/// Takes the database out of a backup into a file that must not exist, and checks that it is whole. So many
/// bytes are told as they are written.
pub fn extract_backup(
    path: &Path,
    to: &Path,
    mut told: impl FnMut(u64),
) -> std::result::Result<BackupManifest, BackupError> {
    let (manifest, mut reader) = open_backup(path)?;
    let mut target = BufWriter::new(new_file(to)?);
    let mut hash = Sha256::default();
    let mut length = 0;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut buffer).map_err(|source| file_error(path, source))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        length += read as u64;
        target.write_all(&buffer[..read]).map_err(|source| file_error(to, source))?;
        told(read as u64);
    }
    let synced = target.into_inner().map_err(io::IntoInnerError::into_error);
    synced.and_then(|file| file.sync_all()).map_err(|source| file_error(to, source))?;
    if length == manifest.length && hash.hexadecimal() == manifest.sha256 {
        return Ok(manifest);
    }
    // A database that is not the one that was backed up is not left lying about.
    let _ = std::fs::remove_file(to);
    Err(BackupError::Damaged { path: path.to_owned() })
}

fn open_backup(path: &Path) -> std::result::Result<(BackupManifest, BufReader<File>), BackupError> {
    let file = File::open(path).map_err(|source| file_error(path, source))?;
    let mut reader = BufReader::with_capacity(CHUNK, file);
    let mut lines = [String::new(), String::new()];
    for line in &mut lines {
        let read = reader.by_ref().take(LONGEST_LINE).read_line(line);
        // Bytes that are no text are no backup either.
        read.map_err(|_| BackupError::NotABackup { path: path.to_owned() })?;
    }
    let manifest = serde_json::from_str(&lines[1]).ok().filter(|_| lines[0] == FIRST_LINE);
    let manifest = manifest.ok_or_else(|| BackupError::NotABackup { path: path.to_owned() })?;
    Ok((manifest, reader))
}

fn described(
    copy: &Path,
    manifest: BackupManifest,
) -> std::result::Result<BackupManifest, BackupError> {
    let hashed = (|| {
        let mut file = File::open(copy)?;
        let (mut hash, mut length, mut buffer) = (Sha256::default(), 0, vec![0; CHUNK]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok((length, hash.hexadecimal()));
            }
            hash.update(&buffer[..read]);
            length += read as u64;
        }
    })();
    let (length, sha256) = hashed.map_err(|source| file_error(copy, source))?;
    Ok(BackupManifest { length, sha256, ..manifest })
}

fn contain(copy: &Path, mut target: File, manifest: &BackupManifest) -> io::Result<()> {
    let line = serde_json::to_string(manifest)?;
    target.write_all(format!("{FIRST_LINE}{line}\n").as_bytes())?;
    io::copy(&mut File::open(copy)?, &mut target)?;
    target.sync_all()
}

fn new_file(path: &Path) -> std::result::Result<File, BackupError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|source| file_error(path, source))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(if ending == "journal" { "-" } else { "." });
    longer.push(ending);
    longer.into()
}

fn file_error(path: &Path, source: io::Error) -> BackupError {
    BackupError::File { path: path.to_owned(), source }
}

const FIRST_LINE: &str = "strongroom-backup:1\n";
const LONGEST_LINE: u64 = 64 * 1024;
const CHUNK: usize = 256 * 1024;
