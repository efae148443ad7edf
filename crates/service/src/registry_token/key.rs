//! The keys of the token server: an authority that registries trust, and the signer that it certified.
//!
//! Both are made at first use and sealed in the store. The signer is renewed long before its certificate ends;
//! registries need not know, because they trust the authority. Other processes take the new one within a minute;
//! what the old one signed counts until it ends by itself.
//!
//! Registries that look up a key by its name instead know only what they were told of, so for them the authority's own
//! key signs, which stays until an administrator replaces it.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Rule;
use strongroom_core::hosted::HostedRule;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::robot::DAY_SECONDS;
use strongroom_core::{Error, Result};
use strongroom_seal::authority::{Authority, TokenSigner, Validity, certificate_pem, key_id};
use strongroom_seal::envelope::{SealContext, Sealed};

use crate::actor::Actor;
use crate::store::{Audited, CertifiedKeyRow, WriteTx};
use crate::{Strongroom, draw_identity};

/// The signer as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignerView {
    /// Its integer id.
    pub id: i64,
    /// When its certificate ends. It is renewed before.
    pub expires: Timestamp,
}

/// How tokens name the key that signed them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenKeyForm {
    /// By the signer's certificate (`x5c`), which the authority gave it.
    #[default]
    Certificate,
    /// By the name of the authority's own key (`kid`).
    KeyId,
}

/// The signer that was opened, and when to look for another.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Option<(Arc<Opened>, Timestamp)>>);

/// A signer that was opened.
pub(super) struct Opened {
    signer: TokenSigner,
    /// The header of its tokens, encoded.
    pub(super) header: String,
    view: SignerView,
}

impl Opened {
    fn new(signer: TokenSigner, view: SignerView, form: TokenKeyForm) -> Self {
        let mut header = json!({"typ": "JWT", "alg": "ES256"});
        match form {
            TokenKeyForm::Certificate => {
                header["x5c"] = json!([STANDARD.encode(signer.certificate())]);
            }
            TokenKeyForm::KeyId => header["kid"] = json!(key_id(signer.certificate())),
        }
        Self { signer, header: URL_SAFE_NO_PAD.encode(header.to_string()), view }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.signer.sign(message).map_err(Error::internal)
    }
}

impl Keys {
    /// The signer, unless it is time to look for a newer one.
    fn known(&self, now: Timestamp) -> Option<Arc<Opened>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(_, until)| now < *until).map(|(opened, _)| Arc::clone(opened))
    }

    /// The signer, however old.
    fn last(&self) -> Option<Arc<Opened>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(opened, _)| Arc::clone(opened))
    }

    /// The next token looks for the signer anew.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn keep(&self, opened: &Arc<Opened>, now: Timestamp) {
        let until = now.plus_seconds(LOOK_SECONDS);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(opened), until));
    }
}

impl Strongroom {
    /// The certificates that registries trust, in the text form of RFC 7468, each with a line end.
    pub async fn registry_token_certificates(&self) -> Result<String> {
        self.registry_signer().await?;
        let rows = self.read(|tx| tx.certified_keys(AUTHORITY)).await?;
        Ok(rows.iter().map(|row| certificate_pem(&row.certificate) + "\n").collect())
    }

    /// Renews the signer at once, for a system administrator. Registries need not be touched. `Invalid` where the
    /// authority's own key signs.
    pub async fn rotate_registry_signer(&self, actor: &Actor) -> Result<SignerView> {
        self.registry_signer().await?;
        let by = actor.clone();
        let new = self.draw_signer().await?;
        let form = self.0.token_key;
        let view = self
            .write(actor, move |tx| {
                let permit = tx.administrator(&by, Kind::SigningKey)?;
                if form == TokenKeyForm::KeyId {
                    return Err(Error::invalid("key", Rule::Hosted(HostedRule::AuthoritySigns)));
                }
                let row = &new.row;
                let id = new.replace(tx)?;
                let mut entry = entry_of(tx, &by, Operation::Update, id);
                entry.reason = permit.reason().to_string();
                Ok(Audited::new(SignerView { id, expires: row.expires }, entry))
            })
            .await?;
        let opened = self.load_signer().await?;
        opened.ok_or_else(|| Error::internal("a signer was expected"))?;
        Ok(view)
    }

