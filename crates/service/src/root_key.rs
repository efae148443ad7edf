//! Replacing the root key while the store is in use.
//!
//! A rotation has three steps. It **begins** in one change: the canary is sealed under the new key, which makes
//! that key the active one, and the old key is noted as still needed. **Batches** wrap data keys anew, never the
//! texts; each is a change of its own, and whatever is not under the active key is what is left to do, so that a
//! rotation that was cut off goes on where it was. It **ends** when nothing is left: the old key is noted as
//! retired, and the new file takes the place of the old one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Kind;
use strongroom_core::{Error, Result};
use strongroom_seal::canary::{canary_under, key_of};
use strongroom_seal::envelope::{SealError, Sealed};
use strongroom_seal::key::{KeyFault, KeyId, KeyOrigin, RootKey};
use strongroom_seal::keyring::Keyring;

use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{
    Audited, ReadTx, SealedCursor, SealedFilter, SealedRow, StoreIdentity, WriteTx,
};

/// What is under which root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// The id of the key that seals.
    pub active: String,
    /// Every key that is loaded or that values are under, the active one first.
    pub keys: Vec<KeyUse>,
    /// Values that name no key at all, which only damage does.
    pub nameless: u64,
}

/// A root key and what is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id.
    pub id: String,
    /// Its file; absent when it is not loaded, or was drawn by this process.
    pub file: Option<PathBuf>,
    /// Whether it is loaded.
    pub loaded: bool,
    /// How many values are under it.
    pub values: u64,
}

/// A rotation that began or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationStart {
    /// The id of the new key.
    pub active: String,
    /// Its file.
    pub file: Option<PathBuf>,
    /// Whether an earlier call began it.
    pub resumed: bool,
    /// How many values are still under other keys.
    pub waiting: u64,
}

/// A batch of sealed values that was wrapped anew or checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyBatch {
    /// How many values.
    pub done: u64,
    /// Those that do not open, which stay as they are.
    pub broken: Vec<BrokenValue>,
    /// Where the next batch begins; none after the last one.
    pub next: Option<String>,
}

/// A sealed value that does not open where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenValue {
    /// The table it is in.
    pub table: &'static str,
    /// The column it is in.
    pub column: &'static str,
    /// The guid of its object.
    pub guid: String,
    /// The integer by which its table names the object.
    pub id: i64,
    /// The field of the object.
    pub field: String,
    /// The version of the value.
    pub version: i64,
    /// What is wrong.
    pub reason: String,
}

/// How a rotation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationEnd {
    /// How many values are still under other keys; the rotation has ended only with none.
    pub waiting: u64,
    /// The file at which the new key is from now on; absent when it did not take the place of the old one.
    pub installed: Option<PathBuf>,
}

/// Why a root key was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The new key does not do, or cannot be made.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// An earlier rotation is to be finished first.
    #[error(
        "{waiting} values are still under an older root key: finish that rotation first, with \
         `strongroom keys rotate` and no new key"
    )]
    Unfinished {
        /// How many values.
        waiting: u64,
    },
    /// Another process replaced the key at the same time.
    #[error("another process has just replaced the root key: look at `strongroom keys status`")]
    Raced,
    /// Anything else.
    #[error(transparent)]
    Core(#[from] Error),
}

impl Strongroom {
    /// Which root keys there are and how many values are under each. For the host only.
    pub async fn root_key_status(&self, actor: &Actor) -> Result<KeyStatus> {
        actor.require_host()?;
        let counts = self.read(counted).await?;
        let loaded = self.0.keyring.loaded();
        let is_loaded = |id: KeyId| loaded.iter().any(|(known, _)| *known == id);
        let values = |id: KeyId| counts.get(&Some(id)).copied().unwrap_or_default();
        let here = loaded.iter().map(|(id, origin)| KeyUse {
            id: id.to_string(),
            file: file_of(origin),
            loaded: true,
            values: values(*id),
        });
        let gone = counts.keys().flatten().filter(|id| !is_loaded(**id)).map(|id| KeyUse {
            id: id.to_string(),
            file: None,
            loaded: false,
            values: values(*id),
        });
        Ok(KeyStatus {
            active: self.0.keyring.active_key().to_string(),
            keys: here.chain(gone).collect(),
            nameless: counts.get(&None).copied().unwrap_or_default(),
        })
    }

