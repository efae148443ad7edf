//! Audit entries and the link that chains them.
//!
//! An entry says who did what to which object, when, through which dialect, and whether it was done or
//! refused. It never holds a secret: a change of an input is the fact that it changed. Entries are chained
//! by a hash over their length-prefixed fields and the link before, so that an edited, removed or moved
//! entry shows.

pub mod merkle;
pub mod note;
pub mod proof;

use serde_json::Value;

use crate::access::Dialect;
use crate::clock::Timestamp;
use crate::id::Kind;

/// What was done, or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// An object was made.
    Create,
    /// Members of an object changed.
    Update,
    /// An object was deleted.
    Delete,
    /// A role was given, or one object tied to another.
    Associate,
    /// A role was taken away, or a tie undone.
    Disassociate,
    /// An older version became the present one.
    Restore,
    /// An object was read; only refusals of it are entries, unless the settings ask for all.
    Read,
    /// Somebody proved who he is.
    LogIn,
    /// Somebody ended his session.
    LogOut,
    /// A hidden value is shown from now on.
    Reveal,
    /// Values of secrets left in an answer.
    Release,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Associate,
        Self::Disassociate,
        Self::Restore,
        Self::Read,
        Self::LogIn,
        Self::LogOut,
        Self::Reveal,
        Self::Release,
    ];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Associate => "associate",
            Self::Disassociate => "disassociate",
            Self::Restore => "restore",
            Self::Read => "read",
            Self::LogIn => "log_in",
            Self::LogOut => "log_out",
            Self::Reveal => "reveal",
            Self::Release => "release",
        }
    }

    /// The operation of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.word() == word)
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused to somebody known.
    Refused,
    /// Whoever asked did not prove who he is.
    NotAuthenticated,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::NotAuthenticated];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::NotAuthenticated => "not_authenticated",
        }
    }

    /// The outcome of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// An object that an entry touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// What kind of object it is.
    pub kind: Kind,
    /// Its integer id.
    pub id: i64,
    /// Its name at that time.
    pub name: String,
}

/// One member's change; both sides are texts, numbers, booleans or null, never a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The member.
    pub member: &'static str,
    /// The value before, absent when the object was made.
    pub old: Option<Value>,
    /// The value after, absent when the object was deleted.
    pub new: Option<Value>,
}

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The dialect at whose door it stood.
    pub dialect: Dialect,
    /// The request's id.
    pub request_id: String,
    /// The network address of the client.
    pub source: String,
}

impl Origin {
    /// The server itself, at start or on its host's command line.
    pub fn local() -> Self {
        Self { dialect: Dialect::Native, request_id: String::new(), source: "local".to_owned() }
    }
}

/// Who acted, as the entry keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The user's id, absent when nobody is known.
    pub id: Option<i64>,
    /// The user's name, or the name that was claimed.
    pub name: String,
    /// The token that was used.
    pub token_id: Option<i64>,
}

/// One entry before the store gives it an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// From where.
    pub origin: Origin,
    /// By whom.
    pub who: Who,
    /// To what; the first object is the main one.
    pub objects: Vec<Touched>,
    /// The organization whose administrators and auditors may read the entry.
    pub organization_id: Option<i64>,
    /// Why it was allowed or refused, or which relation was tied.
    pub reason: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// How many alike events the entry stands for.
    pub times: i64,
}

impl Entry {
    /// The document that the store keeps of the changes.
    pub fn changes_document(&self) -> String {
        let changes: Vec<Value> = self.changes.iter().map(Change::document).collect();
        Value::from(changes).to_string()
    }
}

impl Change {
    fn document(&self) -> Value {
        let mut document = serde_json::Map::new();
        document.insert("member".to_owned(), self.member.into());
        if let Some(old) = &self.old {
            document.insert("old".to_owned(), old.clone());
        }
        if let Some(new) = &self.new {
            document.insert("new".to_owned(), new.clone());
        }
        Value::Object(document)
    }
}

/// The hash of one entry and everything before it.
pub type Link = [u8; 32];

/// The link before the first entry.
pub const GENESIS: Link = [0; 32];

/// The link of an entry whose stored columns are given as text, in the order of the table.
///
/// Each column is preceded by its length as eight bytes, big-endian; an absent one is the length of all
/// ones, so that no two rows give the same bytes.
pub fn link(previous: &Link, columns: &[Option<&str>]) -> Link {
    let mut bytes =
        Vec::with_capacity(64 + columns.iter().flatten().map(|c| c.len() + 8).sum::<usize>());
    bytes.extend_from_slice(b"strongroom-audit-link-1");
    bytes.extend_from_slice(previous);
    for column in columns {
        match column {
            Some(text) => {
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            None => bytes.extend_from_slice(&u64::MAX.to_be_bytes()),
        }
    }
    strongroom_seal::digest::sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_that_differ_have_links_that_differ(
            one in proptest::collection::vec(proptest::option::of(".{0,6}"), 0..5),
            other in proptest::collection::vec(proptest::option::of(".{0,6}"), 0..5),
        ) {
            let columns = |row: &[Option<String>]| {
                link(&GENESIS, &row.iter().map(Option::as_deref).collect::<Vec<_>>())
            };
            prop_assert_eq!(one == other, columns(&one) == columns(&other));
        }
    }

    #[test]
    fn a_link_depends_on_the_one_before() {
        assert_ne!(link(&GENESIS, &[Some("a")]), link(&[1; 32], &[Some("a")]));
    }
}
