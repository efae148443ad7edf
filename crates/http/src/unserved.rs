//! Faults on the paths of dialects that are not served yet, and of nobody's, in the shape each client reads.

use axum::response::Response;
use serde_json::{Value, json};

use crate::answer::{self, JSON};
use crate::fault::Fault;

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
