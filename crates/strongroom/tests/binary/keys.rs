//! A root key that does not fit: each fault has its own exit code and message, and nothing is written.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use strongroom_seal::digest::sha256;

use crate::common::Store;

/// A store that was made and stopped, its key elsewhere.
struct Bench {
    store: Store,
    key: PathBuf,
}

/// What is done to the key, and what comes of it.
struct Case {
    name: &'static str,
    harm: fn(&Bench),
    code: i32,
    sentence: &'static str,
}

const CASES: [Case; 9] = [
    Case { name: "missing", harm: remove, code: 10, sentence: "there is no root key at" },
    Case {
        name: "empty",
        harm: |bench| bench.write(b""),
        code: 11,
        sentence: "is empty: restore it",
    },
    Case { name: "wrong length", harm: shorten, code: 12, sentence: "is not the one line" },
    Case {
        name: "another format",
        harm: |bench| bench.write(b"0123456789abcdef"),
        code: 12,
        sentence: "is not the one line",
    },
    Case { name: "wrong", harm: change, code: 13, sentence: "does not open this store" },
    Case { name: "foreign", harm: exchange, code: 14, sentence: "but this is store" },
    Case {
        name: "unreadable",
        harm: |bench| bench.mode(0o000),
        code: 15,
        sentence: "cannot be read",
    },
    Case {
        name: "too open",
        harm: |bench| bench.mode(0o440),
        code: 16,
        sentence: "is open to others",
    },
    Case {
        name: "in an open folder",
        harm: open_folder,
        code: 16,
        sentence: "is a folder where others may write",
    },
];

#[test]
fn every_bad_key_is_refused_on_sqlite_and_nothing_is_written() {
    every_bad_key_is_refused(Store::sqlite);
}

#[test]
fn every_bad_key_is_refused_on_postgres_and_nothing_is_written() {
    every_bad_key_is_refused(Store::postgres);
}

#[test]
fn a_store_that_exists_never_gets_a_new_key() {
    for store in Store::both() {
        let mut server = store.start();
        assert!(server.stop().success());
        fs::remove_file(store.data_dir().join("keys/root.key")).unwrap();
        let before = digest(&store);
        let output = store.run(&["serve"]);
        assert_eq!(output.status.code(), Some(10), "{output:?}");
        assert_eq!(digest(&store), before);
    }
}

#[test]
fn a_first_start_makes_no_key_at_a_place_that_was_named() {
    let store = Store::sqlite();
    let output = store.run(&["serve", "--key-file", "absent.key"]);
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    assert!(!store.folder().join("absent.key").exists());
    assert_eq!(fs::read_dir(store.data_dir()).unwrap().count(), 0);
}

fn every_bad_key_is_refused(store: fn() -> Store) {
    let bench = Bench::new(store());
    let whole = fs::read(&bench.key).unwrap();
    assert!(bench.start().is_none(), "the good key opens the store");
    for case in CASES {
        (case.harm)(&bench);
        let before = digest(&bench.store);
        let output = bench.start().expect(case.name);
        assert_eq!(output.status.code(), Some(case.code), "{}: {output:?}", case.name);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(case.sentence), "{}: {message}", case.name);
        let path = bench.key.parent().unwrap().to_str().unwrap();
        assert!(message.contains(path), "{}: {message}", case.name);
        let secret =
            String::from_utf8_lossy(&whole).split(':').nth(3).unwrap().trim_end().to_owned();
        assert!(!message.contains(&secret));
        assert_eq!(digest(&bench.store), before, "{} wrote something", case.name);
        bench.restore(&whole);
    }
    assert!(bench.start().is_none(), "the restored key opens the store");
}

