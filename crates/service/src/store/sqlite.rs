//! The embedded store: readers on the calling thread, one writer that commits in groups.
//!
//! The writer takes every change that is waiting into one transaction, a savepoint each, and answers only
//! after COMMIT returned. While a commit waits for the disk the next group gathers, so no timer is needed.
//! A member that fails is rolled back to its savepoint. A member that ends the outer transaction (disk
//! full, I/O error, interrupt) takes the group with it; then each member runs again alone, which is why a
//! change must be able to run twice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::audit;
use super::recent::Moment;
use super::session::{Session, sqlite_error};
use strongroom_core::{Error, Result};

/// What a member of a group did, as far as the group cares.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Effect {
    /// The change can take a right away, so caches of rights are stale.
    pub(super) revokes: bool,
    /// The change can alter which credentials somebody sees, or their order, so remembered lists are stale.
    pub(super) relists: bool,
}

/// A change as the stores run it: inside a transaction of theirs, and perhaps more than once.
pub(super) type Change = Box<dyn FnMut(Session<'_>) -> Result<Effect> + Send>;

/// One change on its way through the writer.
pub(super) struct Member {
    /// Runs the change inside a savepoint; may be called again.
    pub(super) run: Change,
    /// Tells whoever waits that the change is on disk, or why it is not.
    pub(super) answer: Box<dyn FnOnce(Result<()>) + Send>,
}

/// The embedded database.
pub(crate) struct Sqlite {
    path: PathBuf,
    readers: Mutex<Vec<Reader>>,
    writer: mpsc::Sender<Member>,
    epoch: Arc<AtomicU64>,
    listing: Arc<AtomicU64>,
    commits: Arc<AtomicU64>,
    /// Opened when it is first asked what was committed.
    watch: Mutex<Option<Connection>>,
}

impl Sqlite {
    /// Opens the writer on a database whose schema is up to date.
    pub(super) fn start(path: &Path, limits: WriterLimits) -> Result<Self> {
        let mut connection = open(path)?;
        let in_member = Arc::new(AtomicBool::new(false));
        let refused = Arc::clone(&in_member);
        // A COMMIT by a member would put half a group on disk, unlinked: it becomes a ROLLBACK.
        connection
            .commit_hook(Some(move || refused.load(Ordering::Relaxed)))
            .map_err(sqlite_error)?;
        let (writer, waiting) = mpsc::channel(limits.queue);
        let epoch = Arc::new(AtomicU64::new(1));
        let listing = Arc::new(AtomicU64::new(1));
        let commits = Arc::new(AtomicU64::new(0));
        let mut group = Group {
            connection,
            limits,
            in_member,
            epoch: Arc::clone(&epoch),
            listing: Arc::clone(&listing),
            commits: Arc::clone(&commits),
        };
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || group.serve(waiting))
            .map_err(Error::internal)?;
        let (path, readers, watch) = (path.to_owned(), Mutex::default(), Mutex::default());
        Ok(Self { path, readers, writer, epoch, listing, commits, watch })
    }

    /// The number of committed changes that could take a right away.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The number of committed changes that could alter a list of credentials.
    pub(super) fn listing(&self) -> u64 {
        self.listing.load(Ordering::Acquire)
    }

    /// How many groups of changes this process has committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// What the database is like now.
    pub(super) fn moment(&self) -> Result<Moment> {
        let (asked, commits) = (Instant::now(), self.commits());
        Ok(Moment { version: self.version()?, commits, asked })
    }

    /// A number that is another one after every commit, whoever made it, another process too.
    fn version(&self) -> Result<i64> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match watch.as_ref() {
            Some(connection) => connection,
            None => watch.insert(open_reader(&self.path)?),
        };
        let mut statement =
            connection.prepare_cached("PRAGMA data_version").map_err(sqlite_error)?;
        statement.query_row([], |row| row.get(0)).map_err(sqlite_error)
    }

    /// Runs a reader on a snapshot.
    pub(super) fn read<T>(&self, reader: impl FnOnce(Session<'_>) -> Result<T>) -> Result<T> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let pooled = match pooled {
            Some(reader) => reader,
            None => Reader::open(&self.path)?,
        };
        let Reader { connection, deadline } = &pooled;
        run(connection, "BEGIN")?;
        let outcome = reader(Session::Sqlite(connection, Some(deadline)));
        run(connection, "ROLLBACK")?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < POOLED_READERS {
            readers.push(pooled);
        }
        outcome
    }

    /// Copies the database as it is now into an empty file, page by page, while others read and write.
    pub(super) fn copy(&self, to: &Path, mut told: impl FnMut(u64, u64)) -> Result<()> {
        let source = open_reader(&self.path)?;
        // An open snapshot: what others commit meanwhile is not in it and does not make the copy begin again.
        source.execute_batch("BEGIN; SELECT COUNT(*) FROM store;").map_err(sqlite_error)?;
        let mut target = Connection::open(to).map_err(sqlite_error)?;
        let copy = Backup::new(&source, &mut target).map_err(sqlite_error)?;
        loop {
            let step = copy.step(PAGES_AT_ONCE).map_err(sqlite_error)?;
            let progress = copy.progress();
            let total = u64::try_from(progress.pagecount).unwrap_or_default();
            let left = u64::try_from(progress.remaining).unwrap_or_default();
            told(total.saturating_sub(left), total);
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Hands a change to the writer and waits until it is on disk.
    pub(super) async fn write(&self, run: Change) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let member = Member {
            run,
            answer: Box::new(move |outcome| {
                // Whoever asked may have gone away; the change stands all the same.
                drop(answer.send(outcome));
            }),
        };
        self.writer
            .try_send(member)
            .map_err(|error| Error::Unavailable(error.to_string().into()))?;
        answered.await.map_err(|error| Error::Unavailable(Box::new(error)))?
    }
}

