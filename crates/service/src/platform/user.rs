//! Users as the platform lists them.

use strongroom_core::Result;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::User;

use super::page::page;
use super::query::PlatformQuery;
use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::store::ReadTx;
use crate::view::Page;

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
}
