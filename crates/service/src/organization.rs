//! Organizations and what they allow.

use serde_json::{Value, json};
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, FieldPath, Rule, UseCount, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Organization, OrganizationSettings};
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::list::{Field, ListRequest, Order};
use crate::placement::Removed;
use crate::store::{
    Audited, Condition, ListQuery, NewOrganization, Permit, ReadTx, WriteTx, proof,
};
use crate::view::{OrganizationView, Page};
use crate::{
    Strongroom, application, credential, draw_identity, job_template, placement, platform, scan,
    team, user,
};

/// What a request asks of an organization.
#[derive(Debug, Clone, Default)]
pub struct OrganizationDraft {
    /// Unique after folding.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// Kept for AWX; only a system administrator changes it.
    pub max_hosts: Member<i64>,
}

/// What a request asks of an organization's settings.
#[derive(Debug, Clone, Default)]
pub struct SettingsDraft {
    /// A credential in use is not deleted.
    pub protect_used: Member<bool>,
    /// Use granted by name includes checkout; only a system administrator sets it.
    pub use_includes_checkout: Member<bool>,
    /// Roles may be given across organizations; only a system administrator sets it.
    pub share_across_organizations: Member<bool>,
}

/// Which organizations a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationScope {
    /// All that the caller may read.
    All,
    /// Of those, what this user is a member of by name.
    OfUser(Ref),
    /// Of those, what this user administers by name.
    AdministeredBy(Ref),
}

impl Strongroom {
    /// A page of organizations.
    pub async fn list_organizations(
        &self,
        actor: &Actor,
        scope: OrganizationScope,
        request: ListRequest,
    ) -> Result<Page<OrganizationView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let held_by = |user: &Ref, role| -> Result<Vec<Condition>> {
                Ok(vec![Condition::HeldByUser(tx.user_to_read(&actor, user)?.0.id(), role)])
            };
            let conditions = match &scope {
                OrganizationScope::All => Vec::new(),
                OrganizationScope::OfUser(user) => held_by(user, Role::OrganizationMember)?,
                OrganizationScope::AdministeredBy(user) => held_by(user, Role::OrganizationAdmin)?,
            };
            let query = ListQuery {
                kind: Kind::Organization,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows =
                in_order(&listed.ids, tx.organizations_by_id(&listed.ids)?, |row| row.identity.id);
            Ok(Page { items: tx.organization_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One organization.
    pub async fn read_organization(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<OrganizationView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, organization) = tx.organization::<proof::Read>(&actor, &reference)?;
            view(tx, &actor, organization)
        })
        .await
    }

    /// Makes an organization, for a system administrator.
    pub async fn create_organization(
        &self,
        actor: &Actor,
        draft: OrganizationDraft,
    ) -> Result<OrganizationView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let permit = tx.administrator(&by, Kind::Organization)?;
            let draft = draft.clone();
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let description =
                draft.description.take("description", &mut faults).unwrap_or_default();
            let max_hosts = draft.max_hosts.take("max_hosts", &mut faults).unwrap_or(0);
            faultless(faults)?;
            check_name(tx, &name, None)?;
            let new = NewOrganization {
                guid,
                short_id,
                name: &name,
                description: &description,
                max_hosts,
                by: by.user_id(),
            };
            let id = tx.insert_organization(&new)?;
            tx.create_roles(ResourceKind::Organization, id)?;
            let (_, organization) = tx.organization::<proof::Read>(&by, &Ref::Serial(id))?;
            let mut entry = entry(tx, &by, Operation::Create, &organization);
            entry.reason = permit.reason().to_string();
            entry.changes = members(&organization)
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(view(tx, &by, organization)?, entry))
        })
        .await
    }

    /// Changes an organization.
    pub async fn update_organization(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: OrganizationDraft,
    ) -> Result<OrganizationView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.organization::<proof::Change>(&by, &reference)?;
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            new.max_hosts = draft.max_hosts.take("max_hosts", &mut faults).unwrap_or(new.max_hosts);
            faultless(faults)?;
            if new.max_hosts != old.max_hosts && !tx.standing(&by)?.is_superuser {
                return Err(Error::invalid(FieldPath::Whole, Rule::AdministratorOnly));
            }
            check_name(tx, &new.name, Some(permit.id()))?;
            save(tx, &by, &permit, &old, new)
        })
        .await
    }

    /// What an organization allows beyond the default, for whoever may read it.
    pub async fn organization_settings(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<OrganizationSettings> {
        Ok(self.read_organization(actor, reference).await?.organization.settings)
    }

    /// Changes what an organization allows.
    pub async fn update_organization_settings(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: SettingsDraft,
    ) -> Result<OrganizationSettings> {
        let (by, reference) = (actor.clone(), reference.clone());
        let view = self
            .write(actor, move |tx| {
                let (permit, old) = tx.organization::<proof::Change>(&by, &reference)?;
                let administrator = tx.standing(&by)?.is_superuser;
                let draft = draft.clone();
                let mut faults: Vec<Violation> = Vec::new();
                let mut new = old.clone();
                let settings = &mut new.settings;
                for (name, member, setting, anybody) in [
                    ("protect_used", draft.protect_used, &mut settings.protect_used, true),
                    (
                        "use_includes_checkout",
                        draft.use_includes_checkout,
                        &mut settings.use_includes_checkout,
                        false,
                    ),
                    (
                        "share_across_organizations",
                        draft.share_across_organizations,
                        &mut settings.share_across_organizations,
                        false,
                    ),
                ] {
                    let Some(wanted) = member.take(name, &mut faults) else { continue };
                    if wanted != *setting && !anybody && !administrator {
                        return Err(Error::forbidden());
                    }
                    *setting = wanted;
                }
                faultless(faults)?;
                save(tx, &by, &permit, &old, new)
            })
            .await?;
        Ok(view.organization.settings)
    }

    /// Deletes an organization with its teams, credentials and everything else that is its own.
    ///
    /// One with spaces or hosted registries only a system administrator deletes; one that protects used
    /// credentials is not deleted while it owns any.
    pub async fn delete_organization(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| Ok(Audited::with_all((), delete(tx, &by, &reference)?.entries)))
            .await
    }
}

