//! Grants as the native API gives them: any role by its word, to a user or a team.

use strongroom_core::access::{Dialect, Permission, ResourceKind, Role, decide};
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, RoleRefusal, Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::RoleOn;
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::credential::unknown;
use crate::role::grant_entry;
use crate::store::{Audited, GrantRow, Holder, NewGrant, ReadTx, permitted, proof};

/// What a request asks of a grant.
#[derive(Debug, Clone, Default)]
pub struct GrantDraft {
    /// The word of the role.
    pub role: Member<String>,
    /// The user who gets it, when no team does.
    pub user: Member<Option<Ref>>,
    /// The team whose members get it, when no user does.
    pub team: Member<Option<Ref>>,
}

/// A grant as the native API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    /// Its integer id.
    pub id: i64,
    /// Its UUID.
    pub guid: Guid,
    /// The word of the role.
    pub role: String,
    /// The user who holds it.
    pub user_id: Option<i64>,
    /// The role whose holders hold it: word, kind of object and id.
    pub group: Option<(String, ResourceKind, i64)>,
    /// The dialect that gave it.
    pub dialect: Dialect,
    /// Written because of a position rather than given.
    pub by_position: bool,
    /// Since when.
    pub valid_from: Timestamp,
    /// Who gave it.
    pub granted_by: Option<i64>,
}

impl Strongroom {
    /// The grants on an object that the caller may read, in the order they were made.
    pub async fn list_grants(
        &self,
        actor: &Actor,
        kind: ResourceKind,
        of: &Ref,
    ) -> Result<Vec<GrantView>> {
        let (actor, of) = (actor.clone(), of.clone());
        self.read(move |tx| {
            let id = tx.resource_to_read(&actor, kind, &of)?;
            let mut rows = tx.grants_on(kind, &[id])?;
            rows.sort_unstable_by_key(|row| row.id);
            rows.iter().map(|row| view(tx, row)).collect()
        })
        .await
    }

    /// Gives a role by its word to a user or a team's members. The same again is found, not made.
    ///
    /// Roles are given by who may grant on the object; *checkout* only by who holds checkout there too, or a
    /// system administrator.
    pub async fn create_grant(
        &self,
        actor: &Actor,
        kind: ResourceKind,
        of: &Ref,
        draft: GrantDraft,
    ) -> Result<GrantView> {
        let (by, of) = (actor.clone(), of.clone());
        self.write(actor, move |tx| {
            let (id, owner) = grantable(tx, &by, kind, &of)?;
            let (role, holder, touched) = checked(tx, &by, kind, id, draft.clone())?;
            if role.role.word() == "checkout" && !may_give_checkout(tx, &by, role)? {
                return Err(Error::forbidden());
            }
            if kind == ResourceKind::Credential {
                check_outside(tx, &by, owner, role.role, holder)?;
            }
            let new = NewGrant {
                role,
                holder,
                dialect: by.dialect(),
                by_position: false,
                by: by.user_id(),
            };
            let changed = tx.insert_grant(&new)?;
            let given =
                tx.grants_of(role.id, holder)?.into_iter().find(|row| row.dialect == by.dialect());
            let given =
                given.ok_or_else(|| Error::internal("a grant that was given is missing"))?;
            let view = view(tx, &given)?;
            if !changed {
                return Ok(Audited::unchanged(view));
            }
            let to_self = holder == Holder::User(by.user_id().unwrap_or_default());
            let mut entry = grant_entry(tx, &by, Operation::Associate, role, touched)?;
            if to_self && role.role.word() == "checkout" {
                "checkout.self_granted".clone_into(&mut entry.reason);
            }
            Ok(Audited::new(view, entry))
        })
        .await
    }

    /// Takes a grant away that was given by name; what a position wrote stays with the position.
    pub async fn delete_grant(
        &self,
        actor: &Actor,
        kind: ResourceKind,
        of: &Ref,
        grant: &Ref,
    ) -> Result<()> {
        let (by, of, wanted) = (actor.clone(), of.clone(), grant.clone());
        self.write(actor, move |tx| {
            let (id, _) = grantable(tx, &by, kind, &of)?;
            let rows = tx.grants_on(kind, &[id])?;
            let found = rows.into_iter().find(|row| match &wanted {
                Ref::Serial(id) => row.id == *id,
                Ref::Guid(guid) => row.guid == *guid,
                Ref::Short(_) => false,
            });
            let row = found.ok_or(Error::NotFound(Kind::Grant))?;
            if row.by_position {
                return Err(Error::forbidden());
            }
            tx.end_grant_row(row.id, by.user_id())?;
            let touched = holder_touched(tx, row.holder)?;
            Ok(Audited::new((), grant_entry(tx, &by, Operation::Disassociate, row.role, touched)?))
        })
        .await
    }
}

