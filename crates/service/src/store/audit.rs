//! Audit entries in the store, and the chain over them.

use serde_json::json;

use super::directory::{IDS_AT_ONCE, id_list};
use super::list::Sql;
use super::row::{Row, Value};
use super::session::Session;
use super::tx::ReadTx;
use crate::view::AuditView;
use strongroom_core::access::Dialect;
use strongroom_core::audit::{self, Entry, Link, Operation, Outcome, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Kind, ShortId};
use strongroom_core::{Error, Result};

/// From when until when a credential stood in an account, by the entries that tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) credential_id: i64,
    pub(crate) placement_id: i64,
    /// The account.
    pub(crate) account: i64,
    /// The entry that placed it.
    pub(crate) from: i64,
    /// The entry that took it away.
    pub(crate) until: Option<i64>,
}

/// Writes an entry into the open transaction and, where others may commit between it and its link, queues it for that.
pub(super) fn insert(session: Session<'_>, entry: &Entry) -> Result<i64> {
    let objects: Vec<_> = entry
        .objects
        .iter()
        .map(|touched| json!({"kind": touched.kind.word(), "id": touched.id, "name": touched.name}))
        .collect();
    let objects = serde_json::Value::from(objects).to_string();
    let changes = entry.changes_document();
    let id = session.insert(
        "INSERT INTO audit_entries (at, action, outcome, dialect, request_id, source, actor_id, actor_name, \
         token_id, objects, organization_id, reason, changes, times) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            entry.at.into(),
            entry.operation.word().into(),
            entry.outcome.word().into(),
            entry.origin.dialect.word().into(),
            (&entry.origin.request_id).into(),
            (&entry.origin.source).into(),
            entry.who.id.into(),
            (&entry.who.name).into(),
            entry.who.token_id.into(),
            (&objects).into(),
            entry.organization_id.into(),
            (&entry.reason).into(),
            (&changes).into(),
            entry.times.into(),
        ],
    )?;
    for (position, touched) in (0_i64..).zip(&entry.objects) {
        session.execute(
            "INSERT INTO audit_objects (entry_id, position, kind, id) VALUES ($1, $2, $3, $4)",
            &[id.into(), position.into(), touched.kind.word().into(), touched.id.into()],
        )?;
    }
    if let Session::Postgres(..) = session {
        session.execute("INSERT INTO audit_queue (entry_id) VALUES ($1)", &[id.into()])?;
    }
    Ok(id)
}

impl ReadTx<'_> {
    /// The entries of these ids.
    pub(crate) fn audit_views(&self, ids: &[i64]) -> Result<Vec<AuditView>> {
        self.by_ids(VIEW, "audit_entries", ids, view)
    }
}

