//! Who is asking for something that takes an access token.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Actor, Presented, Strongroom};

use super::error::UaaError;
use crate::facts::Facts;
use crate::presented::presented;
use crate::state::AppState;

/// Whoever holds an access token of the platform. Stands first among a handler's arguments.
#[derive(Debug)]
pub(super) struct Holder {
    /// The room.
    pub(super) room: Strongroom,
    /// Who is asking.
    pub(super) actor: Actor,
}

impl FromRequestParts<AppState> for Holder {
    type Rejection = UaaError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, UaaError> {
        let Some(facts) = parts.extensions.get::<Facts>() else { return Err(UaaError::NoToken) };
        let bearer = match presented(&parts.headers, &["Bearer"]) {
            Presented::Bearer(text) => Presented::Bearer(text),
            _ if parts.headers.contains_key(AUTHORIZATION) => return Err(UaaError::BadToken),
            _ => return Err(UaaError::NoToken),
        };
        let room = state.room.clone();
        let origin = facts.origin(Dialect::CloudFoundry);
        let known = room.authenticate(Door::Uaa, bearer, origin).await;
        let actor = known.map_err(|error| match error {
            Error::Unauthenticated => UaaError::BadToken,
            other => other.into(),
        })?;
        Ok(Self { room, actor })
    }
}
