//! Where credentials are used.

use super::directory::identity;
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::Result;
use strongroom_core::error::UseCount;
use strongroom_core::id::{Guid, ShortId};
use strongroom_core::record::Reference;

impl ReadTx<'_> {
    /// Every registered use of a credential, in the order of registration.
    pub(crate) fn references_to(&self, credential_id: i64) -> Result<Vec<Reference>> {
        let sql =
            format!("SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 ORDER BY id");
        self.session().rows(&sql, &[credential_id.into()], reference)
    }

    /// One use.
    pub(crate) fn reference(&self, credential_id: i64, id: i64) -> Result<Option<Reference>> {
        let sql = format!("SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 AND id = $2");
        self.session().row(&sql, &[credential_id.into(), id.into()], reference)
    }

    /// How many uses of each kind.
    pub(crate) fn use_counts(&self, credential_id: i64) -> Result<Vec<UseCount>> {
        let sql = "SELECT kind, COUNT(*) FROM credential_references WHERE credential_id = $1 \
                   GROUP BY kind ORDER BY kind";
        self.session().rows(sql, &[credential_id.into()], |row| {
            Ok(UseCount { kind: row.at(0)?, count: row.at::<i64>(1)?.unsigned_abs() })
        })
    }
}

impl WriteTx<'_> {
    /// Registers a use; the same one again is found, not made. Tells whether it is new.
    pub(crate) fn insert_reference(
        &mut self,
        guid: &Guid,
        short_id: &ShortId,
        new: &Reference,
    ) -> Result<(Reference, bool)> {
        let found = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 AND consumer = $2 \
             AND kind = $3 AND name = $4 AND key = $5"
        );
        let (consumer, kind, name, key) = (&new.consumer, &new.kind, &new.name, &new.key);
        let values = [new.credential_id.into(), consumer.into(), kind.into(), name.into(), key.into()];
        if let Some(existing) = self.session().row(&found, &values, reference)? {
            return Ok((existing, false));
        }
        let now = self.now();
        let made = self.session().one(
            &format!(
                "INSERT INTO credential_references (guid, short_id, credential_id, consumer, kind, name, key, \
                 made_by, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {REFERENCE}"
            ),
            &[
                guid.into(),
                short_id.into(),
                new.credential_id.into(),
                consumer.into(),
                kind.into(),
                name.into(),
                key.into(),
                new.made_by.into(),
                now.into(),
            ],
            reference,
        )?;
        Ok((made, true))
    }

    pub(crate) fn delete_reference(&mut self, id: i64) -> Result<()> {
        self.session().execute("DELETE FROM credential_references WHERE id = $1", &[id.into()])?;
        Ok(())
    }
}

fn reference(row: &Row<'_>) -> Result<Reference> {
    Ok(Reference {
        identity: identity(row, 0)?,
        credential_id: row.at(3)?,
        consumer: row.at(4)?,
        kind: row.at(5)?,
        name: row.at(6)?,
        key: row.at(7)?,
        made_by: row.at(8)?,
        created: row.at(9)?,
    })
}

const REFERENCE: &str =
    "id, guid, short_id, credential_id, consumer, kind, name, key, made_by, created";
