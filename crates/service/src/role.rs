//! Roles given to users and teams, as AWX gives them: by the role's own id.

use strongroom_core::access::{Permission, ResourceKind, Role};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::error::{FieldPath, Refusal, RoleRefusal, Rule};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{RoleOn, Team, User};
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::list::{Field, ListRequest, Order};
use crate::store::{
    Audited, Condition, Holder, ListQuery, NewGrant, ReadTx, WriteTx, permitted, proof,
};
use crate::user::is_last_superuser;
use crate::view::{Page, RoleView};

/// Which role is given or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleTarget {
    /// The role with this id.
    Id(i64),
    /// A role on an object.
    On(Role, Ref),
}

/// To whom a role is given, or from whom it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleHolder {
    /// A user.
    User(Ref),
    /// The members of a team.
    Team(Ref),
}

/// Which roles a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleScope {
    /// All on objects that the caller may read.
    All,
    /// Of those, what this user holds by name.
    OfUser(Ref),
    /// Of those, what this team holds.
    OfTeam(Ref),
}

impl Strongroom {
    /// The roles on an object that the caller may read, as AWX shows them.
    pub async fn list_object_roles(
        &self,
        actor: &Actor,
        kind: ResourceKind,
        of: &Ref,
    ) -> Result<Vec<RoleView>> {
        let (actor, of) = (actor.clone(), of.clone());
        self.read(move |tx| {
            let id = tx.resource_to_read(&actor, kind, &of)?;
            let mut roles = tx.roles_on(kind, &[id])?;
            roles.retain(|role| role.role.is_shown_in_awx());
            tx.role_views(roles)
        })
        .await
    }

    /// A page of roles.
    pub async fn list_roles(
        &self,
        actor: &Actor,
        scope: RoleScope,
        request: ListRequest,
    ) -> Result<Page<RoleView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                RoleScope::All => Vec::new(),
                RoleScope::OfUser(user) => {
                    let (permit, user) = tx.user_to_read(&actor, user)?;
                    vec![Condition::RolesOfUser {
                        user_id: permit.id(),
                        administrator: user.is_superuser,
                        auditor: user.is_system_auditor,
                    }]
                }
                RoleScope::OfTeam(team) => {
                    let (permit, _) = tx.team::<proof::Read>(&actor, team)?;
                    let members = tx.role_on(Role::TeamMember, permit.id())?;
                    vec![Condition::RolesOfGroup(members.id)]
                }
            };
            let query = ListQuery {
                kind: Kind::Role,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::Id)],
            };
            let listed = tx.list(&actor, &query)?;
            let roles = in_order(&listed.ids, tx.roles_by_id(&listed.ids)?, |role| role.id);
            Ok(Page { items: tx.role_views(roles)?, total: listed.total })
        })
        .await
    }

    /// One role on an object that the caller may read.
    pub async fn read_role(&self, actor: &Actor, id: i64) -> Result<RoleView> {
        let actor = actor.clone();
        self.read(move |tx| {
            let role = tx.role_to_read(&actor, id)?;
            let views = tx.role_views(vec![role])?;
            views.into_iter().next().ok_or(Error::NotFound(Kind::Role))
        })
        .await
    }

    /// The teams whose members hold a role.
    pub async fn list_role_teams(&self, actor: &Actor, id: i64) -> Result<Vec<i64>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let role = tx.role_to_read(&actor, id)?;
            let given = tx.grants_of_role(role.id)?;
            let given = given.into_iter().filter(|grant| !grant.by_position);
            let mut teams: Vec<i64> = given.filter_map(|grant| grant.team_id).collect();
            teams.sort_unstable();
            teams.dedup();
            Ok(teams)
        })
        .await
    }

    /// Gives a role. The same again changes nothing.
    pub async fn give_role(
        &self,
        actor: &Actor,
        target: RoleTarget,
        holder: RoleHolder,
    ) -> Result<()> {
        self.set_role(actor, target, holder, true).await
    }

    /// Takes a role away. One that is not held changes nothing.
    pub async fn take_role(
        &self,
        actor: &Actor,
        target: RoleTarget,
        holder: RoleHolder,
    ) -> Result<()> {
        self.set_role(actor, target, holder, false).await
    }

    async fn set_role(
        &self,
        actor: &Actor,
        target: RoleTarget,
        holder: RoleHolder,
        give: bool,
    ) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let role = match &target {
                RoleTarget::Id(id) => tx.role_to_read(&by, *id)?,
                RoleTarget::On(role, of) => {
                    let id = tx.resource_to_read(&by, role.kind(), of)?;
                    tx.role_on(*role, id)?
                }
            };
            let found = find_holder(tx, &by, &holder)?;
            if let Some(refusal) = refusal(tx, &by, role, &found, give)? {
                return Err(Error::invalid(FieldPath::Whole, Rule::Role(refusal)));
            }
            check_right(tx, &by, role, &found)?;
            if role.role.kind() == ResourceKind::System {
                return set_flag(tx, &by, role, &found, give);
            }
            let held = found.holder(tx)?;
            let changed = if give {
                tx.insert_grant(&NewGrant {
                    role,
                    holder: held,
                    dialect: by.dialect(),
                    by_position: false,
                    by: by.user_id(),
                })?
            } else {
                tx.end_grant(role.id, held, by.user_id())?
            };
            if !changed {
                return Ok(Audited::unchanged(()));
            }
            let operation = if give { Operation::Associate } else { Operation::Disassociate };
            Ok(Audited::new((), entry(tx, &by, operation, role, &found)?))
        })
        .await
    }
}

