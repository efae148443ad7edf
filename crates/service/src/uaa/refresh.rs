//! Refresh tokens: each buys access once, and the next refresh token with it. One that comes back after it was used
//! up is in two hands, and nobody can tell whose they are: the login ends.

use secrecy::{ExposeSecret, SecretString};
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Who};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Rule;
use strongroom_core::record::TokenKind;
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use super::{CLIENT, Grant, UaaTokens, expires_in, issued, scope, touched};
use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{Audited, NewToken, RefreshRow, WriteTx};

impl Strongroom {
    /// Issues another access and another refresh token to somebody who came with his refresh token.
    ///
    /// `Invalid` when nothing is left of his scopes; `Unauthenticated` when the token was used up meanwhile.
    pub async fn refresh_uaa_token(
        &self,
        actor: &Actor,
        presented: &SecretString,
        wanted: &[String],
    ) -> Result<UaaTokens> {
        let login_id = actor.token_id().ok_or(Error::Unauthenticated)?;
        let old = token::hash_of(presented.expose_secret()).ok_or(Error::Unauthenticated)?;
        let user = self.uaa_caller(actor, Some(login_id)).await?;
        let login = user.token.ok_or(Error::Unauthenticated)?;
        let granted = scope::granted(user.powers, wanted, Some(&login.scope));
        let scope = granted.ok_or_else(|| Error::invalid("scope", Rule::TokenScope))?;
        let drawn = token::Token::generate().map_err(Error::internal)?;
        let now = self.now();
        let grant = Grant {
            kind: "refresh_token",
            client: None,
            scope: &scope,
            since: login.created,
            ends: login.expires,
        };
        let access = self.signed(&user.user, &grant, now).await?;
        let by = actor.clone();
        let (jti, expires, hash, row_scope) =
            (access.identity, access.expires, access.hash, scope.clone());
        let next = drawn.hash;
        self.write(actor, move |tx| {
            let row = tx.refresh_token(&old)?.filter(|row| row.token_id == login_id);
            let usable = row.is_some_and(|row| !is_reused(&row, tx.now()));
            if !usable || tx.token(login_id)?.is_none() {
                return Err(Error::Unauthenticated);
            }
            tx.spend_refresh_token(&old)?;
            tx.insert_refresh_token(&next, login_id)?;
            let id = tx.insert_token(&NewToken {
                guid: jti.guid,
                short_id: jti.short_id,
                kind: TokenKind::UaaAccess,
                user_id: login.user_id,
                organization_id: None,
                parent_id: Some(login_id),
                hash: &hash,
                name: CLIENT,
                scope: &row_scope,
                dialects: &[],
                expires,
                application_id: None,
            })?;
            Ok(Audited::new((), issued(tx, &by, id)?))
        })
        .await?;
        Ok(UaaTokens {
            access_token: access.text,
            refresh_token: Some(drawn.text),
            expires_in: expires_in(now, expires),
            scope,
            jti: jti.guid,
        })
    }

    /// Ends a login one of whose refresh tokens came back after it was used up.
    pub(crate) async fn end_reused_login(&self, login_id: i64, origin: &Origin) -> Result<()> {
        let origin = origin.clone();
        let change = move |tx: &mut WriteTx<'_>| {
            // Another process may have ended it already.
            let Some(login) = tx.token(login_id)? else { return Ok(Audited::unchanged(())) };
            let user = tx.users_by_id(&[login.user_id])?.into_iter().next();
            tx.delete_token(login_id)?;
            let entry = Entry {
                at: tx.now(),
                operation: Operation::Delete,
                outcome: Outcome::Done,
                origin: origin.clone(),
                who: Who {
                    id: Some(login.user_id),
                    name: user.map(|user| user.username).unwrap_or_default(),
                    token_id: Some(login_id),
                },
                objects: vec![touched(&login)],
                organization_id: None,
                reason: "a refresh token that was used up came back".to_owned(),
                changes: Vec::new(),
                times: 1,
            };
            Ok(Audited::new((), entry))
        };
        self.0.store.write(change).await.outcome
    }
}

/// Whether whoever brings a refresh token again is not the client that used it up: that was some time ago, or its
/// successor was used up as well.
///
/// Several runs of one command line share a login and can refresh at the same moment.
pub(crate) fn is_reused(row: &RefreshRow, now: Timestamp) -> bool {
    row.spent.is_some_and(|spent| row.succeeded || spent.plus_seconds(GRACE) < now)
}

/// Seconds.
const GRACE: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_reused_once_the_grace_is_over() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let row = |spent| RefreshRow { token_id: 1, spent, succeeded: false };
        assert!(!is_reused(&row(None), at(1_000_000)));
        assert!(!is_reused(&row(Some(at(100))), at(100 + GRACE)));
        assert!(is_reused(&row(Some(at(100))), at(101 + GRACE)));
        assert!(is_reused(&RefreshRow { succeeded: true, ..row(Some(at(100))) }, at(101)));
    }
}
