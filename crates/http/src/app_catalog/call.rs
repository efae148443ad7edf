//! One request of somebody known: who asks, which room, and how it is answered.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_service::{Actor, Strongroom};

use super::error::{self, Refusal};
use crate::answer::{self, JSON};
use crate::base::base;
use crate::facts::Facts;
use crate::presented::presented;
use crate::state::AppState;

/// What a handler gives back.
pub(super) type Answer = Result<Response, Refusal>;

/// A request with a usable access token. Stands first among a handler's arguments.
#[derive(Debug)]
pub(super) struct Call {
    /// The room.
    pub(super) room: Strongroom,
    /// Who is asking.
    pub(super) actor: Actor,
    facts: Facts,
    base: String,
}

impl FromRequestParts<AppState> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Some(facts) = parts.extensions.get::<Facts>().cloned() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let room = state.room.clone();
        let key = presented(&parts.headers, &["Bearer"]);
        match room.authenticate(Door::AppCatalog, key, facts.origin(Dialect::AppCatalog)).await {
            Ok(actor) => Ok(Self { room, actor, facts, base: base(parts, state) }),
            Err(error) => Err(error::render(&Refusal::Core(error), &facts)),
        }
    }
}

impl Call {
    /// The answer, or the refusal in words.
    pub(super) fn tell(&self, answer: Answer) -> Response {
        answer.unwrap_or_else(|refusal| error::render(&refusal, &self.facts))
    }

    /// The absolute URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// The object that a segment of the path names. Only a UUID names one.
pub(super) fn named(segment: &str, kind: Kind) -> Result<Ref, Refusal> {
    let guid = segment.parse::<Guid>();
    guid.map(Ref::Guid).map_err(|_| Refusal::Core(Error::NotFound(kind)))
}

/// 200 with a document.
pub(super) fn shown(document: &impl Serialize) -> Response {
    answer::json(StatusCode::OK, JSON, document)
}

/// The same answer with a header, left out when the value cannot stand in one.
pub(super) fn with_header(mut response: Response, name: http::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
