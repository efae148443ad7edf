//! The audit file: a second place for every entry, beside the store, that nothing is answered without.
//!
//! One thread writes what waits and syncs it to disk; whoever waits for it waits for a bounded time. An entry is
//! in the store before it is in the file. When the file cannot be written, the change that found out is answered
//! as one that may or may not have been done, and its line waits; from then on changes are refused before they
//! begin, until a write succeeds again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use strongroom_core::audit::Entry;
use strongroom_core::{Error, Result};
use tokio::sync::oneshot;

/// The audit file of this process.
pub(crate) struct AuditFile {
    jobs: SyncSender<Job>,
    broken: Arc<AtomicBool>,
}

/// Why the audit file was not written.
#[derive(Debug, thiserror::Error)]
enum AuditFileFault {
    #[error("the audit file did not take an entry in time")]
    Slow,
    #[error("the audit file cannot be written")]
    Broken(#[source] Arc<io::Error>),
}

struct Job {
    lines: Vec<u8>,
    answer: oneshot::Sender<std::result::Result<(), Arc<io::Error>>>,
}

impl AuditFile {
    /// Opens the file for appending, with mode 0600 if it is made now.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = open(path, true)?;
        Self::start(Target { path: Some(path.to_owned()), file: Some(file), torn: false })
    }

    fn start(target: Target) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(QUEUE);
        let broken = Arc::new(AtomicBool::new(false));
        let mut writer = Writer { target, late: Vec::new(), broken: Arc::clone(&broken) };
        std::thread::Builder::new()
            .name("audit-file".into())
            .spawn(move || writer.serve(&waiting))?;
        Ok(Self { jobs, broken })
    }

    /// Nothing if the file took what came last, or takes something now.
    pub(crate) async fn ready(&self) -> Result<()> {
        if self.broken.load(Ordering::Acquire) { self.write(Vec::new()).await } else { Ok(()) }
    }

    /// Writes lines and waits until they are on disk, for a second and a half at most.
    pub(crate) async fn write(&self, lines: Vec<u8>) -> Result<()> {
        let unavailable = |fault: AuditFileFault| Error::Unavailable(Box::new(fault));
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(Job { lines, answer }).map_err(|_| unavailable(AuditFileFault::Slow))?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome.map_err(|error| unavailable(AuditFileFault::Broken(error))),
            Ok(Err(_)) | Err(_) => {
                self.broken.store(true, Ordering::Release);
                Err(unavailable(AuditFileFault::Slow))
            }
        }
    }
}

/// An entry as a line of the file.
pub(crate) fn line(id: i64, entry: &Entry) -> Vec<u8> {
    let object = |touched: &strongroom_core::audit::Touched| json!({"kind": touched.kind.word(), "id": touched.id, "name": touched.name});
    let changes: Value = serde_json::from_str(&entry.changes_document()).unwrap_or_default();
    let mut line = json!({
        "id": id,
        "at": entry.at.as_micros(),
        "action": entry.operation.word(),
        "outcome": entry.outcome.word(),
        "dialect": entry.origin.dialect.word(),
        "request_id": entry.origin.request_id,
        "source": entry.origin.source,
        "actor_id": entry.who.id,
        "actor_name": entry.who.name,
        "token_id": entry.who.token_id,
        "objects": entry.objects.iter().map(object).collect::<Vec<_>>(),
        "organization_id": entry.organization_id,
        "reason": entry.reason,
        "changes": changes,
        "times": entry.times,
    })
    .to_string()
    .into_bytes();
    line.push(b'\n');
    line
}

struct Writer {
    target: Target,
    /// Lines of what is in the store but could not be written.
    late: Vec<u8>,
    broken: Arc<AtomicBool>,
}

impl Writer {
    fn serve(&mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            jobs.extend(waiting.try_iter().take(TOGETHER));
            for job in &jobs {
                if self.late.len() + job.lines.len() <= MOST_LATE {
                    self.late.extend_from_slice(&job.lines);
                } else {
                    tracing::error!("entries are in the store that the audit file will not have");
                }
            }
            let outcome = self.target.append(&self.late).map_err(Arc::new);
            match &outcome {
                Ok(()) => self.late.clear(),
                Err(error) => tracing::error!(%error, "the audit file cannot be written"),
            }
            self.broken.store(outcome.is_err(), Ordering::Release);
            for job in jobs {
                // Whoever waited may have given up.
                let _ = job.answer.send(outcome.clone());
            }
        }
    }
}

