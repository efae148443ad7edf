//! The token server of the container registries: a robot's login becomes a short token that opens what was both
//! asked for and allowed.
//!
//! Every request reads the robot anew, so removal and expiry hold from the next request on, on every process. A
//! registry checks the token alone and takes one up to a minute after its end.

mod authority;
pub(crate) mod key;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use strongroom_core::access::{DialectSet, Door, KeyKind};
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Touched, Who};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Rule;
use strongroom_core::hosted::is_service_name;
use strongroom_core::id::Kind;
use strongroom_core::registry_scope::{Granted, Scope, granted};
use strongroom_core::robot::Action;
use strongroom_core::{Error, Result};
use strongroom_seal::{random, token};

use crate::Strongroom;
use crate::authenticate::is_a_name;
use crate::store::{Audited, RobotLogin, WriteTx};

pub use authority::{AuthorityView, NamedKey};
pub use key::{SignerView, TokenKeyForm};

/// What a client of a registry asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryTokenDraft {
    /// The name of the registry's token service; the robot's own when absent.
    pub service: Option<String>,
    /// What the token should open.
    pub scopes: Vec<Scope>,
}

/// A token for a registry.
#[derive(Debug)]
pub struct RegistryToken {
    /// The signed text.
    pub text: SecretString,
    /// When it was issued, to the second.
    pub issued: Timestamp,
    /// How many seconds it lives.
    pub seconds: i64,
    /// What it opens.
    pub granted: Vec<Granted>,
}

impl Strongroom {
    /// A token for the registry of a robot. What is asked but not allowed is left out, never refused.
    ///
    /// `Unauthenticated` when the robot is unknown, removed or expired, its password is wrong, or the service is
    /// another registry's: nobody can tell which. `Invalid` for a service that no registry has.
    pub async fn issue_registry_token(
        &self,
        username: &str,
        password: &SecretString,
        draft: RegistryTokenDraft,
        origin: &Origin,
    ) -> Result<RegistryToken> {
        debug_assert!(KeyKind::Robot.opens(Door::RegistryToken, DialectSet::NONE));
        // A person's password has another shape, and is not hashed, let alone slowly.
        let given = token::hash_plain(password.expose_secret());
        // A name that no robot can have is looked for all the same, so that no answer is quicker than another.
        let name = if is_a_name(username) { username.to_owned() } else { String::new() };
        let service = draft.service.clone().filter(|service| is_service_name(service));
        let is_unreadable = service.is_none() && draft.service.is_some();
        let (found, is_known) = self
            .read(move |tx| {
                let found = tx.robot_login(&name)?;
                let is_known = match &service {
                    Some(service) => tx.registry_id_by_service(service)?.is_some(),
                    None => !is_unreadable,
                };
                Ok((found, is_known))
            })
            .await?;
        let now = self.now();
        let stored = found.as_ref().and_then(|login| login.hash.as_deref());
        let matches =
            token::is_same(stored.unwrap_or(&[0; 32]), given.as_ref().unwrap_or(&[1; 32]));
        let live = found.as_ref().filter(|login| matches && login.is_live(now));
        let Some(login) = live else {
            let claimed = if found.is_some() { username } else { "" };
            let reason = "wrong, ended or removed robot";
            self.0.gate.failures.count(origin, claimed, reason, now);
            return Err(Error::Unauthenticated);
        };
        if let Some(service) = draft.service {
            if !is_known {
                return Err(Error::invalid("service", Rule::UnknownObject { given: service }));
            }
            if service != login.service {
                let reason = "a robot of another registry";
                self.0.gate.failures.count(origin, username, reason, now);
                return Err(Error::Unauthenticated);
            }
        }
        let id = random::request_id().map_err(Error::internal)?;
        self.note_robot_login(login, &id, origin, now).await?;
        self.sign_registry_token(login, granted(&login.access, &draft.scopes), &id, now).await
    }

