//! Roles of the platform: grants by name of its eight types on organizations and spaces.

use std::collections::BTreeMap;

use strongroom_core::access::{Dialect, ResourceKind, Role};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::Violation;
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::platform::PlatformRule;
use strongroom_core::record::{Organization, RoleOn, Space, User};
use strongroom_core::{Error, Result};

use super::job::JobStarted;
use super::page::page;
use super::query::PlatformQuery;
use super::space::SpaceView;
use super::{platform_rule, space, within_reach};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::role::grant_entry;
use crate::store::{Audited, Holder, NewGrant, ReadTx, RoleGrantRow, WriteTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

/// What a request asks of a role.
#[derive(Debug, Clone, Default)]
pub struct PlatformRoleDraft {
    /// Its type: one of the platform's roles on an organization or a space.
    pub role: Member<Role>,
    /// Who gets it.
    pub user: Member<PlatformUser>,
    /// On what.
    pub on: Member<PlatformRoleOn>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

/// A user as a request names him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformUser {
    /// By guid, among those whom the caller may see.
    Guid(Guid),
    /// By name, among all.
    Name {
        /// The user name.
        username: String,
        /// Where he is kept.
        origin: String,
    },
}

/// What a role stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformRoleOn {
    /// An organization.
    Organization(Guid),
    /// A space.
    Space(Guid),
}

/// A role that a user holds by name.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformRoleView {
    /// Its guid.
    pub guid: Guid,
    /// Its type.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Who holds it.
    pub user: User,
    /// The organization it stands on, when it stands on one.
    pub organization: Option<Organization>,
    /// The space it stands on, when it stands on one, with its organization.
    pub space: Option<SpaceView>,
}

/// The platform's roles, in the order of its documentation.
pub const PLATFORM_ROLES: [Role; 8] = [
    Role::CloudFoundryOrganizationUser,
    Role::CloudFoundryOrganizationAuditor,
    Role::CloudFoundryOrganizationManager,
    Role::CloudFoundryBillingManager,
    Role::SpaceAuditor,
    Role::SpaceDeveloper,
    Role::SpaceManager,
    Role::SpaceSupporter,
];

impl Strongroom {
    /// A page of the roles on organizations and spaces that the caller may read.
    pub async fn list_platform_roles(
        &self,
        actor: &Actor,
        query: PlatformQuery,
    ) -> Result<Page<PlatformRoleView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let load = |ids: &[i64]| Ok(in_order(ids, tx.role_grants_by_id(ids)?, |row| row.id));
            let found = page(tx, &actor, Kind::Grant, &query, load, |_| true)?;
            Ok(Page { items: views(tx, found.items)?, total: found.total })
        })
        .await
    }

    /// One role.
    pub async fn read_platform_role(&self, actor: &Actor, guid: Guid) -> Result<PlatformRoleView> {
        let actor = actor.clone();
        self.read(move |tx| view(tx, visible(tx, &actor, &guid)?.0)).await
    }

    /// Gives a role by name. Whoever gets one is known to the platform from then on.
    pub async fn create_platform_role(
        &self,
        actor: &Actor,
        draft: PlatformRoleDraft,
    ) -> Result<PlatformRoleView> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let (role, named, on) = checked(draft.clone())?;
            let place = place(tx, &by, on)?;
            check_may_give(tx, &by, &place)?;
            let user = user(tx, &by, &named)?;
            let user_id = user.identity.id;
            check_enrolment(tx, &by, &user, &place)?;
            let held = tx.platform_roles_of(user_id)?;
            if let Place::Space(space) = &place
                && !in_organization(tx, user_id, space.organization_id)?
            {
                return Err(platform_rule("user", PlatformRule::NoRoleInOrganization));
            }
            let role = tx.role_on(role, place.id())?;
            if held.contains(&role) {
                let on = place.name().to_owned();
                let rule = PlatformRule::RoleHeld { username: user.username, role: role.role, on };
                return Err(platform_rule("user", rule));
            }
            let (given, entry) = give(tx, &by, role, &user)?;
            tx.make_known(&by, user_id)?;
            tx.forget_standing();
            Ok(Audited::new(view(tx, given)?, entry))
        })
        .await
    }

    /// Takes a role away; tells the job that says so.
    pub async fn delete_platform_role(&self, actor: &Actor, guid: Guid) -> Result<JobStarted> {
        let by = actor.clone();
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            let (grant, role) = visible(tx, &by, &guid)?;
            let place = place_of(tx, &role)?;
            check_may_give(tx, &by, &place)?;
            if role.role == Role::CloudFoundryOrganizationUser {
                let spaces = tx.spaces_of(role.resource_id)?;
                let in_spaces = |held: &RoleOn| {
                    held.role.kind() == ResourceKind::Space
                        && spaces.iter().any(|space| space.identity.id == held.resource_id)
                };
                if tx.platform_roles_of(grant.user_id)?.iter().any(in_spaces) {
                    return Err(platform_rule("role", PlatformRule::RolesInSpaces));
                }
            }
            tx.end_grant_row(grant.id, by.user_id())?;
            let touched = touched_user(tx, grant.user_id)?;
            let entry = grant_entry(tx, &by, Operation::Disassociate, role, touched)?;
            tx.insert_job(&job, "role.delete", by.user_id(), &[])?;
            tx.forget_standing();
            Ok(Audited::new(JobStarted { guid: job, uses: Vec::new() }, entry))
        })
        .await
    }
}

