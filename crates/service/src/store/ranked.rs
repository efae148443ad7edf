//! The lists that are promised to be as fast at the end as at the beginning: their ids in order, remembered.
//!
//! Finding the thousandth page or counting all rows takes a database time that grows with the rows. What a user sees
//! of all credentials, of those of an organization or of a type, in the list's own order, changes only when a
//! credential or a right on one does; so the ids stay in memory until then, and a page is a piece of them. The
//! objects themselves are read anew each time.
//!
//! A list is remembered when it is asked for a second time in the same state: while everything changes it would be read
//! whole for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::list::{Condition, ListQuery, Listed, Sql, TRUE};
use super::session::Session;
use super::tx::ReadTx;
use crate::list::{Field, Filter, Group, Operand, Paging, Path, Test};
use strongroom_core::Result;
use strongroom_core::access::Standing;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Kind;

/// What the store was like when a list was read, as far as lists of credentials depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// How many changes of rights, and of credentials or grants on them, the one process has committed.
    Counted(u64, u64),
    /// Which transactions a snapshot of PostgreSQL sees.
    Snapshot(String),
}

/// Whose list, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ranked {
    /// The user whose rights decide; none when everything is read.
    user: Option<i64>,
    organization: Option<i64>,
    credential_type: Option<i64>,
}

impl Ranked {
    /// The list of a query, if it is one of those that are remembered.
    fn of(standing: &Standing, query: &ListQuery<'_>) -> Option<Self> {
        if query.kind != Kind::Credential
            || !query.request.order.is_empty()
            || !query
                .default_order
                .iter()
                .all(|order| order.field == Field::Name && !order.descending)
        {
            return None;
        }
        let user = (!standing.reads_everything()).then_some(standing.user_id);
        let mut ranked = Self { user, organization: None, credential_type: None };
        for condition in query.conditions {
            match condition {
                Condition::OfOrganization(id) => set(&mut ranked.organization, *id)?,
                Condition::OfType(id) => set(&mut ranked.credential_type, *id)?,
                _ => return None,
            }
        }
        for filter in &query.request.filters {
            let (field, id) = equality(filter)?;
            match field {
                Field::Organization => set(&mut ranked.organization, id)?,
                Field::CredentialType => set(&mut ranked.credential_type, id)?,
                _ => return None,
            }
        }
        Some(ranked)
    }
}

/// The field that must have one value, and the value.
fn equality(filter: &Filter) -> Option<(Field, i64)> {
    // Every part is named: a condition that says more than these is another list.
    let Filter { path, field, negated, group, test } = filter;
    match (test, group, negated) {
        (Test::Equals(Operand::Int(id)), Group::All, false) if *path == Path::HERE => {
            Some((*field, *id))
        }
        _ => None,
    }
}

/// Two conditions on one member are no list that is remembered.
fn set(member: &mut Option<i64>, id: i64) -> Option<()> {
    member.replace(id).is_none().then_some(())
}

/// Remembered lists.
#[derive(Default)]
pub(super) struct Rankings(Mutex<HashMap<Ranked, Remembered>>);

struct Remembered {
    state: State,
    /// Absent until the list is asked for again.
    ids: Option<Ids>,
}

#[derive(Clone)]
struct Ids {
    ids: Arc<[i64]>,
    /// When the first of the rights ends through which they are seen.
    until: Timestamp,
}

/// What is known of a list in a state.
enum Recalled {
    /// Its ids.
    Known(Ids),
    /// That it was asked for before, so that it is worth remembering.
    AskedAgain,
    /// Nothing.
    AskedFirst,
}

impl Rankings {
    /// The ids of a list as they are in this state, if they are remembered.
    fn recall(&self, ranked: &Ranked, state: &State, now: Timestamp) -> Recalled {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lists.get(ranked) {
            Some(known) if known.state == *state => match &known.ids {
                Some(ids) if now < ids.until => Recalled::Known(ids.clone()),
                _ => Recalled::AskedAgain,
            },
            _ => {
                make_room(&mut lists);
                let known = Remembered { state: state.clone(), ids: None };
                lists.insert(ranked.clone(), known);
                Recalled::AskedFirst
            }
        }
    }