/// The file that lines go to.
struct Target {
    path: Option<PathBuf>,
    file: Option<File>,
    /// Whether the last line may lack its end.
    torn: bool,
}

impl Target {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.follow_path()?;
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        if lines.is_empty() && !self.torn {
            // A probe: a full disk shows only when something is written.
            return Ok(());
        }
        let written = (|| {
            if self.torn {
                file.write_all(b"\n")?;
            }
            file.write_all(lines)?;
            file.sync_data()
        })();
        self.torn = written.is_err();
        written
    }

    /// Somebody may have put another file at the path, as log rotation does; without one there is no audit file.
    fn follow_path(&mut self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let there = std::fs::symlink_metadata(path)?;
        let same = |file: &File| {
            file.metadata().is_ok_and(|own| own.dev() == there.dev() && own.ino() == there.ino())
        };
        if !self.file.as_ref().is_some_and(same) {
            self.file = Some(open(path, false)?);
            self.torn = false;
        }
        Ok(())
    }
}

/// A regular file, appended to. A link at its place is refused, and so is a pipe, which could block for ever.
fn open(path: &Path, create: bool) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    let file = options.append(true).create(create).mode(0o600).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    Ok(file)
}

/// How long an answer waits for the file.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Changes that may wait.
const QUEUE: usize = 4096;
/// Changes that are written at once.
const TOGETHER: usize = 256;
/// Bytes of lines that may wait for the file to come back.
const MOST_LATE: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// A target that is no file at a path: what its file does, it does.
    fn sink(file: File) -> AuditFile {
        AuditFile::start(Target { path: None, file: Some(file), torn: false }).unwrap()
    }

    async fn refused(sink: &AuditFile) {
        let begin = Instant::now();
        let outcome = sink.write(b"{}\n".to_vec()).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn a_full_a_read_only_and_a_gone_target_refuse_at_once() {
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let read_only = File::open("/dev/zero").unwrap();
        let (reader, gone) = io::pipe().unwrap();
        drop(reader);
        for file in [full, read_only, File::from(std::os::fd::OwnedFd::from(gone))] {
            let sink = sink(file);
            refused(&sink).await;
            // From now on it is asked before anything is done.
            assert!(sink.broken.load(Ordering::Acquire));
        }
    }

    #[tokio::test]
    async fn a_target_that_blocks_refuses_in_time_and_the_next_ones_before_they_begin() {
        let (reader, pipe) = io::pipe().unwrap();
        let sink = sink(File::from(std::os::fd::OwnedFd::from(pipe)));
        // More than a pipe holds, and nobody reads.
        let begin = Instant::now();
        assert!(sink.write(vec![b'x'; 1 << 20]).await.is_err());
        let asked = sink.ready().await;
        assert!(asked.is_err(), "the thread is still waiting for the pipe");
        assert!(begin.elapsed() < Duration::from_secs(4));
        drop(reader);
    }

    #[tokio::test]
    async fn an_unlinked_file_refuses_until_there_is_one_again_and_then_has_what_was_late() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let sink = AuditFile::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        sink.write(b"1\n".to_vec()).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(sink.write(b"2\n".to_vec()).await.is_err());
        assert!(sink.ready().await.is_err());
        // As log rotation does it.
        std::fs::write(&path, "").unwrap();
        sink.ready().await.unwrap();
        sink.write(b"3\n".to_vec()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n3\n");
    }

    #[test]
    fn links_pipes_and_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert!(AuditFile::open(&path).is_err());
        assert!(AuditFile::open(folder.path()).is_err());
        assert!(AuditFile::open(Path::new("/dev/null")).is_err());
        assert!(AuditFile::open(&folder.path().join("missing/audit.jsonl")).is_err());
    }
}
