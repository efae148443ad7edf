//! What users hold, remembered for as long as nobody's rights have changed.
//!
//! Every change that can alter a right raises the revocation epoch. A standing is remembered with the epoch
//! that was read before it, and is only used while the epoch is still that: with SQLite the writer tells it,
//! with PostgreSQL each reader asks the store, because another process may have raised it.
//!
//! With SQLite the lengths of lists of credentials are remembered too, until a commit changes a credential, a grant
//! or a placement, which the writer tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use strongroom_core::access::Standing;
use strongroom_core::clock::Timestamp;

use crate::list::Operand;

/// Standings by user, with the epoch they were read in, and the lengths of lists.
#[derive(Default)]
pub(super) struct Remembered {
    standings: Mutex<HashMap<i64, (u64, Arc<Standing>)>>,
    totals: Mutex<HashMap<Counted, Total>>,
}

/// A statement that counts and its values, but for the time.
pub(super) type Counted = (String, Vec<Operand>);

#[derive(Clone, Copy)]
struct Total {
    /// The changes of lists that were committed before it was counted.
    lists: u64,
    /// Until then no grant that ends by itself makes it untrue for long.
    until: Timestamp,
    rows: i64,
}

/// The memory as one transaction may use it.
#[derive(Clone, Copy)]
pub(super) struct AtEpoch<'m> {
    pub(super) memory: &'m Remembered,
    /// Read before, or in, the transaction's snapshot.
    pub(super) epoch: u64,
    /// The changes of lists committed before the snapshot; absent where nobody tells of them.
    pub(super) lists: Option<u64>,
}

impl AtEpoch<'_> {
    /// The user's standing, if it is remembered and still true.
    pub(super) fn recall(self, user_id: i64) -> Option<Arc<Standing>> {
        let standings = self.memory.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, standing) = standings.get(&user_id)?;
        (*epoch == self.epoch).then(|| Arc::clone(standing))
    }

    /// Remembers a standing that the transaction read.
    pub(super) fn remember(self, standing: &Arc<Standing>) {
        let mut standings = self.memory.standings.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED <= standings.len() {
            standings.clear();
        }
        standings.insert(standing.user_id, (self.epoch, Arc::clone(standing)));
    }

    /// The length of a list, if it is remembered and still true.
    pub(super) fn recall_total(self, counted: &Counted, now: Timestamp) -> Option<i64> {
        let lists = self.lists?;
        let totals = self.memory.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let known = totals.get(counted)?;
        (known.lists == lists && now < known.until).then_some(known.rows)
    }

    /// Remembers the length of a list that the transaction counted.
    pub(super) fn remember_total(self, counted: Counted, now: Timestamp, total: i64) {
        let Some(lists) = self.lists else { return };
        let mut totals = self.memory.totals.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED_TOTALS <= totals.len() {
            totals.clear();
        }
        let until = now.plus_seconds(TOTAL_SECONDS);
        totals.insert(counted, Total { lists, until, rows: total });
    }
}

const REMEMBERED: usize = 10_000;
const REMEMBERED_TOTALS: usize = 1000;
/// A grant that ends by itself makes no commit, so a length is counted again after so long.
const TOTAL_SECONDS: i64 = 10;
