//! The whole system, from outside: the real binary, its sockets, its files and its databases.

// For the lints: what is compiled for tests may unwrap and print.
#![cfg(test)]

mod anchors;
mod ansible;
mod awx_cli;
mod backup;
mod database;
mod faults;
mod kill;
mod leaks;
mod limits;
mod memory;
mod openapi;
mod probely_clients;
mod reader;
mod readme;
mod registry;
mod rotation;
mod scan;
mod wire;

#[path = "../common/proof.rs"]
mod proof;

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the suite of the binary uses the rest")]
mod common;
