//! Versioned migrations: applied ones never change, both databases have the same numbers and names.

use std::collections::BTreeMap;
use std::str::FromStr;

use secrecy::ExposeSecret;

use super::Location;
use super::meta::{self, StoreIdentity};
use super::postgres::Postgres;
use super::session::Session;
use super::{sealed, sqlite};
use strongroom_core::{Error, Result};
use strongroom_seal::key::KeyId;

mod embedded_sqlite {
    refinery::embed_migrations!("migrations/sqlite");
}

mod embedded_postgres {
    refinery::embed_migrations!("migrations/postgres");
}

/// Brings the schema up to date. A database that a newer version has migrated is refused.
pub(crate) async fn prepare(location: &Location) -> Result<()> {
    match location {
        Location::Sqlite(path) => {
            let path = path.clone();
            tokio::task::spawn_blocking(move || {
                let mut connection = sqlite::open(&path)?;
                embedded_sqlite::migrations::runner()
                    .run(&mut connection)
                    .map_err(Error::internal)?;
                Ok(())
            })
            .await
            .map_err(Error::internal)?
        }
        Location::Postgres { url, connections } => {
            let url = url.expose_secret();
            tokio_postgres::Config::from_str(url).map_err(Error::internal)?;
            let mut client = Postgres::new(url, *connections)?.connection().await?;
            // Processes that start together migrate one after the other.
            let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
            client.batch_execute(&lock).await.map_err(Error::internal)?;
            let outcome = embedded_postgres::migrations::runner()
                .run_async(&mut **client)
                .await
                .map_err(Error::internal);
            let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
            client.batch_execute(&unlock).await.map_err(Error::internal)?;
            outcome.map(|_| ())
        }
    }
}

/// What the store knows about itself, found without writing anything; absent before its first start.
pub(crate) async fn identity(location: &Location) -> Result<Option<StoreIdentity>> {
    look(location, "store", meta::identity).await.map(Option::flatten)
}

/// How many values are under root keys that are still needed and not among these, found without writing anything.
pub(crate) async fn values_under_others(
    location: &Location,
    loaded: Vec<KeyId>,
) -> Result<BTreeMap<KeyId, u64>> {
    let count = move |session: Session<'_>| sealed::values_under_others(session, &loaded);
    // A store from before there was that table has never replaced its key.
    Ok(look(location, "root_keys", count).await?.unwrap_or_default())
}

/// Reads from a store that need not exist, nor be up to date: nothing if it has no such table.
async fn look<T, F>(location: &Location, table: &'static str, reader: F) -> Result<Option<T>>
where
    F: FnOnce(Session<'_>) -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    match location {
        Location::Sqlite(path) => {
            let path = path.clone();
            tokio::task::spawn_blocking(move || sqlite::look(&path, table, reader))
                .await
                .map_err(Error::internal)?
        }
        Location::Postgres { url, connections } => {
            let postgres = Postgres::new(url.expose_secret(), *connections)?;
            postgres
                .read(move |session| {
                    let found = format!("SELECT to_regclass('{table}') IS NOT NULL");
                    match session.one(&found, &[], |row| row.at::<bool>(0))? {
                        true => reader(session).map(Some),
                        false => Ok(None),
                    }
                })
                .await
        }
    }
}

/// Any number will do, as long as every process of the store uses the same one.
const MIGRATION_LOCK: i64 = 0x5374_726f_6e68;
