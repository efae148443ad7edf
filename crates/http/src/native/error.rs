//! Every error of the native API as a problem document.

use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::error::{Conflict, FieldPath, UseCount, Violation};
use strongroom_service::{BackupError, RotationError};

use super::{wire, words};
use crate::answer::{self, PROBLEM_JSON};
use crate::fault::{Fault, TOO_SLOW};
use crate::report::report;

/// Why a handler of the native API has no other answer.
#[derive(Debug)]
pub(super) enum NativeError {
    /// A use-case said no.
    Core(Error),
    /// The body or the query cannot be read.
    Unreadable(Vec<Wrong>),
    /// The body is of another type than JSON.
    MediaType,
    /// There is no backup, for this reason. Only the host asks.
    Backup(BackupError),
    /// The root key is not replaced, for this reason. Only the host asks, so it may name files.
    RootKey(RotationError),
    /// The credential is in use: by whom, as far as they registered.
    InUse {
        /// The uses, counted by kind.
        uses: Vec<UseCount>,
        /// Those that registered.
        references: Vec<wire::Reference>,
    },
}

/// A fault of a member or parameter, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    /// The member or parameter; `body` is the whole.
    pub(super) field: String,
    /// What is wrong with it.
    pub(super) message: String,
}

impl Wrong {
    /// A fault of a member or parameter.
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl IntoResponse for NativeError {
    fn into_response(self) -> Response {
        match self {
            Self::Core(error)
            | Self::RootKey(RotationError::Core(error))
            | Self::Backup(BackupError::Core(error)) => render(&error),
            Self::Backup(error) => {
                Problem::new(StatusCode::CONFLICT, &error.to_string()).into_response()
            }
            Self::Unreadable(violations) => invalid(violations),
            Self::MediaType => {
                let detail = "The body must be application/json.";
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into_response()
            }
            Self::RootKey(error) => {
                Problem::new(StatusCode::CONFLICT, &error.to_string()).into_response()
            }
            Self::InUse { uses, references } => in_use(&uses, references),
        }
    }
}

impl From<BackupError> for NativeError {
    fn from(error: BackupError) -> Self {
        Self::Backup(error)
    }
}

impl From<RotationError> for NativeError {
    fn from(error: RotationError) -> Self {
        Self::RootKey(error)
    }
}

/// The answer to an error of a use-case.
pub(crate) fn render(error: &Error) -> Response {
    report(error);
    match error {
        Error::Unauthenticated => with_header(
            Problem::new(StatusCode::UNAUTHORIZED, "A valid token is needed."),
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        ),
        Error::Throttled { seconds } => with_header(
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many failed attempts; try again later.",
            ),
            RETRY_AFTER,
            HeaderValue::from(*seconds),
        ),
        Error::Forbidden(refusal) => {
            Problem::new(StatusCode::FORBIDDEN, words::refusal(*refusal)).into_response()
        }
        Error::NotFound(_) | Error::Hidden(_) => fault(&Fault::UnknownPath),
        Error::Invalid(violations) => invalid(violations.iter().map(Wrong::from).collect()),
        Error::Conflict(Conflict::CredentialInUse(uses)) => in_use(uses, Vec::new()),
        Error::Conflict(conflict) => {
            Problem::new(StatusCode::CONFLICT, &words::conflict(conflict)).into_response()
        }
        Error::TooLarge => fault(&Fault::TooLarge),
        Error::TooSlow => Problem::new(StatusCode::BAD_REQUEST, TOO_SLOW).into_response(),
        Error::Unavailable(_) => with_header(
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The store does not answer; try again."),
            RETRY_AFTER,
            HeaderValue::from_static("1"),
        ),
        Error::StorageFull(_) => {
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "There is no room left to write.")
                .into_response()
        }
        Error::Internal(_) => fault(&Fault::Panic),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault) -> Response {
    Problem::new(fault.status(), fault.sentence()).into_response()
}

fn invalid(violations: Vec<Wrong>) -> Response {
    let problem = Problem::new(StatusCode::BAD_REQUEST, "The request is not valid.");
    Problem { violations: Some(violations), ..problem }.into_response()
}

fn in_use(uses: &[UseCount], references: Vec<wire::Reference>) -> Response {
    let problem = Problem::new(StatusCode::CONFLICT, "The credential is in use.");
    let uses = uses.iter().map(wire::Use::from).collect();
    Problem { uses: Some(uses), references: Some(references), ..problem }.into_response()
}

fn with_header(problem: Problem<'_>, name: HeaderName, value: HeaderValue) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(name, value);
    response
}

impl From<&Violation> for Wrong {
    fn from(violation: &Violation) -> Self {
        let field = match &violation.field {
            FieldPath::Whole => "body".to_owned(),
            FieldPath::Member(member) => shown_name(member).to_owned(),
            FieldPath::Inner(member, inner) if inner.starts_with('[') => {
                format!("{}{inner}", shown_name(member))
            }
            FieldPath::Inner(member, inner) => format!("{}.{inner}", shown_name(member)),
        };
        Self { field, message: words::rule(&violation.rule) }
    }
}

/// A member's name here, where it differs from the one that use-cases know.
fn shown_name(member: &'static str) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == member).map_or(member, |(_, shown)| shown)
}

const NAMES: [(&str, &str); 2] = [("credential_type", "type"), ("is_superuser", "admin")];

/// A problem document of RFC 9457.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<Wrong>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<Vec<wire::Use>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    references: Option<Vec<wire::Reference>>,
}

impl<'a> Problem<'a> {
    fn new(status: StatusCode, detail: &'a str) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            violations: None,
            uses: None,
            references: None,
        }
    }
}

impl IntoResponse for Problem<'_> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer::json(status, PROBLEM_JSON, &self)
    }
}
