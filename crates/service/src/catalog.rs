//! What the Application Catalog asks of a key besides its registries.

use strongroom_core::Result;
use strongroom_core::draft::Member;
use strongroom_core::record::{Organization, TokenKind, User};
use strongroom_core::{Error, id::Kind};

use crate::Strongroom;
use crate::actor::Actor;
use crate::store::proof;
use crate::token::{IssuedToken, TokenDraft};

/// What a key of the Catalog stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogAccount {
    /// The organization that it is bound to.
    pub organization: Organization,
    /// Whose it is.
    pub user: User,
}

impl Strongroom {
    /// Exchanges the API token with which the actor came for an access token that lives 30 minutes, and never
    /// longer than the API token.
    pub async fn exchange_catalog_token(&self, actor: &Actor) -> Result<IssuedToken> {
        let draft = TokenDraft {
            kind: TokenKind::CatalogAccess,
            name: Member::Absent,
            scope: Member::Absent,
            organization: Member::Absent,
            dialects: Member::Absent,
            expires: Member::Given(self.now().plus_seconds(ACCESS_SECONDS)),
            username: None,
            application: Member::Absent,
        };
        self.issue_token(actor, draft).await
    }

    /// What the caller's key stands for; `Forbidden` when he has no role in its organization any more.
    pub async fn catalog_account(&self, actor: &Actor) -> Result<CatalogAccount> {
        let actor = actor.clone();
        self.read(move |tx| {
            let (_, organization) =
                tx.own_registry_organization::<proof::ReadRegistries>(&actor)?;
            let ids: Vec<i64> = actor.user_id().into_iter().collect();
            let user = tx.users_by_id(&ids)?.into_iter().next();
            Ok(CatalogAccount { organization, user: user.ok_or(Error::NotFound(Kind::User))? })
        })
        .await
    }
}

/// How many seconds an access token lives.
const ACCESS_SECONDS: i64 = 1800;
