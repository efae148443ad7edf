//! Making credentials, from nothing or from another.

use std::collections::BTreeMap;

use strongroom_core::access::position::{CREDENTIAL_OF_ORGANIZATION, CREDENTIAL_OF_TEAM};
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::credential_type::{CheckedInputs, CredentialType, SecretChange, check_inputs};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::RoleOn;
use strongroom_core::{Error, Result};

use super::values::{check_name, drafted_type, present_type, typist, unknown};
use super::{CredentialDraft, OwnerDoor};
use crate::actor::Actor;
use crate::audit::{changed, created};
use crate::store::{
    Audited, CredentialRow, Holder, NewCredential, NewGrant, ReadTx, RolesAndGrants, WriteTx, proof,
};
use crate::view::CredentialView;
use crate::{Strongroom, draw_identity, input_source};

impl Strongroom {
    /// Makes a credential for exactly one owner, who gets its admin role.
    ///
    /// `Forbidden` comes before any fault of the fields, except for a system administrator, who may do it all.
    pub async fn create_credential(
        &self,
        actor: &Actor,
        door: OwnerDoor,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        let (room, by) = (self.clone(), actor.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let (view, entry) =
                room.insert_drafted(tx, &by, &door, draft.clone(), (guid, short_id))?;
            Ok(Audited::new(view, entry))
        })
        .await
    }

    /// Checks a draft and makes the credential; gives the entry that tells of it, too.
    ///
    /// Whoever makes one for somebody else sees it this once, whether or not he may read it later.
    pub(crate) fn insert_drafted(
        &self,
        tx: &mut WriteTx<'_>,
        by: &Actor,
        door: &OwnerDoor,
        draft: CredentialDraft,
        identity: (Guid, ShortId),
    ) -> Result<(CredentialView, Entry)> {
        let draft = through_door(door, draft);
        check_right(tx, by, door, &draft)?;
        let wanted = check_fields(tx, draft, *door == OwnerDoor::Attached)?;
        if let Some(team) = wanted.team_id
            && *door != OwnerDoor::Body
        {
            // The path's team brings its organization, which AWX checks once more.
            let organization =
                Ref::Serial(tx.team::<proof::Read>(by, &Ref::Serial(team))?.1.organization_id);
            tx.organization::<proof::CreateCredentials>(by, &organization)?;
        }
        let made = self.insert_checked(tx, by, &wanted, identity, typist(by))?;
        let (row, on_it) = give_to_owner(tx, by, made, &wanted, *door == OwnerDoor::Body)?;
        let entry = created(tx, by, &row);
        Ok((tx.credential_view_among(by, row, on_it)?, entry))
    }

    /// Copies a credential with its secrets under another name; versions and references stay behind.
    pub async fn copy_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        name: Member<String>,
    ) -> Result<CredentialView> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let (_, original) = tx.credential::<proof::Copy>(&by, &reference)?;
            let original = original.credential;
            let credential_type = present_type(tx, &original)?;
            if credential_type.is_robot() {
                return Err(Error::forbidden());
            }
            let mut faults = Vec::new();
            let name = name.clone().require("name", &mut faults);
            faultless(faults)?;
            let name = name.unwrap_or_default();
            if name == original.name {
                return Err(Error::invalid(FieldPath::Whole, Rule::CopyName { original: name }));
            }
            let mut secrets = BTreeMap::new();
            for field in original.secrets.keys() {
                if let Some(text) = room.open_present(tx, &original, field)? {
                    secrets.insert(field.clone(), SecretChange::Set(text));
                }
            }
            let wanted = Wanted {
                name,
                description: original.description.clone(),
                type_id: original.credential_type_id,
                inputs: CheckedInputs { plain: original.inputs.clone(), secrets },
                organization_id: original.organization_id,
                team_id: None,
                owner_id: None,
            };
            check_name(tx, wanted.organization_id, &wanted.name, wanted.type_id, None)?;
            let made = room.insert_checked(tx, &by, &wanted, (guid, short_id), None)?;
            let (row, on_it) = give_to_owner(tx, &by, made, &wanted, true)?;
            let id = row.credential.identity.id;
            let mut entry = created(tx, &by, &row);
            let from = original.identity.id;
            entry.objects.push(Touched { kind: Kind::Credential, id: from, name: original.name });
            "copied".clone_into(&mut entry.reason);
            let mut entries = vec![entry];
            entries.extend(input_source::copy_all(tx, &by, from, id)?);
            Ok(Audited::with_all(tx.credential_view_among(&by, row, on_it)?, entries))
        })
        .await
    }

    /// Writes a new credential; its id and its roles, which nobody has yet.
    fn insert_checked(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        wanted: &Wanted,
        (guid, short_id): (Guid, ShortId),
        typed_by: Option<i64>,
    ) -> Result<(i64, Vec<RoleOn>)> {
        let sealing = self.seal_checked(&guid, 1, &wanted.inputs, &BTreeMap::new(), typed_by)?;
        let id = tx.insert_credential(&NewCredential {
            guid,
            short_id,
            name: &wanted.name,
            named: true,
            description: &wanted.description,
            organization_id: wanted.organization_id,
            credential_type_id: wanted.type_id,
            managed: false,
            born_in: actor.dialect(),
            inputs: &wanted.inputs.plain,
            secrets: &sealing.secrets,
            by: actor.user_id(),
        })?;
        for input in &sealing.sealed {
            tx.insert_sealed(id, 1, input)?;
        }
        Ok((id, tx.create_roles(ResourceKind::Credential, id)?))
    }
}

