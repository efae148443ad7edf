//! Who is asking: from what was presented at a door to an [`Actor`].
//!
//! Every request sees the account or token as the last commit left it, so a change of either holds from the next
//! request on, on every process. Beyond that only the slow part is remembered: that a password matched a certain stored
//! hash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use strongroom_core::access::people::{TokenBounds, is_let_in};
use strongroom_core::access::{Dialect, DialectSet, Door, KeyKind};
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Touched, Who};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Kind;
use strongroom_core::record::{Token, TokenKind, User};
use strongroom_core::text::fold;
use strongroom_core::{Error, Result};
use strongroom_seal::digest::sha256;
use strongroom_seal::mac::CacheKey;
use strongroom_seal::{password, token};
use tokio::sync::Semaphore;

use crate::Strongroom;
use crate::actor::{Actor, PresentedSession, PresentedToken};
use crate::failure::Failures;
use crate::store::{Audited, FOREVER, Lasting, Moment, ReadTx, Recent};
use crate::throttle::Throttle;
use crate::uaa::{self, Powers};

/// What a request carries to prove who is asking.
#[derive(Debug)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// A user name and password by HTTP Basic.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A token, whatever word the header has before it.
    Bearer(SecretString),
    /// A session of AWX, in its cookie.
    Session(SecretString),
    /// A refresh token of the platform, in the body of the request that it is for.
    Refresh(SecretString),
    /// The id and secret of a client of the platform's token endpoints.
    Client {
        /// What it calls itself.
        id: String,
        /// Its secret.
        secret: SecretString,
    },
}

impl Strongroom {
    /// Who is asking at this door.
    ///
    /// `Unauthenticated` for nothing, a wrong key, or a key that does not open the door, and nobody can tell
    /// which; `Throttled` when the account was guessed at too often; `Unavailable` when too many passwords
    /// are being checked at once.
    pub async fn authenticate(
        &self,
        door: Door,
        presented: Presented,
        origin: Origin,
    ) -> Result<Actor> {
        match presented {
            Presented::Nothing => Err(Error::Unauthenticated),
            Presented::Basic { username, password } => {
                self.by_password(door, KeyKind::BasicPassword, &username, password, origin).await
            }
            Presented::Bearer(text) => self.by_token(door, &text, origin).await,
            Presented::Session(text) => self.by_session(door, &text, origin).await,
            Presented::Refresh(text) => self.by_refresh_token(door, &text, origin).await,
            Presented::Client { id, secret } => self.by_client(door, id, &secret, origin).await,
        }
    }

    /// Who asks with a user name and password in the body of a door's login.
    ///
    /// The actor carries no token and is bound to no organization; the login gives him what he goes on with.
    /// Errors as of [`Self::authenticate`], from the same throttle.
    pub async fn log_in(
        &self,
        door: Door,
        username: &str,
        password: SecretString,
        origin: Origin,
    ) -> Result<Actor> {
        self.by_password(door, KeyKind::BodyPassword, username, password, origin).await
    }

    async fn by_password(
        &self,
        door: Door,
        key: KeyKind,
        username: &str,
        password: SecretString,
        origin: Origin,
    ) -> Result<Actor> {
        if !key.opens(door, DialectSet::NONE) {
            return Err(Error::Unauthenticated);
        }
        let account = fold(username);
        let now = self.now();
        let moment = self.0.store.moment();
        let found = match is_a_name(username) {
            true => self.account_named(username, moment).await?,
            false => None,
        };
        let found = found.filter(|holder| holder.0.enabled);
        let stored = found.as_ref().and_then(|holder| holder.1.clone());
        let gate = &self.0.gate;
        // Of one source: elsewhere whoever guesses right must pass the throttle like any other guess.
        let tag = stored.as_deref().map(|hash| {
            let given = password.expose_secret().as_bytes();
            gate.key.tag(&[hash.as_bytes(), given, origin.source.as_bytes()])
        });
        let remembered = tag.is_some_and(|tag| gate.is_verified(&tag, now));
        if !remembered {
            gate.throttle
                .take(&account, &origin.source, now)
                .map_err(|seconds| Error::Throttled { seconds })?;
            if !gate.verify(password, stored).await? {
                let claimed = if found.is_some() { username } else { "" };
                gate.failures.count(&origin, claimed, "wrong user name or password", now);
                return Err(Error::Unauthenticated);
            }
            gate.throttle.succeeded(&account, &origin.source, now);
            if let Some(tag) = tag {
                gate.remember(tag, now);
            }
        }
        let Some(holder) = found else {
            return Err(Error::Unauthenticated);
        };
        let user = &holder.0;
        if gate.is_first_in_an_hour(user.identity.id, &origin.source, now)
            && let Err(error) = self.record_login(user, &origin).await
        {
            gate.forget_login(user.identity.id, &origin.source);
            return Err(error);
        }
        Ok(Actor { let_in: moment, ..Actor::of(user, origin, door) })
    }

