//! Transactions as use-cases see them, and the proofs that they hand out.
//!
//! A [`Permit`] proves that one access check passed, for one object, in one transaction: its fields are
//! private to this folder, and its lifetime is the transaction's own, so it cannot be kept for another. Every
//! method that changes an object takes the permit it needs. A change leaves its transaction only as
//! [`Audited`], together with the entries that tell of it.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::audit;
use super::remembered::AtEpoch;
use super::session::Session;
use super::sqlite::Effect;
use crate::actor::Actor;
use strongroom_core::access::{Permission, Reason, Standing};
use strongroom_core::audit::{Entry, Outcome, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::Conflict;
use strongroom_core::{Error, Result};

/// A snapshot of the store.
pub(crate) struct ReadTx<'tx> {
    session: Session<'tx>,
    now: Timestamp,
    refused: RefCell<Vec<Entry>>,
    standing: RefCell<Option<Arc<Standing>>>,
    /// Absent in a change, which looks for itself.
    memory: Option<AtEpoch<'tx>>,
    /// How long each statement of a list may take; absent in a change, whose own time is limited.
    list_time: Option<Duration>,
    /// When what is looked through for a list outside of the database has taken too long.
    list_until: Cell<Option<Instant>>,
    brand: Brand<'tx>,
}

/// A change in progress.
pub(crate) struct WriteTx<'tx> {
    read: ReadTx<'tx>,
    revokes: Cell<bool>,
    relists: Cell<bool>,
}

/// Makes the lifetime invariant, so that no two transactions share one.
type Brand<'tx> = PhantomData<fn(&'tx ()) -> &'tx ()>;

impl<'tx> ReadTx<'tx> {
    pub(super) fn new(session: Session<'tx>, now: Timestamp, memory: Option<AtEpoch<'tx>>) -> Self {
        let (refused, standing) = (RefCell::default(), RefCell::default());
        Self {
            session,
            now,
            refused,
            standing,
            memory,
            list_time: None,
            list_until: Cell::new(None),
            brand: PhantomData,
        }
    }

    /// The same snapshot, whose lists take so long at most.
    pub(super) fn listing_within(self, time: Duration) -> Self {
        Self { list_time: Some(time), ..self }
    }

    /// Runs what lists by filters or in an order that nothing is kept for, for as long as it may: `TooSlow`.
    pub(super) fn in_list_time<T>(&self, list: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.list_time {
            Some(time) => {
                self.list_until.set(Instant::now().checked_add(time));
                self.session.within(time, list)
            }
            None => list(),
        }
    }

    /// `TooSlow` once a list has taken too long, for what is looked through outside of the database.
    pub(super) fn still_in_list_time(&self) -> Result<()> {
        match self.list_until.get() {
            Some(until) if until <= Instant::now() => Err(Error::TooSlow),
            _ => Ok(()),
        }
    }

    pub(super) fn into_refused(self) -> Vec<Entry> {
        self.refused.into_inner()
    }

    /// The transaction's statements.
    pub(super) const fn session(&self) -> Session<'tx> {
        self.session
    }

    /// What is remembered beyond the transaction; nothing in a change.
    pub(super) const fn memory(&self) -> Option<AtEpoch<'tx>> {
        self.memory
    }

    /// The time of the transaction.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the actor is and holds, as this transaction sees it.
    pub(crate) fn standing(&self, actor: &Actor) -> Result<Arc<Standing>> {
        if let Some(known) = self.standing.borrow().as_ref() {
            return Ok(Arc::clone(known));
        }
        let standing = match actor.user_id {
            Some(user_id) => within(actor, self.standing_of_user(user_id)?),
            // Whoever can reach the host's socket or files could read the store itself.
            None => Arc::new(Standing { is_superuser: true, ..Standing::default() }),
        };
        *self.standing.borrow_mut() = Some(Arc::clone(&standing));
        Ok(standing)
    }

    /// What a user is and holds, from memory where it is still true.
    pub(crate) fn standing_of_user(&self, user_id: i64) -> Result<Arc<Standing>> {
        let Some(memory) = self.memory else { return self.standing_of(user_id).map(Arc::new) };
        if let Some(known) = memory.recall(user_id) {
            return Ok(known);
        }
        let standing = Arc::new(self.standing_of(user_id)?);
        memory.remember(&standing);
        Ok(standing)
    }

    pub(super) fn permit<P: Proves>(&self, id: i64, reason: Reason) -> Permit<'tx, P> {
        Permit { id, reason, proves: PhantomData, brand: self.brand }
    }

    /// Notes a refusal, which becomes an audit entry whatever comes of the transaction.
    pub(super) fn note_refusal(
        &self,
        actor: &Actor,
        permission: Permission,
        object: Touched,
        organization_id: Option<i64>,
    ) {
        let operation = operation_of(permission);
        let mut entry = actor.entry(self.now, operation, object);
        entry.outcome = Outcome::Refused;
        entry.organization_id = organization_id;
        entry.reason = format!("no grant gives {}", word_of(permission));
        self.refused.borrow_mut().push(entry);
    }

    /// Notes what a rule refused to an actor whose roles allow it. Fields are named, never what was given.
    pub(crate) fn note_broken_rule(&self, mut entry: Entry, error: &Error) {
        entry.outcome = Outcome::Refused;
        entry.reason = match error {
            Error::Invalid(violations) => {
                let fields = violations.iter().map(|violation| violation.field.member());
                let mut fields: Vec<&str> = fields.collect();
                fields.dedup();
                format!("refused by a rule of {}", fields.join(", "))
            }
            Error::Conflict(Conflict::CredentialInUse(_)) => {
                "refused because it is in use".to_owned()
            }
            Error::Conflict(Conflict::FetchedElsewhere { fields }) => {
                format!("fetched from another system: {}", fields.join(", "))
            }
            Error::NotFound(_) => "there is no such object any more".to_owned(),
            _ => "refused by a rule".to_owned(),
        };
        self.refused.borrow_mut().push(entry);
    }
}

