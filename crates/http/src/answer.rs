//! Building answers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use strongroom_service::SeenCredential;
use strongroom_service::view::CredentialView;

/// JSON as most products name it.
pub(crate) const JSON: &str = "application/json";
/// The error documents of RFC 9457.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An answer with a JSON body of the given content type.
pub(crate) fn json(
    status: StatusCode,
    content_type: &'static str,
    value: &impl Serialize,
) -> Response {
    written(status, content_type, serde_json::to_vec(value).map(Bytes::from))
}

/// The answer to a read of one credential: what was written for whoever asked before him, if it is still true.
pub(crate) fn seen(
    seen: &SeenCredential,
    write: impl FnOnce(&CredentialView) -> serde_json::Result<Vec<u8>>,
) -> Response {
    written(StatusCode::OK, JSON, seen.answer(|view| write(view).map(Bytes::from)))
}

fn written(
    status: StatusCode,
    content_type: &'static str,
    bytes: serde_json::Result<Bytes>,
) -> Response {
    match bytes {
        Ok(bytes) => {
            let headers = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
            (status, headers, Body::from(bytes)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