/// A connection that reads, and when its statement has to end.
struct Reader {
    connection: Connection,
    deadline: Deadline,
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let mut connection = open_reader(path)?;
        let deadline = Deadline::watched_by(&mut connection)?;
        Ok(Self { connection, deadline })
    }
}

/// When the statements of a connection have to end. The connection itself looks at it as it goes.
pub(crate) struct Deadline {
    begin: Instant,
    /// Microseconds after the beginning; the greatest number is never.
    until: Arc<AtomicU64>,
}

impl Deadline {
    fn watched_by(connection: &mut Connection) -> Result<Self> {
        let (begin, until) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let watched = Arc::clone(&until);
        let is_over = move || match watched.load(Ordering::Relaxed) {
            u64::MAX => false,
            until => until <= micros_since(begin),
        };
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over)).map_err(sqlite_error)?;
        Ok(Self { begin, until })
    }

    /// What runs has to end so long from now.
    pub(super) fn set(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let until = micros_since(self.begin).saturating_add(time);
        self.until.store(until, Ordering::Relaxed);
    }

    /// What runs may take its time.
    pub(super) fn clear(&self) {
        self.until.store(u64::MAX, Ordering::Relaxed);
    }
}

fn micros_since(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// What keeps one member, and one group, within bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriterLimits {
    /// Changes that may wait; one more is refused.
    pub(crate) queue: usize,
    /// Members of one commit.
    pub(crate) group: usize,
    /// How long one member may run before it is interrupted.
    pub(crate) member_time: Duration,
}

impl Default for WriterLimits {
    fn default() -> Self {
        Self { queue: 4096, group: 256, member_time: Duration::from_secs(5) }
    }
}

struct Group {
    connection: Connection,
    limits: WriterLimits,
    in_member: Arc<AtomicBool>,
    epoch: Arc<AtomicU64>,
    listing: Arc<AtomicU64>,
    commits: Arc<AtomicU64>,
}

