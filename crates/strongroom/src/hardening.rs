//! What the process does to itself before it touches a secret.

use anyhow::Context;
use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// Keeps memory out of core dumps and out of the reach of other processes of the same user, and new files
/// out of the reach of other users.
pub(crate) fn apply() -> anyhow::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("the process could not be kept out of core dumps")?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("the size of core dumps could not be limited")?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    Ok(())
}

/// Lets the process hold as many connections as its administrator allows.
pub(crate) fn raise_file_limit() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = rustix::process::setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
