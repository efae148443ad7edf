//! The one source of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A point of time: microseconds since 1970 in UTC, as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// So many seconds later, or the end of time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock; make it with [`Clock::system`].
    System(Start),
    /// A clock that tests set.
    Fixed(Arc<AtomicI64>),
}

/// When a clock of the machine was first read, by its calendar and by the timer that nobody sets.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    wall: i64,
    timer: Instant,
}

impl Clock {
    /// The machine's clock, which never tells less than has passed since this call: when the calendar is set
    /// back, what has ended stays ended, until the process starts again.
    pub fn system() -> Self {
        Self::System(Start { wall: wall(), timer: Instant::now() })
    }

    /// A clock that stands still at the given microseconds until it is moved.
    pub fn fixed(micros: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(micros)))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System(start) => Timestamp(start.now(wall())),
            Self::Fixed(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        }
    }
}

impl Start {
    /// The present, when the calendar says `wall`.
    fn now(&self, wall: i64) -> i64 {
        let passed = i64::try_from(self.timer.elapsed().as_micros()).unwrap_or(i64::MAX);
        wall.max(self.wall.saturating_add(passed))
    }
}

/// Microseconds since 1970, as the machine's calendar has them.
#[expect(clippy::disallowed_methods, reason = "this is the Clock that everybody else asks")]
fn wall() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_that_is_set_back_does_not_turn_time_back() {
        let start = Start { wall: 1_000_000, timer: Instant::now() };
        assert!(1_000_000 <= start.now(0));
        assert!(1_000_000 <= start.now(i64::MIN));
        assert_eq!(start.now(2_000_000_000_000), 2_000_000_000_000);
        assert_eq!(start.now(i64::MAX), i64::MAX);
    }
}
