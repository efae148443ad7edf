//! The Probely dialect: `/credentials/` and its neighbours, as the product's clients use them.
//!
//! A request is let in by [`auth`]; [`members`] decodes its body, whatever form that has, and [`read`] makes the
//! members of a draft of it; a handler calls one use-case and [`wire`] shows the outcome. [`list`] pages all lists.
//! Sentences are made in [`error`] and [`words`], and nowhere else.

mod auth;
mod email;
pub(crate) mod error;
mod handlers;
mod list;
mod members;
pub(crate) mod openapi;
mod query;
mod read;
mod routes;
mod scan_wire;
mod wire;
mod words;

pub(crate) use routes::routes;
