//! The Cloud Foundry dialect: `/`, `/v3` and `/v2`, as the platform's API answers.
//!
//! [`routes`] is the table. A handler reads a body ([`body`]) or a query ([`query`]), calls one use-case and
//! renders its view ([`wire`], [`page`]). Sentences are made in [`words`], the documents around them in [`error`].

pub(crate) mod auth;
mod body;
pub(crate) mod error;
mod handlers;
pub(crate) mod openapi;
mod page;
mod query;
mod relation;
mod routes;
mod wire;
mod words;

use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::facts::RequestFacts;

pub(crate) use routes::routes;

/// The version of the API that is answered.
const VERSION: &str = "3.210.0";

/// Adds what the platform sends with every answer: the request's id, and who asked once that is known.
pub(crate) fn decorate(facts: &RequestFacts, response: &mut Response) {
    let id = hyphenated(&facts.request_id);
    let id = match &facts.client_request_id {
        Some(clients) => format!("{clients}::{id}"),
        None => id,
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_VCAP_REQUEST_ID, value);
    }
    let user = facts.user_guid.get().map(|guid| HeaderValue::from_str(guid));
    if let Some(Ok(value)) = user {
        headers.insert(X_USER_GUID, value);
    }
}

/// 32 digits in the form of a UUID.
fn hyphenated(digits: &str) -> String {
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

const X_VCAP_REQUEST_ID: HeaderName = HeaderName::from_static("x-vcap-request-id");
const X_USER_GUID: HeaderName = HeaderName::from_static("x-user-guid");

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_looks_like_a_uuid() {
        let id = super::hyphenated("0123456789abcdef0123456789abcdef");
        assert_eq!(id, "01234567-89ab-cdef-0123-456789abcdef");
    }
}
