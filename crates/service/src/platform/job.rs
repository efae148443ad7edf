//! Jobs: what a client asks after a deletion, which was done before its answer.

use strongroom_core::Result;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;

use crate::Strongroom;
use crate::actor::Actor;

/// A job, which is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub guid: Guid,
    /// What was done, such as `space.delete`.
    pub operation: String,
    /// When.
    pub created: Timestamp,
}

impl Strongroom {
    /// A job that the caller started.
    pub async fn read_job(&self, actor: &Actor, guid: Guid) -> Result<JobView> {
        let actor = actor.clone();
        self.read(move |tx| {
            let job = tx.job(&actor, &guid)?;
            Ok(JobView { guid, operation: job.operation, created: job.created })
        })
        .await
    }
}