    /// Begins to replace the root key, or goes on where an earlier call was cut off. For the host only.
    ///
    /// The new key is read from the file, or from `<key file>.next` when none is named; a file that is not there is
    /// made. From then on the new key seals, and the old one only opens.
    pub async fn begin_root_key_rotation(
        &self,
        actor: &Actor,
        new_key: Option<PathBuf>,
    ) -> std::result::Result<RotationStart, RotationError> {
        actor.require_host()?;
        let keyring = &self.0.keyring;
        let waiting = self.values_waiting().await?;
        let next = RootKey::next_path(&self.0.key_path);
        let path = match new_key {
            Some(path) => path,
            None if 0 < waiting && !next.exists() => return Ok(self.resumed(waiting)),
            None => next,
        };
        if !path.exists() {
            if 0 < waiting {
                return Err(RotationError::Unfinished { waiting });
            }
            let drawn = RootKey::generate(keyring.store_id()).map_err(Error::internal)?;
            drawn.write_new(&path)?;
        }
        let root = load_for(keyring, &path)?;
        let before = keyring.active_key();
        if root.id() == before {
            return Ok(self.resumed(waiting));
        }
        if 0 < waiting {
            return Err(RotationError::Unfinished { waiting });
        }
        let new = keyring.add(root).map_err(Error::internal)?;
        self.replace_root_key(actor, before, new).await?;
        let waiting = self.values_waiting().await?;
        Ok(RotationStart { resumed: false, ..self.resumed(waiting) })
    }