/// A new credential whose every rule is kept.
struct Wanted {
    name: String,
    description: String,
    type_id: i64,
    inputs: CheckedInputs,
    organization_id: Option<i64>,
    team_id: Option<i64>,
    owner_id: Option<i64>,
}

/// The draft with the owner that its path names; owners in the body then do not count.
fn through_door(door: &OwnerDoor, draft: CredentialDraft) -> CredentialDraft {
    let owned =
        |user, team, organization| CredentialDraft { organization, team, user, ..draft.clone() };
    let named = |reference: &Ref| Member::Given(Some(reference.clone()));
    match door {
        OwnerDoor::Body => draft,
        OwnerDoor::Attached => {
            let organization = draft.organization.clone();
            owned(Member::Absent, Member::Absent, organization)
        }
        OwnerDoor::User(user) => owned(named(user), Member::Absent, Member::Absent),
        OwnerDoor::Team(team) => owned(Member::Absent, named(team), Member::Absent),
        OwnerDoor::Organization(of) => owned(Member::Absent, Member::Absent, named(of)),
    }
}

/// Whether the actor may make what the raw request asks for, before any of its fields is looked at.
fn check_right(
    tx: &ReadTx<'_>,
    actor: &Actor,
    door: &OwnerDoor,
    draft: &CredentialDraft,
) -> Result<()> {
    if tx.standing(actor)?.is_superuser {
        return Ok(());
    }
    if *door == OwnerDoor::Body && draft.is_empty() {
        return Ok(());
    }
    let in_path = !matches!(door, OwnerDoor::Body | OwnerDoor::Attached);
    let mut named = false;
    if let Some(user) = related("user", &draft.user)? {
        named = true;
        let allowed = tx.user_to_change(actor, user).map(|_| ());
        of_body(in_path, Kind::User, allowed)?;
    }
    if let Some(team) = related("team", &draft.team)? {
        named = true;
        let allowed = tx.team::<proof::CreateCredentials>(actor, team).map(|_| ());
        of_body(in_path, Kind::Team, allowed)?;
    }
    if let Some(organization) = related("organization", &draft.organization)? {
        named = true;
        let allowed = tx.organization::<proof::CreateCredentials>(actor, organization).map(|_| ());
        of_body(in_path, Kind::Organization, allowed)?;
    }
    if named { Ok(()) } else { Err(Error::forbidden()) }
}

/// The object that a member names, where one is named by an id.
fn related<'a>(member: &'static str, draft: &'a Member<Option<Ref>>) -> Result<Option<&'a Ref>> {
    match draft {
        Member::Absent | Member::Given(None) => Ok(None),
        Member::Given(Some(reference)) => Ok(Some(reference)),
        Member::Bad(_) => Err(Error::invalid(FieldPath::Whole, Rule::NotARelatedObject { member })),
    }
}

/// What is missing in a path is not found; what a body names is a fault of the request.
pub(crate) fn of_body(in_path: bool, kind: Kind, allowed: Result<()>) -> Result<()> {
    match allowed {
        Err(Error::NotFound(_)) if !in_path => {
            Err(Error::invalid(FieldPath::Whole, Rule::NoSuchObject { kind }))
        }
        other => other,
    }
}

