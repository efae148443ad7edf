//! Registries: hosted ones are made through the native API, private ones through the Application Catalog; both are
//! read in both.

mod private;

use serde_json::{Value, json};
use strongroom_core::access::{Dialect, Permission, ResourceKind, decide};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, Rule, Violation};
use strongroom_core::hosted::{HostedRule, RegistryUrl, Unhealthy, is_service_name};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Organization, Registry};
use strongroom_core::robot::USUAL_LIMIT;
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::audit::{differences, gone, made};
use crate::list::Paging;
use crate::store::{Audited, NewRegistry, Permit, ReadTx, RegistryFilter, WriteTx, proof};
use crate::token::NamedOrganization;
use crate::view::Page;
use crate::{Strongroom, draw_identity, robot};

pub use private::PrivateRegistryDraft;

/// What a request asks of a hosted registry.
#[derive(Debug, Clone, Default)]
pub struct RegistryDraft {
    /// Unique in the organization after folding.
    pub name: Member<String>,
    /// The organization that it belongs to.
    pub organization: Member<NamedOrganization>,
    /// Its absolute address.
    pub url: Member<String>,
    /// The name of its token service; host and port of the address when absent.
    pub service: Member<String>,
    /// How many robots may be live at once, at least 1; 10 when absent.
    pub credentials_limit: Member<i64>,
}

/// Which registries a list is about. What is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct RegistryQuery {
    /// Those of this product, as the Catalog spells it.
    pub provider: Option<String>,
    /// Those for which robots are minted, or the others.
    pub hosted: Option<bool>,
    /// Those that were removed, or the others.
    pub removed: Option<bool>,
}

/// A registry with the names that go with it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryView {
    /// The registry.
    pub registry: Registry,
    /// What is wrong with a private one. Hosted ones are not probed.
    pub unhealthy: Option<Unhealthy>,
    /// When that was looked at.
    pub checked: Timestamp,
    /// The user name of whoever made it; absent when it was made on the host.
    pub created_by: Option<String>,
    /// The user name of whoever changed it last.
    pub updated_by: Option<String>,
    /// The user name of whoever removed it.
    pub removed_by: Option<String>,
}

impl Strongroom {
    /// Makes a hosted registry, for whoever administers the registries of the organization.
    pub async fn create_registry(
        &self,
        actor: &Actor,
        draft: RegistryDraft,
    ) -> Result<RegistryView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            let (_, organization) = owner(tx, &by, &draft.organization)?;
            let wanted = checked(tx, draft, organization.identity.id)?;
            let id = tx.insert_registry(&NewRegistry {
                guid,
                short_id,
                organization_id: organization.identity.id,
                name: &wanted.name,
                description: "",
                url: wanted.url.as_str(),
                provider: HOSTED_PROVIDER,
                service: Some(&wanted.service),
                credentials_limit: wanted.credentials_limit,
                credential: None,
                containers_organization: None,
                charts_organization: None,
                by: by.user_id(),
            })?;
            let (permit, registry) = tx.registry::<proof::ReadRegistries>(&by, &Ref::Serial(id))?;
            let mut entry = entry_of(tx, &by, Operation::Create, &registry);
            entry.reason = permit.reason().to_string();
            entry.changes =
                told(&registry).into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(view(tx, registry)?, entry))
        })
        .await
    }

    /// Changes a hosted registry. What is left out stays, the name of its token service too when the address changes.
    ///
    /// `Forbidden` for a private one, `NotFound` for one that was removed.
    pub async fn update_registry(
        &self,
        actor: &Actor,
        registry: &Ref,
        draft: RegistryDraft,
    ) -> Result<RegistryView> {
        let (by, registry) = (actor.clone(), registry.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
            if old.removed.is_some() {
                return Err(Error::NotFound(Kind::Registry));
            }
            if !old.hosted {
                return Err(Error::forbidden());
            }
            let mut changed = changed(tx, &old, draft.clone())?;
            let changes = differences(told(&old), told(&changed));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            changed.stamp.modified = tx.now();
            changed.stamp.modified_by = by.user_id();
            tx.save_registry(&permit, &changed)?;
            let mut entry = entry_of(tx, &by, Operation::Update, &changed);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, changed)?, entry))
        })
        .await
    }

    /// Removes a registry: its robots open nothing from now on, its record stays. The credential of a private one
    /// stays too.
    ///
    /// `RegistryInUse` while robots are live, unless forced. `NotFound` for one that was removed before.
    pub async fn remove_registry(&self, actor: &Actor, registry: &Ref, force: bool) -> Result<()> {
        let (by, registry) = (actor.clone(), registry.clone());
        self.write(actor, move |tx| {
            let (permit, registry) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
            if registry.removed.is_some() {
                return Err(Error::NotFound(Kind::Registry));
            }
            let live = tx.live_robots(registry.identity.id)?;
            if 0 < live && !force {
                return Err(Error::Conflict(Conflict::RegistryInUse { robots: live }));
            }
            let mut entry = entry_of(tx, &by, Operation::Delete, &registry);
            entry.reason = permit.reason().to_string();
            entry.changes =
                told(&registry).into_iter().map(|(member, value)| gone(member, value)).collect();
            let mut entries = retire(tx, &by, &permit, &registry)?;
            entries.insert(0, entry);
            Ok(Audited::with_all((), entries))
        })
        .await
    }

    /// A page of registries: at the Catalog's door those of the key's organization in the order of their
    /// names, elsewhere all whose robots the caller may read, in the order they were made.
    ///
    /// Only the Catalog's pages are counted. `Forbidden` at its door without a role there.
    pub async fn list_registries(
        &self,
        actor: &Actor,
        query: RegistryQuery,
        paging: Paging,
    ) -> Result<Page<RegistryView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let organizations = organizations(tx, &actor)?;
            let filter = RegistryFilter {
                organizations: organizations.as_deref(),
                provider: query.provider.as_deref(),
                hosted: query.hosted,
                removed: query.removed,
            };
            let (found, total) = match paging {
                Paging::Offset { limit, offset } => {
                    let (found, total) = tx.registries_by_name(&filter, (limit, offset))?;
                    (found, Some(total))
                }
                Paging::After { limit, after } => {
                    (tx.registries_after(&filter, (limit, after))?, None)
                }
            };
            Ok(Page { items: views(tx, found)?, total })
        })
        .await
    }

    /// One registry.
    pub async fn read_registry(&self, actor: &Actor, reference: &Ref) -> Result<RegistryView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, registry) = tx.registry::<proof::ReadRegistries>(&actor, &reference)?;
            view(tx, registry)
        })
        .await
    }
}

