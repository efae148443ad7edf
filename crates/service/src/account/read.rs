//! Credentials of the account as its people see them. An open value leaves only with its entry in the audit log.

use std::collections::BTreeMap;

use strongroom_core::audit::{Entry, Operation};
use strongroom_core::id::{Ref, ShortId};
use strongroom_core::record::{Placement, PlacementScope, Reference};
use strongroom_core::{Error, Result};

use super::{AccountCredential, CredentialQuery, Found};
use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::placement;
use crate::store::{Audited, ReadTx, proof};
use crate::view::Page;

impl Strongroom {
    /// A page of the account's credentials that the actor sees.
    pub async fn list_account_credentials(
        &self,
        actor: &Actor,
        query: CredentialQuery,
    ) -> Result<Found<AccountCredential>> {
        let (by, asked) = (actor.clone(), query.clone());
        let found = self.read(move |tx| find(tx, &by, &asked)).await?;
        if !found.is_open() {
            return Ok(found);
        }
        let (room, by) = (self.clone(), actor.clone());
        self.release(move |tx| {
            let mut found = find(tx, &by, &query)?;
            let entry = match &mut found {
                Found::Page(page) => room.open_shown(tx, &by, &mut page.items)?,
                Found::Unknown(_) => None,
            };
            Ok(Audited::with_all(found, entry.into_iter().collect()))
        })
        .await
    }

    /// One credential of the account.
    pub async fn read_account_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<AccountCredential> {
        let (by, wanted) = (actor.clone(), reference.clone());
        let view = self.read(move |tx| find_one(tx, &by, &wanted)).await?;
        if !view.is_open {
            return Ok(view);
        }
        let (room, by, wanted) = (self.clone(), actor.clone(), reference.clone());
        self.release(move |tx| {
            let view = find_one(tx, &by, &wanted)?;
            room.told(tx, &by, view, Vec::new())
        })
        .await
    }

    /// The outcome of a change: the credential with its value, when that is shown, and the entries that tell of both.
    pub(super) fn told(
        &self,
        tx: &ReadTx<'_>,
        actor: &Actor,
        view: AccountCredential,
        mut entries: Vec<Entry>,
    ) -> Result<Audited<AccountCredential>> {
        let mut views = [view];
        entries.extend(self.open_shown(tx, actor, &mut views)?);
        let [view] = views;
        Ok(Audited::with_all(view, entries))
    }

    /// Opens the values that are shown, and gives the entry that lists the credentials they belong to.
    fn open_shown(
        &self,
        tx: &ReadTx<'_>,
        actor: &Actor,
        views: &mut [AccountCredential],
    ) -> Result<Option<Entry>> {
        let mut entry: Option<Entry> = None;
        for view in views.iter_mut().filter(|view| view.is_open) {
            view.value = self.open_present(tx, &view.credential, VALUE)?;
            let of_one = placement::entry_of(
                tx,
                actor,
                Operation::Release,
                &view.placement,
                &view.credential,
            )?;
            match &mut entry {
                Some(entry) => entry.objects.extend(of_one.objects),
                None => entry = Some(of_one),
            }
        }
        if let Some(entry) = &mut entry {
            "not sensitive".clone_into(&mut entry.reason);
        }
        Ok(entry)
    }
}

impl Found<AccountCredential> {
    fn is_open(&self) -> bool {
        match self {
            Self::Page(page) => page.items.iter().any(|view| view.is_open),
            Self::Unknown(_) => false,
        }
    }
}

fn find(
    tx: &ReadTx<'_>,
    actor: &Actor,
    query: &CredentialQuery,
) -> Result<Found<AccountCredential>> {
    if query.checks_ids {
        let unknown = unknown_ids(tx, actor, &query.ids)?;
        if !unknown.is_empty() {
            return Ok(Found::Unknown(unknown));
        }
    }
    let listed = tx.account_placements(actor, query)?;
    let placements =
        in_order(&listed.ids, tx.placements_by_id(&listed.ids)?, |one| one.identity.id);
    Ok(Found::Page(Page { items: views(tx, actor, placements)?, total: listed.total }))
}

