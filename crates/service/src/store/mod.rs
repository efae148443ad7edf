//! The store: one body of SQL over SQLite or PostgreSQL. Nothing outside this crate sees it.

mod account;
mod application;
mod audit;
mod check;
mod check_people;
mod check_platform;
mod check_registry;
mod checkout;
mod checkpoint;
mod credential;
mod directory;
mod fsck;
mod galaxy;
mod grant;
mod input_source;
mod job;
mod job_template;
mod list;
mod meta;
mod migration;
mod package;
mod placement;
mod platform;
mod postgres;
mod ranked;
mod recent;
mod reference;
mod registry;
mod registry_key;
mod remembered;
mod robot;
mod row;
mod scan;
mod sealed;
mod session;
mod signing_key;
mod space;
mod sqlite;
mod token;
mod tombstone;
mod tx;
mod uaa;

use std::hash::Hash;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use strongroom_core::audit::Entry;
use strongroom_core::clock::{Clock, Timestamp};
use strongroom_core::{Error, Result};

pub(crate) use application::{CodeRow, NewApplication};
pub(crate) use audit::Stay;
pub(crate) use check::permitted;
pub(crate) use checkpoint::StoredCheckpoint;
pub(crate) use credential::{CredentialRow, NewCredential, SealedInput, TypeRow};
pub(crate) use directory::{NewOrganization, NewTeam, NewUser};
pub(crate) use grant::{GrantRow, Holder, NewGrant, RolesAndGrants};
pub(crate) use input_source::NewInputSource;
pub(crate) use job::JobRow;
pub(crate) use job_template::NewJobTemplate;
pub(crate) use list::{Condition, ListQuery};
pub(crate) use meta::StoreIdentity;
pub(crate) use package::NewPackage;
pub(crate) use placement::NewPlacement;
pub(crate) use platform::RoleGrantRow;
pub(crate) use recent::{Lasting, Moment, Recent};
pub(crate) use reference::{OwnUse, UsesChanged};
pub(crate) use registry::{NewRegistry, RegistryFilter};
pub(crate) use registry_key::CertifiedKeyRow;
pub(crate) use robot::{RobotLogin, RobotRow};
pub(crate) use scan::{LabelRow, ScanFilter, ScanRow};
pub(crate) use sealed::{SealedCursor, SealedFilter, SealedRow, is_key_replaced};
pub(crate) use signing_key::SigningKeyRow;
pub(crate) use space::{NewApp, NewSpace};
pub(crate) use sqlite::WriterLimits;
pub(crate) use token::NewToken;
pub(crate) use tx::{Audited, Permit, Proves, ReadTx, WriteTx, proof};
pub(crate) use uaa::{NewUaaClient, RefreshRow, UaaClientRow};

use crate::audit_file::{self, AuditFile};
use postgres::Postgres;
use remembered::{AtEpoch, Remembered};
use session::Session;
use sqlite::Sqlite;

/// Where the rows are.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database.
    Postgres {
        /// `postgres://...`; may hold a password, so it is never printed.
        url: secrecy::SecretString,
        /// The most connections at once.
        connections: usize,
    },
}

/// The store.
pub(crate) struct Store {
    db: Db,
    clock: Clock,
    remembered: Arc<Remembered>,
    /// How long each statement of a list with filters of its own may take.
    list_time: Duration,
    audit_file: Option<AuditFile>,
}

enum Db {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// What came of a transaction: its value or error, and what was refused on the way.
pub(crate) struct Told<T> {
    pub(crate) outcome: Result<T>,
    pub(crate) refused: Vec<Entry>,
}

impl<T> Told<T> {
    fn error(error: Error) -> Self {
        Self { outcome: Err(error), refused: Vec::new() }
    }
}

impl Store {
    /// Opens a store whose schema is up to date.
    pub(crate) async fn open(
        location: &Location,
        clock: Clock,
        limits: WriterLimits,
        list_time: Duration,
        audit_file: Option<AuditFile>,
    ) -> Result<Self> {
        let db = match location {
            Location::Sqlite(path) => {
                let path = path.clone();
                let started =
                    tokio::task::spawn_blocking(move || Sqlite::start(&path, limits)).await;
                Db::Sqlite(started.map_err(Error::internal)??)
            }
            Location::Postgres { url, connections } => Db::Postgres(Postgres::new(
                secrecy::ExposeSecret::expose_secret(url),
                *connections,
            )?),
        };
        Ok(Self { db, clock, remembered: Arc::default(), list_time, audit_file })
    }