    /// Wraps the data keys of some values anew that are under other root keys than the active one. For the host
    /// only. The first batch is asked for with no cursor.
    pub async fn rewrap_batch(&self, actor: &Actor, after: Option<&str>) -> Result<KeyBatch> {
        actor.require_host()?;
        let filter = SealedFilter::NotUnder(self.0.keyring.active_key());
        let (rows, next) = self.sealed_batch(after, filter, REWRAPPED_AT_ONCE).await?;
        let mut batch = KeyBatch { next, ..KeyBatch::default() };
        let mut wrapped = Vec::with_capacity(rows.len());
        for row in rows {
            let sealed = Sealed::from_bytes(row.sealed.as_slice());
            match sealed.and_then(|sealed| self.0.keyring.rewrap(&row.context(), &sealed)) {
                Ok(sealed) => wrapped.push((row, sealed.into_bytes())),
                Err(error) => batch.broken.push(broken(&row, error)),
            }
        }
        let change = move |tx: &mut WriteTx<'_>| {
            if let Some((_, bytes)) = wrapped.first() {
                tx.require_active_key(bytes)?;
            }
            let mut done = 0;
            for (row, bytes) in &wrapped {
                done += u64::from(tx.replace_sealed(row, bytes)?);
            }
            Ok(Audited::unchanged(done))
        };
        batch.done = self.0.store.write(change).await.outcome?;
        Ok(batch)
    }

    /// Ends a rotation if nothing is left under another key than the active one. For the host only.
    pub async fn end_root_key_rotation(
        &self,
        actor: &Actor,
    ) -> std::result::Result<RotationEnd, RotationError> {
        actor.require_host()?;
        let active = self.0.keyring.active_key();
        let actor = actor.clone();
        // Counted in a change, so that it comes after every change that sealed something under the old key.
        let change = move |tx: &mut WriteTx<'_>| {
            let waiting = others(&tx.sealed_counts()?, active);
            if 0 < waiting {
                return Ok(Audited::unchanged(waiting));
            }
            tx.retire_root_keys(active)?;
            let reason = "nothing is left under an older root key";
            Ok(Audited::new(0, entry(&actor, tx.now(), active, Vec::new(), reason)))
        };
        let waiting = self.0.store.write(change).await.outcome?;
        let installed = if waiting == 0 { self.install_next(active)? } else { None };
        Ok(RotationEnd { waiting, installed })
    }

    /// Opens some sealed values, to see that they do; nothing of them is told. For the host only.
    pub async fn verify_batch(&self, actor: &Actor, after: Option<&str>) -> Result<KeyBatch> {
        actor.require_host()?;
        if after.is_none() {
            let entry = Entry {
                operation: Operation::Read,
                ..entry(
                    actor,
                    self.now(),
                    self.0.keyring.active_key(),
                    Vec::new(),
                    "every sealed value is opened to check it",
                )
            };
            self.0.store.record(vec![entry]).await?;
        }
        let (rows, next) = self.sealed_batch(after, SealedFilter::All, OPENED_AT_ONCE).await?;
        let mut batch = KeyBatch { next, ..KeyBatch::default() };
        for row in rows {
            let sealed = Sealed::from_bytes(row.sealed.as_slice());
            match sealed.and_then(|sealed| self.0.keyring.open(&row.context(), &sealed)) {
                Ok(_) => batch.done += 1,
                Err(error) => batch.broken.push(broken(&row, error)),
            }
        }
        Ok(batch)
    }

    /// Takes over the root key that another process made the active one.
    pub(crate) async fn follow_root_key(&self) -> Result<()> {
        if !self.0.store.is_shared() {
            return Ok(());
        }
        let active_of =
            |store: Option<StoreIdentity>| store.and_then(|store| key_of(&store.canary));
        let active = self.read(move |tx| tx.store_identity().map(active_of)).await?;
        let Some(active) = active else { return Ok(()) };
        if active == self.0.keyring.active_key() {
            return Ok(());
        }
        if !self.0.keyring.holds(active) {
            self.load_keys_beside()?;
        }
        self.0.keyring.activate(active).map_err(Error::internal)
    }

    /// Loads the key file again and those beside it.
    pub(crate) fn load_keys_beside(&self) -> Result<()> {
        let path = &self.0.key_path;
        let root = load_for(&self.0.keyring, path).map_err(Error::internal)?;
        self.0.keyring.add(root).map_err(Error::internal)?;
        add_beside(&self.0.keyring, path).map_err(Error::internal)
    }

    async fn replace_root_key(
        &self,
        actor: &Actor,
        before: KeyId,
        new: KeyId,
    ) -> std::result::Result<(), RotationError> {
        let keyring = &self.0.keyring;
        let canary = canary_under(keyring, new).map_err(Error::internal)?.into_bytes();
        let actor = actor.clone();
        let change = move |tx: &mut WriteTx<'_>| {
            if !tx.replace_root_key(before, &canary)? {
                return Ok(Audited::unchanged(false));
            }
            let (old, new_name) = (before.to_string().into(), new.to_string().into());
            let changes = vec![Change { member: "active", old: Some(old), new: Some(new_name) }];
            let reason = "the root key is being replaced";
            Ok(Audited::new(true, entry(&actor, tx.now(), new, changes, reason)))
        };
        if !self.0.store.write(change).await.outcome? {
            return Err(RotationError::Raced);
        }
        keyring.activate(new).map_err(Error::internal)?;
        Ok(())
    }

    /// The new key takes the place of the old one, if it waits beside it.
    fn install_next(&self, active: KeyId) -> std::result::Result<Option<PathBuf>, RotationError> {
        let path = &self.0.key_path;
        let next = RootKey::next_path(path);
        if !next.exists() || load_for(&self.0.keyring, &next)?.id() != active {
            return Ok(None);
        }
        RootKey::take_place(path)?;
        self.load_keys_beside()?;
        Ok(Some(path.clone()))
    }

    fn resumed(&self, waiting: u64) -> RotationStart {
        let keyring = &self.0.keyring;
        let file = file_of(&keyring.origin());
        RotationStart { active: keyring.active_key().to_string(), file, resumed: true, waiting }
    }

    async fn values_waiting(&self) -> Result<u64> {
        let active = self.0.keyring.active_key();
        self.read(move |tx| Ok(others(&tx.sealed_counts()?, active))).await
    }

    async fn sealed_batch(
        &self,
        after: Option<&str>,
        filter: SealedFilter,
        limit: i64,
    ) -> Result<(Vec<SealedRow>, Option<String>)> {
        let cursor = match after {
            None => SealedCursor::default(),
            Some(text) => read_cursor(text).ok_or(Error::NotFound(Kind::RootKey))?,
        };
        let page = self.read(move |tx| tx.sealed_page(cursor, filter, limit)).await?;
        Ok((page.rows, page.next.map(|next| format!("{}:{}", next.column, next.after))))
    }
}

