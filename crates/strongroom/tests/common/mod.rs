//! The real binary under test: a store of either kind in a folder of its own, and servers on it.

pub(crate) mod http;
mod server;
mod store;

pub(crate) use server::Server;
pub(crate) use store::Store;

/// The password of user `admin` in every store that a test starts.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery staple";
