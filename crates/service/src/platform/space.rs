//! Spaces: made and deleted by the organization's managers, changed by the space's own too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::platform::{MetadataPatch, PlatformRule};
use strongroom_core::record::{Organization, Space};
use strongroom_core::{Error, Result};

use super::job::JobStarted;
use super::page::page;
use super::query::PlatformQuery;
use super::{app, patched, platform_rule, within_reach};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::placement::{self, Removed};
use crate::store::{Audited, NewSpace, ReadTx, WriteTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

/// What a request asks of a space.
#[derive(Debug, Clone, Default)]
pub struct PlatformSpaceDraft {
    /// Unique in the organization after folding.
    pub name: Member<String>,
    /// The organization; only when it is made.
    pub organization: Member<Guid>,
    /// Closed to writes.
    pub suspended: Member<bool>,
    /// Labels and annotations.
    pub metadata: Member<MetadataPatch>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

/// A space with its organization.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceView {
    /// The space.
    pub space: Space,
    /// The organization.
    pub organization: Organization,
}

impl Strongroom {
    /// A page of the spaces that the caller may read.
    pub async fn list_spaces(
        &self,
        actor: &Actor,
        query: PlatformQuery,
    ) -> Result<Page<SpaceView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let load =
                |ids: &[i64]| Ok(in_order(ids, tx.spaces_by_id(ids)?, |row| row.identity.id));
            let keep = |row: &Space| query.labels.matches(&row.metadata);
            let found = page(tx, &actor, Kind::Space, &query, load, keep)?;
            Ok(Page { items: views(tx, found.items)?, total: found.total })
        })
        .await
    }

    /// One space.
    pub async fn read_space(&self, actor: &Actor, reference: &Ref) -> Result<SpaceView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| view(tx, tx.space::<proof::Read>(&actor, &reference)?.1)).await
    }

    /// Makes a space in an organization that the caller manages.
    pub async fn create_space(
        &self,
        actor: &Actor,
        draft: PlatformSpaceDraft,
    ) -> Result<SpaceView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            let mut faults = draft.faults;
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let organization = draft.organization.take("relationships", &mut faults);
            let suspended = draft.suspended.take("suspended", &mut faults).unwrap_or(false);
            let metadata = patched(draft.metadata, &Map::new(), &mut faults);
            faultless(faults)?;
            let organization =
                organization.ok_or_else(|| Error::invalid("relationships", Rule::Required))?;
            let reference = Ref::Guid(organization);
            let found = tx.organization::<proof::Read>(&by, &reference);
            within_reach("organization", found)?;
            let (permit, _) = tx.organization::<proof::ManageSpaces>(&by, &reference)?;
            let organization_id = permit.id();
            tx.check_open(&by, organization_id)?;
            if tx.space_id_by_name(organization_id, &name)?.is_some() {
                return Err(platform_rule("name", PlatformRule::Taken { kind: Kind::Space, name }));
            }
            let new = NewSpace {
                guid,
                short_id,
                organization_id,
                name: &name,
                suspended,
                metadata: &metadata,
                by: by.user_id(),
            };
            let id = tx.insert_space(&new)?;
            tx.forget_standing();
            let space = one(tx, id)?;
            let mut entry = entry(tx, &by, Operation::Create, &space);
            entry.reason = permit.reason().to_string();
            entry.changes =
                members(&space).into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(view(tx, space)?, entry))
        })
        .await
    }

    /// Changes name, closing or metadata of a space.
    pub async fn update_space(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: PlatformSpaceDraft,
    ) -> Result<SpaceView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.space::<proof::Change>(&by, &reference)?;
            tx.check_open(&by, old.organization_id)?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let mut new = old.clone();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.suspended = draft.suspended.take("suspended", &mut faults).unwrap_or(new.suspended);
            new.metadata = patched(draft.metadata, &old.metadata, &mut faults);
            faultless(faults)?;
            let taken = tx.space_id_by_name(old.organization_id, &new.name)?;
            if taken.is_some_and(|id| id != permit.id()) {
                let within = organization_of(tx, &old)?.name;
                let rule =
                    PlatformRule::TakenAtChange { kind: Kind::Space, name: new.name, within };
                return Err(platform_rule("name", rule));
            }
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            new.modified = tx.now();
            tx.save_space(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, new)?, entry))
        })
        .await
    }

    /// Deletes a space with its apps and all that is placed in it; tells the job that says so.
    pub async fn delete_space(&self, actor: &Actor, reference: &Ref) -> Result<JobStarted> {
        let (by, reference) = (actor.clone(), reference.clone());
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, space) = tx.space::<proof::Delete>(&by, &reference)?;
            tx.check_open(&by, space.organization_id)?;
            let Removed { mut entries, uses } = remove(tx, &by, &space)?;
            if let Some(first) = entries.first_mut() {
                first.reason = permit.reason().to_string();
            }
            tx.insert_job(&job, "space.delete", by.user_id(), &uses)?;
            Ok(Audited::with_all(JobStarted { guid: job, uses }, entries))
        })
        .await
    }
}

/// Removes a space, whoever decided so; the entry of its own comes first.
pub(crate) fn remove(tx: &mut WriteTx<'_>, actor: &Actor, space: &Space) -> Result<Removed> {
    let id = space.identity.id;
    let mut first = entry(tx, actor, Operation::Delete, space);
    first.changes = members(space).into_iter().map(|(member, value)| gone(member, value)).collect();
    let mut removed = Removed { entries: vec![first], uses: Vec::new() };
    let apps = tx.apps_of(id)?;
    for app in &apps {
        tx.delete_uses_by(Kind::App, app.identity.id)?;
    }
    for app in &apps {
        removed.add(app::remove(tx, actor, app)?);
    }
    removed.add(placement::remove_all_in(tx, actor, Kind::Space, id)?);
    tx.bury_space(space, actor.user_id())?;
    tx.forget_standing();
    Ok(removed)
}

fn one(tx: &ReadTx<'_>, id: i64) -> Result<Space> {
    let found = tx.spaces_by_id(&[id])?.into_iter().next();
    found.ok_or_else(|| Error::internal("a space was expected"))
}

fn organization_of(tx: &ReadTx<'_>, space: &Space) -> Result<Organization> {
    let found = tx.organizations_by_id(&[space.organization_id])?.into_iter().next();
    found.ok_or_else(|| Error::internal("a space without organization"))
}

fn view(tx: &ReadTx<'_>, space: Space) -> Result<SpaceView> {
    let views = views(tx, vec![space])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

pub(super) fn views(tx: &ReadTx<'_>, spaces: Vec<Space>) -> Result<Vec<SpaceView>> {
    let mut ids: Vec<i64> = spaces.iter().map(|space| space.organization_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known: BTreeMap<i64, Organization> =
        tx.organizations_by_id(&ids)?.into_iter().map(|one| (one.identity.id, one)).collect();
    let view = |space: Space| {
        let organization = known.get(&space.organization_id).cloned();
        let organization =
            organization.ok_or_else(|| Error::internal("a space without organization"))?;
        Ok(SpaceView { space, organization })
    };
    spaces.into_iter().map(view).collect()
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, space: &Space) -> Entry {
    let object = Touched { kind: Kind::Space, id: space.identity.id, name: space.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(space.organization_id);
    entry
}

fn members(space: &Space) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(space.name)),
        ("organization", json!(space.organization_id)),
        ("suspended", json!(space.suspended)),
        ("metadata", Value::from(Value::from(space.metadata.clone()).to_string())),
    ]
}
