//! The proof of the audit log: signed checkpoints, the export that they prove, and the keys that sign.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use strongroom_core::audit::merkle::Frontier;
use strongroom_core::audit::note::{Checkpoint, NoteVerifier, SignedNote};
use strongroom_core::audit::proof::{checkpoint_line, entry_line, head_line};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::{Error, Result};
use strongroom_seal::ed25519::NoteKey;
use strongroom_seal::envelope::{SealContext, Sealed};
use tokio::sync::watch;

use crate::actor::Actor;
use crate::store::{Audited, ReadTx, SigningKeyRow, StoredCheckpoint, WriteTx};
use crate::{Strongroom, draw_identity};

/// A part of the exported log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditExport {
    /// Lines, each a JSON object.
    pub lines: Vec<Value>,
    /// The position after which the next part begins; none after the last one.
    pub next: Option<u64>,
}

/// The keys of the log after one was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditKeyRotation {
    /// The new public key.
    pub public_key: String,
    /// The one before.
    pub previous: Option<String>,
    /// Until when the one before signs as well.
    pub until: Timestamp,
}

/// What is remembered of the keys, and the newest checkpoint for whoever wants to keep it elsewhere.
pub(crate) struct Keys {
    opened: Mutex<Vec<Arc<Opened>>>,
    newest: watch::Sender<Option<Arc<str>>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { opened: Mutex::default(), newest: watch::Sender::new(None) }
    }
}

struct Opened {
    guid: Guid,
    verifier: NoteVerifier,
    key: NoteKey,
}

impl Strongroom {
    /// The name of this store's log, which stands in every checkpoint.
    pub fn audit_origin(&self) -> String {
        format!("strongroom/{}", self.0.store_id)
    }

    /// The public key of the log, as `strongroom audit verify` takes it; the key is made when there is none.
    pub async fn audit_public_key(&self) -> Result<String> {
        let now = self.now();
        let signing = self.audit_signers(now).await?;
        let newest =
            signing.first().ok_or_else(|| Error::internal("a signing key was expected"))?;
        Ok(newest.verifier.to_string())
    }

    /// Checkpoints as they are made, the newest only. The one of the last start comes first.
    pub fn audit_checkpoints(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.0.audit_keys.newest.subscribe()
    }

    /// A checkpoint that covers every entry so far. For whoever may read the whole log.
    pub async fn audit_checkpoint(&self, actor: &Actor) -> Result<String> {
        let whole = actor.clone();
        self.read(move |tx| tx.require_whole_log(&whole)).await?;
        self.refusals_written().await?;
        self.make_checkpoint().await
    }

    /// A part of the log for keeping and proving it elsewhere. For whoever may read the whole log.
    ///
    /// The first part makes a checkpoint, so that what there is when an export begins is covered.
    pub async fn export_audit(&self, actor: &Actor, after: u64) -> Result<AuditExport> {
        let whole = actor.clone();
        self.read(move |tx| tx.require_whole_log(&whole)).await?;
        if after == 0 {
            self.refusals_written().await?;
            self.make_checkpoint().await?;
        }
        let head = (after == 0).then(|| head_line(&self.audit_origin()));
        self.read(move |tx| {
            // Entries that no checkpoint covers yet would be no proof: they wait for the next export.
            let covered = tx.newest_checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
            let last = covered.min(after.saturating_add(EXPORTED_AT_ONCE));
            let mut lines: Vec<Value> = head.clone().into_iter().collect();
            let mut checkpoints = tx.checkpoints_between(after, last)?.into_iter().peekable();
            for linked in tx.linked_entries(after, last)? {
                lines.push(entry_line(linked.position, &linked.hash, &linked.columns));
                while let Some((_, note)) =
                    checkpoints.next_if(|(size, _)| *size == linked.position)
                {
                    lines.push(checkpoint_line(&note));
                }
            }
            Ok(AuditExport { lines, next: (last < covered).then_some(last) })
        })
        .await
    }

