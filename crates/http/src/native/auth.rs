//! Who is asking: a native token, or at the login also a password; on the host's own socket nobody need say.

use axum::extract::FromRequestParts;
use http::request::Parts;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Actor, Strongroom};

use super::error::NativeError;
use crate::facts::Facts;
use crate::presented::presented;
use crate::state::{AppState, Entrance};

/// Whoever is asking, and the room he asks. Stands first among a handler's arguments.
#[derive(Debug)]
pub(super) struct Caller {
    /// The room.
    pub(super) room: Strongroom,
    /// Who is asking.
    pub(super) actor: Actor,
}

/// A caller who may have come with his password to get a token.
#[derive(Debug)]
pub(super) struct LoginCaller(pub(super) Caller);

impl FromRequestParts<AppState> for Caller {
    type Rejection = NativeError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, NativeError> {
        caller(parts, state, Door::Native).await
    }
}

impl FromRequestParts<AppState> for LoginCaller {
    type Rejection = NativeError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, NativeError> {
        caller(parts, state, Door::NativeLogin).await.map(Self)
    }
}

async fn caller(parts: &Parts, state: &AppState, door: Door) -> Result<Caller, NativeError> {
    let room = state.room.clone();
    if state.entrance == Entrance::Host {
        let actor = room.on_host();
        return Ok(Caller { room, actor });
    }
    let Some(facts) = parts.extensions.get::<Facts>() else {
        return Err(Error::Unauthenticated.into());
    };
    let origin = facts.origin(Dialect::Native);
    let actor = room.authenticate(door, presented(&parts.headers, &["Bearer"]), origin).await?;
    Ok(Caller { room, actor })
}