    fn remember(&self, ranked: Ranked, state: State, ids: Ids) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = lists.values().map(Remembered::len).sum();
        if IDS_HELD < held.saturating_add(ids.ids.len()) {
            lists.clear();
        }
        lists.insert(ranked, Remembered { state, ids: Some(ids) });
    }
}

impl Remembered {
    fn len(&self) -> usize {
        self.ids.as_ref().map_or(0, |ids| ids.ids.len())
    }
}

fn make_room(lists: &mut HashMap<Ranked, Remembered>) {
    if LISTS_HELD <= lists.len() {
        lists.clear();
    }
}

impl ReadTx<'_> {
    /// A page of a remembered list; `None` when the list is none, or is to be read from the database this time.
    pub(super) fn ranked_page(
        &self,
        standing: &Standing,
        query: &ListQuery<'_>,
    ) -> Result<Option<Listed>> {
        let Paging::Offset { limit, offset } = query.request.paging else { return Ok(None) };
        let (Some(memory), Some(ranked)) = (self.memory(), Ranked::of(standing, query)) else {
            return Ok(None);
        };
        let state = match (memory.listing, self.session()) {
            (Some(listing), _) => State::Counted(memory.epoch, listing),
            (None, Session::Sqlite(..)) => return Ok(None),
            (None, session) => State::Snapshot(snapshot(session)?),
        };
        let ids = match memory.memory.rankings.recall(&ranked, &state, self.now()) {
            Recalled::Known(ids) => ids,
            Recalled::AskedFirst => return Ok(None),
            Recalled::AskedAgain => {
                let ids = self.ranked_ids(standing, &ranked)?;
                memory.memory.rankings.remember(ranked, state, ids.clone());
                ids
            }
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(ids.ids.len());
        let to = from.saturating_add(usize::try_from(limit).unwrap_or_default());
        let page = &ids.ids[from..to.min(ids.ids.len())];
        let total = i64::try_from(ids.ids.len()).map_err(strongroom_core::Error::internal)?;
        Ok(Some(Listed { ids: page.to_vec(), total: query.request.count.then_some(total) }))
    }

    /// Every id of a list, in order.
    fn ranked_ids(&self, standing: &Standing, ranked: &Ranked) -> Result<Ids> {
        let mut sql = Sql::default();
        let mut wheres = vec![match ranked.user {
            Some(_) => self.visible(standing, Kind::Credential, "x", &mut sql),
            None => TRUE.to_owned(),
        }];
        for (column, id) in [
            ("organization_id", ranked.organization),
            ("credential_type_id", ranked.credential_type),
        ] {
            if let Some(id) = id {
                wheres.push(format!("x.{column} = {}", sql.int(id)));
            }
        }
        let statement = format!(
            "SELECT x.id FROM credentials x WHERE ({}) ORDER BY x.name, x.id",
            wheres.join(") AND (")
        );
        let ids: Vec<i64> = self.session().rows(&statement, &sql.values(), |row| row.at(0))?;
        let until = match ranked.user {
            Some(_) => self.rights_end(standing)?,
            None => super::FOREVER,
        };
        Ok(Ids { ids: ids.into(), until })
    }

    /// When the first of the rights ends that somebody holds on credentials and placements.
    fn rights_end(&self, standing: &Standing) -> Result<Timestamp> {
        let mut sql = Sql::default();
        let reached = self.reached(standing, &mut sql);
        let statement = format!("SELECT MIN(g.valid_until) FROM grants g WHERE {reached}");
        let until: Option<i64> = self.session().one(&statement, &sql.values(), |row| row.at(0))?;
        Ok(until.map_or(super::FOREVER, Timestamp::from_micros))
    }
}

/// Which transactions the snapshot of a PostgreSQL transaction sees, as text.
fn snapshot(session: Session<'_>) -> Result<String> {
    session.one("SELECT CAST(pg_current_snapshot() AS TEXT)", &[], |row| row.at(0))
}

/// Lists in memory; when there are more all are forgotten.
const LISTS_HELD: usize = 512;
/// Ids in memory, 16 MiB of them; when there are more all lists are forgotten.
const IDS_HELD: usize = 2 * 1024 * 1024;
