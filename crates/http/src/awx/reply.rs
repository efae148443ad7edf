//! The answers of handlers, before the headers that all answers share.

use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, WARNING};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::answer;

/// 200 with a document.
pub(super) fn shown(document: &impl Serialize) -> Response {
    json_response(StatusCode::OK, document)
}

/// 201 with the new object and where it is.
pub(super) fn created(object: &impl Serialize, url: &str) -> Response {
    let mut response = json_response(StatusCode::CREATED, object);
    if let Ok(location) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// 204: gone, attached or detached.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 204 with a warning that what was deleted had been in use.
pub(super) fn done_though_used(uses: &str) -> Response {
    let mut response = done();
    if let Ok(warning) =
        HeaderValue::from_str(&format!("299 strongroom \"credential was in use: {uses}\""))
    {
        response.headers_mut().insert(WARNING, warning);
    }
    response
}

/// A JSON answer.
pub(super) fn json_response(status: StatusCode, document: &impl Serialize) -> Response {
    answer::json(status, answer::JSON, document)
}