impl<'tx> WriteTx<'tx> {
    pub(super) fn new(session: Session<'tx>, now: Timestamp) -> Self {
        let read = ReadTx::new(session, now, None);
        Self { read, revokes: Cell::new(false), relists: Cell::new(false) }
    }

    pub(super) fn into_refused(self) -> Vec<Entry> {
        self.read.into_refused()
    }

    pub(super) fn effect(&self) -> Effect {
        Effect { revokes: self.revokes.get(), relists: self.relists.get() }
    }

    /// Forgets what the actor was found to hold, because the change has just altered it.
    pub(crate) fn forget_standing(&self) {
        *self.read.standing.borrow_mut() = None;
    }

    /// Notes that the change can alter which credentials somebody sees, or their order.
    pub(super) fn mark_relisting(&self) {
        self.relists.set(true);
    }

    /// Notes that the change can alter somebody's rights, so that every cache of them is stale.
    pub(crate) fn mark_revoking(&self) {
        self.revokes.set(true);
    }
}

impl<'tx> Deref for WriteTx<'tx> {
    type Target = ReadTx<'tx>;

    fn deref(&self) -> &ReadTx<'tx> {
        &self.read
    }
}

/// Proof that an actor may do `P` to one object, as long as the transaction lives.
#[derive(Debug)]
pub(crate) struct Permit<'tx, P> {
    id: i64,
    reason: Reason,
    proves: PhantomData<P>,
    brand: Brand<'tx>,
}

impl<P> Permit<'_, P> {
    /// The object's id.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Why it was permitted.
    pub(crate) const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// A permission as a type.
pub(crate) trait Proves {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! proves {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("Proves the permission `", stringify!($name), "`.")]
            #[derive(Debug, Clone, Copy)]
            pub(crate) struct $name;

            impl Proves for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*
    };
}

/// Permissions as types, to be named by the permits that prove them.
pub(crate) mod proof {
    use super::{Permission, Proves};

    proves!(Read Use Checkout Change Delete Grant Copy CreateCredentials CreateJobTemplates ManagePlacements ManageSpaces ManageApps ReadRegistries ManageRegistries);
}

/// A value that leaves a change, with the entries that tell of it.
#[derive(Debug)]
pub(crate) struct Audited<T> {
    value: T,
    entries: Vec<Entry>,
}

impl<T> Audited<T> {
    /// A change and its entry.
    pub(crate) fn new(value: T, entry: Entry) -> Self {
        Self { value, entries: vec![entry] }
    }

    /// A change and its entries.
    pub(crate) fn with_all(value: T, entries: Vec<Entry>) -> Self {
        Self { value, entries }
    }

    /// The request asked for what was so already.
    pub(crate) fn unchanged(value: T) -> Self {
        Self { value, entries: Vec::new() }
    }

    /// Writes the entries; the value comes out with them and their ids.
    pub(super) fn store(self, tx: &WriteTx<'_>) -> Result<(T, Vec<(i64, Entry)>)> {
        let mut written = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            written.push((audit::insert(tx.session(), &entry)?, entry));
        }
        Ok((self.value, written))
    }
}

/// What the actor's token leaves of what he is.
fn within(actor: &Actor, standing: Arc<Standing>) -> Arc<Standing> {
    let Some(powers) = actor.token.map(|token| token.powers) else { return standing };
    let is_superuser = standing.is_superuser && powers.administers;
    let is_system_auditor = standing.is_system_auditor && powers.audits;
    if (is_superuser, is_system_auditor) == (standing.is_superuser, standing.is_system_auditor) {
        return standing;
    }
    Arc::new(Standing { is_superuser, is_system_auditor, ..Standing::clone(&standing) })
}

const fn operation_of(permission: Permission) -> strongroom_core::audit::Operation {
    use strongroom_core::audit::Operation;
    match permission {
        Permission::Change => Operation::Update,
        Permission::Checkout => Operation::Release,
        Permission::Delete => Operation::Delete,
        Permission::Grant => Operation::Associate,
        Permission::CreateCredentials
        | Permission::CreateJobTemplates
        | Permission::Copy
        | Permission::ManageSpaces
        | Permission::ManageApps
        | Permission::ManagePlacements
        | Permission::ManageRegistries => Operation::Create,
        _ => Operation::Read,
    }
}

const fn word_of(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "read",
        Permission::Use => "use",
        Permission::Checkout => "checkout",
        Permission::Change => "change",
        Permission::Delete => "delete",
        Permission::Grant => "grant",
        Permission::Copy => "copy",
        Permission::CreateCredentials => "create credentials",
        Permission::ReadAudit => "read the audit log",
        Permission::Execute => "execute",
        Permission::CreateJobTemplates => "create job templates",
        Permission::ManagePlacements => "manage placements",
        Permission::ManageSpaces => "manage spaces",
        Permission::ManageApps => "manage apps",
        Permission::ProbelyAccount => "use the account",
        Permission::ManageProbelyCredentials => "manage the account's credentials",
        Permission::ReadProbelyAudit => "read the account's audit log",
        Permission::ReadRegistries => "read registries",
        Permission::ManageRegistries => "manage registries",
    }
}
