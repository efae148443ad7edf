//! Faults of what the server stands on: the disk, the clock, the processor.
//!
//! Whatever fails, reads go on where they can, a write is refused in the words of its dialect, the server recovers
//! without a restart, and what it acknowledged is there.

mod clock;
mod disk_full;
mod disk_gone;
mod every_call;
mod house;
mod stopped;

use std::path::PathBuf;

/// A program that a test needs, or a line that says why the test shows nothing here.
fn tool(name: &str, test: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .map(|folder| PathBuf::from(folder).join(name))
        .into_iter()
        .find(|path| path.exists());
    if found.is_none() {
        println!("{test}: nothing was tested, because {name} is not installed");
    }
    found
}

/// Whether the test may mount and trace; if not, a line says so.
fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("{test}: nothing was tested, because only root may do what it needs");
    }
    root
}
