//! The store's own row, its settings and the revocation epoch.

use super::row::Value;
use super::session::Session;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;
use strongroom_core::{Error, Result};

/// What a store knows about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreIdentity {
    /// Its id, part of every sealed value.
    pub(crate) guid: Guid,
    /// A sealed text that the root key must open.
    pub(crate) canary: Vec<u8>,
    /// Issuer and audience of tokens, fixed at first start.
    pub(crate) issuer: String,
    /// When it was made.
    pub(crate) created: Timestamp,
}

pub(super) fn epoch(session: Session<'_>) -> Result<u64> {
    let sql = "SELECT epoch FROM revocation WHERE id = 1";
    let epoch = session.one(sql, &[], |row| row.at::<i64>(0))?;
    u64::try_from(epoch).map_err(Error::internal)
}

pub(super) fn identity(session: Session<'_>) -> Result<Option<StoreIdentity>> {
    let sql = "SELECT guid, canary, issuer, created FROM store WHERE id = 1";
    session.row(sql, &[], |row| {
        Ok(StoreIdentity {
            guid: row.at(0)?,
            canary: row.at(1)?,
            issuer: row.at(2)?,
            created: row.at(3)?,
        })
    })
}

impl ReadTx<'_> {
    /// The store's own row; absent before the first start has ended.
    pub(crate) fn store_identity(&self) -> Result<Option<StoreIdentity>> {
        identity(self.session())
    }
}

impl WriteTx<'_> {
    /// Writes the store's own row, once.
    pub(crate) fn insert_store_identity(&mut self, store: &StoreIdentity) -> Result<()> {
        self.session().execute(
            "INSERT INTO store (id, guid, canary, issuer, created) VALUES ($1, $2, $3, $4, $5)",
            &[
                Value::Int(1),
                (&store.guid).into(),
                store.canary.as_slice().into(),
                (&store.issuer).into(),
                store.created.into(),
            ],
        )?;
        Ok(())
    }
}
