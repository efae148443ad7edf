//! What others ask about a token that was shown to them.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Actor, Presented};

use super::error::UaaError;
use super::form::{Client, Form};
use super::token::enter;
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::facts::Facts;
use crate::presented::presented;
use crate::state::AppState;

/// The claims of a token; one that does not count is an error of the request.
pub(super) async fn check_token(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    headers: HeaderMap,
    raw: RawBody,
) -> Result<Response, UaaError> {
    let form = Form::read(&raw)?;
    let asker = client(&state, &facts, &headers, &form).await?;
    may_ask(&state, &asker).await?;
    let Some(claims) = claims(&state, &form).await? else {
        let text = "The token expired, was revoked, or is none of this server's.".to_owned();
        return Err(UaaError::BadRequest("invalid_token", text));
    };
    let wanted = form.text("scopes").unwrap_or_default();
    let mut wanted = wanted.split([',', ' ']).filter(|word| !word.is_empty());
    if let Some(missing) = wanted.find(|word| !has_scope(&claims, word)) {
        let missing: String = missing.chars().filter(|c| !c.is_control()).take(100).collect();
        let text = format!("Some requested scopes are missing: {missing}");
        return Err(UaaError::BadRequest("invalid_scope", text));
    }
    Ok(answer::json(StatusCode::OK, JSON, &claims))
}

/// The claims of a token that counts, or that it does not.
pub(super) async fn introspect(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    headers: HeaderMap,
    raw: RawBody,
) -> Result<Response, UaaError> {
    let form = Form::read(&raw)?;
    let asker = match presented(&headers, &["Bearer"]) {
        Presented::Bearer(text) => {
            let origin = facts.origin(Dialect::CloudFoundry);
            let known = state.room.authenticate(Door::Uaa, Presented::Bearer(text), origin).await;
            known.map_err(|error| match error {
                Error::Unauthenticated => UaaError::BadToken,
                other => other.into(),
            })?
        }
        _ => client(&state, &facts, &headers, &form).await?,
    };
    may_ask(&state, &asker).await?;
    let mut document = Map::from_iter([("active".to_owned(), json!(false))]);
    if let Some(claims) = claims(&state, &form).await? {
        document.insert("active".to_owned(), json!(true));
        document.extend(claims);
    }
    Ok(answer::json(StatusCode::OK, JSON, &document))
}

/// The client that asks, which is none that anybody is.
async fn client(
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Actor, UaaError> {
    match form.client(headers)? {
        Client::Own { id, secret } => enter(state, facts, id, secret).await,
        Client::Public => Err(UaaError::InsufficientScope(RESOURCE)),
    }
}

async fn may_ask(state: &AppState, asker: &Actor) -> Result<(), UaaError> {
    state.room.require_uaa_resource(asker).await.map_err(|error| match error {
        Error::Forbidden(_) => UaaError::InsufficientScope(RESOURCE),
        other => other.into(),
    })
}

async fn claims(state: &AppState, form: &Form) -> Result<Option<Map<String, Value>>, UaaError> {
    let Some(token) = form.secret("token") else {
        let text = "Missing parameter: token".to_owned();
        return Err(UaaError::BadRequest("invalid_request", text));
    };
    Ok(state.room.uaa_claims(&token).await?)
}

fn has_scope(claims: &Map<String, Value>, word: &str) -> bool {
    let scope = claims.get("scope").and_then(Value::as_array);
    scope.is_some_and(|scope| scope.iter().any(|one| one == word))
}

/// What somebody must have who asks about the tokens of others.
const RESOURCE: &str = "uaa.resource";
