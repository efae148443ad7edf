//! What a request asks for, before it is known to be right.
//!
//! A dialect turns each member of a body into a [`Member`]. One that cannot be read stays in the draft as a
//! broken rule, so that the use-case can look at permissions first and then report every fault at once.

use crate::error::{FieldPath, Rule, Violation};

/// One member of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Member<T> {
    /// It was not given.
    #[default]
    Absent,
    /// It was given and can be read.
    Given(T),
    /// It was given and breaks a rule.
    Bad(Rule),
}

impl<T> Member<T> {
    /// The value if one was given; a broken rule is added to the faults.
    pub fn take(self, field: impl Into<FieldPath>, faults: &mut Vec<Violation>) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Given(value) => Some(value),
            Self::Bad(rule) => {
                faults.push(Violation::new(field, rule));
                None
            }
        }
    }

    /// The value; its absence is a fault like a broken rule.
    pub fn require(self, field: impl Into<FieldPath>, faults: &mut Vec<Violation>) -> Option<T> {
        match self {
            Self::Absent => Self::Bad(Rule::Required).take(field, faults),
            other => other.take(field, faults),
        }
    }

    /// The value if one was given and can be read.
    pub const fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Bad(_) => None,
        }
    }

    /// Whether the request names the member at all.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same member with another value in place of absence.
    #[must_use]
    pub fn or_given(self, value: T) -> Self {
        match self {
            Self::Absent => Self::Given(value),
            other => other,
        }
    }

    /// The same member with a rule that its value must keep.
    #[must_use]
    pub fn check(self, rule: impl FnOnce(&T) -> Option<Rule>) -> Self {
        match self {
            Self::Given(value) => match rule(&value) {
                Some(broken) => Self::Bad(broken),
                None => Self::Given(value),
            },
            other => other,
        }
    }

    /// The same member with its value changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Member<U> {
        match self {
            Self::Absent => Member::Absent,
            Self::Given(value) => Member::Given(change(value)),
            Self::Bad(rule) => Member::Bad(rule),
        }
    }
}

/// Nothing when there are no faults, else all of them.
pub fn faultless(faults: Vec<Violation>) -> crate::Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(crate::Error::Invalid(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_required_member_that_is_absent_or_bad_is_one_fault() {
        let mut faults = Vec::new();
        assert_eq!(Member::<i64>::Absent.require("name", &mut faults), None);
        assert_eq!(Member::<i64>::Bad(Rule::Null).require("kind", &mut faults), None);
        assert_eq!(Member::Given(1).require("id", &mut faults), Some(1));
        let expected =
            vec![Violation::new("name", Rule::Required), Violation::new("kind", Rule::Null)];
        assert_eq!(faults, expected);
        assert!(faultless(faults).is_err());
    }
}
