//! Whoever is asking, once it is known who that is.

use strongroom_core::access::people::TokenBounds;
use strongroom_core::access::{Dialect, Door};
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Touched, Who};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Refusal;
use strongroom_core::id::Guid;
use strongroom_core::record::{TokenKind, User};
use strongroom_core::{Error, Result};

use crate::store::Moment;
use crate::uaa::Powers;

/// A user or service account that has proved who it is, or the operator on the server's own host.
///
/// Only [`crate::Strongroom::authenticate`] and [`crate::Strongroom::on_host`] make one.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(crate) user_id: Option<i64>,
    pub(crate) user_guid: Option<Guid>,
    pub(crate) username: String,
    pub(crate) token: Option<PresentedToken>,
    /// The session that stands for his password.
    pub(crate) session: Option<PresentedSession>,
    pub(crate) origin: Origin,
    pub(crate) door: Door,
    /// What the store was like when he was let in, where that is known.
    pub(crate) let_in: Option<Moment>,
}

/// The token with which somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedToken {
    pub(crate) id: i64,
    pub(crate) kind: TokenKind,
    pub(crate) bounds: TokenBounds,
    /// Whether it may read at all.
    pub(crate) reads: bool,
    /// What it lets its user be beyond his roles.
    pub(crate) powers: Powers,
}

/// The session with which somebody came in. It bounds nothing: it stands for the password that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedSession {
    pub(crate) id: i64,
    pub(crate) expires: Timestamp,
}

impl Actor {
    /// A user who comes in through a door, with neither token nor session.
    pub(crate) fn of(user: &User, origin: Origin, door: Door) -> Self {
        Self {
            user_id: Some(user.identity.id),
            user_guid: Some(user.identity.guid),
            username: user.username.clone(),
            token: None,
            session: None,
            origin,
            door,
            let_in: None,
        }
    }

    /// The user's id; the operator on the host has none.
    pub const fn user_id(&self) -> Option<i64> {
        self.user_id
    }

    /// The user's guid; the operator on the host has none.
    pub const fn user_guid(&self) -> Option<Guid> {
        self.user_guid
    }

    /// The user's name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The token that was presented, if one was.
    pub fn token_id(&self) -> Option<i64> {
        self.token.map(|token| token.id)
    }

    /// Whether the key that was presented may read.
    pub fn may_read(&self) -> bool {
        self.token.is_none_or(|token| token.reads)
    }

    /// Whether the key that was presented may do more than read.
    pub fn may_write(&self) -> bool {
        self.token.is_none_or(|token| token.bounds.writes)
    }

    /// The one organization that the key is bound to, if it is.
    pub(crate) fn organization_id(&self) -> Option<i64> {
        self.token.and_then(|token| token.bounds.organization_id)
    }

    /// Nothing when the key may do more than read, else `Forbidden`.
    ///
    /// Every change asks; a dialect asks first where such a key is refused before the request is looked at.
    pub fn require_write(&self) -> Result<()> {
        if self.may_write() { Ok(()) } else { Err(Error::Forbidden(Refusal::ReadOnlyToken)) }
    }

    /// Nothing for whoever works on the server's own host, else `Forbidden`: what concerns the store as a whole and
    /// its files is done there.
    pub(crate) fn require_host(&self) -> Result<()> {
        if self.user_id.is_none() { Ok(()) } else { Err(Error::forbidden()) }
    }

    /// The account in which the actor acts: the one organization that his token is bound to.
    pub(crate) fn account(&self) -> Result<i64> {
        self.organization_id().ok_or(Error::Unauthenticated)
    }

    /// Where the request came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The door at which the key was accepted.
    pub const fn door(&self) -> Door {
        self.door
    }

    /// The dialect in which the actor acts.
    pub const fn dialect(&self) -> Dialect {
        self.door.dialect()
    }

    /// An audit entry of something that this actor did, without changes.
    pub(crate) fn entry(&self, at: Timestamp, operation: Operation, object: Touched) -> Entry {
        Entry {
            at,
            operation,
            outcome: Outcome::Done,
            origin: self.origin.clone(),
            who: self.who(),
            objects: vec![object],
            organization_id: None,
            reason: String::new(),
            changes: Vec::new(),
            times: 1,
        }
    }

    /// An audit entry of a change that a rule refused, whatever roles the actor holds.
    pub(crate) fn refusal(&self, at: Timestamp, refusal: Refusal) -> Entry {
        Entry {
            at,
            operation: Operation::Update,
            outcome: Outcome::Refused,
            origin: self.origin.clone(),
            who: self.who(),
            objects: Vec::new(),
            organization_id: None,
            reason: format!("refused by a rule: {refusal:?}"),
            changes: Vec::new(),
            times: 1,
        }
    }

    fn who(&self) -> Who {
        Who { id: self.user_id, name: self.username.clone(), token_id: self.token_id() }
    }
}
