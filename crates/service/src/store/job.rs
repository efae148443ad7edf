//! Jobs: work that was done before its answer, so that a client can ask what came of it.

use super::tx::{ReadTx, WriteTx};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::UseCount;
use strongroom_core::id::Guid;
use strongroom_core::{Error, Result};

/// A job, which is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobRow {
    pub(crate) operation: String,
    pub(crate) user_id: Option<i64>,
    pub(crate) created: Timestamp,
    /// The uses of credentials that went with it.
    pub(crate) uses: Vec<UseCount>,
}

impl ReadTx<'_> {
    /// The job of that id.
    pub(crate) fn job_row(&self, guid: &Guid) -> Result<Option<JobRow>> {
        let sql = "SELECT operation, user_id, created, uses FROM jobs WHERE guid = $1";
        self.session().row(sql, &[guid.into()], |row| {
            let uses: String = row.at(3)?;
            let uses: Vec<(String, u64)> = serde_json::from_str(&uses).map_err(Error::internal)?;
            Ok(JobRow {
                operation: row.at(0)?,
                user_id: row.at(1)?,
                created: row.at(2)?,
                uses: uses.into_iter().map(|(kind, count)| UseCount { kind, count }).collect(),
            })
        })
    }

    /// Whether there is a job from before that time.
    pub(crate) fn has_jobs_before(&self, time: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM jobs WHERE created < $1";
        Ok(0 < self.session().one(sql, &[time.into()], |row| row.at::<i64>(0))?)
    }
}

impl WriteTx<'_> {
    /// Notes work as done.
    pub(crate) fn insert_job(
        &mut self,
        guid: &Guid,
        operation: &str,
        by: Option<i64>,
        uses: &[UseCount],
    ) -> Result<()> {
        let now = self.now();
        let uses: Vec<(&str, u64)> =
            uses.iter().map(|one| (one.kind.as_str(), one.count)).collect();
        let uses = serde_json::to_string(&uses).map_err(Error::internal)?;
        self.session().execute(
            "INSERT INTO jobs (guid, operation, user_id, created, uses) VALUES ($1, $2, $3, $4, $5)",
            &[guid.into(), operation.into(), by.into(), now.into(), (&uses).into()],
        )?;
        Ok(())
    }

    /// Forgets the jobs from before that time.
    pub(crate) fn delete_jobs_before(&mut self, time: Timestamp) -> Result<()> {
        self.session().execute("DELETE FROM jobs WHERE created < $1", &[time.into()])?;
        Ok(())
    }
}
