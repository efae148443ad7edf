//! Is it alive, is it ready, and how is it doing: for whoever runs the server.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use strongroom_core::Error;
use strongroom_seal::digest::sha256;
use strongroom_service::Presented;

use crate::answer::{self, JSON};
use crate::facts::{Facts, RequestFacts};
use crate::native::error;
use crate::presented::presented;
use crate::route::Route;
use crate::state::AppState;

/// The path that answers as long as the process does, however busy it is.
pub(crate) const LIVENESS: &str = "/healthz";

/// The probes.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get(LIVENESS, liveness),
        Route::get("/readyz", readiness),
        Route::get("/metrics", metrics),
    ]
}

async fn liveness() -> Response {
    answer::json(StatusCode::OK, JSON, &json!({"status": "ok"}))
}

/// Whether the store answers; to whoever may know, also which one it is.
async fn readiness(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = state.room.health().await {
        return error::render(&error);
    }
    let mut body = json!({"status": "ok"});
    if may_look_inside(&state, &facts, &headers) {
        body["store"] = state.room.store_kind().into();
        body["version"] = env!("CARGO_PKG_VERSION").into();
        body["node"] = state.settings.node.as_str().into();
    }
    answer::json(StatusCode::OK, JSON, &body)
}

async fn metrics(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    headers: HeaderMap,
) -> Response {
    if !may_look_inside(&state, &facts, &headers) {
        return error::render(&Error::Unauthenticated);
    }
    let text = (state.settings.metrics)();
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"))], text).into_response()
}

/// Whether the request comes from this machine, whatever else it presents, or carries the token for it.
fn may_look_inside(state: &AppState, facts: &RequestFacts, headers: &HeaderMap) -> bool {
    facts.is_loopback
        || match (presented(headers, &["Bearer"]), &state.settings.metrics_token) {
            (Presented::Bearer(given), Some(token)) => is_same(&given, token),
            _ => false,
        }
}

/// Compares hashes, so that the time it takes tells nothing of the token.
fn is_same(one: &SecretString, other: &SecretString) -> bool {
    sha256(one.expose_secret().as_bytes()) == sha256(other.expose_secret().as_bytes())
}
