//! Registry credentials: made, listed, read, changed, deleted through their placements.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use strongroom_core::audit::{Change, Entry, Operation};
use strongroom_core::credential_type::{CheckedInputs, SecretChange};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, Violation};
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::platform::{MetadataPatch, PlatformRule};
use strongroom_core::record::{Credential, Placement, PlacementScope};
use strongroom_core::registry::Location;
use strongroom_core::{Error, Result};

use super::page::page;
use super::query::PlatformQuery;
use super::{patched, platform_rule, within_reach};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{HIDDEN, differences, gone, made};
use crate::credential::{Born, Deleted};
use crate::placement::{entry_of, members, remove, uses_that_go};
use crate::store::{Audited, NewPlacement, Permit, ReadTx, WriteTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

/// What a request asks of a registry credential.
#[derive(Debug, Clone, Default)]
pub struct RegistryCredentialDraft {
    /// Where the registry is; only when it is made.
    pub location: Member<Location>,
    /// The user name.
    pub username: Member<String>,
    /// The password.
    pub password: Member<SecretString>,
    /// Who owns it; absent means the whole foundation. Only when it is made.
    pub owner: Member<PlatformOwner>,
    /// Labels and annotations.
    pub metadata: Member<MetadataPatch>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

/// The object of the platform that owns something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformOwner {
    /// An organization.
    Organization(Guid),
    /// A space.
    Space(Guid),
    /// An app.
    App(Guid),
}

/// Where a registry credential stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedIn {
    /// In the whole foundation.
    Foundation,
    /// In an organization.
    Organization(Guid),
    /// In a space.
    Space(Guid),
    /// In an app.
    App(Guid),
}

/// A registry credential as the platform shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryCredentialView {
    /// Its placement: identity, times, location, metadata.
    pub placement: Placement,
    /// The user name.
    pub username: String,
    /// Where it stands.
    pub placed_in: PlacedIn,
}

impl Strongroom {
    /// A page of the registry credentials that the caller may read.
    pub async fn list_registry_credentials(
        &self,
        actor: &Actor,
        query: PlatformQuery,
    ) -> Result<Page<RegistryCredentialView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let load =
                |ids: &[i64]| Ok(in_order(ids, tx.placements_by_id(ids)?, |row| row.identity.id));
            let keep = |row: &Placement| query.labels.matches(&row.metadata);
            let found = page(tx, &actor, Kind::Placement, &query, load, keep)?;
            Ok(Page { items: views(tx, found.items)?, total: found.total })
        })
        .await
    }

    /// One registry credential.
    pub async fn read_registry_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<RegistryCredentialView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| view(tx, tx.placement::<proof::Read>(&actor, &reference)?.1)).await
    }

    /// Makes a registry credential: a *Container Registry* credential and its placement.
    ///
    /// The faults of the members come first, then whether the owner is there for the caller, then whether he may
    /// write there, then whether the location is free.
    pub async fn create_registry_credential(
        &self,
        actor: &Actor,
        draft: RegistryCredentialDraft,
    ) -> Result<RegistryCredentialView> {
        let (room, by) = (self.clone(), actor.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let wanted = checked(draft.clone())?;
            let scope = owner_scope(tx, &by, wanted.owner)?;
            check_may_place(tx, &by, &scope)?;
            tx.check_scope_open(&by, &scope)?;
            if tx.placement_at(&scope, wanted.location.as_str())?.is_some() {
                let name = wanted.location.to_string();
                let taken = PlatformRule::Taken { kind: Kind::Placement, name };
                return Err(platform_rule("location", taken));
            }
            let (placement, entry) =
                room.insert_placed(tx, &by, (guid, short_id), scope, &wanted)?;
            Ok(Audited::new(view(tx, placement)?, entry))
        })
        .await
    }

    /// Changes user name, password or metadata. Members that are left out stay.
    pub async fn update_registry_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: RegistryCredentialDraft,
    ) -> Result<RegistryCredentialView> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.placement::<proof::Change>(&by, &reference)?;
            tx.check_scope_open(&by, &old.scope)?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let username = draft.username.take("username", &mut faults);
            let password = draft.password.take("password", &mut faults);
            let metadata = patched(draft.metadata, &old.metadata, &mut faults);
            faultless(faults)?;
            let (credential, mut changes) =
                room.change_placed(tx, &by, &permit, &old, (username, password))?;
            let mut new = Placement { metadata, ..old.clone() };
            changes.extend(differences(members(&old), members(&new)));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_placement(&permit, &new)?;
            let mut entry = entry_of(tx, &by, Operation::Update, &new, &credential)?;
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, new)?, entry))
        })
        .await
    }

    /// Takes a registry credential off the platform; made here and placed nowhere else, it is deleted.
    ///
    /// `CredentialInUse` when it would be deleted and its organization protects used ones.
    pub async fn delete_registry_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<Deleted> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, placement) = tx.placement::<proof::Delete>(&by, &reference)?;
            tx.check_scope_open(&by, &placement.scope)?;
            let uses = uses_that_go(tx, &placement)?;
            if !uses.is_empty() && tx.protects_used(tx.organization_of_scope(&placement.scope)?)? {
                return Err(Error::Conflict(Conflict::CredentialInUse(uses)));
            }
            let reason = permit.reason().to_string();
            let mut entries = remove(tx, &by, &placement)?;
            for entry in &mut entries {
                entry.reason.clone_from(&reason);
                entry.changes.extend(uses.iter().map(|count| {
                    gone("used_by", json!({"kind": count.kind, "count": count.count}))
                }));
            }
            Ok(Audited::with_all(Deleted { uses }, entries))
        })
        .await
    }
}