/// A holder that exists and may be seen.
enum Found {
    User(User),
    Team(Team),
}

impl Found {
    fn holder(&self, tx: &ReadTx<'_>) -> Result<Holder> {
        Ok(match self {
            Self::User(user) => Holder::User(user.identity.id),
            Self::Team(team) => Holder::Group(tx.role_on(Role::TeamMember, team.identity.id)?.id),
        })
    }

    fn touched(&self) -> Touched {
        match self {
            Self::User(user) => {
                Touched { kind: Kind::User, id: user.identity.id, name: user.username.clone() }
            }
            Self::Team(team) => {
                Touched { kind: Kind::Team, id: team.identity.id, name: team.name.clone() }
            }
        }
    }
}

fn find_holder(tx: &ReadTx<'_>, actor: &Actor, holder: &RoleHolder) -> Result<Found> {
    let missing = |error| match error {
        Error::NotFound(kind) => Error::invalid(FieldPath::Whole, Rule::NoSuchObject { kind }),
        other => other,
    };
    Ok(match holder {
        RoleHolder::User(user) => Found::User(tx.user_to_read(actor, user).map_err(missing)?.1),
        RoleHolder::Team(team) => {
            Found::Team(tx.team::<proof::Read>(actor, team).map_err(missing)?.1)
        }
    })
}

/// Why this holder does not get this role, whoever asks. Taking a role away has fewer reasons.
fn refusal(
    tx: &ReadTx<'_>,
    actor: &Actor,
    role: RoleOn,
    found: &Found,
    give: bool,
) -> Result<Option<RoleRefusal>> {
    Ok(match (role.role.kind(), found) {
        (ResourceKind::System, Found::Team(_)) => Some(RoleRefusal::SystemRoleToTeam),
        (ResourceKind::Organization, Found::Team(_))
            if matches!(role.role, Role::OrganizationAdmin | Role::OrganizationMember) =>
        {
            Some(RoleRefusal::ParticipationToTeam)
        }
        (ResourceKind::Credential, found) if give => credential_refusal(tx, actor, role, found)?,
        _ => None,
    })
}

/// Roles on a credential stay within the organization that owns it, unless that shares them.
fn credential_refusal(
    tx: &ReadTx<'_>,
    actor: &Actor,
    role: RoleOn,
    found: &Found,
) -> Result<Option<RoleRefusal>> {
    let (_, row) = tx.credential::<proof::Read>(actor, &Ref::Serial(role.resource_id))?;
    let Some(organization) = row.credential.organization_id else {
        return Ok(match found {
            Found::Team(_) => Some(RoleRefusal::TeamOutsideOrganization),
            Found::User(_) if tx.standing(actor)?.is_superuser => None,
            Found::User(_) => Some(RoleRefusal::PrivateCredential),
        });
    };
    if tx.shares_across_organizations(organization)? {
        return Ok(None);
    }
    Ok(match found {
        Found::Team(team) if team.organization_id != organization => {
            Some(RoleRefusal::TeamOutsideOrganization)
        }
        Found::User(user) if !user.is_superuser => {
            let theirs = tx.standing_of(user.identity.id)?;
            let member = theirs.holds(Role::OrganizationMember, organization);
            (!member).then_some(RoleRefusal::UserOutsideOrganization)
        }
        Found::Team(_) | Found::User(_) => None,
    })
}

/// Whoever may grant on the object gives its roles; participation in an organization takes more.
fn check_right(tx: &ReadTx<'_>, actor: &Actor, role: RoleOn, found: &Found) -> Result<()> {
    let on = Ref::Serial(role.resource_id);
    match role.role.kind() {
        ResourceKind::System => {
            tx.administrator(actor, Kind::Role)?;
        }
        ResourceKind::Organization => {
            tx.organization::<proof::Grant>(actor, &on)?;
        }
        ResourceKind::Team => {
            tx.team::<proof::Grant>(actor, &on)?;
        }
        ResourceKind::Credential => {
            tx.credential::<proof::Grant>(actor, &on)?;
        }
        ResourceKind::JobTemplate => {
            tx.job_template::<proof::Grant>(actor, &on)?;
        }
        ResourceKind::Space
        | ResourceKind::Placement
        | ResourceKind::Target
        | ResourceKind::Domain => {
            return Err(Error::NotFound(Kind::Role));
        }
    }
    let participates = matches!(role.role, Role::OrganizationAdmin | Role::OrganizationMember);
    match found {
        Found::User(user) if participates && !tx.may_enrol(actor, user)? => Err(Error::forbidden()),
        _ => Ok(()),
    }
}

