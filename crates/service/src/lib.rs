//! The use-cases of Strongroom and the store below them.
//!
//! [`Strongroom`] is the one façade. Every use-case is a method of it that takes the [`Actor`] first; the
//! methods for one resource are in the file of that name. A use-case *prepares* (parses, hashes, seals, reads)
//! and then *applies* a synchronous closure to a transaction of the [`store`], where the access checks are.

mod account;
pub mod actor;
mod application;
mod assemble;
mod audit;
mod audit_file;
mod audit_proof;
mod authenticate;
mod backup;
mod catalog;
mod checkout;
mod credential;
mod credential_type;
mod failure;
mod fsck;
mod galaxy;
mod grant;
mod input_source;
mod job_template;
pub mod list;
mod named;
mod oauth;
mod organization;
mod placement;
pub mod platform;
mod reference;
mod registry;
mod registry_token;
mod robot;
mod role;
mod root_key;
mod scan;
mod seal;
mod session;
pub mod start;
mod store;
mod team;
mod throttle;
mod token;
pub mod uaa;
mod user;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use strongroom_core::access::Door;
use strongroom_core::audit::{Entry, Origin};
use strongroom_core::clock::{Clock, Timestamp};
use strongroom_core::id::{Guid, ShortId};
use strongroom_core::{Error, Result};
use strongroom_seal::keyring::Keyring;

pub use account::{
    Account, AccountAuditQuery, AccountAuditRow, AccountCredential, AccountCredentialDraft,
    AccountField, AccountKey, AccountLogin, AccountOrder, AccountPart, AccountPerson,
    AccountTeamDraft, CredentialQuery, Found, ServiceAccount, ServiceAccountDraft,
    ServicePermission,
};
pub use actor::Actor;
pub use application::{ApplicationDraft, ApplicationScope, IssuedApplication};
pub use audit::{ActivityScope, AuditQuery};
pub use audit_proof::{AuditExport, AuditKeyRotation};
pub use authenticate::Presented;
pub use backup::{BackupError, BackupManifest, BackupState, extract_backup};
pub use catalog::CatalogAccount;
pub use checkout::{CheckedOut, CheckoutDraft, RegistryAccess};
pub use credential::{
    CredentialDraft, CredentialScope, Deleted, Expected, LookupDraft, LookupTest, OwnerDoor,
    SeenCredential,
};
pub use credential_type::CredentialTypeDraft;
pub use fsck::FsckReport;
pub use grant::{GrantDraft, GrantView};
pub use input_source::{InputSourceDraft, InputSourceScope};
pub use job_template::JobTemplateDraft;
pub use named::NamedRef;
pub use oauth::{OauthClient, OauthFault, OauthOffer, OauthTokens};
pub use organization::{OrganizationDraft, OrganizationScope, SettingsDraft};
pub use placement::PlacementDraft;
pub use reference::{ReferenceDraft, WhereUsed};
pub use registry::{PrivateRegistryDraft, RegistryDraft, RegistryQuery, RegistryView};
pub use registry_token::{
    AuthorityView, NamedKey, RegistryToken, RegistryTokenDraft, SignerView, TOKEN_SECONDS,
    TokenKeyForm,
};
pub use robot::{EndingRobot, MintedRobot, RobotDraft, RobotView, RotationDraft};
pub use role::{RoleHolder, RoleScope, RoleTarget};
pub use root_key::{
    BrokenValue, KeyBatch, KeyStatus, KeyUse, RotationEnd, RotationError, RotationStart,
};
pub use scan::{LabelDraft, LabelName, ScanDraft, ScanLabel, ScanObject, ScanQuery};
pub use session::SESSION_SECONDS;
pub use start::{FirstStart, KeyLocation, OpenError, OpenOptions, Opened, StoreLocation, Tuning};
pub use team::{TeamDraft, TeamScope};
pub use token::{IssuedToken, NamedOrganization, TokenDraft, TokenScope};
pub use user::{UserDraft, UserScope};

use authenticate::Gate;
use store::{Audited, ReadTx, Recent, Store, Told, WriteTx, is_key_replaced};

/// The credential server without its wire: everything a dialect can ask for.
///
/// Cheap to clone; every clone is the same room.
#[derive(Clone)]
pub struct Strongroom(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Keyring,
    clock: Clock,
    store_id: Guid,
    issuer: String,
    gate: Gate,
    /// Credentials as they were seen lately.
    views: Recent<credential::Seen, Arc<SeenCredential>>,
    /// A permit for each refusal that may wait to be written.
    refusals: Arc<tokio::sync::Semaphore>,
    uaa_keys: uaa::Keys,
    registry_keys: registry_token::key::Keys,
    token_key: TokenKeyForm,
    robot_uses: registry_token::RobotUses,
    robot_watch: robot::expiring::Watch,
    key_path: std::path::PathBuf,
    audit_keys: audit_proof::Keys,
    backup: backup::Job,
    initial_password_file: Option<std::path::PathBuf>,
    probely_reveal: bool,
}

impl Strongroom {
    /// Whoever works on the server's own host, through its socket or the files of the store.
    pub fn on_host(&self) -> Actor {
        Actor {
            user_id: None,
            user_guid: None,
            username: "host".to_owned(),
            token: None,
            session: None,
            origin: Origin::local(),
            door: Door::Native,
            let_in: None,
        }
    }

    /// The present, by the clock that every rule here uses.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What the store calls itself; fixed at its first start.
    pub fn store_id(&self) -> Guid {
        self.0.store_id
    }