/// The object, when the actor may grant on it, and the organization that owns it.
fn grantable(
    tx: &ReadTx<'_>,
    actor: &Actor,
    kind: ResourceKind,
    of: &Ref,
) -> Result<(i64, Option<i64>)> {
    Ok(match kind {
        ResourceKind::Organization => {
            let id = tx.organization::<proof::Grant>(actor, of)?.0.id();
            (id, Some(id))
        }
        ResourceKind::Team => {
            let (permit, team) = tx.team::<proof::Grant>(actor, of)?;
            // The team's own administrator gives membership in AWX; native roles are the organization's.
            let owner = Ref::Serial(team.organization_id);
            if !permitted(tx.organization::<proof::Grant>(actor, &owner))? {
                return Err(Error::forbidden());
            }
            (permit.id(), Some(team.organization_id))
        }
        ResourceKind::Credential => {
            let (permit, row) = tx.credential::<proof::Grant>(actor, of)?;
            (permit.id(), row.credential.organization_id)
        }
        _ => return Err(Error::NotFound(Kind::Grant)),
    })
}

fn checked(
    tx: &ReadTx<'_>,
    actor: &Actor,
    kind: ResourceKind,
    id: i64,
    draft: GrantDraft,
) -> Result<(RoleOn, Holder, Touched)> {
    let mut faults: Vec<Violation> = Vec::new();
    let role = draft.role.require("role", &mut faults).and_then(|word| {
        let role = GIVEN
            .iter()
            .find(|(on, known, _)| *on == kind && *known == word)
            .map(|(.., role)| *role);
        if role.is_none() {
            faults.push(Violation::new("role", Rule::NotARole { given: word }));
        }
        role
    });
    let user = draft.user.take("user", &mut faults).flatten();
    let team = draft.team.take("team", &mut faults).flatten();
    let holder = match (user, team) {
        (Some(user), None) => match tx.user_to_read(actor, &user) {
            Ok((permit, row)) => {
                let touched = Touched { kind: Kind::User, id: permit.id(), name: row.username };
                Some((Holder::User(permit.id()), touched))
            }
            Err(Error::NotFound(_)) => {
                faults.push(Violation::new("user", unknown(&user)));
                None
            }
            Err(error) => return Err(error),
        },
        (None, Some(team)) => match tx.team::<proof::Read>(actor, &team) {
            Ok((permit, row)) => {
                let members = tx.role_on(Role::TeamMember, permit.id())?;
                let touched = Touched { kind: Kind::Team, id: permit.id(), name: row.name };
                Some((Holder::Group(members.id), touched))
            }
            Err(Error::NotFound(_) | Error::Hidden(_)) => {
                faults.push(Violation::new("team", unknown(&team)));
                None
            }
            Err(error) => return Err(error),
        },
        (None, None) => {
            faults.push(Violation::new(FieldPath::Whole, Rule::OwnerMissing));
            None
        }
        (Some(_), Some(_)) => {
            let given = vec!["team", "user"];
            faults.push(Violation::new(FieldPath::Whole, Rule::OwnerAmbiguous { given }));
            None
        }
    };
    faultless(faults)?;
    let (Some(role), Some((holder, touched))) = (role, holder) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    Ok((tx.role_on(role, id)?, holder, touched))
}

/// Checkout is given by a system administrator, or by who holds checkout there besides grant.
fn may_give_checkout(tx: &ReadTx<'_>, actor: &Actor, role: RoleOn) -> Result<bool> {
    let standing = tx.standing(actor)?;
    if standing.is_superuser || standing.holds(role.role, role.resource_id) {
        return Ok(true);
    }
    if role.role != Role::CredentialCheckout {
        return Ok(false);
    }
    let id = role.resource_id;
    let held = tx.holdings_on(&standing, ResourceKind::Credential, &[id])?;
    let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
    Ok(decide(&standing, actor.dialect(), Permission::Checkout, held).is_yes())
}

