//! The account, its people and its teams, to be read.

use strongroom_core::id::{Kind, ShortId};
use strongroom_core::record::{Team, User};
use strongroom_core::{Error, Result};

use super::{Account, AccountPart, AccountPerson};
use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::store::ReadTx;
use crate::view::Page;

impl Strongroom {
    /// The account in which the actor acts.
    pub async fn read_account(&self, actor: &Actor) -> Result<Account> {
        let actor = actor.clone();
        self.read(move |tx| {
            let organization = tx.account_organization(&actor)?;
            Ok(Account { short_id: organization.identity.short_id, name: organization.name })
        })
        .await
    }

    /// The actor himself.
    pub async fn read_account_profile(&self, actor: &Actor) -> Result<AccountPerson> {
        let user_id = actor.user_id().ok_or(Error::Unauthenticated)?;
        self.read(move |tx| {
            let user = tx.users_by_id(&[user_id])?.into_iter().next();
            user.map(|user| AccountPerson::from(&user)).ok_or(Error::Unauthenticated)
        })
        .await
    }

    /// A page of the account's people.
    pub async fn list_account_people(
        &self,
        actor: &Actor,
        part: AccountPart,
    ) -> Result<Page<AccountPerson>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let page = people(tx, &actor, None, &part)?;
            let items = page.items.iter().map(AccountPerson::from).collect();
            Ok(Page { items, total: page.total })
        })
        .await
    }

    /// One of the account's people.
    pub async fn read_account_person(
        &self,
        actor: &Actor,
        short_id: ShortId,
    ) -> Result<AccountPerson> {
        let actor = actor.clone();
        self.read(move |tx| {
            let found = people(tx, &actor, Some(&short_id), &AccountPart::one())?;
            found.items.first().map(AccountPerson::from).ok_or(Error::NotFound(Kind::User))
        })
        .await
    }

    /// A page of the account's teams that the actor sees.
    pub async fn list_account_teams(&self, actor: &Actor, part: AccountPart) -> Result<Page<Team>> {
        let actor = actor.clone();
        self.read(move |tx| teams(tx, &actor, None, &part)).await
    }

    /// One of the account's teams that the actor sees.
    pub async fn read_account_team(&self, actor: &Actor, short_id: ShortId) -> Result<Team> {
        let actor = actor.clone();
        self.read(move |tx| {
            let found = teams(tx, &actor, Some(&short_id), &AccountPart::one())?;
            found.items.into_iter().next().ok_or(Error::NotFound(Kind::Team))
        })
        .await
    }
}

fn people(
    tx: &ReadTx<'_>,
    actor: &Actor,
    only: Option<&ShortId>,
    part: &AccountPart,
) -> Result<Page<User>> {
    let listed = tx.account_people(actor.account()?, only, part)?;
    let users = in_order(&listed.ids, tx.users_by_id(&listed.ids)?, |user| user.identity.id);
    Ok(Page { items: users, total: listed.total })
}

fn teams(
    tx: &ReadTx<'_>,
    actor: &Actor,
    only: Option<&ShortId>,
    part: &AccountPart,
) -> Result<Page<Team>> {
    let listed = tx.account_teams(actor, only, part)?;
    let teams = in_order(&listed.ids, tx.teams_by_id(&listed.ids)?, |team| team.identity.id);
    Ok(Page { items: teams, total: listed.total })
}
