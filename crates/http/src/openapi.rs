//! What each family of paths takes and answers, as OpenAPI documents.
//!
//! The documents are made from the tables of routes, so none can be forgotten; a dialect adds schemas where they
//! say something in its `openapi.rs`, and what it does not describe is an object.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::{self, JSON, PROBLEM_JSON};
use crate::owner::Owner;
use crate::{RouteRow, app_catalog, awx, cloud_foundry, native, probely, route_table};

/// Paths that one document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `/api`.
    Awx,
    /// `/credentials` and its neighbours.
    Probely,
    /// `/`, `/v3` and `/uaa`.
    CloudFoundry,
    /// `/v1`, `/csp` and the token server of its registries.
    AppCatalog,
    /// `/strongroom/v1` and the probes.
    Native,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 5] =
        [Self::Awx, Self::Probely, Self::CloudFoundry, Self::AppCatalog, Self::Native];

    /// The name of its document, as in `/strongroom/v1/openapi/awx.json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awx => "awx",
            Self::Probely => "probely",
            Self::CloudFoundry => "cloud_foundry",
            Self::AppCatalog => "app_catalog",
            Self::Native => "native",
        }
    }

    /// The family of an owner's paths.
    const fn of(owner: Owner) -> Self {
        match owner {
            Owner::Awx => Self::Awx,
            Owner::Probely => Self::Probely,
            Owner::CloudFoundry | Owner::Uaa => Self::CloudFoundry,
            Owner::AppCatalog | Owner::RegistryToken => Self::AppCatalog,
            Owner::Native | Owner::Page | Owner::Nobody => Self::Native,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Awx => "Strongroom: AWX",
            Self::Probely => "Strongroom: Probely",
            Self::CloudFoundry => "Strongroom: Cloud Foundry",
            Self::AppCatalog => "Strongroom: Application Catalog",
            Self::Native => "Strongroom: native",
        }
    }

    /// How its requests prove who asks.
    fn security(self) -> Value {
        match self {
            Self::Awx => json!({
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            }),
            Self::Probely => json!({
                "token": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "The word JWT, a space and the key.",
                },
            }),
            Self::CloudFoundry | Self::AppCatalog | Self::Native => {
                json!({"token": {"type": "http", "scheme": "bearer"}})
            }
        }
    }
}

fn describe(row: RouteRow) -> Described {
    match row.owner {
        Owner::Awx => awx::openapi::describe(row.method, row.template),
        Owner::Probely => probely::openapi::describe(row.method, row.template),
        Owner::CloudFoundry => cloud_foundry::openapi::describe(row.method, row.template),
        Owner::AppCatalog => app_catalog::openapi::describe(row.method, row.template),
        Owner::Native => native::openapi::describe(row.method, row.template),
        Owner::Uaa => Described { error: error(&["error"]), ..Described::form() },
        Owner::RegistryToken => {
            Described { is_plain: row.template == "/token/certs.pem", ..Described::default() }
        }
        Owner::Page | Owner::Nobody => Described::default(),
    }
}

/// What a dialect says of one of its routes.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    /// The schema of a request's body.
    pub(crate) request: Value,
    /// The type of that body.
    pub(crate) media_type: &'static str,
    /// The schema of the body of a success.
    pub(crate) success: Value,
    /// The schema of a refusal.
    pub(crate) error: Value,
    /// Parameters of the query, each with its schema.
    pub(crate) query: Vec<(&'static str, Value)>,
    /// Whether a success may also be something else than JSON, or nothing.
    pub(crate) is_plain: bool,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            request: json!({"type": "object"}),
            media_type: "application/json",
            success: json!({"type": "object"}),
            error: json!({"type": "object"}),
            query: Vec::new(),
            is_plain: false,
        }
    }
}

impl Described {
    /// A route that takes a form.
    pub(crate) fn form() -> Self {
        Self { media_type: "application/x-www-form-urlencoded", ..Self::default() }
    }
}

