//! The table of the native API.

use axum::extract::Path;
use strongroom_core::access::ResourceKind;
use strongroom_core::id::Kind;

use super::auth::Caller;
use super::handlers::grant::On;
use super::handlers::{
    audit, checkout, credential, grant, host, keys, organization, placement, reference, registry,
    registry_credential, report, robot, token, uaa, upkeep, version,
};
use crate::body::RawBody;
use crate::openapi::{self, Family};
use crate::route::Route;

/// What the network and the host are served.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/strongroom/v1/tokens", token::list),
        Route::post("/strongroom/v1/tokens", token::issue),
        Route::get("/strongroom/v1/tokens/{id}", token::read),
        Route::delete("/strongroom/v1/tokens/{id}", token::revoke),
        Route::get("/strongroom/v1/credentials", credential::list),
        Route::post("/strongroom/v1/credentials", credential::create),
        Route::get("/strongroom/v1/credentials/{id}", credential::read),
        Route::patch("/strongroom/v1/credentials/{id}", credential::update),
        Route::delete("/strongroom/v1/credentials/{id}", credential::delete),
        Route::post("/strongroom/v1/credentials/{id}/checkout", checkout::check_out),
        Route::get("/strongroom/v1/credentials/{id}/references", reference::list),
        Route::post("/strongroom/v1/credentials/{id}/references", reference::register),
        Route::delete("/strongroom/v1/credentials/{id}/references/{reference}", reference::delete),
        Route::get("/strongroom/v1/credentials/{id}/placements", placement::list),
        Route::post("/strongroom/v1/credentials/{id}/placements", placement::create),
        Route::delete("/strongroom/v1/credentials/{id}/placements/{placement}", placement::delete),
        Route::get("/strongroom/v1/credentials/{id}/versions", version::list),
        Route::post("/strongroom/v1/credentials/{id}/versions/{number}/restore", version::restore),
        Route::get("/strongroom/v1/reports/unused", report::unused),
        Route::get("/strongroom/v1/reports/expiring", report::expiring),
        Route::get("/strongroom/v1/organizations", organization::list),
        Route::get("/strongroom/v1/organizations/{id}", organization::read),
        Route::get("/strongroom/v1/organizations/{id}/settings", organization::settings),
        Route::patch("/strongroom/v1/organizations/{id}/settings", organization::change_settings),
        Route::get("/strongroom/v1/registries", registry::list),
        Route::post("/strongroom/v1/registries", registry::create),
        Route::get("/strongroom/v1/registries/{id}", registry::read),
        Route::patch("/strongroom/v1/registries/{id}", registry::update),
        Route::delete("/strongroom/v1/registries/{id}", registry::remove),
        Route::get("/strongroom/v1/registries/{id}/config", registry::config),
        Route::get("/strongroom/v1/registries/{id}/robots", robot::list),
        Route::post("/strongroom/v1/registries/{id}/robots", robot::create),
        Route::get("/strongroom/v1/registries/{id}/robots/{robot}", robot::read),
        Route::delete("/strongroom/v1/registries/{id}/robots/{robot}", robot::remove),
        Route::post("/strongroom/v1/registries/{id}/robots/{robot}/rotate", robot::rotate),
        Route::get("/strongroom/v1/robots/ending", robot::ending),
        Route::post("/strongroom/v1/registry-signer/rotate", registry::rotate_signer),
        Route::get("/strongroom/v1/registry-authorities", registry::authorities),
        Route::post("/strongroom/v1/registry-authorities", registry::add_authority),
        Route::delete("/strongroom/v1/registry-authorities/{id}", registry::remove_authority),
        Route::post("/strongroom/v1/registry-authorities/{id}/use", registry::use_authority),
        Route::get("/strongroom/v1/registry-credentials", checkout::registry_credentials),
        Route::post("/strongroom/v1/registry_credentials/resolve", registry_credential::resolve),
        Route::get("/strongroom/v1/uaa_clients", uaa::list_clients),
        Route::post("/strongroom/v1/uaa_clients", uaa::create_client),
        Route::get("/strongroom/v1/uaa_clients/{id}", uaa::read_client),
        Route::delete("/strongroom/v1/uaa_clients/{id}", uaa::delete_client),
        Route::post("/strongroom/v1/uaa_clients/{id}/secret", uaa::renew_secret),
        Route::get("/strongroom/v1/uaa_keys", uaa::list_keys),
        Route::post("/strongroom/v1/uaa_keys", uaa::rotate_key),
        Route::get("/strongroom/v1/audit", audit::list),
        Route::get("/strongroom/v1/audit/checkpoint", audit::checkpoint),
        Route::get("/strongroom/v1/audit/export", audit::export),
    ];
    routes.extend(GRANTS.into_iter().flat_map(grants));
    routes.extend(
        DOCUMENTS
            .map(|(template, family)| Route::get(template, async move || openapi::answer(family))),
    );
    routes
}

