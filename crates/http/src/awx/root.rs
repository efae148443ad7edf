//! The documents at the root: what there is, and what this server is.

use axum::response::Response;
use serde_json::{Value, json};
use strongroom_core::access::Role;
use strongroom_core::id::Ref;
use strongroom_service::OrganizationScope;
use strongroom_service::list::{Field, Filter, ListRequest, Paging, Test};

use super::VERSION;
use super::call::Call;
use super::error::Outcome;
use super::reply::shown;
use super::wire::{Links, Members};
use crate::state::AppState;

/// `GET /api/`
pub(super) fn api(_: &AppState) -> Response {
    shown(
        &Members::default()
            .with("description", json!("AWX REST API"))
            .with("current_version", json!("/api/v2/"))
            .with("available_versions", json!({"v2": "/api/v2/"}))
            .with("oauth2", json!("/api/o/"))
            .with("custom_logo", json!(""))
            .with("custom_login_info", json!(""))
            .with("login_redirect_override", json!("")),
    )
}

/// `GET /api/v2/`: a key for each collection that is served, and for no other.
pub(super) fn version(_: &AppState) -> Response {
    let links = COLLECTIONS.iter().fold(Links::default(), |links, name| {
        // The one collection whose key is not its path: the command line takes no other key.
        let path = if *name == "inventory" { "inventories" } else { name };
        links.with(name, format!("/api/v2/{path}/"))
    });
    shown(&links)
}

/// `GET /api/v2/ping/`
pub(super) fn ping(state: &AppState) -> Response {
    shown(
        &Members::default()
            .with("ha", json!(false))
            .with("version", json!(VERSION))
            .with("active_node", json!(state.settings.node))
            .with("install_uuid", json!(state.room.store_id().to_string()))
            .with("instances", json!([]))
            .with("instance_groups", json!([])),
    )
}

/// `GET /api/v2/config/`
pub(super) async fn config(call: Call) -> Outcome<Response> {
    let document = Members::default()
        .with("time_zone", json!("UTC"))
        .with("license_info", license())
        .with("version", json!(VERSION))
        .with("eula", json!(""))
        .with("analytics_status", json!("off"))
        .with("analytics_collectors", json!({}))
        .with("become_methods", json!(BECOME_METHODS))
        .with("ui_next", json!(false));
    if !sees_projects(&call).await? {
        return Ok(shown(&document));
    }
    Ok(shown(
        &document
            .with("project_base_dir", json!(""))
            .with("project_local_paths", json!([]))
            .with("custom_virtualenvs", json!([])),
    ))
}

fn license() -> Value {
    json!({
        "license_type": "open",
        "valid_key": true,
        "subscription_name": "OPEN",
        "product_name": "AWX",
    })
}

/// Whether the caller is a system administrator.
pub(super) async fn is_superuser(call: &Call) -> Outcome<bool> {
    match call.actor.user_id() {
        Some(id) => Ok(call.room.read_user(&call.actor, &Ref::Serial(id)).await?.user.is_superuser),
        None => Ok(true),
    }
}

/// Whether the caller is a system administrator or auditor, or administers an organization.
async fn sees_projects(call: &Call) -> Outcome<bool> {
    let Some(id) = call.actor.user_id() else {
        return Ok(true);
    };
    let user = call.room.read_user(&call.actor, &Ref::Serial(id)).await?.user;
    Ok(user.is_superuser || user.is_system_auditor || administers(call).await?)
}

/// Whether the caller administers an organization.
pub(super) async fn administers(call: &Call) -> Outcome<bool> {
    let Some(id) = call.actor.user_id() else {
        return Ok(true);
    };
    is_any(call, OrganizationScope::AdministeredBy(Ref::Serial(id)), Vec::new()).await
}

/// Whether the caller holds a role, himself or through another role, on any organization.
pub(super) async fn holds_somewhere(call: &Call, role: Role) -> Outcome<bool> {
    let filters = vec![Filter::that(Field::Id, Test::Held(role))];
    is_any(call, OrganizationScope::All, filters).await
}

async fn is_any(call: &Call, scope: OrganizationScope, filters: Vec<Filter>) -> Outcome<bool> {
    let paging = Paging::Offset { limit: 1, offset: 0 };
    let request = ListRequest { paging, filters, count: false, ..ListRequest::default() };
    Ok(!call.room.list_organizations(&call.actor, scope, request).await?.items.is_empty())
}

/// The collections, in AWX's order.
const COLLECTIONS: [&str; 23] = [
    "ping",
    "instance_groups",
    "config",
    "me",
    "organizations",
    "users",
    "execution_environments",
    "projects",
    "teams",
    "credentials",
    "credential_types",
    "credential_input_sources",
    "applications",
    "tokens",
    "inventory",
    "inventory_sources",
    "job_templates",
    "system_job_templates",
    "schedules",
    "roles",
    "notification_templates",
    "activity_stream",
    "workflow_job_templates",
];

const BECOME_METHODS: [(&str, &str); 12] = [
    ("sudo", "Sudo"),
    ("su", "Su"),
    ("pbrun", "Pbrun"),
    ("pfexec", "Pfexec"),
    ("dzdo", "DZDO"),
    ("pmrun", "Pmrun"),
    ("runas", "Runas"),
    ("enable", "Enable"),
    ("doas", "Doas"),
    ("ksu", "Ksu"),
    ("machinectl", "Machinectl"),
    ("sesu", "Sesu"),
];
