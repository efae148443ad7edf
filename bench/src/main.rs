//! Measures the server beside a bare one that answers the same bytes and, where it is installed, beside OpenBao.
//!
//! All servers run at once and take turns, round by round, so that whatever else the machine does meets all of
//! them alike: the ratios are worth more than the rates. `scripts/bench` builds and runs it.

mod bare;
mod load;
mod machine;
mod openbao;
mod plan;
mod process;
mod report;
mod seed;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures Strongroom beside a bare server and OpenBao.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench")]
struct Options {
    /// How many credentials the stores hold; one store is made and kept for each number.
    #[arg(long, value_delimiter = ',', default_value = "1000,100000")]
    credentials: Vec<u64>,
    /// How many connections ask at once.
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    connections: Vec<usize>,
    /// How often each measurement is taken.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one takes, in seconds.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How long a server rests after the reads before its memory is measured, in seconds.
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// OpenBao's binary; without it `bao` is looked for on the PATH.
    #[arg(long)]
    openbao: Option<PathBuf>,
    /// Where the seeded stores are kept.
    #[arg(long, default_value = "target/bench")]
    work: PathBuf,
    /// The page whose measured part is replaced; without it the tables are only printed.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Serve the answers recorded in this folder, as the bare server that the others are compared with.
    #[arg(long, hide = true)]
    serve_bare: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(folder) = &options.serve_bare {
        return bare::serve(folder);
    }
    let tables = plan::run(&plan::Plan {
        credentials: options.credentials,
        connections: options.connections,
        rounds: options.rounds.max(1),
        time: Duration::try_from_secs_f64(options.seconds)?,
        settle: Duration::from_secs(options.settle),
        openbao: options.openbao.or_else(openbao::on_the_path),
        work: options.work,
    })?;
    report::publish(&tables, options.write.as_deref())
}
