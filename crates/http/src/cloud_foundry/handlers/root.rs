//! The documents by which clients find the rest. They need no token.

use axum::response::Response;
use http::header::VARY;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::shown;
use crate::answer::{self, JSON};
use crate::base::Base;
use crate::cloud_foundry::VERSION;

/// `/`: where everything is. Another representation may stand here one day, so caches are told.
pub(in crate::cloud_foundry) async fn links(Base(base): Base) -> Response {
    let uaa = json!({"href": format!("{base}/uaa")});
    let document = json!({"links": {
        "self": {"href": base},
        "cloud_controller_v2": null,
        "cloud_controller_v3": {"href": format!("{base}/v3"), "meta": {"version": VERSION}},
        "network_policy_v0": null,
        "network_policy_v1": null,
        "login": uaa,
        "uaa": uaa,
        "credhub": null,
        "routing": null,
        "logging": null,
        "log_cache": null,
        "log_stream": null,
        "app_ssh": null,
    }});
    let mut response = answer::json(StatusCode::OK, JSON, &document);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

pub(in crate::cloud_foundry) async fn v3(Base(base): Base) -> Response {
    let link = |name: &str| (name.to_owned(), json!({"href": format!("{base}/v3/{name}")}));
    let own = ("self".to_owned(), json!({"href": format!("{base}/v3")}));
    let links: serde_json::Map<String, Value> =
        std::iter::once(own).chain(RESOURCES.into_iter().map(link)).collect();
    shown(&json!({"links": links}))
}

pub(in crate::cloud_foundry) async fn info(Base(base): Base) -> Response {
    shown(&json!({
        "build": "",
        "cli_version": {"minimum": "", "recommended": ""},
        "custom": {},
        "description": "",
        "name": "Strongroom",
        "version": 0,
        "osbapi_version": "",
        "rate_limits": {
            "enabled": false,
            "general_limit": "",
            "reset_interval_in_minutes": "",
        },
        "links": {"self": {"href": format!("{base}/v3/info")}, "support": {"href": ""}},
    }))
}

/// What is served below `/v3`.
const RESOURCES: [&str; 8] = [
    "apps",
    "info",
    "organizations",
    "packages",
    "registry_credentials",
    "roles",
    "spaces",
    "users",
];
