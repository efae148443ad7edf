//! Deleting credentials.

use strongroom_core::access::ResourceKind;
use strongroom_core::audit::Operation;
use strongroom_core::error::{Conflict, Refusal};
use strongroom_core::id::Ref;
use strongroom_core::{Error, Result};

use super::create::entry_of;
use super::{Deleted, Expected};
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::{gone, members_of};
use crate::store::{Audited, CredentialRow, WriteTx, proof};

impl Strongroom {
    /// Deletes a credential with its versions, placements and references.
    ///
    /// `force` deletes one in use too, unless its organization protects used ones: `CredentialInUse`. In another
    /// state than those expected it stays: `Changed`.
    pub async fn delete_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        force: bool,
        expected: Expected,
    ) -> Result<Deleted> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Delete>(&by, &reference)?;
            if row.credential.managed {
                return Err(Error::Forbidden(Refusal::ManagedCredentialDelete));
            }
            expected.check(&row)?;
            let uses = tx.effective_uses(&row.credential)?;
            if !uses.is_empty() && (!force || tx.protects_used(row.credential.organization_id)?) {
                return Err(Error::Conflict(Conflict::CredentialInUse(uses)));
            }
            let reason = permit.reason().to_string();
            let mut entry = remove(tx, &by, &row)?;
            entry.reason = reason;
            entry.changes.extend(uses.iter().map(|count| {
                gone("used_by", serde_json::json!({"kind": count.kind, "count": count.count}))
            }));
            Ok(Audited::new(Deleted { uses }, entry))
        })
        .await
    }
}

/// Removes a credential and all that hangs on it, whoever decided so, and gives the entry that tells of it.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    row: &CredentialRow,
) -> Result<strongroom_core::audit::Entry> {
    let credential = &row.credential;
    let id = credential.identity.id;
    for placement in tx.placements_of(id)? {
        tx.delete_placement_row(placement.identity.id, actor.user_id())?;
    }
    tx.delete_credential_parts(id)?;
    tx.remove_roles(ResourceKind::Credential, id, actor.user_id())?;
    tx.bury_credential(credential, actor.user_id())?;
    let mut entry = entry_of(tx, actor, Operation::Delete, id, &credential.name);
    entry.organization_id = credential.organization_id;
    entry.changes =
        members_of(row).into_iter().map(|(member, value)| gone(member, value)).collect();
    Ok(entry)
}
