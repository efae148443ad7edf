//! The objects of the store as values: organizations, people, teams, credentials and what hangs on them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::access::{Dialect, Role};
use crate::clock::Timestamp;
use crate::id::{Guid, ShortId};

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

/// A use of a credential by a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its identity.
    pub identity: Identity,
    /// The credential that is used.
    pub credential_id: i64,
    /// Who uses it, such as the name of a system.
    pub consumer: String,
    /// What kind of thing uses it there.
    pub kind: String,
    /// The name of that thing.
    pub name: String,
    /// The place inside that thing, may be empty.
    pub key: String,
    /// Who registered it.
    pub made_by: i64,
    /// When it was registered.
    pub created: Timestamp,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its integer id.
    pub id: i64,
    /// Its UUID.
    pub guid: Guid,
    /// Which kind of key it is.
    pub kind: TokenKind,
    /// Whose it is.
    pub user_id: i64,
    /// The one organization it is bound to, if it is.
    pub organization_id: Option<i64>,
    /// Free text.
    pub name: String,
    /// `read` or `write` or both, separated by a space.
    pub scope: String,
    /// The dialects it opens besides its own.
    pub dialects: Vec<Dialect>,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

/// The kinds of token that the store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A personal token of the AWX dialect.
    Awx,
    /// A native token.
    Native,
    /// An API key of the Probely dialect.
    Probely,
    /// An API token of the Application Catalog, for the exchange only.
    Catalog,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Awx, Self::Native, Self::Probely, Self::Catalog];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awx => "awx",
            Self::Native => "native",
            Self::Probely => "probely",
            Self::Catalog => "catalog",
        }
    }

    /// The kind of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
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
