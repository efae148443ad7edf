//! Roles, and who holds them.

use std::collections::BTreeSet;

use axum::response::Response;
use serde::Serialize;
use strongroom_core::Result;
use strongroom_core::access::ResourceKind;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::list::{Field, ListRequest};
use strongroom_service::view::{Page, RoleView};
use strongroom_service::{
    CredentialScope, OrganizationScope, RoleHolder, RoleScope, RoleTarget, TeamScope, UserScope,
};

use super::call::Call;
use super::error::Outcome;
use super::linked::with_ids;
use super::model::{self, Access, Info, Model, Start};
use super::reply::shown;
use super::wire::{Links, role_words};
use super::{attach, credential, job_template, list, organization, team, user};

/// A role as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Role,
    word: "role",
    label: "Role",
    collection: "roles",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        Info::shown("name", "field", "Name").help("Name of this %s.").computed(),
        Info::shown("description", "field", "Description")
            .help("Optional description of this %s.")
            .computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("role_field", Field::RoleField),
        ("content_type__model", Field::ResourceKind),
        ("object_id", Field::ResourceId),
    ],
    closed: &[],
    searched: &[("role_field", Field::RoleField), ("content_type__model", Field::ResourceKind)],
    roles: &[],
};

/// What `OPTIONS` says of a list to which objects are attached by their id.
pub(super) const ATTACHED: &[Info] = &[Info::of("id", "integer", "ID", Access::WriteRequired)];

/// The same where a flag detaches.
pub(super) const ATTACHED_OR_NOT: &[Info] = &[
    Info::of("id", "integer", "ID", Access::WriteRequired),
    Info::of("disassociate", "boolean", "Disassociate", Access::Write(Start::Unsaid)),
];

#[derive(Debug, Serialize)]
struct Wire {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: Summaries,
    name: &'static str,
    description: String,
}

#[derive(Debug, Serialize)]
struct Summaries {
    #[serde(flatten)]
    resource: Option<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_capabilities: Option<Unattach>,
}

#[derive(Debug, Serialize)]
struct Resource {
    #[serde(rename = "resource_name")]
    name: String,
    #[serde(rename = "resource_type")]
    word: &'static str,
    #[serde(rename = "resource_type_display_name")]
    label: &'static str,
    #[serde(rename = "resource_id")]
    id: i64,
}

#[derive(Debug, Serialize)]
struct Unattach {
    unattach: bool,
}

fn wire(view: &RoleView, unattach: Option<bool>) -> Wire {
    let role = view.role.role;
    let id = view.role.id;
    let (name, description) = role_words(role);
    let of = resource_model(role.kind());
    let resource = of.map(|of| Resource {
        name: view.resource_name.clone().unwrap_or_default(),
        word: of.word,
        label: of.label,
        id: view.role.resource_id,
    });
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related: related(id, of, view.role.resource_id),
        summary_fields: Summaries {
            resource,
            user_capabilities: unattach.map(|unattach| Unattach { unattach }),
        },
        name,
        description,
    }
}

fn related(id: i64, of: Option<&Model>, resource_id: i64) -> Links {
    let links = Links::default().below(&MODEL, id, &["users", "teams"]);
    match of {
        Some(of) => links.with(of.word, of.url(resource_id)),
        None => links,
    }
}

/// What AWX knows of the objects on which a kind of role stands.
pub(super) const fn resource_model(kind: ResourceKind) -> Option<&'static Model> {
    match kind {
        ResourceKind::Organization => Some(&organization::MODEL),
        ResourceKind::Team => Some(&team::MODEL),
        ResourceKind::Credential => Some(&credential::MODEL),
        ResourceKind::JobTemplate => Some(&job_template::MODEL),
        ResourceKind::System
        | ResourceKind::Space
        | ResourceKind::Placement
        | ResourceKind::Target
        | ResourceKind::Domain => None,
    }
}

/// The roles that somebody holds, and whether the caller may take each away.
async fn held(call: &Call, scope: RoleScope) -> Outcome<Response> {
    let fetch = |request| with_rights(call, scope.clone(), request);
    list::page(call, &MODEL, fetch, |(view, unattach)| list::element(&wire(view, Some(*unattach))))
        .await
}

async fn with_rights(
    call: &Call,
    scope: RoleScope,
    request: ListRequest,
) -> Result<Page<(RoleView, bool)>> {
    let page = call.room.list_roles(&call.actor, scope, request).await?;
    let objects = page.items.iter().map(|view| (view.role.role.kind(), view.role.resource_id));
    let changeable = changeable(call, objects.collect()).await?;
    let items = page.items.into_iter().map(|view| {
        let unattach = changeable.contains(&(view.role.role.kind(), view.role.resource_id));
        (view, unattach)
    });
    Ok(Page { items: items.collect(), total: page.total })
}

