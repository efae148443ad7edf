//! Tokens, and the applications that get them for people.

use super::{Identity, Stamp};
use crate::access::Dialect;
use crate::clock::Timestamp;
use crate::id::{Guid, ShortId};

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its integer id.
    pub id: i64,
    /// Its UUID.
    pub guid: Guid,
    /// Its short Base58 id.
    pub short_id: ShortId,
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
    /// The application that was given it; a personal token has none.
    pub application_id: Option<i64>,
}

/// An OAuth application: a program that gets tokens for the people who use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its ids.
    pub identity: Identity,
    /// The organization whose members may use it.
    pub organization_id: i64,
    /// Unique in the organization; may be empty.
    pub name: String,
    /// Free text.
    pub description: String,
    /// What the program calls itself, drawn at random.
    pub client_id: String,
    /// Whether it can keep a secret.
    pub client_type: ClientType,
    /// How it gets its tokens.
    pub grant_type: GrantType,
    /// Where codes may be sent: addresses separated by spaces.
    pub redirect_uris: String,
    /// Whether its users are not asked before it gets a code.
    pub skip_authorization: bool,
    /// Times and makers.
    pub stamp: Stamp,
}

/// Whether a program can keep a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    /// It runs on a server and has a secret.
    Confidential,
    /// It runs in the hands of its users.
    Public,
}

impl ClientType {
    /// The word of it, in the store and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    /// The one of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Confidential, Self::Public].into_iter().find(|known| known.word() == word)
    }
}

/// How a program gets its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// Its user agrees on a page of this server, which sends it a code.
    AuthorizationCode,
    /// It sends the name and password of its user.
    Password,
}

impl GrantType {
    /// The word of it, in the store and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization-code",
            Self::Password => "password",
        }
    }

    /// The one of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::AuthorizationCode, Self::Password].into_iter().find(|known| known.word() == word)
    }
}

/// The kinds of token that the store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A personal token of the AWX dialect, or one that an application was given.
    Awx,
    /// What a login to the AWX dialect keeps in a cookie.
    AwxSession,
    /// A native token.
    Native,
    /// An API key of the Probely dialect.
    Probely,
    /// What a login to the Probely dialect gives.
    ProbelyLogin,
    /// An API token of the Application Catalog, for the exchange only.
    Catalog,
    /// What an API token of the Application Catalog is exchanged for.
    CatalogAccess,
    /// An access token of the platform; what is presented is signed and names this row.
    UaaAccess,
    /// A refresh token of the platform.
    UaaRefresh,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Awx,
        Self::AwxSession,
        Self::Native,
        Self::Probely,
        Self::ProbelyLogin,
        Self::Catalog,
        Self::CatalogAccess,
        Self::UaaAccess,
        Self::UaaRefresh,
    ];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awx => "awx",
            Self::AwxSession => "awx_session",
            Self::Native => "native",
            Self::Probely => "probely",
            Self::ProbelyLogin => "probely_login",
            Self::Catalog => "catalog",
            Self::CatalogAccess => "catalog_access",
            Self::UaaAccess => "uaa_access",
            Self::UaaRefresh => "uaa_refresh",
        }
    }

    /// The kind of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it is what a login with a password opened, and so ends with that password. The others stand for
    /// themselves, or end with the token that made them.
    pub const fn is_login(self) -> bool {
        match self {
            Self::AwxSession | Self::ProbelyLogin | Self::UaaRefresh => true,
            Self::Awx
            | Self::Native
            | Self::Probely
            | Self::Catalog
            | Self::CatalogAccess
            | Self::UaaAccess => false,
        }
    }
}
