//! Guessing slowed down, per account and per account and source, without locking anybody out for good.
//!
//! Each bucket holds a few tries and refills slowly. A source from which the account's password was once
//! right draws only from its own bucket, so a stranger who guesses elsewhere cannot shut its owner out.
//! Account names are folded first, so that every spelling draws from one bucket.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use strongroom_core::clock::Timestamp;

/// The buckets of all accounts that somebody failed to log in to.
#[derive(Default)]
pub(crate) struct Throttle {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    buckets: HashMap<Key, Bucket>,
    /// Sources that were right before, by account.
    trusted: HashMap<(String, String), Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Source(String, String),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Microseconds of refill that are used up; a try costs `TRY_COST`.
    used: i64,
    at: Timestamp,
}

impl Throttle {
    /// Takes one try for an account from a source, or tells in how many seconds there is one.
    pub(crate) fn take(&self, account: &str, source: &str, now: Timestamp) -> Result<(), u32> {
        let mut state = self.lock();
        state.forget_full(now);
        let pair = (account.to_owned(), source.to_owned());
        let trusted = state.trusted.contains_key(&pair);
        let own = Key::Source(pair.0, pair.1);
        let shared = (!trusted).then(|| Key::Account(account.to_owned()));
        let waits = [
            state.wait(&own, SOURCE_TRIES, now),
            shared.as_ref().map_or(0, |key| state.wait(key, ACCOUNT_TRIES, now)),
        ];
        let wait = waits.into_iter().max().unwrap_or(0);
        if 0 < wait {
            return Err(u32::try_from(wait / 1_000_000 + 1).unwrap_or(u32::MAX));
        }
        for key in std::iter::once(own).chain(shared) {
            state.draw(key, now);
        }
        Ok(())
    }

    /// The password was right: what the try cost is given back and the source is trusted from now on.
    pub(crate) fn succeeded(&self, account: &str, source: &str, now: Timestamp) {
        let mut state = self.lock();
        state.buckets.remove(&Key::Source(account.to_owned(), source.to_owned()));
        if let Some(bucket) = state.buckets.get_mut(&Key::Account(account.to_owned())) {
            bucket.used = bucket.used.saturating_sub(TRY_COST).max(0);
        }
        if TRUSTED_KEPT <= state.trusted.len() {
            let oldest =
                state.trusted.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                state.trusted.remove(&oldest);
            }
        }
        state.trusted.insert((account.to_owned(), source.to_owned()), now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Microseconds until the bucket holds a try.
    fn wait(&self, key: &Key, tries: i64, now: Timestamp) -> i64 {
        let used = self.buckets.get(key).map_or(0, |bucket| bucket.used_at(now));
        used.saturating_add(TRY_COST).saturating_sub(tries * TRY_COST).max(0)
    }

    fn draw(&mut self, key: Key, now: Timestamp) {
        let bucket = self.buckets.entry(key).or_insert(Bucket { used: 0, at: now });
        *bucket = Bucket { used: bucket.used_at(now).saturating_add(TRY_COST), at: now };
    }

    /// Keeps the table bounded: full buckets are the same as none, and beyond the bound the fullest go.
    fn forget_full(&mut self, now: Timestamp) {
        if self.buckets.len() < BUCKETS_KEPT {
            return;
        }
        self.buckets.retain(|_, bucket| 0 < bucket.used_at(now));
        let excess = (self.buckets.len() + BUCKETS_KEPT / 10).saturating_sub(BUCKETS_KEPT);
        let mut order: Vec<(i64, Key)> =
            self.buckets.iter().map(|(key, bucket)| (bucket.used_at(now), key.clone())).collect();
        order.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in order.into_iter().take(excess) {
            self.buckets.remove(&key);
        }
    }
}

impl Bucket {
    /// What is used up at a later time; a clock that jumps back refills nothing.
    fn used_at(&self, now: Timestamp) -> i64 {
        let passed = now.as_micros().saturating_sub(self.at.as_micros()).max(0);
        self.used.saturating_sub(passed).max(0)
    }
}

/// A try refills in 45 s: 80 an hour, with the burst at most 100 an hour and account.
const TRY_COST: i64 = 45_000_000;
const ACCOUNT_TRIES: i64 = 20;
const SOURCE_TRIES: i64 = 10;
const BUCKETS_KEPT: usize = 20_000;
const TRUSTED_KEPT: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn tries(throttle: &Throttle, account: &str, source: &str, at: Timestamp) -> u32 {
        let mut taken = 0;
        while throttle.take(account, source, at).is_ok() {
            taken += 1;
        }
        taken
    }

    #[test]
    fn an_account_has_at_most_a_hundred_tries_an_hour_from_everywhere() {
        let throttle = Throttle::default();
        let mut taken = 0;
        for second in 0..3600 {
            let at = START.plus_seconds(second);
            for source in 0..20 {
                taken += tries(&throttle, "admin", &format!("10.0.0.{source}"), at);
            }
        }
        assert!((80..=100).contains(&taken), "{taken}");
    }

    #[test]
    fn a_stranger_cannot_shut_out_a_source_that_was_right_before() {
        let throttle = Throttle::default();
        throttle.take("admin", "home", START).expect("the first try");
        throttle.succeeded("admin", "home", START);
        for source in 0..50 {
            tries(&throttle, "admin", &format!("stranger {source}"), START);
        }
        assert!(throttle.take("admin", "office", START).is_err());
        assert!(throttle.take("admin", "home", START).is_ok());
    }

    #[test]
    fn waiting_gives_a_try_back_and_a_clock_that_jumps_back_does_not() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, "a", "s", START), u32::try_from(SOURCE_TRIES).unwrap());
        let seconds = throttle.take("a", "s", START).unwrap_err();
        assert!(throttle.take("a", "s", START.plus_seconds(-100_000)).is_err());
        assert!(throttle.take("a", "s", START.plus_seconds(i64::from(seconds))).is_ok());
    }

    #[test]
    fn the_table_stays_bounded() {
        let throttle = Throttle::default();
        for account in 0..30_000 {
            throttle.take(&format!("user {account}"), "s", START).expect("a fresh account");
        }
        assert!(throttle.lock().buckets.len() <= BUCKETS_KEPT + 2);
    }
}
