//! Labels and annotations: their grammar, and how a request changes them.

use serde_json::{Map, Value};

use super::PlatformRule;

/// What a request sets and removes; a value of `None` removes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataPatch {
    labels: Vec<(String, Option<String>)>,
    annotations: Vec<(String, Option<String>)>,
}

/// The two parts of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Short values by which objects are selected.
    Labels,
    /// Any text.
    Annotations,
}

impl Part {
    /// The member's name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Annotations => "annotations",
        }
    }
}

/// Why metadata cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataFault {
    /// It is no object.
    NotAnObject,
    /// A part is no object.
    PartNotAnObject(Part),
    /// Members that metadata does not have.
    UnexpectedMembers(Vec<String>),
    /// A key breaks the grammar.
    Key(Part, TextFault),
    /// A value breaks the grammar.
    Value(Part, TextFault),
}

/// Why a key or value is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextFault {
    /// The key is empty.
    Empty,
    /// The key has more than one slash.
    Slashes,
    /// The prefix of the key is no DNS name of at least two labels.
    PrefixNotDns(String),
    /// The prefix of the key belongs to the platform itself.
    PrefixReserved(String),
    /// Other characters than letters, digits, `-`, `_` and `.`.
    Characters(String),
    /// The first or last character is no letter or digit.
    Edges(String),
    /// Too long.
    TooLong {
        /// The text.
        text: String,
        /// The most characters.
        max: usize,
    },
    /// The value is no text.
    NotText,
    /// The value holds a NUL character.
    Nul,
}

impl MetadataPatch {
    /// Reads the `metadata` of a request; all that is wrong with it is told at once.
    pub fn read(value: &Value) -> Result<Self, Vec<MetadataFault>> {
        let Value::Object(members) = value else { return Err(vec![MetadataFault::NotAnObject]) };
        let known = [Part::Labels.word(), Part::Annotations.word()];
        let unexpected: Vec<String> =
            members.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect();
        let mut faults = Vec::new();
        if !unexpected.is_empty() {
            faults.push(MetadataFault::UnexpectedMembers(unexpected));
        }
        let labels = part(members, Part::Labels, &mut faults);
        let annotations = part(members, Part::Annotations, &mut faults);
        if faults.is_empty() { Ok(Self { labels, annotations }) } else { Err(faults) }
    }

    /// What the metadata is after the patch: named keys are set or removed, the others stay.
    pub fn applied_to(&self, old: &Map<String, Value>) -> Result<Map<String, Value>, PlatformRule> {
        let (labels, added) = merged(old.get(Part::Labels.word()), &self.labels);
        if 0 < added && MOST_LABELS < labels.len() {
            return Err(PlatformRule::TooManyLabels { added, max: MOST_LABELS });
        }
        let (annotations, added) = merged(old.get(Part::Annotations.word()), &self.annotations);
        if 0 < added && MOST_ANNOTATIONS < annotations.len() {
            return Err(PlatformRule::TooManyAnnotations { added, max: MOST_ANNOTATIONS });
        }
        Ok(Map::from_iter([
            (Part::Labels.word().to_owned(), labels.into()),
            (Part::Annotations.word().to_owned(), annotations.into()),
        ]))
    }
}

/// The entries of a part, and how many of them are new.
fn merged(old: Option<&Value>, patch: &[(String, Option<String>)]) -> (Map<String, Value>, usize) {
    let mut entries = old.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut added = 0;
    for (key, value) in patch {
        match value {
            Some(value) => {
                let before = entries.insert(key.clone(), Value::from(value.as_str()));
                added += usize::from(before.is_none());
            }
            None => {
                entries.shift_remove(key);
            }
        }
    }
    (entries, added)
}

