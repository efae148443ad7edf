//! API keys: tokens of one account that their maker names, sees and ends.

use secrecy::SecretString;
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::{Token, TokenKind};
use strongroom_core::{Error, Result};

use super::AccountPart;
use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::list::{Field, Filter, ListRequest, Order, Paging, Place, Test, TextTest};
use crate::store::{Condition, ListQuery, ReadTx};
use crate::token::TokenDraft;
use crate::view::Page;

/// An API key of the account.
#[derive(Debug)]
pub struct AccountKey {
    /// Its id.
    pub short_id: ShortId,
    /// Its name.
    pub name: String,
    /// What is presented; only when it was just made.
    pub secret: Option<SecretString>,
}

impl From<Token> for AccountKey {
    fn from(token: Token) -> Self {
        Self { short_id: token.short_id, name: token.name, secret: None }
    }
}

impl Strongroom {
    /// A page of the actor's own keys in the account, by name.
    pub async fn list_account_keys(
        &self,
        actor: &Actor,
        part: AccountPart,
    ) -> Result<Page<AccountKey>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = [
                Condition::OfTokenKind(TokenKind::Probely),
                Condition::OfUser(actor.user_id().unwrap_or_default()),
                Condition::OfOrganization(actor.account()?),
            ];
            let query = ListQuery {
                kind: Kind::Token,
                request: &request(&part),
                conditions: &conditions,
                default_order: &[Order {
                    descending: part.descending,
                    ..Order::by(Field::Description)
                }],
            };
            let listed = tx.list(&actor, &query)?;
            let tokens = in_order(&listed.ids, tx.tokens_by_id(&listed.ids)?, |token| token.id);
            let items = tokens.into_iter().map(AccountKey::from).collect();
            Ok(Page { items, total: listed.total })
        })
        .await
    }

    /// One of the actor's own keys in the account.
    pub async fn read_account_key(&self, actor: &Actor, key: &Ref) -> Result<AccountKey> {
        let (actor, key) = (actor.clone(), key.clone());
        self.read(move |tx| own(tx, &actor, &key).map(AccountKey::from)).await
    }

    /// Makes a key for the actor; a service account gets its keys from who made it.
    pub async fn create_account_key(
        &self,
        actor: &Actor,
        name: Member<String>,
    ) -> Result<AccountKey> {
        let name = match name {
            Member::Absent => Member::Bad(Rule::Required),
            given => given,
        };
        let draft = TokenDraft {
            kind: TokenKind::Probely,
            name,
            scope: Member::Absent,
            organization: Member::Absent,
            dialects: Member::Absent,
            expires: Member::Absent,
            username: None,
            application: Member::Absent,
        };
        let issued = self.issue_token(actor, draft).await?;
        let secret = Some(issued.secret);
        Ok(AccountKey { secret, ..AccountKey::from(issued.view.token) })
    }

    /// Ends one of the actor's own keys, from the next request on.
    pub async fn revoke_account_key(&self, actor: &Actor, key: &Ref) -> Result<()> {
        let (by, wanted) = (actor.clone(), key.clone());
        let found = self.read(move |tx| own(tx, &by, &wanted)).await?;
        self.revoke_token(actor, &Ref::Serial(found.id)).await
    }
}

fn own(tx: &ReadTx<'_>, actor: &Actor, key: &Ref) -> Result<Token> {
    let (_, token) = tx.token_by_ref(actor, key)?;
    let is_own = token.kind == TokenKind::Probely
        && Some(token.user_id) == actor.user_id()
        && token.organization_id == Some(actor.account()?);
    if is_own { Ok(token) } else { Err(Error::NotFound(Kind::Token)) }
}

fn request(part: &AccountPart) -> ListRequest {
    let search = TextTest { place: Place::Anywhere, case_blind: true, text: part.search.clone() };
    ListRequest {
        filters: vec![Filter::that(Field::Description, Test::Text(search))],
        order: Vec::new(),
        paging: Paging::Offset { limit: part.limit, offset: part.offset },
        count: true,
    }
}
