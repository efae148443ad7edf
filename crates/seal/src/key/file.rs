//! Reading and writing the root key file, and who else could.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::{Exposure, KeyFault, LONGEST};

/// An open key file.
pub(super) struct KeyFile {
    path: PathBuf,
    folder: PathBuf,
    file: File,
    metadata: Metadata,
}

impl KeyFile {
    /// Opens the file. Links are followed, because that is how orchestrators mount secrets; from
    /// then on the real file and the folder that really holds it count.
    pub(super) fn open(path: &Path) -> Result<Self, KeyFault> {
        let (real, file) = open_real(path).map_err(|error| not_read(path, &error))?;
        let metadata = file.metadata().map_err(|error| not_read(path, &error))?;
        if metadata.is_dir() {
            return Err(not_read(path, &io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Err(not_read(path, &io::ErrorKind::Unsupported.into()));
        }
        Ok(Self { path: path.into(), folder: folder_of(&real).into(), file, metadata })
    }

    /// What the file holds, up to one byte more than a key can have.
    pub(super) fn content(&self) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let mut content = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
        (&self.file)
            .take(LONGEST as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|error| not_read(&self.path, &error))?;
        Ok(content)
    }

    /// Refuses a file that somebody else could read or replace.
    pub(super) fn check_access(&self) -> Result<(), KeyFault> {
        let own = own_uid();
        if let Some(exposure) = file_exposure(Access::of(&self.metadata), own) {
            return Err(KeyFault::TooOpen { path: self.path.clone(), exposure });
        }
        let folder = fs::metadata(&self.folder).map_err(|error| not_read(&self.path, &error))?;
        match folder_exposure(Access::of(&folder), own) {
            Some(exposure) => Err(KeyFault::TooOpen { path: self.folder.clone(), exposure }),
            None => Ok(()),
        }
    }
}

/// Writes a new file by way of a draft beside it, which gets the file's name only when it is whole
/// and on disk: a crash leaves no half of a key, and giving a name fails if there is a file
/// already.
pub(super) fn write_new(path: &Path, draft_name: &str, content: &[u8]) -> Result<(), KeyFault> {
    let folder = folder_of(path);
    let not_written =
        |error: io::Error| KeyFault::Unwritable { path: path.into(), reason: error.kind() };
    make_folder(folder).map_err(not_written)?;
    let metadata = fs::metadata(folder).map_err(not_written)?;
    if let Some(exposure) = folder_exposure(Access::of(&metadata), own_uid()) {
        return Err(KeyFault::TooOpen { path: folder.into(), exposure });
    }
    let draft = folder.join(draft_name);
    let written = write_draft(&draft, content).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    written.and(removed).and_then(|()| sync(folder)).map_err(not_written)
}

/// The files beside one whose names are its own, a dot and an ending that is wanted, in order.
pub(super) fn beside(path: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return Vec::new() };
    let is_wanted = |found: &Path| {
        let found = found.file_name().and_then(|found| found.to_str());
        let rest = found.and_then(|found| found.strip_prefix(name)?.strip_prefix('.'));
        rest.is_some_and(&wanted)
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_wanted(path))
        .collect();
    found.sort_unstable();
    found
}

/// The path with a dot and an ending more.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(".");
    longer.push(ending);
    longer.into()
}

/// Puts a file into the place of another, which gets another name.
pub(super) fn exchange(path: &Path, new: &Path, kept: &Path) -> Result<(), KeyFault> {
    let not_written =
        |error: io::Error| KeyFault::Unwritable { path: path.into(), reason: error.kind() };
    match fs::hard_link(path, kept) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(not_written(error));
        }
        _ => {}
    }
    fs::rename(new, path).and_then(|()| sync(folder_of(path))).map_err(not_written)
}

