//! Robots: minted credentials of hosted registries, what they may do there and how long they live.

use std::fmt;
use std::str::FromStr;

use crate::clock::Timestamp;

/// What a robot may do to some repositories of its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Which repositories.
    pub repositories: Pattern,
    /// What it may do there, each once and in the order of [`Action::ALL`].
    pub actions: Vec<Action>,
}

impl Access {
    /// To pull whatever the registry has, which is what a robot may do unless told.
    pub fn pull_everything() -> Self {
        Self { repositories: Pattern::everything(), actions: vec![Action::Pull] }
    }
}

/// Something that can be done to a repository. None implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Fetch images.
    Pull,
    /// Store images.
    Push,
    /// Delete images.
    Delete,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Pull, Self::Push, Self::Delete];

    /// The word that clients and registries use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }

    /// The action of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// Which repositories: one by its exact name, all below a prefix (`team/*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

/// A text that is no pattern of repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a pattern of repositories")]
pub struct NotAPattern;

impl Pattern {
    /// The pattern of every repository.
    pub fn everything() -> Self {
        Self("*".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a repository is meant. What is no repository's name never is.
    pub fn matches(&self, repository: &str) -> bool {
        if !is_repository(repository) {
            return false;
        }
        match self.0.strip_suffix('*') {
            Some(prefix) => repository.starts_with(prefix),
            None => repository == self.0,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let name = text.strip_suffix("/*").unwrap_or(text);
        if text == "*" || (is_repository(name) && text.len() <= LONGEST_NAME) {
            return Ok(Self(text.to_owned()));
        }
        Err(NotAPattern)
    }
}

/// Whether a text is the name of a repository: parts of lower-case letters and digits, joined by slashes,
/// with single dots, one or two underscores or any number of hyphens between the letters of a part.
pub fn is_repository(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.split('/').all(is_part)
}

fn is_part(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    if !alphanumeric(*first) || !alphanumeric(*last) {
        return false;
    }
    bytes.split(|byte| alphanumeric(*byte)).filter(|between| !between.is_empty()).all(|between| {
        matches!(between, b"." | b"_" | b"__") || between.iter().all(|byte| *byte == b'-')
    })
}

/// How it stands with a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It opens its registry.
    Active,
    /// Its time is over.
    Expired,
    /// It was removed.
    Removed,
}

impl Status {
    /// The status at a point of time; removal counts more than the end of its time.
    pub fn at(now: Timestamp, expires: Timestamp, is_removed: bool) -> Self {
        if is_removed {
            Self::Removed
        } else if expires <= now {
            Self::Expired
        } else {
            Self::Active
        }
    }
}

/// Why a robot is not minted, beyond the rules of every text and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobotRule {
    /// Robots are minted for hosted registries only.
    NotHosted,
    /// As many robots are live as the registry allows.
    LimitReached {
        /// How many that is.
        limit: i64,
    },
    /// Not a pattern of repositories.
    Pattern,
    /// A list with at least one element is expected.
    EmptyList,
    /// A list is expected.
    NotAList,
    /// An object is expected.
    NotAnObject,
    /// More elements than are taken.
    TooMany {
        /// The most that are taken.
        max: usize,
    },
    /// A robot that was rotated has a successor, which can be rotated instead.
    Rotated,
    /// Only a robot that is active is rotated.
    NotActive,
    /// The old robot would have to live longer than it does.
    OverlapTooLong {
        /// The most seconds that are left to it.
        seconds: i64,
    },
    /// A robot does not live that long.
    LivesTooLong {
        /// The most days ahead at which it may end.
        days: i64,
    },
}

/// How many days a robot lives unless told.
pub const USUAL_DAYS: i64 = 365;
/// The most days ahead at which a robot may end.
pub const MOST_DAYS: i64 = 730;
/// How many seconds a rotated robot lives on unless told, or less when it ends before.
pub const USUAL_OVERLAP: i64 = 86_400;
/// How many days before its end a robot without a successor is told of.
pub const WARNING_DAYS: i64 = 14;
/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;
/// How many robots of a registry may be live at once unless told.
pub const USUAL_LIMIT: i64 = 10;
/// The most elements of what a robot may do.
pub const MOST_ACCESS: usize = 64;
/// The most bytes of a repository's name.
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_is_a_name_or_a_prefix_or_everything() {
        for text in ["*", "a", "a/b", "a/*", "a/b/*", "a.b_c__d--e/f0", "library/nginx"] {
            assert_eq!(text.parse::<Pattern>().map(|p| p.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "", "/", "/*", "a/", "/a", "a//b", "**", "a*", "*/a", "a/*/b", "A", "a..b", "a___b",
            "-a", "a-", "a/../b", "..", "a b", "a:b", "a@b", "ä", "a/**",
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(NotAPattern), "{text}");
        }
        assert!("a".repeat(255).parse::<Pattern>().is_ok());
        assert!("a".repeat(256).parse::<Pattern>().is_err());
        assert!(format!("{}/*", "a".repeat(254)).parse::<Pattern>().is_err());
    }

    #[test]
    fn a_prefix_matches_what_is_below_it_only() {
        for (pattern, repository, matches) in [
            ("prefix/*", "prefix/x", true),
            ("prefix/*", "prefix/x/y", true),
            ("prefix/*", "prefix", false),
            ("prefix/*", "prefixed", false),
            ("prefix/*", "prefixed/x", false),
            ("prefix/*", "prefix/", false),
            ("prefix/*", "prefix/*", false),
            ("prefix/*", "prefix/../x", false),
            ("*", "any/thing", true),
            ("*", "*", false),
            ("*", "", false),
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/b", "A/B", false),
        ] {
            let read: Pattern = pattern.parse().unwrap();
            assert_eq!(read.matches(repository), matches, "{pattern} {repository}");
        }
    }

    #[test]
    fn removal_counts_more_than_the_end_of_its_time() {
        let at = Timestamp::from_micros;
        assert_eq!(Status::at(at(5), at(6), false), Status::Active);
        assert_eq!(Status::at(at(5), at(5), false), Status::Expired);
        assert_eq!(Status::at(at(5), at(4), true), Status::Removed);
        assert_eq!(Status::at(at(5), at(6), true), Status::Removed);
    }

    proptest! {
        #[test]
        fn a_name_is_a_pattern_that_matches_itself_and_nothing_else(
            name in "[a-z0-9]{1,5}([._-][a-z0-9]{1,3})?(/[a-z0-9]{1,4}){0,2}",
            other in "[a-z0-9/]{1,8}",
        ) {
            let pattern: Pattern = name.parse().unwrap();
            prop_assert!(pattern.matches(&name));
            prop_assert_eq!(pattern.matches(&other), name == other);
            prop_assert!(Pattern::everything().matches(&name));
            let below: Pattern = format!("{name}/*").parse().unwrap();
            let inner = format!("{name}/x");
            prop_assert!(below.matches(&inner));
            prop_assert!(!below.matches(&name));
        }

        #[test]
        fn any_text_is_read_back_or_refused(text in "[a-zA-Z*/._ -]{0,12}", repository in "[a-z*/.]{0,8}") {
            if let Ok(pattern) = text.parse::<Pattern>() {
                prop_assert_eq!(pattern.as_str(), &text);
                prop_assert!(!pattern.matches(&repository) || is_repository(&repository));
            }
        }
    }
}
