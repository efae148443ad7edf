//! What was read lately, good for as long as nothing was committed since.
//!
//! A value is kept with the version that the store had before it was read, and is only used while the store has it
//! still: so a revocation holds on the very next request, whatever is remembered.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use strongroom_core::clock::Timestamp;

/// Values by what was asked; at most so many, and when there are more all are forgotten.
pub(crate) struct Recent<K, V> {
    held: Mutex<HashMap<K, Kept<V>>>,
    most: usize,
}

/// What the store was like when somebody was let in: enough to tell whether anything was committed since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The version that the store had.
    pub(super) version: i64,
    /// How many groups of changes this process had committed.
    pub(super) commits: u64,
    pub(super) asked: Instant,
}

/// A value and the time until which it is true if nothing changes.
#[derive(Debug, Clone)]
pub(crate) struct Lasting<V> {
    pub(crate) value: V,
    pub(crate) until: Timestamp,
}

struct Kept<V> {
    version: i64,
    lasting: Lasting<V>,
}

impl Moment {
    /// Whether it is still now, to a process that has committed so many groups: nothing was changed by the process
    /// itself, and what another one committed came after the request that was let in.
    pub(super) fn is_now(&self, commits: u64) -> bool {
        self.commits == commits && self.asked.elapsed() < REQUEST
    }
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Mutex::default(), most }
    }

    /// The value that was read at this version.
    pub(super) fn get(&self, key: &K, version: i64, now: Timestamp) -> Option<V> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = held.get(key)?;
        let is_true = kept.version == version && now < kept.lasting.until;
        is_true.then(|| kept.lasting.value.clone())
    }

    pub(super) fn keep(&self, key: K, version: i64, lasting: &Lasting<V>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if self.most <= held.len() {
            held.clear();
        }
        held.insert(key, Kept { version, lasting: lasting.clone() });
    }
}

/// How long a request goes on with what was asked when it was let in; mostly it takes a tenth of a millisecond.
const REQUEST: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn lasting(value: char) -> Lasting<char> {
        Lasting { value, until: NOW.plus_seconds(1) }
    }

    #[test]
    fn a_value_is_true_until_the_next_change_and_no_longer_than_it_says() {
        let recent = Recent::new(8);
        recent.keep(1, 5, &lasting('a'));
        assert_eq!(recent.get(&1, 5, NOW), Some('a'));
        assert_eq!(recent.get(&1, 6, NOW), None);
        assert_eq!(recent.get(&1, 4, NOW), None);
        assert_eq!(recent.get(&2, 5, NOW), None);
        assert_eq!(recent.get(&1, 5, NOW.plus_seconds(1)), None);
    }

    #[test]
    fn there_are_never_more_than_fit() {
        let recent = Recent::new(8);
        for key in 0..100 {
            recent.keep(key, 1, &lasting('a'));
            assert!(recent.held.lock().unwrap().len() <= 8);
            assert_eq!(recent.get(&key, 1, NOW), Some('a'));
        }
    }
}
