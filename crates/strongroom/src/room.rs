//! Opening the store, and what its first start has to say.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use strongroom_core::clock::Clock;
use strongroom_service::{
    FirstStart, KeyLocation, OpenError, OpenOptions, StoreLocation, Strongroom,
};

use crate::config::StoreConfig;
use crate::log::printable;

/// How the drawn password of the first administrator reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reveal {
    /// On a terminal, once.
    Print,
    /// In a file of the data directory, whose path is printed.
    Keep,
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{}", advice(error))]
pub(crate) struct NotOpened {
    #[source]
    error: OpenError,
}

impl NotOpened {
    /// The exit code of this process.
    pub(crate) fn exit_code(&self) -> u8 {
        self.error.exit_code()
    }
}

/// Opens the store that the settings name. What a first start has to say goes to the writer.
pub(crate) async fn open(
    config: &StoreConfig,
    reveal: Reveal,
    say: &mut (dyn Write + Send),
) -> anyhow::Result<Strongroom> {
    let password_file = password_file(config, reveal);
    let options = OpenOptions {
        location: location(config),
        key: KeyLocation { path: config.key.path.clone(), may_create: config.key.may_create },
        admin_password: config.admin_password.clone(),
        initial_password_file: password_file.clone(),
        audit_file: config.audit_file.clone(),
        issuer: config.issuer(),
        clock: Clock::system(),
        tuning: config.tuning,
    };
    let opened = Strongroom::open(options).await.map_err(|error| NotOpened { error })?;
    match &opened.first_start {
        Some(first) => announce(first, password_file.as_deref(), say)?,
        None if config.admin_password.is_some() => tracing::warn!(
            "the store exists, so the first administrator's password in the settings was ignored: remove it"
        ),
        None => {}
    }
    Ok(opened.room)
}

/// Says, once at each start of a server, that the key should not lie where it lies.
pub(crate) fn advise_on_key(config: &StoreConfig) {
    if config.key.path.starts_with(&config.data_dir) {
        tracing::warn!(
            key_file = %config.key.path.display(),
            "the root key lies beside the store it protects: move it elsewhere and name it with --key-file"
        );
    }
}

/// A file that an earlier start wrote is removed at the first change, whoever looks on at this start.
fn password_file(config: &StoreConfig, reveal: Reveal) -> Option<PathBuf> {
    let path = config.data_dir.join(INITIAL_PASSWORD);
    (reveal == Reveal::Keep || path.exists()).then_some(path)
}

/// The file of the embedded database.
pub(crate) fn sqlite_file(config: &StoreConfig) -> PathBuf {
    config.data_dir.join(DATABASE)
}

fn location(config: &StoreConfig) -> StoreLocation {
    match &config.database_url {
        Some(url) => {
            StoreLocation::Postgres { url: url.clone(), connections: config.database_connections }
        }
        None => StoreLocation::Sqlite(sqlite_file(config)),
    }
}

fn announce(
    first: &FirstStart,
    password_file: Option<&Path>,
    say: &mut (dyn Write + Send),
) -> io::Result<()> {
    match (&first.admin_password, password_file) {
        (None, _) => writeln!(say, "user admin was made with the password from the settings"),
        (Some(_), Some(path)) => {
            let path = printable(&path.display().to_string());
            writeln!(say, "user admin was made; its password is in {path} until it is changed")
        }
        (Some(password), None) => {
            let password = password.expose_secret();
            writeln!(say, "user admin was made; its password, shown only now: {password}")
        }
    }?;
    writeln!(say, "public key of the audit log, to be kept elsewhere: {}", first.audit_public_key)?;
    say.flush()
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Key(_) | OpenError::KeyStillNeeded { .. } => {
            "the root key was refused, and nothing was written"
        }
        OpenError::InitialPassword { .. } => {
            "the first start failed: make the data directory writable, or set STRONGROOM_ADMIN_PASSWORD_FILE"
        }
        OpenError::AdminPassword => "the first start failed",
        OpenError::AuditFile { .. } => {
            "nothing is done that cannot be recorded: make the file of --audit-file writable"
        }
        OpenError::Store(_) => {
            "the store did not open: check that its disk or database is there, has room, and takes this user"
        }
    }
}

const DATABASE: &str = "strongroom.db";
const INITIAL_PASSWORD: &str = "initial-admin-password";
