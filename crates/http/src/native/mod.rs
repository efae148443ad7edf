//! Strongroom's own API, `/strongroom/v1`: JSON, a bearer token, and problem documents for errors.

mod auth;
pub(crate) mod error;
mod handlers;
pub(crate) mod openapi;
mod query;
mod routes;
mod translate;
mod wire;
mod words;

pub(crate) use routes::{host_routes, routes};

/// What stands in place of a secret, and in a request means to keep it.
const MASK: &str = "$encrypted$";
