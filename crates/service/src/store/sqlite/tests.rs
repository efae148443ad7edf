//! Groups of changes: one poisoned member of each kind among 63 good ones.

use std::sync::mpsc;

use strongroom_core::audit::Origin;
use strongroom_core::clock::Timestamp;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::store::row::Value;
use crate::store::{Location, ReadTx, audit};

/// A store with two tables of its own and a writer that can be held up.
struct Room {
    sqlite: Arc<Sqlite>,
    path: PathBuf,
    folder: TempDir,
}

impl Room {
    async fn new(limits: WriterLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strongroom.db");
        crate::store::prepare(&Location::Sqlite(path.clone())).await.unwrap();
        let tables = "CREATE TABLE parents (name TEXT NOT NULL UNIQUE, filling BLOB); \
                      CREATE TABLE children (parent TEXT NOT NULL REFERENCES parents (name));";
        Connection::open(&path).unwrap().execute_batch(tables).unwrap();
        let sqlite = Arc::new(Sqlite::start(&path, limits).unwrap());
        Self { sqlite, path, folder }
    }

    /// Sends a change; it stands in the queue when this returns.
    async fn send(&self, run: Change) -> JoinHandle<Result<()>> {
        let sqlite = Arc::clone(&self.sqlite);
        let sent = tokio::spawn(async move { sqlite.write(run).await });
        tokio::task::yield_now().await;
        sent
    }

    /// Holds the writer up in a group of its own; all that is sent until it is let go is the next group.
    async fn hold_up(&self) -> (mpsc::Sender<()>, JoinHandle<Result<()>>) {
        let (started, running) = mpsc::channel();
        let (let_go, wait) = mpsc::channel();
        let held = self.send(Box::new(move |_| {
            started.send(()).unwrap();
            wait.recv().unwrap();
            Ok(Effect::default())
        }));
        let held = held.await;
        running.recv().unwrap();
        (let_go, held)
    }

    /// What another connection sees.
    fn seen(&self) -> Vec<String> {
        let sql = "SELECT name FROM parents ORDER BY name";
        self.sqlite.read(|session| session.rows(sql, &[], |row| row.at(0))).unwrap()
    }

    fn first_broken_link(&self) -> Option<i64> {
        self.sqlite.read(audit::first_broken_link).unwrap()
    }
}

fn insert(session: Session<'_>, name: &str) -> Result<u64> {
    session.execute("INSERT INTO parents (name) VALUES ($1)", &[name.into()])
}

fn good(name: &str) -> Change {
    let name = name.to_owned();
    Box::new(move |session| insert(session, &name).map(|_| Effect::default()))
}