impl Bench {
    /// Made as another user when the test runs as root, to whom every file is readable.
    fn new(store: Store) -> Self {
        let folder = store.folder().to_owned();
        let key = folder.join("key").join("root.key");
        let bench = Self { store, key };
        if rustix::process::geteuid().is_root() {
            // Another program copies: a file that this one holds open for writing cannot be run by the
            // children of its other threads.
            let copied = Command::new("cp")
                .arg(env!("CARGO_BIN_EXE_strongroom"))
                .arg(bench.binary())
                .status();
            assert!(copied.unwrap().success());
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        assert!(bench.serve(&[]).is_none(), "the store is made");
        fs::rename(bench.store.data_dir().join("keys"), bench.key.parent().unwrap()).unwrap();
        bench
    }

    fn binary(&self) -> PathBuf {
        self.store.folder().join("strongroom")
    }

    fn command(&self, words: &[&str]) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.store.command(words);
        }
        let mut command = Command::new(self.binary());
        command
            .args(words)
            .env_clear()
            .envs(self.store.environment())
            .current_dir(self.store.folder())
            .uid(NOBODY)
            .gid(NOBODY);
        command
    }

    /// What a server with this key said that did not start; `None` if it did.
    fn start(&self) -> Option<Output> {
        self.serve(&["--key-file", self.key.to_str().unwrap()])
    }

    fn serve(&self, words: &[&str]) -> Option<Output> {
        let mut command = self.command(&[&["serve"], words].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        if printed.into_iter().any(|line| line.starts_with("listening on ")) {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        Some(child.wait_with_output().unwrap())
    }

    fn write(&self, content: &[u8]) {
        self.remove_file();
        fs::write(&self.key, content).unwrap();
        self.own();
        self.mode(0o400);
    }

    fn restore(&self, whole: &[u8]) {
        fs::set_permissions(self.key.parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
        self.write(whole);
    }

    fn remove_file(&self) {
        if self.key.exists() {
            fs::remove_file(&self.key).unwrap();
        }
    }

    fn own(&self) {
        if rustix::process::geteuid().is_root() {
            chown(&self.key, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(&self.key, Permissions::from_mode(mode)).unwrap();
    }
}

fn remove(bench: &Bench) {
    fs::remove_file(&bench.key).unwrap();
}

fn open_folder(bench: &Bench) {
    let folder = bench.key.parent().unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o722)).unwrap();
}

/// One byte less than a key has.
fn shorten(bench: &Bench) {
    let line = fs::read_to_string(&bench.key).unwrap();
    let head = line.rsplit_once(':').unwrap().0;
    bench.write(format!("{head}:{}\n", "AAAA".repeat(10) + "AA==").as_bytes());
}

/// Another key that names the same store.
fn change(bench: &Bench) {
    let line = fs::read_to_string(&bench.key).unwrap();
    let head = line.rsplit_once(':').unwrap().0;
    bench.write(format!("{head}:{}\n", "AAAA".repeat(10) + "AAA=").as_bytes());
}

/// The whole key of another store.
fn exchange(bench: &Bench) {
    let other = Store::sqlite();
    assert!(other.start().stop().success());
    bench.write(&fs::read(other.data_dir().join("keys/root.key")).unwrap());
}

/// The hash of every file of the data directory and of every row of the database.
fn digest(store: &Store) -> BTreeMap<String, String> {
    let mut digests = store.row_digests();
    add_files(&store.data_dir(), &mut digests);
    digests
}

fn add_files(folder: &Path, digests: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            add_files(&path, digests);
            continue;
        }
        // Readers of the embedded database share memory through one file and make room for a log in
        // another: neither holds a byte of the store unless the log does.
        let is_readers = match path.extension().and_then(OsStr::to_str) {
            Some("db-shm") => true,
            Some("db-wal") => metadata.len() == 0,
            _ => false,
        };
        if is_readers {
            continue;
        }
        let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let hash =
            sha256(&content).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        digests.insert(
            path.display().to_string(),
            format!("{hash} {:o}", metadata.permissions().mode()),
        );
    }
}

/// The user `nobody` of every Debian.
const NOBODY: u32 = 65534;
