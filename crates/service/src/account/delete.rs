//! Deleting credentials of the account, one or several, all or none.

use serde_json::json;
use strongroom_core::audit::Entry;
use strongroom_core::error::Conflict;
use strongroom_core::id::{Ref, ShortId};
use strongroom_core::record::Reference;
use strongroom_core::{Error, Result};

use super::read::{sort_uses, unknown_ids};
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::gone;
use crate::placement;
use crate::store::{Audited, ReadTx, WriteTx, proof};

impl Strongroom {
    /// Takes a credential out of the account; one that was made there and stands nowhere else is deleted.
    ///
    /// One in use is deleted only with `force`, unless its organization protects used ones: `CredentialInUse`.
    pub async fn delete_account_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        force: bool,
    ) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| Ok(Audited::with_all((), remove(tx, &by, &reference, force)?)))
            .await
    }

    /// Where credentials of the account are used, as far as the actor sees it: what keeps them from being deleted.
    pub async fn account_credential_uses(
        &self,
        actor: &Actor,
        ids: Vec<String>,
    ) -> Result<Vec<Reference>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let ids = ids.iter().filter_map(|id| id.parse::<ShortId>().ok());
            let of_each = ids.map(|id| uses(tx, &actor, &Ref::Short(id)));
            Ok(of_each.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
        .await
    }

    /// Deletes several, or none of them. Gives the ids that name nothing the actor sees; then nothing is deleted.
    pub async fn delete_account_credentials(
        &self,
        actor: &Actor,
        mut ids: Vec<String>,
    ) -> Result<Vec<String>> {
        let by = actor.clone();
        ids.sort_unstable();
        ids.dedup();
        self.write(actor, move |tx| {
            let unknown = unknown_ids(tx, &by, &ids)?;
            if !unknown.is_empty() {
                return Ok(Audited::unchanged(unknown));
            }
            let mut entries = Vec::new();
            for short_id in ids.iter().filter_map(|id| id.parse::<ShortId>().ok()) {
                entries.extend(remove(tx, &by, &Ref::Short(short_id), false)?);
            }
            Ok(Audited::with_all(Vec::new(), entries))
        })
        .await
    }
}

/// The uses for which a credential of the account stays, as far as the actor sees them.
fn uses(tx: &ReadTx<'_>, actor: &Actor, reference: &Ref) -> Result<Vec<Reference>> {
    let (_, placement) = tx.account_placement::<proof::Read>(actor, reference)?;
    let goes = placement.born_here && tx.placements_of(placement.credential_id)?.len() == 1;
    let mut all = tx.references_to(placement.credential_id)?;
    all.retain(|one| goes || one.placement_id == Some(placement.identity.id));
    let mut seen = tx.references_seen(actor, all)?;
    sort_uses(&mut seen);
    Ok(seen)
}

fn remove(tx: &mut WriteTx<'_>, actor: &Actor, reference: &Ref, force: bool) -> Result<Vec<Entry>> {
    let (permit, placement) = tx.account_placement::<proof::Delete>(actor, reference)?;
    let reason = permit.reason().to_string();
    let id = placement.credential_id;
    let row = tx.credential_rows(&[id])?.into_iter().next();
    let row = row.ok_or_else(|| Error::internal("a placement without credential"))?;
    let uses = tx.uses_of_placement(&placement, &row.credential)?;
    if !uses.is_empty() && (!force || tx.protects_used(row.credential.organization_id)?) {
        return Err(Error::Conflict(Conflict::CredentialInUse(uses)));
    }
    let mut entries = placement::remove(tx, actor, &placement)?;
    if let Some(first) = entries.first_mut() {
        first.reason = reason;
        first.changes.extend(
            uses.iter().map(|of| gone("used_by", json!({"kind": of.kind, "count": of.count}))),
        );
    }
    Ok(entries)
}
