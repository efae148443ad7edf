//! The table of the platform's API.

use super::handlers::{
    app, job, organization, package, registry_credential, role, root, space, user,
};
use crate::route::Route;

/// What the network is served.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", root::links),
        Route::get("/v3", root::v3),
        Route::get("/v3/info", root::info),
        Route::get("/v3/registry_credentials", registry_credential::list),
        Route::post("/v3/registry_credentials", registry_credential::create),
        Route::get("/v3/registry_credentials/{guid}", registry_credential::read),
        Route::patch("/v3/registry_credentials/{guid}", registry_credential::update),
        Route::delete("/v3/registry_credentials/{guid}", registry_credential::delete),
        Route::get("/v3/organizations", organization::list),
        Route::post("/v3/organizations", organization::create),
        Route::get("/v3/organizations/{guid}", organization::read),
        Route::patch("/v3/organizations/{guid}", organization::update),
        Route::delete("/v3/organizations/{guid}", organization::delete),
        Route::get("/v3/spaces", space::list),
        Route::post("/v3/spaces", space::create),
        Route::get("/v3/spaces/{guid}", space::read),
        Route::patch("/v3/spaces/{guid}", space::update),
        Route::delete("/v3/spaces/{guid}", space::delete),
        Route::get("/v3/apps", app::list),
        Route::post("/v3/apps", app::create),
        Route::get("/v3/apps/{guid}", app::read),
        Route::patch("/v3/apps/{guid}", app::update),
        Route::delete("/v3/apps/{guid}", app::delete),
        Route::get("/v3/apps/{guid}/packages", package::list_of_app),
        Route::post("/v3/apps/{guid}/actions/start", app::start),
        Route::post("/v3/apps/{guid}/actions/restart", app::start),
        Route::post("/v3/apps/{guid}/actions/stop", app::stop),
        Route::get("/v3/packages", package::list),
        Route::post("/v3/packages", package::create),
        Route::get("/v3/packages/{guid}", package::read),
        Route::patch("/v3/packages/{guid}", package::update),
        Route::delete("/v3/packages/{guid}", package::delete),
        Route::get("/v3/roles", role::list),
        Route::post("/v3/roles", role::create),
        Route::get("/v3/roles/{guid}", role::read),
        Route::delete("/v3/roles/{guid}", role::delete),
        Route::get("/v3/users", user::list),
        Route::get("/v3/users/{guid}", user::read),
        Route::delete("/v3/users/{guid}", user::delete),
        Route::get("/v3/jobs/{guid}", job::read),
    ]
}
