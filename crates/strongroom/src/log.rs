//! Logs: text for a terminal, one JSON object a line otherwise, on standard error.
//!
//! Only this project's own lines follow the chosen level. What libraries say below a warning may hold what
//! they were given, so it is never written.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Starts logging. Once in a process.
pub(crate) fn start(level: Level, format: LogFormat) -> anyhow::Result<()> {
    let lines = tracing_subscriber::fmt::layer().with_writer(Lines).with_ansi(false);
    let layer = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets(level))).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The text on one line: control characters, and those that turn the direction of writing, are spelt out.
pub(crate) fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hostile(character) {
            // Writing to a String cannot fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line
}

fn targets(level: Level) -> Targets {
    let others = LevelFilter::from_level(level).min(LevelFilter::WARN);
    Targets::new().with_default(others).with_target("strongroom", level)
}

/// Says where, not what: the message of a panic may hold a value.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "a bug: this must not happen, please report it");
}

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Standard error, line by line.
struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line
    }
}

/// Takes one whole event at a time, which is how the formatter writes them.
struct Line;

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = printable(text.trim_end_matches('\n'));
        line.push('\n');
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        let hostile = "a\r\nlevel=ERROR \u{1b}[31m\u{9b}\u{202e}\u{0}</script>ö";
        assert_eq!(
            printable(hostile),
            "a\\u000d\\u000alevel=ERROR \\u001b[31m\\u009b\\u202e\\u0000</script>ö"
        );
    }

    #[test]
    fn only_our_own_lines_follow_the_level() {
        let trace = targets(Level::TRACE);
        assert!(trace.would_enable("strongroom_http::layers", &Level::TRACE));
        assert!(trace.would_enable("strongroom", &Level::TRACE));
        assert!(!trace.would_enable("tokio_postgres::query", &Level::DEBUG));
        assert!(trace.would_enable("rustls", &Level::WARN));
        assert!(!targets(Level::ERROR).would_enable("rustls", &Level::WARN));
    }
}