    /// Issuer and audience of tokens; fixed at the first start of the store.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// `sqlite` or `postgres`.
    pub fn store_kind(&self) -> &'static str {
        if self.0.store.is_shared() { "postgres" } else { "sqlite" }
    }

    /// Nothing when the store answers; an error says that it is not the time to send requests here.
    pub async fn health(&self) -> Result<()> {
        self.read(|tx| tx.store_identity().map(|_| ())).await
    }

    /// Works on what is due now and then, until the future it is given is ready: chains audit entries,
    /// writes folded failures and the last use of tokens, forgets tokens that ended.
    pub async fn background(&self, until: impl Future<Output = ()>) {
        let mut until = std::pin::pin!(until);
        let mut checkpoints = tokio::time::interval(CHECKPOINT_EVERY);
        checkpoints.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut tick = tokio::time::interval(BACKGROUND_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut until => break,
                _ = tick.tick() => self.work_off().await,
                _ = checkpoints.tick() => self.checkpoint_now().await,
            }
        }
        self.work_off().await;
        self.checkpoint_now().await;
    }

    async fn work_off(&self) {
        if let Err(error) = self.follow_root_key().await {
            tracing::error!(%error, "the root key that the store is under now cannot be used");
        }
        let folded = self.0.gate.failures.drain(self.now());
        if let Err(error) = self.0.store.record(folded).await {
            tracing::warn!(%error, "folded failures could not be written");
        }
        if let Err(error) = self.note_token_uses().await {
            tracing::warn!(%error, "the last use of tokens could not be written");
        }
        if let Err(error) = self.note_robot_uses().await {
            tracing::warn!(%error, "the last login of robots could not be written");
        }
        if let Err(error) = Box::pin(self.watch_robots()).await {
            tracing::warn!(%error, "robots that end soon could not be looked for");
        }
        if let Err(error) = Box::pin(self.renew_registry_signer()).await {
            tracing::error!(%error, "the key that signs registry tokens could not be renewed");
        }
        if let Err(error) = self.0.store.link_audit().await {
            tracing::warn!(%error, "audit entries could not be chained");
        }
        if let Err(error) = self.forget_ended().await {
            tracing::warn!(%error, "ended tokens and jobs could not be forgotten");
        }
    }

    /// Reads on a snapshot; refusals on the way become audit entries.
    async fn read<T, F>(&self, reader: F) -> Result<T>
    where
        F: for<'tx> FnOnce(&ReadTx<'tx>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let told = self.0.store.read(reader).await;
        self.outcome(told)
    }

    /// Applies a change for an actor whose key may write; refusals on the way become audit entries.
    async fn write<T, F>(&self, actor: &Actor, change: F) -> Result<T>
    where
        F: for<'tx> Fn(&mut WriteTx<'tx>) -> Result<Audited<T>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let change = Arc::new(change);
        let mut told = match actor.require_write() {
            Ok(()) => self.apply(change).await,
            Err(error) => Told { outcome: Err(error), refused: Vec::new() },
        };
        if let Err(Error::Forbidden(refusal)) = &told.outcome
            && told.refused.is_empty()
        {
            told.refused.push(actor.refusal(self.now(), *refusal));
        }
        self.outcome(told)
    }

    /// Applies a change; where another process has just replaced the root key, once more with the new one.
    async fn apply<T, F>(&self, change: Arc<F>) -> Told<T>
    where
        F: for<'tx> Fn(&mut WriteTx<'tx>) -> Result<Audited<T>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let again = Arc::clone(&change);
        let told = self.0.store.write(move |tx| change(tx)).await;
        match &told.outcome {
            Err(error) if is_key_replaced(error) => {}
            _ => return told,
        }
        match self.follow_root_key().await {
            Ok(()) => self.0.store.write(move |tx| again(tx)).await,
            Err(error) => Told { outcome: Err(error), refused: told.refused },
        }
    }

    /// Reads what tells values of secrets: they leave once the entry that says so is in the store.
    async fn release<T, F>(&self, read: F) -> Result<T>
    where
        F: for<'tx> Fn(&ReadTx<'tx>) -> Result<Audited<T>> + Send + 'static,
        T: Send + 'static,
    {
        let told = self.0.store.write(move |tx| read(tx)).await;
        self.outcome(told)
    }

    fn outcome<T>(&self, told: Told<T>) -> Result<T> {
        // A change that was carried out cannot have been refused; what it looked at on the way is no entry.
        if told.outcome.is_err() {
            self.record_soon(told.refused)?;
        }
        told.outcome
    }

    /// Writes refusals without waiting for the disk, so that what is hidden takes no longer than what is missing.
    /// Too many that wait are `Unavailable`.
    fn record_soon(&self, entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let busy = |_| Error::Unavailable("too many refusals wait to be written".into());
        let waiting = Arc::clone(&self.0.refusals).try_acquire_owned().map_err(busy)?;
        let room = self.clone();
        tokio::spawn(async move {
            if let Err(error) = room.0.store.record(entries).await {
                tracing::error!(%error, "a refusal could not be written to the audit log");
            }
            drop(waiting);
        });
        Ok(())
    }

    /// Waits until every refusal so far is written.
    async fn refusals_written(&self) -> Result<()> {
        let all = self.0.refusals.acquire_many(REFUSALS_WAITING).await.map_err(Error::internal)?;
        drop(all);
        Ok(())
    }
}

impl std::fmt::Debug for Strongroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Strongroom").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

/// A new UUID and short id.
fn draw_identity() -> Result<(Guid, ShortId)> {
    let guid = strongroom_seal::random::guid().map_err(Error::internal)?;
    let short_id = strongroom_seal::random::short_id().map_err(Error::internal)?;
    Ok((Guid::new(guid), short_id.parse().map_err(Error::internal)?))
}

/// Refusals that may wait to be written; one more makes its request fail.
const REFUSALS_WAITING: u32 = 2048;
const BACKGROUND_EVERY: Duration = Duration::from_secs(1);
/// How long the newest entries may wait for a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
