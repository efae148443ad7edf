//! What goes into a statement and what comes out, the same for both databases.

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, Type};

use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, ShortId};
use strongroom_core::{Error, Result};

/// A value bound to a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// No value.
    Null,
    /// A `BIGINT`.
    Int(i64),
    /// A `BOOLEAN`.
    Bool(bool),
    /// A `TEXT`.
    Text(&'a str),
    /// A `BLOB` or `BYTEA`.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_micros())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Guid> for Value<'a> {
    fn from(value: &'a Guid) -> Self {
        Self::Bytes(value.as_bytes())
    }
}

impl<'a> From<&'a ShortId> for Value<'a> {
    fn from(value: &'a ShortId) -> Self {
        Self::Text(value.as_str())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl tokio_postgres::types::ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Bool(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
        }
    }

    /// Every parameter has one of five column types, so a mismatch is a bug that the suite shows.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let fits = match self {
            Self::Null => true,
            Self::Int(_) => *kind == Type::INT8,
            Self::Bool(_) => *kind == Type::BOOL,
            Self::Text(_) => *kind == Type::TEXT,
            Self::Bytes(_) => *kind == Type::BYTEA,
        };
        if fits {
            return tokio_postgres::types::ToSql::to_sql(self, kind, out);
        }
        Err(Box::new(tokio_postgres::types::WrongType::new::<Self>(kind.clone())))
    }
}

/// One row of an answer.
pub(crate) enum Row<'a> {
    /// From SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// From PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column of the given type, counted from 0.
    pub(crate) fn at<T: Column>(&self, index: usize) -> Result<T> {
        T::read(self, index)
    }

    /// The text of a column, counted from 0, where it lies.
    pub(crate) fn text(&self, index: usize) -> Result<&str> {
        match self {
            Self::Sqlite(row) => {
                let text = row.get_ref(index).map_err(Error::internal)?.as_str();
                text.map_err(Error::internal)
            }
            Self::Postgres(row) => row.try_get(index).map_err(Error::internal),
        }
    }

    /// The bytes of a column, counted from 0, where they lie; none where the column is null.
    fn bytes(&self, index: usize) -> Result<Option<&[u8]>> {
        match self {
            Self::Sqlite(row) => {
                let bytes = row.get_ref(index).map_err(Error::internal)?.as_blob_or_null();
                bytes.map_err(Error::internal)
            }
            Self::Postgres(row) => row.try_get(index).map_err(Error::internal),
        }
    }

    fn cell<T>(&self, index: usize) -> Result<T>
    where
        T: rusqlite::types::FromSql + for<'b> tokio_postgres::types::FromSql<'b>,
    {
        match self {
            Self::Sqlite(row) => row.get(index).map_err(Error::internal),
            Self::Postgres(row) => row.try_get(index).map_err(Error::internal),
        }
    }
}

/// A type that a column can be read as.
pub(crate) trait Column: Sized {
    /// Reads it; a value of another type is an internal error.
    fn read(row: &Row<'_>, index: usize) -> Result<Self>;
}

impl Column for i64 {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for bool {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for String {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for Vec<u8> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for Option<Vec<u8>> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for Option<i64> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for Option<String> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.cell(index)
    }
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        Ok(Self::from_micros(row.cell(index)?))
    }
}

impl Column for Option<Timestamp> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        Ok(row.cell::<Option<i64>>(index)?.map(Timestamp::from_micros))
    }
}

impl Column for Guid {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        let guid: Option<Self> = row.at(index)?;
        guid.ok_or_else(|| Error::internal("a guid was expected"))
    }
}

impl Column for Option<Guid> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        let read = |bytes: &[u8]| uuid::Uuid::from_slice(bytes).map(Guid::new);
        row.bytes(index)?.map(read).transpose().map_err(Error::internal)
    }
}

impl Column for ShortId {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        row.text(index)?.parse().map_err(Error::internal)
    }
}

impl Column for serde_json::Value {
    fn read(row: &Row<'_>, index: usize) -> Result<Self> {
        serde_json::from_str(row.text(index)?).map_err(Error::internal)
    }
}
