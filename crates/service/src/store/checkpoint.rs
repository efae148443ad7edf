//! Checkpoints of the audit log, and the chain as an export tells it.

use super::audit::columns;
use super::row::{Row, Value};
use super::tx::{ReadTx, WriteTx};
use strongroom_core::audit::Link;
use strongroom_core::{Error, Result};

/// A checkpoint as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredCheckpoint {
    /// How many entries it covers.
    pub(crate) size: u64,
    /// The signed note.
    pub(crate) note: String,
    /// The right edge of the tree.
    pub(crate) edge: Vec<u8>,
}

/// An entry with its place in the chain.
#[derive(Debug)]
pub(crate) struct LinkedEntry {
    pub(crate) position: u64,
    pub(crate) hash: Link,
    /// The columns that the link covers, in their order.
    pub(crate) columns: Vec<Option<String>>,
}

impl ReadTx<'_> {
    pub(crate) fn newest_checkpoint(&self) -> Result<Option<StoredCheckpoint>> {
        let sql = "SELECT size, note, edge FROM audit_checkpoints ORDER BY size DESC LIMIT 1";
        self.session().row(sql, &[], |row| {
            let size = row.at::<i64>(0)?.unsigned_abs();
            Ok(StoredCheckpoint { size, note: row.at(1)?, edge: row.at(2)? })
        })
    }

    /// Size and note of the checkpoints of more than `after` and at most `to` entries.
    pub(crate) fn checkpoints_between(&self, after: u64, to: u64) -> Result<Vec<(u64, String)>> {
        let sql =
            "SELECT size, note FROM audit_checkpoints WHERE size > $1 AND size <= $2 ORDER BY size";
        let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?.unsigned_abs(), row.at(1)?));
        self.session().rows(sql, &[number(after)?, number(to)?], read)
    }

    /// The position of the last entry that is chained; 0 without any.
    pub(crate) fn last_audit_position(&self) -> Result<u64> {
        let sql = "SELECT COALESCE(MAX(position), 0) FROM audit_links";
        self.session().one(sql, &[], |row| Ok(row.at::<i64>(0)?.unsigned_abs()))
    }

    /// The links at positions after the one and up to the other.
    pub(crate) fn audit_links(&self, after: u64, to: u64) -> Result<Vec<Link>> {
        let sql =
            "SELECT hash FROM audit_links WHERE position > $1 AND position <= $2 ORDER BY position";
        self.session().rows(sql, &[number(after)?, number(to)?], |row| link(row.at(0)?))
    }

    /// The entries at positions after the one and up to the other, in the order of the chain.
    pub(crate) fn linked_entries(&self, after: u64, to: u64) -> Result<Vec<LinkedEntry>> {
        let sql = "SELECT e.id, e.at, e.action, e.outcome, e.dialect, e.request_id, e.source, e.actor_id, \
            e.actor_name, e.token_id, e.objects, e.organization_id, e.reason, e.changes, e.times, l.position, l.hash \
            FROM audit_links l JOIN audit_entries e ON e.id = l.entry_id \
            WHERE l.position > $1 AND l.position <= $2 ORDER BY l.position";
        self.session().rows(sql, &[number(after)?, number(to)?], |row| {
            Ok(LinkedEntry {
                position: row.at::<i64>(15)?.unsigned_abs(),
                hash: link(row.at(16)?)?,
                columns: columns(row)?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Keeps a checkpoint; of two processes that make the same one, one is enough.
    pub(crate) fn insert_checkpoint(&mut self, checkpoint: &StoredCheckpoint) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "INSERT INTO audit_checkpoints (size, note, edge, created) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (size) DO NOTHING",
            &[
                number(checkpoint.size)?,
                (&checkpoint.note).into(),
                Value::Bytes(&checkpoint.edge),
                now.into(),
            ],
        )?;
        Ok(())
    }
}

fn link(bytes: Vec<u8>) -> Result<Link> {
    Link::try_from(bytes).map_err(|_| Error::internal("a link is not 32 bytes"))
}

fn number(value: u64) -> Result<Value<'static>> {
    i64::try_from(value).map(Value::Int).map_err(Error::internal)
}
