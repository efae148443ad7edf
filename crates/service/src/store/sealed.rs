//! Every column that holds sealed values, in one table: what a rotation of the root key wraps anew and what a
//! check of the store opens. A sealed column that is not listed here fails the suite.

use std::collections::BTreeMap;

use strongroom_core::id::{Guid, Kind};
use strongroom_core::{Error, Result};
use strongroom_seal::envelope::{SealContext, Sealed};
use strongroom_seal::key::KeyId;

use super::meta;
use super::row::{Row, Value};
use super::session::Session;
use super::tx::{ReadTx, WriteTx};

/// A column of sealed values, and how each finds the place that it was sealed for.
#[derive(Debug)]
pub(crate) struct SealedColumn {
    /// The table.
    pub(crate) table: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// What kind of object the values are of.
    kind: Kind,
    /// The table as `s`, and what its rows' places are read from.
    source: &'static str,
    /// An integer by which the rows are walked through; several rows may share it.
    id: &'static str,
    guid: &'static str,
    field: &'static str,
    version: &'static str,
    /// Writes `$1` into the row of id `$2`, field `$3` and version `$4` if it still holds `$5`.
    replace: &'static str,
}

/// All of them, but for the canary, which a rotation seals anew with the store's own row.
pub(crate) const SEALED_COLUMNS: [SealedColumn; 5] = [
    SealedColumn {
        table: "sealed_inputs",
        column: "sealed",
        kind: Kind::Credential,
        source: "sealed_inputs s JOIN credentials c ON c.id = s.credential_id",
        id: "s.credential_id",
        guid: "c.guid",
        field: "s.field",
        version: "s.version",
        replace: "UPDATE sealed_inputs SET sealed = $1 \
                  WHERE credential_id = $2 AND field = $3 AND version = $4 AND sealed = $5",
    },
    SealedColumn {
        table: "scan_secrets",
        column: "sealed",
        kind: Kind::Target,
        source: "scan_secrets s JOIN scan_objects o ON o.id = s.object_id",
        id: "s.object_id",
        guid: "o.guid",
        field: "s.field",
        version: "s.version",
        replace: "UPDATE scan_secrets SET sealed = $1 \
                  WHERE object_id = $2 AND field = $3 AND version = $4 AND sealed = $5",
    },
    SealedColumn {
        table: "signing_keys",
        column: "sealed_key",
        kind: Kind::SigningKey,
        source: "signing_keys s",
        id: "s.id",
        guid: "s.guid",
        field: "CAST('private_key' AS TEXT)",
        version: "CAST(1 AS BIGINT)",
        replace: "UPDATE signing_keys SET sealed_key = $1 WHERE id = $2 AND CAST($3 AS TEXT) = 'private_key' \
                  AND CAST($4 AS BIGINT) = 1 AND sealed_key = $5",
    },
    SealedColumn {
        table: "applications",
        column: "sealed_secret",
        kind: Kind::Application,
        source: "(SELECT * FROM applications WHERE sealed_secret IS NOT NULL) s",
        id: "s.id",
        guid: "s.guid",
        field: "CAST('client_secret' AS TEXT)",
        version: "CAST(1 AS BIGINT)",
        replace: "UPDATE applications SET sealed_secret = $1 WHERE id = $2 \
                  AND CAST($3 AS TEXT) = 'client_secret' AND CAST($4 AS BIGINT) = 1 AND sealed_secret = $5",
    },
    SealedColumn {
        table: "package_passwords",
        column: "sealed",
        kind: Kind::Package,
        source: "package_passwords s JOIN packages p ON p.id = s.package_id",
        id: "s.package_id",
        guid: "p.guid",
        field: "CAST('password' AS TEXT)",
        version: "CAST(1 AS BIGINT)",
        replace: "UPDATE package_passwords SET sealed = $1 WHERE package_id = $2 \
                  AND CAST($3 AS TEXT) = 'password' AND CAST($4 AS BIGINT) = 1 AND sealed = $5",
    },
];

/// Where a walk through all sealed values has come to. The beginning is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SealedCursor {
    /// The column, counted from 0.
    pub(crate) column: usize,
    /// The last id that was done.
    pub(crate) after: i64,
}

/// Which sealed values a walk looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedFilter {
    /// All.
    All,
    /// Those that are under another root key than this.
    NotUnder(KeyId),
}

/// A sealed value and its place.
#[derive(Debug, Clone)]
pub(crate) struct SealedRow {
    column: usize,
    /// The id by which its table is walked through.
    pub(crate) id: i64,
    pub(crate) guid: Guid,
    pub(crate) field: String,
    pub(crate) version: i64,
    pub(crate) sealed: Vec<u8>,
}

