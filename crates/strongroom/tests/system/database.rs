//! A look into the database itself, past the server.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;
use strongroom_core::audit::{GENESIS, link};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::common::Store;

/// An open database of either kind.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(Runtime, Client),
}

/// A row; every cell is a text, bytes as `\x` and hexadecimal digits.
type Row = Vec<Option<String>>;

impl Database {
    /// The database of a store.
    pub(crate) fn of(store: &Store) -> Self {
        let Some(url) = store.postgres_url() else {
            return Self::Sqlite(rusqlite::Connection::open(store.sqlite_file()).unwrap());
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        Self::Postgres(runtime, client)
    }

    /// The rows of a query.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Row> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let row = |row: &rusqlite::Row<'_>| {
                    Ok((0..width).map(|at| cell(row.get_ref_unwrap(at))).collect())
                };
                statement.query_map([], row).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(runtime, client) => {
                let messages = runtime.block_on(client.simple_query(sql)).unwrap();
                let rows = messages.into_iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
                    .collect()
            }
        }
    }

    /// Checks the file of the database itself, as far as its kind can.
    pub(crate) fn check_file(&self) {
        if let Self::Sqlite(_) = self {
            assert_eq!(self.rows("PRAGMA integrity_check"), [[Some("ok".to_owned())]]);
            assert_eq!(self.rows("PRAGMA foreign_key_check"), Vec::<Row>::new());
        }
    }

    /// No credential lacks a part of what is written with it, and no part is there without it.
    pub(crate) fn check_whole(&self) {
        for sql in HALVES {
            assert_eq!(self.rows(sql), Vec::<Row>::new(), "{sql}");
        }
        let sealed: BTreeSet<Row> = self
            .rows("SELECT credential_id, field, version FROM sealed_inputs")
            .into_iter()
            .collect();
        let mut named = BTreeSet::new();
        for row in self.rows(SECRETS) {
            let secrets: Value = serde_json::from_str(row[1].as_ref().unwrap()).unwrap();
            for (field, version) in secrets.as_object().unwrap() {
                named.insert(vec![row[0].clone(), Some(field.clone()), Some(version.to_string())]);
            }
        }
        assert_eq!(sealed, named, "sealed values and the versions that name them");
    }

    /// Every audit entry has its link, and every link holds.
    pub(crate) fn check_chain(&self) {
        let count = |table: &str| self.rows(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(count("audit_entries"), count("audit_links"));
        let mut previous = GENESIS;
        for (row, position) in self.rows(LINKED).iter().zip(1_u64..) {
            let [columns @ .., at, hash] = row.as_slice() else { panic!("an empty row") };
            let columns: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
            previous = link(&previous, &columns);
            assert_eq!(*at, Some(position.to_string()));
            assert_eq!(*hash, Some(bytes(&previous)), "the link at {position}");
        }
    }
}

fn cell(value: rusqlite::types::ValueRef<'_>) -> Option<String> {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(blob) => Some(bytes(blob)),
    }
}

fn bytes(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Each finds the halves of a write; none may find a row.
const HALVES: [&str; 6] = [
    "SELECT id FROM credentials c WHERE version <> \
     (SELECT max(number) FROM credential_versions v WHERE v.credential_id = c.id)",
    "SELECT id FROM credentials c WHERE NOT EXISTS \
     (SELECT 1 FROM credential_versions v WHERE v.credential_id = c.id AND v.number = c.version \
     AND v.inputs = c.inputs AND v.secrets = c.secrets)",
    "SELECT id FROM credentials c WHERE \
     (SELECT count(*) FROM roles r WHERE r.resource_kind = 'credential' AND r.resource_id = c.id) <> \
     (SELECT count(*) FROM roles r WHERE r.resource_kind = 'credential' AND r.resource_id = 1)",
    "SELECT id FROM roles r WHERE resource_kind = 'credential' AND NOT EXISTS \
     (SELECT 1 FROM credentials c WHERE c.id = r.resource_id)",
    "SELECT id FROM credentials c WHERE NOT managed AND born_in IN ('awx', 'native') AND 1 <> \
     (SELECT count(*) FROM audit_objects o JOIN audit_entries e ON e.id = o.entry_id \
     WHERE o.kind = 'credential' AND o.id = c.id AND o.position = 0 AND e.action = 'create')",
    "SELECT id FROM tokens t WHERE 1 <> \
     (SELECT count(*) FROM audit_objects o JOIN audit_entries e ON e.id = o.entry_id \
     WHERE o.kind = 'token' AND o.id = t.id AND o.position = 0 AND e.action = 'create')",
];

/// The secrets of each version; a robot's is a hash and is not sealed.
const SECRETS: &str = "SELECT credential_id, secrets FROM credential_versions \
    WHERE credential_id NOT IN (SELECT credential_id FROM robots)";

const LINKED: &str = "SELECT e.id, e.at, e.action, e.outcome, e.dialect, e.request_id, e.source, e.actor_id, \
    e.actor_name, e.token_id, e.objects, e.organization_id, e.reason, e.changes, e.times, l.position, l.hash \
    FROM audit_links l JOIN audit_entries e ON e.id = l.entry_id ORDER BY l.position";
