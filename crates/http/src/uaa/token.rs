//! Tokens: bought with a password or a refresh token, ended by their ids.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_core::error::Refusal;
use strongroom_core::id::Kind;
use strongroom_service::uaa::UaaTokens;
use strongroom_service::{Actor, Presented};

use super::auth::Holder;
use super::error::UaaError;
use super::form::{Client, Form, is_known_origin};
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::facts::Facts;
use crate::state::AppState;

/// What a token request gives.
#[derive(Serialize)]
struct Issued<'a> {
    access_token: &'a str,
    /// In lower case: one client builds its header from it.
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    expires_in: i64,
    scope: &'a str,
    jti: String,
}

/// The grants of a password and of a refresh token for the public client, that of their own secret for all others.
pub(super) async fn issue(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    headers: HeaderMap,
    raw: RawBody,
) -> Result<Response, UaaError> {
    let form = Form::read(&raw)?;
    let client = match form.client(&headers)? {
        Client::Public => None,
        Client::Own { id, secret } => Some(enter(&state, &facts, id, secret).await?),
    };
    let tokens = match (form.text("grant_type"), client) {
        (Some("password"), None) => by_password(&state, &facts, &form).await?,
        (Some("refresh_token"), None) => by_refresh(&state, &facts, &form).await?,
        (Some("client_credentials"), Some(client)) => {
            let issued = state.room.issue_uaa_client_token(&client, &form.scopes()).await;
            issued.map_err(|error| match error {
                Error::Unauthenticated => UaaError::BadClient,
                other => about_scope(other),
            })?
        }
        (Some("client_credentials"), None) => {
            return Err(UaaError::GrantNotAllowed("client_credentials"));
        }
        (Some("password"), Some(_)) => return Err(UaaError::GrantNotAllowed("password")),
        (Some("refresh_token"), Some(_)) => return Err(UaaError::GrantNotAllowed("refresh_token")),
        (Some("authorization_code"), _) => {
            return Err(UaaError::GrantNotAllowed("authorization_code"));
        }
        (Some(_), _) => {
            let text = "Unsupported grant type".to_owned();
            return Err(UaaError::BadRequest("unsupported_grant_type", text));
        }
        (None, _) => {
            let text = "Missing grant type".to_owned();
            return Err(UaaError::BadRequest("invalid_request", text));
        }
    };
    let document = Issued {
        access_token: tokens.access_token.expose_secret(),
        token_type: "bearer",
        refresh_token: tokens.refresh_token.as_ref().map(ExposeSecret::expose_secret),
        expires_in: tokens.expires_in,
        scope: &tokens.scope,
        jti: tokens.jti.to_string(),
    };
    Ok(answer::json(StatusCode::OK, JSON, &document))
}

/// A client that shows its secret.
pub(super) async fn enter(
    state: &AppState,
    facts: &Facts,
    id: String,
    secret: SecretString,
) -> Result<Actor, UaaError> {
    let origin = facts.origin(Dialect::CloudFoundry);
    let entered = state.room.authenticate(Door::Uaa, Presented::Client { id, secret }, origin);
    entered.await.map_err(|error| match error {
        Error::Unauthenticated => UaaError::BadClient,
        other => other.into(),
    })
}

async fn by_password(state: &AppState, facts: &Facts, form: &Form) -> Result<UaaTokens, UaaError> {
    // One client sends the hint in the form, another behind the question mark, and nothing else there.
    let query = facts.query.as_deref().unwrap_or_default();
    let hint = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "login_hint");
    let hint =
        form.text("login_hint").map(str::to_owned).or(hint.map(|(_, hint)| hint.into_owned()));
    if !is_known_origin(hint.as_deref()) {
        let text = "The origin provided in the login_hint is invalid.".to_owned();
        return Err(UaaError::BadRequest("invalid_request", text));
    }
    let (Some(username), Some(password)) = (form.text("username"), form.secret("password")) else {
        let text = "Missing username or password".to_owned();
        return Err(UaaError::BadRequest("invalid_request", text));
    };
    let origin = facts.origin(Dialect::CloudFoundry);
    let room = &state.room;
    let entered = room.log_in(Door::Uaa, username, password, origin).await;
    let actor = entered.map_err(UaaError::BadCredentials)?;
    room.issue_uaa_tokens(&actor, &form.scopes()).await.map_err(about_scope)
}

async fn by_refresh(state: &AppState, facts: &Facts, form: &Form) -> Result<UaaTokens, UaaError> {
    let Some(token) = form.secret("refresh_token") else {
        let text = "Missing refresh token".to_owned();
        return Err(UaaError::BadRequest("invalid_request", text));
    };
    let origin = facts.origin(Dialect::CloudFoundry);
    let room = &state.room;
    let entered = room.authenticate(Door::Uaa, Presented::Refresh(token.clone()), origin).await;
    let actor = entered.map_err(about_refresh)?;
    let issued = room.refresh_uaa_token(&actor, &token, &form.scopes()).await;
    issued.map_err(|error| match error {
        Error::Unauthenticated => UaaError::BadRefreshToken,
        other => about_scope(other),
    })
}

fn about_refresh(error: Error) -> UaaError {
    match error {
        Error::Unauthenticated => UaaError::BadRefreshToken,
        other => other.into(),
    }
}

fn about_scope(error: Error) -> UaaError {
    match error {
        Error::Invalid(_) => UaaError::NoScope,
        other => other.into(),
    }
}

/// Ends the login that a token belongs to.
pub(super) async fn revoke(holder: Holder, Path(jti): Path<String>) -> Result<Response, UaaError> {
    let jti = jti.parse().map_err(|_| Error::NotFound(Kind::Token))?;
    holder.room.revoke_uaa_token(&holder.actor, jti).await.map_err(|error| match error {
        // Whether somebody else's token exists is not told.
        Error::Forbidden(Refusal::NotPermitted) => Error::NotFound(Kind::Token),
        other => other,
    })?;
    Ok((StatusCode::OK, Body::empty()).into_response())
}

/// Who the holder of a token is.
pub(super) async fn userinfo(holder: Holder) -> Result<Response, UaaError> {
    let user = holder.room.uaa_user(&holder.actor).await.map_err(|error| match error {
        Error::Forbidden(_) => UaaError::InsufficientScope("openid"),
        other => other.into(),
    })?;
    let guid = user.guid.to_string();
    let document = json!({
        "user_id": guid,
        "sub": guid,
        "user_name": user.username,
        "name": format!("{} {}", user.first_name, user.last_name).trim(),
        "given_name": user.first_name,
        "family_name": user.last_name,
        "email": user.email,
        "email_verified": false,
        "origin": "uaa",
        "previous_logon_time": null,
    });
    Ok(answer::json(StatusCode::OK, JSON, &document))
}
