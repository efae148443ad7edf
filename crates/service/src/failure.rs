//! Failures before anybody is known, folded so that a flood of them is a few audit entries.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use strongroom_core::access::Dialect;
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Who};
use strongroom_core::clock::Timestamp;

/// Counts of failures per source network, account, reason and minute.
#[derive(Default)]
pub(crate) struct Failures {
    counts: Mutex<HashMap<Key, i64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    minute: i64,
    network: String,
    account: String,
    reason: &'static str,
    dialect: Dialect,
}

impl Failures {
    /// Counts one failure. Beyond the bound all accounts of a minute are counted together.
    pub(crate) fn count(
        &self,
        origin: &Origin,
        account: &str,
        reason: &'static str,
        now: Timestamp,
    ) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let full = FOLDED_AT_ONCE <= counts.len();
        let shown =
            |text: &str| if full { "(many)".to_owned() } else { text.chars().take(150).collect() };
        let key = Key {
            minute: now.as_micros() / MINUTE,
            network: shown(&network(&origin.source)),
            account: shown(account),
            reason,
            dialect: origin.dialect,
        };
        *counts.entry(key).or_insert(0) += 1;
    }

    /// The entries of the minutes that are over.
    pub(crate) fn drain(&self, now: Timestamp) -> Vec<Entry> {
        self.drain_before(now.as_micros() / MINUTE)
    }

    /// All entries, for the end.
    pub(crate) fn drain_all(&self) -> Vec<Entry> {
        self.drain_before(i64::MAX)
    }

    fn drain_before(&self, minute: i64) -> Vec<Entry> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over: Vec<(Key, i64)> = counts.extract_if(|key, _| key.minute < minute).collect();
        over.sort_unstable();
        over.into_iter().map(|(key, times)| entry(key, times)).collect()
    }
}

fn entry(key: Key, times: i64) -> Entry {
    Entry {
        at: Timestamp::from_micros(key.minute * MINUTE),
        operation: Operation::LogIn,
        outcome: Outcome::NotAuthenticated,
        origin: Origin { dialect: key.dialect, request_id: String::new(), source: key.network },
        who: Who { id: None, name: key.account, token_id: None },
        objects: Vec::new(),
        organization_id: None,
        reason: key.reason.to_owned(),
        changes: Vec::new(),
        times,
    }
}

/// The network of an address: its /24, or its /64 with IPv6.
fn network(source: &str) -> String {
    match source.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(address)) => {
            let mut segments = address.segments();
            segments[4..].fill(0);
            format!("{}/64", std::net::Ipv6Addr::from(segments))
        }
        Err(_) => source.to_owned(),
    }
}

const MINUTE: i64 = 60_000_000;
/// Different failures kept apart between two flushes.
const FOLDED_AT_ONCE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(source: &str) -> Origin {
        Origin { dialect: Dialect::Awx, request_id: String::new(), source: source.to_owned() }
    }

    #[test]
    fn a_minute_of_one_network_and_account_is_one_entry() {
        let failures = Failures::default();
        let now = Timestamp::from_micros(600 * MINUTE);
        for last in 1..=9 {
            failures.count(&origin(&format!("192.0.2.{last}")), "admin", "wrong password", now);
        }
        assert!(failures.drain(now).is_empty(), "the minute is not over");
        let entries = failures.drain(now.plus_seconds(60));
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].times, entries[0].origin.source.as_str()), (9, "192.0.2.0/24"));
        assert!(failures.drain_all().is_empty());
    }

    #[test]
    fn a_flood_of_names_stays_bounded() {
        let failures = Failures::default();
        let now = Timestamp::from_micros(0);
        for name in 0..10_000 {
            failures.count(&origin("::1"), &format!("u{name}"), "no such user", now);
        }
        let entries = failures.drain_all();
        assert!(entries.len() <= FOLDED_AT_ONCE + 1);
        assert_eq!(entries.iter().map(|entry| entry.times).sum::<i64>(), 10_000);
    }
}
