//! Stores to test on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio_postgres::{NoTls, SimpleQueryMessage};
use url::Url;

use super::{ADMIN_PASSWORD, Server};

/// A store, and everything else a test writes. It is gone when the value is.
pub(crate) struct Store {
    folder: TempDir,
    database: Option<Url>,
}

impl Store {
    /// A store in a file.
    pub(crate) fn sqlite() -> Self {
        Self { folder: folder(), database: None }
    }

    /// A store in a database of its own on the server of the test command.
    pub(crate) fn postgres() -> Self {
        let folder = folder();
        let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut database = postgres_server();
        execute(&database, &format!("CREATE DATABASE \"{name}\""));
        database.set_path(&name);
        Self { folder, database: Some(database) }
    }

    /// A copy of a store in a file that no server has open.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::sqlite();
        let copied =
            Command::new("cp").arg("-a").arg(self.data_dir()).arg(copy.data_dir()).status();
        assert!(copied.unwrap().success());
        copy
    }

    /// One store of each kind.
    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }

    /// Where a test may write.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory, made by the first start.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The file of the embedded database.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.data_dir().join("strongroom.db")
    }

    /// What the store is on.
    pub(crate) fn kind(&self) -> &'static str {
        if self.database.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    /// The URL of the database, if the store has one.
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        self.database.as_ref().map(Url::as_str)
    }

    /// A hash of all rows of each table of that database.
    pub(crate) fn row_digests(&self) -> BTreeMap<String, String> {
        let Some(database) = &self.database else { return BTreeMap::new() };
        let tables = query(database, TABLES).into_keys();
        let digest = |table: String| {
            let sql = format!(
                "SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" t"
            );
            query(database, &sql)
        };
        tables.flat_map(digest).collect()
    }

    /// The file to which every server of the store writes its log.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    /// Everything that servers of the store have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The binary, with these words after its name and nothing in its environment but the store.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strongroom"));
        command
            .args(words)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.folder())
            .stdin(std::process::Stdio::null());
        command
    }

    /// The variables that point the binary to the store.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            ("HOME", self.folder().into()),
            ("STRONGROOM_DATA_DIR", self.data_dir().into()),
            ("STRONGROOM_LISTEN", "127.0.0.1:0".into()),
        ];
        if let Some(url) = &self.database {
            variables.push(("STRONGROOM_DATABASE_URL", url.as_str().into()));
        }
        variables
    }

    /// What a command printed, and how it ended.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A server, ready, with the known password of the first administrator.
    pub(crate) fn start(&self) -> Server {
        self.start_with(&[])
    }

    /// The same with more words on its command line.
    pub(crate) fn start_with(&self, words: &[&str]) -> Server {
        let mut command = self.command(&[&["serve"], words].concat());
        command.env("STRONGROOM_ADMIN_PASSWORD", ADMIN_PASSWORD);
        Server::start(command, &self.log_file())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let Some(database) = &self.database else { return };
        let name = database.path().trim_start_matches('/');
        execute(&postgres_server(), &format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
    }
}

/// Runs a statement on a database.
fn execute(database: &Url, sql: &str) {
    query(database, sql);
}

/// The rows of a query with two columns of text.
fn query(database: &Url, sql: &str) -> BTreeMap<String, String> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let messages = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(database.as_str(), NoTls).await.unwrap();
        tokio::select! {
            messages = client.simple_query(sql) => messages.unwrap(),
            ended = connection => panic!("the database closed the connection: {ended:?}"),
        }
    });
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    });
    rows.collect()
}

#[expect(clippy::disallowed_methods, reason = "the test command hands over its database this way")]
fn postgres_server() -> Url {
    let url = std::env::var("STRONGROOM_TEST_POSTGRES_URL")
        .expect("STRONGROOM_TEST_POSTGRES_URL is not set: run the tests with scripts/test, which starts PostgreSQL");
    url.parse().expect("STRONGROOM_TEST_POSTGRES_URL must be a URL")
}

/// A folder that other users can pass through: some tests run the binary as another user.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("strongroom_").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

const TABLES: &str =
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'";