/// Adds the keys whose files stand beside the key file.
pub(crate) fn add_beside(keyring: &Keyring, path: &Path) -> std::result::Result<(), KeyFault> {
    for path in RootKey::beside(path) {
        // It was loaded, so the only thing that can be wrong with it now is the library.
        if keyring.add(load_for(keyring, &path)?).is_err() {
            tracing::error!(path = %path.display(), "a root key could not be made ready");
        }
    }
    Ok(())
}

/// Makes the key of the store's canary the active one, if it is loaded.
pub(crate) fn activate_keys_of(keyring: &Keyring, store: &StoreIdentity) {
    // One that is not loaded is told by the check of the canary.
    let _ = key_of(&store.canary).map(|key| keyring.activate(key));
}

/// Loads a key that must be the keyring's store's.
fn load_for(keyring: &Keyring, path: &Path) -> std::result::Result<RootKey, KeyFault> {
    let root = RootKey::load(path)?;
    if root.store_id() == keyring.store_id() {
        return Ok(root);
    }
    Err(KeyFault::Foreign {
        origin: root.origin().clone(),
        key_store: root.store_id(),
        store: keyring.store_id(),
    })
}

fn file_of(origin: &KeyOrigin) -> Option<PathBuf> {
    match origin {
        KeyOrigin::Memory => None,
        KeyOrigin::File(path) => Some(path.clone()),
    }
}

/// How many values are under each root key.
pub(crate) fn counted(tx: &ReadTx<'_>) -> Result<BTreeMap<Option<KeyId>, u64>> {
    tx.sealed_counts()
}

fn others(counts: &BTreeMap<Option<KeyId>, u64>, active: KeyId) -> u64 {
    counts.iter().filter(|(key, _)| **key != Some(active)).map(|(_, count)| count).sum()
}

fn read_cursor(text: &str) -> Option<SealedCursor> {
    let (column, after) = text.split_once(':')?;
    Some(SealedCursor { column: column.parse().ok()?, after: after.parse().ok()? })
}

fn broken(row: &SealedRow, error: SealError) -> BrokenValue {
    BrokenValue {
        table: row.column().table,
        column: row.column().column,
        guid: row.guid.to_string(),
        id: row.id,
        field: row.field.clone(),
        version: row.version,
        reason: error.to_string(),
    }
}

fn entry(actor: &Actor, at: Timestamp, key: KeyId, changes: Vec<Change>, reason: &str) -> Entry {
    let object = Touched { kind: Kind::RootKey, id: 0, name: key.to_string() };
    Entry { changes, reason: reason.to_owned(), ..actor.entry(at, Operation::Update, object) }
}

/// Objects whose values are wrapped anew in one change: milliseconds, so that other changes hardly wait.
const REWRAPPED_AT_ONCE: i64 = 500;
/// Objects whose values are opened at once.
const OPENED_AT_ONCE: i64 = 1000;
