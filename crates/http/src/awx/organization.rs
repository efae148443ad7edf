//! Organizations.

use axum::response::Response;
use serde::Serialize;
use strongroom_core::access::Role;
use strongroom_core::id::Kind;
use strongroom_service::list::Field;
use strongroom_service::view::{OrganizationCounts, OrganizationView};
use strongroom_service::{OrganizationDraft, OrganizationScope, TeamScope, UserScope};

use super::call::Call;
use super::error::Outcome;
use super::list::{self, Element};
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{
    EditDelete, Links, Members, Null, ObjectRole, Resource, UserSummary, object_roles,
};
use super::{attach, named, team, time, user};

/// An organization as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Organization,
    word: "organization",
    label: "Organization",
    collection: "organizations",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::NAME,
        model::DESCRIPTION,
        Info::of("max_hosts", "integer", "Max hosts", Access::Optional(Start::Zero))
            .help("Maximum number of hosts allowed to be managed by this organization.")
            .at_least(0),
        Info::shown("custom_virtualenv", "string", "Custom virtualenv")
            .help("Local absolute file path containing a custom Python virtualenv to use"),
        Info::shown("default_environment", "id", "Default environment"),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("max_hosts", Field::MaxHosts),
    ],
    closed: &[],
    searched: &[("description", Field::Description), ("name", Field::Name)],
    roles: &[
        "admin_role",
        "execute_role",
        "project_admin_role",
        "inventory_admin_role",
        "credential_admin_role",
        "workflow_admin_role",
        "notification_admin_role",
        "job_template_admin_role",
        "execution_environment_admin_role",
        "auditor_role",
        "member_role",
        "read_role",
        "approval_role",
    ],
};

#[derive(Debug, Serialize)]
struct Wire<'a> {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: Summaries<'a>,
    created: String,
    modified: String,
    name: &'a str,
    description: &'a str,
    max_hosts: i64,
    custom_virtualenv: Null,
    default_environment: Null,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    resource: Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    object_roles: Members<ObjectRole>,
    user_capabilities: EditDelete,
    related_field_counts: Counts,
}

/// What AWX counts; there are no hosts, inventories or projects here.
#[derive(Debug, Serialize)]
struct Counts {
    inventories: i64,
    teams: i64,
    users: i64,
    job_templates: i64,
    admins: i64,
    projects: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<i64>,
}

impl Counts {
    fn new(counts: OrganizationCounts, hosts: Option<i64>) -> Self {
        let OrganizationCounts { users, admins, teams, job_templates } = counts;
        Self { inventories: 0, teams, users, job_templates, admins, projects: 0, hosts }
    }
}

/// How much of an organization is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Element,
    Made,
    Detail,
}

fn wire(view: &OrganizationView, extent: Extent) -> Wire<'_> {
    let organization = &view.organization;
    let id = organization.identity.id;
    let named = (extent != Extent::Element)
        .then(|| format!("/api/v2/organizations/{}/", named::segment(&[&[&organization.name]])));
    let related =
        Links::makers(view.created_by.as_ref(), view.modified_by.as_ref()).led_by(named).below(
            &MODEL,
            id,
            &[
                "users",
                "admins",
                "teams",
                "credentials",
                "applications",
                "activity_stream",
                "object_roles",
                "access_list",
                "galaxy_credentials",
            ],
        );
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related,
        summary_fields: Summaries {
            resource: Resource::new(organization.identity.guid, "shared.organization"),
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            object_roles: object_roles(&view.roles),
            user_capabilities: EditDelete { edit: view.may_change, delete: view.may_delete },
            related_field_counts: Counts::new(view.counts, (extent == Extent::Detail).then_some(0)),
        },
        created: time::text(organization.stamp.created),
        modified: time::text(organization.stamp.modified),
        name: &organization.name,
        description: &organization.description,
        max_hosts: organization.max_hosts,
        custom_virtualenv: (),
        default_environment: (),
    }
}

/// An organization as an element of a list.
pub(super) fn element(view: &OrganizationView) -> Outcome<Element> {
    list::element(&wire(view, Extent::Element))
}

fn draft(body: &Body, mode: Mode) -> OrganizationDraft {
    OrganizationDraft {
        name: mode.required(read::text(body, "name", TextRule::required(512))),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        max_hosts: mode.or(read::count(body, "max_hosts"), 0),
    }
}

/// `GET /api/v2/organizations/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch =
        |request| call.room.list_organizations(&call.actor, OrganizationScope::All, request);
    list::page(&call, &MODEL, fetch, element).await
}

/// `POST /api/v2/organizations/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    let made = call.room.create_organization(&call.actor, draft(&call.body, Mode::Create)).await?;
    Ok(created(&wire(&made, Extent::Made), &MODEL.url(made.organization.identity.id)))
}

/// `GET /api/v2/organizations/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    Ok(shown(&wire(&call.room.read_organization(&call.actor, &id).await?, Extent::Detail)))
}

/// `PUT /api/v2/organizations/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/organizations/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    let changed = call.room.update_organization(&call.actor, &id, draft(&call.body, mode)).await?;
    Ok(shown(&wire(&changed, Extent::Detail)))
}

/// `DELETE /api/v2/organizations/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    call.room.delete_organization(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/organizations/{id}/teams/`
pub(super) async fn teams(call: Call) -> Outcome<Response> {
    let scope = TeamScope::OfOrganization(call.target(Kind::Organization).await?);
    let fetch = |request| call.room.list_teams(&call.actor, scope.clone(), request);
    list::page(&call, &team::MODEL, fetch, team::element).await
}

/// `POST /api/v2/organizations/{id}/teams/`: the path says which organization.
pub(super) async fn create_team(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    team::create_in(&call, id).await
}

/// `GET /api/v2/organizations/{id}/users/`
pub(super) async fn members(call: Call) -> Outcome<Response> {
    holders(&call, Role::OrganizationMember).await
}

/// `GET /api/v2/organizations/{id}/admins/`
pub(super) async fn admins(call: Call) -> Outcome<Response> {
    holders(&call, Role::OrganizationAdmin).await
}

async fn holders(call: &Call, role: Role) -> Outcome<Response> {
    let scope = UserScope::HoldersOf { of: call.target(Kind::Organization).await?, role };
    let fetch = |request| call.room.list_users(&call.actor, scope.clone(), request);
    list::page(call, &user::MODEL, fetch, user::element).await
}

/// `POST /api/v2/organizations/{id}/users/`
pub(super) async fn attach_member(call: Call) -> Outcome<Response> {
    attach::user(&call, Kind::Organization, Role::OrganizationMember).await
}

/// `POST /api/v2/organizations/{id}/admins/`
pub(super) async fn attach_admin(call: Call) -> Outcome<Response> {
    attach::user(&call, Kind::Organization, Role::OrganizationAdmin).await
}
