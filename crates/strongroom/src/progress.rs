//! How far long work has come: a bar on a terminal, now and then a line elsewhere. On standard error, because
//! standard output is for what the command prints.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How far some work has come.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    total: u64,
    told: Instant,
}

impl Progress {
    /// Work on so many things.
    pub(crate) fn new(total: u64, what: &'static str) -> Self {
        let bar = ProgressBar::new(total);
        let template = "{bar:40} {human_pos} of {human_len} {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, what, total, told: Instant::now() }
    }

    /// So many more are done.
    pub(crate) fn add(&mut self, done: u64) {
        self.bar.inc(done);
        if self.bar.is_hidden() && EVERY <= self.told.elapsed() {
            self.told = Instant::now();
            let (done, total, what) = (self.bar.position(), self.total, self.what);
            // Nobody may be looking.
            let _ = writeln!(io::stderr(), "{done} of {total} {what}");
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

const EVERY: Duration = Duration::from_secs(5);
