//! The socket in the data directory, through which the host's own commands reach the server.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The socket of a data directory.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("strongroom.sock")
}

/// Listens; what an earlier server left behind is removed. Only the owner of the data directory may call,
/// while it holds the directory.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let short = Short::new(path)?;
    let listener = UnixListener::bind(&short.path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let short = Short::new(path)?;
    UnixStream::connect(&short.path).await
}

/// A spelling of the path that fits into a socket address.
struct Short {
    path: PathBuf,
    // Keeps the descriptor that the path goes through.
    _directory: Option<File>,
}

impl Short {
    fn new(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() < LONGEST {
            return Ok(Self { path: path.into(), _directory: None });
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let directory = File::open(folder)?;
        let path = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _directory: Some(directory) })
    }
}

/// The size of `sun_path` in unix(7), which ends with a NUL.
const LONGEST: usize = 108;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[tokio::test]
    async fn a_path_of_any_length_is_reached_and_a_dead_socket_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for length in [1, 200] {
            let data_dir = folder.path().join("d".repeat(length));
            std::fs::create_dir(&data_dir).unwrap();
            let path = path(&data_dir);
            drop(listen(&path).unwrap());
            assert!(connect(&path).await.is_err());
            let listener = listen(&path).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let (accepted, connected) = tokio::join!(listener.accept(), connect(&path));
            assert!(accepted.is_ok() && connected.is_ok());
        }
    }
}