impl Strongroom {
    /// Makes a *Container Registry* credential with a placement of the same identity, and gives the entry that tells
    /// of it. Whether the caller may, and the location is free, was looked at before.
    pub(super) fn insert_placed(
        &self,
        tx: &mut WriteTx<'_>,
        by: &Actor,
        (guid, short_id): (Guid, ShortId),
        scope: PlacementScope,
        wanted: &Wanted,
    ) -> Result<(Placement, Entry)> {
        let location = wanted.location.as_str();
        let organization_id = match scope {
            PlacementScope::Organization(id) => Some(id),
            _ => None,
        };
        let credential_id = self.insert_born(
            tx,
            by,
            &Born {
                identity: (guid, short_id),
                name: &format!("{location} ({}) {short_id}", scope.word()),
                description: "",
                organization_id,
                namespace: NAMESPACE,
                inputs: &wanted.inputs(),
            },
        )?;
        let id = tx.insert_placement(&NewPlacement {
            guid,
            short_id,
            credential_id,
            scope,
            born_here: true,
            name: "",
            location: Some(location),
            is_sensitive: true,
            metadata: &wanted.metadata,
            expires: None,
            by: by.user_id(),
        })?;
        let placement = placement_of(tx, id)?;
        let credential = credential_of(tx, &placement)?;
        let mut entry = entry_of(tx, by, Operation::Create, &placement, &credential)?;
        let told = members(&placement);
        entry.changes = told.into_iter().map(|(member, value)| made(member, value)).collect();
        entry.changes.push(made("username", json!(wanted.username)));
        entry.changes.push(made("password", HIDDEN.into()));
        Ok((placement, entry))
    }