    /// Makes a new key sign checkpoints; the one before signs them too for so many seconds, so that whoever knows
    /// only that one goes on checking and learns of the new one. For the host only.
    pub async fn rotate_audit_key(&self, actor: &Actor, overlap: u64) -> Result<AuditKeyRotation> {
        actor.require_host()?;
        let previous = self.audit_public_key().await?;
        let (opened, row) = self.draw_audit_key()?;
        let public_key = opened.verifier.to_string();
        let micros = i64::try_from(overlap).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let until = Timestamp::from_micros(self.now().as_micros().saturating_add(micros));
        let (actor, was, becomes) = (actor.clone(), previous.clone(), public_key.clone());
        let change = move |tx: &mut WriteTx<'_>| {
            tx.retire_signing_keys(PURPOSE, until)?;
            tx.insert_signing_key(PURPOSE, &row)?;
            let object = Touched { kind: Kind::SigningKey, id: 0, name: becomes.clone() };
            let old = Some(Value::from(was.clone()));
            let new = Some(Value::from(becomes.clone()));
            let entry = Entry {
                changes: vec![Change { member: "public_key", old, new }],
                reason: "the key that signs the audit log was replaced".to_owned(),
                ..actor.entry(tx.now(), Operation::Update, object)
            };
            Ok(Audited::new((), entry))
        };
        self.0.store.write(change).await.outcome?;
        Ok(AuditKeyRotation { public_key, previous: Some(previous), until })
    }

    /// A checkpoint where one is due; what fails is tried again at the next one.
    pub(crate) async fn checkpoint_now(&self) {
        match self.make_checkpoint().await {
            Ok(note) => {
                let note: Arc<str> = note.into();
                self.0.audit_keys.newest.send_if_modified(|newest| {
                    let is_new = newest.as_ref() != Some(&note);
                    *newest = Some(note);
                    is_new
                });
            }
            Err(error) => tracing::warn!(%error, "no checkpoint of the audit log could be made"),
        }
    }

    /// The newest checkpoint, made unless there is one that covers every entry.
    async fn make_checkpoint(&self) -> Result<String> {
        self.0.store.link_audit().await?;
        let (newest, mut tree) = self.newest_tree().await?;
        let last = self.read(last_position).await?;
        if let Some(newest) = newest
            && newest.size == last
        {
            return Ok(newest.note);
        }
        if last < tree.size() {
            return Err(Error::internal(
                "the audit log is shorter than its newest checkpoint says",
            ));
        }
        while tree.size() < last {
            let (after, to) = (tree.size(), last.min(tree.size() + EXPORTED_AT_ONCE));
            let links = self.read(move |tx| tx.audit_links(after, to)).await?;
            if links.is_empty() {
                return Err(Error::internal("links of the audit log are missing"));
            }
            for link in &links {
                tree.push(link);
            }
        }
        let checkpoint = Checkpoint { origin: self.audit_origin(), size: last, root: tree.root() };
        let signers = self.audit_signers(self.now()).await?;
        let keys = signers.iter().map(|signer| (&signer.verifier, &signer.key));
        let note = SignedNote::sign(checkpoint.body(), keys).to_string();
        let stored = StoredCheckpoint { size: last, note: note.clone(), edge: tree.to_bytes() };
        let change = move |tx: &mut WriteTx<'_>| {
            tx.insert_checkpoint(&stored)?;
            Ok(Audited::unchanged(()))
        };
        self.0.store.write(change).await.outcome?;
        Ok(note)
    }

    async fn newest_tree(&self) -> Result<(Option<StoredCheckpoint>, Frontier)> {
        let newest = self.read(newest).await?;
        let tree = match &newest {
            None => Frontier::default(),
            Some(newest) => Frontier::from_bytes(newest.size, &newest.edge)
                .ok_or_else(|| Error::internal("the newest checkpoint is broken"))?,
        };
        Ok((newest, tree))
    }

    /// The keys that sign now, the newest first; made when there is none.
    async fn audit_signers(&self, now: Timestamp) -> Result<Vec<Arc<Opened>>> {
        let signing = |rows: &mut Vec<SigningKeyRow>| {
            rows.retain(|row| row.retired.is_none_or(|until| now < until));
        };
        let mut rows = self.read(|tx| tx.signing_keys(PURPOSE)).await?;
        signing(&mut rows);
        if rows.iter().all(|row| row.retired.is_some()) {
            let (_, row) = self.draw_audit_key()?;
            let change = move |tx: &mut WriteTx<'_>| {
                // Another process may have been first; its key is as good.
                if tx.signing_keys(PURPOSE)?.iter().all(|key| key.retired.is_some()) {
                    tx.insert_signing_key(PURPOSE, &row)?;
                }
                Ok(Audited::unchanged(()))
            };
            self.0.store.write(change).await.outcome?;
            rows = self.read(|tx| tx.signing_keys(PURPOSE)).await?;
            signing(&mut rows);
        }
        rows.into_iter().map(|row| self.open_audit_key(row)).collect()
    }

    fn open_audit_key(&self, row: SigningKeyRow) -> Result<Arc<Opened>> {
        let mut known = self.0.audit_keys.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = known.iter().find(|opened| opened.guid == row.guid) {
            return Ok(Arc::clone(opened));
        }
        let sealed = Sealed::from_bytes(row.sealed_key).map_err(Error::internal)?;
        let key = NoteKey::open(&self.0.keyring, &context(&row.guid), &sealed);
        let opened = Arc::new(self.opened_audit_key(row.guid, key.map_err(Error::internal)?)?);
        known.push(Arc::clone(&opened));
        Ok(opened)
    }

    fn draw_audit_key(&self) -> Result<(Opened, SigningKeyRow)> {
        let (guid, _) = draw_identity()?;
        let drawn = NoteKey::generate(&self.0.keyring, &context(&guid));
        let (key, sealed) = drawn.map_err(Error::internal)?;
        let public_key = key.public().map_err(Error::internal)?.to_vec();
        let sealed_key = sealed.into_bytes();
        let created = self.now();
        let row = SigningKeyRow { guid, public_key, sealed_key, created, retired: None };
        Ok((self.opened_audit_key(guid, key)?, row))
    }

    fn opened_audit_key(&self, guid: Guid, key: NoteKey) -> Result<Opened> {
        let public = key.public().map_err(Error::internal)?;
        Ok(Opened { guid, verifier: NoteVerifier::new(self.audit_origin(), public), key })
    }
}

impl ReadTx<'_> {
    /// Nothing for whoever may read every entry of the audit log, else `Forbidden`.
    fn require_whole_log(&self, actor: &Actor) -> Result<()> {
        let may = self.standing(actor)?.reads_everything() && actor.may_read();
        if may { Ok(()) } else { Err(Error::forbidden()) }
    }
}

fn last_position(tx: &ReadTx<'_>) -> Result<u64> {
    tx.last_audit_position()
}

fn newest(tx: &ReadTx<'_>) -> Result<Option<StoredCheckpoint>> {
    tx.newest_checkpoint()
}

fn context(guid: &Guid) -> SealContext<'_> {
    SealContext {
        kind: Kind::SigningKey.word(),
        guid: guid.as_bytes(),
        field: "private_key",
        version: 1,
    }
}

/// What the keys of checkpoints are for.
const PURPOSE: &str = "audit";
/// Entries that are read at once.
const EXPORTED_AT_ONCE: u64 = 1000;
