//! The objects of the store as values: organizations, people, teams, credentials and what hangs on them.

mod token;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::access::{Dialect, Role};
use crate::clock::Timestamp;
use crate::id::{Guid, Kind, ShortId};

pub use token::{Application, ClientType, GrantType, Token, TokenKind};

/// The three spellings of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The integer, unique per kind and never reused.
    pub id: i64,
    /// The UUID.
    pub guid: Guid,
    /// The short Base58 id.
    pub short_id: ShortId,
}

/// When and by whom an object was made and last changed. The users may be gone since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who made it.
    pub created_by: Option<i64>,
    /// Who changed it last.
    pub modified_by: Option<i64>,
}

/// An organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// Its identity.
    pub identity: Identity,
    /// Unique after folding.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Kept for AWX, which counts hosts; nothing here does.
    pub max_hosts: i64,
    /// What the organization allows.
    pub settings: OrganizationSettings,
    /// Closed to writes, in Cloud Foundry.
    pub suspended: bool,
    /// Labels and annotations, in Cloud Foundry.
    pub metadata: Map<String, Value>,
    /// Times and makers.
    pub stamp: Stamp,
}

/// What an organization allows beyond the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrganizationSettings {
    /// A credential in use is not deleted, through whatever dialect.
    pub protect_used: bool,
    /// Use that was granted by name includes checkout, for members.
    pub use_includes_checkout: bool,
    /// Roles on its credentials may be given to users and teams of other organizations.
    pub share_across_organizations: bool,
}

/// A person or a service account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its identity.
    pub identity: Identity,
    /// Unique after folding.
    pub username: String,
    /// Given name, may be empty.
    pub first_name: String,
    /// Family name, may be empty.
    pub last_name: String,
    /// E-mail address, may be empty.
    pub email: String,
    /// System administrator.
    pub is_superuser: bool,
    /// System auditor.
    pub is_system_auditor: bool,
    /// The organization of a service account; people have none.
    pub service_organization_id: Option<i64>,
    /// Whether it may log in at all.
    pub enabled: bool,
    /// The last issue of a session or token.
    pub last_login: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed, if ever.
    pub modified: Option<Timestamp>,
}

/// A team of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its identity.
    pub identity: Identity,
    /// The organization it belongs to, for good.
    pub organization_id: i64,
    /// Unique in the organization after folding.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Times and makers.
    pub stamp: Stamp,
}

/// A credential: the values that are not secret, and which secret fields have a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// Its identity.
    pub identity: Identity,
    /// Unique per (organization, name, type) while `named`.
    pub name: String,
    /// False while a credential born elsewhere has a generated name.
    pub named: bool,
    /// Free text.
    pub description: String,
    /// The organization that owns it, if one does.
    pub organization_id: Option<i64>,
    /// Its type.
    pub credential_type_id: i64,
    /// Made and kept by the server.
    pub managed: bool,
    /// The dialect that made it.
    pub born_in: Dialect,
    /// The values that are not secret.
    pub inputs: Map<String, Value>,
    /// For each secret field with a value, the version that set it.
    pub secrets: BTreeMap<String, u64>,
    /// The number of the present version, from 1.
    pub version: u64,
    /// Times and makers.
    pub stamp: Stamp,
}

/// An earlier or the present state of a credential's inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number, from 1.
    pub number: u64,
    /// The type it was made for.
    pub credential_type_id: i64,
    /// The values that are not secret.
    pub inputs: Map<String, Value>,
    /// For each secret field with a value, the version that set it.
    pub secrets: BTreeMap<String, u64>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Option<i64>,
}

/// Where a credential appears in a dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Its identity; the credential's own guid and short id when it was born here.
    pub identity: Identity,
    /// The credential.
    pub credential_id: i64,
    /// The dialect.
    pub dialect: Dialect,
    /// Where in it.
    pub scope: PlacementScope,
    /// The credential was made through this placement.
    pub born_here: bool,
    /// The dialect's name for it, where it has one.
    pub name: String,
    /// The location of the registry, in Cloud Foundry.
    pub location: Option<String>,
    /// Whether Probely hides the value.
    pub is_sensitive: bool,
    /// Labels and annotations, in Cloud Foundry.
    pub metadata: Map<String, Value>,
    /// Times and makers.
    pub stamp: Stamp,
    /// When it ends, in the Application Catalog.
    pub expires: Option<Timestamp>,
    /// When it was removed and by whom, where removal leaves a record.
    pub removed: Option<(Timestamp, Option<i64>)>,
}

/// Where in its dialect a placement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementScope {
    /// The whole installation, in Cloud Foundry.
    Foundation,
    /// An organization, in Cloud Foundry.
    Organization(i64),
    /// A space, in Cloud Foundry.
    Space(i64),
    /// An app, in Cloud Foundry.
    App(i64),
    /// An account, in Probely, which is an organization.
    Account(i64),
    /// A team of an account, in Probely.
    AccountTeam {
        /// The account's organization.
        organization: i64,
        /// The team.
        team: i64,
    },
    /// A hosted registry of an organization, in the Application Catalog.
    Registry {
        /// The registry's organization.
        organization: i64,
        /// The registry.
        registry: i64,
    },
}

