//! The keys of the registries' token server: an authority, and signers that it certified.

use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::Result;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;

/// A key with its certificate, as stored.
#[derive(Debug, Clone)]
pub(crate) struct CertifiedKeyRow {
    /// The key's integer id; 0 before it is stored.
    pub(crate) id: i64,
    pub(crate) guid: Guid,
    /// X.509, as DER.
    pub(crate) certificate: Vec<u8>,
    pub(crate) sealed_key: Vec<u8>,
    /// When the certificate ends.
    pub(crate) expires: Timestamp,
}

impl ReadTx<'_> {
    /// The certified keys for a purpose, newest first.
    pub(crate) fn certified_keys(&self, purpose: &str) -> Result<Vec<CertifiedKeyRow>> {
        let sql = "SELECT id, guid, certificate, sealed_key, expires FROM signing_keys \
                   WHERE purpose = $1 AND certificate IS NOT NULL ORDER BY id DESC";
        self.session().rows(sql, &[purpose.into()], key)
    }
}

impl WriteTx<'_> {
    /// Keeps a key with its certificate, which stands for its public part too; its id. Nothing when another process
    /// was first, because one key of a purpose signs.
    pub(crate) fn insert_certified_key(
        &mut self,
        purpose: &str,
        key: &CertifiedKeyRow,
    ) -> Result<Option<i64>> {
        self.require_active_key(&key.sealed_key)?;
        let now = self.now();
        self.session().row(
            "INSERT INTO signing_keys (guid, purpose, public_key, sealed_key, created, certificate, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
            &[
                (&key.guid).into(),
                purpose.into(),
                key.certificate.as_slice().into(),
                key.sealed_key.as_slice().into(),
                now.into(),
                key.certificate.as_slice().into(),
                key.expires.into(),
            ],
            |row| row.at(0),
        )
    }

    /// Destroys the keys for a purpose.
    pub(crate) fn delete_certified_keys(&mut self, purpose: &str) -> Result<()> {
        let sql = "DELETE FROM signing_keys WHERE purpose = $1";
        self.session().execute(sql, &[purpose.into()])?;
        Ok(())
    }
}

fn key(row: &Row<'_>) -> Result<CertifiedKeyRow> {
    Ok(CertifiedKeyRow {
        id: row.at(0)?,
        guid: row.at(1)?,
        certificate: row.at(2)?,
        sealed_key: row.at(3)?,
        expires: row.at(4)?,
    })
}