/// Entries of one organization, for its own people.
impl ReadTx<'_> {
    /// The next changes that were carried out in an organization, in the order of entries: in a period, by some
    /// users, after an entry.
    pub(crate) fn account_entries(
        &self,
        organization_id: i64,
        (start, end): (Option<Timestamp>, Option<Timestamp>),
        actors: &[i64],
        after: i64,
    ) -> Result<Vec<AuditView>> {
        let mut sql = Sql::default();
        let mut wheres = vec![
            format!("organization_id = {}", sql.int(organization_id)),
            format!("id > {}", sql.int(after)),
            "outcome = 'done' AND action IN ('create', 'update', 'delete', 'associate', 'disassociate', \
             'restore', 'reveal')"
                .to_owned(),
        ];
        if let Some(start) = start {
            wheres.push(format!("at >= {}", sql.int(start.as_micros())));
        }
        if let Some(end) = end {
            wheres.push(format!("at < {}", sql.int(end.as_micros())));
        }
        if !actors.is_empty() {
            wheres.push(format!("actor_id IN ({})", sql.ints(actors)));
        }
        let (all, limit) = (wheres.join(" AND "), sql.int(BATCH));
        let sql_text =
            format!("SELECT {VIEW} FROM audit_entries WHERE {all} ORDER BY id LIMIT {limit}");
        self.session().rows(&sql_text, &sql.values(), view)
    }

    /// When each of these credentials stood in accounts, as the log tells it.
    pub(crate) fn probely_stays(&self, credential_ids: &[i64]) -> Result<Vec<Stay>> {
        let mut told = Vec::new();
        for chunk in credential_ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql = format!(
                "SELECT c.id, p.id, e.id, e.organization_id, e.action, e.objects FROM audit_objects c \
                 JOIN audit_objects p ON p.entry_id = c.entry_id AND p.position = 0 AND p.kind = 'placement' \
                 JOIN audit_entries e ON e.id = c.entry_id \
                 WHERE c.kind = 'credential' AND c.position = 1 AND c.id IN ({list}) \
                 AND e.outcome = 'done' AND e.action IN ('create', 'delete') ORDER BY e.id"
            );
            told.extend(self.session().rows(&sql, &values, |row| {
                let objects: Vec<StoredObject> =
                    serde_json::from_value(row.at(5)?).map_err(Error::internal)?;
                let here = objects.first().is_some_and(|one| one.name.starts_with("probely "));
                let account = row.at::<Option<i64>>(3)?.filter(|_| here);
                let (credential_id, placement_id) = (row.at::<i64>(0)?, row.at::<i64>(1)?);
                Ok((credential_id, placement_id, row.at::<i64>(2)?, account, row.at::<String>(4)?))
            })?);
        }
        let mut stays: Vec<Stay> = Vec::new();
        for (credential_id, placement_id, entry_id, account, action) in told {
            let Some(account) = account else { continue };
            let known = stays.iter_mut().find(|stay| stay.placement_id == placement_id);
            match known {
                Some(stay) if action == Operation::Delete.word() => stay.until = Some(entry_id),
                Some(_) => {}
                None => {
                    let from = entry_id;
                    stays.push(Stay { credential_id, placement_id, account, from, until: None });
                }
            }
        }
        Ok(stays)
    }

    /// The short ids of these objects of one kind, those that are gone too.
    pub(crate) fn short_ids_of(&self, kind: Kind, ids: &[i64]) -> Result<Vec<(i64, ShortId)>> {
        let table = match kind {
            Kind::Placement => "placements",
            Kind::Team => "teams",
            Kind::Target | Kind::Domain | Kind::Sequence | Kind::ExtraHost => "scan_objects",
            _ => return Err(Error::internal("no short ids of this kind")),
        };
        let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, row.at::<ShortId>(1)?));
        let mut found = self.by_ids("id, short_id", table, ids, read)?;
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.push(kind.word().into());
            let sql = format!(
                "SELECT id, short_id FROM tombstones WHERE id IN ({list}) AND kind = ${}",
                values.len()
            );
            found.extend(self.session().rows(&sql, &values, read)?);
        }
        Ok(found)
    }
}

fn view(row: &Row<'_>) -> Result<AuditView> {
    let unknown = || Error::internal("unknown word in an audit entry");
    let objects: Vec<StoredObject> =
        serde_json::from_value(row.at(10)?).map_err(Error::internal)?;
    let touched = |object: StoredObject| {
        let kind = Kind::from_word(&object.kind).ok_or_else(unknown)?;
        Ok(Touched { kind, id: object.id, name: object.name })
    };
    Ok(AuditView {
        id: row.at(0)?,
        at: row.at(1)?,
        operation: Operation::from_word(&row.at::<String>(2)?).ok_or_else(unknown)?,
        outcome: Outcome::from_word(&row.at::<String>(3)?).ok_or_else(unknown)?,
        dialect: Dialect::from_word(&row.at::<String>(4)?).ok_or_else(unknown)?,
        request_id: row.at(5)?,
        source: row.at(6)?,
        actor_id: row.at(7)?,
        actor_name: row.at(8)?,
        token_id: row.at(9)?,
        objects: objects.into_iter().map(touched).collect::<Result<_>>()?,
        organization_id: row.at(11)?,
        reason: row.at(12)?,
        changes: row.at(13)?,
        times: row.at(14)?,
    })
}

#[derive(serde::Deserialize)]
struct StoredObject {
    kind: String,
    id: i64,
    name: String,
}

/// The end of the chain, from which it grows.
#[derive(Debug)]
struct Head {
    position: i64,
    entry_id: i64,
    hash: Link,
}

impl Head {
    fn read(session: Session<'_>) -> Result<Self> {
        let sql = "SELECT position, entry_id, hash FROM audit_links ORDER BY position DESC LIMIT 1";
        let stored = session.row(sql, &[], |row| {
            let hash: Vec<u8> = row.at(2)?;
            let hash = Link::try_from(hash);
            let hash = hash.map_err(|_| Error::internal("a link is not 32 bytes"))?;
            Ok(Self { position: row.at(0)?, entry_id: row.at(1)?, hash })
        })?;
        Ok(stored.unwrap_or(Self { position: 0, entry_id: 0, hash: audit::GENESIS }))
    }
}

