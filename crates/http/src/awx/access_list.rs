//! Access lists: who reaches an object, through which role of his, and what that gives him there.
//!
//! Like the objects themselves, only those people, teams and organizations show that the caller may read.

use std::collections::BTreeSet;

use axum::response::Response;
use strongroom_core::Result;
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::RoleOn;
use strongroom_service::list::{Field, Filter, ListRequest, Operand, Paging};
use strongroom_service::view::{OrganizationView, TeamView, UserView};
use strongroom_service::{GrantView, OrganizationScope, TeamScope, UserScope};

use super::call::Call;
use super::error::Outcome;
use super::linked::with_ids;
use super::ways::{People, Through, Way};

/// The object of an access list.
struct Object {
    id: i64,
    name: String,
    /// The roles on it; a user has none.
    roles: Vec<RoleOn>,
    /// Whether the caller may take them away.
    may_grant: bool,
}

/// `GET /api/v2/organizations/{id}/access_list/`
pub(super) async fn of_organization(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    let view = call.room.read_organization(&call.actor, &id).await?;
    let object = Object {
        id: view.organization.identity.id,
        name: view.organization.name,
        roles: view.roles.clone(),
        may_grant: view.may_change,
    };
    listed(&call, ResourceKind::Organization, object).await
}

/// `GET /api/v2/teams/{id}/access_list/`
pub(super) async fn of_team(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    let view = call.room.read_team(&call.actor, &id).await?;
    let object = Object {
        id: view.team.identity.id,
        name: view.team.name,
        roles: view.roles.clone(),
        may_grant: view.may_change,
    };
    listed(&call, ResourceKind::Team, object).await
}

/// `GET /api/v2/credentials/{id}/access_list/`
pub(super) async fn of_credential(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let view = call.room.read_credential(&call.actor, &id).await?;
    let object = Object {
        id: view.credential.identity.id,
        name: view.credential.name.clone(),
        roles: view.roles.clone(),
        may_grant: view.capabilities.edit,
    };
    listed(&call, ResourceKind::Credential, object).await
}

/// `GET /api/v2/job_templates/{id}/access_list/`
pub(super) async fn of_job_template(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::JobTemplate).await?;
    let view = call.room.read_job_template(&call.actor, &id).await?;
    let object = Object {
        id: view.job_template.identity.id,
        name: view.job_template.name,
        roles: view.roles.clone(),
        may_grant: view.may_change,
    };
    listed(&call, ResourceKind::JobTemplate, object).await
}

/// `GET /api/v2/users/{id}/access_list/`: no role stands on a user, so only system roles reach him.
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.read_user(&call.actor, &id).await?;
    let mut people = People::default();
    add_system_roles(&call, &[], &mut people).await?;
    people.rendered(&call).await
}

async fn listed(call: &Call, kind: ResourceKind, object: Object) -> Outcome<Response> {
    let grants = call.room.list_grants(&call.actor, kind, &Ref::Serial(object.id)).await?;
    let mut people = People::default();
    let shown: Vec<(RoleOn, &GrantView)> = grants
        .iter()
        .filter_map(|grant| {
            let role = granted(kind, &grant.role)?;
            let on = object.roles.iter().find(|on| on.role == role && role.is_shown_in_awx())?;
            Some((*on, grant))
        })
        .collect();
    add_holders(call, &object, &shown, &mut people).await?;
    add_groups(call, &object, &shown, &mut people).await?;
    let fields: Vec<Role> = object.roles.iter().map(|on| on.role).collect();
    add_system_roles(call, &fields, &mut people).await?;
    people.rendered(call).await
}

/// The role of a grant, which has either its own word or the short one of the native API.
fn granted(kind: ResourceKind, word: &str) -> Option<Role> {
    Role::from_word(kind, word).or_else(|| Role::from_word(kind, &format!("{word}_role")))
}

/// Those who hold a role on the object by name.
async fn add_holders(
    call: &Call,
    object: &Object,
    grants: &[(RoleOn, &GrantView)],
    people: &mut People,
) -> Result<()> {
    let ids: BTreeSet<i64> = grants.iter().filter_map(|(_, grant)| grant.user_id).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    for chunk in ids.chunks(AT_ONCE) {
        let page = call.room.list_users(&call.actor, UserScope::All, with_ids(chunk)).await?;
        for user in page.items {
            for (on, _) in
                grants.iter().filter(|(_, grant)| grant.user_id == Some(user.user.identity.id))
            {
                people.add_direct(
                    &user,
                    Way::of(*on, &object.name, object.may_grant, None, &[on.role]),
                );
            }
        }
    }
    Ok(())
}