/// A role on a credential stays within the organization that owns it, unless that shares them.
///
/// AWX's own roles are for members of the organization there; checkout for whoever belongs to it in any dialect.
fn check_outside(
    tx: &ReadTx<'_>,
    actor: &Actor,
    owner: Option<i64>,
    role: Role,
    holder: Holder,
) -> Result<()> {
    let refused = |refusal| Err(Error::invalid(FieldPath::Whole, Rule::Role(refusal)));
    let Some(owner) = owner else {
        return match holder {
            Holder::Group(_) => refused(RoleRefusal::TeamOutsideOrganization),
            Holder::User(id) if Some(id) == actor.user_id() || tx.standing(actor)?.is_superuser => {
                Ok(())
            }
            Holder::User(_) => refused(RoleRefusal::PrivateCredential),
        };
    };
    if tx.shares_across_organizations(owner)? {
        return Ok(());
    }
    match holder {
        Holder::Group(role) => {
            let team = team_of(tx, role)?;
            let teams = tx.teams_by_id(team.as_slice())?;
            let inside = teams.iter().all(|team| team.organization_id == owner);
            if inside { Ok(()) } else { refused(RoleRefusal::TeamOutsideOrganization) }
        }
        Holder::User(id) => {
            let theirs = tx.standing_of(id)?;
            let inside = match role {
                Role::CredentialCheckout => theirs.belongs_to(owner),
                _ => theirs.holds(Role::OrganizationMember, owner),
            };
            let inside = inside || theirs.is_superuser;
            if inside { Ok(()) } else { refused(RoleRefusal::UserOutsideOrganization) }
        }
    }
}

fn view(tx: &ReadTx<'_>, row: &GrantRow) -> Result<GrantView> {
    let (user_id, group) = match row.holder {
        Holder::User(id) => (Some(id), None),
        Holder::Group(id) => (None, tx.role_by_id(id)?),
    };
    let word = GIVEN.iter().find(|(.., role)| *role == row.role.role).map(|(_, word, _)| *word);
    Ok(GrantView {
        id: row.id,
        guid: row.guid,
        role: word.unwrap_or_else(|| row.role.role.word()).to_owned(),
        user_id,
        group: group.map(|role| (role.role.word().to_owned(), role.role.kind(), role.resource_id)),
        dialect: row.dialect,
        by_position: row.by_position,
        valid_from: row.valid_from,
        granted_by: row.granted_by,
    })
}

fn holder_touched(tx: &ReadTx<'_>, holder: Holder) -> Result<Touched> {
    let (kind, id) = match holder {
        Holder::User(id) => (Kind::User, id),
        Holder::Group(role) => (Kind::Team, team_of(tx, role)?.unwrap_or_default()),
    };
    let name = tx.names(kind, &[id])?.into_iter().next().map(|(_, name)| name);
    Ok(Touched { kind, id, name: name.unwrap_or_default() })
}

/// The team that a role stands on, if it stands on one.
fn team_of(tx: &ReadTx<'_>, role_id: i64) -> Result<Option<i64>> {
    let roles = tx.roles_by_id(&[role_id])?;
    let on_team = roles.into_iter().find(|role| role.role.kind() == ResourceKind::Team);
    Ok(on_team.map(|role| role.resource_id))
}

/// The roles that the native API gives, by the word it uses on each kind of object.
const GIVEN: &[(ResourceKind, &str, Role)] = &[
    (ResourceKind::Credential, "checkout", Role::CredentialCheckout),
    (ResourceKind::Credential, "admin", Role::CredentialAdmin),
    (ResourceKind::Credential, "use", Role::CredentialUse),
    (ResourceKind::Credential, "read", Role::CredentialRead),
    (ResourceKind::Organization, "checkout", Role::OrganizationCheckout),
    (ResourceKind::Organization, "probely_member", Role::ProbelyMember),
    (ResourceKind::Organization, "probely_manage_credentials", Role::ProbelyManageCredentials),
    (ResourceKind::Organization, "probely_audit_log", Role::ProbelyAuditLog),
    (ResourceKind::Organization, "catalog_member", Role::CatalogMember),
    (ResourceKind::Organization, "catalog_registry_admin", Role::CatalogRegistryAdmin),
    (ResourceKind::Team, "checkout", Role::TeamCheckout),
    (ResourceKind::Team, "probely_manage_credentials", Role::TeamProbelyManageCredentials),
];