/// A registry to be made whose every rule is kept.
struct Wanted {
    name: String,
    url: RegistryUrl,
    service: String,
    credentials_limit: i64,
}

/// The organization that the draft names, on which the actor administers registries. One that he may not
/// see is as unknown as one that does not exist.
fn owner<'tx>(
    tx: &ReadTx<'tx>,
    actor: &Actor,
    draft: &Member<NamedOrganization>,
) -> Result<(Permit<'tx, proof::ManageRegistries>, Organization)> {
    let mut faults: Vec<Violation> = Vec::new();
    let named = draft.clone().require("organization", &mut faults);
    faultless(faults)?;
    let named = named.ok_or_else(|| Error::internal("a fault was not noticed"))?;
    let unknown =
        || Error::invalid("organization", Rule::UnknownObject { given: named.to_string() });
    let id = tx.organization_named(&named)?.ok_or_else(unknown)?;
    match tx.registry_organization::<proof::ManageRegistries>(actor, &Ref::Serial(id)) {
        Err(Error::NotFound(_) | Error::Hidden(_)) => Err(unknown()),
        other => other,
    }
}

fn checked(tx: &ReadTx<'_>, draft: RegistryDraft, organization_id: i64) -> Result<Wanted> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = draft.name.require("name", &mut faults);
    let url = draft.url.require("url", &mut faults).and_then(|text| url_of(&text, &mut faults));
    let service = draft.service.check(|name| service_fault(name)).take("service", &mut faults);
    let limit = draft
        .credentials_limit
        .check(|limit| limit_fault(*limit))
        .take("credentials_limit", &mut faults);
    faultless(faults)?;
    let (Some(name), Some(url)) = (name, url) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    let service = service.unwrap_or_else(|| url.host().to_owned());
    checked_name(tx, organization_id, &name, None)?;
    checked_service(tx, &service, None)?;
    Ok(Wanted { name, url, service, credentials_limit: limit.unwrap_or(USUAL_LIMIT) })
}

/// The registry as the draft changes it.
fn changed(tx: &ReadTx<'_>, old: &Registry, draft: RegistryDraft) -> Result<Registry> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = draft.name.take("name", &mut faults);
    let url = draft.url.take("url", &mut faults).and_then(|text| url_of(&text, &mut faults));
    let service = draft.service.check(|name| service_fault(name)).take("service", &mut faults);
    let limit = draft
        .credentials_limit
        .check(|limit| limit_fault(*limit))
        .take("credentials_limit", &mut faults);
    if !matches!(draft.organization, Member::Absent) {
        faults.push(Violation::new("organization", Rule::Hosted(HostedRule::Fixed)));
    }
    faultless(faults)?;
    let changed = Registry {
        name: name.unwrap_or_else(|| old.name.clone()),
        url: url.map_or_else(|| old.url.clone(), |url| url.as_str().to_owned()),
        service: service.or_else(|| old.service.clone()),
        credentials_limit: limit.unwrap_or(old.credentials_limit),
        ..old.clone()
    };
    let own = Some(old.identity.id);
    checked_name(tx, old.organization_id, &changed.name, own)?;
    if let Some(service) = &changed.service {
        checked_service(tx, service, own)?;
    }
    Ok(changed)
}

