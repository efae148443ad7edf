//! The keys that sign access tokens: made at first use, sealed in the store, remembered once opened, replaced on demand.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::{Error, Result};
use strongroom_seal::envelope::{SealContext, Sealed};
use strongroom_seal::signing::{SigningKey, VerifyingKey};

use crate::actor::Actor;
use crate::audit::{gone, made};
use crate::store::{Audited, SigningKeyRow};
use crate::{Strongroom, draw_identity};

/// The public part of a key, as clients are told.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// Its id.
    pub kid: String,
    /// It in the text form of RFC 7468.
    pub pem: String,
    /// The modulus as a JSON Web Key spells it.
    pub modulus: String,
    /// The exponent as a JSON Web Key spells it.
    pub exponent: String,
}

/// A signing key as its administrators see it; its private part is nowhere in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyView {
    /// Its id, which stands in the tokens that it signed.
    pub kid: Guid,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it signs no more.
    pub retired: Option<Timestamp>,
}

/// The keys that were opened so far, newest first.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Vec<Arc<Opened>>>);

/// A key that was opened.
pub(super) struct Opened {
    pub(super) public: PublicKey,
    verifying: VerifyingKey,
    /// Absent once it is retired.
    signing: Option<SigningKey>,
}

impl Opened {
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let key = self.signing.as_ref().ok_or_else(|| Error::internal("the key is retired"))?;
        key.sign(message).map_err(Error::internal)
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifying.verifies(message, signature)
    }
}

impl Keys {
    fn find(&self, test: impl Fn(&Opened) -> bool) -> Option<Arc<Opened>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| test(key)).cloned()
    }

    fn replace(&self, opened: Vec<Arc<Opened>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = opened;
    }
}

impl Strongroom {
    /// The public parts of all keys whose tokens may still be about, newest first.
    pub async fn uaa_public_keys(&self) -> Result<Vec<PublicKey>> {
        self.uaa_signing_key().await?;
        let opened = self.load_uaa_keys().await?;
        Ok(opened.iter().map(|key| key.public.clone()).collect())
    }

    /// The key that signs; made when there is none. Which one it is, the store says each time, because another
    /// process may have replaced it.
    pub(super) async fn uaa_signing_key(&self) -> Result<Arc<Opened>> {
        if let Some(key) = self.present_uaa_key().await? {
            return Ok(key);
        }
        self.make_uaa_key(&self.drawn_uaa_key().await?).await?;
        let key = self.present_uaa_key().await?;
        key.ok_or_else(|| Error::internal("a signing key was expected"))
    }

    async fn present_uaa_key(&self) -> Result<Option<Arc<Opened>>> {
        let rows = self.read(|tx| tx.signing_keys(PURPOSE)).await?;
        let Some(row) = rows.into_iter().find(|row| row.retired.is_none()) else {
            return Ok(None);
        };
        let kid = row.guid.to_string();
        let signs = |key: &Opened| key.public.kid == kid && key.signing.is_some();
        if let Some(key) = self.0.uaa_keys.find(signs) {
            return Ok(Some(key));
        }
        Ok(self.load_uaa_keys().await?.into_iter().find(|key| signs(key)))
    }

