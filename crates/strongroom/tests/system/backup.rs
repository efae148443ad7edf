//! A backup made under load, restored on an empty machine with nothing but it and the key; the same for
//! PostgreSQL with its own tools; and the exported audit log, proved offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::common::{Server, Store};
use crate::proof::figures;
use crate::reader::Reader;
use crate::wire::{Request, Wire};

#[test]
fn a_backup_under_load_is_restored_with_nothing_but_it_and_the_key() {
    let store = Store::sqlite();
    let server = store.start();
    let token = Reader::log_in(&server).token;
    let before = write(&server, &token, "before", 40);
    let backup = store.folder().join("room.backup");
    let path = backup.to_str().unwrap();
    let said = under_load(&server, &token, || store.run(&["backup", "create", path]));
    let said = succeeded(&said);
    let key = active_key(&store);
    assert!(said.contains(&key), "{said}");
    // Nothing is written over.
    assert!(!store.run(&["backup", "create", path]).status.success());
    assert_no_key_inside(&store, &backup);
    // Without the key it is whole and names what it needs.
    let whole = succeeded(&store.run(&["backup", "verify", path]));
    assert!(whole.contains(&key), "{whole}");
    let root = store.data_dir().join("keys/root.key");
    let sound = store.run(&["backup", "verify", path, "--key-file", root.to_str().unwrap()]);
    assert!(succeeded(&sound).contains("sound:"));

    let empty = Store::sqlite();
    let refused = empty.run(&["backup", "restore", path]);
    assert!(!refused.status.success());
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains(&key) && told.contains("needs root key"), "{told}");
    assert!(!empty.sqlite_file().exists());
    copy_key(&store, &empty);
    succeeded(&empty.run(&["backup", "restore", path]));
    assert!(!empty.run(&["backup", "restore", path]).status.success(), "a store is there already");
    assert!(succeeded(&empty.run(&["fsck"])).starts_with("sound:"));
    let restored = empty.start();
    let mut reader = Reader::with_token(&restored, &token);
    for id in before {
        let target = format!("/api/v2/credentials/{id}/copy/");
        reader.post(&target, &json!({"name": format!("copy of {id}")}));
    }

    // A byte that is another is noticed before anything of it is used.
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let harmed = store.folder().join("harmed.backup");
    fs::write(&harmed, bytes).unwrap();
    let harmed = harmed.to_str().unwrap();
    assert!(!store.run(&["backup", "verify", harmed]).status.success());
    let other = Store::sqlite();
    copy_key(&store, &other);
    assert!(!other.run(&["backup", "restore", harmed]).status.success());
    assert!(!other.sqlite_file().exists());
    figures(
        "backup, SQLite",
        "a backup made under load is restored with nothing but it and the key; without the key it is refused",
        &json!({"bytes": middle * 2, "missing": 0, "unreadable": 0}),
    );
}

