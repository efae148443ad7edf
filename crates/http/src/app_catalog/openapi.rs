//! What the OpenAPI document says of the routes.

use serde_json::{Value, json};

use crate::openapi::{Described, array, error, object, of};

/// What is known of a route.
pub(crate) fn describe(method: &str, template: &str) -> Described {
    let problem = error(&["title", "status", "detail"]);
    let described = Described { error: problem, ..Described::default() };
    let query = vec![("page", of("string")), ("page_size", of("string"))];
    match (method, template) {
        // The exchange refuses in a shape of its own.
        (_, path) if path.starts_with("/csp/") => {
            Described { error: error(&["message", "statusCode"]), ..Described::form() }
        }
        ("GET", "/v1/api.yml") => Described { is_plain: true, ..described },
        ("GET", "/v1/registries") => Described { success: page(&of("object")), query, ..described },
        ("GET", "/v1/registries/{registry_id}/credentials") => {
            Described { success: page(&robot()), query, ..described }
        }
        ("GET", "/v1/registries/{registry_id}/credentials/{credential_id}") => {
            Described { success: robot(), ..described }
        }
        ("POST", "/v1/registries/{registry_id}/credentials") => Described {
            request: object(
                &[],
                &[
                    ("description", of("string")),
                    ("expires_at", of("string")),
                    ("access", array(&of("object"))),
                ],
            ),
            success: object(&[("username", of("string")), ("password", of("string"))], &[]),
            ..described
        },
        _ => described,
    }
}

fn page(item: &Value) -> Value {
    object(
        &[
            ("page", of("integer")),
            ("page_size", of("integer")),
            ("total_size", of("integer")),
            ("total_pages", of("integer")),
            ("items", array(item)),
        ],
        &[],
    )
}

fn robot() -> Value {
    object(
        &[
            ("id", of("string")),
            ("name", of("string")),
            ("description", of("string")),
            ("created_at", of("string")),
            ("created_by", of("string")),
            ("expires_at", of("string")),
            ("status", json!({"enum": ["ACTIVE", "EXPIRED", "REMOVED"]})),
            ("access", array(&of("object"))),
        ],
        &[("removed_at", of("string")), ("removed_by", of("string"))],
    )
}