    async fn sign_registry_token(
        &self,
        login: &RobotLogin,
        granted: Vec<Granted>,
        id: &str,
        now: Timestamp,
    ) -> Result<RegistryToken> {
        let issued = seconds(now);
        // Never longer than the robot itself, and whole seconds only: registries take no fractions.
        let ends = (issued + TOKEN_SECONDS).min(seconds(login.expires));
        let claims = json!({
            "iss": self.issuer(),
            "sub": login.name,
            "aud": login.service,
            "exp": ends,
            "nbf": issued,
            "iat": issued,
            "jti": id,
            "access": granted.iter().map(claim).collect::<Vec<_>>(),
        });
        let key = self.registry_signer().await?;
        let mut text = format!("{}.{}", key.header, URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = key.sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(RegistryToken {
            text: SecretString::from(text),
            issued: Timestamp::from_micros(issued * 1_000_000),
            seconds: ends - issued,
            granted,
        })
    }

    /// The first login of a robot from a source in an hour is an audit entry, written before the answer leaves.
    /// The time of every login is kept, to the minute, by few writes.
    async fn note_robot_login(
        &self,
        login: &RobotLogin,
        token_id: &str,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<()> {
        let uses = &self.0.robot_uses;
        if !uses.is_first_in_an_hour(login.credential_id, &origin.source, now) {
            uses.note(login, now);
            return Ok(());
        }
        let entry = login_entry(login, token_id, origin, now);
        let credential_id = login.credential_id;
        let change = move |tx: &mut WriteTx<'_>| {
            tx.note_robot_use(credential_id, now)?;
            Ok(Audited::new((), entry.clone()))
        };
        let written = self.0.store.write(change).await.outcome;
        if written.is_err() {
            uses.forget(login.credential_id, &origin.source);
        }
        written
    }

    /// Writes when each robot last logged in, for those that did since the last call.
    pub(crate) async fn note_robot_uses(&self) -> Result<()> {
        let uses = self.0.robot_uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let change = move |tx: &mut WriteTx<'_>| {
            for (credential_id, at) in &uses {
                tx.note_robot_use(*credential_id, *at)?;
            }
            Ok(Audited::unchanged(()))
        };
        self.0.store.write(change).await.outcome
    }
}

/// When robots logged in: what is still to be written, and what was told of lately.
#[derive(Default)]
pub(crate) struct RobotUses {
    told: Mutex<HashMap<(i64, String), Timestamp>>,
    last: Mutex<HashMap<i64, Timestamp>>,
}

impl RobotUses {
    fn is_first_in_an_hour(&self, credential_id: i64, source: &str, now: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (credential_id, source.to_owned());
        if told.get(&key).is_some_and(|until| now < *until) {
            return false;
        }
        if REMEMBERED <= told.len() {
            told.retain(|_, until| now < *until);
        }
        if REMEMBERED <= told.len() {
            told.clear();
        }
        told.insert(key, now.plus_seconds(3600));
        true
    }

    /// What could not be written, so the next login is the first again.
    fn forget(&self, credential_id: i64, source: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(&(credential_id, source.to_owned()));
    }

    fn note(&self, login: &RobotLogin, now: Timestamp) {
        if login.last_used.is_some_and(|at| now < at.plus_seconds(60)) {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(login.credential_id, now);
    }

    fn take(&self) -> Vec<(i64, Timestamp)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.drain().collect()
    }
}

fn login_entry(login: &RobotLogin, token_id: &str, origin: &Origin, at: Timestamp) -> Entry {
    let object = |kind, id| Touched { kind, id, name: login.name.clone() };
    Entry {
        at,
        operation: Operation::LogIn,
        outcome: Outcome::Done,
        origin: origin.clone(),
        who: Who { id: None, name: login.name.clone(), token_id: None },
        objects: vec![
            object(Kind::Placement, login.placement_id),
            object(Kind::Credential, login.credential_id),
        ],
        organization_id: Some(login.organization_id),
        reason: format!("registry token {token_id}"),
        changes: Vec::new(),
        times: 1,
    }
}

/// What a token opens in one repository, as its claims spell it.
fn claim(granted: &Granted) -> Value {
    let actions: Vec<&str> = granted.actions.iter().map(|action: &Action| action.word()).collect();
    let mut claim = json!({"type": "repository", "name": granted.repository, "actions": actions});
    if let Some(class) = &granted.class {
        claim["class"] = json!(class);
    }
    claim
}

const fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

impl RobotLogin {
    /// Whether it opens its registry for at least a second more.
    fn is_live(&self, now: Timestamp) -> bool {
        !self.is_removed && seconds(now) < seconds(self.expires)
    }
}

/// How many seconds a token lives. After that registries still take it for a minute, so what a removed robot holds
/// may open its registry for 360 seconds.
pub const TOKEN_SECONDS: i64 = 300;
/// Robots and sources that are remembered at once.
const REMEMBERED: usize = 20_000;