    /// The signer; made with its authority when there is none.
    pub(super) async fn registry_signer(&self) -> Result<Arc<Opened>> {
        if let Some(opened) = self.0.registry_keys.known(self.now()) {
            return Ok(opened);
        }
        match self.load_signer().await? {
            Some(opened) if self.now() < opened.view.expires => return Ok(opened),
            // Nobody renewed it, as when no server ran for long.
            Some(_) => self.renew_registry_signer().await?,
            None => self.make_authority().await?,
        }
        self.load_signer().await?.ok_or_else(|| Error::internal("a signer was expected"))
    }

    /// Renews the signer when less than two thirds of its time is left. A store without one needs none.
    pub(crate) async fn renew_registry_signer(&self) -> Result<()> {
        if self.0.token_key == TokenKeyForm::KeyId {
            return Ok(());
        }
        let Some(opened) = self.0.registry_keys.last() else { return Ok(()) };
        if self.now().plus_seconds(RENEW_SECONDS) < opened.view.expires {
            return Ok(());
        }
        // Another process may have renewed it already.
        let newest = self.load_signer().await?.unwrap_or(opened);
        if self.now().plus_seconds(RENEW_SECONDS) < newest.view.expires {
            return Ok(());
        }
        let (new, by) = (self.draw_signer().await?, self.on_host());
        let change = move |tx: &mut WriteTx<'_>| {
            let id = new.replace(tx)?;
            let mut entry = entry_of(tx, &by, Operation::Update, id);
            "renewed before its end".clone_into(&mut entry.reason);
            Ok(Audited::new((), entry))
        };
        self.0.store.write(change).await.outcome?;
        self.load_signer().await.map(|_| ())
    }

    /// The end of the signer's certificate, if one was used since the start.
    pub(crate) fn registry_signer_end(&self) -> Option<Timestamp> {
        self.0.registry_keys.last().map(|opened| opened.view.expires)
    }

    /// The end of the certificate of the authority that signs, if a signer was used since the start.
    pub(crate) async fn registry_authority_end(&self) -> Result<Option<Timestamp>> {
        if self.0.registry_keys.last().is_none() {
            return Ok(None);
        }
        let rows = self.read(|tx| tx.certified_keys(AUTHORITY)).await?;
        let signing = rows.iter().find(|row| row.retired.is_none());
        Ok(signing.map(|row| row.expires))
    }

    /// The newest signer of the store, opened and remembered.
    async fn load_signer(&self) -> Result<Option<Arc<Opened>>> {
        let form = self.0.token_key;
        let purpose = match form {
            TokenKeyForm::Certificate => SIGNER,
            TokenKeyForm::KeyId => AUTHORITY,
        };
        let rows = self.read(move |tx| tx.certified_keys(purpose)).await?;
        let Some(row) = rows.into_iter().find(|row| row.retired.is_none()) else {
            return Ok(None);
        };
        let view = SignerView { id: row.id, expires: row.expires };
        let opened = match self.0.registry_keys.last().filter(|opened| opened.view == view) {
            Some(same) => same,
            None => {
                let sealed = Sealed::from_bytes(row.sealed_key).map_err(Error::internal)?;
                let context = context(&row.guid);
                let signer = TokenSigner::open(&self.0.keyring, &context, &sealed, row.certificate);
                Arc::new(Opened::new(signer.map_err(Error::internal)?, view, form))
            }
        };
        self.0.registry_keys.keep(&opened, self.now());
        Ok(Some(opened))
    }

    /// Makes the authority and its first signer, unless another process was first.
    async fn make_authority(&self) -> Result<()> {
        let (authority, row) = self.draw_authority()?;
        let (signer, by) = (self.certify(&authority, row.expires)?, self.on_host());
        let change = move |tx: &mut WriteTx<'_>| {
            if !tx.certified_keys(AUTHORITY)?.is_empty() {
                return Ok(Audited::unchanged(()));
            }
            let Some(id) = tx.insert_certified_key(AUTHORITY, &row)? else {
                return Ok(Audited::unchanged(()));
            };
            tx.insert_certified_key(SIGNER, &signer)?;
            let mut entry = entry_of(tx, &by, Operation::Create, id);
            "the authority of the registry tokens was made".clone_into(&mut entry.reason);
            Ok(Audited::new((), entry))
        };
        self.0.store.write(change).await.outcome
    }

    /// A new authority, not in the store yet.
    pub(super) fn draw_authority(&self) -> Result<(Authority, CertifiedKeyRow)> {
        let (guid, _) = draw_identity()?;
        let validity = self.validity(AUTHORITY_SECONDS);
        let (authority, sealed) = Authority::generate(&self.0.keyring, &context(&guid), validity.0)
            .map_err(Error::internal)?;
        let row = CertifiedKeyRow {
            id: 0,
            guid,
            certificate: authority.certificate().to_vec(),
            sealed_key: sealed.into_bytes(),
            created: self.now(),
            expires: validity.1,
            retired: None,
        };
        Ok((authority, row))
    }

    /// A new signer, certified by the authority that signs but not in the store yet.
    async fn draw_signer(&self) -> Result<NewSigner> {
        let rows = self.read(|tx| tx.certified_keys(AUTHORITY)).await?;
        let row = rows.into_iter().find(|row| row.retired.is_none());
        self.draw_signer_of(row.ok_or_else(|| Error::internal("an authority was expected"))?)
    }

    /// A new signer, certified by this authority but not in the store yet.
    pub(super) fn draw_signer_of(&self, authority: CertifiedKeyRow) -> Result<NewSigner> {
        let sealed = Sealed::from_bytes(authority.sealed_key).map_err(Error::internal)?;
        let context = context(&authority.guid);
        let opened = Authority::open(&self.0.keyring, &context, &sealed, authority.certificate)
            .map_err(Error::internal)?;
        Ok(NewSigner { row: self.certify(&opened, authority.expires)?, authority_id: authority.id })
    }

    /// A signer that its authority certifies; it does not count for longer than the authority itself.
    fn certify(&self, authority: &Authority, ends: Timestamp) -> Result<CertifiedKeyRow> {
        let (guid, _) = draw_identity()?;
        let left = (ends.as_micros() - self.now().as_micros()) / 1_000_000;
        let (validity, expires) = self.validity(SIGNER_SECONDS.min(left));
        let (signer, sealed) =
            authority.issue(&self.0.keyring, &context(&guid), validity).map_err(Error::internal)?;
        Ok(CertifiedKeyRow {
            id: 0,
            guid,
            certificate: signer.certificate().to_vec(),
            sealed_key: sealed.into_bytes(),
            created: self.now(),
            expires,
            retired: None,
        })
    }

    /// From a day ago, because the clocks of registries differ, for so many seconds from now on.
    fn validity(&self, seconds: i64) -> (Validity, Timestamp) {
        let now = self.now();
        let expires = now.plus_seconds(seconds);
        let second = |at: Timestamp| u64::try_from(at.as_micros() / 1_000_000).unwrap_or_default();
        let from = second(now.plus_seconds(-DAY_SECONDS));
        (Validity { from, until: second(expires) }, expires)
    }
}

