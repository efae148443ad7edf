//! Jobs: what a client asks after a deletion, which was done before its answer.

use strongroom_core::Result;
use strongroom_core::clock::Timestamp;
use strongroom_core::error::UseCount;
use strongroom_core::id::Guid;

use crate::Strongroom;
use crate::actor::Actor;
use crate::store::JobRow;

/// A job, which is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub guid: Guid,
    /// What was done, such as `space.delete`.
    pub operation: String,
    /// When.
    pub created: Timestamp,
    /// The uses of credentials that went with it, counted by kind.
    pub uses: Vec<UseCount>,
}

/// What a deletion tells that is answered for with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStarted {
    /// The job.
    pub guid: Guid,
    /// The uses of credentials that went, counted by kind.
    pub uses: Vec<UseCount>,
}

impl Strongroom {
    /// A job that the caller started.
    pub async fn read_job(&self, actor: &Actor, guid: Guid) -> Result<JobView> {
        let actor = actor.clone();
        self.read(move |tx| {
            let job = tx.job(&actor, &guid)?;
            let JobRow { operation, created, uses, .. } = job;
            Ok(JobView { guid, operation, created, uses })
        })
        .await
    }
}
