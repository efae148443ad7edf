//! Opening a store: the root key is proved before anything is written, and a fresh store gets what every
//! store begins with.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use strongroom_core::access::{Dialect, ResourceKind};
use strongroom_core::audit::{Entry, Operation, Origin, Outcome, Touched, Who};
use strongroom_core::clock::{Clock, Timestamp};
use strongroom_core::credential_type::managed_types;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::record::{Identity, Stamp};
use strongroom_core::{Error, Result};
use strongroom_seal::canary::{canary, check};
use strongroom_seal::key::{KeyFault, RootKey};
use strongroom_seal::keyring::Keyring;
use strongroom_seal::{password, token};
use uuid::Uuid;

use crate::audit_file::AuditFile;
use crate::authenticate::Gate;
use crate::store::{
    self, Audited, Location, NewCredential, NewOrganization, NewUser, Store, StoreIdentity,
    TypeRow, WriteTx, WriterLimits,
};
use crate::{Inner, Strongroom, TokenKeyForm, credential, draw_identity, root_key};

/// Where the rows of a store are.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// A file of the embedded database; made when absent, in a folder that exists.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres {
        /// `postgres://...`; may hold a password.
        url: SecretString,
        /// The most connections at once.
        connections: usize,
    },
}

/// Where the root key is.
#[derive(Debug, Clone)]
pub struct KeyLocation {
    /// The file.
    pub path: PathBuf,
    /// Whether a store that does not exist yet may get a new key made there.
    pub may_create: bool,
}

/// What is needed to open a store.
#[derive(Debug)]
pub struct OpenOptions {
    /// Where the rows are.
    pub location: StoreLocation,
    /// Where the root key is.
    pub key: KeyLocation,
    /// The password of the first user; drawn when absent. Ignored by a store that exists.
    pub admin_password: Option<SecretString>,
    /// Where a drawn password is kept (0600) until it is changed.
    pub initial_password_file: Option<PathBuf>,
    /// A file to which every audit entry goes as well, before anything is answered.
    pub audit_file: Option<PathBuf>,
    /// Issuer and audience of tokens; only the first start of a store takes it.
    pub issuer: String,
    /// The clock.
    pub clock: Clock,
    /// How it behaves.
    pub tuning: Tuning,
}

/// How an open store behaves.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// How long each statement of a list with filters or an order of its own may take.
    pub list_time: Duration,
    /// How registry tokens name the key that signed them.
    pub token_key: TokenKeyForm,
    /// Whether a hidden value of Probely may be shown without a new one being set.
    pub probely_reveal: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            list_time: Duration::from_secs(3),
            token_key: TokenKeyForm::default(),
            probely_reveal: true,
        }
    }
}

/// An open store.
#[derive(Debug)]
pub struct Opened {
    /// The room.
    pub room: Strongroom,
    /// What the first start made; absent at every later one.
    pub first_start: Option<FirstStart>,
}

/// What the first start of a store made.
#[derive(Debug)]
pub struct FirstStart {
    /// The password of user `admin`, when none was given.
    pub admin_password: Option<SecretString>,
    /// The public key of the audit log.
    pub audit_public_key: String,
}

/// Why a store could not be opened. Nothing was written when it is the key.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The root key does not fit.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// A root key is gone while values are still under it.
    #[error(
        "{values} sealed values are still under root key {key}, which is gone: put its file back beside {} \
         and run `strongroom keys rotate` to the end",
        path.display()
    )]
    KeyStillNeeded {
        /// The id of the key.
        key: String,
        /// How many values are under it.
        values: u64,
        /// The key file.
        path: PathBuf,
    },
    /// The first password could not be kept.
    #[error("the first password of user admin cannot be written to {}", path.display())]
    InitialPassword {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The audit file cannot be opened.
    #[error("the audit file {} cannot be opened for appending", path.display())]
    AuditFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The first password breaks a rule.
    #[error(
        "the password given for user admin is not usable: it must have 1 to 128 characters and no NUL"
    )]
    AdminPassword,
    /// The database does not answer or is broken.
    #[error("the store cannot be opened")]
    Store(#[source] Error),
}

