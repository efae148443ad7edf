//! One open transaction on either database, seen as statements and rows.
//!
//! Every method blocks until the database has answered. On PostgreSQL that is why a session lives on a
//! thread of the blocking pool.

use std::time::Duration;

use rusqlite::ErrorCode;
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::row::{Row, Value};
use super::sqlite::Deadline;
use strongroom_core::{Error, Result};

/// A connection inside a transaction.
#[derive(Clone, Copy)]
pub(crate) enum Session<'c> {
    /// SQLite, on the calling thread; a connection that only reads can be told when to end.
    Sqlite(&'c rusqlite::Connection, Option<&'c Deadline>),
    /// PostgreSQL, waiting on the runtime.
    Postgres(&'c deadpool_postgres::Object, &'c Handle),
}

impl Session<'_> {
    /// Every row of a query, read one by one.
    pub(crate) fn rows<T>(
        self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(connection, _) => {
                let mut statement = connection.prepare_cached(sql).map_err(sqlite_error)?;
                bind(&mut statement, values)?;
                let mut rows = statement.raw_query();
                let mut found = Vec::new();
                while let Some(row) = rows.next().map_err(sqlite_error)? {
                    found.push(read(&Row::Sqlite(row))?);
                }
                Ok(found)
            }
            Self::Postgres(client, runtime) => {
                let rows = runtime.block_on(async {
                    let statement = client.prepare_cached(sql).await?;
                    client.query(&statement, &parameters(values)).await
                });
                rows.map_err(postgres_error)?.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// The only row of a query, if there is one.
    pub(crate) fn row<T>(
        self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, values, read)?.into_iter().next())
    }

    /// The row of a query that always has one, such as a count or `RETURNING`.
    pub(crate) fn one<T>(
        self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.row(sql, values, read)?.ok_or_else(|| Error::internal("a row was expected"))
    }

    /// Inserts one row and tells the id that it was given.
    pub(crate) fn insert(self, sql: &str, values: &[Value<'_>]) -> Result<i64> {
        match self {
            // RETURNING would have SQLite make a table for the answer, and keep every page as it was before.
            Self::Sqlite(connection, _) => {
                self.execute(sql, values)?;
                Ok(connection.last_insert_rowid())
            }
            Self::Postgres(..) => self.one(&format!("{sql} RETURNING id"), values, |row| row.at(0)),
        }
    }

    /// Inserts several rows and tells the ids that they were given, in the order of the rows.
    pub(crate) fn insert_all(self, sql: &str, values: &[Value<'_>]) -> Result<Vec<i64>> {
        match self {
            // Each row's id is the next number, for nobody else writes meanwhile.
            Self::Sqlite(connection, _) => {
                let rows = i64::try_from(self.execute(sql, values)?).map_err(Error::internal)?;
                let last = connection.last_insert_rowid();
                Ok((last + 1 - rows..=last).collect())
            }
            Self::Postgres(..) => {
                let mut ids: Vec<i64> =
                    self.rows(&format!("{sql} RETURNING id"), values, |row| row.at(0))?;
                ids.sort_unstable();
                Ok(ids)
            }
        }
    }

    /// A query whose rows are the ids in a text parameter, which holds them separated by commas.
    pub(crate) fn id_list(self, parameter: &str) -> String {
        match self {
            Self::Sqlite(..) => {
                format!("SELECT value FROM json_each('[' || {parameter} || ']')")
            }
            Self::Postgres(..) => format!(
                "SELECT CAST(id AS BIGINT) FROM unnest(string_to_array({parameter}, ',')) AS listed (id)"
            ),
        }
    }

    /// Runs statements each of which may take so long; `TooSlow` when one takes longer, and after that the
    /// transaction is good for nothing but its end.
    pub(super) fn within<T>(self, time: Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
        match self {
            Self::Sqlite(_, None) => work(),
            Self::Sqlite(_, Some(deadline)) => {
                deadline.set(time);
                let outcome = work();
                deadline.clear();
                outcome.map_err(|error| if is_interrupted(&error) { Error::TooSlow } else { error })
            }
            Self::Postgres(client, runtime) => {
                let limit = |time: &str| {
                    let statement = format!("SET LOCAL statement_timeout = {time}");
                    runtime.block_on(client.batch_execute(&statement)).map_err(postgres_error)
                };
                limit(&time.as_millis().max(1).to_string())?;
                let outcome = work();
                match outcome {
                    Err(error) if is_interrupted(&error) => Err(Error::TooSlow),
                    // In a transaction that failed nothing can be set, and nothing need be.
                    Err(error) => Err(error),
                    Ok(found) => limit(STATEMENT_TIMEOUT).map(|()| found),
                }
            }
        }
    }

    /// Runs a statement and tells how many rows it changed.
    pub(crate) fn execute(self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(connection, _) => {
                let mut statement = connection.prepare_cached(sql).map_err(sqlite_error)?;
                bind(&mut statement, values)?;
                let changed = statement.raw_execute().map_err(sqlite_error)?;
                u64::try_from(changed).map_err(Error::internal)
            }
            Self::Postgres(client, runtime) => runtime
                .block_on(async {
                    let statement = client.prepare_cached(sql).await?;
                    client.execute(&statement, &parameters(values)).await
                })
                .map_err(postgres_error),
        }
    }
}

/// `$1`, `$2`, ... are names to SQLite, which counts by where each stands first: mostly, not always, in order.
fn bind(statement: &mut rusqlite::CachedStatement<'_>, values: &[Value<'_>]) -> Result<()> {
    for (value, position) in values.iter().zip(1..) {
        let name = PARAMETERS.get(position - 1).map_or_else(
            || format!("${position}").into(),
            |name| std::borrow::Cow::Borrowed(*name),
        );
        let position = match statement.parameter_name(position) {
            Some(in_order) if in_order == name => Some(position),
            _ => statement.parameter_index(&name).map_err(sqlite_error)?,
        };
        let position =
            position.ok_or_else(|| Error::internal("a value has no place in its statement"))?;
        statement.raw_bind_parameter(position, value).map_err(sqlite_error)?;
    }
    Ok(())
}

fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

/// Whether a statement was ended because it took too long.
fn is_interrupted(error: &Error) -> bool {
    let Error::Unavailable(source) = error else { return false };
    if let Some(error) = source.downcast_ref::<rusqlite::Error>() {
        return error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted);
    }
    let error = source.downcast_ref::<tokio_postgres::Error>();
    error.and_then(tokio_postgres::Error::code) == Some(&SqlState::QUERY_CANCELED)
}

/// What an error of SQLite means to whoever asked.
pub(super) fn sqlite_error(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::StorageFull(Box::new(error)),
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory,
        ) => Error::Unavailable(Box::new(error)),
        _ => Error::internal(error),
    }
}

/// What an error of PostgreSQL means to whoever asked.
pub(super) fn postgres_error(error: tokio_postgres::Error) -> Error {
    let Some(state) = error.code() else {
        return Error::Unavailable(Box::new(error));
    };
    if *state == SqlState::DISK_FULL {
        return Error::StorageFull(Box::new(error));
    }
    let class = state.code().get(..2).unwrap_or_default();
    // 08 connection, 53 resources, 57 operator (shutdown, cancelled), 40 rolled back, 25006 read-only.
    if matches!(class, "08" | "53" | "57" | "40") || *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Error::Unavailable(Box::new(error));
    }
    Error::internal(error)
}

/// How long any other statement may take on PostgreSQL.
pub(super) const STATEMENT_TIMEOUT: &str = "'10s'";
const PARAMETERS: [&str; 24] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
    "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24",
];
