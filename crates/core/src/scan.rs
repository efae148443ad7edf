//! What the scanners of an account are told to look at: targets with their sequences and extra hosts, and domains.
//!
//! Their settings are documents. [`settings`] says what each may hold, [`merge`] makes the next document of the
//! present one and a request, and [`mention`] finds the credentials that a text refers to. A text that can be a
//! secret and mentions no credential is not in the document: a mark stands there, and the text is sealed elsewhere.

pub mod mention;
pub mod merge;
pub mod settings;

pub use mention::{mentions, written_uri};
pub use merge::{Literal, Mention, Merged, Place, marks, masked, merge, places};
pub use settings::Setting;

use crate::id::Kind;

/// The kinds of thing that have such settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScanKind {
    /// A web site or an interface of programs that is scanned.
    Target,
    /// Steps that a scanner follows on a target.
    Sequence,
    /// A further host that belongs to a target.
    ExtraHost,
    /// A domain of which the account owns the names.
    Domain,
}

impl ScanKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Target, Self::Sequence, Self::ExtraHost, Self::Domain];

    /// The word that the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Sequence => "sequence",
            Self::ExtraHost => "extra_host",
            Self::Domain => "domain",
        }
    }

    /// The kind of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind of object that it is.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Target => Kind::Target,
            Self::Sequence => Kind::Sequence,
            Self::ExtraHost => Kind::ExtraHost,
            Self::Domain => Kind::Domain,
        }
    }

    /// What its settings may hold.
    pub const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Target => settings::TARGET,
            Self::Sequence => settings::SEQUENCE,
            Self::ExtraHost => settings::EXTRA_HOST,
            Self::Domain => settings::DOMAIN,
        }
    }
}

/// A rule that only settings can break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanRule {
    /// Not the absolute address of a web site, or one with a user name in it.
    Address,
    /// The text mentions a credential that does not exist, or none that the actor may use.
    UnknownCredential {
        /// What stands after `credentials://`, in full.
        given: String,
    },
    /// The mask was sent back for a text that was never stored.
    NothingKept,
    /// A member that is an object got something else.
    NotAnObject,
    /// A member that is a list got something else.
    NotAList,
    /// Too many elements of a list.
    TooMany {
        /// The most allowed.
        max: usize,
    },
    /// Not one of the numbers that are allowed.
    NotANumber,
    /// A form and a sequence cannot both log in.
    TwoLogins,
    /// The account has a target with this address already.
    Duplicate,
    /// The team still has so many credentials of the account.
    TeamHasCredentials {
        /// How many.
        count: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in ScanKind::ALL {
            assert_eq!(ScanKind::from_word(kind.word()), Some(kind));
        }
    }
}
