//! The handlers: decode, call one use-case, render.

pub(super) mod account;
pub(super) mod analytics;
pub(super) mod api_user;
pub(super) mod audit;
pub(super) mod auth;
pub(super) mod credential;
pub(super) mod domain;
pub(super) mod key;
pub(super) mod label;
pub(super) mod part;
mod scan;
pub(super) mod target;
pub(super) mod team;
pub(super) mod user;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::id::{Kind, ShortId};

use super::error::ProbelyError;
use crate::answer::{self, JSON};

/// What a handler gives back.
type Answer = Result<Response, ProbelyError>;

/// The object that a segment of the path names; what is no id names nothing.
fn named(segment: &str, kind: Kind) -> Result<ShortId, ProbelyError> {
    segment.parse().map_err(|_| ProbelyError::Core(Error::NotFound(kind)))
}

/// 200 with a document.
fn shown(document: &impl Serialize) -> Response {
    answer::json(StatusCode::OK, JSON, document)
}

/// 201 with the new object.
fn created(document: &impl Serialize) -> Response {
    answer::json(StatusCode::CREATED, JSON, document)
}

/// 204.
fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