/// The two roles on the whole system are flags of the user.
fn set_flag(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    role: RoleOn,
    found: &Found,
    give: bool,
) -> Result<Audited<()>> {
    let Found::User(old) = found else { return Err(Error::forbidden()) };
    let (permit, _) = tx.user_to_change(actor, &Ref::Serial(old.identity.id))?;
    let mut new = old.clone();
    let (member, flag) = match role.role {
        Role::SystemAdministrator => ("is_superuser", &mut new.is_superuser),
        Role::SystemAuditor => ("is_system_auditor", &mut new.is_system_auditor),
        _ => return Err(Error::NotFound(Kind::Role)),
    };
    if *flag == give {
        return Ok(Audited::unchanged(()));
    }
    if !give && role.role == Role::SystemAdministrator && is_last_superuser(tx, old)? {
        return Err(Error::Forbidden(Refusal::SuperuserFlag));
    }
    *flag = give;
    new.modified = Some(tx.now());
    tx.save_user(&permit, &new, None)?;
    let mut entry = actor.entry(tx.now(), Operation::Update, found.touched());
    entry.changes = vec![Change { member, old: Some((!give).into()), new: Some(give.into()) }];
    Ok(Audited::new((), entry))
}

/// The entry of a role given or taken: the object, the holder, the role.
pub(crate) fn grant_entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    role: RoleOn,
    holder: Touched,
) -> Result<Entry> {
    let kind = match role.role.kind() {
        ResourceKind::Organization => Kind::Organization,
        ResourceKind::Team => Kind::Team,
        ResourceKind::Space => Kind::Space,
        ResourceKind::JobTemplate => Kind::JobTemplate,
        _ => Kind::Credential,
    };
    let name = tx.names(kind, &[role.resource_id])?.into_iter().next().map(|(_, name)| name);
    let object = Touched { kind, id: role.resource_id, name: name.unwrap_or_default() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.objects.push(holder);
    entry.objects.push(Touched {
        kind: Kind::Role,
        id: role.id,
        name: role.role.word().to_owned(),
    });
    entry.organization_id = tx.organization_of(kind, role.resource_id)?;
    "role".clone_into(&mut entry.reason);
    Ok(entry)
}

fn entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    role: RoleOn,
    found: &Found,
) -> Result<Entry> {
    grant_entry(tx, actor, operation, role, found.touched())
}

impl ReadTx<'_> {
    /// A role, when the object that it stands on may be read; everybody sees the two system roles.
    pub(crate) fn role_to_read(&self, actor: &Actor, id: i64) -> Result<RoleOn> {
        let role = self.role_by_id(id)?.filter(|role| role.role.is_shown_in_awx());
        let role = role.ok_or(Error::NotFound(Kind::Role))?;
        if role.role.kind() == ResourceKind::System {
            return Ok(role);
        }
        self.resource_to_read(actor, role.role.kind(), &Ref::Serial(role.resource_id)).map_err(
            |error| match error {
                Error::NotFound(_) => Error::NotFound(Kind::Role),
                Error::Hidden(_) => Error::Hidden(Kind::Role),
                other => other,
            },
        )?;
        Ok(role)
    }

    /// The id of an object on which roles stand, when it may be read.
    pub(crate) fn resource_to_read(
        &self,
        actor: &Actor,
        kind: ResourceKind,
        of: &Ref,
    ) -> Result<i64> {
        Ok(match kind {
            ResourceKind::Organization => self.organization::<proof::Read>(actor, of)?.0.id(),
            ResourceKind::Team => self.team::<proof::Read>(actor, of)?.0.id(),
            ResourceKind::Credential => self.credential::<proof::Read>(actor, of)?.0.id(),
            ResourceKind::JobTemplate => self.job_template::<proof::Read>(actor, of)?.0.id(),
            _ => return Err(Error::NotFound(Kind::Role)),
        })
    }

    /// Whether the actor may make a user part of an organization: one that he administers altogether, or a
    /// user who belongs nowhere and holds nothing that the actor lacks.
    pub(crate) fn may_enrol(&self, actor: &Actor, user: &User) -> Result<bool> {
        if self.administers(actor, user)?.is_yes() {
            return Ok(true);
        }
        let theirs = self.administered(user)?;
        if theirs.has_system_flag || !theirs.organizations.is_empty() {
            return Ok(false);
        }
        for grant in self.grants_to_user(user.identity.id)? {
            if grant.role.role == Role::CloudFoundryUser {
                // To be known to the platform is nothing that anybody could lack.
                continue;
            }
            let on = Ref::Serial(grant.role.resource_id);
            let lacks = grant.role.role.kind() != ResourceKind::Credential
                || grant.role.role.permits(Permission::Checkout)
                || !permitted(self.credential::<proof::Grant>(actor, &on))?;
            if lacks {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
