//! The handlers: decode, call one use-case, render.

pub(super) mod audit;
pub(super) mod checkout;
pub(super) mod credential;
pub(super) mod grant;
pub(super) mod host;
pub(super) mod keys;
pub(super) mod organization;
pub(super) mod placement;
pub(super) mod reference;
pub(super) mod registry;
pub(super) mod registry_credential;
pub(super) mod report;
pub(super) mod robot;
pub(super) mod token;
pub(super) mod uaa;
pub(super) mod upkeep;
pub(super) mod version;

use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::id::{Kind, Ref};

use super::error::NativeError;
use crate::answer::{self, JSON};

/// What a handler gives back.
type Answer = Result<Response, NativeError>;

/// The object that a segment of the path names; what is no id in any spelling names nothing.
fn named(segment: &str, kind: Kind) -> Result<Ref, NativeError> {
    segment.parse().map_err(|_| NativeError::Core(Error::NotFound(kind)))
}

/// 200 with a document.
fn shown(document: &impl Serialize) -> Response {
    answer::json(StatusCode::OK, JSON, document)
}

/// 201 with the new object and where it is.
fn created(location: &str, document: &impl Serialize) -> Response {
    let mut response = answer::json(StatusCode::CREATED, JSON, document);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// 204.
fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
