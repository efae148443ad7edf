//! The handlers: decode, call one use-case, render.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use secrecy::SecretString;
use strongroom_core::access::Dialect;
use strongroom_service::{Presented, RegistryTokenDraft};

use super::error::TokenError;
use super::request::{self, Form};
use super::wire::Given;
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::facts::{Facts, RequestFacts};
use crate::presented::presented;
use crate::state::AppState;

type Answer = Result<Response, TokenError>;

/// The way of most clients: scopes in the query, user name and password by HTTP Basic.
pub(super) async fn by_login(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let Presented::Basic { username, password } = presented(&headers, &[]) else {
        return Err(TokenError::Unauthenticated);
    };
    let draft = request::of_query(uri.query().unwrap_or_default())?;
    issued(&state, &facts, &username, &password, draft, false).await
}

/// The way of OAuth 2: everything in a form. There are no refresh tokens.
pub(super) async fn by_form(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    body: RawBody,
) -> Answer {
    let Form { username, password, draft } = request::of_form(&body)?;
    issued(&state, &facts, &username, &password, draft, true).await
}

async fn issued(
    state: &AppState,
    facts: &RequestFacts,
    username: &str,
    password: &SecretString,
    draft: RegistryTokenDraft,
    with_scope: bool,
) -> Answer {
    let origin = facts.origin(Dialect::AppCatalog);
    let token = state.room.issue_registry_token(username, password, draft, &origin).await?;
    Ok(answer::json(StatusCode::OK, JSON, &Given::new(&token, with_scope)))
}

/// The certificates that a registry trusts, for its `rootcertbundle`.
pub(super) async fn certificates(State(state): State<AppState>) -> Answer {
    let text = state.room.registry_token_certificates().await?;
    let pem = HeaderValue::from_static("application/x-pem-file");
    Ok(([(CONTENT_TYPE, pem)], text).into_response())
}
