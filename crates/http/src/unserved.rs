//! Faults on nobody's paths.

use axum::response::Response;
use serde_json::json;

use crate::answer::{self, JSON};
use crate::fault::Fault;

/// Nobody's paths: one `detail`.
pub(crate) fn nobody(fault: &Fault) -> Response {
    answer::json(fault.status(), JSON, &json!({"detail": fault.sentence()}))
}
