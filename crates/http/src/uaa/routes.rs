//! The table of the token endpoints.

use super::{check, documents, token};
use crate::route::Route;

/// What the network is served.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/uaa/oauth/token", token::issue),
        Route::delete("/uaa/oauth/token/revoke/{jti}", token::revoke),
        Route::post("/uaa/check_token", check::check_token),
        Route::post("/uaa/introspect", check::introspect),
        Route::get("/uaa/userinfo", token::userinfo),
        Route::get("/uaa/login", documents::login),
        Route::get("/uaa/info", documents::login),
        Route::get("/uaa/token_keys", documents::token_keys),
        Route::get("/uaa/token_key", documents::token_key),
        Route::get("/uaa/.well-known/openid-configuration", documents::configuration),
    ]
}
