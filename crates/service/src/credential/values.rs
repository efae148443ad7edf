//! The values of a credential on their way into the store.

use std::collections::BTreeMap;

use strongroom_core::credential_type::{
    CheckedInputs, CredentialType, KeyState, SecretChange, read_key,
};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::Credential;
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::credential_type_of;
use crate::store::{ReadTx, SealedInput, TypeRow};

/// Values that are ready to be stored.
pub(super) struct Sealing {
    /// For each secret field with a value, the version that set it.
    pub(super) secrets: BTreeMap<String, u64>,
    /// The values that are new.
    pub(super) sealed: Vec<SealedInput>,
}

impl Strongroom {
    /// Seals what was set for a version; what is kept stays with the version that set it.
    pub(super) fn seal_checked(
        &self,
        guid: &Guid,
        version: u64,
        checked: &CheckedInputs,
        stored: &BTreeMap<String, u64>,
        typed_by: Option<i64>,
    ) -> Result<Sealing> {
        let mut sealing = Sealing { secrets: BTreeMap::new(), sealed: Vec::new() };
        for (field, change) in &checked.secrets {
            match change {
                SecretChange::Set(text) => {
                    let bytes = self.seal_input(guid, field, version, text)?;
                    let fingerprint = self.fingerprint(guid, field, text);
                    sealing.sealed.push(SealedInput {
                        field: field.clone(),
                        bytes,
                        fingerprint,
                        typed_by,
                    });
                    sealing.secrets.insert(field.clone(), version);
                }
                SecretChange::Keep => {
                    let kept = stored.get(field).copied();
                    let kept =
                        kept.ok_or_else(|| Error::internal("a secret that is kept was never set"))?;
                    sealing.secrets.insert(field.clone(), kept);
                }
            }
        }
        Ok(sealing)
    }

    /// The present value of a secret field, opened for use inside the server.
    pub(crate) fn open_present(
        &self,
        tx: &ReadTx<'_>,
        credential: &Credential,
        field: &str,
    ) -> Result<Option<secrecy::SecretString>> {
        let Some(version) = credential.secrets.get(field) else { return Ok(None) };
        let sealed = tx
            .sealed_input(credential.identity.id, field, *version)?
            .ok_or_else(|| Error::internal("a sealed value is missing"))?;
        self.open_input(&credential.identity.guid, field, *version, sealed).map(Some)
    }

    /// Whether the stored SSH key needs a passphrase.
    pub(super) fn stored_key(
        &self,
        tx: &ReadTx<'_>,
        credential: &Credential,
    ) -> Result<Option<KeyState>> {
        let Some(key) = self.open_present(tx, credential, SSH_KEY)? else { return Ok(None) };
        Ok(read_key(secrecy::ExposeSecret::expose_secret(&key)).ok())
    }
}

/// The type that a draft names, or a fault.
pub(super) fn drafted_type(
    tx: &ReadTx<'_>,
    reference: &Ref,
    faults: &mut Vec<Violation>,
) -> Result<Option<(i64, CredentialType)>> {
    match tx.type_to_read(reference) {
        Ok((permit, row)) => Ok(Some((permit.id(), credential_type_of(row)?))),
        Err(Error::NotFound(Kind::CredentialType)) => {
            faults.push(Violation::new("credential_type", unknown(reference)));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The present type of a credential.
pub(crate) fn present_type(tx: &ReadTx<'_>, credential: &Credential) -> Result<CredentialType> {
    let rows: Vec<TypeRow> = tx.type_rows(&[credential.credential_type_id])?;
    let row = rows.into_iter().next();
    credential_type_of(row.ok_or_else(|| Error::internal("a credential without a type"))?)
}

/// Whether a credential can have its type from now on: one in use, or placed in another dialect, keeps the one it has.
pub(super) fn check_type(
    tx: &ReadTx<'_>,
    old: &Credential,
    new: &Credential,
    credential_type: &CredentialType,
) -> Result<()> {
    if new.credential_type_id != old.credential_type_id
        && (!tx.effective_uses(old)?.is_empty() || !tx.placements_of(old.identity.id)?.is_empty())
    {
        return Err(Error::invalid("credential_type", Rule::CredentialTypeInUse));
    }
    if credential_type.kind == "galaxy" && new.organization_id.is_none() {
        return Err(Error::invalid("organization", Rule::GalaxyOwner));
    }
    if credential_type.is_robot() {
        let given = new.credential_type_id.to_string();
        return Err(Error::invalid("credential_type", Rule::NotAChoice { given }));
    }
    Ok(())
}

/// The rule that no object has this id.
pub(crate) fn unknown(reference: &Ref) -> Rule {
    Rule::UnknownObject { given: reference.to_string() }
}

/// A name that another credential of that organization and type has breaks the rule of uniqueness.
pub(super) fn check_name(
    tx: &ReadTx<'_>,
    organization_id: Option<i64>,
    name: &str,
    type_id: i64,
    own: Option<i64>,
) -> Result<()> {
    let Some(organization) = organization_id else { return Ok(()) };
    match tx.credential_id_by_name(organization, name, type_id)? {
        Some(taken) if Some(taken) != own => Err(Error::invalid(
            strongroom_core::error::FieldPath::Whole,
            Rule::NotUnique { kind: Kind::Credential },
        )),
        _ => Ok(()),
    }
}

/// Which of the new secrets count as typed by somebody: what a person or service sent itself.
pub(super) const fn typist(actor: &Actor) -> Option<i64> {
    actor.user_id()
}

/// The field of the types that hold an SSH private key.
const SSH_KEY: &str = "ssh_key_data";