/// An organization or space on which roles stand.
enum Place {
    Organization(Organization),
    Space(Space),
}

impl Place {
    const fn id(&self) -> i64 {
        match self {
            Self::Organization(organization) => organization.identity.id,
            Self::Space(space) => space.identity.id,
        }
    }

    const fn organization_id(&self) -> i64 {
        match self {
            Self::Organization(organization) => organization.identity.id,
            Self::Space(space) => space.organization_id,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Organization(organization) => &organization.name,
            Self::Space(space) => &space.name,
        }
    }
}

fn checked(draft: PlatformRoleDraft) -> Result<(Role, PlatformUser, PlatformRoleOn)> {
    let mut faults = draft.faults;
    let role = draft.role.require("type", &mut faults);
    let user = draft.user.require("user", &mut faults);
    let on = draft.on.require("relationships", &mut faults);
    faultless(faults)?;
    match (role, user, on) {
        (Some(role), Some(user), Some(on)) => Ok((role, user, on)),
        _ => Err(Error::internal("a fault was not noticed")),
    }
}

/// What the request names, when it is there for the caller.
fn place(tx: &ReadTx<'_>, actor: &Actor, on: PlatformRoleOn) -> Result<Place> {
    Ok(match on {
        PlatformRoleOn::Organization(guid) => {
            let found = tx.organization::<proof::Read>(actor, &Ref::Guid(guid));
            Place::Organization(within_reach("organization", found)?.1)
        }
        PlatformRoleOn::Space(guid) => {
            let found = tx.space::<proof::Read>(actor, &Ref::Guid(guid));
            Place::Space(within_reach("space", found)?.1)
        }
    })
}

fn place_of(tx: &ReadTx<'_>, role: &RoleOn) -> Result<Place> {
    let missing = || Error::internal("a role on nothing");
    if role.role.kind() == ResourceKind::Space {
        let found = tx.spaces_by_id(&[role.resource_id])?.into_iter().next();
        return found.map(Place::Space).ok_or_else(missing);
    }
    let found = tx.organizations_by_id(&[role.resource_id])?.into_iter().next();
    found.map(Place::Organization).ok_or_else(missing)
}

/// Roles in an organization are given by its managers, roles in a space also by the space's.
fn check_may_give(tx: &ReadTx<'_>, actor: &Actor, place: &Place) -> Result<()> {
    let on = Ref::Serial(place.id());
    match place {
        Place::Organization(_) => {
            tx.organization::<proof::ManageSpaces>(actor, &on)?;
            tx.check_open(actor, place.id())
        }
        Place::Space(space) => {
            tx.space::<proof::Grant>(actor, &on)?;
            tx.check_space_open(actor, space)
        }
    }
}

fn user(tx: &ReadTx<'_>, actor: &Actor, named: &PlatformUser) -> Result<User> {
    match named {
        PlatformUser::Guid(guid) => {
            let found = tx.user_to_read(actor, &Ref::Guid(*guid));
            Ok(within_reach("user", found)?.1)
        }
        PlatformUser::Name { username, origin } => {
            let found = match origin == ORIGIN {
                true => tx.user_by_name(username)?,
                false => None,
            };
            let rule = || {
                let (username, origin) = (username.clone(), origin.clone());
                platform_rule("user", PlatformRule::NoSuchUser { username, origin })
            };
            Ok(found.ok_or_else(rule)?.0)
        }
    }
}

/// Making a user part of an organization can make its administrator the user's own. Whoever belongs nowhere is
/// enrolled as AWX enrols him; whoever belongs somewhere else stays under that organization as well.
///
/// A service account holds roles in its own organization only.
fn check_enrolment(tx: &ReadTx<'_>, actor: &Actor, user: &User, place: &Place) -> Result<()> {
    if user.service_organization_id.is_some_and(|own| own != place.organization_id()) {
        return Err(Error::forbidden());
    }
    let is_free = tx.administered(user)?.organizations.is_empty();
    if !is_free || tx.may_enrol(actor, user)? { Ok(()) } else { Err(Error::forbidden()) }
}

/// Whether the user has a role of the platform in the organization, given by name or come with another.
fn in_organization(tx: &ReadTx<'_>, user_id: i64, organization_id: i64) -> Result<bool> {
    let standing = tx.standing_of_user(user_id)?;
    let mut held = standing.on(ResourceKind::Organization, organization_id);
    Ok(held.any(|holding| PLATFORM_ROLES.contains(&holding.role)))
}

