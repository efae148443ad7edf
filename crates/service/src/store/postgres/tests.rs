//! Transactions on a real server: what is left behind by a change that panics or loses a race.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::store::row::Row;
use crate::store::sqlite::Effect;

/// A table of the test's own on the server of the test command.
struct Table {
    postgres: Arc<Postgres>,
    name: String,
}

impl Table {
    /// The table, through a pool of so many connections.
    async fn new(connections: usize) -> Self {
        let postgres = Arc::new(Postgres::new(&server_url(), connections).unwrap());
        let unique = strongroom_seal::random::request_id().unwrap();
        let table = Self { postgres, name: format!("test_{unique}") };
        table.change("CREATE TABLE {} (name TEXT NOT NULL UNIQUE)").await.unwrap();
        table
    }

    /// Runs a statement on the table as a change.
    async fn change(&self, sql: &str) -> Result<()> {
        self.postgres.write(self.statement(sql)).await
    }

    fn statement(&self, sql: &str) -> Change {
        let sql = sql.replace("{}", &self.name);
        Box::new(move |session| session.execute(&sql, &[]).map(|_| Effect::default()))
    }

    async fn names(&self) -> Vec<String> {
        let sql = format!("SELECT name FROM {} ORDER BY name", self.name);
        let read = |row: &Row<'_>| row.at::<String>(0);
        self.postgres.read(move |session| session.rows(&sql, &[], read)).await.unwrap()
    }

    async fn drop(self) {
        self.change("DROP TABLE {}").await.unwrap();
    }
}

#[tokio::test]
async fn a_change_that_panics_leaves_nothing_for_the_next_to_commit() {
    let table = Table::new(1).await;
    let mut insert = table.statement("INSERT INTO {} VALUES ('poisoned')");
    let panics = table.postgres.write(Box::new(move |session| {
        insert(session)?;
        panic!("a bug")
    }));
    assert!(matches!(panics.await, Err(Error::Internal(_))));
    table.change("INSERT INTO {} VALUES ('good')").await.unwrap();
    assert_eq!(table.names().await, ["good"]);
    table.drop().await;
}

#[tokio::test]
async fn a_reader_that_panics_or_fails_spoils_no_other() {
    let table = Table::new(1).await;
    let panics = table.postgres.read(|_| -> Result<()> { panic!("a bug") });
    assert!(matches!(panics.await, Err(Error::Internal(_))));
    let broken = table.postgres.read(|session| session.rows("SELECT nothing", &[], |_| Ok(())));
    assert!(broken.await.is_err());
    let mut insert = table.statement("INSERT INTO {} VALUES ('by a reader')");
    let writes = table.postgres.read(move |session| insert(session).map(|_| ()));
    assert!(writes.await.is_err(), "a reader writes nothing");
    assert_eq!(table.names().await, Vec::<String>::new());
    table.drop().await;
}

#[tokio::test]
async fn a_change_that_fails_is_undone_and_told_its_own_error() {
    let table = Table::new(1).await;
    let mut insert = table.statement("INSERT INTO {} VALUES ('undone')");
    let fails = table.postgres.write(Box::new(move |session| {
        insert(session)?;
        Err(Error::TooLarge)
    }));
    assert!(matches!(fails.await, Err(Error::TooLarge)));
    assert_eq!(table.names().await, Vec::<String>::new());
    table.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_changes_of_one_row_both_come_about_the_later_one_on_what_the_first_left() {
    let table = Table::new(4).await;
    table.change("INSERT INTO {} VALUES ('')").await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (postgres, runs) = (Arc::clone(&table.postgres), Arc::clone(&runs));
        let mut append = table.statement("UPDATE {} SET name = name || 'x'");
        tasks.spawn(async move {
            let change: Change = Box::new(move |session| {
                runs.fetch_add(1, Ordering::SeqCst);
                append(session)
            });
            postgres.write(change).await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(table.names().await, ["xxxxxx"]);
    assert!(6 <= runs.load(Ordering::SeqCst));
    table.drop().await;
}

#[tokio::test]
async fn nobody_waits_for_a_connection_without_end() {
    let refused =
        Postgres::new("postgres://nobody@127.0.0.1:1/nothing?sslmode=disable", 1).unwrap();
    let outcome = refused.read(|_| Ok(())).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))));
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