/// Links all entries that wait for it, in the order of their ids; tells how many there were.
///
/// The chain's end is read each time: another process may have linked entries since, and what this one linked last may
/// have been undone with its transaction.
pub(super) fn link_new(session: Session<'_>) -> Result<u64> {
    let mut head = Head::read(session)?;
    let is_queued = matches!(session, Session::Postgres(..));
    let mut linked = 0;
    loop {
        let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, columns(row)?));
        let waiting = match is_queued {
            true => session.rows(QUEUED, &[Value::Int(BATCH)], read)?,
            false => session.rows(FOLLOWING, &[head.entry_id.into(), Value::Int(BATCH)], read)?,
        };
        if waiting.is_empty() {
            return Ok(linked);
        }
        for (entry_id, columns) in &waiting {
            let columns: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
            head.hash = audit::link(&head.hash, &columns);
            head.position += 1;
            head.entry_id = *entry_id;
            linked += 1;
            session.execute(
                "INSERT INTO audit_links (position, entry_id, hash) VALUES ($1, $2, $3)",
                &[head.position.into(), (*entry_id).into(), Value::Bytes(&head.hash)],
            )?;
            if is_queued {
                let sql = "DELETE FROM audit_queue WHERE entry_id = $1";
                session.execute(sql, &[(*entry_id).into()])?;
            }
        }
    }
}

/// Checks every link of the stored chain; the position of the first that does not hold.
pub(crate) fn first_broken_link(session: Session<'_>) -> Result<Option<i64>> {
    let mut previous = audit::GENESIS;
    let mut expected = 1;
    let mut after = 0_i64;
    loop {
        let page = session.rows(LINKED, &[after.into(), Value::Int(BATCH)], |row| {
            Ok((row.at::<i64>(15)?, row.at::<Vec<u8>>(16)?, columns(row)?))
        })?;
        let Some((last, ..)) = page.last() else {
            return Ok(None);
        };
        after = *last;
        for (position, hash, columns) in page {
            let columns: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
            let link = audit::link(&previous, &columns);
            if position != expected || link.as_slice() != hash {
                return Ok(Some(position.min(expected)));
            }
            previous = link;
            expected += 1;
        }
    }
}

/// The columns that a link covers, as text, in the order of the table.
pub(super) fn columns(row: &Row<'_>) -> Result<Vec<Option<String>>> {
    let number = |index| Ok::<_, Error>(row.at::<Option<i64>>(index)?.map(|n| n.to_string()));
    let text = |index| Ok::<_, Error>(Some(row.at::<String>(index)?));
    Ok(vec![
        number(0)?,
        number(1)?,
        text(2)?,
        text(3)?,
        text(4)?,
        text(5)?,
        text(6)?,
        number(7)?,
        text(8)?,
        number(9)?,
        text(10)?,
        number(11)?,
        text(12)?,
        text(13)?,
        number(14)?,
    ])
}

const VIEW: &str = "id, at, action, outcome, dialect, request_id, source, actor_id, actor_name, token_id, objects, \
    organization_id, reason, changes, times";

/// Entries read at once.
const BATCH: i64 = 1024;

/// With SQLite, whose one writer links what it commits: whatever came after the last entry that has a link.
pub(super) const FOLLOWING: &str = "SELECT e.id, e.at, e.action, e.outcome, e.dialect, e.request_id, e.source, e.actor_id, \
    e.actor_name, e.token_id, e.objects, e.organization_id, e.reason, e.changes, e.times \
    FROM audit_entries e WHERE e.id > $1 ORDER BY e.id LIMIT $2";

/// The queue comes first, whatever a planner would like: the log is long, and what waits is not.
const QUEUED: &str = "SELECT e.id, e.at, e.action, e.outcome, e.dialect, e.request_id, e.source, e.actor_id, \
    e.actor_name, e.token_id, e.objects, e.organization_id, e.reason, e.changes, e.times \
    FROM audit_queue q LEFT JOIN audit_entries e ON e.id = q.entry_id ORDER BY q.entry_id LIMIT $1";

const LINKED: &str = "SELECT e.id, e.at, e.action, e.outcome, e.dialect, e.request_id, e.source, e.actor_id, \
    e.actor_name, e.token_id, e.objects, e.organization_id, e.reason, e.changes, e.times, l.position, l.hash \
    FROM audit_links l JOIN audit_entries e ON e.id = l.entry_id WHERE l.position > $1 ORDER BY l.position LIMIT $2";
