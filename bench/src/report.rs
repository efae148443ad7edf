//! The tables, as Markdown.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::load::Measured;
use crate::machine;
use crate::plan::{Operation, Tables, Target};

/// Prints the tables, and puts them into a page in place of those of the last run.
pub(crate) fn publish(tables: &Tables, page: Option<&Path>) -> anyhow::Result<()> {
    let text = text(tables)?;
    std::io::stdout().write_all(text.as_bytes())?;
    let Some(page) = page else { return Ok(()) };
    let old = std::fs::read_to_string(page)?;
    let (before, rest) = old.split_once(BEGIN).context("the page does not say where to write")?;
    let (_, after) = rest.split_once(END).context("the page does not say where to end")?;
    std::fs::write(page, format!("{before}{BEGIN}\n{text}{END}{after}"))?;
    Ok(())
}

fn text(tables: &Tables) -> anyhow::Result<String> {
    let mut out = String::new();
    let (rounds, time, settle) = tables.taken;
    let list = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    writeln!(out, "Machine: {}.", machine::description())?;
    let (before, after) = &tables.load;
    writeln!(out, "Load average when the run began and ended: {before} and {after}.")?;
    writeln!(
        out,
        "Compared with: bare axum; {}.",
        tables.openbao.as_deref().unwrap_or("no OpenBao")
    )?;
    writeln!(
        out,
        "Command: `scripts/bench --credentials {} --rounds {rounds} --seconds {} --settle {}`.\n",
        list(&tables.credentials),
        time.as_secs_f64(),
        settle.as_secs(),
    )?;
    rates(tables, &mut out)?;
    pages(tables, &mut out)?;
    processes(tables, &mut out)?;
    Ok(out)
}

/// Rates, each beside those of the others in the same round.
fn rates(tables: &Tables, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "| what | credentials | connections | answers/s | median ms | p99 ms | bare answers/s | of bare | \
         OpenBao answers/s | times OpenBao |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    for operation in ALL {
        for credentials in &tables.credentials {
            for connections in &tables.connections {
                let of = |operation, target| {
                    tables.rounds.get(&(operation, target, *connections)).map(Vec::as_slice)
                };
                let Some(own) = of(operation, Target::Strongroom(*credentials)) else { continue };
                let like = comparable(operation);
                let (rate, ratio) = beside(own, of(like, Target::Bare));
                let (other_rate, other_ratio) = beside(own, of(like, Target::OpenBao));
                writeln!(
                    out,
                    "| {} | {credentials} | {connections} | {:.0} | {} | {} | {rate} | {ratio} | {other_rate} | {other_ratio} |",
                    name(operation),
                    median(own.iter().map(|one| one.rate)),
                    millis(median_time(own, |one| one.median)),
                    millis(median_time(own, |one| one.p99)),
                )?;
            }
        }
    }
    writeln!(out)
}

/// How the time of a page grows with the store.
fn pages(tables: &Tables, out: &mut String) -> std::fmt::Result {
    let (Some(least), Some(connections)) = (tables.credentials.first(), tables.connections.first())
    else {
        return Ok(());
    };
    writeln!(out, "| page | credentials | median ms | times that of {least} |\n|---|--:|--:|--:|")?;
    for operation in ALL.into_iter().filter(|one| comparable(*one) == Operation::Page) {
        let of = |credentials: u64| {
            tables.rounds.get(&(operation, Target::Strongroom(credentials), *connections))
        };
        let Some(base) = of(*least) else { continue };
        for credentials in &tables.credentials {
            let Some(own) = of(*credentials) else { continue };
            let ratios = own
                .iter()
                .zip(base)
                .map(|(own, base)| own.median.as_secs_f64() / base.median.as_secs_f64());
            writeln!(
                out,
                "| {} | {credentials} | {} | {:.2} |",
                name(operation),
                millis(median_time(own, |one| one.median)),
                median(ratios),
            )?;
        }
    }
    writeln!(out)
}

fn processes(tables: &Tables, out: &mut String) -> std::fmt::Result {
    writeln!(out, "| credentials | resident MiB | ms from start to first answer |\n|--:|--:|--:|")?;
    for ((credentials, resident), (_, starts)) in tables.resident.iter().zip(&tables.starts) {
        let tenths = resident / (1024 * 1024 / 10);
        let start = median(starts.iter().map(Duration::as_secs_f64)) * 1000.0;
        writeln!(out, "| {credentials} | {}.{} | {start:.1} |", tenths / 10, tenths % 10)?;
    }
    writeln!(out)
}

/// The rate of another, and the median of the ratios of each round.
fn beside(own: &[Measured], other: Option<&[Measured]>) -> (String, String) {
    let Some(other) = other else { return (String::new(), String::new()) };
    let ratios = own.iter().zip(other).map(|(own, other)| own.rate / other.rate);
    (format!("{:.0}", median(other.iter().map(|one| one.rate))), format!("{:.2}", median(ratios)))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn median_time(rounds: &[Measured], of: impl Fn(&Measured) -> Duration) -> f64 {
    median(rounds.iter().map(|one| of(one).as_secs_f64()))
}

fn millis(seconds: f64) -> String {
    format!("{:.2}", seconds * 1000.0)
}

const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Get => "one credential, token",
        Operation::GetBasic => "one credential, password",
        Operation::Page => "first page, administrator",
        Operation::MiddlePage => "middle page, administrator",
        Operation::LastPage => "last page, administrator",
        Operation::AuditorPage => "first page, auditor",
        Operation::TenthPage => "first page, reader of a tenth",
        Operation::TenthMiddlePage => "middle page, reader of a tenth",
        Operation::TenthLastPage => "last page, reader of a tenth",
        Operation::Create => "create, durable",
        Operation::RegistryToken => "registry token, robot's login",
        Operation::Mint => "mint a robot, durable",
    }
}

/// What the others are asked in its place.
const fn comparable(operation: Operation) -> Operation {
    match operation {
        Operation::Get | Operation::GetBasic => Operation::Get,
        Operation::Page
        | Operation::MiddlePage
        | Operation::LastPage
        | Operation::AuditorPage
        | Operation::TenthPage
        | Operation::TenthMiddlePage
        | Operation::TenthLastPage => Operation::Page,
        other => other,
    }
}

const ALL: [Operation; 12] = [
    Operation::Get,
    Operation::GetBasic,
    Operation::Page,
    Operation::MiddlePage,
    Operation::LastPage,
    Operation::AuditorPage,
    Operation::TenthPage,
    Operation::TenthMiddlePage,
    Operation::TenthLastPage,
    Operation::Create,
    Operation::RegistryToken,
    Operation::Mint,
];
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";
