//! Things of the store that use credentials. Each says in its own change what it uses; lists of uses name them.
//!
//! Other consumers are outside of the store and register themselves; those have only words.

use crate::access::Dialect;
use crate::id::{Kind, ShortId};

/// The kinds of thing that use credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConsumerKind {
    /// A target of a scanner, with its sequences and extra hosts.
    Target,
    /// A domain of an account.
    Domain,
    /// A job template.
    JobTemplate,
    /// A field of a credential that is fetched with another one.
    InputSource,
    /// An app of a platform.
    App,
    /// A container registry of somebody else, for which nothing is minted.
    PrivateRegistry,
}

impl ConsumerKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Target,
        Self::Domain,
        Self::JobTemplate,
        Self::InputSource,
        Self::App,
        Self::PrivateRegistry,
    ];

    /// The dialect whose thing it is; its word is the consumer in lists of uses.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Target | Self::Domain => Dialect::Probely,
            Self::JobTemplate | Self::InputSource => Dialect::Awx,
            Self::App => Dialect::CloudFoundry,
            Self::PrivateRegistry => Dialect::AppCatalog,
        }
    }

    /// The kind in lists of uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Domain => "domain",
            Self::JobTemplate => "job_template",
            Self::InputSource => "input_source",
            Self::App => "app",
            Self::PrivateRegistry => "registry",
        }
    }

    /// The kind of object that it is.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Target => Kind::Target,
            Self::Domain => Kind::Domain,
            Self::JobTemplate => Kind::JobTemplate,
            Self::InputSource => Kind::InputSource,
            Self::App => Kind::App,
            Self::PrivateRegistry => Kind::Registry,
        }
    }
}

/// One thing that uses credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Consumer {
    /// What kind of thing it is.
    pub kind: ConsumerKind,
    /// Its integer id among its kind.
    pub id: i64,
    /// Its short id.
    pub short_id: ShortId,
}

/// One use of a credential by a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// The credential.
    pub credential_id: i64,
    /// The placement by which the consumer names it, where it does.
    pub placement_id: Option<i64>,
    /// The place inside the consumer, in the words of its dialect; may be empty.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_and_a_kind_of_object_of_its_own() {
        for one in ConsumerKind::ALL {
            for other in ConsumerKind::ALL.into_iter().filter(|other| *other != one) {
                assert_ne!(one.word(), other.word());
                assert_ne!(one.kind(), other.kind());
            }
        }
    }
}
