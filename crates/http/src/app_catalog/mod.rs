//! The Application Catalog, `/v1` and `/csp`: hosted registries and the robots minted for them.
//!
//! An API token is exchanged for an access token, and both stand for one user in one organization. Every
//! error is a problem document that names the path; only a refused exchange has a shape of its own.

mod call;
mod description;
pub(crate) mod error;
mod exchange;
pub(crate) mod openapi;
mod query;
mod registry;
mod robot;
mod routes;
mod time;
mod translate;
mod wire;
mod words;

pub(crate) use routes::routes;
