//! Tests of the root key file: what it holds, every fault on real files, and what is never printed.

use super::*;
use proptest::prelude::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use tempfile::TempDir;

const STORE: Uuid = Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);
/// The key is the bytes 0 to 31.
const LINE: &str = "strongroom-root-key:1:01234567-89ab-4def-8123-456789abcdef:\
                    AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("root.key")
    }

    fn with(content: impl AsRef<[u8]>) -> Self {
        let files = Self::new();
        fs::write(files.path(), content).unwrap();
        files.set_mode(0o400);
        files
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.path(), Permissions::from_mode(mode)).unwrap();
    }

    fn set_folder_mode(&self, mode: u32) {
        fs::set_permissions(self.0.path(), Permissions::from_mode(mode)).unwrap();
    }

    fn fault(&self) -> KeyFault {
        let fault = RootKey::load(&self.path()).unwrap_err();
        let folder = self.0.path().canonicalize().unwrap();
        let sentence = fault.to_string();
        assert!(
            sentence.contains(folder.to_str().unwrap())
                || sentence.contains(self.0.path().to_str().unwrap()),
            "{sentence}"
        );
        assert!(!sentence.contains("AAECAwQF"), "{sentence}");
        fault
    }
}

#[test]
fn a_known_line_is_read() {
    let files = Files::with(LINE);
    let root = RootKey::load(&files.path()).unwrap();
    assert_eq!(root.store_id(), STORE);
    assert_eq!(root.bytes()[..4], [0, 1, 2, 3]);
    assert_eq!(root.bytes()[31], 31);
    assert_eq!(root.id().to_string(), "907620f1bc12b55c");
    assert_eq!(*root.origin(), KeyOrigin::File(files.path()));
    assert_eq!(*root.line(), LINE);
    assert_eq!(LINE.len(), LONGEST);
}