    /// Changes user name and password of the credential behind a placement, as far as they are given, and tells what
    /// changed. What a placement shows of its credential is written to each of them.
    pub(super) fn change_placed<'tx>(
        &self,
        tx: &mut WriteTx<'tx>,
        by: &Actor,
        permit: &Permit<'tx, proof::Change>,
        placement: &Placement,
        (username, password): (Option<String>, Option<SecretString>),
    ) -> Result<(Credential, Vec<Change>)> {
        let credential = credential_of(tx, placement)?;
        let present = username_of(&credential);
        let username = username.filter(|name| *name != present);
        let mut changes = Vec::new();
        if let Some(name) = &username {
            let (old, new) = (Some(json!(present)), Some(json!(name)));
            changes.push(Change { member: "username", old, new });
        }
        if password.is_some() {
            let hidden = || Some(HIDDEN.into());
            changes.push(Change { member: "password", old: hidden(), new: hidden() });
        }
        if changes.is_empty() {
            return Ok((credential, changes));
        }
        let (permit, row) = tx.credential_behind(by, permit, placement)?;
        if row.credential.managed {
            return Err(Error::forbidden());
        }
        let inputs = replaced(&row.credential, username, password);
        let mut new = self.next_version(tx, by, &row.credential, &inputs)?;
        new.stamp.modified = tx.now();
        new.stamp.modified_by = by.user_id();
        tx.save_credential(&permit, &new, true)?;
        // Wherever else it stands on the platform, it shows the change too.
        for other in tx.placements_of(new.identity.id)? {
            if let Some(location) = &other.location {
                tx.relocate_placement(other.identity.id, location)?;
            }
        }
        Ok((credential, changes))
    }
}

/// A new registry credential whose members keep every rule.
pub(super) struct Wanted {
    pub(super) location: Location,
    pub(super) username: String,
    pub(super) password: SecretString,
    pub(super) owner: Option<PlatformOwner>,
    pub(super) metadata: Map<String, Value>,
}

impl Wanted {
    fn inputs(&self) -> CheckedInputs {
        CheckedInputs {
            plain: Map::from_iter([
                ("host".to_owned(), json!(self.location.as_str())),
                ("username".to_owned(), json!(self.username)),
            ]),
            secrets: BTreeMap::from([(
                "password".to_owned(),
                SecretChange::Set(self.password.clone()),
            )]),
        }
    }
}

fn checked(draft: RegistryCredentialDraft) -> Result<Wanted> {
    let mut faults = draft.faults;
    let location = draft.location.require("location", &mut faults);
    let username = draft.username.require("username", &mut faults);
    let password = draft.password.require("password", &mut faults);
    let owner = draft.owner.take("relationships", &mut faults);
    let metadata = patched(draft.metadata, &Map::new(), &mut faults);
    faultless(faults)?;
    match (location, username, password) {
        (Some(location), Some(username), Some(password)) => {
            Ok(Wanted { location, username, password, owner, metadata })
        }
        _ => Err(Error::internal("a fault was not noticed")),
    }
}

/// The place that the request names, when it is there for the caller.
fn owner_scope(
    tx: &ReadTx<'_>,
    actor: &Actor,
    owner: Option<PlatformOwner>,
) -> Result<PlacementScope> {
    let member = "relationships";
    Ok(match owner {
        None => PlacementScope::Foundation,
        Some(PlatformOwner::Organization(guid)) => {
            let found = tx.organization::<proof::Read>(actor, &Ref::Guid(guid));
            PlacementScope::Organization(within_reach(member, found)?.0.id())
        }
        Some(PlatformOwner::Space(guid)) => {
            let found = tx.space::<proof::Read>(actor, &Ref::Guid(guid));
            PlacementScope::Space(within_reach(member, found)?.0.id())
        }
        Some(PlatformOwner::App(guid)) => {
            let found = tx.app::<proof::Read>(actor, &Ref::Guid(guid));
            PlacementScope::App(within_reach(member, found)?.0.id())
        }
    })
}

/// Whether the caller may place something there, who sees the place already.
fn check_may_place(tx: &ReadTx<'_>, actor: &Actor, scope: &PlacementScope) -> Result<()> {
    let space = |id| tx.space::<proof::ManagePlacements>(actor, &Ref::Serial(id)).map(|_| ());
    match *scope {
        PlacementScope::Foundation => tx.administrator(actor, Kind::Placement).map(|_| ()),
        PlacementScope::Organization(id) => {
            tx.organization::<proof::ManagePlacements>(actor, &Ref::Serial(id)).map(|_| ())
        }
        PlacementScope::Space(id) => space(id),
        PlacementScope::App(id) => space(tx.space_of_app(id)?),
        _ => Err(Error::internal("no place of the platform")),
    }
}