/// A part of a walk.
#[derive(Debug)]
pub(crate) struct SealedPage {
    pub(crate) rows: Vec<SealedRow>,
    /// Where it goes on; none at the end.
    pub(crate) next: Option<SealedCursor>,
}

impl SealedRow {
    /// The column it is in.
    pub(crate) const fn column(&self) -> &'static SealedColumn {
        &SEALED_COLUMNS[self.column]
    }

    /// The place it must have been sealed for.
    pub(crate) fn context(&self) -> SealContext<'_> {
        SealContext {
            kind: self.column().kind.word(),
            guid: self.guid.as_bytes(),
            field: &self.field,
            version: self.version.unsigned_abs(),
        }
    }
}

impl ReadTx<'_> {
    /// The next part of a walk through all sealed values: those of about so many objects.
    pub(crate) fn sealed_page(
        &self,
        cursor: SealedCursor,
        filter: SealedFilter,
        limit: i64,
    ) -> Result<SealedPage> {
        let Some(column) = SEALED_COLUMNS.get(cursor.column) else {
            return Ok(SealedPage { rows: Vec::new(), next: None });
        };
        let next_column = SealedCursor { column: cursor.column + 1, after: 0 };
        let after = cursor.after;
        let Some(last) = last_id(self.session(), column, after, filter, limit)? else {
            let next = (next_column.column < SEALED_COLUMNS.len()).then_some(next_column);
            return Ok(SealedPage { rows: Vec::new(), next });
        };
        let SealedColumn { source, id, guid, field, version, column: sealed, .. } = column;
        let condition = filter.condition(column, "$3");
        let sql = format!(
            "SELECT {id}, {guid}, {field}, {version}, s.{sealed} FROM {source} \
             WHERE {id} > $1 AND {id} <= $2{condition} ORDER BY {id}, {field}, {version}"
        );
        let read = |row: &Row<'_>| {
            Ok(SealedRow {
                column: cursor.column,
                id: row.at(0)?,
                guid: row.at(1)?,
                field: row.at(2)?,
                version: row.at(3)?,
                sealed: row.at(4)?,
            })
        };
        let rows = self.session().rows(&sql, &filter.values(&[after.into(), last.into()]), read)?;
        Ok(SealedPage { rows, next: Some(SealedCursor { after: last, ..cursor }) })
    }

    /// How many values there are under each root key; `None` counts those that name no key at all.
    pub(crate) fn sealed_counts(&self) -> Result<BTreeMap<Option<KeyId>, u64>> {
        let mut counts = BTreeMap::new();
        for SealedColumn { table, column, .. } in &SEALED_COLUMNS {
            let sql = format!(
                "SELECT substr({column}, 2, 8), COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
            );
            let read = |row: &Row<'_>| Ok((row.at::<Vec<u8>>(0)?, row.at::<i64>(1)?));
            for (key, count) in self.session().rows(&sql, &[], read)? {
                *counts.entry(KeyId::from_bytes(&key)).or_default() += count.unsigned_abs();
            }
        }
        Ok(counts)
    }

    /// Fails unless a value that is about to be written is under the active root key, and keeps that key active
    /// until the transaction ends.
    ///
    /// On SQLite one process seals and writes one change after the other, so there is nothing to ask.
    pub(crate) fn require_active_key(&self, sealed: &[u8]) -> Result<()> {
        let Session::Postgres(..) = self.session() else { return Ok(()) };
        let sql = "SELECT canary FROM store WHERE id = 1 FOR SHARE";
        let canary = self.session().one(sql, &[], |row| row.at::<Vec<u8>>(0))?;
        let key = |bytes: &[u8]| Sealed::from_bytes(bytes).ok().map(|sealed| sealed.key_id());
        if key(&canary) == key(sealed) {
            return Ok(());
        }
        Err(Error::Unavailable(Box::new(KeyReplaced)))
    }
}

impl WriteTx<'_> {
    /// Puts other bytes in the place of a sealed value, unless it has changed or gone meanwhile.
    pub(crate) fn replace_sealed(&mut self, row: &SealedRow, bytes: &[u8]) -> Result<bool> {
        let values = [
            Value::Bytes(bytes),
            row.id.into(),
            (&row.field).into(),
            row.version.into(),
            Value::Bytes(&row.sealed),
        ];
        Ok(self.session().execute(row.column().replace, &values)? == 1)
    }

    /// Makes the key of this canary the active one, and notes that values are still under the one before. False
    /// if the active one is another already.
    pub(crate) fn replace_root_key(&mut self, before: KeyId, canary: &[u8]) -> Result<bool> {
        let identity = meta::identity(self.session())?;
        let active = identity.and_then(|store| strongroom_seal::canary::key_of(&store.canary));
        if active != Some(before) {
            return Ok(false);
        }
        let sql = "UPDATE store SET canary = $1 WHERE id = 1";
        self.session().execute(sql, &[canary.into()])?;
        let now = self.now();
        self.session().execute(
            "INSERT INTO root_keys (key_id, replaced) VALUES ($1, $2) \
             ON CONFLICT (key_id) DO UPDATE SET replaced = excluded.replaced, retired = NULL",
            &[Value::Bytes(before.as_bytes()), now.into()],
        )?;
        Ok(true)
    }

    /// Notes that nothing is under any root key but this one.
    pub(crate) fn retire_root_keys(&mut self, active: KeyId) -> Result<()> {
        let now = self.now();
        let sql = "UPDATE root_keys SET retired = $1 WHERE retired IS NULL AND key_id <> $2";
        self.session().execute(sql, &[now.into(), Value::Bytes(active.as_bytes())])?;
        Ok(())
    }
}

