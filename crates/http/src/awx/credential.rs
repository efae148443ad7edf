//! Credentials.

use axum::response::Response;
use http::HeaderValue;
use http::header::ETAG;
use serde_json::{Map, json};
use strongroom_core::Error;
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::view::CredentialView;
use strongroom_service::{
    CredentialDraft, CredentialScope, Expected, OwnerDoor, TeamScope, UserScope,
};

use super::call::Call;
use super::credential_wire::wire;
use super::error::{AwxError, Outcome, counted, in_body};
use super::list;
use super::list::Element;
use super::mode::Mode;
use super::read::{self, Body, TextRule};
use super::reply::{created, done, done_though_used, shown};
use super::{MASK, attach, root, team, user};
use crate::answer;

pub(super) use super::credential_wire::MODEL;

fn draft(body: &Body, mode: Mode) -> CredentialDraft {
    CredentialDraft {
        name: mode.required(read::text(body, "name", TextRule::required(512))),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        credential_type: mode.required(read::id(body, "credential_type")),
        inputs: mode.or(read::inputs(body, "inputs"), Map::new()),
        organization: mode.or(read::optional_id(body, "organization"), None),
        team: read::optional_id(body, "team"),
        user: read::optional_id(body, "user"),
        mask: Some(MASK),
        expected: Expected::Any,
    }
}

/// The states in which the caller wants the change: entity tags of this dialect; what is none of them is no state.
fn expected(call: &Call) -> Expected {
    match call.if_match.as_deref().map(str::trim) {
        None | Some("*") => Expected::Any,
        Some(tags) => Expected::OneOf(tags.split(',').filter_map(state).collect()),
    }
}

/// The credential's id and the number of its state, from an entity tag.
fn state(tag: &str) -> Option<(i64, u64)> {
    let tag = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    let (id, revision) = tag.split_once('-')?;
    Some((id.parse().ok()?, revision.parse().ok()?))
}

/// An answer that shows a credential, with the entity tag of its state.
fn tagged(mut response: Response, view: &CredentialView) -> Response {
    let tag = format!("\"{}-{}\"", view.credential.identity.id, view.revision);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// `GET /api/v2/credentials/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::All).await
}

/// A credential as an element of a list.
pub(super) fn element(view: &CredentialView) -> Outcome<Element> {
    list::element(&wire(view, false))
}

async fn listed(call: &Call, scope: CredentialScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_credentials(&call.actor, scope.clone(), request);
    list::page(call, &MODEL, fetch, element).await
}

/// `POST /api/v2/credentials/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    make(&call, OwnerDoor::Body, Kind::Credential).await
}

async fn make(call: &Call, door: OwnerDoor, path: Kind) -> Outcome<Response> {
    let draft = draft(&call.body, Mode::Create);
    Ok(made(&in_body(call.room.create_credential(&call.actor, door, draft).await, path)?))
}

/// The answer to a request that made a credential.
pub(super) fn made(view: &CredentialView) -> Response {
    let response = created(&wire(view, true), &MODEL.url(view.credential.identity.id));
    tagged(response, view)
}

/// A credential that is made to be attached to something: it has no other owner than an organization.
pub(super) fn attached_draft(body: &Body) -> CredentialDraft {
    CredentialDraft { team: Member::Absent, user: Member::Absent, ..draft(body, Mode::Create) }
}

/// The owner that the path names. To system administrators a number that no object can have is one of a missing object.
async fn owner(call: &Call, kind: Kind, member: &'static str) -> Outcome<Ref> {
    let found = call.target(kind).await;
    let Some(given) = call.segment.clone().filter(|_| found.is_err() && !call.is_by_name()) else {
        return found;
    };
    if !root::is_superuser(call).await? {
        return found;
    }
    Err(Error::invalid(member, Rule::UnknownObject { given }).into())
}

/// `GET /api/v2/credentials/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let view = call.room.read_credential(&call.actor, &id).await?;
    Ok(tagged(answer::seen(&view, |view| serde_json::to_vec(&wire(view, true))), &view))
}

/// `PUT /api/v2/credentials/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/credentials/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let draft = CredentialDraft { expected: expected(&call), ..draft(&call.body, mode) };
    let changed =
        in_body(call.room.update_credential(&call.actor, &id, draft).await, Kind::Credential)?;
    Ok(tagged(shown(&wire(&changed, true)), &changed))
}

