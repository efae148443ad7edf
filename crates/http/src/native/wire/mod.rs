//! What the native API shows, member for member.

mod audit;
mod checkout;
mod credential;
mod keys;
mod organization;
mod placement;
mod reference;
mod registry;
mod resolution;
mod robot;
mod token;
mod uaa;
mod upkeep;

use serde::Serialize;
use strongroom_core::clock::Timestamp;
use strongroom_core::record::Identity;
use strongroom_service::view::{Summary, UserSummary};

pub(super) use audit::{AuditCheckpoint, AuditEntry, AuditExport, AuditKey, AuditKeyRotation};
pub(super) use checkout::{CheckedOutShown, RegistryAccessShown};
pub(super) use credential::{Credential, Expiring, VersionShown};
pub(super) use keys::{KeyBatch, KeyStatus, RotationEnd, RotationStart};
pub(super) use organization::{Grant, Organization, Settings, User};
pub(super) use placement::Placement;
pub(super) use reference::{Reference, Use, WhereUsed};
pub(super) use registry::{Authority, Registry, RegistryConfig, Signer};
pub(super) use resolution::Resolution;
pub(super) use robot::{Ending, NewRobot, Robot};
pub(super) use token::{NewToken, Token};
pub(super) use uaa::{NewUaaClient, SigningKey, UaaClient};
pub(super) use upkeep::{BackupState, FsckReport};

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    /// The elements.
    items: Vec<T>,
    /// What `after` must say to get the next part; null at the end.
    next: Option<String>,
}

/// The three spellings of an id.
#[derive(Debug, Serialize)]
struct Ids {
    id: i64,
    guid: String,
    short_id: String,
}

/// A named object as others mention it.
#[derive(Debug, Serialize)]
struct Named {
    id: i64,
    name: String,
}

/// A user as others mention him.
#[derive(Debug, Serialize)]
struct Person {
    id: i64,
    username: String,
}

impl<T> List<T> {
    /// A part of a list from what was found when one element more than `limit` was asked for.
    pub(super) fn part<V>(
        mut found: Vec<V>,
        limit: i64,
        id: impl Fn(&V) -> i64,
        shown: impl Fn(V) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_next = limit < found.len();
        found.truncate(limit);
        let next = found.last().filter(|_| has_next).map(|last| id(last).to_string());
        Self { items: found.into_iter().map(shown).collect(), next }
    }

    /// A list that is always whole.
    pub(super) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), next: None }
    }
}

impl From<Identity> for Ids {
    fn from(identity: Identity) -> Self {
        let Identity { id, guid, short_id } = identity;
        Self { id, guid: guid.to_string(), short_id: short_id.to_string() }
    }
}

impl From<Summary> for Named {
    fn from(summary: Summary) -> Self {
        Self { id: summary.id, name: summary.name }
    }
}

impl From<UserSummary> for Person {
    fn from(user: UserSummary) -> Self {
        Self { id: user.id, username: user.username }
    }
}

/// A point of time as RFC 3339 writes it, in UTC with microseconds.
fn time(at: Timestamp) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(6));
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_have_microseconds_always() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_517_472_000_123_450, "2018-02-01T08:00:00.123450Z"),
            (i64::MAX, "9999-12-30T22:00:00.999999Z"),
        ] {
            assert_eq!(time(Timestamp::from_micros(micros)), text);
        }
    }

    proptest! {
        #[test]
        fn parts_put_together_are_the_list(count in 0_i64..30, limit in 1_i64..10) {
            let all: Vec<i64> = (1..=count).collect();
            let (mut after, mut seen) = (0, Vec::new());
            loop {
                let wanted = usize::try_from(limit + 1).unwrap();
                let found = all.iter().copied().filter(|id| after < *id).take(wanted).collect();
                let part = List::part(found, limit, |id| *id, |id| id);
                prop_assert!(part.items.len() < wanted);
                seen.extend(part.items);
                match part.next {
                    Some(next) => after = next.parse().unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, all);
        }
    }
}