fn write_draft(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(draft)?;
    file.write_all(content)?;
    file.sync_all()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.try_exists()? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    sync(folder_of(folder))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder of a file; that of a bare name is the present one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

fn open_real(path: &Path) -> io::Result<(PathBuf, File)> {
    let real = fs::canonicalize(path)?;
    // Not blocking: a named pipe is to be refused, not waited for.
    let flags =
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(&real, flags, Mode::empty())?;
    Ok((real, file.into()))
}

fn not_read(path: &Path, error: &io::Error) -> KeyFault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            KeyFault::Missing { path: path.into() }
        }
        reason => KeyFault::Unreadable { path: path.into(), reason },
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Who may do what with a file or folder.
#[derive(Debug, Clone, Copy)]
struct Access {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Access {
    fn of(metadata: &Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}

fn file_exposure(file: Access, own: u32) -> Option<Exposure> {
    if let Some(exposure) = owner_exposure(file, own) {
        return Some(exposure);
    }
    // systemd hands a credential to a service's user by an access control list on a file of
    // root:root; the list's mask shows as the group's right to read, while the group itself,
    // root's, has none.
    let handed_over = own != ROOT && file.uid == ROOT && file.gid == ROOT;
    match file.mode & 0o077 {
        0 => None,
        0o040 if handed_over => None,
        _ => Some(Exposure::File { mode: file.mode }),
    }
}

fn folder_exposure(folder: Access, own: u32) -> Option<Exposure> {
    if let Some(exposure) = owner_exposure(folder, own) {
        return Some(exposure);
    }
    if folder.mode & 0o022 == 0 {
        return None;
    }
    Some(Exposure::Folder { mode: folder.mode })
}

fn owner_exposure(item: Access, own: u32) -> Option<Exposure> {
    if item.uid == own || item.uid == ROOT {
        return None;
    }
    Some(Exposure::Owner { uid: item.uid })
}

const ROOT: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn access(uid: u32, gid: u32, mode: u32) -> Access {
        Access { uid, gid, mode }
    }

    #[test]
    fn a_file_is_ours_or_roots_and_for_nobody_else() {
        let refused = |mode| Some(Exposure::File { mode });
        let table = [
            (access(1000, 1000, 0o400), 1000, None),
            (access(1000, 1000, 0o600), 1000, None),
            (access(0, 0, 0o400), 1000, None),
            (access(0, 0, 0o400), 0, None),
            (access(1001, 1000, 0o400), 1000, Some(Exposure::Owner { uid: 1001 })),
            (access(1000, 1000, 0o400), 0, Some(Exposure::Owner { uid: 1000 })),
            (access(1000, 1000, 0o440), 1000, refused(0o440)),
            (access(1000, 0, 0o440), 1000, refused(0o440)),
            (access(1000, 1000, 0o604), 1000, refused(0o604)),
            // As a credential is handed over, and what only looks like it.
            (access(0, 0, 0o440), 1000, None),
            (access(0, 0, 0o440), 0, refused(0o440)),
            (access(0, 50, 0o440), 1000, refused(0o440)),
            (access(0, 0, 0o460), 1000, refused(0o460)),
            (access(0, 0, 0o444), 1000, refused(0o444)),
        ];
        for (file, own, expected) in table {
            assert_eq!(file_exposure(file, own), expected, "{file:?} for {own}");
        }
    }

    #[test]
    fn a_folder_is_ours_or_roots_and_nobody_else_writes_there() {
        let refused = |mode| Some(Exposure::Folder { mode });
        let table = [
            (access(1000, 1000, 0o700), 1000, None),
            (access(0, 0, 0o755), 1000, None),
            (access(0, 0, 0o550), 1000, None),
            (access(1001, 1001, 0o755), 1000, Some(Exposure::Owner { uid: 1001 })),
            (access(1000, 1000, 0o775), 1000, refused(0o775)),
            (access(0, 0, 0o1777), 1000, refused(0o1777)),
        ];
        for (folder, own, expected) in table {
            assert_eq!(folder_exposure(folder, own), expected, "{folder:?} for {own}");
        }
    }

    #[test]
    fn every_path_has_a_folder() {
        for (path, folder) in [("a/b", "a"), ("b", "."), ("/b", "/"), ("/", "/"), ("a/", ".")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }
}
