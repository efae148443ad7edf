//! The AWX dialect: `/api/`, as AWX 24.6.1 answers it.
//!
//! [`routes`] is the table of views. [`serve`] takes a request from its headers to a [`call`], which one handler
//! answers: it reads the body into a draft ([`read`], [`mode`]), calls one use-case and renders the view of it.
//! The handlers and the wire types of a resource stand in the file of its name; [`list`] pages all lists,
//! [`filter`] reads their queries, [`options`] describes everything from the tables of [`model`]. Sentences are
//! made in [`error`] and [`words`], and nowhere else.

mod access_list;
mod activity;
mod application;
mod attach;
mod call;
mod credential;
mod credential_type;
mod credential_wire;
pub(crate) mod error;
mod filter;
mod foreign;
mod input_source;
mod input_words;
mod job_template;
mod linked;
mod list;
mod lookup;
mod mode;
mod model;
mod named;
mod negotiate;
mod oauth;
pub(crate) mod openapi;
mod options;
mod organization;
mod python;
mod query;
mod read;
mod related;
mod reply;
mod role;
mod root;
mod routes;
mod serve;
mod session;
mod team;
mod time;
mod token;
mod user;
mod ways;
mod wire;
mod words;

pub(crate) use routes::routes;
pub(crate) use serve::{decorate, refuse};

/// The version of AWX whose interface this is.
const VERSION: &str = "24.6.1";
/// What stands for a secret that is set, and for one that is to be kept.
const MASK: &str = "$encrypted$";
