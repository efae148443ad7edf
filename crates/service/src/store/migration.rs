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

#[cfg(test)]
mod tests {
    use refinery::Target;
    use rusqlite::Connection;

    use super::*;

    /// A store as version 9 wrote it, as far as later versions write its tables anew.
    const OLD: &str = "
        INSERT INTO roles (id, resource_kind, resource_id, name) VALUES (1, 'organization', 1, 'a'), (2, 'credential', 1, 'b');
        INSERT INTO grants VALUES
            (3, x'01', 2, 'credential', 1, NULL, 1, 'awx', TRUE, 10, 20, 5, NULL, NULL),
            (4, x'02', 2, 'credential', 1, 7, NULL, 'native', FALSE, 11, 21, NULL, 15, 6);
        INSERT INTO credential_types VALUES (1, x'01', 'type', 'n', 'd', 'k', NULL, FALSE, '{}', '{}', 1, 1, NULL, NULL);
        INSERT INTO credentials (id, guid, short_id, name, named, description, credential_type_id, managed, born_in, inputs,
            secrets, version, created, modified)
            VALUES (1, x'01', 'short', 'n', TRUE, 'd', 1, FALSE, 'awx', '{}', '{}', 2, 1, 1);
        INSERT INTO credential_versions VALUES (1, 1, 1, '{}', '{\"p\": 1}', 1, 5), (1, 2, 1, '{}', '{}', 2, NULL);
        INSERT INTO sealed_inputs VALUES (1, 'p', 1, x'0708', 5, 'print'), (1, 'p', 2, x'09', NULL, NULL);
        INSERT INTO audit_entries VALUES (1, 1, 'create', 'done', 'awx', 'r', 's', NULL, 'n', NULL, '[]', NULL, '', '{}', 1);
        INSERT INTO audit_objects VALUES (1, 0, 'credential', 1), (1, 1, 'organization', 2);";

    fn rows(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells = (0..columns).map(|index| format!("{:?}", row.get_ref(index).unwrap()));
            Ok(cells.collect::<Vec<_>>().join(" "))
        };
        let found = statement.query_map([], row).unwrap();
        found.map(std::result::Result::unwrap).collect()
    }

    #[test]
    fn tables_that_are_written_anew_keep_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = sqlite::open(&folder.path().join("old.db")).unwrap();
        let migrations = || embedded_sqlite::migrations::runner();
        migrations().set_target(Target::Version(9)).run(&mut connection).unwrap();
        connection.execute_batch(OLD).unwrap();
        let held = |connection: &Connection| {
            ["grants", "credential_versions", "sealed_inputs", "audit_objects"]
                .map(|table| rows(connection, &format!("SELECT * FROM {table} ORDER BY 1, 2, 3")))
        };
        let before = held(&connection);
        assert_eq!(before.each_ref().map(Vec::len), [2, 2, 2, 2]);
        migrations().run(&mut connection).unwrap();
        assert_eq!(held(&connection), before);
        assert_eq!(rows(&connection, "PRAGMA integrity_check"), ["Text([111, 107])"]);
        assert_eq!(rows(&connection, "PRAGMA foreign_key_check"), Vec::<String>::new());
        // An id is never given twice, not even that of a row which is gone.
        connection.execute_batch("DELETE FROM grants WHERE id = 4").unwrap();
        let again = "INSERT INTO grants SELECT NULL, x'03', 2, 'credential', 1, 7, NULL, 'awx', FALSE, 1, 2, NULL, NULL, NULL";
        connection.execute_batch(again).unwrap();
        assert_eq!(rows(&connection, "SELECT MAX(id) FROM grants"), ["Integer(5)"]);
    }
}