    /// The account of that name, from memory while nothing was committed since it was read.
    async fn account_named(
        &self,
        username: &str,
        moment: Option<Moment>,
    ) -> Result<Option<Arc<PasswordHolder>>> {
        let name = username.to_owned();
        let find = move |tx: &ReadTx<'_>| {
            let found = tx.user_by_name(&name)?;
            Ok(found.map(|holder| Lasting { value: Arc::new(holder), until: FOREVER }))
        };
        let accounts = &self.0.gate.accounts;
        let told = self.0.store.recall(accounts, moment, username.to_owned(), find).await;
        self.outcome(told)
    }

    async fn by_token(&self, door: Door, text: &SecretString, origin: Origin) -> Result<Actor> {
        let text = text.expose_secret();
        let is_platform = matches!(door, Door::CloudFoundry | Door::Uaa);
        let hash = if is_platform && uaa::is_signed(text) {
            self.own_claims(text).await?.map(|_| sha256(text.as_bytes()))
        } else {
            token::hash_of(text).or_else(|| token::hash_plain(text))
        };
        // A refresh token only buys access tokens, whatever door it is shown at, and a session is a cookie only.
        let Some(hash) = hash else {
            return Err(self.unknown_token(&origin));
        };
        let is_bearer = |kind| !matches!(kind, TokenKind::UaaRefresh | TokenKind::AwxSession);
        self.admit_holder(door, hash, origin, is_bearer).await
    }

    async fn by_session(&self, door: Door, text: &SecretString, origin: Origin) -> Result<Actor> {
        let Some(hash) = token::hash_plain(text.expose_secret()) else {
            return Err(self.unknown_token(&origin));
        };
        self.admit_holder(door, hash, origin, |kind| kind == TokenKind::AwxSession).await
    }

    /// Whoever brings a refresh token that was used up some time ago ends the login, whoever he is.
    async fn by_refresh_token(
        &self,
        door: Door,
        text: &SecretString,
        origin: Origin,
    ) -> Result<Actor> {
        let row = match token::hash_of(text.expose_secret()) {
            Some(hash) => self.read(move |tx| tx.refresh_token(&hash)).await?,
            None => None,
        };
        let Some(row) = row else { return Err(self.unknown_token(&origin)) };
        if uaa::is_reused(&row, self.now()) {
            self.end_reused_login(row.token_id, &origin).await?;
            return Err(self.unknown_token(&origin));
        }
        let found = self.read(move |tx| holder_of(tx, door, tx.token(row.token_id)?)).await?;
        self.admit(door, found.map(Arc::new), origin, |kind| kind == TokenKind::UaaRefresh)
    }

    /// A client's secret is random, so that nobody guesses it and it needs no slow hash.
    async fn by_client(
        &self,
        door: Door,
        id: String,
        secret: &SecretString,
        origin: Origin,
    ) -> Result<Actor> {
        let opens = KeyKind::UaaClient.opens(door, DialectSet::NONE);
        let hash = token::hash_of(secret.expose_secret()).filter(|_| opens);
        let found = match hash {
            Some(hash) => {
                let by_secret = move |tx: &ReadTx<'_>| {
                    let Some(client) = tx.uaa_client_by_hash(&hash)? else { return Ok(None) };
                    Ok(tx.users_by_id(&[client.user_id])?.into_iter().next())
                };
                self.read(by_secret).await?
            }
            None => None,
        };
        let Some(user) = found.filter(|user| user.enabled && user.username == id) else {
            let failures = &self.0.gate.failures;
            failures.count(&origin, "", "unknown client or wrong secret", self.now());
            return Err(Error::Unauthenticated);
        };
        Ok(Actor::of(&user, origin, door))
    }

    /// Lets the holder of the token with this hash in: he and it come from memory while nothing was committed since
    /// they were read.
    async fn admit_holder(
        &self,
        door: Door,
        hash: [u8; 32],
        origin: Origin,
        is_meant: impl Fn(TokenKind) -> bool,
    ) -> Result<Actor> {
        let find = move |tx: &ReadTx<'_>| {
            let found = holder_of(tx, door, tx.token_by_hash(&hash)?)?;
            let lasting = |holder: KeyHolder| {
                let until = holder.0.expires;
                Lasting { value: Arc::new(holder), until }
            };
            Ok(found.map(lasting))
        };
        let moment = self.0.store.moment();
        let told = self.0.store.recall(&self.0.gate.holders, moment, (door, hash), find).await;
        let actor = self.admit(door, self.outcome(told)?, origin, is_meant)?;
        Ok(Actor { let_in: moment, ..actor })
    }

    fn admit(
        &self,
        door: Door,
        found: Option<Arc<KeyHolder>>,
        origin: Origin,
        is_meant: impl Fn(TokenKind) -> bool,
    ) -> Result<Actor> {
        let now = self.now();
        let live = found.filter(|holder| {
            let (token, user) = &**holder;
            now < token.expires
                && user.enabled
                && is_meant(token.kind)
                && key_kind(token.kind).opens(door, listed(token))
        });
        let Some(holder) = live else {
            return Err(self.unknown_token(&origin));
        };
        let (token, user) = &*holder;
        self.0.gate.note_use(token, now);
        let is_session = token.kind == TokenKind::AwxSession;
        let session = PresentedSession { id: token.id, expires: token.expires };
        Ok(Actor {
            token: (!is_session).then(|| presented(token, door)),
            session: is_session.then_some(session),
            ..Actor::of(user, origin, door)
        })
    }

    fn unknown_token(&self, origin: &Origin) -> Error {
        self.0.gate.failures.count(origin, "", "unknown or expired token", self.now());
        Error::Unauthenticated
    }

    /// A login is the first use of a password from a source in an hour.
    async fn record_login(&self, user: &User, origin: &Origin) -> Result<()> {
        let (user, origin) = (user.clone(), origin.clone());
        let change = move |tx: &mut crate::store::WriteTx<'_>| {
            let at = tx.now();
            tx.note_login(user.identity.id, at)?;
            Ok(Audited::new((), login_entry(&user, &origin, at)))
        };
        self.0.store.write(change).await.outcome
    }

    /// Writes when each token was last used, for those used since the last call.
    pub(crate) async fn note_token_uses(&self) -> Result<()> {
        let uses = self.0.gate.take_uses();
        if uses.is_empty() {
            return Ok(());
        }
        let change = move |tx: &mut crate::store::WriteTx<'_>| {
            for (id, at) in &uses {
                tx.note_token_use(*id, *at)?;
            }
            Ok(Audited::unchanged(()))
        };
        self.0.store.write(change).await.outcome
    }
}

