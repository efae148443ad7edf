//! Who is asking: whoever holds an access token of the platform, or a native token made for it.

use axum::extract::{FromRequestParts, RawPathParams};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_core::id::{Guid, Kind};
use strongroom_service::{Actor, Presented, Strongroom};

use super::error::CfError;
use crate::base::base;
use crate::facts::{Facts, RequestFacts};
use crate::presented::presented;
use crate::state::AppState;

/// Whoever is asking, whose token has the scope that the method takes. Stands first among a handler's arguments.
#[derive(Debug)]
pub(super) struct Caller {
    /// The room.
    pub(super) room: Strongroom,
    /// Who is asking.
    pub(super) actor: Actor,
    /// The base of links.
    pub(super) base: String,
    /// The variable segment of the path, if it has one.
    segment: Option<String>,
}

impl Caller {
    /// The object that the path names; what is no guid names nothing.
    pub(super) fn guid(&self, kind: Kind) -> Result<Guid, CfError> {
        let segment = self.segment.as_deref().unwrap_or_default();
        segment.parse().map_err(|_| CfError::Core(Error::NotFound(kind)))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = CfError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, CfError> {
        let Some(facts) = parts.extensions.get::<Facts>().cloned() else {
            return Err(CfError::NoToken);
        };
        let room = state.room.clone();
        if !has_bearer(&parts.headers) {
            return Err(CfError::NoToken);
        }
        let token = bearer(&parts.headers).ok_or(Error::Unauthenticated)?;
        let actor = named(&room, &facts, token).await?;
        match parts.method {
            Method::GET | Method::HEAD if !actor.may_read() => {
                return Err(Error::forbidden().into());
            }
            Method::GET | Method::HEAD => {}
            _ => actor.require_write()?,
        }
        let segment = RawPathParams::from_request_parts(parts, state).await.ok();
        let segment = segment.and_then(|all| all.iter().next().map(|(_, value)| value.to_owned()));
        Ok(Self { base: base(parts, state), room, actor, segment })
    }
}

/// The token that the headers show.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Presented> {
    match presented(headers, &["Bearer"]) {
        Presented::Bearer(text) => Some(Presented::Bearer(text)),
        _ => None,
    }
}

/// Who shows the token, whom the answer then names.
pub(crate) async fn named(
    room: &Strongroom,
    facts: &RequestFacts,
    token: Presented,
) -> strongroom_core::Result<Actor> {
    let origin = facts.origin(Dialect::CloudFoundry);
    let actor = room.authenticate(Door::CloudFoundry, token, origin).await?;
    if let Some(guid) = actor.user_guid() {
        // A request is authenticated once, so nothing is there yet.
        let _ = facts.user_guid.set(guid.to_string());
    }
    Ok(actor)
}

/// Whether the request shows a bearer token, whatever it is worth.
fn has_bearer(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value
        .and_then(|text| text.split(' ').next())
        .is_some_and(|word| word.eq_ignore_ascii_case("bearer"))
}
