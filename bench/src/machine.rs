//! What the figures were measured on.

use std::fs;

/// Processor, cores, memory, system and how busy it was.
pub(crate) fn description() -> String {
    let value = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split([':', '=']).nth(1).unwrap_or("unknown").trim().trim_matches('"').to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "{} with {cores} cores, {} of memory, {}",
        value("/proc/cpuinfo", "model name"),
        value("/proc/meminfo", "MemTotal"),
        value("/etc/os-release", "PRETTY_NAME"),
    )
}

/// The average number of processes that wanted to run in the last minute.
pub(crate) fn busy() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
