//! The keys that sign access tokens: made at first use, sealed in the store, remembered once opened.

use std::sync::{Arc, Mutex, PoisonError};

use strongroom_core::id::{Guid, Kind};
use strongroom_core::{Error, Result};
use strongroom_seal::envelope::{SealContext, Sealed};
use strongroom_seal::signing::{SigningKey, VerifyingKey};

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

    /// The key that signs; made when there is none.
    pub(super) async fn uaa_signing_key(&self) -> Result<Arc<Opened>> {
        let signs = |key: &Opened| key.signing.is_some();
        if let Some(key) = self.0.uaa_keys.find(signs) {
            return Ok(key);
        }
        let stored = self.load_uaa_keys().await?;
        if let Some(key) = stored.iter().find(|key| signs(key)) {
            return Ok(Arc::clone(key));
        }
        self.make_uaa_key().await?;
        let stored = self.load_uaa_keys().await?;
        let key = stored.into_iter().find(|key| signs(key));
        key.ok_or_else(|| Error::internal("a signing key was expected"))
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

    async fn make_uaa_key(&self) -> Result<()> {
        let (guid, _) = draw_identity()?;
        let key = tokio::task::spawn_blocking(SigningKey::generate).await;
        let key = key.map_err(Error::internal)?.map_err(Error::internal)?;
        let sealed = key.seal(&self.0.keyring, &context(&guid)).map_err(Error::internal)?;
        let row = SigningKeyRow {
            guid,
            public_key: key.verifying_key().map_err(Error::internal)?.document().to_vec(),
            sealed_key: sealed.into_bytes(),
            retired: None,
        };
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

fn context(guid: &Guid) -> SealContext<'_> {
    SealContext {
        kind: Kind::SigningKey.word(),
        guid: guid.as_bytes(),
        field: "private_key",
        version: 1,
    }
}

/// What the keys of the platform's access tokens are for.
const PURPOSE: &str = "uaa";
