//! The data directory: made, checked, and held by one process at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::filesystem;

/// Who has the data directory.
pub(crate) enum Claim {
    /// This process, until the value is dropped.
    Ours(DataDir),
    /// A running server.
    Served,
}

/// A data directory that this process holds. The lock is on the directory itself, so that taking it
/// writes nothing.
pub(crate) struct DataDir {
    _lock: File,
}

/// Why the data directory was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// It cannot be made or opened.
    #[error("the data directory {} cannot be used", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a directory.
    #[error("{} is not a directory: choose another with --data-dir", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// It belongs to another user.
    #[error(
        "the data directory {} belongs to user id {owner}: run this as that user, or change the owner",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others may write into it.
    #[error("others may write into the data directory {0}: `chmod go-w {0}`", path.display())]
    TooOpen {
        /// The directory.
        path: PathBuf,
    },
    /// It lies on a network file system, where the locks of the embedded database do not hold.
    #[error(
        "the data directory {} lies on a network file system ({filesystem}), on which SQLite loses data: \
         move it to a local disk, or use PostgreSQL with --database-url",
        path.display()
    )]
    Network {
        /// The directory.
        path: PathBuf,
        /// The kind of file system.
        filesystem: String,
    },
}

impl DataDir {
    /// Makes the directory if it is missing, checks it and takes it.
    pub(crate) fn claim(path: &Path, holds_sqlite: bool) -> Result<Claim, DataDirError> {
        let unusable = |source| DataDirError::Unusable { path: path.into(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| {
            if path.exists() {
                DataDirError::NotADirectory { path: path.into() }
            } else {
                unusable(source)
            }
        })?;
        let lock = File::open(path).map_err(unusable)?;
        check(path, &lock, holds_sqlite)?;
        match lock.try_lock() {
            Ok(()) => Ok(Claim::Ours(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(Claim::Served),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

fn check(path: &Path, directory: &File, holds_sqlite: bool) -> Result<(), DataDirError> {
    let unusable = |source| DataDirError::Unusable { path: path.into(), source };
    let metadata = directory.metadata().map_err(unusable)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(DataDirError::Foreign { path: path.into(), owner: metadata.uid() });
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(DataDirError::TooOpen { path: path.into() });
    }
    match filesystem::network_filesystem(directory).map_err(unusable)? {
        Some(filesystem) if holds_sqlite => {
            Err(DataDirError::Network { path: path.into(), filesystem })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_holder_at_a_time_and_nothing_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let first = DataDir::claim(&path, true).unwrap();
        assert!(matches!(first, Claim::Ours(_)));
        assert!(matches!(DataDir::claim(&path, true), Ok(Claim::Served)));
        drop(first);
        assert!(matches!(DataDir::claim(&path, true), Ok(Claim::Ours(_))));
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    }

    #[test]
    fn a_file_or_an_open_directory_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(DataDir::claim(&file, true), Err(DataDirError::NotADirectory { .. })));
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(DataDir::claim(folder.path(), true), Err(DataDirError::TooOpen { .. })));
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(DataDir::claim(folder.path(), true), Ok(Claim::Ours(_))));
    }
}