/// How many values are under root keys that may still be needed but are not among these.
pub(super) fn values_under_others(
    session: Session<'_>,
    loaded: &[KeyId],
) -> Result<BTreeMap<KeyId, u64>> {
    let sql = "SELECT key_id FROM root_keys WHERE retired IS NULL";
    let waiting = session.rows(sql, &[], |row| row.at::<Vec<u8>>(0))?;
    let missing = waiting.iter().filter_map(|key| KeyId::from_bytes(key));
    let mut counts = BTreeMap::new();
    for key in missing.filter(|key| !loaded.contains(key)) {
        for SealedColumn { table, column, .. } in &SEALED_COLUMNS {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE substr({column}, 2, 8) = $1");
            let values = [Value::Bytes(key.as_bytes())];
            let count = session.one(&sql, &values, |row| row.at::<i64>(0))?.unsigned_abs();
            if 0 < count {
                *counts.entry(key).or_default() += count;
            }
        }
    }
    Ok(counts)
}

fn last_id(
    session: Session<'_>,
    column: &SealedColumn,
    after: i64,
    filter: SealedFilter,
    limit: i64,
) -> Result<Option<i64>> {
    let SealedColumn { source, id, .. } = column;
    let condition = filter.condition(column, "$3");
    let sql = format!(
        "SELECT MAX(page.id) FROM (SELECT DISTINCT {id} AS id FROM {source} \
         WHERE {id} > $1{condition} ORDER BY 1 LIMIT $2) page"
    );
    session.one(&sql, &filter.values(&[after.into(), limit.into()]), |row| row.at(0))
}

impl SealedFilter {
    fn condition(self, column: &SealedColumn, parameter: &str) -> String {
        match self {
            Self::All => String::new(),
            Self::NotUnder(_) => format!(" AND substr(s.{}, 2, 8) <> {parameter}", column.column),
        }
    }

    fn values<'a>(&'a self, first: &[Value<'a>]) -> Vec<Value<'a>> {
        let mut values = first.to_vec();
        if let Self::NotUnder(key) = self {
            values.push(Value::Bytes(key.as_bytes()));
        }
        values
    }
}

/// A value was sealed under a root key that is no longer the active one; sealed again it will do.
#[derive(Debug, thiserror::Error)]
#[error("the root key was replaced while the change was on its way")]
struct KeyReplaced;

/// Whether a change failed for that reason only: with the new root key it will do.
pub(crate) fn is_key_replaced(error: &Error) -> bool {
    matches!(error, Error::Unavailable(source) if source.is::<KeyReplaced>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Columns of bytes that hold nothing sealed: identities, hashes and public keys.
    const NOT_SEALED: [&str; 7] =
        ["guid", "hash", "public_key", "certificate", "key_id", "canary", "edge"];

    /// Every column of bytes of a fresh store.
    async fn columns_of_bytes() -> BTreeSet<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strongroom.db");
        crate::store::prepare(&crate::store::Location::Sqlite(path.clone())).await.unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND c.type = 'BLOB'";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(|row| row.unwrap()).collect()
    }

    #[tokio::test]
    async fn every_sealed_column_is_listed() {
        let listed = |table: &str, column: &str| {
            SEALED_COLUMNS.iter().any(|one| one.table == table && one.column == column)
        };
        let columns = columns_of_bytes().await;
        assert!(columns.len() > 20, "{columns:?}");
        for (table, column) in &columns {
            assert!(
                listed(table, column) || NOT_SEALED.contains(&column.as_str()),
                "{table}.{column}: if it is sealed it belongs into SEALED_COLUMNS, else into NOT_SEALED"
            );
        }
        for SealedColumn { table, column, .. } in &SEALED_COLUMNS {
            let is_there = columns.contains(&((*table).to_owned(), (*column).to_owned()));
            assert!(is_there, "{table}.{column} is no column of bytes");
        }
    }
}
