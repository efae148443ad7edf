//! The platform's tokens: who logged in gets a refresh token and signed access tokens, each with a row of its own.
//!
//! An access token is a JSON Web Token, so that clients can read it, but what counts is its row: a token whose
//! row is gone opens nothing, whatever its signature says.

mod check;
mod client;
mod jwt;
mod key;
mod refresh;
mod scope;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Rule;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Token, TokenKind, User};
use strongroom_core::{Error, Result};
use strongroom_seal::digest::sha256;
use strongroom_seal::token;

use crate::actor::Actor;
use crate::audit::{gone, made};
use crate::store::{Audited, NewToken, ReadTx, SigningKeyRow, WriteTx};
use crate::{Strongroom, draw_identity};

pub use client::{UaaClientDraft, UaaClientSecret, UaaClientView};
pub use key::{PublicKey, SigningKeyView};

pub(crate) use jwt::is_signed;
pub(crate) use key::Keys;
pub(crate) use refresh::is_reused;
pub(crate) use scope::{Powers, reads, writes};

/// What a login, a refresh or a client's request gives. The tokens are shown this once.
#[derive(Debug)]
pub struct UaaTokens {
    /// A signed token for the platform.
    pub access_token: SecretString,
    /// What buys further access tokens; a client has none, because its secret does so.
    pub refresh_token: Option<SecretString>,
    /// Seconds for which the access token can be counted on.
    pub expires_in: i64,
    /// What the access token is for: words separated by spaces.
    pub scope: String,
    /// The id of the access token.
    pub jti: Guid,
}

/// What the platform tells about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UaaUser {
    /// The user.
    pub guid: Guid,
    /// The user name.
    pub username: String,
    /// The e-mail address; the user name when there is none.
    pub email: String,
    /// Given name, may be empty.
    pub first_name: String,
    /// Family name, may be empty.
    pub last_name: String,
    /// When he logged in.
    pub since: Timestamp,
}

impl Strongroom {
    /// Issues a refresh and an access token to somebody who logged in with his password, and makes him known to
    /// the platform. `wanted` are the scopes he asks for; none means all that he has.
    ///
    /// `Invalid` when he has none of the scopes.
    pub async fn issue_uaa_tokens(&self, actor: &Actor, wanted: &[String]) -> Result<UaaTokens> {
        let user = self.uaa_caller(actor, None).await?;
        let granted = scope::granted(user.powers, wanted, None);
        let scope = granted.ok_or_else(|| Error::invalid("scope", Rule::TokenScope))?;
        let now = self.now();
        let drawn = token::Token::generate().map_err(Error::internal)?;
        let refresh = Identity::draw()?;
        let ends = now.plus_seconds(REFRESH_LIFE);
        let grant = Grant { kind: "password", client: None, scope: &scope, since: now, ends };
        let access = self.signed(&user.user, &grant, now).await?;
        let by = actor.clone();
        let (access_hash, refresh_hash) = (access.hash, drawn.hash);
        let (jti, expires, scope) = (access.identity, access.expires, scope);
        let row_scope = scope.clone();
        self.write(actor, move |tx| {
            let user_id = user.user.identity.id;
            let new = |identity: Identity, kind, hash, parent_id, expires| NewToken {
                guid: identity.guid,
                short_id: identity.short_id,
                kind,
                user_id,
                organization_id: None,
                parent_id,
                hash,
                name: CLIENT,
                scope: &row_scope,
                dialects: &[],
                expires,
                application_id: None,
            };
            let parent =
                tx.insert_token(&new(refresh, TokenKind::UaaRefresh, &refresh_hash, None, ends))?;
            tx.insert_refresh_token(&refresh_hash, parent)?;
            let access = new(jti, TokenKind::UaaAccess, &access_hash, Some(parent), expires);
            let access = tx.insert_token(&access)?;
            tx.note_login(user_id, tx.now())?;
            tx.make_known(&by, user_id)?;
            let entries = vec![issued(tx, &by, parent)?, issued(tx, &by, access)?];
            Ok(Audited::with_all((), entries))
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

    /// Ends a login by the id of any of its tokens: the refresh token and every access token that it bought.
    pub async fn revoke_uaa_token(&self, actor: &Actor, jti: Guid) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let (permit, token) = tx.token_by_ref(&by, &Ref::Guid(jti))?;
            if !matches!(token.kind, TokenKind::UaaAccess | TokenKind::UaaRefresh) {
                return Err(Error::NotFound(Kind::Token));
            }
            let whole = tx.parent_of_token(permit.id())?.unwrap_or(permit.id());
            tx.delete_token(whole)?;
            let mut entry = by.entry(tx.now(), Operation::Delete, touched(&token));
            entry.changes =
                members(&token).into_iter().map(|(member, value)| gone(member, value)).collect();
            Ok(Audited::new((), entry))
        })
        .await
    }

