//! Organizations as the platform sees them: the room's own, with the labels and the closing of the platform.

use serde_json::{Map, Value, json};
use strongroom_core::Result;
use strongroom_core::access::ResourceKind;
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::Violation;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::platform::{MetadataPatch, PlatformRule};
use strongroom_core::record::Organization;

use super::job::JobStarted;
use super::page::page;
use super::patched;
use super::platform_rule;
use super::query::PlatformQuery;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, made};
use crate::placement::Removed;
use crate::store::{Audited, NewOrganization, ReadTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity, organization};

/// What a request asks of an organization.
#[derive(Debug, Clone, Default)]
pub struct PlatformOrganizationDraft {
    /// Unique after folding; only system administrators change it.
    pub name: Member<String>,
    /// Closed to writes; only system administrators change it.
    pub suspended: Member<bool>,
    /// Labels and annotations.
    pub metadata: Member<MetadataPatch>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

impl Strongroom {
    /// A page of the organizations that the caller may read.
    pub async fn list_platform_organizations(
        &self,
        actor: &Actor,
        query: PlatformQuery,
    ) -> Result<Page<Organization>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let load = |ids: &[i64]| {
                Ok(in_order(ids, tx.organizations_by_id(ids)?, |row| row.identity.id))
            };
            let keep = |row: &Organization| query.labels.matches(&row.metadata);
            page(tx, &actor, Kind::Organization, &query, load, keep)
        })
        .await
    }

    /// One organization.
    pub async fn read_platform_organization(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<Organization> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| Ok(tx.organization::<proof::Read>(&actor, &reference)?.1)).await
    }

    /// Makes an organization, for a system administrator.
    pub async fn create_platform_organization(
        &self,
        actor: &Actor,
        draft: PlatformOrganizationDraft,
    ) -> Result<Organization> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let permit = tx.administrator(&by, Kind::Organization)?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let suspended = draft.suspended.take("suspended", &mut faults).unwrap_or(false);
            let metadata = patched(draft.metadata, &Map::new(), &mut faults);
            faultless(faults)?;
            if tx.organization_id_by_name(&name)?.is_some() {
                let rule = PlatformRule::Taken { kind: Kind::Organization, name };
                return Err(platform_rule("name", rule));
            }
            let new = NewOrganization {
                guid,
                short_id,
                name: &name,
                description: "",
                max_hosts: 0,
                by: by.user_id(),
            };
            let id = tx.insert_organization(&new)?;
            tx.create_roles(ResourceKind::Organization, id)?;
            let on = Ref::Serial(id);
            let (saving, mut organization) = tx.organization::<proof::ManageSpaces>(&by, &on)?;
            organization.suspended = suspended;
            organization.metadata = metadata;
            tx.save_organization_of_platform(&saving, &organization)?;
            let mut entry = entry(tx, &by, Operation::Create, &organization);
            entry.reason = permit.reason().to_string();
            let told = members(&organization);
            entry.changes = told.into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(organization, entry))
        })
        .await
    }

    /// Changes the labels of an organization that the caller manages; its name and closing take a system
    /// administrator, as they count in every dialect.
    pub async fn update_platform_organization(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: PlatformOrganizationDraft,
    ) -> Result<Organization> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.organization::<proof::ManageSpaces>(&by, &reference)?;
            tx.check_open(&by, permit.id())?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let mut new = old.clone();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.suspended = draft.suspended.take("suspended", &mut faults).unwrap_or(new.suspended);
            if new.name != old.name || new.suspended != old.suspended {
                tx.administrator(&by, Kind::Organization)?;
            }
            new.metadata = patched(draft.metadata, &old.metadata, &mut faults);
            faultless(faults)?;
            let taken = tx.organization_id_by_name(&new.name)?;
            if taken.is_some_and(|id| id != permit.id()) {
                let within = String::new();
                let kind = Kind::Organization;
                let rule = PlatformRule::TakenAtChange { kind, name: new.name, within };
                return Err(platform_rule("name", rule));
            }
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(old));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_organization_of_platform(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(new, entry))
        })
        .await
    }

    /// Deletes an organization as every dialect does; tells the job that says so.
    pub async fn delete_platform_organization(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<JobStarted> {
        let (by, reference) = (actor.clone(), reference.clone());
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            let Removed { entries, uses } = organization::delete(tx, &by, &reference)?;
            tx.insert_job(&job, "organization.delete", by.user_id(), &uses)?;
            Ok(Audited::with_all(JobStarted { guid: job, uses }, entries))
        })
        .await
    }
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, of: &Organization) -> Entry {
    let id = of.identity.id;
    let object = Touched { kind: Kind::Organization, id, name: of.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(id);
    entry
}

fn members(organization: &Organization) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(organization.name)),
        ("suspended", json!(organization.suspended)),
        ("metadata", Value::from(Value::from(organization.metadata.clone()).to_string())),
    ]
}
