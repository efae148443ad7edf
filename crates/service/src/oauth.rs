//! The token endpoint of the AWX dialect: an application gets a token for somebody whose password it was told, the
//! next one for what came with it, and gives tokens back.

use secrecy::{ExposeSecret, SecretString};
use strongroom_core::Error;
use strongroom_core::access::Door;
use strongroom_core::audit::Origin;
use strongroom_core::draft::Member;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Application, ClientType, GrantType, Token, TokenKind, User};
use strongroom_seal::{digest, token};

use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{Audited, CodeRow};
use crate::token::{Issue, TokenDraft};

/// What an application is given, or why it is given nothing.
type Granted<T> = Result<T, OauthFault>;

/// An application that has proved itself.
#[derive(Debug)]
pub struct OauthClient(Application);

/// What an application is given. The tokens are shown this once.
#[derive(Debug)]
pub struct OauthTokens {
    /// What is presented.
    pub access_token: SecretString,
    /// What buys the next one.
    pub refresh_token: SecretString,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// `read`, `write` or both, separated by a space.
    pub scope: String,
}

/// What an application asks of the person who uses it.
#[derive(Debug, Clone)]
pub struct OauthOffer {
    application: Application,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What it may do: `read`, `write` or both.
    pub scope: String,
}

impl OauthOffer {
    /// What people call the application.
    pub fn application_name(&self) -> &str {
        &self.application.name
    }

    /// Whether the person is not asked.
    pub const fn needs_no_consent(&self) -> bool {
        self.application.skip_authorization
    }
}

/// Why an application is given nothing.
#[derive(Debug)]
pub enum OauthFault {
    /// It does not prove itself.
    Client,
    /// It gets its tokens another way.
    NotThisGrant,
    /// The password or what it presents is not right.
    Grant,
    /// What it presents has ended.
    RefreshEnded,
    /// The scope is not one, or more than it had.
    Scope,
    /// It names another place for the answer than it said it would.
    Redirect,
    /// Something else.
    Other(Error),
}

impl From<Error> for OauthFault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Strongroom {
    /// The application that calls itself so, when it presents the right secret; a public one has none.
    pub async fn oauth_client(
        &self,
        client_id: &str,
        secret: Option<SecretString>,
        origin: &Origin,
    ) -> Granted<OauthClient> {
        let wanted = client_id.to_owned();
        let is_sane = wanted.len() <= 100 && !wanted.contains('\0');
        let found = match is_sane {
            true => self.read(move |tx| tx.application_of_client(&wanted)).await?,
            false => None,
        };
        let proved = match found {
            Some((application, _)) if application.client_type == ClientType::Public => {
                Some(application)
            }
            Some((application, Some(sealed))) => {
                let kept = self.open_client_secret(&application.identity.guid, sealed)?;
                let given = secret.as_ref().map(|secret| secret.expose_secret().as_bytes());
                let is_right = given
                    .is_some_and(|given| digest::equal(given, kept.expose_secret().as_bytes()));
                is_right.then_some(application)
            }
            _ => None,
        };
        let Some(application) = proved else {
            self.0.gate.failures.count(origin, "", "unknown client or wrong secret", self.now());
            return Err(OauthFault::Client);
        };
        Ok(OauthClient(application))
    }

    /// A token for somebody whose name and password the application was told.
    pub async fn oauth_password_grant(
        &self,
        client: &OauthClient,
        username: &str,
        password: SecretString,
        scope: Option<String>,
        origin: Origin,
    ) -> Granted<OauthTokens> {
        if client.0.grant_type != GrantType::Password {
            return Err(OauthFault::NotThisGrant);
        }
        let scope = known_scope(scope.as_deref().unwrap_or(EVERYTHING))?;
        let actor = match self.log_in(Door::AwxOauth, username, password, origin).await {
            Err(Error::Unauthenticated) => return Err(OauthFault::Grant),
            other => other?,
        };
        self.issue_to_client(&actor, client, scope, None).await
    }

