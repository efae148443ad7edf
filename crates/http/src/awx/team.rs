//! Teams.

use axum::response::Response;
use serde::Serialize;
use strongroom_core::access::Role;
use strongroom_core::draft::Member;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::list::Field;
use strongroom_service::view::TeamView;
use strongroom_service::{TeamDraft, TeamScope, UserScope};

use super::call::Call;
use super::error::{Outcome, in_body};
use super::list::{self, Element};
use super::mode::Mode;
use super::model::{self, Access, Info, Model};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{
    EditDelete, Links, Members, Named, ObjectRole, Resource, UserSummary, object_roles,
};
use super::{attach, named, organization, time, user};

/// A team as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Team,
    word: "team",
    label: "Team",
    collection: "teams",
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
        Info::of("organization", "id", "Organization", Access::Required),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("organization", Field::Organization),
    ],
    closed: &[],
    searched: &[("description", Field::Description), ("name", Field::Name)],
    roles: &["admin_role", "member_role", "read_role"],
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
    organization: i64,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    organization: Named<'a>,
    resource: Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    object_roles: Members<ObjectRole>,
    user_capabilities: EditDelete,
}

fn wire(view: &TeamView, with_name: bool) -> Wire<'_> {
    let team = &view.team;
    let id = team.identity.id;
    let named = with_name.then(|| {
        format!("/api/v2/teams/{}/", named::segment(&[&[&team.name], &[&view.organization.name]]))
    });
    let related = Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
        .led_by(named)
        .below(
            &MODEL,
            id,
            &["users", "credentials", "roles", "object_roles", "activity_stream", "access_list"],
        )
        .with("organization", organization::MODEL.url(team.organization_id));
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related,
        summary_fields: Summaries {
            organization: Named::from(&view.organization),
            resource: Resource::new(team.identity.guid, "shared.team"),
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            object_roles: object_roles(&view.roles),
            user_capabilities: EditDelete { edit: view.may_change, delete: view.may_delete },
        },
        created: time::text(team.stamp.created),
        modified: time::text(team.stamp.modified),
        name: &team.name,
        description: &team.description,
        organization: team.organization_id,
    }
}

/// A team as an element of a list.
pub(super) fn element(view: &TeamView) -> Outcome<Element> {
    list::element(&wire(view, false))
}

fn draft(body: &Body, mode: Mode) -> TeamDraft {
    TeamDraft {
        name: mode.required(read::text(body, "name", TextRule::required(512))),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        organization: mode.required(read::id(body, "organization")),
    }
}

/// `GET /api/v2/teams/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_teams(&call.actor, TeamScope::All, request);
    list::page(&call, &MODEL, fetch, element).await
}

/// `POST /api/v2/teams/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    make(&call, draft(&call.body, Mode::Create), Kind::Team).await
}

/// A team in the organization of the path, whatever the body says.
pub(super) async fn create_in(call: &Call, organization: Ref) -> Outcome<Response> {
    let draft =
        TeamDraft { organization: Member::Given(organization), ..draft(&call.body, Mode::Create) };
    make(call, draft, Kind::Organization).await
}

async fn make(call: &Call, draft: TeamDraft, path: Kind) -> Outcome<Response> {
    let made = in_body(call.room.create_team(&call.actor, draft).await, path)?;
    Ok(created(&wire(&made, true), &MODEL.url(made.team.identity.id)))
}

/// `GET /api/v2/teams/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    Ok(shown(&wire(&call.room.read_team(&call.actor, &id).await?, true)))
}

/// `PUT /api/v2/teams/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/teams/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    let draft = draft(&call.body, mode);
    let changed = in_body(call.room.update_team(&call.actor, &id, draft).await, Kind::Team)?;
    Ok(shown(&wire(&changed, true)))
}

/// `DELETE /api/v2/teams/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    call.room.delete_team(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/teams/{id}/users/`
pub(super) async fn members(call: Call) -> Outcome<Response> {
    let scope = UserScope::HoldersOf { of: call.target(Kind::Team).await?, role: Role::TeamMember };
    let fetch = |request| call.room.list_users(&call.actor, scope.clone(), request);
    list::page(&call, &user::MODEL, fetch, user::element).await
}

/// `POST /api/v2/teams/{id}/users/`
pub(super) async fn attach_member(call: Call) -> Outcome<Response> {
    attach::user(&call, Kind::Team, Role::TeamMember).await
}
