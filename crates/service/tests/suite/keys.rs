//! The root key and its faults: whatever is wrong with it, nothing is written.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use strongroom_service::{OpenError, OwnerDoor};

use crate::room::{Database, StoreKind, TestRoom, machine, open, options};

/// What is wrong with the key file, and the exit code that tells so.
const FAULTS: [(&str, u8); 6] = [
    ("missing", 10),
    ("empty", 11),
    ("malformed", 12),
    ("wrong", 13),
    ("foreign", 14),
    ("open", 16),
];

on_both_stores! {
    a_store_that_exists_never_opens_with_a_key_that_does_not_fit
    a_first_start_without_leave_makes_neither_key_nor_store
    a_key_that_waits_for_its_first_start_names_the_store
    sealed_bytes_that_were_moved_to_another_credential_do_not_open
    no_row_holds_a_secret_in_the_clear
}

async fn a_store_that_exists_never_opens_with_a_key_that_does_not_fit(room: TestRoom) {
    room.admin().await.create_own("kept").await;
    room.room.close().await;
    let good = fs::read_to_string(room.database.key_file()).unwrap();
    let other = foreign_key().await;
    for (fault, code) in FAULTS {
        spoil(&room.database.key_file(), fault, &good, &other);
        let before = state(&room.database).await;
        let error = open(options(&room.database, room.clock.clone())).await.unwrap_err();
        assert_eq!(error.exit_code(), code, "{fault}: {error}");
        assert!(!error.to_string().contains(good.rsplit(':').next().unwrap().trim()), "{fault}");
        assert_eq!(state(&room.database).await, before, "{fault} wrote something");
    }
    write_key(&room.database.key_file(), &good);
    assert!(open(options(&room.database, room.clock.clone())).await.is_ok());
}

async fn a_first_start_without_leave_makes_neither_key_nor_store(room: TestRoom) {
    let database = Database::new(room.database.kind()).await;
    let mut first = options(&database, room.clock.clone());
    first.key.may_create = false;
    let error = open(first).await.unwrap_err();
    assert_eq!(error.exit_code(), 10);
    assert!(!database.key_file().exists());
    match database.kind() {
        StoreKind::Sqlite => assert_eq!(fs::read_dir(database.folder()).unwrap().count(), 0),
        StoreKind::Postgres => assert!(tables(&database).await.is_empty()),
    }
}

async fn a_key_that_waits_for_its_first_start_names_the_store(room: TestRoom) {
    let database = Database::new(room.database.kind()).await;
    let mut other = foreign_key().await;
    write_key(&database.key_file(), &other);
    let opened = open(options(&database, room.clock.clone())).await.unwrap();
    let store = opened.room.store_id().to_string();
    assert!(other.contains(&store));
    // What was given is not replaced.
    other = fs::read_to_string(database.key_file()).unwrap();
    assert!(other.contains(&store));
}

async fn sealed_bytes_that_were_moved_to_another_credential_do_not_open(room: TestRoom) {
    let admin = room.admin().await;
    let one = admin.create_in(1, "one").await;
    let two = admin.create_in(1, "two").await;
    room.database.rows(&format!(
        "UPDATE sealed_inputs SET sealed = (SELECT s.sealed FROM sealed_inputs s WHERE s.credential_id = {one}) \
         WHERE credential_id = {two}"
    )).await;
    assert!(matches!(admin.copy(two, "three").await, Err(strongroom_core::Error::Internal(_))));
    assert!(admin.copy(one, "four").await.is_ok());
}

async fn no_row_holds_a_secret_in_the_clear(room: TestRoom) {
    let admin = room.admin().await;
    let draft = machine("a");
    admin.create_credential(OwnerDoor::User(admin.this()), draft).await.unwrap();
    for table in ["credentials", "credential_versions", "audit_entries"] {
        let rows = room.database.rows(&format!("SELECT * FROM {table}")).await;
        assert!(!format!("{rows:?}").contains("s3cret"), "{table}");
    }
    let sealed = room.database.rows("SELECT COUNT(*) FROM sealed_inputs").await;
    assert_eq!(sealed, [["1"]]);
}

/// The key of another store, as its file holds it.
async fn foreign_key() -> String {
    let other = TestRoom::new(StoreKind::Sqlite).await;
    fs::read_to_string(other.database.key_file()).unwrap()
}

fn spoil(path: &Path, fault: &str, good: &str, other: &str) {
    let store = good.split(':').nth(2).unwrap();
    let other_bytes = other.trim_end().rsplit(':').next().unwrap();
    match fault {
        "missing" => fs::remove_file(path).unwrap(),
        "empty" => write_key(path, ""),
        "malformed" => write_key(path, "strongroom-root-key:1:x:y\n"),
        "wrong" => write_key(path, &format!("strongroom-root-key:1:{store}:{other_bytes}\n")),
        "foreign" => write_key(path, other),
        _ => {
            write_key(path, good);
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

fn write_key(path: &Path, text: &str) {
    use std::io::Write;
    let folder = path.parent().unwrap();
    if !folder.exists() {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Everything that opening could have written: rows, and files but for the database's own.
async fn state(database: &Database) -> (Vec<Vec<String>>, BTreeMap<PathBuf, Vec<u8>>) {
    let counts = "SELECT (SELECT COUNT(*) FROM audit_entries), (SELECT COUNT(*) FROM credentials), \
                  (SELECT COUNT(*) FROM tokens), (SELECT MAX(id) FROM audit_entries), (SELECT epoch FROM revocation)";
    let rows = database.rows(counts).await;
    let mut files = BTreeMap::new();
    for folder in [database.folder(), database.key_file().parent().unwrap().to_owned()] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && !name.ends_with("-shm") && !name.ends_with("-wal") {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    (rows, files)
}

async fn tables(database: &Database) -> Vec<Vec<String>> {
    database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").await
}

#[test]
fn every_fault_has_an_exit_code_of_its_own() {
    let codes: std::collections::BTreeSet<u8> = FAULTS.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes.len(), FAULTS.len());
    assert!(!codes.contains(&OpenError::AdminPassword.exit_code()));
}
