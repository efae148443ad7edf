//! The behaviour of the use-cases, every case on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

#[macro_use]
mod room;

mod audit;
mod audit_proof;
mod cascades;
mod damage;
mod deletes;
mod keys;
mod lists;
mod login;
mod model;
mod names;
mod owners;
mod pages;
mod processes;
mod references;
mod robots;
mod roles;
mod rotation;
mod start;
mod table;
mod tokens;
mod uaa;
mod versions;

#[cfg(test)]
#[path = "../../../strongroom/tests/common/proof.rs"]
#[expect(dead_code, reason = "what is promised here is a number, so it has one size")]
mod proof;
