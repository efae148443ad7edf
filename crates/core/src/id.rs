//! Identities: every object has an integer, a UUID and a short Base58 spelling.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The kinds of object that have an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A credential.
    Credential,
    /// A credential type.
    CredentialType,
    /// An organization.
    Organization,
    /// A team.
    Team,
    /// A person or service account.
    User,
    /// A role on an object.
    Role,
    /// A grant of a role.
    Grant,
    /// A token.
    Token,
    /// A placement of a credential in a dialect.
    Placement,
    /// A use of a credential.
    Reference,
    /// A version of a credential.
    Version,
    /// A space of a platform.
    Space,
    /// An app of a platform.
    App,
    /// A container registry.
    Registry,
    /// A job template.
    JobTemplate,
    /// A field of a credential that is fetched with another credential.
    InputSource,
    /// A target of a scanner.
    Target,
    /// Steps that a scanner follows on a target.
    Sequence,
    /// A further host of a target.
    ExtraHost,
    /// A domain of an account.
    Domain,
    /// A label of targets.
    Label,
    /// An OAuth application.
    Application,
    /// An audit entry.
    AuditEntry,
    /// A key that signs tokens of other products.
    SigningKey,
    /// Work that a dialect answers for with a job.
    Job,
    /// A root key of the store.
    RootKey,
    /// An image that an app of a platform is to run.
    Package,
    /// A client of a platform's token endpoints.
    UaaClient,
}

impl Kind {
    /// The word the store and the audit log keep.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::CredentialType => "credential_type",
            Self::Organization => "organization",
            Self::Team => "team",
            Self::User => "user",
            Self::Role => "role",
            Self::Grant => "grant",
            Self::Token => "token",
            Self::Placement => "placement",
            Self::Reference => "reference",
            Self::Version => "version",
            Self::Space => "space",
            Self::App => "app",
            Self::Registry => "registry",
            Self::JobTemplate => "job_template",
            Self::InputSource => "input_source",
            Self::Target => "target",
            Self::Sequence => "sequence",
            Self::ExtraHost => "extra_host",
            Self::Domain => "domain",
            Self::Label => "label",
            Self::Application => "application",
            Self::AuditEntry => "audit_entry",
            Self::SigningKey => "signing_key",
            Self::Job => "job",
            Self::RootKey => "root_key",
            Self::Package => "package",
            Self::UaaClient => "uaa_client",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 28] = [
        Self::Credential,
        Self::CredentialType,
        Self::Organization,
        Self::Team,
        Self::User,
        Self::Role,
        Self::Grant,
        Self::Token,
        Self::Placement,
        Self::Reference,
        Self::Version,
        Self::Space,
        Self::App,
        Self::Registry,
        Self::JobTemplate,
        Self::InputSource,
        Self::Target,
        Self::Sequence,
        Self::ExtraHost,
        Self::Domain,
        Self::Label,
        Self::Application,
        Self::AuditEntry,
        Self::SigningKey,
        Self::Job,
        Self::RootKey,
        Self::Package,
        Self::UaaClient,
    ];

    /// The kind of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A globally unique identity: UUID version 4, made by `strongroom-seal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(Uuid);

impl Guid {
    /// The identity that no object has.
    pub const NONE: Self = Self(Uuid::nil());

    /// Wraps a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Its sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for Guid {
    type Err = NotAnIdentity;

    /// Reads the hyphenated form, in either case; no other form is an id.
    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        if text.len() != 36 {
            return Err(NotAnIdentity);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| NotAnIdentity)
    }
}

/// Twelve Base58 characters drawn at random, made by `strongroom-seal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortId([u8; ShortId::LENGTH]);

impl ShortId {
    /// How many characters a short id has.
    pub const LENGTH: usize = 12;
    /// The characters: no zero, capital O, capital I or small l.
    pub const ALPHABET: &'static [u8; 58] =
        b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ShortId {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().map_err(|_| NotAnIdentity)?;
        if bytes.iter().all(|byte| Self::ALPHABET.contains(byte)) {
            Ok(Self(bytes))
        } else {
            Err(NotAnIdentity)
        }
    }
}

/// A text that is no identity in any spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identity")]
pub struct NotAnIdentity;

/// An object named by any spelling of its identity, or by name where a dialect allows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ref {
    /// The integer, unique per kind and never reused.
    Serial(i64),
    /// The UUID.
    Guid(Guid),
    /// The short Base58 id.
    Short(ShortId),
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(id) => id.fmt(f),
            Self::Guid(guid) => guid.fmt(f),
            Self::Short(short_id) => short_id.fmt(f),
        }
    }
}

impl From<i64> for Ref {
    fn from(serial: i64) -> Self {
        Self::Serial(serial)
    }
}

impl FromStr for Ref {
    type Err = NotAnIdentity;

    /// Reads any spelling. Twelve digits are a short id only when they are no zero-free integer
    /// that fits: an integer wins, because integers are what people type.
    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Serial).map_err(|_| NotAnIdentity);
        }
        if let Ok(guid) = text.parse() {
            return Ok(Self::Guid(guid));
        }
        text.parse().map(Self::Short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_and_nothing_else() {
        assert_eq!("17".parse(), Ok(Ref::Serial(17)));
        assert!(matches!("4DY4qGohso1r".parse(), Ok(Ref::Short(_))));
        assert!(matches!("1a0e1c2b-0000-4000-8000-000000000001".parse(), Ok(Ref::Guid(_))));
        for bad in ["", "-1", "4DY4qGohso1", "4DY4qGohso1O", "99999999999999999999", "a b", "٣"] {
            assert_eq!(bad.parse::<Ref>(), Err(NotAnIdentity), "{bad:?}");
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
    }
}
