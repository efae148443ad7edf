//! Looking a store over: the database's own structure, the chain of the audit log, and that every secret that a
//! version names is there. Whether sealed values open is a walk of its own ([`Strongroom::verify_batch`]).

use strongroom_core::Result;

use crate::Strongroom;
use crate::actor::Actor;
use crate::store::ReadTx;

/// What was found; nothing in it is a sound store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// What the embedded database says of its own pages and indexes. PostgreSQL has tools of its own for that.
    pub structure: Vec<String>,
    /// The first position of the audit log at which the chain does not hold.
    pub audit: Option<i64>,
    /// Rows that name what is not there, or that nothing names.
    pub rows: Vec<String>,
}

impl Strongroom {
    /// Looks the store over, all but its sealed values. For the host only.
    pub async fn look_over(&self, actor: &Actor) -> Result<FsckReport> {
        actor.require_host()?;
        let structure = self.0.store.structure().await?;
        let rows = self.read(loose_ends).await?;
        // A broken database may not let the log be read at all, which its structure has told.
        let audit = match self.first_broken_audit_link().await {
            Err(_) if !structure.is_empty() => None,
            found => found?,
        };
        Ok(FsckReport { structure, audit, rows })
    }
}

fn loose_ends(tx: &ReadTx<'_>) -> Result<Vec<String>> {
    tx.loose_ends()
}
