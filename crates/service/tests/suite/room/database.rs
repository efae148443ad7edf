//! A database of a test's own.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use secrecy::SecretString;
use strongroom_service::StoreLocation;
use tempfile::TempDir;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

/// The two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

/// A folder for the root key, and a database that goes with it.
pub(crate) struct Database {
    folder: Arc<TempDir>,
    postgres: Option<Arc<OwnDatabase>>,
}

/// A database on the server of the test command; dropped at the end.
struct OwnDatabase {
    name: String,
}

impl Database {
    pub(crate) async fn new(kind: StoreKind) -> Self {
        let folder = Arc::new(tempfile::Builder::new().prefix("strongroom_").tempdir().unwrap());
        let postgres = match kind {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => {
                let unique = strongroom_seal::random::request_id().unwrap();
                let name = format!("service_{unique}");
                query(&server(), &format!("CREATE DATABASE {name}")).await;
                Some(Arc::new(OwnDatabase { name }))
            }
        };
        Self { folder, postgres }
    }

    /// The same database with the same key, for another process.
    pub(crate) fn share(&self) -> Self {
        Self { folder: Arc::clone(&self.folder), postgres: self.postgres.clone() }
    }

    /// The same database with another place for the root key.
    pub(crate) fn on_another_host(&self) -> Self {
        Self { folder: Arc::new(TempDir::new().unwrap()), ..self.share() }
    }

    pub(crate) fn kind(&self) -> StoreKind {
        match self.postgres {
            None => StoreKind::Sqlite,
            Some(_) => StoreKind::Postgres,
        }
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("keys").join("root.key")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn location(&self) -> StoreLocation {
        match &self.postgres {
            None => StoreLocation::Sqlite(self.file()),
            Some(own) => {
                let url = server_url();
                let (server, _) = url.rsplit_once('/').unwrap();
                let options = url.split_once('?').map(|(_, options)| format!("?{options}"));
                let url = format!("{server}/{}{}", own.name, options.unwrap_or_default());
                StoreLocation::Postgres { url: SecretString::from(url), connections: 6 }
            }
        }
    }

    /// The rows of a query, each value as text; other statements give none.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.postgres {
            Some(own) => {
                let mut config = server();
                config.dbname(&own.name);
                query(&config, sql).await
            }
            None => sqlite_rows(&rusqlite::Connection::open(self.file()).unwrap(), sql),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("strongroom.db")
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A runtime cannot wait inside another one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(query(&server(), &sql));
        });
        assert!(dropping.join().is_ok() || std::thread::panicking(), "the database stays behind");
    }
}

fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> Vec<Vec<String>> {
    use rusqlite::types::ValueRef;
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    if !sql.starts_with("SELECT") {
        connection.execute_batch(sql).unwrap();
        return Vec::new();
    }
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |index| match row.get_ref(index).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => format!("{other:?}"),
        };
        found.push((0..columns).map(cell).collect());
    }
    found
}

async fn query(config: &Config, sql: &str) -> Vec<Vec<String>> {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    let messages = tokio::select! {
        messages = client.simple_query(sql) => messages.unwrap(),
        ended = connection => panic!("the database closed the connection: {ended:?}"),
    };
    let mut found = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            let cell = |index| row.get(index).unwrap_or_default().to_owned();
            found.push((0..row.len()).map(cell).collect());
        }
    }
    found
}

fn server() -> Config {
    Config::from_str(&server_url()).expect("STRONGROOM_TEST_POSTGRES_URL must be a URL")
}

#[expect(clippy::disallowed_methods, reason = "the test command hands over its database this way")]
fn server_url() -> String {
    let url = std::env::var("STRONGROOM_TEST_POSTGRES_URL").expect(
        "STRONGROOM_TEST_POSTGRES_URL is not set: run the tests with scripts/test, which starts PostgreSQL",
    );
    // The server of the test command is on this host and has no certificate.
    match url.contains("sslmode=") {
        true => url,
        false if url.contains('?') => format!("{url}&sslmode=disable"),
        false => format!("{url}?sslmode=disable"),
    }
}