impl OpenError {
    /// The exit code of a process that cannot start because of it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Key(fault) => fault.exit_code(),
            Self::KeyStillNeeded { .. } => 18,
            Self::InitialPassword { .. }
            | Self::AuditFile { .. }
            | Self::AdminPassword
            | Self::Store(_) => 1,
        }
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Strongroom {
    /// Opens the store, and at its first start makes it.
    pub async fn open(options: OpenOptions) -> std::result::Result<Opened, OpenError> {
        let location = Location::from(&options.location);
        let known = store::identity(&location).await?;
        let path = &options.key.path;
        let exists = path.try_exists().unwrap_or(true);
        if exists || known.is_some() || !options.key.may_create {
            let root = RootKey::load(path)?;
            return Self::open_with(options, location, known, root).await;
        }
        let root = RootKey::generate(strongroom_seal::random::guid().map_err(Error::internal)?)
            .map_err(Error::internal)?;
        root.write_new(path)?;
        let root = RootKey::load(path)?;
        Self::open_with(options, location, known, root).await
    }

    async fn open_with(
        options: OpenOptions,
        location: Location,
        known: Option<StoreIdentity>,
        root: RootKey,
    ) -> std::result::Result<Opened, OpenError> {
        let keyring = Keyring::new(root).map_err(Error::internal)?;
        root_key::add_beside(&keyring, &options.key.path)?;
        if let Some(store) = &known {
            root_key::activate_keys_of(&keyring, store);
            check(&keyring, Uuid::from_bytes(*store.guid.as_bytes()), &store.canary)?;
            refuse_missing_keys(&keyring, &location, &options.key.path).await?;
        }
        let audit_file = audit_file(&options)?;
        store::prepare(&location).await?;
        let limits = WriterLimits::default();
        let list_time = options.tuning.list_time;
        let clock = options.clock.clone();
        let store = Store::open(&location, clock, limits, list_time, audit_file).await?;
        let (identity, first_start) = match known {
            Some(identity) => (identity, None),
            None => furnish(&store, &keyring, &options).await?,
        };
        let room = Self(std::sync::Arc::new(Inner {
            store,
            keyring,
            clock: options.clock,
            store_id: identity.guid,
            issuer: identity.issuer,
            gate: Gate::new()?,
            views: credential::views(),
            refusals: std::sync::Arc::new(tokio::sync::Semaphore::new(
                crate::REFUSALS_WAITING as usize,
            )),
            uaa_keys: crate::uaa::Keys::default(),
            registry_keys: crate::registry_token::key::Keys::default(),
            token_key: options.tuning.token_key,
            robot_uses: crate::registry_token::RobotUses::default(),
            robot_watch: crate::robot::expiring::Watch::default(),
            key_path: options.key.path,
            audit_keys: crate::audit_proof::Keys::default(),
            backup: crate::backup::Job::default(),
            initial_password_file: options.initial_password_file,
            probely_reveal: options.tuning.probely_reveal,
        }));
        let audit_public_key = room.audit_public_key().await?;
        let first_start = first_start.map(|first| FirstStart { audit_public_key, ..first });
        Ok(Opened { room, first_start })
    }

    /// Writes what is still waiting, for the end of the process.
    pub async fn close(&self) {
        self.work_off().await;
        if let Err(error) = self.refusals_written().await {
            tracing::warn!(%error, "refusals could not be written");
        }
        let rest = self.0.gate.failures.drain_all();
        if let Err(error) = self.0.store.record(rest).await {
            tracing::warn!(%error, "folded failures could not be written");
        }
    }

    /// The first password is no longer the first: its file goes.
    pub(crate) fn forget_initial_password(&self) {
        let Some(path) = &self.0.initial_password_file else { return };
        match std::fs::remove_file(path) {
            Ok(()) => tracing::info!("the file with the first password was removed"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, "the file with the first password could not be removed");
            }
        }
    }
}