fn part(
    members: &Map<String, Value>,
    part: Part,
    faults: &mut Vec<MetadataFault>,
) -> Vec<(String, Option<String>)> {
    let Some(value) = members.get(part.word()) else { return Vec::new() };
    let Value::Object(entries) = value else {
        faults.push(MetadataFault::PartNotAnObject(part));
        return Vec::new();
    };
    let mut read = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.as_str()),
            _ => {
                faults.push(MetadataFault::Value(part, TextFault::NotText));
                continue;
            }
        };
        // The key of an annotation that goes may be anything, so that a bad one can be removed.
        let is_checked = part == Part::Labels || text.is_some_and(|text| !text.is_empty());
        if is_checked && let Err(fault) = check_key(key) {
            faults.push(MetadataFault::Key(part, fault));
        }
        let checked = match (part, text) {
            (Part::Labels, Some(text)) => check_label_value(text),
            (Part::Annotations, Some(text)) => check_annotation_value(text),
            (_, None) => Ok(()),
        };
        if let Err(fault) = checked {
            faults.push(MetadataFault::Value(part, fault));
        }
        let unchecked_nul = !is_checked && key.contains('\0');
        if unchecked_nul {
            faults.push(MetadataFault::Key(part, TextFault::Nul));
        }
        read.push((key.clone(), text.map(str::to_owned)));
    }
    read
}

/// Whether a key keeps the grammar `[prefix/]name`.
pub fn check_key(key: &str) -> Result<(), TextFault> {
    let mut pieces = key.split('/');
    let (first, second) = (pieces.next().unwrap_or_default(), pieces.next());
    if pieces.next().is_some() {
        return Err(TextFault::Slashes);
    }
    let name = match second {
        None => first,
        Some(name) => {
            check_prefix(first)?;
            name
        }
    };
    if name.is_empty() { Err(TextFault::Empty) } else { check_name(name) }
}

/// Whether a value keeps the grammar of labels: empty, or as the name of a key.
pub fn check_label_value(value: &str) -> Result<(), TextFault> {
    if value.is_empty() { Ok(()) } else { check_name(value) }
}

fn check_annotation_value(value: &str) -> Result<(), TextFault> {
    if value.contains('\0') {
        return Err(TextFault::Nul);
    }
    check_length(value, LONGEST_ANNOTATION)
}

fn check_prefix(prefix: &str) -> Result<(), TextFault> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_dns =
        prefix.len() <= LONGEST_PREFIX && prefix.contains('.') && prefix.split('.').all(label);
    if !is_dns {
        return Err(TextFault::PrefixNotDns(prefix.to_owned()));
    }
    if prefix.eq_ignore_ascii_case(RESERVED) {
        return Err(TextFault::PrefixReserved(prefix.to_owned()));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), TextFault> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.bytes().all(inner) {
        return Err(TextFault::Characters(name.to_owned()));
    }
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !edge(name.bytes().next()) || !edge(name.bytes().last()) {
        return Err(TextFault::Edges(name.to_owned()));
    }
    check_length(name, LONGEST_NAME)
}

fn check_length(text: &str, max: usize) -> Result<(), TextFault> {
    if text.chars().count() <= max {
        return Ok(());
    }
    Err(TextFault::TooLong { text: text.to_owned(), max })
}

