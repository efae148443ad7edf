//! The authorities that registries trust. One signs; the others are in the bundle of certificates beside it, so that
//! registries know the next one before it signs, and the one before for as long as they are told of it.

use std::fmt::Write as _;

use strongroom_core::audit::Operation;
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Rule;
use strongroom_core::hosted::HostedRule;
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::{Error, Result};
use strongroom_seal::authority::{key_id, public_key};
use strongroom_seal::digest::sha256;

use super::key::{AUTHORITY, TokenKeyForm, entry_of};
use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{Audited, CertifiedKeyRow, ReadTx};

/// An authority, without its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityView {
    /// Its integer id.
    pub id: i64,
    /// Its identity.
    pub guid: Guid,
    /// Whether tokens are signed under it now.
    pub signs: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When its certificate ends.
    pub expires: Timestamp,
    /// SHA-256 of its certificate as DER, in hexadecimal.
    pub fingerprint: String,
}

/// A public key by the name that tokens give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// Its name.
    pub id: String,
    /// The two coordinates of a point on P-256, 32 bytes each.
    pub point: (Vec<u8>, Vec<u8>),
}

impl Strongroom {
    /// How tokens name the key that signed them.
    pub fn registry_token_key_form(&self) -> TokenKeyForm {
        self.0.token_key
    }

    /// The keys of all authorities, the newest first, by the names that tokens give them.
    pub async fn registry_token_keys(&self) -> Result<Vec<NamedKey>> {
        self.registry_signer().await?;
        let rows = self.read(|tx| tx.certified_keys(AUTHORITY)).await?;
        let keys = rows.iter().filter_map(|row| {
            let (x, y) = public_key(&row.certificate)?.last_chunk::<64>()?.split_at(32);
            let id = key_id(&row.certificate)?;
            Some(NamedKey { id, point: (x.to_vec(), y.to_vec()) })
        });
        Ok(keys.collect())
    }

    /// The authorities, the newest first, for a system administrator.
    pub async fn list_registry_authorities(&self, actor: &Actor) -> Result<Vec<AuthorityView>> {
        self.registry_signer().await?;
        let actor = actor.clone();
        self.read(move |tx| {
            tx.administrator(&actor, Kind::SigningKey)?;
            Ok(tx.certified_keys(AUTHORITY)?.iter().map(view).collect())
        })
        .await
    }

    /// Makes another authority, for a system administrator. Registries that fetch the certificates anew trust it;
    /// nothing is signed under it yet.
    pub async fn add_registry_authority(&self, actor: &Actor) -> Result<AuthorityView> {
        self.registry_signer().await?;
        let by = actor.clone();
        let (_, row) = self.draw_authority()?;
        self.write(actor, move |tx| {
            let permit = tx.administrator(&by, Kind::SigningKey)?;
            if MOST_AUTHORITIES <= tx.certified_keys(AUTHORITY)?.len() {
                let rule = HostedRule::TooManyAuthorities { max: MOST_AUTHORITIES };
                return Err(Error::invalid("authority", Rule::Hosted(rule)));
            }
            let row = CertifiedKeyRow { retired: Some(tx.now()), ..row.clone() };
            let id = tx.insert_certified_key(AUTHORITY, &row)?;
            let id = id.ok_or_else(|| Error::internal("an authority was not kept"))?;
            let mut entry = entry_of(tx, &by, Operation::Create, id);
            entry.reason = format!("another authority of the registry tokens: {}", permit.reason());
            Ok(Audited::new(view(&CertifiedKeyRow { id, ..row }), entry))
        })
        .await
    }

    /// Signs tokens under this authority from now on, for a system administrator. The one before stays among the
    /// certificates, and can be gone back to.
    pub async fn use_registry_authority(
        &self,
        actor: &Actor,
        authority: &Ref,
    ) -> Result<AuthorityView> {
        let (by, reference) = (actor.clone(), authority.clone());
        let row = self
            .read(move |tx| {
                tx.administrator(&by, Kind::SigningKey)?;
                authority_of(tx, &reference)
            })
            .await?;
        let (id, by) = (row.id, actor.clone());
        let signer = self.draw_signer_of(row)?;
        let shown = self
            .write(actor, move |tx| {
                let permit = tx.administrator(&by, Kind::SigningKey)?;
                let row = authority_of(tx, &Ref::Serial(id))?;
                if row.retired.is_none() {
                    return Ok(Audited::unchanged(view(&row)));
                }
                let now = tx.now();
                tx.retire_signing_keys(AUTHORITY, now)?;
                tx.activate_certified_key(id)?;
                signer.replace(tx)?;
                let mut entry = entry_of(tx, &by, Operation::Update, id);
                entry.reason = format!("registry tokens are signed under it: {}", permit.reason());
                Ok(Audited::new(view(&CertifiedKeyRow { retired: None, ..row }), entry))
            })
            .await?;
        self.0.registry_keys.forget();
        Ok(shown)
    }

    /// Takes an authority out of the certificates and destroys its key, for a system administrator. `Invalid` for the
    /// one under which tokens are signed.
    pub async fn remove_registry_authority(&self, actor: &Actor, authority: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), authority.clone());
        self.write(actor, move |tx| {
            let permit = tx.administrator(&by, Kind::SigningKey)?;
            let row = authority_of(tx, &reference)?;
            if row.retired.is_none() {
                let rule = Rule::Hosted(HostedRule::AuthoritySigns);
                return Err(Error::invalid("authority", rule));
            }
            tx.delete_certified_key(row.id)?;
            let mut entry = entry_of(tx, &by, Operation::Delete, row.id);
            entry.reason = format!("an authority of the registry tokens: {}", permit.reason());
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn authority_of(tx: &ReadTx<'_>, reference: &Ref) -> Result<CertifiedKeyRow> {
    let is_meant = |row: &CertifiedKeyRow| match reference {
        Ref::Serial(id) => row.id == *id,
        Ref::Guid(guid) => row.guid == *guid,
        Ref::Short(_) => false,
    };
    let found = tx.certified_keys(AUTHORITY)?.into_iter().find(is_meant);
    found.ok_or(Error::NotFound(Kind::SigningKey))
}

fn view(row: &CertifiedKeyRow) -> AuthorityView {
    let mut fingerprint = String::with_capacity(64);
    for byte in sha256(&row.certificate) {
        let _ = write!(fingerprint, "{byte:02x}");
    }
    AuthorityView {
        id: row.id,
        guid: row.guid,
        signs: row.retired.is_none(),
        created: row.created,
        expires: row.expires,
        fingerprint,
    }
}

/// How many authorities there are at most: what registries keep in their bundles.
const MOST_AUTHORITIES: usize = 4;
