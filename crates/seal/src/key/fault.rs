//! What can be wrong with the root key: each fault has its own sentence and its own exit code.

use std::io;
use std::path::PathBuf;

use uuid::Uuid;

use super::{KeyId, KeyOrigin};

/// Why the root key is not used. The sentence says what to do and names the file, never its
/// content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is no file.
    #[error(
        "there is no root key at {path}: put the key file of this store there, or name its place",
        path = .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file holds nothing.
    #[error("the root key file {path} is empty: restore it from your copy", path = .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else than one key.
    #[error(
        "the root key file {path} is not the one line \
         strongroom-root-key:1:<store id>:<base64 of 32 bytes>: restore it from your copy",
        path = .path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The key says it is this store's but does not open the canary.
    #[error("{origin} does not open this store: give the key that the store was sealed with{}", named(*needed))]
    Wrong {
        /// The key.
        origin: KeyOrigin,
        /// The id of the key that would.
        needed: Option<KeyId>,
    },
    /// The key is another store's.
    #[error(
        "{origin} belongs to store {key_store}, but this is store {store}: \
         give the key of this store"
    )]
    Foreign {
        /// The key.
        origin: KeyOrigin,
        /// The store it belongs to.
        key_store: Uuid,
        /// The store that was opened.
        store: Uuid,
    },
    /// The file is there and cannot be read.
    #[error(
        "the root key file {path} cannot be read ({reason}): \
         make it a regular file that the server's user may read",
        path = .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::ErrorKind,
    },
    /// Somebody else could read or replace the file.
    #[error("the root key is too open: {path} {exposure}", path = .path.display())]
    TooOpen {
        /// The file or its folder.
        path: PathBuf,
        /// Who could.
        exposure: Exposure,
    },
    /// A new key could not be written.
    #[error(
        "the root key file {path} cannot be written ({reason}): \
         give a place where the server's user may write and no file stands yet",
        path = .path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::ErrorKind,
    },
}

impl KeyFault {
    /// The exit code of a server that does not start because of it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Missing { .. } => 10,
            Self::Empty { .. } => 11,
            Self::Malformed { .. } => 12,
            Self::Wrong { .. } => 13,
            Self::Foreign { .. } => 14,
            Self::Unreadable { .. } => 15,
            Self::TooOpen { .. } => 16,
            Self::Unwritable { .. } => 17,
        }
    }
}

fn named(key: Option<KeyId>) -> String {
    key.map_or_else(String::new, |key| format!(", whose id is {key}"))
}

/// Who else could reach a root key, and how to stop that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// Others than the owner may read, write or run the file.
    #[error("is open to others (mode {mode:04o}): set its mode to 0400")]
    File {
        /// The permission bits.
        mode: u32,
    },
    /// Others than the owner may put another file in its place.
    #[error(
        "is a folder where others may write (mode {mode:04o}): \
         take that right away, or move the key"
    )]
    Folder {
        /// The permission bits.
        mode: u32,
    },
    /// The owner is somebody else.
    #[error("belongs to user id {uid}: give it to the server's user or to root")]
    Owner {
        /// The owner.
        uid: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_code_and_a_sentence_of_its_own() {
        let path = || PathBuf::from("/k/root.key");
        let origin = || KeyOrigin::File(path());
        let reason = io::ErrorKind::PermissionDenied;
        let faults = [
            KeyFault::Missing { path: path() },
            KeyFault::Empty { path: path() },
            KeyFault::Malformed { path: path() },
            KeyFault::Wrong { origin: origin(), needed: None },
            KeyFault::Foreign { origin: origin(), key_store: Uuid::nil(), store: Uuid::max() },
            KeyFault::Unreadable { path: path(), reason },
            KeyFault::TooOpen { path: path(), exposure: Exposure::File { mode: 0o644 } },
            KeyFault::Unwritable { path: path(), reason },
        ];
        let mut sentences = std::collections::BTreeSet::new();
        for (fault, code) in faults.iter().zip(10..) {
            assert_eq!(fault.exit_code(), code);
            assert!(fault.to_string().contains("/k/root.key"), "{fault}");
            assert!(sentences.insert(fault.to_string()));
        }
        assert!(sentences.contains(
            "the root key is too open: /k/root.key is open to others (mode 0644): \
             set its mode to 0400"
        ));
    }
}
