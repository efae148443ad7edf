//! What users hold, remembered for as long as nobody's rights have changed.
//!
//! Every change that can alter a right raises the revocation epoch. A standing is remembered with the epoch
//! that was read before it, and is only used while the epoch is still that: with SQLite the writer tells it,
//! with PostgreSQL each reader asks the store, because another process may have raised it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::ranked::Rankings;
use strongroom_core::access::Standing;

/// Standings by user, with the epoch they were read in.
#[derive(Default)]
pub(super) struct Remembered {
    standings: Mutex<HashMap<i64, (u64, Arc<Standing>)>>,
    pub(super) rankings: Rankings,
}

/// The memory as one transaction may use it.
#[derive(Clone, Copy)]
pub(super) struct AtEpoch<'m> {
    pub(super) memory: &'m Remembered,
    /// Read before, or in, the transaction's snapshot.
    pub(super) epoch: u64,
    /// How many changes of credentials and of rights on them were committed before the snapshot, where one process
    /// knows of all of them.
    pub(super) listing: Option<u64>,
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
}

const REMEMBERED: usize = 10_000;