impl Group {
    fn serve(&mut self, mut waiting: mpsc::Receiver<Member>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut members = vec![first];
            while members.len() < self.limits.group {
                match waiting.try_recv() {
                    Ok(member) => members.push(member),
                    Err(_) => break,
                }
            }
            metrics::histogram!("strongroom_store_group_members").record(count(members.len()));
            self.commit_together(members);
        }
    }

    /// Commits the members in one transaction, or each alone when that fails.
    fn commit_together(&mut self, mut members: Vec<Member>) {
        match self.try_together(&mut members) {
            Ok(outcomes) => {
                for (member, outcome) in members.into_iter().zip(outcomes) {
                    (member.answer)(outcome);
                }
            }
            Err(_) if members.len() > 1 => {
                metrics::counter!("strongroom_store_group_undone").increment(1);
                for member in members {
                    self.commit_together(vec![member]);
                }
            }
            Err(error) => {
                if let Some(member) = members.pop() {
                    (member.answer)(Err(error));
                }
            }
        }
    }

    /// The outcome of each member once all are on disk; an error means that nothing is.
    fn try_together(&mut self, members: &mut [Member]) -> Result<Vec<Result<()>>> {
        self.undo();
        run(&self.connection, "BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(members.len());
        let (mut revokes, mut relists) = (false, false);
        for member in members.iter_mut() {
            match self.run(member) {
                Ok(outcome) => {
                    revokes |= outcome.as_ref().is_ok_and(|effect| effect.revokes);
                    relists |= outcome.as_ref().is_ok_and(|effect| effect.relists);
                    outcomes.push(outcome.map(|_| ()));
                }
                Err(error) => {
                    self.undo();
                    return Err(error);
                }
            }
        }
        let session = Session::Sqlite(&self.connection, None);
        let linked = audit::link_new(session).and_then(|_| run(&self.connection, "COMMIT"));
        match linked {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::AcqRel);
                if relists {
                    self.listing.fetch_add(1, Ordering::AcqRel);
                }
                if revokes {
                    self.epoch.fetch_add(1, Ordering::AcqRel);
                }
                Ok(outcomes)
            }
            Err(error) => {
                self.undo();
                Err(error)
            }
        }
    }

    /// Runs one member in its savepoint. The outer error says that the whole transaction is lost.
    fn run(&mut self, member: &mut Member) -> Result<Result<Effect>> {
        run(&self.connection, "SAVEPOINT member")?;
        self.limit_time()?;
        let session = Session::Sqlite(&self.connection, None);
        self.in_member.store(true, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| (member.run)(session)))
            .unwrap_or_else(|_| Err(Error::internal("a change panicked")));
        self.in_member.store(false, Ordering::Relaxed);
        self.connection.progress_handler(0, None::<fn() -> bool>).map_err(sqlite_error)?;
        if self.connection.is_autocommit() {
            return match outcome {
                Err(error) => Err(error),
                Ok(_) => Err(Error::internal("a change ended its transaction")),
            };
        }
        if outcome.is_err() {
            run(&self.connection, "ROLLBACK TO member")?;
        }
        run(&self.connection, "RELEASE member")?;
        Ok(outcome)
    }

    fn limit_time(&mut self) -> Result<()> {
        let deadline = Instant::now() + self.limits.member_time;
        self.connection
            .progress_handler(10_000, Some(move || deadline < Instant::now()))
            .map_err(sqlite_error)
    }

    /// Ends a transaction that is still open; SQLite may already have ended it.
    fn undo(&self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::error!(%error, "the writer could not roll back");
        }
    }
}

/// Reads from a store in this file, which is not made or changed: nothing if there is no such table.
pub(super) fn look<T>(
    path: &Path,
    table: &str,
    reader: impl FnOnce(Session<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if !path.try_exists().map_err(|error| Error::Unavailable(Box::new(error)))? {
        return Ok(None);
    }
    let connection = if has_log(path) { open_reader(path)? } else { open_untouched(path)? };
    let session = Session::Sqlite(&connection, None);
    let found = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1";
    match session.one(found, &[table.into()], |row| row.at::<i64>(0))? {
        0 => Ok(None),
        _ => reader(session).map(Some),
    }
}

/// Whether a write-ahead log lies beside the file, as after a stop that was not clean.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| 0 < log.len())
}

/// A reader that does not even make the files of a write-ahead log; only for a file that nobody has open.
fn open_untouched(path: &Path) -> Result<Connection> {
    let mut uri = url::Url::from_file_path(std::path::absolute(path).map_err(Error::internal)?)
        .map_err(|()| Error::internal("a path that is no path"))?;
    uri.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri.as_str(), flags).map_err(sqlite_error)
}

/// An open connection with the settings that every connection to the database has.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(sqlite_error)?;
    configure(&connection)?;
    // FULL, not NORMAL: an answered change must survive a power cut. A page that many changes touch is written back
    // to the database once for all that are in the log, so the log may grow to 16 MiB.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
             PRAGMA wal_autocheckpoint = 4096;",
        )
        .map_err(sqlite_error)?;
    Ok(connection)
}

/// Runs a statement that has no values and no rows, compiled once for each connection.
fn run(connection: &Connection, sql: &str) -> Result<()> {
    let mut statement = connection.prepare_cached(sql).map_err(sqlite_error)?;
    statement.raw_execute().map(|_| ()).map_err(sqlite_error)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite_error)?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(5)).map_err(sqlite_error)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Without it every value bound to a range has its statement compiled again, for statistics that nobody collects.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sqlite_error)?;
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
        )
        .map_err(sqlite_error)
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

const POOLED_READERS: usize = 16;
/// How many steps of SQLite's machine lie between two looks at a deadline: some microseconds.
const STEPS_BETWEEN_LOOKS: std::ffi::c_int = 1_000;
/// Pages copied between two looks at how far a backup has come: a few megabytes.
const PAGES_AT_ONCE: i32 = 1024;

#[cfg(test)]
mod tests;
