//! The base of absolute links.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Uri};

use crate::state::AppState;

/// The base of links, for handlers that need not know who asks.
pub(crate) struct Base(pub(crate) String);

impl FromRequestParts<AppState> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self(base(parts, state)))
    }
}

/// Scheme and host of this server as its clients know it, without a slash at the end.
///
/// The public URL where one is configured, else the name that the request used, which is a loopback name.
pub(crate) fn base(parts: &Parts, state: &AppState) -> String {
    base_of(&parts.uri, &parts.headers, state)
}

/// The same, for who has not taken the request apart.
pub(crate) fn base_of(uri: &Uri, headers: &HeaderMap, state: &AppState) -> String {
    let settings = &state.settings;
    if let Some(url) = &settings.public_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let scheme = if settings.tls { "https" } else { "http" };
    match uri.authority().map(ToString::to_string).or_else(|| host(headers)) {
        Some(host) => format!("{scheme}://{host}"),
        None => state.room.issuer().trim_end_matches('/').to_owned(),
    }
}

fn host(headers: &HeaderMap) -> Option<String> {
    headers.get(HOST)?.to_str().ok().map(str::to_owned)
}
