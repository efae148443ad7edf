//! How a body is meant: as a new object, as a whole one, or as some changes.

use strongroom_core::draft::Member;
use strongroom_core::error::Rule;

/// How a body is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// POST: what is absent is for the use-case to decide.
    Create,
    /// PUT: what is absent takes its first value.
    Replace,
    /// PATCH: what is absent stays.
    Change,
}

impl Mode {
    /// A member that every whole object gives.
    pub(super) fn required<T>(self, member: Member<T>) -> Member<T> {
        match (self, member) {
            (Self::Replace, Member::Absent) => Member::Bad(Rule::Required),
            (_, member) => member,
        }
    }

    /// A member that is this when a whole object does not give it.
    pub(super) fn or<T>(self, member: Member<T>, first: T) -> Member<T> {
        match self {
            Self::Replace => member.or_given(first),
            Self::Create | Self::Change => member,
        }
    }
}
