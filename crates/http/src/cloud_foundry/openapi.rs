//! What the OpenAPI document says of the routes.

use serde_json::{Value, json};

use crate::openapi::{Described, array, error, object, of, or_null};

/// What is known of a route.
pub(crate) fn describe(method: &str, template: &str) -> Described {
    let described = Described { error: error(&["errors"]), ..Described::default() };
    let is_one = template.ends_with("{guid}");
    let collection = template.trim_start_matches("/v3/").trim_end_matches("/{guid}");
    let resource = match collection {
        "registry_credentials" => credential(),
        "organizations" | "spaces" | "apps" | "roles" | "users" | "jobs" => guided(),
        _ => return Described { is_plain: template == "/", ..described },
    };
    match method {
        "GET" if is_one => Described { success: resource, ..described },
        "GET" => Described { success: page(&resource), query: query(), ..described },
        // A deletion is a job, whose address is in the header.
        "DELETE" => Described { is_plain: true, ..described },
        "POST" if collection == "registry_credentials" => {
            Described { request: draft(), success: resource, ..described }
        }
        _ => Described { success: resource, ..described },
    }
}

fn query() -> Vec<(&'static str, Value)> {
    ["page", "per_page", "order_by", "label_selector", "guids"]
        .map(|name| (name, of("string")))
        .to_vec()
}

fn guided() -> Value {
    let always =
        [("guid", of("string")), ("created_at", of("string")), ("updated_at", of("string"))];
    object(&always, &[("links", of("object"))])
}

fn credential() -> Value {
    let scopes = json!({"enum": ["foundation", "organization", "space", "app"]});
    object(
        &[
            ("guid", of("string")),
            ("created_at", of("string")),
            ("updated_at", of("string")),
            ("location", of("string")),
            ("username", of("string")),
            ("scope", scopes),
            ("relationships", of("object")),
            ("metadata", of("object")),
            ("links", of("object")),
        ],
        &[],
    )
}

fn draft() -> Value {
    object(
        &[("location", of("string")), ("username", of("string")), ("password", of("string"))],
        &[("relationships", of("object")), ("metadata", of("object"))],
    )
}

fn page(resource: &Value) -> Value {
    let link = or_null("object");
    let pagination = object(
        &[
            ("total_results", of("integer")),
            ("total_pages", of("integer")),
            ("first", link.clone()),
            ("last", link.clone()),
            ("next", link.clone()),
            ("previous", link),
        ],
        &[],
    );
    object(&[("pagination", pagination), ("resources", array(resource))], &[])
}