impl PlacementScope {
    /// The word that the store and the native API use.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Foundation => "foundation",
            Self::Organization(_) => "organization",
            Self::Space(_) => "space",
            Self::App(_) => "app",
            Self::Account(_) => "account",
            Self::AccountTeam { .. } => "team",
            Self::Registry { .. } => "registry",
        }
    }

    /// The dialect whose scope it is.
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Foundation | Self::Organization(_) | Self::Space(_) | Self::App(_) => {
                Dialect::CloudFoundry
            }
            Self::Account(_) | Self::AccountTeam { .. } => Dialect::Probely,
            Self::Registry { .. } => Dialect::AppCatalog,
        }
    }
}

/// A space of a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// Its identity.
    pub identity: Identity,
    /// The organization that it belongs to.
    pub organization_id: i64,
    /// Unique in the organization after folding.
    pub name: String,
    /// Closed to writes.
    pub suspended: bool,
    /// Labels and annotations.
    pub metadata: Map<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// An app of a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Its identity.
    pub identity: Identity,
    /// The space that it belongs to.
    pub space_id: i64,
    /// Unique in the space after folding.
    pub name: String,
    /// What the dialect keeps and gives back: lifecycle.
    pub details: Map<String, Value>,
    /// Whether it was started and not stopped since; nothing runs here.
    pub is_started: bool,
    /// Labels and annotations.
    pub metadata: Map<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// An image that an app is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// Its identity.
    pub identity: Identity,
    /// The app.
    pub app_id: i64,
    /// The reference to the image.
    pub image: String,
    /// The user name at the registry, if one came with it.
    pub username: Option<String>,
    /// Labels and annotations.
    pub metadata: Map<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A container registry.
#[derive(Debug, Clone, PartialEq)]
pub struct Registry {
    /// Its identity.
    pub identity: Identity,
    /// The organization that it belongs to.
    pub organization_id: i64,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Absolute, with scheme.
    pub url: String,
    /// The product, as the Catalog spells it.
    pub provider: String,
    /// Robots are minted for it.
    pub hosted: bool,
    /// The name by which its token server knows it.
    pub service: Option<String>,
    /// How many robots may be live at once.
    pub credentials_limit: i64,
    /// The credential with which a private registry is opened.
    pub credential: Option<RegistryCredential>,
    /// The namespace for containers, of a private registry.
    pub containers_organization: Option<String>,
    /// The namespace for charts, of a private registry.
    pub charts_organization: Option<String>,
    /// Times and makers.
    pub stamp: Stamp,
    /// When it was removed and by whom.
    pub removed: Option<(Timestamp, Option<i64>)>,
}

/// The credential that a private registry refers to. It may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryCredential {
    /// Its id.
    pub id: i64,
    /// It was made with the registry, so that whoever may change the registry may change it.
    pub born_here: bool,
}

/// A use of a credential by a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its identity.
    pub identity: Identity,
    /// The credential that is used.
    pub credential_id: i64,
    /// Who uses it: a dialect for a thing of the store, else the name that a system registered.
    pub consumer: String,
    /// What kind of thing uses it there.
    pub kind: String,
    /// The name of that thing, as it is now.
    pub name: String,
    /// The place inside that thing, may be empty.
    pub key: String,
    /// The short id of the thing, where it is one of the store.
    pub object_short_id: Option<ShortId>,
    /// The placement by which it names the credential, where it does.
    pub placement_id: Option<i64>,
    /// Who registered it or wrote it into the thing; 0 when that was the server's host.
    pub made_by: i64,
    /// When it was registered or written.
    pub created: Timestamp,
    /// The object of this store that uses the credential; none when a consumer outside registered the use.
    pub object: Option<(Kind, i64)>,
}

/// A field of a credential that is to be fetched from an external store with another credential.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSource {
    /// Its identity.
    pub identity: Identity,
    /// Free text.
    pub description: String,
    /// The credential that gets the value.
    pub target_id: i64,
    /// The credential of an external type that fetches it.
    pub source_id: i64,
    /// The field of the target.
    pub field: String,
    /// What the look-up needs besides the source; nothing of it is secret.
    pub metadata: Map<String, Value>,
    /// Times and makers.
    pub stamp: Stamp,
}

/// A job that is run elsewhere with credentials from here.
#[derive(Debug, Clone, PartialEq)]
pub struct JobTemplate {
    /// Its identity.
    pub identity: Identity,
    /// Unique in its organization, or among those without one.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The organization that it belongs to, if it does.
    pub organization_id: Option<i64>,
    /// What the dialect keeps and gives back.
    pub details: Map<String, Value>,
    /// Times and makers.
    pub stamp: Stamp,
}

/// The last time that values of a credential were used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// By whom, where that is a user.
    pub user_id: Option<i64>,
    /// The name of that user at the time, or of the robot that logged in.
    pub name: String,
    /// Through which dialect.
    pub dialect: Dialect,
}

/// A role on an object, with its stable id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleOn {
    /// The role's own id.
    pub id: i64,
    /// Which role it is.
    pub role: Role,
    /// The object it is a role on.
    pub resource_id: i64,
}
