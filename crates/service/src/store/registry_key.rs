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
    pub(crate) created: Timestamp,
    /// When the certificate ends.
    pub(crate) expires: Timestamp,
    /// Since when it does not sign, if it does not: never before it did, or no more.
    pub(crate) retired: Option<Timestamp>,
}

impl ReadTx<'_> {
    /// The certified keys for a purpose, newest first.
    pub(crate) fn certified_keys(&self, purpose: &str) -> Result<Vec<CertifiedKeyRow>> {
        let sql = "SELECT id, guid, certificate, sealed_key, created, expires, retired FROM signing_keys \
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
        self.session().row(
            "INSERT INTO signing_keys (guid, purpose, public_key, sealed_key, created, certificate, expires, retired) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id",
            &[
                (&key.guid).into(),
                purpose.into(),
                key.certificate.as_slice().into(),
                key.sealed_key.as_slice().into(),
                key.created.into(),
                key.certificate.as_slice().into(),
                key.expires.into(),
                key.retired.into(),
            ],
            |row| row.at(0),
        )
    }

    /// The key signs from now on; whichever of its purpose did so before was retired first.
    pub(crate) fn activate_certified_key(&mut self, id: i64) -> Result<()> {
        let sql = "UPDATE signing_keys SET retired = NULL WHERE id = $1";
        self.session().execute(sql, &[id.into()])?;
        Ok(())
    }

    /// Destroys one key.
    pub(crate) fn delete_certified_key(&mut self, id: i64) -> Result<()> {
        self.session().execute("DELETE FROM signing_keys WHERE id = $1", &[id.into()])?;
        Ok(())
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
        created: row.at(4)?,
        expires: row.at(5)?,
        retired: row.at(6)?,
    })
}
