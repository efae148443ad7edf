//! The table of the Probely dialect.

use super::handlers::{account, api_user, auth, credential, key, team, user};
use crate::route::Route;

/// Every route, with its slash; each is served without it too.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/credentials/", credential::list),
        Route::post("/credentials/", credential::create),
        Route::post("/credentials/bulk/delete/", credential::delete_several),
        Route::get("/credentials/{id}/", credential::read),
        Route::put("/credentials/{id}/", credential::replace),
        Route::patch("/credentials/{id}/", credential::change),
        Route::delete("/credentials/{id}/", credential::delete),
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
        Route::get("/teams/{id}/", team::read),
        Route::get("/users/", user::list),
        Route::get("/users/{id}/", user::read),
    ]
}
