//! Keys that sign tokens of other products: public parts as they are, private parts sealed.

use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::Result;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;

/// A signing key as stored.
#[derive(Debug, Clone)]
pub(crate) struct SigningKeyRow {
    pub(crate) guid: Guid,
    /// `SubjectPublicKeyInfo`.
    pub(crate) public_key: Vec<u8>,
    pub(crate) sealed_key: Vec<u8>,
    pub(crate) created: Timestamp,
    /// Since when it signs no more.
    pub(crate) retired: Option<Timestamp>,
}

impl ReadTx<'_> {
    /// The keys for a purpose, newest first.
    pub(crate) fn signing_keys(&self, purpose: &str) -> Result<Vec<SigningKeyRow>> {
        let sql = "SELECT guid, public_key, sealed_key, created, retired FROM signing_keys WHERE purpose = $1 \
                   ORDER BY id DESC";
        self.session().rows(sql, &[purpose.into()], key)
    }
}

impl WriteTx<'_> {
    /// The key of a purpose that signs now does so until then and no longer.
    pub(crate) fn retire_signing_keys(&mut self, purpose: &str, until: Timestamp) -> Result<()> {
        let sql = "UPDATE signing_keys SET retired = $1 WHERE purpose = $2 AND retired IS NULL";
        self.session().execute(sql, &[until.into(), purpose.into()])?;
        Ok(())
    }

    /// Deletes the keys for a purpose that were retired before that time.
    pub(crate) fn delete_signing_keys_retired_before(
        &mut self,
        purpose: &str,
        time: Timestamp,
    ) -> Result<()> {
        let sql = "DELETE FROM signing_keys WHERE purpose = $1 AND retired < $2";
        self.session().execute(sql, &[purpose.into(), time.into()])?;
        Ok(())
    }

    /// Adds the key that signs from now on, unless another one was there first: one key of a purpose signs.
    pub(crate) fn insert_signing_key(&mut self, purpose: &str, key: &SigningKeyRow) -> Result<()> {
        self.require_active_key(&key.sealed_key)?;
        self.session().execute(
            "INSERT INTO signing_keys (guid, purpose, public_key, sealed_key, created) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            &[
                (&key.guid).into(),
                purpose.into(),
                key.public_key.as_slice().into(),
                key.sealed_key.as_slice().into(),
                key.created.into(),
            ],
        )?;
        Ok(())
    }
}

fn key(row: &Row<'_>) -> Result<SigningKeyRow> {
    Ok(SigningKeyRow {
        guid: row.at(0)?,
        public_key: row.at(1)?,
        sealed_key: row.at(2)?,
        created: row.at(3)?,
        retired: row.at(4)?,
    })
}
