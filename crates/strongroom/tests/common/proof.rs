//! How large a suite is run, and where its figures go.
//!
//! `scripts/proof` sets both; without it the sizes are those of the test command and the figures are only printed.

use std::io::Write;

use serde_json::{Value, json};

/// A number of rounds or mutations at the size that is asked for: the short one of the test command, times the
/// factor of `scripts/proof`.
#[expect(clippy::disallowed_methods, reason = "scripts/proof hands over the size this way")]
pub(crate) fn sized(short: usize) -> usize {
    let factor = std::env::var("STRONGROOM_PROOF_SIZE").ok().and_then(|text| text.parse().ok());
    short * factor.unwrap_or(1)
}

/// Tells what a test found: one line of JSON, to standard output and to the file of `scripts/proof`.
///
/// `promise` says in one sentence what the figures show; a seed is a figure, too.
#[expect(clippy::disallowed_methods, reason = "scripts/proof hands over its file this way")]
pub(crate) fn figures(suite: &str, promise: &str, figures: &Value) {
    // The runner names the thread of a test after it.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let line = json!({"suite": suite, "promise": promise, "figures": figures, "test": test});
    println!("{line}");
    let Ok(file) = std::env::var("STRONGROOM_PROOF_FILE") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    // One write, so that suites that run at the same time do not mix their lines.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