/// `DELETE /api/v2/credentials/{id}/`: used or not, as AWX does, but it says so.
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let deleted = call.room.delete_credential(&call.actor, &id, true, expected(&call)).await?;
    Ok(if deleted.uses.is_empty() { done() } else { done_though_used(&counted(&deleted.uses)) })
}

/// `GET /api/v2/credentials/{id}/copy/`
pub(super) async fn may_copy(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let can_copy = call.room.may_copy_credential(&call.actor, &id).await?;
    Ok(shown(&json!({"can_copy": can_copy})))
}

/// `POST /api/v2/credentials/{id}/copy/`
pub(super) async fn copy(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let name = read::text(&call.body, "name", TextRule::required(512));
    Ok(made(&call.room.copy_credential(&call.actor, &id, name).await?))
}

/// `GET /api/v2/credentials/{id}/owner_users/`
pub(super) async fn owner_users(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let users = call.room.credential_owner_users(&call.actor, &id).await?;
    let fetch =
        |request| call.room.list_users(&call.actor, UserScope::All, list::among(request, &users));
    list::page(&call, &user::MODEL, fetch, user::element).await
}

/// `GET /api/v2/credentials/{id}/owner_teams/`
pub(super) async fn owner_teams(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let teams = call.room.credential_owner_teams(&call.actor, &id).await?;
    let fetch =
        |request| call.room.list_teams(&call.actor, TeamScope::All, list::among(request, &teams));
    list::page(&call, &team::MODEL, fetch, team::element).await
}

/// `GET /api/v2/users/{id}/credentials/`
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfUser(call.target(Kind::User).await?)).await
}

/// `POST /api/v2/users/{id}/credentials/`: the path says who owns it.
pub(super) async fn create_for_user(call: Call) -> Outcome<Response> {
    let id = owner(&call, Kind::User, "user").await?;
    make(&call, OwnerDoor::User(id), Kind::User).await
}

/// `GET /api/v2/teams/{id}/credentials/`
pub(super) async fn of_team(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfTeam(call.target(Kind::Team).await?)).await
}

/// `POST /api/v2/teams/{id}/credentials/`
pub(super) async fn create_for_team(call: Call) -> Outcome<Response> {
    let id = owner(&call, Kind::Team, "team").await?;
    make(&call, OwnerDoor::Team(id), Kind::Team).await
}

/// `GET /api/v2/organizations/{id}/galaxy_credentials/`
pub(super) async fn galaxy_of_organization(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    let found = call.room.list_galaxy_credentials(&call.actor, &id).await?;
    let ids: Vec<i64> = found.iter().map(|view| view.credential.identity.id).collect();
    let fetch = |request| call.room.list_credentials(&call.actor, CredentialScope::All, request);
    list::in_given_order(&call, &MODEL, &ids, fetch, |view| view.credential.identity.id, element)
        .await
}

/// `POST /api/v2/organizations/{id}/galaxy_credentials/`: attaches one that is there, or detaches it.
pub(super) async fn attach_galaxy(call: Call) -> Outcome<Response> {
    let missing = "Credential 'id' field is missing.";
    let wanted = attach::wanted_id(&call)?.ok_or(AwxError::Message(missing))?;
    let id = call.target(Kind::Organization).await?;
    let (room, actor, wanted) = (&call.room, &call.actor, Ref::Serial(wanted));
    let outcome = match call.has("disassociate") {
        true => room.remove_galaxy_credential(actor, &id, &wanted).await,
        false => room.add_galaxy_credential(actor, &id, &wanted).await,
    };
    in_body(outcome, Kind::Organization)?;
    Ok(done())
}

/// `GET /api/v2/organizations/{id}/credentials/`
pub(super) async fn of_organization(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfOrganization(call.target(Kind::Organization).await?)).await
}

/// `POST /api/v2/organizations/{id}/credentials/`
pub(super) async fn create_for_organization(call: Call) -> Outcome<Response> {
    let id = owner(&call, Kind::Organization, "organization").await?;
    make(&call, OwnerDoor::Organization(id), Kind::Organization).await
}

/// `GET /api/v2/credential_types/{id}/credentials/`
pub(super) async fn of_type(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfType(call.target(Kind::CredentialType).await?)).await
}

/// `POST /api/v2/credential_types/{id}/credentials/`: the body says the type once more.
pub(super) async fn create_below_type(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    call.room.read_credential_type(&call.actor, &id).await?;
    make(&call, OwnerDoor::Body, Kind::Credential).await
}