    /// The signing keys whose tokens may still be about, newest first, for system administrators.
    pub async fn list_uaa_keys(&self, actor: &Actor) -> Result<Vec<SigningKeyView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            tx.administrator(&actor, Kind::SigningKey)?;
            Ok(tx.signing_keys(PURPOSE)?.iter().map(view).collect())
        })
        .await
    }

    /// Makes a new signing key, with which tokens are signed from now on. Those that the old one signed are good
    /// until they end, and it is published as long, so that nobody is logged out.
    pub async fn rotate_uaa_key(&self, actor: &Actor) -> Result<SigningKeyView> {
        let asker = actor.clone();
        // Drawing a key takes a while, so whoever may not is told before.
        self.read(move |tx| tx.administrator(&asker, Kind::SigningKey).map(|_| ())).await?;
        let row = self.drawn_uaa_key().await?;
        let by = actor.clone();
        self.write(actor, move |tx| {
            tx.administrator(&by, Kind::SigningKey)?;
            let old: Vec<Guid> = tx
                .signing_keys(PURPOSE)?
                .iter()
                .filter(|key| key.retired.is_none())
                .map(|key| key.guid)
                .collect();
            let now = tx.now();
            tx.retire_signing_keys(PURPOSE, now)?;
            let row = SigningKeyRow { created: tx.now(), ..row.clone() };
            tx.insert_signing_key(PURPOSE, &row)?;
            let name = row.guid.to_string();
            let object = Touched { kind: Kind::SigningKey, id: 0, name };
            let mut entry = by.entry(tx.now(), Operation::Create, object);
            entry.changes = vec![made("purpose", json!(PURPOSE))];
            entry.changes.extend(old.iter().map(|guid| gone("signs", json!(guid.to_string()))));
            Ok(Audited::new(view(&row), entry))
        })
        .await
    }

    /// The key of that id, from memory or, when another process made it, from the store.
    pub(super) async fn uaa_verifying_key(&self, kid: &str) -> Result<Option<Arc<Opened>>> {
        let named = |key: &Opened| key.public.kid == kid;
        if let Some(key) = self.0.uaa_keys.find(named) {
            return Ok(Some(key));
        }
        let Ok(guid) = kid.parse::<Guid>() else { return Ok(None) };
        // Keys are opened only for an id that there is: anybody can present a token with any id.
        let rows = self.read(|tx| tx.signing_keys(PURPOSE)).await?;
        if rows.iter().all(|row| row.guid != guid) {
            return Ok(None);
        }
        Ok(self.load_uaa_keys().await?.into_iter().find(|key| named(key)))
    }

    /// A key that has no row yet, its private part sealed.
    async fn drawn_uaa_key(&self) -> Result<SigningKeyRow> {
        let (guid, _) = draw_identity()?;
        let key = tokio::task::spawn_blocking(SigningKey::generate).await;
        let key = key.map_err(Error::internal)?.map_err(Error::internal)?;
        let sealed = key.seal(&self.0.keyring, &context(&guid)).map_err(Error::internal)?;
        Ok(SigningKeyRow {
            guid,
            public_key: key.verifying_key().map_err(Error::internal)?.document().to_vec(),
            sealed_key: sealed.into_bytes(),
            created: self.now(),
            retired: None,
        })
    }

    async fn make_uaa_key(&self, row: &SigningKeyRow) -> Result<()> {
        let row = row.clone();
        let change = move |tx: &mut crate::store::WriteTx<'_>| {
            // Another process may have been first; its key is as good.
            if tx.signing_keys(PURPOSE)?.iter().all(|key| key.retired.is_some()) {
                tx.insert_signing_key(PURPOSE, &row)?;
            }
            Ok(Audited::unchanged(()))
        };
        self.0.store.write(change).await.outcome
    }

    async fn load_uaa_keys(&self) -> Result<Vec<Arc<Opened>>> {
        let rows = self.read(|tx| tx.signing_keys(PURPOSE)).await?;
        let opened: Result<Vec<Arc<Opened>>> =
            rows.into_iter().map(|row| self.open_key(row).map(Arc::new)).collect();
        let opened = opened?;
        self.0.uaa_keys.replace(opened.clone());
        Ok(opened)
    }

    fn open_key(&self, row: SigningKeyRow) -> Result<Opened> {
        let verifying = VerifyingKey::from_document(&row.public_key).map_err(Error::internal)?;
        let signing = match row.retired {
            Some(_) => None,
            None => {
                let sealed = Sealed::from_bytes(row.sealed_key).map_err(Error::internal)?;
                let key = SigningKey::open(&self.0.keyring, &context(&row.guid), &sealed);
                Some(key.map_err(Error::internal)?)
            }
        };
        let public = PublicKey {
            kid: row.guid.to_string(),
            pem: verifying.pem(),
            modulus: verifying.modulus(),
            exponent: verifying.exponent(),
        };
        Ok(Opened { public, verifying, signing })
    }
}

fn view(row: &SigningKeyRow) -> SigningKeyView {
    SigningKeyView { kid: row.guid, created: row.created, retired: row.retired }
}

fn context(guid: &Guid) -> SealContext<'_> {
    SealContext {
        kind: Kind::SigningKey.word(),
        guid: guid.as_bytes(),
        field: "private_key",
        version: 1,
    }
}

/// What the keys of the platform's access tokens are for.
pub(super) const PURPOSE: &str = "uaa";
