//! The rules of Strongroom as plain values and functions.
//!
//! Nothing here does I/O, is `async`, reads a clock or knows a wire format: arguments in, value out.
//! The store and the use-cases are in `strongroom-service`, the words of each product's API in
//! `strongroom-http`.

pub mod access;
pub mod audit;
pub mod clock;
pub mod consumer;
pub mod credential_type;
pub mod draft;
pub mod error;
pub mod hosted;
pub mod id;
pub mod platform;
pub mod record;
pub mod registry;
pub mod registry_scope;
pub mod robot;
pub mod scan;
pub mod text;

pub use error::{Error, Result};
