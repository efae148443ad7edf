//! The handlers: decode, call one use-case, render.

pub(super) mod app;
pub(super) mod job;
pub(super) mod organization;
pub(super) mod package;
pub(super) mod registry_credential;
pub(super) mod role;
pub(super) mod root;
pub(super) mod space;
pub(super) mod user;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use strongroom_core::record::Organization;
use strongroom_service::platform::JobStarted;

use super::auth::Caller;
use super::error::{CfError, JSON};
use super::{wire, words};
use crate::answer;

/// What a handler gives back.
type Answer = Result<Response, CfError>;

/// 200 with a document.
fn shown(document: &Value) -> Response {
    answer::json(StatusCode::OK, JSON, document)
}

/// 201 with the new object. There is no `Location`: clients would take it for that of a job.
fn created(document: &Value) -> Response {
    answer::json(StatusCode::CREATED, JSON, document)
}

/// 202, and where the job is that says what came of it.
fn accepted(caller: &Caller, job: &JobStarted) -> Response {
    let mut response = (StatusCode::ACCEPTED, Body::empty()).into_response();
    let location = format!("{}/v3/jobs/{}", caller.base, job.guid);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    warn(&mut response, words::credentials_in_use(&job.uses));
    response
}

/// Adds what the person who asked should be told.
fn warn(response: &mut Response, text: Option<String>) {
    let Some(text) = text else { return };
    let escaped = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    if let Ok(value) = HeaderValue::from_str(&escaped) {
        response.headers_mut().insert(X_CF_WARNINGS, value);
    }
}

const X_CF_WARNINGS: HeaderName = HeaderName::from_static("x-cf-warnings");

/// Objects of one kind that stand beside a list, each once, in the order in which they are first named.
struct Beside(Vec<(i64, Value)>);

impl Beside {
    const fn none() -> Self {
        Self(Vec::new())
    }

    fn add(&mut self, id: i64, object: impl FnOnce() -> Value) {
        if !self.0.iter().any(|(known, _)| *known == id) {
            self.0.push((id, object()));
        }
    }

    fn add_organization(&mut self, base: &str, organization: &Organization) {
        self.add(organization.identity.id, || wire::organization(base, organization));
    }

    fn entry(self, name: &str) -> (String, Value) {
        (name.to_owned(), self.0.into_iter().map(|(_, object)| object).collect())
    }
}

/// The member `included`, unless nothing was asked for.
fn included(entries: Vec<(String, Value)>) -> Option<Map<String, Value>> {
    (!entries.is_empty()).then(|| entries.into_iter().collect())
}
