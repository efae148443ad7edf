//! The Strongroom server and its command line.
//!
//! This crate holds no rule: it reads settings, opens the store, listens, reacts to signals, and words
//! what went wrong for whoever typed the command.

mod cli;
mod client;
mod command;
mod config;
mod data_dir;
mod filesystem;
mod hardening;
mod log;
mod login_file;
mod progress;
mod room;
mod secret_input;
mod server;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use cli::Cli;
use config::{ConfigError, Environment};
use room::NotOpened;

/// Memory is wiped when it is given back, so that what held a secret does not tell it to what comes next, to a
/// core file or to swap. What wipes itself (keys, `SecretString`) does so all the same.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    let cli = Cli::parse_from(cli::words(std::env::args_os()));
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is gone too.
            let _ = writeln!(io::stderr(), "strongroom: {}", log::printable(&format!("{error:#}")));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    hardening::apply()?;
    let environment = Environment::of_the_process();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(command::run(cli, environment, &mut io::stdout()));
    // What still runs was given its time already; nothing acknowledged depends on it.
    runtime.shutdown_background();
    outcome
}

/// 2 for what was asked wrongly, the key's own code for a key that does not fit, 1 for anything else.
fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(not_opened) = error.downcast_ref::<NotOpened>() {
        return not_opened.exit_code();
    }
    if error.is::<ConfigError>() { 2 } else { 1 }
}
