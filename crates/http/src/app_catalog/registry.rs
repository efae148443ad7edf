//! Registries.

use axum::response::IntoResponse;
use http::header::LOCATION;
use http::{StatusCode, Uri};
use strongroom_core::id::Kind;
use strongroom_service::RegistryQuery;
use strongroom_service::list::Paging;

use super::call::{Answer, Call, named, shown, with_header};
use super::query::Parameters;
use super::translate;
use super::wire::{Page, Registry};
use crate::body::RawBody;

pub(super) async fn list(call: &Call, uri: &Uri) -> Answer {
    let mut parameters = Parameters::read(uri);
    let asked = parameters.page();
    let query = RegistryQuery {
        provider: parameters.text("provider"),
        hosted: parameters.boolean("hosted"),
        removed: parameters.boolean("removed"),
    };
    let is = |wanted: Option<bool>, fact: bool| wanted.is_none_or(|wanted| wanted == fact);
    let possible = [("vmware_managed", false), ("shared", false), ("owned", true)]
        .map(|(name, fact)| is(parameters.boolean(name), fact));
    parameters.faultless()?;
    let (limit, offset) = asked.part();
    let page =
        call.room.list_registries(&call.actor, query, Paging::Offset { limit, offset }).await?;
    if possible.contains(&false) {
        // Every registry belongs to the asking organization alone, and none is kept by hand.
        return Ok(shown(&Page::<Registry>::new(asked, 0, Vec::new())));
    }
    let items = page.items.into_iter().map(Registry::from).collect();
    Ok(shown(&Page::new(asked, page.total.unwrap_or_default(), items)))
}

pub(super) async fn read(call: &Call, id: &str) -> Answer {
    let id = named(id, Kind::Registry)?;
    Ok(shown(&Registry::from(call.room.read_registry(&call.actor, &id).await?)))
}

/// 201 without a body; the new registry's address is in `Location`.
pub(super) async fn create(call: &Call, body: &RawBody) -> Answer {
    let draft = translate::registry(body)?;
    let view = call.room.create_private_registry(&call.actor, draft).await?;
    let path = format!("/v1/registries/{}", view.registry.identity.guid);
    Ok(with_header(StatusCode::CREATED.into_response(), LOCATION, &call.url(&path)))
}

pub(super) async fn update(call: &Call, id: &str, body: &RawBody) -> Answer {
    let draft = translate::registry(body)?;
    let id = named(id, Kind::Registry)?;
    let _ = call.room.update_private_registry(&call.actor, &id, draft).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove(call: &Call, id: &str) -> Answer {
    let id = named(id, Kind::Registry)?;
    call.room.remove_private_registry(&call.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
