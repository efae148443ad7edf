//! The binary from outside: how it starts, refuses to, logs, stops, and what its commands do.

// For the lints: what is compiled for tests may unwrap and print.
#![cfg(test)]

mod command_line;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the other suites use the rest of it")]
mod common;
mod configuration;
mod connection;
mod first_start;
mod keys;
mod logs;
mod shutdown;
mod tls;