/// A signer that is to take the place of another.
pub(super) struct NewSigner {
    row: CertifiedKeyRow,
    /// The authority that certified it.
    authority_id: i64,
}

impl NewSigner {
    /// Puts it into the place of the one before, while its authority is still the one that signs; its id.
    pub(super) fn replace(&self, tx: &mut WriteTx<'_>) -> Result<i64> {
        let authorities = tx.certified_keys(AUTHORITY)?;
        let mut signing = authorities.iter().filter(|row| row.retired.is_none());
        if !signing.any(|row| row.id == self.authority_id) {
            return Err(Error::Unavailable("another authority signs since".into()));
        }
        tx.delete_certified_keys(SIGNER)?;
        let inserted = tx.insert_certified_key(SIGNER, &self.row)?;
        inserted.ok_or_else(|| Error::internal("two signers at once"))
    }
}

pub(super) fn entry_of(tx: &WriteTx<'_>, actor: &Actor, operation: Operation, id: i64) -> Entry {
    let name = "registry tokens".to_owned();
    actor.entry(tx.now(), operation, Touched { kind: Kind::SigningKey, id, name })
}

fn context(guid: &Guid) -> SealContext<'_> {
    SealContext {
        kind: Kind::SigningKey.word(),
        guid: guid.as_bytes(),
        field: "private_key",
        version: 1,
    }
}

/// What the authority's key is for.
pub(super) const AUTHORITY: &str = "registry_authority";
/// What the signer's key is for.
const SIGNER: &str = "registry_signer";
/// How long the authority's certificate counts: registries are told of it by hand.
const AUTHORITY_SECONDS: i64 = 20 * 365 * DAY_SECONDS;
/// How long a signer's certificate counts.
const SIGNER_SECONDS: i64 = 90 * DAY_SECONDS;
/// With less than this left a signer is renewed.
const RENEW_SECONDS: i64 = 60 * DAY_SECONDS;
/// How often a process looks for a newer signer.
const LOOK_SECONDS: i64 = 60;
