//! Credentials.

use axum::response::Response;
use serde_json::{Map, json};
use strongroom_core::id::Kind;
use strongroom_service::{CredentialDraft, CredentialScope, OwnerDoor};

use super::call::Call;
use super::credential_wire::wire;
use super::error::{Outcome, counted, in_body};
use super::list;
use super::mode::Mode;
use super::read::{self, Body, TextRule};
use super::reply::{created, done, done_though_used, shown};
use super::{MASK, team, user};

pub(super) use super::credential_wire::{INPUT_SOURCES, MODEL};

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
    }
}

/// `GET /api/v2/credentials/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::All).await
}

async fn listed(call: &Call, scope: CredentialScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_credentials(&call.actor, scope.clone(), request);
    list::page(call, &MODEL, fetch, |view| list::element(&wire(view, false))).await
}

/// `POST /api/v2/credentials/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    made(&call, OwnerDoor::Body, Kind::Credential).await
}

async fn made(call: &Call, door: OwnerDoor, path: Kind) -> Outcome<Response> {
    let draft = draft(&call.body, Mode::Create);
    let made = in_body(call.room.create_credential(&call.actor, door, draft).await, path)?;
    Ok(created(&wire(&made, true), &MODEL.url(made.credential.identity.id)))
}

/// `GET /api/v2/credentials/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    Ok(shown(&wire(&call.room.read_credential(&call.actor, &id).await?, true)))
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
    let draft = draft(&call.body, mode);
    let changed =
        in_body(call.room.update_credential(&call.actor, &id, draft).await, Kind::Credential)?;
    Ok(shown(&wire(&changed, true)))
}

/// `DELETE /api/v2/credentials/{id}/`: used or not, as AWX does, but it says so.
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let deleted = call.room.delete_credential(&call.actor, &id, true).await?;
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
    let made = call.room.copy_credential(&call.actor, &id, name).await?;
    Ok(created(&wire(&made, true), &MODEL.url(made.credential.identity.id)))
}

/// `GET /api/v2/credentials/{id}/owner_users/`
pub(super) async fn owner_users(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let users = call.room.credential_owner_users(&call.actor, &id).await?;
    list::whole(&call, &user::MODEL, &users, user::value, user::element)
}

/// `GET /api/v2/credentials/{id}/owner_teams/`
pub(super) async fn owner_teams(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let teams = call.room.credential_owner_teams(&call.actor, &id).await?;
    list::whole(&call, &team::MODEL, &teams, team::value, team::element)
}

/// `GET /api/v2/credentials/{id}/input_sources/`: no credential has one.
pub(super) async fn input_sources(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    call.room.read_credential(&call.actor, &id).await?;
    list::whole(&call, &INPUT_SOURCES, &[], |(), _| None, list::element)
}

/// `GET /api/v2/users/{id}/credentials/`
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfUser(call.target(Kind::User).await?)).await
}

/// `POST /api/v2/users/{id}/credentials/`: the path says who owns it.
pub(super) async fn create_for_user(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    made(&call, OwnerDoor::User(id), Kind::User).await
}

/// `GET /api/v2/teams/{id}/credentials/`
pub(super) async fn of_team(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfTeam(call.target(Kind::Team).await?)).await
}

/// `POST /api/v2/teams/{id}/credentials/`
pub(super) async fn create_for_team(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Team).await?;
    made(&call, OwnerDoor::Team(id), Kind::Team).await
}

/// `GET /api/v2/organizations/{id}/credentials/`
pub(super) async fn of_organization(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfOrganization(call.target(Kind::Organization).await?)).await
}

/// `POST /api/v2/organizations/{id}/credentials/`
pub(super) async fn create_for_organization(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Organization).await?;
    made(&call, OwnerDoor::Organization(id), Kind::Organization).await
}

/// `GET /api/v2/credential_types/{id}/credentials/`
pub(super) async fn of_type(call: Call) -> Outcome<Response> {
    listed(&call, CredentialScope::OfType(call.target(Kind::CredentialType).await?)).await
}

/// `POST /api/v2/credential_types/{id}/credentials/`: the body says the type once more.
pub(super) async fn create_below_type(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    call.room.read_credential_type(&call.actor, &id).await?;
    made(&call, OwnerDoor::Body, Kind::Credential).await
}