    /// What an application asks of the person who uses it. It is told only where it said it would be.
    pub async fn oauth_offer(
        &self,
        client_id: &str,
        redirect_uri: Option<&str>,
        scope: Option<&str>,
    ) -> Granted<OauthOffer> {
        let wanted = client_id.to_owned();
        let found = match wanted.contains('\0') {
            true => None,
            false => self.read(move |tx| tx.application_of_client(&wanted)).await?,
        };
        let (application, _) = found.ok_or(OauthFault::Client)?;
        if application.grant_type != GrantType::AuthorizationCode {
            return Err(OauthFault::NotThisGrant);
        }
        let known: Vec<&str> = application.redirect_uris.split_whitespace().collect();
        let redirect_uri = match (redirect_uri, known.as_slice()) {
            (Some(given), known) if known.contains(&given) => given.to_owned(),
            (None, [only]) => (*only).to_owned(),
            _ => return Err(OauthFault::Redirect),
        };
        let scope = known_scope(scope.unwrap_or(EVERYTHING))?;
        Ok(OauthOffer { application, redirect_uri, scope })
    }

    /// A code for an application whose user agreed. It is good for ten minutes, once, and with the proof that fits
    /// the challenge.
    pub async fn oauth_code(
        &self,
        actor: &Actor,
        offer: &OauthOffer,
        challenge: Option<String>,
    ) -> Granted<SecretString> {
        let drawn = token::Token::generate_plain().map_err(Error::internal)?;
        let hash = drawn.hash;
        let user_id = actor.user_id().ok_or(Error::Unauthenticated)?;
        let (offer, expires) = (offer.clone(), self.now().plus_seconds(CODE_SECONDS));
        self.write(actor, move |tx| {
            let code = CodeRow {
                application_id: offer.application.identity.id,
                user_id,
                redirect_uri: offer.redirect_uri.clone(),
                scope: offer.scope.clone(),
                challenge: challenge.clone(),
                expires,
            };
            tx.insert_code(&hash, &code)?;
            Ok(Audited::unchanged(()))
        })
        .await?;
        Ok(drawn.text)
    }