fn find_one(tx: &ReadTx<'_>, actor: &Actor, reference: &Ref) -> Result<AccountCredential> {
    let (_, placement) = tx.account_placement::<proof::Read>(actor, reference)?;
    view(tx, actor, placement)
}

/// The ids that name no credential of the account that the actor sees, in the order given.
pub(super) fn unknown_ids(tx: &ReadTx<'_>, actor: &Actor, ids: &[String]) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    for id in ids {
        let Ok(short_id) = id.parse::<ShortId>() else {
            unknown.push(id.clone());
            continue;
        };
        match tx.account_placement::<proof::Read>(actor, &Ref::Short(short_id)) {
            Ok(_) => {}
            Err(Error::NotFound(_) | Error::Hidden(_)) => unknown.push(id.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(unknown)
}

/// One credential, its value still closed.
pub(super) fn view(
    tx: &ReadTx<'_>,
    actor: &Actor,
    placement: Placement,
) -> Result<AccountCredential> {
    let views = views(tx, actor, vec![placement])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

/// Credentials in the order of their placements, their values still closed.
fn views(
    tx: &ReadTx<'_>,
    actor: &Actor,
    placements: Vec<Placement>,
) -> Result<Vec<AccountCredential>> {
    let ids: Vec<i64> = placements.iter().map(|placement| placement.credential_id).collect();
    let rows = tx.credential_rows(&ids)?;
    let credentials: BTreeMap<i64, _> =
        rows.into_iter().map(|row| (row.credential.identity.id, row.credential)).collect();
    let makers: Vec<i64> = credentials.values().filter_map(|one| one.stamp.created_by).collect();
    let makers = tx.mentioned(&makers)?;
    let teams: Vec<i64> = placements.iter().filter_map(|one| team_of(&one.scope)).collect();
    let teams: BTreeMap<i64, ShortId> = tx
        .teams_by_id(&teams)?
        .into_iter()
        .map(|team| (team.identity.id, team.identity.short_id))
        .collect();
    let references = tx.references_from(CONSUMER, &ids)?;
    let mut references = tx.references_seen(actor, references)?;
    sort_uses(&mut references);
    let open = tx.shown_open(actor, &placements.iter().collect::<Vec<_>>())?;
    placements
        .into_iter()
        .map(|placement| {
            let credential = credentials.get(&placement.credential_id).cloned();
            let credential =
                credential.ok_or_else(|| Error::internal("a placement without credential"))?;
            let is_own = |one: &&Reference| {
                one.credential_id == placement.credential_id
                    && one.placement_id.is_none_or(|id| id == placement.identity.id)
            };
            let own: Vec<Reference> = references.iter().filter(is_own).cloned().collect();
            let modified = match placement.born_here {
                true => credential.stamp.modified,
                false => placement.stamp.modified,
            };
            Ok(AccountCredential {
                is_open: open.contains(&placement.identity.id),
                description: credential.description.clone(),
                value: None,
                team: team_of(&placement.scope).and_then(|team| teams.get(&team)).copied(),
                modified,
                creator: credential.stamp.created_by.and_then(|id| makers.get(&id)).cloned(),
                references: own,
                placement,
                credential,
            })
        })
        .collect()
}

/// By kind, thing and place inside it.
pub(super) fn sort_uses(references: &mut [Reference]) {
    references.sort_by_cached_key(|of| {
        let id = of.object_short_id.unwrap_or(of.identity.short_id);
        (of.kind.to_lowercase(), id, of.key.clone())
    });
}

/// The team of a placement that belongs to one.
pub(super) const fn team_of(scope: &PlacementScope) -> Option<i64> {
    match scope {
        PlacementScope::AccountTeam { team, .. } => Some(*team),
        _ => None,
    }
}

/// The one field of the type of these credentials.
pub(super) const VALUE: &str = "value";
/// The consumer whose uses are shown here.
const CONSUMER: &str = "probely";