/// Of these objects, those that the caller may change, and so may take roles away on.
async fn changeable(
    call: &Call,
    objects: BTreeSet<(ResourceKind, i64)>,
) -> Result<BTreeSet<(ResourceKind, i64)>> {
    let (room, actor) = (&call.room, &call.actor);
    let of = |kind| -> Vec<i64> {
        objects.iter().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect()
    };
    let mut found = BTreeSet::new();
    let (organizations, teams, credentials) =
        (of(ResourceKind::Organization), of(ResourceKind::Team), of(ResourceKind::Credential));
    let templates = of(ResourceKind::JobTemplate);
    if !templates.is_empty() {
        let page = room.list_job_templates(actor, with_ids(&templates)).await?;
        let may = page.items.iter().filter(|view| view.may_change);
        found.extend(may.map(|view| (ResourceKind::JobTemplate, view.job_template.identity.id)));
    }
    if !organizations.is_empty() {
        let scope = OrganizationScope::All;
        let page = room.list_organizations(actor, scope, with_ids(&organizations)).await?;
        let may = page.items.iter().filter(|view| view.may_change);
        found.extend(may.map(|view| (ResourceKind::Organization, view.organization.identity.id)));
    }
    if !teams.is_empty() {
        let page = room.list_teams(actor, TeamScope::All, with_ids(&teams)).await?;
        let may = page.items.iter().filter(|view| view.may_change);
        found.extend(may.map(|view| (ResourceKind::Team, view.team.identity.id)));
    }
    if !credentials.is_empty() {
        let scope = CredentialScope::All;
        let page = room.list_credentials(actor, scope, with_ids(&credentials)).await?;
        let may = page.items.iter().filter(|view| view.capabilities.edit);
        found.extend(may.map(|view| (ResourceKind::Credential, view.credential.identity.id)));
    }
    Ok(found)
}

/// `GET /api/v2/roles/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_roles(&call.actor, RoleScope::All, request);
    list::page(&call, &MODEL, fetch, |view| list::element(&wire(view, None))).await
}

/// `GET /api/v2/roles/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.number(Kind::Role)?;
    Ok(shown(&wire(&call.room.read_role(&call.actor, id).await?, None)))
}

/// `GET /api/v2/roles/{id}/users/`
pub(super) async fn users(call: Call) -> Outcome<Response> {
    let scope = UserScope::HoldersOfRole(call.number(Kind::Role)?);
    let fetch = |request| call.room.list_users(&call.actor, scope.clone(), request);
    list::page(&call, &user::MODEL, fetch, user::element).await
}

/// `POST /api/v2/roles/{id}/users/`
pub(super) async fn attach_user(call: Call) -> Outcome<Response> {
    let role = RoleTarget::Id(call.number(Kind::Role)?);
    let holder = attach::id(&call, Kind::User, "User 'id' field is missing.")?;
    let takes = call.has("disassociate");
    attach::hand(&call, role, RoleHolder::User(Ref::Serial(holder)), takes, Kind::Role).await
}

/// `GET /api/v2/roles/{id}/teams/`
pub(super) async fn teams(call: Call) -> Outcome<Response> {
    let teams = call.room.list_role_teams(&call.actor, call.number(Kind::Role)?).await?;
    let fetch =
        |request| call.room.list_teams(&call.actor, TeamScope::All, list::among(request, &teams));
    list::page(&call, &team::MODEL, fetch, team::element).await
}

/// `POST /api/v2/roles/{id}/teams/`: here only a flag that is true detaches.
pub(super) async fn attach_team(call: Call) -> Outcome<Response> {
    let role = RoleTarget::Id(call.number(Kind::Role)?);
    let holder = attach::id(&call, Kind::Team, "Team 'id' field is missing.")?;
    let takes = call.body.get("disassociate").is_some_and(|value| !attach::is_nothing(value));
    attach::hand(&call, role, RoleHolder::Team(Ref::Serial(holder)), takes, Kind::Role).await
}

/// `GET /api/v2/users/{id}/roles/`
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    held(&call, RoleScope::OfUser(id)).await
}

/// `POST /api/v2/users/{id}/roles/`
pub(super) async fn attach_to_user(call: Call) -> Outcome<Response> {
    let holder = RoleHolder::User(call.target(Kind::User).await?);
    attach_to(&call, holder, Kind::User).await
}

/// `GET /api/v2/teams/{id}/roles/`
pub(super) async fn of_team(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    held(&call, RoleScope::OfTeam(id)).await
}

/// `POST /api/v2/teams/{id}/roles/`
pub(super) async fn attach_to_team(call: Call) -> Outcome<Response> {
    let holder = RoleHolder::Team(call.target(Kind::Team).await?);
    attach_to(&call, holder, Kind::Team).await
}

async fn attach_to(call: &Call, holder: RoleHolder, path: Kind) -> Outcome<Response> {
    let role = RoleTarget::Id(attach::id(call, Kind::Role, "Role 'id' field is missing.")?);
    attach::hand(call, role, holder, call.has("disassociate"), path).await
}

async fn on_object(call: &Call, kind: ResourceKind, path: Kind) -> Outcome<Response> {
    let id = call.target(path).await?;
    let roles = call.room.list_object_roles(&call.actor, kind, &id).await?;
    let roles: Vec<i64> = roles.iter().map(|view| view.role.id).collect();
    let fetch =
        |request| call.room.list_roles(&call.actor, RoleScope::All, list::among(request, &roles));
    list::page(call, &MODEL, fetch, |view| list::element(&wire(view, None))).await
}

/// `GET /api/v2/organizations/{id}/object_roles/`
pub(super) async fn on_organization(call: Call) -> Outcome<Response> {
    on_object(&call, ResourceKind::Organization, Kind::Organization).await
}

/// `GET /api/v2/teams/{id}/object_roles/`
pub(super) async fn on_team(call: Call) -> Outcome<Response> {
    on_object(&call, ResourceKind::Team, Kind::Team).await
}

/// `GET /api/v2/job_templates/{id}/object_roles/`
pub(super) async fn on_job_template(call: Call) -> Outcome<Response> {
    on_object(&call, ResourceKind::JobTemplate, Kind::JobTemplate).await
}

/// `GET /api/v2/credentials/{id}/object_roles/`
pub(super) async fn on_credential(call: Call) -> Outcome<Response> {
    on_object(&call, ResourceKind::Credential, Kind::Credential).await
}