/// An object with these members; those that always stand in it are required.
pub(crate) fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let members = required.iter().chain(optional);
    let properties: Map<String, Value> =
        members.map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// An object that has these members, of whatever type.
pub(crate) fn error(members: &[&str]) -> Value {
    json!({"type": "object", "required": members})
}

/// A list of such elements.
pub(crate) fn array(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A value of a type.
pub(crate) fn of(kind: &str) -> Value {
    json!({"type": kind})
}

/// A value of a type, or null.
pub(crate) fn or_null(kind: &str) -> Value {
    json!({"type": [kind, "null"]})
}

/// The answer that holds a family's document.
pub(crate) fn answer(family: Family) -> Response {
    answer::json(StatusCode::OK, JSON, &document(family))
}

/// The document of a family, in OpenAPI 3.1.
pub fn document(family: Family) -> Value {
    let mut paths = Map::new();
    for row in route_table().into_iter().filter(|row| Family::of(row.owner) == family) {
        let path = paths.entry(row.template).or_insert_with(|| json!({}));
        path[row.method.to_lowercase()] = operation(row);
    }
    let security: Vec<Value> = family
        .security()
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(|name| json!({name: []}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": family.title(), "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "security": security,
        "components": {"securitySchemes": family.security()},
        "paths": paths,
    })
}

fn operation(row: RouteRow) -> Value {
    let described = describe(row);
    let in_path = variables(row.template).into_iter().map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
    });
    let in_query = described
        .query
        .iter()
        .map(|(name, schema)| json!({"name": name, "in": "query", "schema": schema}));
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut operation = json!({
        "operationId": format!("{}{}", row.method.to_lowercase(), identifier(row.template)),
        "summary": format!("{} {}", row.method, row.template),
        "parameters": parameters,
        "responses": responses(&described),
    });
    if matches!(row.method, "POST" | "PUT" | "PATCH") {
        operation["requestBody"] =
            json!({"content": {described.media_type: {"schema": described.request}}});
    }
    operation
}

fn responses(described: &Described) -> Value {
    let unavailable = json!({
        "description": "The store cannot answer now.",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    });
    let mut responses = json!({
        "204": {"description": "It was done, and there is nothing to show."},
        "4XX": {
            "description": "It was refused.",
            "content": {JSON: {"schema": described.error}, PROBLEM_JSON: {"schema": described.error}},
        },
        "503": unavailable,
        "507": {"description": "There is no room left to write."},
    });
    responses["2XX"] = match described.is_plain {
        true => json!({"description": "It was done."}),
        false => json!({
            "description": "It was done.",
            "content": {JSON: {"schema": described.success}},
        }),
    };
    responses
}

/// The names in braces.
fn variables(template: &str) -> Vec<&str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// A path as a word: `/api/v2/users/{id}/` as `_api_v2_users_id_`.
fn identifier(template: &str) -> String {
    let mut word: String = template
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect();
    while word.contains("__") {
        word = word.replace("__", "_");
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_stands_in_one_document() {
        let mut described = BTreeSet::new();
        for family in Family::ALL {
            let document = document(family);
            for (path, methods) in document["paths"].as_object().unwrap() {
                for method in methods.as_object().unwrap().keys() {
                    assert!(described.insert((path.clone(), method.to_uppercase())), "{path}");
                }
            }
        }
        let served: BTreeSet<_> = route_table()
            .iter()
            .map(|row| (row.template.to_owned(), row.method.to_owned()))
            .collect();
        assert_eq!(described, served);
    }

    #[test]
    fn operations_have_names_of_their_own() {
        for family in Family::ALL {
            let document = document(family);
            let mut names = BTreeSet::new();
            let operations = document["paths"].as_object().unwrap().values();
            for operation in operations.flat_map(|path| path.as_object().unwrap().values()) {
                assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()));
            }
        }
    }

    #[test]
    fn variables_of_paths_are_found() {
        assert_eq!(variables("/a/{id}/b/{other}"), ["id", "other"]);
        assert_eq!(variables("/a/"), Vec::<&str>::new());
    }
}