#[test]
fn a_written_key_is_read_again_and_never_overwritten() {
    let files = Files::new();
    let path = files.0.path().join("keys/root.key");
    let root = RootKey::generate(STORE).unwrap();
    root.write_new(&path).unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o400);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    let read = RootKey::load(&path).unwrap();
    assert_eq!((read.store_id(), read.id()), (STORE, root.id()));
    assert_eq!(read.bytes(), root.bytes());

    let fault = RootKey::generate(STORE).unwrap().write_new(&path).unwrap_err();
    assert_eq!(
        fault,
        KeyFault::Unwritable { path: path.clone(), reason: std::io::ErrorKind::AlreadyExists }
    );
    assert_eq!(RootKey::load(&path).unwrap().id(), root.id());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn no_key_is_written_where_others_may_write() {
    let files = Files::new();
    files.set_folder_mode(0o770);
    let fault = RootKey::generate(STORE).unwrap().write_new(&files.path()).unwrap_err();
    assert_eq!(fault.exit_code(), 16);
    assert_eq!(fs::read_dir(files.0.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file() {
    let files = Files::new();
    assert_eq!(files.fault(), KeyFault::Missing { path: files.path() });
    symlink("nowhere", files.path()).unwrap();
    assert_eq!(files.fault(), KeyFault::Missing { path: files.path() });
    let inside = Files::with(LINE).path().join("root.key");
    assert_eq!(RootKey::load(&inside).unwrap_err(), KeyFault::Missing { path: inside });
}

#[test]
fn an_empty_file() {
    for content in ["", "\n", " \n\t"] {
        let files = Files::with(content);
        assert_eq!(files.fault(), KeyFault::Empty { path: files.path() }, "{content:?}");
    }
}

#[test]
fn a_file_of_wrong_length_or_format() {
    let long = format!("{}{}", LINE.trim_end(), "A".repeat(10_000));
    let wrong = [
        LINE.replace(":1:", ":2:"),
        LINE.replace("root", "Root"),
        LINE.replace("-4def-", "4def"),
        LINE.replace("89ab", "89xy"),
        LINE.replace("AAEC", ""),
        LINE.replace("AAEC", "AAECAAEC"),
        LINE.replace("AAEC", "AA C"),
        LINE.replace("h8=", "h9="),
        LINE.replace("h8=", "h8"),
        LINE.replace('\n', "\r\n"),
        format!("{LINE}\n"),
        format!("{LINE}{LINE}"),
        format!(" {LINE}"),
        LINE.trim_end().to_owned() + ":",
        long,
        "correct horse battery staple".to_owned(),
    ];
    for content in wrong {
        let files = Files::with(&content);
        assert_eq!(files.fault(), KeyFault::Malformed { path: files.path() }, "{content:?}");
    }
    let files = Files::with([0xFF; 104]);
    assert_eq!(files.fault().exit_code(), 12);
}

#[test]
fn a_line_feed_may_be_missing() {
    let files = Files::with(LINE.trim_end());
    assert_eq!(RootKey::load(&files.path()).unwrap().store_id(), STORE);
}

#[test]
fn what_is_no_regular_file_is_unreadable() {
    let files = Files::new();
    fs::create_dir(files.path()).unwrap();
    assert_eq!(files.fault().exit_code(), 15);

    let files = Files::new();
    let mode = rustix::fs::Mode::from_raw_mode(0o400);
    rustix::fs::mknodat(rustix::fs::CWD, files.path(), rustix::fs::FileType::Fifo, mode, 0)
        .unwrap();
    assert_eq!(files.fault().exit_code(), 15);

    let files = Files::new();
    symlink("root.key", files.path()).unwrap();
    assert_eq!(files.fault().exit_code(), 15);
}

#[test]
fn a_file_that_others_may_reach_is_too_open() {
    let files = Files::with(LINE);
    for mode in [0o440, 0o404, 0o644, 0o600 | 0o020, 0o401, 0o777] {
        files.set_mode(mode);
        let fault = files.fault();
        assert_eq!(
            fault,
            KeyFault::TooOpen { path: files.path(), exposure: Exposure::File { mode } }
        );
        assert_eq!(fault.exit_code(), 16);
    }
    for mode in [0o400, 0o600] {
        files.set_mode(mode);
        assert!(RootKey::load(&files.path()).is_ok());
    }
}

#[test]
fn a_folder_that_others_may_change_is_too_open() {
    let files = Files::with(LINE);
    for mode in [0o770, 0o702, 0o777, 0o1777] {
        files.set_folder_mode(mode);
        assert_eq!(files.fault().exit_code(), 16, "{mode:o}");
    }
    files.set_folder_mode(0o755);
    assert!(RootKey::load(&files.path()).is_ok());
}

#[test]
fn a_link_is_followed_and_the_real_folder_is_the_one_that_counts() {
    let files = Files::with(LINE);
    let links = Files::new();
    symlink(files.path(), links.path()).unwrap();
    links.set_folder_mode(0o1777);
    assert_eq!(RootKey::load(&links.path()).unwrap().store_id(), STORE);
    files.set_folder_mode(0o777);
    assert_eq!(RootKey::load(&links.path()).unwrap_err().exit_code(), 16);
}

#[test]
fn a_root_key_prints_no_bytes() {
    let root = RootKey::known(STORE, [0xEE; 32]);
    let printed = format!("{root:?} {}", root.origin());
    assert!(printed.contains(&root.id().to_string()));
    for trace in ["ee, ee", "238", "eeee", "7u7u"] {
        assert!(!printed.contains(trace), "{printed}");
    }
}

#[test]
fn keys_and_their_ids_are_drawn_anew() {
    let (one, other) = (RootKey::generate(STORE).unwrap(), RootKey::generate(STORE).unwrap());
    assert_ne!(one.bytes(), other.bytes());
    assert_ne!(one.id(), other.id());
}

proptest! {
    #[test]
    fn every_key_survives_its_line(store: u128, bytes: [u8; 32]) {
        let root = RootKey::known(Uuid::from_u128(store), bytes);
        let (store_id, key) = parse(root.line().as_bytes()).unwrap();
        prop_assert_eq!(store_id, root.store_id());
        prop_assert_eq!(key.expose_secret(), &bytes);
    }

    #[test]
    fn any_content_is_refused_without_a_panic(
        content in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(parse(&content).is_none());
    }
}