#[test]
fn a_dump_of_postgres_under_load_is_restored_with_nothing_but_it_and_the_key() {
    let store = Store::postgres();
    let server = store.start();
    let token = Reader::log_in(&server).token;
    let before = write(&server, &token, "before", 20);
    let refused = store.run(&["backup", "create", "/tmp/never"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("pg_dump"));
    let dump = store.folder().join("room.dump");
    let dumped = under_load(&server, &token, || {
        Command::new(postgres_tool("pg_dump"))
            .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
            .arg(&dump)
            .arg(store.postgres_url().unwrap())
            .output()
            .unwrap()
    });
    succeeded(&dumped);
    let empty = Store::postgres();
    let restored = Command::new(postgres_tool("pg_restore"))
        .args(["--no-owner", "--no-privileges", "--exit-on-error", "--dbname"])
        .arg(empty.postgres_url().unwrap())
        .arg(&dump)
        .output()
        .unwrap();
    succeeded(&restored);
    copy_key(&store, &empty);
    let sound = succeeded(&empty.run(&["fsck"]));
    assert!(sound.starts_with("sound:"), "{sound}");
    let server = empty.start();
    let mut reader = Reader::with_token(&server, &token);
    for id in before {
        let target = format!("/api/v2/credentials/{id}/copy/");
        reader.post(&target, &json!({"name": format!("copy of {id}")}));
    }
    figures(
        "backup, PostgreSQL",
        "a dump made under load is restored with nothing but it and the key",
        &json!({"missing": 0, "unreadable": 0}),
    );
}

#[test]
fn the_exported_log_is_proved_offline_and_its_end_by_what_was_kept_elsewhere() {
    for store in Store::both() {
        let anchors = store.folder().join("anchors");
        let mut server = store.start_with(&["--audit-anchor-file", anchors.to_str().unwrap()]);
        let printed = server.said().iter().find_map(|line| line.split_once("elsewhere: "));
        let key = printed.expect("the first start prints the public key").1.to_owned();
        assert_eq!(succeeded(&store.run(&["audit", "key"])).trim(), key);
        let token = Reader::log_in(&server).token;
        write(&server, &token, "entry", 10);
        assert!(
            succeeded(&store.run(&["audit", "checkpoint", "--data-dir", data_dir(&store)]))
                .contains(&key[..20])
        );
        server.stop();
        let export = store.folder().join("export.jsonl");
        let export = export.to_str().unwrap();
        succeeded(&store.run(&[
            "audit",
            "export",
            "--data-dir",
            data_dir(&store),
            "--out",
            export,
        ]));
        let proved = succeeded(&store.run(&["audit", "verify", export, "--public-key", &key]));
        assert!(proved.starts_with("proved: "), "{proved}");
        let text = fs::read_to_string(export).unwrap();
        let kept: Vec<&str> = text.lines().collect();
        // The older export, whole by itself, whose newest entries are gone.
        let cut = kept.iter().position(|line| line.contains("\"checkpoint\"")).unwrap();
        let shorter = store.folder().join("shorter.jsonl");
        fs::write(&shorter, kept[..=cut].join("\n")).unwrap();
        let shorter = shorter.to_str().unwrap();
        let all = store.folder().join("all");
        let newest =
            succeeded(&store.run(&["audit", "checkpoint", "--data-dir", data_dir(&store)]));
        let anchored = fs::read_to_string(&anchors).unwrap_or_default();
        fs::write(&all, anchored + &newest).unwrap();
        let found = store.run(&[
            "audit",
            "verify",
            shorter,
            "--public-key",
            &key,
            "--anchors",
            all.to_str().unwrap(),
        ]);
        assert_eq!(found.status.code(), Some(1));
        let told = String::from_utf8(found.stderr).unwrap();
        assert!(told.contains("NOT PROVED") && told.contains("position"), "{told}");
        let edited = store.folder().join("edited.jsonl");
        fs::write(&edited, text.replacen("\"admin\"", "\"eve\"", 1)).unwrap();
        let edited = edited.to_str().unwrap();
        let found = store.run(&["audit", "verify", edited, "--public-key", &key]);
        assert_eq!(found.status.code(), Some(1));
    }
}

fn data_dir(store: &Store) -> &'static str {
    // Long enough for a test.
    Box::leak(store.data_dir().into_os_string().into_string().unwrap().into_boxed_str())
}

/// Credentials with a secret each; their ids.
fn write(server: &Server, token: &str, name: &str, count: usize) -> Vec<i64> {
    let mut wire = Wire::open(server.address()).unwrap();
    (0..count)
        .map(|number| create(&mut wire, token, &format!("{name}-{number}")).unwrap())
        .collect()
}

fn create(wire: &mut Wire, token: &str, name: &str) -> Option<i64> {
    let inputs = json!({"username": name, "password": format!("secret of {name}")});
    let body = json!({"name": name, "credential_type": 1, "inputs": inputs});
    let request = Request::new("POST", "/api/v2/users/1/credentials/").bearer(token).json(&body);
    let answer = wire.call(&request).ok()?;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_i64()
}

fn under_load(server: &Server, token: &str, work: impl FnOnce() -> Output) -> Output {
    let stop = AtomicBool::new(false);
    let address = server.address();
    thread::scope(|scope| {
        for writer in 0..4 {
            let stop = &stop;
            scope.spawn(move || {
                let mut wire = Wire::open(address).unwrap();
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    create(&mut wire, token, &format!("load-{writer}-{number}"));
                }
            });
        }
        let output = work();
        stop.store(true, Ordering::Relaxed);
        output
    })
}

fn active_key(store: &Store) -> String {
    let status = succeeded(&store.run(&["keys", "status"]));
    status.split_whitespace().next().unwrap().to_owned()
}

fn assert_no_key_inside(store: &Store, backup: &Path) {
    let line = fs::read_to_string(store.data_dir().join("keys/root.key")).unwrap();
    let encoded = line.trim().rsplit(':').next().unwrap().as_bytes();
    let bytes = fs::read(backup).unwrap();
    assert!(!bytes.windows(encoded.len()).any(|window| window == encoded));
}

fn copy_key(from: &Store, to: &Store) {
    let (key, place) = (from.data_dir().join("keys/root.key"), to.data_dir().join("keys/root.key"));
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    for folder in [to.data_dir(), to.data_dir().join("keys")] {
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    fs::copy(key, place).unwrap();
}

/// A tool of the newest PostgreSQL on this machine.
fn postgres_tool(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let mut tools: Vec<PathBuf> =
        versions.map(|entry| entry.unwrap().path().join("bin").join(name)).collect();
    tools.retain(|tool| tool.exists());
    tools.sort();
    tools.pop().expect("the tools of PostgreSQL are installed")
}

fn succeeded(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}
