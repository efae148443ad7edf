//! Faults on the paths of dialects that are not served yet, and of nobody's, in the shape each client reads.

use axum::response::Response;
use serde_json::{Value, json};

use crate::answer::{self, JSON};
use crate::fault::Fault;

/// Cloud Foundry: a list of one error with code, title and detail.
pub(crate) fn cloud_foundry(fault: &Fault) -> Response {
    let (code, title, detail) = match fault {
        Fault::UnknownPath | Fault::WrongMethod { .. } | Fault::MissingSlash { .. } => {
            (10000, "CF-NotFound", "Unknown request")
        }
        Fault::TooLarge | Fault::Timeout | Fault::Misdirected => {
            (10004, "CF-InvalidRequest", fault.sentence())
        }
        Fault::BadRequest => (10004, "CF-InvalidRequest", "The request is invalid"),
        Fault::Panic => (10001, "UnknownError", "An unknown error occurred."),
        Fault::Unavailable { .. } => (10015, "CF-ServiceUnavailable", fault.sentence()),
    };
    let body = json!({"errors": [{"code": code, "title": title, "detail": detail}]});
    answer::json(fault.status(), "application/json; charset=utf-8", &body)
}

/// The platform's token endpoints: the error of OAuth 2.
pub(crate) fn uaa(fault: &Fault) -> Response {
    let error = match fault {
        Fault::UnknownPath => "not_found",
        Fault::WrongMethod { .. } => "method_not_allowed",
        Fault::Panic => "server_error",
        Fault::Unavailable { .. } => "temporarily_unavailable",
        _ => "invalid_request",
    };
    let body = json!({"error": error, "error_description": fault.sentence()});
    answer::json(fault.status(), JSON, &body)
}

/// The token server of the registries: a list of one error with code, message and detail.
pub(crate) fn registry_token(fault: &Fault) -> Response {
    let code = match fault {
        Fault::UnknownPath | Fault::WrongMethod { .. } => "UNSUPPORTED",
        Fault::TooLarge => "SIZE_INVALID",
        Fault::Unavailable { .. } => "UNAVAILABLE",
        Fault::Panic => "UNKNOWN",
        _ => "DENIED",
    };
    let error = json!({"code": code, "message": fault.sentence(), "detail": Value::Null});
    answer::json(fault.status(), JSON, &json!({"errors": [error]}))
}

/// Nobody's paths: one `detail`.
pub(crate) fn nobody(fault: &Fault) -> Response {
    detail(fault, fault.sentence())
}

fn detail(fault: &Fault, text: &str) -> Response {
    answer::json(fault.status(), JSON, &json!({"detail": text}))
}
