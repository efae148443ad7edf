//! The products' own clients, against the real binary.

// For the lints: what is compiled for tests may unwrap and print.
#![cfg(test)]

mod cloud_foundry;

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the other suites use the rest")]
mod common;
