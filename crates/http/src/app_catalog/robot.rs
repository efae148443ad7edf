//! Managed registry credentials: minted, listed, read, removed.

use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, WARNING};
use http::{StatusCode, Uri};
use secrecy::ExposeSecret;
use strongroom_core::error::UseCount;
use strongroom_core::id::Kind;

use super::call::{Answer, Call, named, shown, with_header};
use super::query::Parameters;
use super::translate;
use super::wire::{Minted, Page, Robot};
use crate::answer::{self, JSON};
use crate::body::RawBody;

pub(super) async fn list(call: &Call, registry: &str, uri: &Uri) -> Answer {
    let mut parameters = Parameters::read(uri);
    let asked = parameters.page();
    let removed = parameters.boolean("removed");
    parameters.faultless()?;
    let registry = named(registry, Kind::Registry)?;
    let page = call.room.list_robots(&call.actor, &registry, removed, asked.part()).await?;
    let items = page.items.into_iter().map(Robot::from).collect();
    Ok(shown(&Page::new(asked, page.total.unwrap_or_default(), items)))
}

/// 201 with exactly user name and password; the credential's own address is in `Location`.
pub(super) async fn mint(call: &Call, registry: &str, body: &RawBody) -> Answer {
    let draft = translate::robot(body)?;
    let registry = named(registry, Kind::Registry)?;
    let minted = call.room.mint_robot(&call.actor, &registry, draft).await?;
    let document = Minted { username: &minted.username, password: minted.password.expose_secret() };
    let path = format!("/v1/registries/{}/credentials/{}", minted.registry, minted.guid);
    let response = answer::json(StatusCode::CREATED, JSON, &document);
    Ok(with_header(response, LOCATION, &call.url(&path)))
}

pub(super) async fn read(call: &Call, registry: &str, robot: &str) -> Answer {
    let registry = named(registry, Kind::Registry)?;
    let robot = named(robot, Kind::Placement)?;
    let view = call.room.read_robot(&call.actor, &registry, &robot).await?;
    Ok(shown(&Robot::from(view)))
}

/// 204; a warning tells that it had been in use.
pub(super) async fn remove(call: &Call, registry: &str, robot: &str) -> Answer {
    let registry = named(registry, Kind::Registry)?;
    let robot = named(robot, Kind::Placement)?;
    let deleted = call.room.remove_robot(&call.actor, &registry, &robot, true).await?;
    Ok(gone(&deleted.uses))
}

fn gone(uses: &[UseCount]) -> Response {
    let response = StatusCode::NO_CONTENT.into_response();
    if uses.is_empty() {
        return response;
    }
    let count: u64 = uses.iter().map(|used| used.count).sum();
    with_header(response, WARNING, &format!("299 strongroom \"credential was in use: {count}\""))
}
