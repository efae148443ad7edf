//! The table of the token server.

use super::handlers;
use crate::route::Route;

/// What the network is served.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/token", handlers::by_login),
        Route::post("/token", handlers::by_form),
        Route::get("/token/certs.pem", handlers::certificates),
    ]
}
