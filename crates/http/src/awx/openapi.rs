//! What the OpenAPI document says of the views: what `OPTIONS` says of them, as schemas.

use serde_json::{Map, Value, json};

use super::model::{Access, Info, Model};
use super::options::{Post, Shape};
use super::routes::view;
use crate::openapi::{Described, array, object, of, or_null};

/// What is known of a view.
pub(crate) fn describe(method: &str, template: &str) -> Described {
    let Some(view) = view(template) else { return Described::default() };
    // A browser that logs in or is asked for its consent gets a page.
    let is_plain = method == "GET" && matches!(template, "/api/login/" | "/api/o/authorize/");
    let described = Described { error: error(), is_plain, ..Described::default() };
    match (&view.shape, method) {
        (Shape::List { model, .. }, "GET") => Described {
            success: object(
                &[("results", array(&shown(model)))],
                &[
                    ("count", of("integer")),
                    ("next", or_null("string")),
                    ("previous", or_null("string")),
                ],
            ),
            query: vec![
                ("page", of("string")),
                ("page_size", of("string")),
                ("order_by", of("string")),
                ("search", of("string")),
            ],
            ..described
        },
        (Shape::List { model, post: Some(post) }, "POST") => {
            Described { request: taken(model, post), ..described }
        }
        (Shape::Detail { model, .. }, "GET" | "PUT" | "PATCH") => {
            Described { success: shown(model), ..described }
        }
        _ => described,
    }
}

/// `detail`, `msg`, or sentences by member; deleting something in use names it.
fn error() -> Value {
    json!({"type": "object", "minProperties": 1})
}

fn shown(model: &Model) -> Value {
    let members = model.members.iter().filter(|info| info.is_shown());
    let properties: Map<String, Value> =
        members.map(|info| (info.name.to_owned(), schema(info))).collect();
    json!({"type": "object", "properties": properties})
}

fn taken(model: &Model, post: &Post) -> Value {
    let members = post.only.unwrap_or(model.members).iter();
    let members = members.filter(|info| info.is_given() && !post.without.contains(&info.name));
    let properties: Map<String, Value> =
        members.clone().map(|info| (info.name.to_owned(), schema(info))).collect();
    let is_required =
        |info: &&Info| matches!(info.access, Access::Required | Access::WriteRequired);
    let required: Vec<&str> = members.filter(is_required).map(|info| info.name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// The schema of a member. What AWX calls a field or JSON can be anything.
fn schema(info: &Info) -> Value {
    let mut schema = match info.kind {
        "integer" | "id" => or_null("integer"),
        "choice" if info.chooses_numbers() => or_null("integer"),
        "string" | "choice" | "datetime" | "email" => or_null("string"),
        "boolean" => of("boolean"),
        "object" => of("object"),
        _ => json!({}),
    };
    if !info.help.is_empty() {
        schema["description"] = info.help.replace("%s", "object").into();
    }
    schema
}
