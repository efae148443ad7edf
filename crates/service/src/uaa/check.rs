//! What others are told about a token that was shown to them.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use strongroom_core::{Error, Result};
use strongroom_seal::digest::sha256;

use super::scope::{self, Powers};
use crate::Strongroom;
use crate::actor::Actor;

impl Strongroom {
    /// The claims of an access token of the platform that counts at this moment, its scopes cut to what is left of
    /// its user's rights; none for anything else.
    pub async fn uaa_claims(&self, token: &SecretString) -> Result<Option<Map<String, Value>>> {
        let text = token.expose_secret();
        let Some(mut claims) = self.own_claims(text).await? else { return Ok(None) };
        let hash = sha256(text.as_bytes());
        let found = self
            .read(move |tx| {
                let Some(token) = tx.token_by_hash(&hash)? else { return Ok(None) };
                let user = tx.users_by_id(&[token.user_id])?.into_iter().next();
                let Some(user) = user.filter(|user| user.enabled) else { return Ok(None) };
                let standing = tx.standing_of_user(user.identity.id)?;
                let powers = Powers {
                    administers: standing.is_superuser,
                    audits: standing.is_system_auditor,
                };
                Ok(Some((token, powers)))
            })
            .await?;
        let Some((token, powers)) = found.filter(|(token, _)| self.now() < token.expires) else {
            return Ok(None);
        };
        let left = scope::granted(powers, &[], Some(&token.scope)).unwrap_or_default();
        let left: Vec<&str> = left.split_ascii_whitespace().collect();
        for name in ["scope", "authorities"] {
            if let Some(claim) = claims.get_mut(name) {
                *claim = json!(left);
            }
        }
        Ok(Some(claims))
    }

    /// Nothing when the caller, a client or the holder of a token, may ask about tokens; else `Forbidden`.
    pub async fn require_uaa_resource(&self, actor: &Actor) -> Result<()> {
        let user_id = actor.user_id().ok_or(Error::Unauthenticated)?;
        let token_id = actor.token_id();
        let scope = self
            .read(move |tx| {
                Ok(match token_id {
                    Some(id) => tx.token(id)?.map(|token| token.scope),
                    None => tx.uaa_client_of(user_id)?.map(|client| client.scope),
                })
            })
            .await?;
        let may = scope.is_some_and(|scope| scope::holds(&scope, scope::RESOURCE));
        if may { Ok(()) } else { Err(Error::forbidden()) }
    }
}