/// The inputs with user name or password replaced; what is left out stays.
fn replaced(
    credential: &Credential,
    username: Option<String>,
    password: Option<SecretString>,
) -> CheckedInputs {
    let mut inputs = CheckedInputs {
        plain: credential.inputs.clone(),
        secrets: credential.secrets.keys().map(|id| (id.clone(), SecretChange::Keep)).collect(),
    };
    if let Some(username) = username {
        inputs.plain.insert("username".to_owned(), json!(username));
    }
    if let Some(password) = password {
        inputs.secrets.insert("password".to_owned(), SecretChange::Set(password));
    }
    inputs
}

fn placement_of(tx: &ReadTx<'_>, id: i64) -> Result<Placement> {
    let found = tx.placements_by_id(&[id])?.into_iter().next();
    found.ok_or_else(|| Error::internal("a placement was expected"))
}

pub(super) fn credential_of(tx: &ReadTx<'_>, placement: &Placement) -> Result<Credential> {
    let row = tx.credential_rows(&[placement.credential_id])?.into_iter().next();
    Ok(row.ok_or_else(|| Error::internal("a placement without a credential"))?.credential)
}

pub(super) fn username_of(credential: &Credential) -> String {
    credential.inputs.get("username").and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn view(tx: &ReadTx<'_>, placement: Placement) -> Result<RegistryCredentialView> {
    let views = views(tx, vec![placement])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn views(tx: &ReadTx<'_>, placements: Vec<Placement>) -> Result<Vec<RegistryCredentialView>> {
    let (mut organizations, mut spaces, mut apps) = (Vec::new(), Vec::new(), Vec::new());
    for placement in &placements {
        match placement.scope {
            PlacementScope::Organization(id) => organizations.push(id),
            PlacementScope::Space(id) => spaces.push(id),
            PlacementScope::App(id) => apps.push(id),
            _ => {}
        }
    }
    let guids = |identities: Vec<strongroom_core::record::Identity>| -> BTreeMap<i64, Guid> {
        identities.into_iter().map(|identity| (identity.id, identity.guid)).collect()
    };
    let organizations = tx.organizations_by_id(&organizations)?;
    let organizations = guids(organizations.into_iter().map(|row| row.identity).collect());
    let spaces = guids(tx.spaces_by_id(&spaces)?.into_iter().map(|row| row.identity).collect());
    let apps = guids(tx.apps_by_id(&apps)?.into_iter().map(|row| row.identity).collect());
    let ids: Vec<i64> = placements.iter().map(|placement| placement.credential_id).collect();
    let mut usernames = BTreeMap::new();
    for chunk in ids.chunks(CREDENTIALS_AT_ONCE) {
        let rows = tx.credential_rows(chunk)?;
        usernames.extend(
            rows.into_iter().map(|row| (row.credential.identity.id, username_of(&row.credential))),
        );
    }
    let missing = || Error::internal("a placement without its owner");
    let of = |known: &BTreeMap<i64, Guid>, id: i64| known.get(&id).copied().ok_or_else(missing);
    let view = |placement: Placement| {
        Ok(RegistryCredentialView {
            placed_in: match placement.scope {
                PlacementScope::Foundation => PlacedIn::Foundation,
                PlacementScope::Organization(id) => PlacedIn::Organization(of(&organizations, id)?),
                PlacementScope::Space(id) => PlacedIn::Space(of(&spaces, id)?),
                PlacementScope::App(id) => PlacedIn::App(of(&apps, id)?),
                _ => return Err(missing()),
            },
            username: usernames.get(&placement.credential_id).cloned().unwrap_or_default(),
            placement,
        })
    };
    placements.into_iter().map(view).collect()
}

/// The managed type *Container Registry*.
const NAMESPACE: &str = "registry";
/// Credentials in one statement, below the parameter limits of both databases.
const CREDENTIALS_AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_the_member_that_breaks_it() {
        let Err(Error::Invalid(faults)) = checked(RegistryCredentialDraft::default()) else {
            panic!("an empty request is not valid");
        };
        let named: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        assert_eq!(named, ["location".into(), "username".into(), "password".into()]);
    }
}
