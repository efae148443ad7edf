//! The exchange of an API token for an access token, and what an access token stands for.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Presented, Strongroom};
use url::Url;

use super::call::{Answer, Call, shown};
use super::error::{self, Refusal};
use super::wire::{Exchanged, Me, NotExchanged};
use crate::answer::{self, JSON};
use crate::body::{MediaType, RawBody};
use crate::facts::{Facts, RequestFacts};
use crate::state::AppState;

/// Takes the API token from a form in the body, else from the query.
pub(super) async fn exchange(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    uri: Uri,
    body: RawBody,
) -> Response {
    if !body.is_empty() && !matches!(body.media_type, MediaType::Form | MediaType::Absent) {
        return error::render(&Refusal::MediaType(FORM), &facts);
    }
    let in_query = || refresh_token(uri.query().unwrap_or_default().as_bytes());
    let Some(token) = refresh_token(&body.bytes).or_else(in_query) else {
        return refused("The parameter refresh_token is required.");
    };
    match exchanged(&state.room, &facts, &token).await {
        Ok(response) => response,
        Err(Error::Unauthenticated) => refused("The API token is unknown, expired or revoked."),
        Err(error) => error::render(&Refusal::Core(error), &facts),
    }
}

/// The first value of that name that says something.
fn refresh_token(form: &[u8]) -> Option<SecretString> {
    form_urlencoded::parse(form)
        .find(|(name, value)| name == "refresh_token" && !value.is_empty())
        .map(|(_, value)| SecretString::from(value.into_owned()))
}

async fn exchanged(
    room: &Strongroom,
    facts: &RequestFacts,
    token: &SecretString,
) -> Result<Response, Error> {
    let origin = facts.origin(Dialect::AppCatalog);
    let presented = Presented::Bearer(token.clone());
    let actor = room.authenticate(Door::CatalogExchange, presented, origin).await?;
    let issued = room.exchange_catalog_token(&actor).await?;
    let left = issued.view.token.expires.as_micros() - room.now().as_micros();
    Ok(shown(&Exchanged {
        access_token: issued.secret.expose_secret(),
        token_type: "bearer",
        expires_in: left / 1_000_000,
        scope: issued.view.token.scope,
        refresh_token: token.expose_secret(),
        id_token: Value::Null,
    }))
}

fn refused(message: &'static str) -> Response {
    let status = StatusCode::BAD_REQUEST;
    answer::json(status, JSON, &NotExchanged { message, status_code: status.as_u16() })
}

/// What the access token stands for.
pub(super) async fn me(call: &Call) -> Answer {
    let account = call.room.catalog_account(&call.actor).await?;
    let issuer = Url::parse(call.room.issuer()).ok();
    let domain = issuer.as_ref().and_then(Url::host_str).unwrap_or("strongroom");
    let service = call.room.store_id().to_string();
    Ok(shown(&Me::new(account.organization, account.user, domain, service)))
}

const FORM: &str = "application/x-www-form-urlencoded or empty";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(form: &str) -> Option<String> {
        refresh_token(form.as_bytes()).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn the_token_is_found_among_other_parameters() {
        assert_eq!(read("a=b&refresh_token=x%2By&c"), Some("x+y".to_owned()));
        assert_eq!(read("refresh_token=&refresh_token=z"), Some("z".to_owned()));
        for none in ["", "refresh_token", "refresh_token=", "Refresh_Token=x", "token=x"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_form_is_read(form in "[a-z_=&%+0-9]{0,40}", token in "[A-Za-z0-9_]{1,60}") {
            let _ = read(&form);
            let given = format!("x=1&refresh_token={token}");
            prop_assert_eq!(read(&given), Some(token));
        }
    }
}