/// Every rule of the fields: all faults of single fields at once, then those of the whole.
fn check_fields(tx: &ReadTx<'_>, draft: CredentialDraft, may_be_unowned: bool) -> Result<Wanted> {
    let mut faults = Vec::new();
    let name = draft.name.require("name", &mut faults);
    let description = draft.description.take("description", &mut faults).unwrap_or_default();
    let credential_type = match draft.credential_type.require("credential_type", &mut faults) {
        Some(reference) => drafted_type(tx, &reference, &mut faults)?,
        None => None,
    };
    let inputs = draft.inputs.take("inputs", &mut faults).unwrap_or_default();
    let user = existing(tx, "user", draft.user, &mut faults)?;
    let team = existing(tx, "team", draft.team, &mut faults)?;
    let organization = existing(tx, "organization", draft.organization, &mut faults)?;
    faultless(faults)?;
    let (Some(name), Some((type_id, credential_type))) = (name, credential_type) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    if !may_be_unowned || organization.is_some() || credential_type.kind == "galaxy" {
        check_owner(&credential_type, user, team, organization)?;
    }
    if credential_type.is_robot() {
        // The password of a robot exists only as a hash, which nobody can type.
        return Err(Error::invalid(
            "credential_type",
            Rule::NotAChoice { given: type_id.to_string() },
        ));
    }
    let inputs =
        check_inputs(&credential_type, &inputs, None, draft.mask).map_err(Error::Invalid)?;
    let organization_id = match team {
        Some(team) => Some(tx.team_organization(team)?),
        None => organization,
    };
    check_name(tx, organization_id, &name, type_id, None)?;
    Ok(Wanted {
        name,
        description,
        type_id,
        inputs,
        organization_id,
        team_id: team,
        owner_id: user,
    })
}

fn check_owner(
    credential_type: &CredentialType,
    user: Option<i64>,
    team: Option<i64>,
    organization: Option<i64>,
) -> Result<()> {
    let mut given = Vec::new();
    for (member, owner) in [("organization", organization), ("team", team), ("user", user)] {
        given.extend(owner.map(|_| member));
    }
    let rule = match given.len() {
        0 => Rule::OwnerMissing,
        1 => {
            if credential_type.kind == "galaxy" && organization.is_none() {
                return Err(Error::invalid("organization", Rule::GalaxyOwner));
            }
            return Ok(());
        }
        _ => Rule::OwnerAmbiguous { given },
    };
    Err(Error::invalid(FieldPath::Whole, rule))
}

/// The id of the object that a member names; one that does not exist is a fault.
pub(super) fn existing(
    tx: &ReadTx<'_>,
    member: &'static str,
    draft: Member<Option<Ref>>,
    faults: &mut Vec<Violation>,
) -> Result<Option<i64>> {
    let Some(Some(reference)) = draft.take(member, faults) else { return Ok(None) };
    let kind = match member {
        "user" => Kind::User,
        "team" => Kind::Team,
        _ => Kind::Organization,
    };
    let found = tx.id_of(kind, &reference)?;
    if found.is_none() {
        faults.push(Violation::new(member, unknown(&reference)));
    }
    Ok(found)
}

/// Gives the roles that the owner has, and the maker what he would lack; what was made, with all that.
fn give_to_owner(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    (id, roles): (i64, Vec<RoleOn>),
    wanted: &Wanted,
    maker_too: bool,
) -> Result<(CredentialRow, RolesAndGrants)> {
    let by = actor.user_id();
    if let Some(organization) = wanted.organization_id {
        tx.insert_positions(CREDENTIAL_OF_ORGANIZATION, &roles, organization, by)?;
    }
    if let Some(team) = wanted.team_id {
        tx.insert_positions(CREDENTIAL_OF_TEAM, &roles, team, by)?;
    }
    if let Some(owner) = wanted.owner_id
        && !tx.standing_of(owner)?.is_superuser
    {
        give_admin(tx, actor, id, owner)?;
    }
    let row = tx.credential_row_after_insert(id)?;
    let on_it = tx.roles_and_grants(ResourceKind::Credential, &[id])?;
    let Some(maker) = by.filter(|_| maker_too) else { return Ok((row, on_it)) };
    let may = tx.capabilities_among(actor, std::slice::from_ref(&row), &on_it.grants)?;
    if may.get(&id).is_some_and(|may| may.edit) {
        return Ok((row, on_it));
    }
    give_admin(tx, actor, id, maker)?;
    Ok((row, tx.roles_and_grants(ResourceKind::Credential, &[id])?))
}

fn give_admin(tx: &mut WriteTx<'_>, actor: &Actor, id: i64, user_id: i64) -> Result<()> {
    tx.insert_grant(&NewGrant {
        role: tx.role_on(Role::CredentialAdmin, id)?,
        holder: Holder::User(user_id),
        dialect: actor.dialect(),
        by_position: false,
        by: actor.user_id(),
    })?;
    Ok(())
}

/// The entry of a change of one credential.
pub(super) fn entry_of(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    id: i64,
    name: &str,
) -> Entry {
    changed(tx, actor, operation, Touched { kind: Kind::Credential, id, name: name.to_owned() })
}