/// A token and its user.
type KeyHolder = (Token, User);
/// A user and the hash of his password, if he has one.
type PasswordHolder = (User, Option<String>);

/// A token's user with it, if he has a place behind the door.
fn holder_of(tx: &ReadTx<'_>, door: Door, token: Option<Token>) -> Result<Option<KeyHolder>> {
    let Some(token) = token else { return Ok(None) };
    let users = tx.users_by_id(&[token.user_id])?;
    let belongs = belongs_behind(tx, door, &token)?;
    Ok(users.into_iter().next().filter(|_| belongs).map(|user| (token, user)))
}

/// What stands between a stranger and an actor: the bounds on guessing and what was verified lately.
pub(crate) struct Gate {
    pub(crate) throttle: Throttle,
    pub(crate) failures: Failures,
    holders: Recent<(Door, [u8; 32]), Arc<KeyHolder>>,
    accounts: Recent<String, Arc<PasswordHolder>>,
    key: CacheKey,
    verified: Mutex<HashMap<[u8; 32], Timestamp>>,
    logins: Mutex<HashMap<(i64, String), Timestamp>>,
    uses: Mutex<HashMap<i64, Timestamp>>,
    hashing: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Result<Self> {
        let hashing = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            throttle: Throttle::default(),
            failures: Failures::default(),
            holders: Recent::new(READ_LATELY),
            accounts: Recent::new(READ_LATELY),
            key: CacheKey::generate().map_err(Error::internal)?,
            verified: Mutex::default(),
            logins: Mutex::default(),
            uses: Mutex::default(),
            hashing: Arc::new(Semaphore::new(hashing)),
            waiting: Semaphore::new(PASSWORDS_WAITING),
        })
    }

    /// Whether the password matches the stored hash; with none it takes as long and does not.
    async fn verify(&self, given: SecretString, stored: Option<String>) -> Result<bool> {
        self.hash_slowly(move || match stored {
            Some(stored) => password::verify(&given, &stored),
            None => {
                password::verify_nobody(&given);
                false
            }
        })
        .await
    }

    /// Runs one of a bounded number of password hashes; too many waiting is `Unavailable`.
    pub(crate) async fn hash_slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let unavailable = |_| Error::Unavailable("too many passwords are being checked".into());
        let _waiting = self.waiting.try_acquire().map_err(|_| {
            Error::Unavailable("too many passwords are waiting to be checked".into())
        })?;
        let running = Arc::clone(&self.hashing).acquire_owned().await.map_err(unavailable)?;
        tokio::task::spawn_blocking(move || {
            let value = work();
            drop(running);
            value
        })
        .await
        .map_err(Error::internal)
    }

    fn is_verified(&self, tag: &[u8; 32], now: Timestamp) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(tag).is_some_and(|until| now < *until)
    }

    fn remember(&self, tag: [u8; 32], now: Timestamp) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        bound(&mut verified, |until| *until <= now);
        verified.insert(tag, now.plus_seconds(VERIFIED_SECONDS));
    }

    fn is_first_in_an_hour(&self, user_id: i64, source: &str, now: Timestamp) -> bool {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (user_id, source.to_owned());
        if logins.get(&key).is_some_and(|until| now < *until) {
            return false;
        }
        bound(&mut logins, |until| *until <= now);
        logins.insert(key, now.plus_seconds(3600));
        true
    }

    /// The login could not be written, so the next one is the first again.
    fn forget_login(&self, user_id: i64, source: &str) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.remove(&(user_id, source.to_owned()));
    }

    fn note_use(&self, token: &Token, now: Timestamp) {
        let lately = |at: Timestamp| now < at.plus_seconds(60);
        if token.last_used.is_some_and(lately) {
            return;
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(token.id, now);
    }

    fn take_uses(&self) -> Vec<(i64, Timestamp)> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.drain().collect()
    }
}

