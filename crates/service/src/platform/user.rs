//! Users as the platform lists them, and their end.

use strongroom_core::Result;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::User;

use super::job::JobStarted;
use super::page::page;
use super::query::PlatformQuery;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::store::{Audited, ReadTx};
use crate::view::Page;
use crate::{Strongroom, draw_identity, user};

impl Strongroom {
    /// A page of the users whom the caller may see.
    pub async fn list_platform_users(
        &self,
        actor: &Actor,
        query: PlatformQuery,
    ) -> Result<Page<User>> {
        let actor = actor.clone();
        self.read(move |tx: &ReadTx<'_>| {
            let load = |ids: &[i64]| Ok(in_order(ids, tx.users_by_id(ids)?, |row| row.identity.id));
            // Users have no labels of their own.
            let keep = |_: &User| query.labels.matches(&serde_json::Map::new());
            page(tx, &actor, Kind::User, &query, load, keep)
        })
        .await
    }

    /// One user.
    pub async fn read_platform_user(&self, actor: &Actor, reference: &Ref) -> Result<User> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| Ok(tx.user_to_read(&actor, &reference)?.1)).await
    }

    /// Deletes a user from every dialect, for system administrators only; tells the job that says so.
    pub async fn delete_platform_user(&self, actor: &Actor, reference: &Ref) -> Result<JobStarted> {
        let (by, reference) = (actor.clone(), reference.clone());
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            tx.user_to_read(&by, &reference)?;
            tx.administrator(&by, Kind::User)?;
            let entry = user::delete(tx, &by, &reference)?;
            tx.insert_job(&job, "user.delete", by.user_id(), &[])?;
            Ok(Audited::new(JobStarted { guid: job, uses: Vec::new() }, entry))
        })
        .await
    }
}
