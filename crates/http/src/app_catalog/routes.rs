//! The table of the Application Catalog.

use axum::extract::Path;
use http::Uri;

use super::call::Call;
use super::{description, exchange, registry, robot};
use crate::body::RawBody;
use crate::route::Route;

/// What the network is served.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/csp/gateway/am/api/auth/api-tokens/authorize", exchange::exchange),
        Route::get("/v1/users/me", async |call: Call| call.tell(exchange::me(&call).await)),
        Route::get("/v1/registries", async |call: Call, uri: Uri| {
            call.tell(registry::list(&call, &uri).await)
        }),
        Route::post("/v1/registries", async |call: Call, body: RawBody| {
            call.tell(registry::create(&call, &body).await)
        }),
        Route::get("/v1/api.yml", description::show),
        Route::get(REGISTRY, async |call: Call, Path(id): Path<String>| {
            call.tell(registry::read(&call, &id).await)
        }),
        Route::patch(REGISTRY, async |call: Call, Path(id): Path<String>, body: RawBody| {
            call.tell(registry::update(&call, &id, &body).await)
        }),
        Route::delete(REGISTRY, async |call: Call, Path(id): Path<String>| {
            call.tell(registry::remove(&call, &id).await)
        }),
        Route::get(ROBOTS, async |call: Call, Path(id): Path<String>, uri: Uri| {
            call.tell(robot::list(&call, &id, &uri).await)
        }),
        Route::post(ROBOTS, async |call: Call, Path(id): Path<String>, body: RawBody| {
            call.tell(robot::mint(&call, &id, &body).await)
        }),
        Route::get(ROBOT, async |call: Call, Path((id, robot)): Path<(String, String)>| {
            call.tell(robot::read(&call, &id, &robot).await)
        }),
        Route::delete(ROBOT, async |call: Call, Path((id, robot)): Path<(String, String)>| {
            call.tell(robot::remove(&call, &id, &robot).await)
        }),
    ]
}

const REGISTRY: &str = "/v1/registries/{registry_id}";
const ROBOTS: &str = "/v1/registries/{registry_id}/credentials";
const ROBOT: &str = "/v1/registries/{registry_id}/credentials/{credential_id}";