/// Those who reach the object as holders of a role on a team or an organization.
async fn add_groups(
    call: &Call,
    object: &Object,
    grants: &[(RoleOn, &GrantView)],
    people: &mut People,
) -> Result<()> {
    let of = |kind: ResourceKind| -> Vec<i64> {
        let groups = grants.iter().filter_map(|(_, grant)| grant.group.as_ref());
        let ids: BTreeSet<i64> =
            groups.filter(|(_, of, _)| *of == kind).map(|(_, _, id)| *id).collect();
        ids.into_iter().collect()
    };
    for chunk in of(ResourceKind::Team).chunks(AT_ONCE) {
        let page = call.room.list_teams(&call.actor, TeamScope::All, with_ids(chunk)).await?;
        for team in &page.items {
            add_team(call, object, grants, team, people).await?;
        }
    }
    for chunk in of(ResourceKind::Organization).chunks(AT_ONCE) {
        let page = call
            .room
            .list_organizations(&call.actor, OrganizationScope::All, with_ids(chunk))
            .await?;
        for organization in &page.items {
            add_organization(call, grants, organization, people).await?;
        }
    }
    Ok(())
}

/// What a team was given counts as direct, for its members and its administrators.
async fn add_team(
    call: &Call,
    object: &Object,
    grants: &[(RoleOn, &GrantView)],
    team: &TeamView,
    people: &mut People,
) -> Result<()> {
    let through = Through {
        id: team.team.identity.id,
        name: team.team.name.clone(),
        organization: team.organization.name.clone(),
    };
    for held in [Role::TeamMember, Role::TeamAdmin] {
        let given: Vec<RoleOn> = given_to(grants, held, team.team.identity.id).collect();
        if given.is_empty() {
            continue;
        }
        for user in holders(call, held, team.team.identity.id).await? {
            for on in &given {
                let way =
                    Way::of(*on, &object.name, object.may_grant, Some(through.clone()), &[on.role]);
                people.add_direct(&user, way);
            }
        }
    }
    Ok(())
}

/// What a role on an organization gives is shown as that role.
async fn add_organization(
    call: &Call,
    grants: &[(RoleOn, &GrantView)],
    organization: &OrganizationView,
    people: &mut People,
) -> Result<()> {
    let id = organization.organization.identity.id;
    for on in &organization.roles {
        let given: Vec<Role> = given_to(grants, on.role, id).map(|on| on.role).collect();
        if given.is_empty() {
            continue;
        }
        let name = &organization.organization.name;
        for user in holders(call, on.role, id).await? {
            people.add_indirect(&user, Way::of(*on, name, organization.may_change, None, &given));
        }
    }
    Ok(())
}

/// The roles that holders of a role on a team or an organization have on the object.
fn given_to<'a>(
    grants: &'a [(RoleOn, &'a GrantView)],
    held: Role,
    id: i64,
) -> impl Iterator<Item = RoleOn> + 'a {
    let is_held = move |word: &str, kind: ResourceKind, of: i64| {
        let named = Role::from_word(kind, word);
        of == id
            && kind == held.kind()
            && named.is_some_and(|named| named == held || held.implies().contains(&named))
    };
    let given = grants.iter().filter(move |(_, grant)| {
        grant.group.as_ref().is_some_and(|(word, kind, of)| is_held(word, *kind, *of))
    });
    given.map(|(on, _)| *on)
}

/// System administrators and auditors reach everything.
async fn add_system_roles(call: &Call, fields: &[Role], people: &mut People) -> Result<()> {
    for (role, field, given) in [
        (Role::SystemAdministrator, Field::IsSuperuser, None),
        (Role::SystemAuditor, Field::IsSystemAuditor, Some("read_role")),
    ] {
        let filter = Filter::equals(field, Operand::Bool(true));
        let way = Way::of_system(
            role,
            fields.iter().copied().filter(|field| given.is_none_or(|g| g == field.word())),
        );
        for user in all_users(call, UserScope::All, vec![filter]).await? {
            people.add_indirect(&user, way.clone());
        }
    }
    Ok(())
}

async fn holders(call: &Call, role: Role, id: i64) -> Result<Vec<UserView>> {
    all_users(call, UserScope::HoldersOf { of: Ref::Serial(id), role }, Vec::new()).await
}

/// Every user of a scope, however many pages that takes.
async fn all_users(call: &Call, scope: UserScope, filters: Vec<Filter>) -> Result<Vec<UserView>> {
    let mut users: Vec<UserView> = Vec::new();
    loop {
        let after = users.last().map_or(0, |user| user.user.identity.id);
        let request = ListRequest {
            filters: filters.clone(),
            order: Vec::new(),
            paging: Paging::After { limit: PAGE, after },
            count: false,
        };
        let page = call.room.list_users(&call.actor, scope.clone(), request).await?;
        if page.items.is_empty() {
            return Ok(users);
        }
        users.extend(page.items);
    }
}

const AT_ONCE: usize = 200;
const PAGE: i64 = 1000;
