//! Every error of the token server: a list of one with code, message and detail, as registries have it; what a form
//! of OAuth 2 gets wrong, as OAuth 2 has it.

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use strongroom_core::Error;

use crate::answer::{self, JSON};
use crate::fault::Fault;
use crate::report::report;

/// Why a handler has no other answer.
#[derive(Debug)]
pub(super) enum TokenError {
    /// A use-case said no.
    Core(Error),
    /// Nothing was presented that could be a robot's login.
    Unauthenticated,
    /// The query is wrong in itself.
    Invalid(String),
    /// The form is wrong in itself: the error of OAuth 2 and its description.
    Oauth(&'static str, String),
    /// The body is no form.
    MediaType,
}

impl TokenError {
    /// A query that is wrong in itself.
    pub(super) const fn invalid(text: String) -> Self {
        Self::Invalid(text)
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        match self {
            Self::Core(error) => render(&error),
            Self::Unauthenticated => unauthorized(),
            Self::Invalid(text) => list(StatusCode::BAD_REQUEST, "UNSUPPORTED", &text),
            Self::Oauth(error, text) => {
                let body = json!({"error": error, "error_description": text});
                answer::json(StatusCode::BAD_REQUEST, JSON, &body)
            }
            Self::MediaType => list(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED",
                "the body must be application/x-www-form-urlencoded",
            ),
        }
    }
}

fn render(error: &Error) -> Response {
    report(error);
    match error {
        Error::Unauthenticated => unauthorized(),
        Error::Invalid(_) => {
            list(StatusCode::BAD_REQUEST, "UNSUPPORTED", "no registry has this service")
        }
        Error::Unavailable(_) | Error::StorageFull(_) => {
            let fault_shown = Fault::Unavailable { retry_after: 1 };
            let mut response = fault(&fault_shown);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        _ => fault(&Fault::Panic),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault) -> Response {
    let code = match fault {
        Fault::UnknownPath | Fault::WrongMethod { .. } => "UNSUPPORTED",
        Fault::TooLarge => "SIZE_INVALID",
        Fault::Unavailable { .. } => "UNAVAILABLE",
        Fault::Panic => "UNKNOWN",
        _ => "DENIED",
    };
    list(fault.status(), code, fault.sentence())
}

/// The one refusal of a login, whatever is wrong with it.
fn unauthorized() -> Response {
    let mut response = list(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
    let challenge = HeaderValue::from_static("Basic realm=\"strongroom\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn list(status: StatusCode, code: &str, message: &str) -> Response {
    let error = json!({"code": code, "message": message, "detail": Value::Null});
    answer::json(status, JSON, &json!({"errors": [error]}))
}