    /// Who the caller is, for a token with the scope `openid`.
    pub async fn uaa_user(&self, actor: &Actor) -> Result<UaaUser> {
        let token_id = actor.token_id().ok_or(Error::Unauthenticated)?;
        let found = self.uaa_caller(actor, Some(token_id)).await?;
        let token = found.token.ok_or(Error::Unauthenticated)?;
        if !scope::holds(&token.scope, scope::OPENID) {
            return Err(Error::forbidden());
        }
        let user = found.user;
        Ok(UaaUser {
            guid: user.identity.guid,
            email: email_of(&user),
            username: user.username,
            first_name: user.first_name,
            last_name: user.last_name,
            since: token.created,
        })
    }

    /// Forgets tokens, jobs and retired keys that ended some time ago. Called now and then.
    pub(crate) async fn forget_ended(&self) -> Result<()> {
        let tokens_before = self.now().plus_seconds(-KEPT_AFTER_END);
        // By then every token that a retired key signed has been over for a while.
        let keys_before = tokens_before.plus_seconds(-ACCESS_LIFE);
        let jobs_before = self.now().plus_seconds(-JOB_LIFE);
        let (tokens, jobs, keys) = self
            .read(move |tx| {
                let is_over = |row: &SigningKeyRow| row.retired.is_some_and(|at| at < keys_before);
                Ok((
                    tx.ended_tokens(tokens_before, FORGOTTEN_AT_ONCE)?,
                    tx.has_jobs_before(jobs_before)?,
                    tx.signing_keys(key::PURPOSE)?.iter().any(is_over),
                ))
            })
            .await?;
        if tokens.is_empty() && !jobs && !keys {
            return Ok(());
        }
        let change = move |tx: &mut WriteTx<'_>| {
            tx.forget_tokens(&tokens)?;
            tx.delete_jobs_before(jobs_before)?;
            tx.delete_signing_keys_retired_before(key::PURPOSE, keys_before)?;
            Ok(Audited::unchanged(()))
        };
        self.0.store.write(change).await.outcome
    }

    async fn uaa_caller(&self, actor: &Actor, token_id: Option<i64>) -> Result<UaaCaller> {
        let user_id = actor.user_id().ok_or(Error::Unauthenticated)?;
        self.read(move |tx: &ReadTx<'_>| {
            let user = tx.users_by_id(&[user_id])?.into_iter().next();
            let user = user.filter(|user| user.enabled).ok_or(Error::Unauthenticated)?;
            let standing = tx.standing_of_user(user_id)?;
            let powers =
                Powers { administers: standing.is_superuser, audits: standing.is_system_auditor };
            let token = token_id.map(|id| tx.token(id)).transpose()?.flatten();
            Ok(UaaCaller { user, powers, token })
        })
        .await
    }

    /// A signed access token for a user or client, without its row.
    async fn signed(&self, user: &User, grant: &Grant<'_>, now: Timestamp) -> Result<Signed> {
        let identity = Identity::draw()?;
        let expires = now.plus_seconds(ACCESS_LIFE).min(grant.ends);
        let user_id = user.identity.guid.to_string();
        let subject = grant.client.unwrap_or(&user_id);
        let client = grant.client.unwrap_or(CLIENT);
        let second = |at: Timestamp| at.as_micros().div_euclid(1_000_000);
        let scopes: Vec<&str> = grant.scope.split(' ').collect();
        let mut claims = json!({
            "jti": identity.guid.to_string(),
            "sub": subject,
            "scope": scopes,
            "client_id": client,
            "cid": client,
            "azp": client,
            "grant_type": grant.kind,
            "rev_sig": revocation_signature(subject),
            "iat": second(now),
            "exp": second(expires),
            "iss": self.uaa_issuer(),
            "zid": "uaa",
            "aud": [client, jwt::AUDIENCE, self.issuer()],
            "revocable": true,
        });
        let more = match grant.client {
            // A client is nobody: clients of the platform take a token with a user's name for a person's.
            Some(_) => json!({"authorities": scopes}),
            None => json!({
                "user_id": user_id,
                "origin": "uaa",
                "user_name": user.username,
                "email": email_of(user),
                "auth_time": second(grant.since),
            }),
        };
        if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
            claims.extend(more);
        }
        let text = self.sign_claims(&claims).await?;
        let hash = sha256(text.expose_secret().as_bytes());
        Ok(Signed { identity, text, hash, expires })
    }

    /// What signs: fixed at the first start, whatever name a client used.
    pub fn uaa_issuer(&self) -> String {
        format!("{}/uaa/oauth/token", self.issuer().trim_end_matches('/'))
    }
}

