//! The store on PostgreSQL: any number of processes over one database.
//!
//! A change is one `REPEATABLE READ` transaction, run again when another one was first. That a row is changed
//! by two at once, the server finds; that names stay unique and nothing points at what is gone, constraints
//! say; and changes of anybody's rights all raise one epoch, so that two of them never pass each other. What is
//! left needs no `SERIALIZABLE`, which on small tables makes changes fail that have nothing to do with each other.
//!
//! A transaction lives on a thread of the blocking pool from BEGIN to COMMIT: whoever asked may go away, the
//! change does not stop half way.

use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use tokio::runtime::Handle;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::audit;
use super::row::Value;
use super::session::{Session, postgres_error};
use super::sqlite::Change;
use strongroom_core::{Error, Result};

/// The database server, through a pool of connections.
pub(crate) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// A pool over the database that the URL names. Nothing is connected yet.
    pub(super) fn new(url: &str, connections: usize) -> Result<Self> {
        let mut config = tokio_postgres::Config::from_str(url).map_err(Error::internal)?;
        config.application_name("strongroom");
        config.connect_timeout(Duration::from_secs(5));
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = match config.get_ssl_mode() {
            SslMode::Disable => Manager::from_config(config, NoTls, manager_config),
            _ => Manager::from_config(config, tls()?, manager_config),
        };
        let timeouts = Timeouts {
            wait: Some(Duration::from_secs(5)),
            create: Some(Duration::from_secs(10)),
            recycle: Some(Duration::from_secs(5)),
        };
        let pool = Pool::builder(manager)
            .max_size(connections)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    client.batch_execute(SESSION_SETTINGS).await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { pool })
    }

    /// A connection of the pool; none within five seconds is `Unavailable`.
    pub(super) async fn connection(&self) -> Result<Object> {
        self.pool.get().await.map_err(|error| Error::Unavailable(Box::new(error)))
    }

    /// Runs a reader on a snapshot.
    pub(super) async fn read<T, F>(&self, reader: F) -> Result<T>
    where
        F: FnOnce(Session<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let client = Lease::new(self.connection().await?);
        on_blocking_thread(move |runtime| {
            begin(&client, runtime, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            let outcome = reader(Session::Postgres(client.client()?, runtime));
            finish(client, runtime, "ROLLBACK", outcome)
        })
        .await
    }

    /// Runs a change until it commits, or until it has lost too often.
    pub(super) async fn write(&self, mut run: Change) -> Result<()> {
        for attempt in 1.. {
            let client = Lease::new(self.connection().await?);
            let (again, outcome) = on_blocking_thread(move |runtime| {
                begin(&client, runtime, "BEGIN ISOLATION LEVEL REPEATABLE READ")?;
                let outcome = apply(&mut run, Session::Postgres(client.client()?, runtime));
                let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
                Ok((run, finish(client, runtime, end, outcome)))
            })
            .await?;
            run = again;
            match outcome {
                Err(error) if lost_a_race(&error) && attempt < ATTEMPTS => {
                    metrics::counter!("strongroom_store_serialization_retries").increment(1);
                    tokio::time::sleep(pause(attempt)).await;
                }
                other => return other,
            }
        }
        Err(Error::internal("unreachable: the attempts are bounded"))
    }

    /// Chains entries that have no link yet, unless another process is doing so.
    pub(super) async fn link(&self) -> Result<u64> {
        let client = Lease::new(self.connection().await?);
        on_blocking_thread(move |runtime| {
            begin(&client, runtime, "BEGIN")?;
            let outcome = link_once(Session::Postgres(client.client()?, runtime));
            let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
            finish(client, runtime, end, outcome)
        })
        .await
    }
}

fn link_once(session: Session<'_>) -> Result<u64> {
    let values = [Value::Int(LINKER_LOCK)];
    if !session.one("SELECT pg_try_advisory_xact_lock($1)", &values, |row| row.at::<bool>(0))? {
        return Ok(0);
    }
    audit::link_new(session)
}

/// A change and the epoch it raises, in one transaction.
fn apply(run: &mut Change, session: Session<'_>) -> Result<()> {
    let effect = run(session)?;
    if effect.revokes {
        session.execute("UPDATE revocation SET epoch = epoch + 1 WHERE id = 1", &[])?;
    }
    Ok(())
}

/// Longer and longer, and never the same for two that met.
fn pause(attempt: u32) -> Duration {
    let mut byte = [0];
    let drawn = strongroom_seal::random::fill(&mut byte).map_or(64, |()| u64::from(byte[0]));
    Duration::from_millis((1 << attempt.min(6)) * (64 + drawn) / 128)
}

/// Unique and foreign-key violations are races too: the use-case looks before it writes, so run again it
/// finds what the other transaction did and says so in its own words.
fn lost_a_race(error: &Error) -> bool {
    let (Error::Unavailable(source) | Error::Internal(source)) = error else {
        return false;
    };
    let Some(error) = source.downcast_ref::<tokio_postgres::Error>() else {
        return false;
    };
    matches!(
        error.code().map(tokio_postgres::error::SqlState::code),
        Some("40001" | "40P01" | "23505" | "23503")
    )
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce(&Handle) -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || work(&runtime)).await.map_err(Error::internal)?
}

/// A connection in a transaction. It goes back to the pool when the transaction has ended; where that never
/// came about, such as by a panic, it is closed, so that nobody goes on in what was left open.
struct Lease(Option<Object>);

impl Lease {
    const fn new(client: Object) -> Self {
        Self(Some(client))
    }

    fn client(&self) -> Result<&Object> {
        self.0.as_ref().ok_or_else(|| Error::internal("the connection was given back"))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

fn begin(client: &Lease, runtime: &Handle, statement: &str) -> Result<()> {
    runtime.block_on(client.client()?.batch_execute(statement)).map_err(postgres_error)
}

/// Ends the transaction; a connection that cannot do that does not go back to the pool.
fn finish<T>(client: Lease, runtime: &Handle, statement: &str, outcome: Result<T>) -> Result<T> {
    match begin(&client, runtime, statement) {
        Ok(()) => {
            client.give_back();
            outcome
        }
        Err(error) => outcome.and(Err(error)),
    }
}

fn tls() -> Result<MakeRustlsConnect> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A certificate of the system that cannot be read is one authority fewer, not a failure.
        drop(roots.add(certificate));
    }
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

const ATTEMPTS: u32 = 12;
/// Any number will do, as long as every process of the store uses the same one.
const LINKER_LOCK: i64 = 0x5374_726f_6e67;
/// The time of a statement is [`super::session::STATEMENT_TIMEOUT`].
const SESSION_SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'; \
     SET synchronous_commit = on; SET client_min_messages = warning;";

#[cfg(test)]
mod tests;
