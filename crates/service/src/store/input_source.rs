//! Input sources: which fields of credentials are fetched with other credentials.

use super::directory::{by_ref, identity, object, stamp};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use serde_json::Value as Json;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::InputSource;
use strongroom_core::{Error, Result};

/// An input source that has no row yet.
pub(crate) struct NewInputSource<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) description: &'a str,
    pub(crate) target_id: i64,
    pub(crate) source_id: i64,
    pub(crate) field: &'a str,
    pub(crate) metadata: &'a serde_json::Map<String, Json>,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    /// The row of an input source, for whoever has already decided that it may be seen.
    pub(super) fn input_source_row(&self, reference: &Ref) -> Result<InputSource> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {SOURCE} FROM credential_input_sources WHERE {column} = $1");
        self.session().row(&sql, &[value], source)?.ok_or(Error::NotFound(Kind::InputSource))
    }

    /// The input sources of these ids.
    pub(crate) fn input_sources_by_id(&self, ids: &[i64]) -> Result<Vec<InputSource>> {
        self.by_ids(SOURCE, "credential_input_sources", ids, source)
    }

    /// The input sources that fetch fields of a credential, by field.
    pub(crate) fn input_sources_of(&self, target_id: i64) -> Result<Vec<InputSource>> {
        let sql = format!(
            "SELECT {SOURCE} FROM credential_input_sources WHERE target_credential_id = $1 \
             ORDER BY input_field_name"
        );
        self.session().rows(&sql, &[target_id.into()], source)
    }

    /// The id of the input source of a field.
    pub(crate) fn input_source_of_field(&self, target_id: i64, field: &str) -> Result<Option<i64>> {
        let sql = "SELECT id FROM credential_input_sources WHERE target_credential_id = $1 \
                   AND input_field_name = $2";
        self.session().row(sql, &[target_id.into(), field.into()], |row| row.at(0))
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_input_source(&mut self, new: &NewInputSource<'_>) -> Result<i64> {
        let now = self.now();
        let metadata = Json::from(new.metadata.clone()).to_string();
        self.session().insert(
            "INSERT INTO credential_input_sources (guid, short_id, description, target_credential_id, \
             source_credential_id, input_field_name, metadata, created, modified, created_by, modified_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.description.into(),
                new.target_id.into(),
                new.source_id.into(),
                new.field.into(),
                (&metadata).into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_input_source_row(&mut self, changed: &InputSource) -> Result<()> {
        let metadata = Json::from(changed.metadata.clone()).to_string();
        self.session().execute(
            "UPDATE credential_input_sources SET description = $2, target_credential_id = $3, \
             source_credential_id = $4, input_field_name = $5, metadata = $6, modified = $7, modified_by = $8 \
             WHERE id = $1",
            &[
                changed.identity.id.into(),
                (&changed.description).into(),
                changed.target_id.into(),
                changed.source_id.into(),
                (&changed.field).into(),
                (&metadata).into(),
                changed.stamp.modified.into(),
                changed.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn delete_input_source_row(&mut self, id: i64) -> Result<()> {
        self.delete_uses_by(Kind::InputSource, id)?;
        let sql = "DELETE FROM credential_input_sources WHERE id = $1";
        self.session().execute(sql, &[id.into()])?;
        Ok(())
    }

    /// Deletes the input sources on either side of a credential that goes.
    pub(super) fn delete_input_sources_around(&mut self, credential_id: i64) -> Result<()> {
        let sql = "SELECT id FROM credential_input_sources \
                   WHERE target_credential_id = $1 OR source_credential_id = $1";
        let ids = self.session().rows(sql, &[credential_id.into()], |row| row.at::<i64>(0))?;
        ids.into_iter().try_for_each(|id| self.delete_input_source_row(id))
    }
}

fn source(row: &Row<'_>) -> Result<InputSource> {
    Ok(InputSource {
        identity: identity(row, 0)?,
        description: row.at(3)?,
        target_id: row.at(4)?,
        source_id: row.at(5)?,
        field: row.at(6)?,
        metadata: object(row, 7)?,
        stamp: stamp(row, 8)?,
    })
}

const SOURCE: &str = "id, guid, short_id, description, target_credential_id, source_credential_id, \
    input_field_name, metadata, created, modified, created_by, modified_by";