impl From<&StoreLocation> for Location {
    fn from(location: &StoreLocation) -> Self {
        match location {
            StoreLocation::Sqlite(path) => Self::Sqlite(path.clone()),
            StoreLocation::Postgres { url, connections } => {
                Self::Postgres { url: url.clone(), connections: *connections }
            }
        }
    }
}

fn audit_file(options: &OpenOptions) -> std::result::Result<Option<AuditFile>, OpenError> {
    let open = |path: &PathBuf| {
        AuditFile::open(path).map_err(|source| OpenError::AuditFile { path: path.clone(), source })
    };
    options.audit_file.as_ref().map(open).transpose()
}

/// Refuses to go on without a root key that values are still under: they would be lost unnoticed.
async fn refuse_missing_keys(
    keyring: &Keyring,
    location: &Location,
    path: &Path,
) -> std::result::Result<(), OpenError> {
    let loaded = keyring.loaded().into_iter().map(|(id, _)| id).collect();
    let missing = store::values_under_others(location, loaded).await?;
    match missing.into_iter().next() {
        None => Ok(()),
        Some((key, values)) => {
            Err(OpenError::KeyStillNeeded { key: key.to_string(), values, path: path.to_owned() })
        }
    }
}

/// Gives a fresh store its identity, its first user and organization, and the managed types, in one change.
///
/// Another process may do the same at the same time: then this is no first start, and the key must be the
/// other's too.
async fn furnish(
    store: &Store,
    keyring: &Keyring,
    options: &OpenOptions,
) -> std::result::Result<(StoreIdentity, Option<FirstStart>), OpenError> {
    let (given, drawn) = first_password(options)?;
    let hash = password::hash(&given).map_err(|_| OpenError::AdminPassword)?;
    if let (Some(drawn), Some(path)) = (&drawn, &options.initial_password_file) {
        // Before the store exists: a password that nobody can read would lock everybody out.
        keep_password(path, drawn)
            .map_err(|source| OpenError::InitialPassword { path: path.clone(), source })?;
    }
    let store_id = Guid::new(keyring.store_id());
    let canary = canary(keyring).map_err(Error::internal)?.into_bytes();
    let own_canary = canary.clone();
    let issuer = options.issuer.clone();
    let types = managed_types().map_err(Error::internal)?;
    let change = move |tx: &mut WriteTx<'_>| {
        let identity = StoreIdentity {
            guid: store_id,
            canary: canary.clone(),
            issuer: issuer.clone(),
            created: tx.now(),
        };
        if let Some(existing) = tx.store_identity()? {
            return Ok(Audited::unchanged(existing));
        }
        tx.insert_store_identity(&identity)?;
        tx.create_roles(ResourceKind::System, 0)?;
        let admin = first_user(tx, &hash)?;
        first_organization(tx, admin)?;
        for credential_type in &types {
            insert_managed_type(tx, &credential_type.credential_type)?;
        }
        galaxy_credential(tx, admin)?;
        let entry = first_entry(tx.now(), admin);
        Ok(Audited::new(identity, entry))
    };
    let identity = store.write(change).await.outcome?;
    if identity.canary == own_canary {
        return Ok((
            identity,
            Some(FirstStart { admin_password: drawn, audit_public_key: String::new() }),
        ));
    }
    if let (Some(drawn), Some(path)) = (&drawn, &options.initial_password_file) {
        withdraw_password(path, drawn)
            .map_err(|source| OpenError::InitialPassword { path: path.clone(), source })?;
    }
    check(keyring, Uuid::from_bytes(*identity.guid.as_bytes()), &identity.canary)?;
    Ok((identity, None))
}

fn first_password(
    options: &OpenOptions,
) -> std::result::Result<(SecretString, Option<SecretString>), OpenError> {
    if let Some(given) = &options.admin_password {
        let text = given.expose_secret();
        let length = text.chars().count();
        if !(1..=128).contains(&length) || text.contains('\0') {
            return Err(OpenError::AdminPassword);
        }
        return Ok((given.clone(), None));
    }
    let drawn = token::Token::generate_plain().map_err(Error::internal)?.text;
    Ok((drawn.clone(), Some(drawn)))
}