/// A member that does some work first, which must not be seen afterwards.
fn poisoned(then: impl Fn(Session<'_>) -> Result<Effect> + Send + 'static) -> Change {
    Box::new(move |session| {
        insert(session, "poisoned")?;
        then(session)
    })
}

/// Lets 63 good changes and one poisoned one commit as one group; the error of the poisoned one.
async fn among_63_good_ones(limits: WriterLimits, poison: Change) -> Error {
    let room = Room::new(limits).await;
    let (let_go, held) = room.hold_up().await;
    let mut sent = Vec::new();
    let mut poison = Some(poison);
    for number in 0..63 {
        if number == 32 {
            sent.push(room.send(poison.take().unwrap()).await);
        }
        sent.push(room.send(good(&format!("good {number:02}"))).await);
    }
    assert_eq!(room.seen(), Vec::<String>::new());
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    let mut errors = Vec::new();
    for outcome in sent {
        errors.extend(outcome.await.unwrap().err());
    }
    assert_eq!(errors.len(), 1, "{errors:?}");
    let expected: Vec<String> = (0..63).map(|number| format!("good {number:02}")).collect();
    assert_eq!(room.seen(), expected);
    room.send(good("later")).await.await.unwrap().unwrap();
    assert!(room.seen().contains(&"later".to_owned()), "the writer goes on");
    assert_eq!(room.first_broken_link(), None);
    errors.remove(0)
}

async fn among_good_ones(poison: Change) -> Error {
    among_63_good_ones(WriterLimits::default(), poison).await
}

#[tokio::test]
async fn a_group_reads_what_waits_for_its_link_and_not_the_whole_log() {
    let room = Room::new(WriterLimits::default()).await;
    let plan = format!("EXPLAIN QUERY PLAN {}", audit::FOLLOWING);
    let values = [Value::Int(1), Value::Int(1)];
    let steps = |session: Session<'_>| session.rows(&plan, &values, |row| row.at(3));
    let steps: Vec<String> = room.sqlite.read(steps).unwrap();
    assert_eq!(steps, ["SEARCH e USING INTEGER PRIMARY KEY (rowid>?)"]);
}

#[tokio::test]
async fn a_member_that_returns_an_error_is_told_its_own() {
    let error = among_good_ones(poisoned(|_| Err(Error::TooLarge))).await;
    assert!(matches!(error, Error::TooLarge), "{error:?}");
}

#[tokio::test]
async fn a_member_that_panics_stays_in_its_savepoint() {
    let error = among_good_ones(poisoned(|_| panic!("a bug"))).await;
    assert!(matches!(error, Error::Internal(_)), "{error:?}");
}

#[tokio::test]
async fn a_member_that_breaks_a_constraint_is_told_so_at_once() {
    let twice = among_good_ones(poisoned(|session| {
        insert(session, "poisoned")?;
        unreachable!("the constraint is checked by the statement")
    }));
    assert!(matches!(twice.await, Error::Internal(_)));
    let null = "INSERT INTO parents (name) VALUES (NULL)";
    let null = among_good_ones(poisoned(|session| {
        session.execute(null, &[])?;
        unreachable!("the constraint is checked by the statement")
    }));
    assert!(matches!(null.await, Error::Internal(_)));
}

#[tokio::test]
async fn a_member_that_points_at_nothing_is_told_so_at_once() {
    let orphan = "INSERT INTO children (parent) VALUES ('nobody')";
    let error = among_good_ones(poisoned(|session| {
        session.execute(orphan, &[])?;
        unreachable!("the foreign key is checked by the statement")
    }));
    assert!(matches!(error.await, Error::Internal(_)));
}

#[tokio::test]
async fn a_member_that_writes_past_its_time_is_interrupted_and_the_others_run_again() {
    let limits =
        WriterLimits { member_time: Duration::from_millis(200), ..WriterLimits::default() };
    let endless = "INSERT INTO parents (name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT i FROM n WHERE i < 0";
    let poison = poisoned(|session| session.execute(endless, &[]).map(|_| Effect::default()));
    let error = among_63_good_ones(limits, poison).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_member_that_reads_past_its_time_is_interrupted() {
    let limits =
        WriterLimits { member_time: Duration::from_millis(200), ..WriterLimits::default() };
    let endless =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    let poison = poisoned(|session| {
        session.one(endless, &[], |row| row.at::<i64>(0)).map(|_| Effect::default())
    });
    let error = among_63_good_ones(limits, poison).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_member_that_fills_the_disk_is_told_so_and_the_others_run_again() {
    let error = among_good_ones(poisoned(|session| {
        let pages = session.one("PRAGMA page_count", &[], |row| row.at::<i64>(0))?;
        let limit = |pages: i64| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            session.one(&sql, &[], |row| row.at::<i64>(0))
        };
        limit(pages + 4)?;
        let filling = "INSERT INTO parents (name, filling) VALUES ('much', zeroblob(1000000))";
        let outcome = session.execute(filling, &[]);
        limit(1_000_000)?;
        outcome.map(|_| Effect::default())
    }))
    .await;
    assert!(matches!(error, Error::StorageFull(_)), "{error:?}");
}

/// As an I/O error does: the transaction is gone when the member returns.
#[tokio::test]
async fn a_member_that_ends_the_transaction_takes_nobody_with_it() {
    for ending in ["ROLLBACK", "COMMIT", "RELEASE member", "ROLLBACK TO member; RELEASE member"] {
        let error = among_good_ones(poisoned(move |session| {
            let Session::Sqlite(connection, _) = session else { unreachable!("this is SQLite") };
            connection.execute_batch(ending).map_err(sqlite_error)?;
            Ok(Effect::default())
        }));
        let error = error.await;
        assert!(matches!(error, Error::Internal(_)), "{ending}: {error:?}");
    }
}

#[tokio::test]
async fn a_member_that_begins_a_transaction_of_its_own_takes_nobody_with_it() {
    let error = among_good_ones(poisoned(|session| {
        let Session::Sqlite(connection, _) = session else { unreachable!("this is SQLite") };
        connection.execute_batch("ROLLBACK; BEGIN").map_err(sqlite_error)?;
        insert(session, "stray").map(|_| Effect::default())
    }));
    assert!(matches!(error.await, Error::Internal(_)));
}

#[tokio::test]
async fn a_whole_group_is_one_commit_and_answers_come_after_it() {
    let room = Room::new(WriterLimits::default()).await;
    let (let_go, held) = room.hold_up().await;
    let mut sent = Vec::new();
    for number in 0..63 {
        sent.push(room.send(good(&format!("good {number}"))).await);
    }
    // The last one sees the others in its transaction, and nobody outside sees any of them.
    let path = room.path.clone();
    let last = room.send(Box::new(move |session| {
        let count = "SELECT COUNT(*) FROM parents";
        let inside = session.one(count, &[], |row| row.at::<i64>(0))?;
        let outside = open_reader(&path)?;
        let outside = Session::Sqlite(&outside, None).one(count, &[], |row| row.at::<i64>(0))?;
        assert_eq!((inside, outside), (63, 0));
        Ok(Effect::default())
    }));
    sent.push(last.await);
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for outcome in sent {
        outcome.await.unwrap().unwrap();
        assert_eq!(room.seen().len(), 63, "the answer is there, so the group is on disk");
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_forgets_nobody() {
    let room = Room::new(WriterLimits { queue: 3, ..WriterLimits::default() }).await;
    let (let_go, held) = room.hold_up().await;
    let mut waiting = Vec::new();
    for number in 0..3 {
        waiting.push(room.send(good(&format!("good {number}"))).await);
    }
    let refused = room.send(good("one more")).await.await.unwrap();
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for outcome in waiting {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(room.seen().len(), 3);
    room.send(good("one more")).await.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_group_larger_than_its_bound_is_cut_and_loses_nobody() {
    let room = Room::new(WriterLimits { group: 10, ..WriterLimits::default() }).await;
    let (let_go, held) = room.hold_up().await;
    let mut sent = Vec::new();
    for number in 0..64 {
        sent.push(room.send(good(&format!("good {number}"))).await);
    }
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for outcome in sent {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(room.seen().len(), 64);
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_stop_the_change() {
    let room = Room::new(WriterLimits::default()).await;
    let (let_go, held) = room.hold_up().await;
    let gone = room.send(good("of nobody")).await;
    let stays = room.send(good("of somebody")).await;
    gone.abort();
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    stays.await.unwrap().unwrap();
    assert_eq!(room.seen(), ["of nobody", "of somebody"]);
}

#[tokio::test]
async fn links_follow_the_order_of_entries_and_leave_out_those_of_members_that_failed() {
    let room = Room::new(WriterLimits::default()).await;
    let (let_go, held) = room.hold_up().await;
    let mut sent = Vec::new();
    for number in 0..64 {
        sent.push(
            room.send(Box::new(move |session| {
                audit::insert(session, &entry(number))?;
                match number % 4 {
                    3 => Err(Error::TooLarge),
                    _ => Ok(Effect::default()),
                }
            }))
            .await,
        );
    }
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for (number, outcome) in sent.into_iter().enumerate() {
        assert_eq!(outcome.await.unwrap().is_ok(), number % 4 != 3);
    }
    let linked = "SELECT e.at FROM audit_links l JOIN audit_entries e ON e.id = l.entry_id ORDER BY l.position";
    let linked = room.sqlite.read(|session| session.rows(linked, &[], |row| row.at::<i64>(0)));
    let expected: Vec<i64> = (0..64).filter(|number| number % 4 != 3).collect();
    assert_eq!(linked.unwrap(), expected);
    assert_eq!(room.first_broken_link(), None);
}

#[tokio::test]
async fn the_chain_goes_on_after_a_group_that_was_undone() {
    let room = Room::new(WriterLimits::default()).await;
    let (let_go, held) = room.hold_up().await;
    let mut sent = Vec::new();
    for number in 0..6 {
        sent.push(
            room.send(Box::new(move |session| {
                audit::insert(session, &entry(number))?;
                if number == 3 {
                    session.execute("ROLLBACK", &[])?;
                }
                Ok(Effect::default())
            }))
            .await,
        );
    }
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for (number, outcome) in sent.into_iter().enumerate() {
        assert_eq!(outcome.await.unwrap().is_ok(), number != 3);
    }
    assert_eq!(room.first_broken_link(), None);
    let links = room.sqlite.read(|session| {
        session.one("SELECT COUNT(*) FROM audit_links", &[], |row| row.at::<i64>(0))
    });
    assert_eq!(links.unwrap(), 5);
    // A writer that starts anew goes on where the chain ends.
    let Room { sqlite, path, folder } = room;
    drop(sqlite);
    let sqlite = Arc::new(Sqlite::start(&path, WriterLimits::default()).unwrap());
    let room = Room { sqlite, path, folder };
    let change: Change =
        Box::new(|session| audit::insert(session, &entry(9)).map(|_| Effect::default()));
    room.send(change).await.await.unwrap().unwrap();
    assert_eq!(room.first_broken_link(), None);
}

#[tokio::test]
async fn the_epoch_rises_with_a_change_that_takes_rights_once_it_is_on_disk() {
    let room = Room::new(WriterLimits::default()).await;
    let before = room.sqlite.epoch();
    let revoking = |fails: bool| -> Change {
        Box::new(move |_| match fails {
            true => Err(Error::TooLarge),
            false => Ok(Effect { revokes: true, relists: false }),
        })
    };
    room.send(good("a")).await.await.unwrap().unwrap();
    room.send(revoking(true)).await.await.unwrap().unwrap_err();
    assert_eq!(room.sqlite.epoch(), before);
    let (let_go, held) = room.hold_up().await;
    let sent = room.send(revoking(false)).await;
    assert_eq!(room.sqlite.epoch(), before, "not before it is on disk");
    let_go.send(()).unwrap();
    held.await.unwrap().unwrap();
    sent.await.unwrap().unwrap();
    assert_eq!(room.sqlite.epoch(), before + 1);
}

#[tokio::test]
async fn a_reader_that_fails_or_panics_spoils_no_other() {
    let room = Room::new(WriterLimits::default()).await;
    room.send(good("a")).await.await.unwrap().unwrap();
    assert!(room.sqlite.read(|_| Err::<(), _>(Error::TooLarge)).is_err());
    let broken = "SELECT nothing FROM nowhere";
    assert!(room.sqlite.read(|session| session.rows(broken, &[], |_| Ok(()))).is_err());
    let panics = || room.sqlite.read(|_| -> Result<()> { panic!("a bug") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let writes = room.sqlite.read(|session| insert(session, "by a reader"));
    assert!(writes.is_err(), "a reader writes nothing");
    assert_eq!(room.seen(), ["a"]);
}

#[tokio::test]
async fn a_reader_sees_one_state_from_beginning_to_end() {
    let room = Room::new(WriterLimits::default()).await;
    room.send(good("a")).await.await.unwrap().unwrap();
    let count = "SELECT COUNT(*) FROM parents";
    let sqlite = Arc::clone(&room.sqlite);
    let (first_read, go_on) = (mpsc::channel(), mpsc::channel());
    let reader = std::thread::spawn(move || {
        sqlite.read(|session| {
            let before = session.one(count, &[], |row| row.at::<i64>(0))?;
            first_read.0.send(()).unwrap();
            go_on.1.recv().unwrap();
            Ok((before, session.one(count, &[], |row| row.at::<i64>(0))?))
        })
    });
    first_read.1.recv().unwrap();
    room.send(good("b")).await.await.unwrap().unwrap();
    go_on.0.send(()).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), (1, 1));
    assert_eq!(room.seen().len(), 2);
}

#[tokio::test]
async fn more_ids_than_one_statement_takes_are_looked_up_in_several() {
    let room = Room::new(WriterLimits::default()).await;
    let ids: Vec<i64> = (1..40_000).collect();
    let found = room.sqlite.read(|session| {
        let tx = ReadTx::new(session, Timestamp::from_micros(0), None);
        let rows = tx.credential_rows(&ids)?.len() + tx.type_rows(&ids)?.len();
        Ok(rows + tx.users_by_id(&ids)?.len() + tx.roles_by_id(&ids)?.len())
    });
    assert_eq!(found.unwrap(), 0);
}

#[test]
fn values_are_bound_by_name_however_often_a_statement_names_them() {
    let connection = Connection::open_in_memory().unwrap();
    let session = Session::Sqlite(&connection, None);
    let values = [Value::Int(1), Value::Text("two"), Value::Int(3)];
    let found = session.one("SELECT $3, $2, $1, $3", &values, |row| {
        Ok((row.at::<i64>(0)?, row.at::<String>(1)?, row.at::<i64>(2)?, row.at::<i64>(3)?))
    });
    assert_eq!(found.unwrap(), (3, "two".to_owned(), 1, 3));
}

fn entry(at: i64) -> strongroom_core::audit::Entry {
    use strongroom_core::audit::{Entry, Operation, Outcome, Who};
    Entry {
        at: Timestamp::from_micros(at),
        operation: Operation::Create,
        outcome: Outcome::Done,
        origin: Origin::local(),
        who: Who::default(),
        objects: Vec::new(),
        organization_id: None,
        reason: String::new(),
        changes: Vec::new(),
        times: 1,
    }
}