fn give(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    role: RoleOn,
    user: &User,
) -> Result<(RoleGrantRow, Entry)> {
    let user_id = user.identity.id;
    tx.insert_grant(&NewGrant {
        role,
        holder: Holder::User(user_id),
        dialect: Dialect::CloudFoundry,
        by_position: false,
        by: actor.user_id(),
    })?;
    let grants = tx.grants_of(role.id, Holder::User(user_id))?;
    let given = grants.into_iter().find(|grant| grant.dialect == Dialect::CloudFoundry);
    let given = given.ok_or_else(|| Error::internal("a grant that was given is missing"))?;
    let row = RoleGrantRow {
        id: given.id,
        guid: given.guid,
        role_id: role.id,
        user_id,
        since: given.valid_from,
    };
    let touched = Touched { kind: Kind::User, id: user_id, name: user.username.clone() };
    Ok((row, grant_entry(tx, actor, Operation::Associate, role, touched)?))
}

/// A role by guid, when what it stands on may be read.
fn visible(tx: &ReadTx<'_>, actor: &Actor, guid: &Guid) -> Result<(RoleGrantRow, RoleOn)> {
    let missing = || Error::NotFound(Kind::Role);
    let grant = tx.role_grant_row(guid)?.ok_or_else(missing)?;
    let role = tx.role_by_id(grant.role_id)?.ok_or_else(missing)?;
    let on = Ref::Serial(role.resource_id);
    let readable = match role.role.kind() {
        ResourceKind::Organization => tx.organization::<proof::Read>(actor, &on).map(|_| ()),
        _ => tx.space::<proof::Read>(actor, &on).map(|_| ()),
    };
    readable.map_err(|error| match error {
        Error::NotFound(_) | Error::Hidden(_) => missing(),
        other => other,
    })?;
    Ok((grant, role))
}

fn touched_user(tx: &ReadTx<'_>, user_id: i64) -> Result<Touched> {
    let name = tx.names(Kind::User, &[user_id])?.into_iter().next().map(|(_, name)| name);
    Ok(Touched { kind: Kind::User, id: user_id, name: name.unwrap_or_default() })
}

fn view(tx: &ReadTx<'_>, grant: RoleGrantRow) -> Result<PlatformRoleView> {
    let views = views(tx, vec![grant])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn views(tx: &ReadTx<'_>, grants: Vec<RoleGrantRow>) -> Result<Vec<PlatformRoleView>> {
    let ids: Vec<i64> = grants.iter().map(|grant| grant.role_id).collect();
    let roles: BTreeMap<i64, RoleOn> =
        tx.roles_by_id(&ids)?.into_iter().map(|role| (role.id, role)).collect();
    let on = |kind: ResourceKind| -> Vec<i64> {
        let of_kind = roles.values().filter(|role| role.role.kind() == kind);
        of_kind.map(|role| role.resource_id).collect()
    };
    let organizations: BTreeMap<i64, Organization> = tx
        .organizations_by_id(&on(ResourceKind::Organization))?
        .into_iter()
        .map(|one| (one.identity.id, one))
        .collect();
    let spaces = space::views(tx, tx.spaces_by_id(&on(ResourceKind::Space))?)?;
    let spaces: BTreeMap<i64, SpaceView> =
        spaces.into_iter().map(|one| (one.space.identity.id, one)).collect();
    let users: Vec<i64> = grants.iter().map(|grant| grant.user_id).collect();
    let users: BTreeMap<i64, User> =
        tx.users_by_id(&users)?.into_iter().map(|user| (user.identity.id, user)).collect();
    let missing = || Error::internal("a role without user or object");
    let view = |grant: RoleGrantRow| {
        let role = roles.get(&grant.role_id).ok_or_else(missing)?;
        let is_on = |kind| (role.role.kind() == kind).then_some(role.resource_id);
        let organization = is_on(ResourceKind::Organization);
        let space = is_on(ResourceKind::Space);
        Ok(PlatformRoleView {
            guid: grant.guid,
            role: role.role,
            since: grant.since,
            user: users.get(&grant.user_id).cloned().ok_or_else(missing)?,
            organization: organization.and_then(|id| organizations.get(&id).cloned()),
            space: space.and_then(|id| spaces.get(&id).cloned()),
        })
    };
    grants.into_iter().map(view).collect()
}

impl WriteTx<'_> {
    /// Whoever is known to the platform reads what is placed in the whole foundation.
    ///
    /// Tells whether he is known only now.
    pub(crate) fn make_known(&mut self, actor: &Actor, user_id: i64) -> Result<bool> {
        let role = self.role_on(Role::CloudFoundryUser, 0)?;
        self.insert_grant(&NewGrant {
            role,
            holder: Holder::User(user_id),
            dialect: Dialect::CloudFoundry,
            by_position: true,
            by: actor.user_id(),
        })
    }
}

/// Where every user is kept.
const ORIGIN: &str = "uaa";
