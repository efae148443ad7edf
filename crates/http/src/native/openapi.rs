//! What the OpenAPI document says of the routes.

use serde_json::Value;

use crate::openapi::{Described, array, error, object, of, or_null};

/// What is known of a route.
pub(crate) fn describe(method: &str, template: &str) -> Described {
    let problem = error(&["title", "status", "detail"]);
    let described = Described { error: problem, ..Described::default() };
    match (method, template) {
        (_, "/metrics") => Described { is_plain: true, ..described },
        ("GET", "/strongroom/v1/credentials") => list(&credential(), described),
        ("GET" | "PATCH", "/strongroom/v1/credentials/{id}") => {
            Described { success: credential(), ..described }
        }
        ("POST", "/strongroom/v1/credentials") => Described {
            request: object(
                &[("name", of("string")), ("type", of("integer"))],
                &[
                    ("description", of("string")),
                    ("inputs", of("object")),
                    ("organization", or_null("integer")),
                    ("team", or_null("integer")),
                    ("user", or_null("integer")),
                ],
            ),
            success: credential(),
            ..described
        },
        ("GET", "/strongroom/v1/tokens" | "/strongroom/v1/audit" | "/strongroom/v1/registries") => {
            list(&of("object"), described)
        }
        _ => described,
    }
}

fn list(element: &Value, described: Described) -> Described {
    Described {
        success: object(&[("items", array(element)), ("next", or_null("string"))], &[]),
        query: vec![("limit", of("string")), ("after", of("string"))],
        ..described
    }
}

fn credential() -> Value {
    object(
        &[
            ("id", of("integer")),
            ("guid", of("string")),
            ("short_id", of("string")),
            ("name", of("string")),
            ("description", of("string")),
            ("type", of("integer")),
            ("type_name", of("string")),
            ("organization", or_null("integer")),
            ("owners", array(&of("object"))),
            ("inputs", of("object")),
            ("managed", of("boolean")),
            ("version", of("integer")),
            ("born_in", of("string")),
            ("may", of("object")),
            ("created", of("string")),
            ("created_by", or_null("object")),
            ("modified", of("string")),
            ("modified_by", or_null("object")),
        ],
        &[],
    )
}