    /// A token for a code. `proofs` are what the client's verifier amounts to, one for each kind of challenge.
    pub async fn oauth_code_grant(
        &self,
        client: &OauthClient,
        code: &SecretString,
        redirect_uri: Option<String>,
        proofs: Vec<String>,
        origin: Origin,
    ) -> Granted<OauthTokens> {
        if client.0.grant_type != GrantType::AuthorizationCode {
            return Err(OauthFault::NotThisGrant);
        }
        let Some(hash) = token::hash_plain(code.expose_secret()) else {
            return Err(OauthFault::Grant);
        };
        let take = move |tx: &mut crate::store::WriteTx<'_>| {
            let Some(code) = tx.take_code(&hash)? else { return Ok(Audited::unchanged(None)) };
            let user = tx.users_by_id(&[code.user_id])?.into_iter().next();
            Ok(Audited::unchanged(user.filter(|user| user.enabled).map(|user| (code, user))))
        };
        let taken: Option<(CodeRow, User)> = self.0.store.write(take).await.outcome?;
        let (code, user) = taken.ok_or(OauthFault::Grant)?;
        let fits = code.application_id == client.0.identity.id
            && self.now() < code.expires
            && redirect_uri.is_none_or(|given| given == code.redirect_uri)
            && code.challenge.as_ref().is_none_or(|wanted| proofs.contains(wanted));
        if !fits {
            return Err(OauthFault::Grant);
        }
        let actor = acting(&user, origin);
        self.issue_to_client(&actor, client, code.scope, None).await
    }

    /// The next token for what came with the last one, which ends.
    pub async fn oauth_refresh(
        &self,
        client: &OauthClient,
        refresh: &SecretString,
        scope: Option<String>,
        origin: Origin,
    ) -> Granted<OauthTokens> {
        let Some(hash) = token::hash_plain(refresh.expose_secret()) else {
            return Err(OauthFault::Grant);
        };
        let found: Option<(Token, User, bool)> = self
            .read(move |tx| {
                let Some(row) = tx.refresh_by_hash(&hash)? else { return Ok(None) };
                let Some(token) = tx.token(row.token_id)? else { return Ok(None) };
                let user = tx.users_by_id(&[token.user_id])?.into_iter().next();
                let has_ended = row.expires <= tx.now();
                Ok(user.filter(|user| user.enabled).map(|user| (token, user, has_ended)))
            })
            .await?;
        let own = found.filter(|(token, ..)| token.application_id == Some(client.0.identity.id));
        let Some((token, user, has_ended)) = own else { return Err(OauthFault::Grant) };
        if has_ended {
            return Err(OauthFault::RefreshEnded);
        }
        let scope = known_scope(scope.as_deref().unwrap_or(&token.scope))?;
        let had: Vec<&str> = token.scope.split(' ').collect();
        if !scope.split(' ').all(|word| had.contains(&word)) {
            return Err(OauthFault::Scope);
        }
        let actor = acting(&user, origin);
        match self.issue_to_client(&actor, client, scope, Some(token.id)).await {
            Err(OauthFault::Other(Error::Unauthenticated)) => Err(OauthFault::Grant),
            other => other,
        }
    }

    /// Ends a token that the application was given, whichever of the two texts it presents; one that is none is no
    /// fault.
    pub async fn oauth_revoke(
        &self,
        client: &OauthClient,
        presented: &SecretString,
        origin: Origin,
    ) -> Granted<()> {
        let Some(hash) = token::hash_plain(presented.expose_secret()) else { return Ok(()) };
        let found = self
            .read(move |tx| {
                let token = match (tx.token_by_hash(&hash)?, tx.refresh_by_hash(&hash)?) {
                    (Some(token), _) => Some(token),
                    (None, Some(row)) => tx.token(row.token_id)?,
                    (None, None) => None,
                };
                let Some(token) = token else { return Ok(None) };
                let user = tx.users_by_id(&[token.user_id])?.into_iter().next();
                Ok(user.map(|user| (token, user)))
            })
            .await?;
        let own = found.filter(|(token, _)| token.application_id == Some(client.0.identity.id));
        let Some((token, user)) = own else { return Ok(()) };
        let actor = acting(&user, origin);
        match self.revoke_token(&actor, &Ref::Serial(token.id)).await {
            Ok(()) | Err(Error::NotFound(Kind::Token)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn issue_to_client(
        &self,
        actor: &Actor,
        client: &OauthClient,
        scope: String,
        instead_of: Option<i64>,
    ) -> Granted<OauthTokens> {
        let draft = TokenDraft {
            kind: TokenKind::Awx,
            name: Member::Absent,
            scope: Member::Given(scope),
            organization: Member::Absent,
            dialects: Member::Absent,
            expires: Member::Absent,
            application: Member::Absent,
            username: None,
        };
        let issue = Issue::ForClient { application_id: client.0.identity.id, instead_of };
        let issued = self.issue(actor, draft, issue).await?;
        let token = issued.view.token;
        let lasts = token.expires.as_micros().saturating_sub(token.created.as_micros());
        let refresh = issued.refresh.ok_or_else(|| Error::internal("a token without its next"))?;
        Ok(OauthTokens {
            access_token: issued.secret,
            refresh_token: refresh,
            expires_in: lasts / 1_000_000,
            scope: token.scope,
        })
    }
}

/// The person for whom an application acts.
fn acting(user: &User, origin: Origin) -> Actor {
    Actor::of(user, origin, Door::AwxOauth)
}

/// A scope of one or both words, each once.
fn known_scope(scope: &str) -> Granted<String> {
    let words: Vec<&str> = scope.split_whitespace().collect();
    let scope = words.join(" ");
    let known = ["read", "write", EVERYTHING, "write read"].contains(&scope.as_str());
    if known { Ok(scope) } else { Err(OauthFault::Scope) }
}

/// A code is good for so long, in seconds.
const CODE_SECONDS: i64 = 600;
/// What is meant when no scope is named.
const EVERYTHING: &str = "read write";
