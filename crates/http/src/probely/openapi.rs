//! What the OpenAPI document says of the routes.

use serde_json::Value;

use crate::openapi::{Described, array, error, object, of, or_null};

/// What is known of a route.
pub(crate) fn describe(method: &str, template: &str) -> Described {
    let described = Described { error: error(&[]), ..Described::default() };
    let query = vec![("page", of("string")), ("length", of("string")), ("ordering", of("string"))];
    match (method, template) {
        ("GET", "/credentials/") => Described { success: page(&credential()), query, ..described },
        ("GET", "/keys/" | "/api-users/" | "/teams/" | "/users/") => {
            Described { success: page(&of("object")), query, ..described }
        }
        ("POST" | "PUT" | "PATCH", "/credentials/" | "/credentials/{id}/") => {
            Described { request: draft(method == "POST"), success: credential(), ..described }
        }
        ("GET", "/auditlog/") => Described { is_plain: true, ..described },
        ("GET", "/credentials/{id}/") => Described { success: credential(), ..described },
        _ => described,
    }
}

fn page(element: &Value) -> Value {
    object(
        &[
            ("count", of("integer")),
            ("page_total", of("integer")),
            ("page", of("integer")),
            ("length", of("integer")),
            ("results", array(element)),
        ],
        &[],
    )
}

fn credential() -> Value {
    let person =
        object(&[("id", of("string")), ("email", of("string")), ("name", of("string"))], &[]);
    object(
        &[
            ("id", of("string")),
            ("uri", of("string")),
            ("name", of("string")),
            ("team", or_null("string")),
            ("description", of("string")),
            ("is_sensitive", of("boolean")),
            ("value", or_null("string")),
            ("created_at", of("string")),
            ("updated_at", of("string")),
            ("creator", person),
            ("usage_count", of("integer")),
            ("references", array(&of("object"))),
        ],
        &[],
    )
}

fn draft(is_new: bool) -> Value {
    let always = [("name", of("string")), ("value", of("string"))];
    let sometimes = [
        ("description", of("string")),
        ("team", or_null("string")),
        ("is_sensitive", of("boolean")),
    ];
    match is_new {
        true => object(&always, &sometimes),
        false => object(&[], &[always.as_slice(), &sometimes].concat()),
    }
}