fn keep_password(path: &std::path::Path, password: &SecretString) -> std::io::Result<()> {
    use std::io::Write;
    // A file from a start that was cut off is replaced: its password was never the store's.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", password.expose_secret())?;
    file.sync_all()
}

/// Removes a kept password that did not become the store's, unless another start has put its own there.
fn withdraw_password(path: &std::path::Path, password: &SecretString) -> std::io::Result<()> {
    match std::fs::read_to_string(path) {
        Ok(kept) if kept.trim_end() == password.expose_secret() => std::fs::remove_file(path),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn first_user(tx: &mut WriteTx<'_>, hash: &str) -> Result<i64> {
    let (guid, short_id) = draw_identity()?;
    tx.insert_user(&NewUser {
        guid,
        short_id,
        username: "admin",
        first_name: "",
        last_name: "",
        email: "admin@localhost",
        is_superuser: true,
        is_system_auditor: false,
        service_organization_id: None,
        password_hash: Some(hash),
        by: None,
    })
}

/// The organization that the first start makes.
pub(crate) const FIRST_ORGANIZATION: i64 = 1;

fn first_organization(tx: &mut WriteTx<'_>, admin: i64) -> Result<i64> {
    let (guid, short_id) = draw_identity()?;
    let new = NewOrganization {
        guid,
        short_id,
        name: "Default",
        description: "",
        max_hosts: 0,
        by: Some(admin),
    };
    let id = tx.insert_organization(&new)?;
    tx.create_roles(ResourceKind::Organization, id)?;
    Ok(id)
}

fn insert_managed_type(
    tx: &mut WriteTx<'_>,
    managed: &strongroom_core::credential_type::CredentialType,
) -> Result<()> {
    let (guid, short_id) = draw_identity()?;
    let now = tx.now();
    tx.insert_type(&TypeRow {
        identity: Identity { id: 0, guid, short_id },
        name: managed.name.clone(),
        description: String::new(),
        kind: managed.kind.clone(),
        namespace: managed.namespace.clone(),
        managed: true,
        inputs: managed.inputs.clone().into(),
        injectors: managed.injectors.clone().into(),
        stamp: Stamp { created: now, modified: now, created_by: None, modified_by: None },
    })?;
    Ok(())
}

/// The public Galaxy server, which the collection's organization tests attach.
fn galaxy_credential(tx: &mut WriteTx<'_>, admin: i64) -> Result<()> {
    let type_id = tx
        .type_id_by_namespace("galaxy_api_token")?
        .ok_or_else(|| Error::internal("the Galaxy type is missing"))?;
    let (guid, short_id) = draw_identity()?;
    let inputs =
        serde_json::Map::from_iter([("url".to_owned(), json!("https://galaxy.ansible.com/"))]);
    let id = tx.insert_credential(&NewCredential {
        guid,
        short_id,
        name: "Ansible Galaxy",
        named: true,
        description: "",
        organization_id: None,
        credential_type_id: type_id,
        managed: true,
        born_in: Dialect::Awx,
        inputs: &inputs,
        secrets: &std::collections::BTreeMap::new(),
        by: Some(admin),
    })?;
    tx.create_roles(ResourceKind::Credential, id).map(|_| ())
}

fn first_entry(at: Timestamp, admin: i64) -> Entry {
    Entry {
        at,
        operation: Operation::Create,
        outcome: Outcome::Done,
        origin: Origin::local(),
        who: Who { id: None, name: "first start".to_owned(), token_id: None },
        objects: vec![Touched { kind: Kind::User, id: admin, name: "admin".to_owned() }],
        organization_id: None,
        reason: "the store was made".to_owned(),
        changes: Vec::new(),
        times: 1,
    }
}
