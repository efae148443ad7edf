//! What clients read before they log in. It takes no token.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use strongroom_service::uaa::PublicKey;

use super::error::UaaError;
use crate::answer::{self, JSON};
use crate::base::Base;
use crate::state::AppState;

/// What to ask a person for who logs in.
pub(super) async fn login(Base(base): Base) -> Response {
    let uaa = format!("{base}/uaa");
    shown(&json!({
        "app": {"version": VERSION},
        "links": {"uaa": uaa, "login": uaa},
        "zone_name": "uaa",
        "entityID": uaa,
        "commit_id": "",
        "idpDefinitions": {},
        "prompts": {"username": ["text", "Email"], "password": ["password", "Password"]},
        "timestamp": "2026-01-01T00:00:00+0000",
    }))
}

/// The keys by which tokens can be verified.
pub(super) async fn token_keys(State(state): State<AppState>) -> Result<Response, UaaError> {
    let keys = state.room.uaa_public_keys().await?;
    let keys: Vec<Value> = keys.iter().map(key).collect();
    Ok(shown(&json!({"keys": keys})))
}

/// The key by which new tokens can be verified.
pub(super) async fn token_key(State(state): State<AppState>) -> Result<Response, UaaError> {
    let keys = state.room.uaa_public_keys().await?;
    Ok(shown(&keys.first().map(key).unwrap_or_default()))
}

/// Where everything is, for clients that discover it.
pub(super) async fn configuration(State(state): State<AppState>, Base(base): Base) -> Response {
    let uaa = format!("{base}/uaa");
    shown(&json!({
        "issuer": state.room.uaa_issuer(),
        "token_endpoint": format!("{uaa}/oauth/token"),
        "jwks_uri": format!("{uaa}/token_keys"),
        "userinfo_endpoint": format!("{uaa}/userinfo"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_endpoint": format!("{uaa}/introspect"),
        "grant_types_supported": ["password", "refresh_token", "client_credentials"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "subject_types_supported": ["public"],
        "scopes_supported": [
            "openid",
            "cloud_controller.read",
            "cloud_controller.write",
            "cloud_controller.admin",
            "cloud_controller.admin_read_only",
            "cloud_controller.global_auditor",
            "uaa.resource",
        ],
        "claims_supported": [
            "sub", "user_name", "origin", "iss", "auth_time", "client_id", "scope", "email",
        ],
    }))
}

fn key(key: &PublicKey) -> Value {
    json!({
        "kty": "RSA",
        "e": key.exponent,
        "use": "sig",
        "kid": key.kid,
        "alg": ALGORITHM,
        "value": key.pem,
        "n": key.modulus,
    })
}

fn shown(document: &Value) -> Response {
    answer::json(StatusCode::OK, JSON, document)
}

const ALGORITHM: &str = "RS256";
/// The version of the token server whose interface this is.
const VERSION: &str = "77.0.0";
