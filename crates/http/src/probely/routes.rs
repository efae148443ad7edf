//! The table of the Probely dialect.

use axum::extract::Path;
use http::Uri;
use strongroom_core::scan::ScanKind;

use super::auth::Caller;
use super::handlers::{
    account, analytics, api_user, audit, auth, credential, domain, key, label, part, target, team,
    user,
};
use super::members::Members;
use crate::route::Route;

/// Every route, with its slash; each is served without it too.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/credentials/", credential::list),
        Route::post("/credentials/", credential::create),
        Route::post("/credentials/bulk/delete/", credential::delete_several),
        Route::get("/credentials/{id}/", credential::read),
        Route::put("/credentials/{id}/", credential::replace),
        Route::patch("/credentials/{id}/", credential::change),
        Route::delete("/credentials/{id}/", credential::delete),
        Route::get("/targets/", target::list),
        Route::post("/targets/", target::create),
        Route::post("/targets/bulk/delete/", target::delete_several),
        Route::post("/targets/bulk/update/", target::change_several),
        Route::get("/targets/{id}/", target::read),
        Route::put("/targets/{id}/", target::replace),
        Route::patch("/targets/{id}/", target::change),
        Route::delete("/targets/{id}/", target::delete),
        Route::get("/domains/", domain::list),
        Route::post("/domains/", domain::create),
        Route::get("/domains/{id}/", domain::read),
        Route::put("/domains/{id}/", domain::replace),
        Route::patch("/domains/{id}/", domain::change),
        Route::delete("/domains/{id}/", domain::delete),
        Route::get("/labels/", label::list),
        Route::post("/labels/", label::create),
        Route::get("/labels/targets/", label::list),
        Route::get("/labels/{id}/", label::read),
        Route::patch("/labels/{id}/", label::change),
        Route::delete("/labels/{id}/", label::delete),
        Route::get("/auditlog/", audit::export),
        Route::post("/cli/analytics/event/", analytics::event),
        Route::post("/auth/obtain/", auth::obtain),
        Route::post("/auth/refresh/", auth::refresh),
        Route::post("/auth/verify/", auth::verify),
        Route::post("/auth/revoke/", auth::revoke),
        Route::post("/enterprise/auth/obtain/", auth::obtain),
        Route::post("/enterprise/auth/refresh/", auth::refresh),
        Route::post("/enterprise/auth/verify/", auth::verify),
        Route::post("/enterprise/auth/revoke/", auth::revoke),
        Route::get("/keys/", key::list),
        Route::post("/keys/", key::create),
        Route::get("/keys/{id}/", key::read),
        Route::delete("/keys/{id}/", key::delete),
        Route::get("/api-users/", api_user::list),
        Route::post("/api-users/", api_user::create),
        Route::get("/api-users/{id}/", api_user::read),
        Route::delete("/api-users/{id}/", api_user::delete),
        Route::get("/profile/", account::profile),
        Route::get("/account/", account::account),
        Route::get("/teams/", team::list),
        Route::post("/teams/", team::create),
        Route::get("/teams/{id}/", team::read),
        Route::patch("/teams/{id}/", team::change),
        Route::delete("/teams/{id}/", team::delete),
        Route::get("/users/", user::list),
        Route::get("/users/{id}/", user::read),
    ];
    routes.extend(PARTS.into_iter().flat_map(parts));
    routes
}

/// Those of all targets, those of one, and one of them.
fn parts(
    (kind, all, of_target, one): (ScanKind, &'static str, &'static str, &'static str),
) -> [Route; 6] {
    [
        Route::get(all, async move |caller: Caller, uri: Uri| {
            part::list_all(kind, caller, uri).await
        }),
        Route::get(of_target, async move |caller: Caller, Path(target): Path<String>, uri: Uri| {
            part::list(kind, caller, target, uri).await
        }),
        Route::post(
            of_target,
            async move |caller: Caller, Path(target): Path<String>, members: Members| {
                part::create(kind, caller, target, members).await
            },
        ),
        Route::get(
            one,
            async move |caller: Caller, Path(ids): Path<(String, String)>, uri: Uri| {
                part::read(kind, caller, ids, uri).await
            },
        ),
        Route::patch(
            one,
            async move |caller: Caller, Path(ids): Path<(String, String)>, members: Members| {
                part::change(kind, caller, ids, members).await
            },
        ),
        Route::delete(one, async move |caller: Caller, Path(ids): Path<(String, String)>| {
            part::delete(kind, caller, ids).await
        }),
    ]
}

/// The parts of targets, and their paths.
const PARTS: [(ScanKind, &str, &str, &str); 2] = [
    (
        ScanKind::Sequence,
        "/targets/sequences/",
        "/targets/{id}/sequences/",
        "/targets/{id}/sequences/{part}/",
    ),
    (
        ScanKind::ExtraHost,
        "/targets/assets/",
        "/targets/{id}/assets/",
        "/targets/{id}/assets/{part}/",
    ),
];