    /// Runs a reader on a snapshot: on the calling thread with SQLite, so only for points and short pages.
    pub(crate) async fn read<T, F>(&self, reader: F) -> Told<T>
    where
        F: for<'tx> FnOnce(&ReadTx<'tx>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (now, list_time) = (self.clock.now(), self.list_time);
        let remembered = Arc::clone(&self.remembered);
        let known = match &self.db {
            Db::Sqlite(sqlite) => Some((sqlite.epoch(), sqlite.listing())),
            Db::Postgres(_) => None,
        };
        let run = move |session: Session<'_>| {
            let (epoch, listing) = match known {
                Some((epoch, listing)) => (epoch, Some(listing)),
                None => (meta::epoch(session)?, None),
            };
            let at = AtEpoch { memory: &remembered, epoch, listing };
            let tx = ReadTx::new(session, now, Some(at)).listing_within(list_time);
            let outcome = reader(&tx);
            Ok(Told { outcome, refused: tx.into_refused() })
        };
        let told = match &self.db {
            Db::Sqlite(sqlite) => sqlite.read(run),
            Db::Postgres(postgres) => postgres.read(run).await,
        };
        told.unwrap_or_else(Told::error)
    }

    /// What the store is like now. PostgreSQL has no such number that is cheaper to ask for than what it would spare.
    pub(crate) fn moment(&self) -> Option<Moment> {
        match &self.db {
            Db::Sqlite(sqlite) => sqlite.moment().ok(),
            Db::Postgres(_) => None,
        }
    }

    /// What a reader finds, or what it found before, while nothing was committed since.
    ///
    /// The moment is that at which the request was let in, if it is known, so that a request asks for it once.
    pub(crate) async fn recall<K, V, F>(
        &self,
        recent: &Recent<K, V>,
        moment: Option<Moment>,
        key: K,
        reader: F,
    ) -> Told<Option<V>>
    where
        K: Eq + Hash,
        V: Clone + Send + 'static,
        F: for<'tx> FnOnce(&ReadTx<'tx>) -> Result<Option<Lasting<V>>> + Send + 'static,
    {
        // Told before the snapshot is taken: what is committed in between makes it stale at once, never the reverse.
        let moment = match (&self.db, moment) {
            (Db::Sqlite(sqlite), Some(moment)) if moment.is_now(sqlite.commits()) => Some(moment),
            _ => self.moment(),
        };
        let version = moment.map(|moment| moment.version);
        if let Some(version) = version
            && let Some(value) = recent.get(&key, version, self.clock.now())
        {
            return Told { outcome: Ok(Some(value)), refused: Vec::new() };
        }
        let told = self.read(reader).await;
        if let (Some(version), Ok(Some(found))) = (version, &told.outcome) {
            recent.keep(key, version, found);
        }
        let outcome = told.outcome.map(|found| found.map(|found| found.value));
        Told { outcome, refused: told.refused }
    }

    /// Applies a change. The answer comes after the change is on disk; an error means that nothing is, unless the
    /// audit file broke at this very change: then it may be.
    ///
    /// The change may run more than once and must come to the same end each time.
    pub(crate) async fn write<T, F>(&self, change: F) -> Told<T>
    where
        F: for<'tx> Fn(&mut WriteTx<'tx>) -> Result<Audited<T>> + Send + 'static,
        T: Send + 'static,
    {
        if let Some(file) = &self.audit_file
            && let Err(error) = file.ready().await
        {
            return Told::error(error);
        }
        let slot = Arc::new(Mutex::new((None, Vec::new())));
        let kept = Arc::clone(&slot);
        let clock = self.clock.clone();
        let run = Box::new(move |session: Session<'_>| {
            let mut tx = WriteTx::new(session, clock.now());
            let outcome = change(&mut tx).and_then(|audited| audited.store(&tx));
            let effect = tx.effect();
            let mut slot = kept.lock().unwrap_or_else(PoisonError::into_inner);
            slot.1 = tx.into_refused();
            slot.0 = Some(outcome?);
            Ok(effect)
        });
        let committed = match &self.db {
            Db::Sqlite(sqlite) => sqlite.write(run).await,
            Db::Postgres(postgres) => postgres.write(run).await,
        };
        let (applied, refused) = {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            (slot.0.take(), std::mem::take(&mut slot.1))
        };
        let outcome = committed.and_then(|()| {
            applied.ok_or_else(|| Error::internal("a committed change left no value"))
        });
        let outcome = match outcome {
            Ok((value, entries)) => self.tell_audit_file(&entries).await.map(|()| value),
            Err(error) => Err(error),
        };
        Told { outcome, refused }
    }

    /// Entries that are in the store go to the audit file too, if there is one, before anybody is answered.
    async fn tell_audit_file(&self, entries: &[(i64, Entry)]) -> Result<()> {
        let Some(file) = &self.audit_file else { return Ok(()) };
        if entries.is_empty() {
            return Ok(());
        }
        file.write(entries.iter().flat_map(|(id, entry)| audit_file::line(*id, entry)).collect())
            .await
    }

    /// Writes entries that belong to no change, such as refusals.
    pub(crate) async fn record(&self, entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.write(move |_| Ok(Audited::with_all((), entries.clone()))).await.outcome
    }

    /// Chains what other transactions left in the audit queue. SQLite's writer has done so already.
    pub(crate) async fn link_audit(&self) -> Result<u64> {
        match &self.db {
            Db::Sqlite(_) => Ok(0),
            Db::Postgres(postgres) => postgres.link().await,
        }
    }

    /// The position of the first audit link that does not hold.
    pub(crate) async fn first_broken_audit_link(&self) -> Result<Option<i64>> {
        self.read(|tx| audit::first_broken_link(tx.session())).await.outcome
    }

    /// Copies the embedded database as it is at one moment into a file; pages done and pages there are, as it goes.
    pub(crate) fn copy_sqlite(
        &self,
        to: &std::path::Path,
        told: impl FnMut(u64, u64),
    ) -> Result<()> {
        match &self.db {
            Db::Sqlite(sqlite) => sqlite.copy(to, told),
            Db::Postgres(_) => Err(Error::internal("the store is not the embedded one")),
        }
    }

    /// Whether several processes may share the store.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres(_))
    }
}

/// Brings the schema up to date and makes the store's own row on the first start.
pub(crate) use migration::{identity, prepare, values_under_others};

/// The last instant that a validity can name.
pub(crate) const FOREVER: Timestamp = Timestamp::from_micros(i64::MAX);
