//! The platform's token endpoints, `/uaa`: logins, refreshes, and what clients read before them.

mod auth;
mod check;
mod documents;
pub(crate) mod error;
mod form;
mod routes;
mod token;

pub(crate) use routes::routes;
