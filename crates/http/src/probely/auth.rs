//! Who is asking: a login token, an API key, or a native token made for this dialect, under either scheme word.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Actor, Presented, Strongroom};

use super::error::ProbelyError;
use super::words;
use crate::facts::Facts;
use crate::presented::presented;
use crate::state::AppState;

/// Whoever is asking, and the room he asks. Stands first among a handler's arguments.
#[derive(Debug)]
pub(super) struct Caller {
    /// The room.
    pub(super) room: Strongroom,
    /// Who is asking.
    pub(super) actor: Actor,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ProbelyError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ProbelyError> {
        let room = state.room.clone();
        let Some(facts) = parts.extensions.get::<Facts>() else {
            return Err(Error::Unauthenticated.into());
        };
        let token @ Presented::Bearer(_) = presented(&parts.headers, &SCHEMES) else {
            return Err(ProbelyError::Unauthenticated(missing(&parts.headers)));
        };
        let origin = facts.origin(Dialect::Probely);
        let actor = room.authenticate(Door::Probely, token, origin).await?;
        Ok(Self { room, actor })
    }
}

/// What a request lacks that presents no token. A header for another scheme is as good as none.
fn missing(headers: &HeaderMap) -> &'static str {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(AUTHORIZATION) {
            true => words::INCORRECT,
            false => words::NOT_PROVIDED,
        };
    };
    let text = value.to_str().unwrap_or_default().trim();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !SCHEMES.iter().any(|word| scheme.eq_ignore_ascii_case(word)) {
        return words::NOT_PROVIDED;
    }
    if rest.trim().is_empty() { words::NO_CREDENTIALS } else { words::SPACES }
}

/// The words that may stand before a token.
const SCHEMES: [&str; 2] = ["JWT", "Bearer"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told() {
        for (lines, told) in [
            (&[][..], words::NOT_PROVIDED),
            (&[""], words::NOT_PROVIDED),
            (&["Basic YTpi"], words::NOT_PROVIDED),
            (&["Token abc"], words::NOT_PROVIDED),
            (&["JWT"], words::NO_CREDENTIALS),
            (&["jwt  "], words::NO_CREDENTIALS),
            (&["JWT a b"], words::SPACES),
            (&["JWT a", "JWT b"], words::INCORRECT),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, line.parse().unwrap());
            }
            assert_eq!(missing(&headers), told, "{lines:?}");
        }
    }
}