/// Keeps a table of remembered things bounded: stale ones go, and when none is stale all do.
fn bound<K, V>(table: &mut HashMap<K, V>, stale: impl Fn(&V) -> bool) {
    if table.len() < REMEMBERED {
        return;
    }
    table.retain(|_, value| !stale(value));
    if REMEMBERED <= table.len() {
        table.clear();
    }
}

/// Whether a text can be looked for as a name of any account.
pub(crate) fn is_a_name(username: &str) -> bool {
    !username.is_empty() && username.len() <= 600 && !username.contains('\0')
}

fn login_entry(user: &User, origin: &Origin, at: Timestamp) -> Entry {
    let id = user.identity.id;
    Entry {
        at,
        operation: Operation::LogIn,
        outcome: Outcome::Done,
        origin: origin.clone(),
        who: Who { id: Some(id), name: user.username.clone(), token_id: None },
        objects: vec![Touched { kind: Kind::User, id, name: user.username.clone() }],
        organization_id: None,
        reason: "password".to_owned(),
        changes: Vec::new(),
        times: 1,
    }
}

/// Whether the holder of a token still belongs to the one organization that it leads into, where the door
/// leads into one.
fn belongs_behind(tx: &ReadTx<'_>, door: Door, token: &Token) -> Result<bool> {
    if door != Door::Probely {
        return Ok(true);
    }
    let Some(organization) = token.organization_id else { return Ok(false) };
    let standing = tx.standing_of_user(token.user_id)?;
    Ok(is_let_in(&standing, Dialect::Probely, organization))
}

const fn key_kind(kind: TokenKind) -> KeyKind {
    match kind {
        TokenKind::Awx => KeyKind::AwxToken,
        TokenKind::AwxSession => KeyKind::AwxSession,
        TokenKind::Native => KeyKind::NativeToken,
        TokenKind::Probely | TokenKind::ProbelyLogin => KeyKind::ProbelyKey,
        TokenKind::Catalog => KeyKind::CatalogApiToken,
        TokenKind::CatalogAccess => KeyKind::CatalogAccessToken,
        TokenKind::UaaAccess => KeyKind::UaaToken,
        TokenKind::UaaRefresh => KeyKind::UaaRefresh,
    }
}

fn listed(token: &Token) -> DialectSet {
    token.dialects.iter().copied().collect()
}

/// What a token lets its user do at a door.
fn presented(token: &Token, door: Door) -> PresentedToken {
    let (id, kind, mut bounds) = (token.id, token.kind, bounds_of(token));
    if !matches!(kind, TokenKind::UaaAccess | TokenKind::UaaRefresh) {
        return PresentedToken { id, kind, bounds, reads: true, powers: Powers::ALL };
    }
    // The scopes are about the platform; at the door where tokens are bought and ended they do not count.
    bounds.writes = door == Door::Uaa || uaa::writes(&token.scope);
    let reads = uaa::reads(&token.scope);
    PresentedToken { id, kind, bounds, reads, powers: Powers::of(&token.scope) }
}

/// What a stored token may do at the most.
pub(crate) fn bounds_of(token: &Token) -> TokenBounds {
    TokenBounds {
        dialects: listed(token),
        organization_id: token.organization_id,
        writes: token.scope.split(' ').any(|word| word == "write"),
        expires: token.expires,
    }
}

/// A right password is remembered for so long, as a keyed hash bound to the stored hash.
const VERIFIED_SECONDS: i64 = 600;
const REMEMBERED: usize = 20_000;
/// Tokens, and accounts with a password, that are kept as they were read.
const READ_LATELY: usize = 4_096;
/// Passwords that may wait to be checked; one more is refused.
const PASSWORDS_WAITING: usize = 64;