/// Deletes an organization for an actor who may, whatever door he came through; the entry of its own comes first.
pub(crate) fn delete(tx: &mut WriteTx<'_>, actor: &Actor, reference: &Ref) -> Result<Removed> {
    let (permit, organization) = tx.organization::<proof::Delete>(actor, reference)?;
    let id = permit.id();
    if tx.has_spaces_or_registries(id)? && !tx.standing(actor)?.is_superuser {
        return Err(Error::Conflict(Conflict::OrganizationInUse));
    }
    let spaces = tx.spaces_of(id)?;
    for space in &spaces {
        for app in tx.apps_of(space.identity.id)? {
            // The apps go too, so they hold nothing back.
            tx.delete_uses_by(Kind::App, app.identity.id)?;
        }
    }
    if organization.settings.protect_used {
        let mut uses: Vec<UseCount> = Vec::new();
        for row in tx.credential_rows(&tx.credential_ids_of(id)?)? {
            uses.extend(tx.effective_uses(&row.credential)?);
        }
        if !uses.is_empty() {
            return Err(Error::Conflict(Conflict::CredentialInUse(together(uses))));
        }
    }
    let mut first = entry(tx, actor, Operation::Delete, &organization);
    first.reason = permit.reason().to_string();
    first.changes =
        members(&organization).into_iter().map(|(member, value)| gone(member, value)).collect();
    let mut entries = vec![first];
    entries.extend(scan::remove_scans_of(tx, actor, id)?);
    let placed = placement::remove_all_in(tx, actor, Kind::Organization, id)?;
    entries.extend(placed.entries);
    let mut uses = placed.uses;
    // Some of the credentials may have gone with their placements.
    let credentials = tx.credential_rows(&tx.credential_ids_of(id)?)?;
    for row in &credentials {
        uses.extend(tx.effective_uses(&row.credential)?);
        entries.push(credential::remove(tx, actor, row)?);
    }
    for template in tx.job_templates_by_id(&tx.job_template_ids_of(id)?)? {
        entries.push(job_template::remove(tx, actor, &template)?);
    }
    for team in tx.teams_by_id(&tx.team_ids_of(id)?)? {
        entries.extend(team::remove(tx, actor, &team)?);
    }
    for space in &spaces {
        entries.extend(platform::remove_space(tx, actor, space)?.entries);
    }
    for account in tx.users_by_id(&tx.service_account_ids_of(id)?)? {
        entries.push(user::remove(tx, actor, &account)?);
    }
    for one in tx.applications_by_id(&tx.application_ids_of(id)?)? {
        entries.push(application::remove(tx, actor, &one)?);
    }
    tx.delete_organization(&permit, &organization, actor.user_id())?;
    Ok(Removed { entries, uses: together(uses) })
}

fn save<'tx>(
    tx: &mut WriteTx<'tx>,
    actor: &Actor,
    permit: &Permit<'tx, proof::Change>,
    old: &Organization,
    mut new: Organization,
) -> Result<Audited<OrganizationView>> {
    let changes = differences(members(old), members(&new));
    if changes.is_empty() {
        return Ok(Audited::unchanged(view(tx, actor, old.clone())?));
    }
    new.stamp.modified = tx.now();
    new.stamp.modified_by = actor.user_id();
    tx.save_organization(permit, &new)?;
    let mut entry = entry(tx, actor, Operation::Update, &new);
    entry.reason = permit.reason().to_string();
    entry.changes = changes;
    Ok(Audited::new(view(tx, actor, new)?, entry))
}

fn view(tx: &ReadTx<'_>, actor: &Actor, organization: Organization) -> Result<OrganizationView> {
    let views = tx.organization_views(actor, vec![organization])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn check_name(tx: &ReadTx<'_>, name: &str, own: Option<i64>) -> Result<()> {
    match tx.organization_id_by_name(name)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid("name", Rule::NotUnique { kind: Kind::Organization }))
        }
        _ => Ok(()),
    }
}

fn entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    organization: &Organization,
) -> Entry {
    let id = organization.identity.id;
    let name = organization.name.clone();
    let mut entry =
        actor.entry(tx.now(), operation, Touched { kind: Kind::Organization, id, name });
    entry.organization_id = Some(id);
    entry
}

fn members(organization: &Organization) -> Vec<(&'static str, Value)> {
    let settings = organization.settings;
    vec![
        ("name", json!(organization.name)),
        ("description", json!(organization.description)),
        ("max_hosts", json!(organization.max_hosts)),
        ("protect_used", json!(settings.protect_used)),
        ("use_includes_checkout", json!(settings.use_includes_checkout)),
        ("share_across_organizations", json!(settings.share_across_organizations)),
    ]
}

fn together(uses: Vec<UseCount>) -> Vec<UseCount> {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for one in uses {
        *counts.entry(one.kind).or_insert(0) += one.count;
    }
    counts.into_iter().map(|(kind, count)| UseCount { kind, count }).collect()
}