/// What describes each family of paths, to everybody.
const DOCUMENTS: [(&str, Family); 5] = [
    ("/strongroom/v1/openapi/app_catalog.json", Family::AppCatalog),
    ("/strongroom/v1/openapi/awx.json", Family::Awx),
    ("/strongroom/v1/openapi/cloud_foundry.json", Family::CloudFoundry),
    ("/strongroom/v1/openapi/native.json", Family::Native),
    ("/strongroom/v1/openapi/probely.json", Family::Probely),
];

/// What only the host is served.
pub(crate) fn host_routes() -> Vec<Route> {
    vec![
        Route::post("/strongroom/v1/host/users", host::create_user),
        Route::put("/strongroom/v1/host/users/{name}/password", host::set_password),
        Route::post("/strongroom/v1/host/organizations", host::create_organization),
        Route::post("/strongroom/v1/host/tokens", host::issue_token),
        Route::get("/strongroom/v1/host/audit/key", audit::key),
        Route::post("/strongroom/v1/host/audit/key/rotation", audit::rotate_key),
        Route::post("/strongroom/v1/host/backups", upkeep::start_backup),
        Route::get("/strongroom/v1/host/backups/newest", upkeep::backup_state),
        Route::post("/strongroom/v1/host/fsck", upkeep::look_over),
        Route::get("/strongroom/v1/host/keys", keys::status),
        Route::post("/strongroom/v1/host/keys/rotation", keys::begin),
        Route::post("/strongroom/v1/host/keys/rotation/batches", keys::rewrap),
        Route::post("/strongroom/v1/host/keys/rotation/end", keys::end),
        Route::post("/strongroom/v1/host/keys/verification/batches", keys::verify),
    ]
}

fn grants((on, all, one): (On, &'static str, &'static str)) -> [Route; 3] {
    [
        Route::get(all, async move |caller: Caller, Path(id): Path<String>| {
            grant::list(on, caller, id).await
        }),
        Route::post(all, async move |caller: Caller, Path(id): Path<String>, body: RawBody| {
            grant::create(on, caller, id, body).await
        }),
        Route::delete(
            one,
            async move |caller: Caller, Path((id, grant)): Path<(String, String)>| {
                grant::delete(on, caller, id, grant).await
            },
        ),
    ]
}

/// What has grants: the list of them and one of them.
const GRANTS: [(On, &str, &str); 3] = [
    (
        On {
            kind: Kind::Credential,
            resource: ResourceKind::Credential,
            collection: "credentials",
        },
        "/strongroom/v1/credentials/{id}/grants",
        "/strongroom/v1/credentials/{id}/grants/{grant}",
    ),
    (
        On {
            kind: Kind::Organization,
            resource: ResourceKind::Organization,
            collection: "organizations",
        },
        "/strongroom/v1/organizations/{id}/grants",
        "/strongroom/v1/organizations/{id}/grants/{grant}",
    ),
    (
        On { kind: Kind::Team, resource: ResourceKind::Team, collection: "teams" },
        "/strongroom/v1/teams/{id}/grants",
        "/strongroom/v1/teams/{id}/grants/{grant}",
    ),
];