/// Who asks for tokens, and the token he came with.
struct UaaCaller {
    user: User,
    powers: Powers,
    token: Option<Token>,
}

/// What an access token is issued for.
struct Grant<'a> {
    kind: &'static str,
    /// The client that asks for itself; none when a person asks through the public client.
    client: Option<&'a str>,
    scope: &'a str,
    /// When the user logged in.
    since: Timestamp,
    /// When the login ends.
    ends: Timestamp,
}

struct Signed {
    identity: Identity,
    text: SecretString,
    hash: [u8; 32],
    expires: Timestamp,
}

#[derive(Clone, Copy)]
struct Identity {
    guid: Guid,
    short_id: ShortId,
}

impl Identity {
    fn draw() -> Result<Self> {
        let (guid, short_id) = draw_identity()?;
        Ok(Self { guid, short_id })
    }
}

fn issued(tx: &ReadTx<'_>, actor: &Actor, id: i64) -> Result<Entry> {
    let token = tx.token(id)?.ok_or(Error::NotFound(Kind::Token))?;
    let mut entry = actor.entry(tx.now(), Operation::Create, touched(&token));
    let told = members(&token);
    entry.changes = told.into_iter().map(|(member, value)| made(member, value)).collect();
    Ok(entry)
}

fn touched(token: &Token) -> Touched {
    Touched { kind: Kind::Token, id: token.id, name: token.name.clone() }
}

fn members(token: &Token) -> Vec<(&'static str, Value)> {
    vec![
        ("user", json!(token.user_id)),
        ("scope", json!(token.scope)),
        ("kind", json!(token.kind.word())),
    ]
}

fn email_of(user: &User) -> String {
    if user.email.is_empty() { user.username.clone() } else { user.email.clone() }
}

/// A short text that clients expect to be there; what revokes a token here is its row.
fn revocation_signature(subject: &str) -> String {
    let digest = sha256(subject.as_bytes());
    let [a, b, c, d, ..] = digest;
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

/// Whole seconds, one less than there are, so that a client never counts on too many.
fn expires_in(now: Timestamp, expires: Timestamp) -> i64 {
    ((expires.as_micros() - now.as_micros()) / 1_000_000 - 1).max(0)
}

/// The one client, which is public.
const CLIENT: &str = "cf";
/// Seconds.
const ACCESS_LIFE: i64 = 600;
const REFRESH_LIFE: i64 = 30 * 86_400;
/// How long a token's row stays after its end, in seconds.
const KEPT_AFTER_END: i64 = 3_600;
/// How long a job can be asked for, in seconds.
const JOB_LIFE: i64 = 86_400;
const FORGOTTEN_AT_ONCE: i64 = 500;