fn url_of(text: &str, faults: &mut Vec<Violation>) -> Option<RegistryUrl> {
    let wrong = |rule| faults.push(Violation::new("url", Rule::Hosted(rule)));
    RegistryUrl::read(text).map_err(wrong).ok()
}

fn service_fault(name: &str) -> Option<Rule> {
    (!is_service_name(name)).then_some(Rule::Hosted(HostedRule::Service))
}

const fn limit_fault(limit: i64) -> Option<Rule> {
    if limit < 1 { Some(Rule::TooSmall { min: 1 }) } else { None }
}

/// A name of a token service that another registry has breaks the rule of uniqueness.
fn checked_service(tx: &ReadTx<'_>, service: &str, own: Option<i64>) -> Result<()> {
    match tx.registry_id_by_service(service)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid("service", Rule::NotUnique { kind: Kind::Registry }))
        }
        _ => Ok(()),
    }
}

/// A name that another registry of the organization has breaks the rule of uniqueness.
fn checked_name(tx: &ReadTx<'_>, organization_id: i64, name: &str, own: Option<i64>) -> Result<()> {
    match tx.registry_id_by_name(organization_id, name)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid("name", Rule::NotUnique { kind: Kind::Registry }))
        }
        _ => Ok(()),
    }
}

/// Removes a registry with its robots, and takes back that it uses a credential.
fn retire<'tx>(
    tx: &mut WriteTx<'tx>,
    actor: &Actor,
    permit: &Permit<'tx, proof::ManageRegistries>,
    registry: &Registry,
) -> Result<Vec<Entry>> {
    let entries = robot::retire_all(tx, actor, permit, registry)?;
    tx.delete_uses_by(Kind::Registry, registry.identity.id)?;
    tx.retire_registry(permit, registry, actor.user_id())?;
    Ok(entries)
}

/// The organizations whose registries the actor reads; none means all.
pub(crate) fn organizations(tx: &ReadTx<'_>, actor: &Actor) -> Result<Option<Vec<i64>>> {
    if actor.dialect() == Dialect::AppCatalog {
        let (permit, _) = tx.own_registry_organization::<proof::ReadRegistries>(actor)?;
        return Ok(Some(vec![permit.id()]));
    }
    let standing = tx.standing(actor)?;
    if standing.reads_everything() {
        return Ok(None);
    }
    let mut ids = standing.held_ids(ResourceKind::Organization);
    ids.retain(|id| {
        let held = standing.on(ResourceKind::Organization, *id);
        decide(&standing, Dialect::AppCatalog, Permission::ReadRegistries, held).is_yes()
    });
    Ok(Some(ids))
}

fn view(tx: &ReadTx<'_>, registry: Registry) -> Result<RegistryView> {
    let views = views(tx, vec![registry])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn views(tx: &ReadTx<'_>, registries: Vec<Registry>) -> Result<Vec<RegistryView>> {
    let remover = |registry: &Registry| registry.removed.and_then(|(_, by)| by);
    let changer = |registry: &Registry| registry.stamp.modified_by;
    let people =
        registries.iter().flat_map(|one| [one.stamp.created_by, changer(one), remover(one)]);
    let names = tx.usernames_ever(people)?;
    let name = |id: Option<i64>| id.and_then(|id| names.get(&id)).cloned();
    let view = |registry: Registry| {
        Ok(RegistryView {
            unhealthy: private::health(tx, &registry)?,
            checked: tx.now(),
            created_by: name(registry.stamp.created_by),
            updated_by: name(changer(&registry)),
            removed_by: name(remover(&registry)),
            registry,
        })
    };
    registries.into_iter().map(view).collect()
}

fn entry_of(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, registry: &Registry) -> Entry {
    let mut entry = actor.entry(tx.now(), operation, touched(registry));
    entry.organization_id = Some(registry.organization_id);
    entry
}

/// The registry as an entry names it.
pub(crate) fn touched(registry: &Registry) -> Touched {
    Touched { kind: Kind::Registry, id: registry.identity.id, name: registry.name.clone() }
}

/// The members of a registry that its entries tell.
fn told(registry: &Registry) -> Vec<(&'static str, Value)> {
    let common = [("name", json!(registry.name)), ("url", json!(registry.url))];
    let own = match registry.hosted {
        true => [
            ("service", json!(registry.service)),
            ("credentials_limit", json!(registry.credentials_limit)),
        ],
        false => {
            [("description", json!(registry.description)), ("provider", json!(registry.provider))]
        }
    };
    common.into_iter().chain(own).collect()
}

/// The product of the Catalog's list that is nearest to a registry with robot users and a token server.
const HOSTED_PROVIDER: &str = "HARBOR";