/// The most labels of one object.
pub const MOST_LABELS: usize = 50;
/// The most annotations of one object.
pub const MOST_ANNOTATIONS: usize = 200;
const LONGEST_NAME: usize = 63;
const LONGEST_PREFIX: usize = 253;
const LONGEST_ANNOTATION: usize = 5000;
/// The prefix that only the platform itself may use.
const RESERVED: &str = "cloudfoundry.org";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn keys_keep_the_grammar() {
        let long = "a".repeat(64);
        for good in ["a", "a.b_c-d", "example.com/a", "a-b.example.com/A", &"a".repeat(63)] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        let text = str::to_owned;
        for (bad, fault) in [
            ("", TextFault::Empty),
            ("example.com/", TextFault::Empty),
            ("a/b/c", TextFault::Slashes),
            ("com/a", TextFault::PrefixNotDns(text("com"))),
            ("/a", TextFault::PrefixNotDns(String::new())),
            ("-a.com/a", TextFault::PrefixNotDns(text("-a.com"))),
            ("CloudFoundry.org/a", TextFault::PrefixReserved(text("CloudFoundry.org"))),
            ("x!", TextFault::Characters(text("x!"))),
            ("ü", TextFault::Characters(text("ü"))),
            ("-x", TextFault::Edges(text("-x"))),
            ("x.", TextFault::Edges(text("x."))),
            (&long, TextFault::TooLong { text: long.clone(), max: 63 }),
        ] {
            assert_eq!(check_key(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let read = |value| MetadataPatch::read(&value);
        assert_eq!(read(json!("x")), Err(vec![MetadataFault::NotAnObject]));
        assert_eq!(
            read(json!({"foo": {}, "labels": [], "annotations": {"-": "x", "-a": null, "b": 1}})),
            Err(vec![
                MetadataFault::UnexpectedMembers(vec!["foo".to_owned()]),
                MetadataFault::PartNotAnObject(Part::Labels),
                MetadataFault::Key(Part::Annotations, TextFault::Edges("-".to_owned())),
                MetadataFault::Value(Part::Annotations, TextFault::NotText),
            ])
        );
        assert_eq!(
            read(json!({"labels": {"-a": null}})),
            Err(vec![MetadataFault::Key(Part::Labels, TextFault::Edges("-a".to_owned()))])
        );
        assert!(read(json!({"annotations": {"a": "x".repeat(5001)}})).is_err());
        assert!(read(json!({"annotations": {"a": "ü".repeat(5000)}, "labels": {"a": ""}})).is_ok());
    }

    #[test]
    fn a_patch_sets_removes_and_leaves_the_rest() {
        let patch = |value| MetadataPatch::read(&value).unwrap();
        let start =
            patch(json!({"labels": {"a": "1", "b": null}})).applied_to(&Map::new()).unwrap();
        assert_eq!(Value::from(start.clone()), json!({"labels": {"a": "1"}, "annotations": {}}));
        let changed = patch(json!({"labels": {"a": null, "c": "2"}, "annotations": {"n": "x y"}}));
        let changed = changed.applied_to(&start).unwrap();
        assert_eq!(
            Value::from(changed),
            json!({"labels": {"c": "2"}, "annotations": {"n": "x y"}})
        );
    }

    #[test]
    fn the_limits_hold_for_what_is_there_in_the_end() {
        let labels = |range: std::ops::Range<usize>| {
            let entries: Map<String, Value> =
                range.map(|n| (format!("k{n}"), json!("v"))).collect();
            MetadataPatch::read(&json!({"labels": entries})).unwrap()
        };
        let full = labels(0..50).applied_to(&Map::new()).unwrap();
        assert_eq!(
            labels(50..52).applied_to(&full),
            Err(PlatformRule::TooManyLabels { added: 2, max: 50 })
        );
        assert!(labels(0..50).applied_to(&full).is_ok());
        let swap = json!({"labels": {"k0": null, "k50": "v"}});
        assert!(MetadataPatch::read(&swap).unwrap().applied_to(&full).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_read_keeps_the_grammar(key in "[a-z./!-]{0,12}", value in ".{0,12}") {
            let read = MetadataPatch::read(&json!({"labels": {key.clone(): value.clone()}}));
            let good = check_key(&key).is_ok() && check_label_value(&value).is_ok();
            prop_assert_eq!(read.is_ok(), good);
        }

        #[test]
        fn a_patch_applied_twice_changes_nothing_more(keys in proptest::collection::vec("[a-c]", 0..6)) {
            let entries: Map<String, Value> = keys
                .iter()
                .enumerate()
                .map(|(n, key)| (key.clone(), if n % 2 == 0 { json!("v") } else { Value::Null }))
                .collect();
            let patch = MetadataPatch::read(&json!({"labels": entries})).unwrap();
            let once = patch.applied_to(&Map::new()).unwrap();
            prop_assert_eq!(patch.applied_to(&once), Ok(once));
        }
    }
}
