//! Listening and answering: sockets, TLS, connections, and their end.

mod accept;
pub(crate) mod anchor;
mod connection;
mod patience;
mod rest;
mod shutdown;
pub(crate) mod socket;
mod tls;

pub(crate) use accept::{serve_host, serve_network};
pub(crate) use shutdown::{Phase, Signals};
pub(crate) use tls::Tls;
