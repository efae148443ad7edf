//! Label selectors: which objects a list is about, by their labels.

use serde_json::{Map, Value};

use super::metadata::{Part, check_key, check_label_value};

/// Requirements that the labels of an object must all meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
}

/// Why a text is no selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectorFault {
    /// Nothing is there.
    Missing,
    /// It breaks the grammar.
    Invalid,
    /// More requirements than are taken.
    TooMany {
        /// The most.
        max: usize,
    },
}

impl LabelSelector {
    /// The most requirements.
    pub const MOST: usize = 50;

    /// Reads a selector: requirements separated by commas that stand outside parentheses.
    pub fn read(text: &str) -> Result<Self, SelectorFault> {
        if text.is_empty() {
            return Err(SelectorFault::Missing);
        }
        let pieces = pieces(text).ok_or(SelectorFault::Invalid)?;
        if Self::MOST < pieces.len() {
            return Err(SelectorFault::TooMany { max: Self::MOST });
        }
        let read: Option<Vec<Requirement>> = pieces.into_iter().map(requirement).collect();
        read.map(Self).ok_or(SelectorFault::Invalid)
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether metadata meets every requirement.
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        let labels = metadata.get(Part::Labels.word()).and_then(Value::as_object);
        self.0.iter().all(|requirement| {
            let value =
                labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str);
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::OneOf(values) => {
                    value.is_some_and(|value| values.iter().any(|one| one == value))
                }
                Test::NoneOf(values) => {
                    value.is_none_or(|value| values.iter().all(|one| one != value))
                }
            }
        })
    }
}

/// The requirements as texts; none when the parentheses do not pair.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let (mut found, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b')' if inside == (byte == b'(') => return None,
            b'(' => inside = true,
            b')' => inside = false,
            b',' if !inside => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    (!inside).then_some(found)
}

/// The forms are tried in this order, as a text can look like several of them.
fn requirement(text: &str) -> Option<Requirement> {
    let listed = |word: &str| {
        let (key, rest) = text.split_once(word)?;
        Some((key, rest.strip_suffix(')')?))
    };
    let (key, test) = if let Some((key, list)) = listed(" in (") {
        (key, Test::OneOf(values(list)))
    } else if let Some((key, list)) = listed(" notin (") {
        (key, Test::NoneOf(values(list)))
    } else if let Some((key, value)) = text.split_once('=') {
        match key.strip_suffix('!') {
            Some(key) => (key, Test::NoneOf(values(value))),
            None => (key, Test::OneOf(values(value.strip_prefix('=').unwrap_or(value)))),
        }
    } else {
        match text.strip_prefix('!') {
            Some(key) => (key, Test::Absent),
            None => (text, Test::Exists),
        }
    };
    check_key(key).ok()?;
    if let Test::OneOf(values) | Test::NoneOf(values) = &test
        && values.iter().any(|value| check_label_value(value).is_err())
    {
        return None;
    }
    Some(Requirement { key: key.to_owned(), test })
}

/// The values between commas; an empty text has none.
fn values(list: &str) -> Vec<String> {
    if list.is_empty() { Vec::new() } else { list.split(',').map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn metadata() -> Map<String, Value> {
        let Value::Object(metadata) = json!({"labels": {"env": "prod", "x.y/tier": "a", "e": ""}})
        else {
            unreachable!("it is an object")
        };
        metadata
    }

    #[test]
    fn each_form_matches_what_it_says() {
        for (selector, matches) in [
            ("env", true),
            ("!env", false),
            ("env=prod", true),
            ("env==prod", true),
            ("env!=prod", false),
            ("env!=dev", true),
            ("other!=dev", true),
            ("env in (dev,prod)", true),
            ("env in (dev)", false),
            ("env in ()", false),
            ("env notin (dev,prod)", false),
            ("other notin (dev)", true),
            ("env=", false),
            ("env!=", true),
            ("x.y/tier=a,env", true),
            ("x.y/tier=a,!env", false),
            ("e in (,a)", true),
        ] {
            let read = LabelSelector::read(selector).unwrap();
            assert_eq!(read.matches(&metadata()), matches, "{selector}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(LabelSelector::read(""), Err(SelectorFault::Missing));
        for bad in [
            ",",
            "a,",
            "a,,b",
            "foo=bar=baz",
            "a in(b)",
            "a  in (b)",
            "a in  (b)",
            "a in (b",
            "a in b)",
            "a in ((b))",
            "a =b",
            "a= b",
            "!",
            "!!a",
            "a in ( b)",
            "=a",
            "a!b",
            "-a",
            "a in (b)c",
            "cloudfoundry.org/a",
            "a\u{0}",
        ] {
            assert_eq!(LabelSelector::read(bad), Err(SelectorFault::Invalid), "{bad:?}");
        }
        let many = |count: usize| vec!["a"; count].join(",");
        assert!(LabelSelector::read(&many(50)).is_ok());
        assert_eq!(LabelSelector::read(&many(51)), Err(SelectorFault::TooMany { max: 50 }));
    }

    /// One line of the platform's table of requirements.
    #[derive(Debug, Clone)]
    enum Asked {
        Has(String),
        HasNot(String),
        Is(&'static str, String, String),
        IsNot(String, String),
        In(String, Vec<String>),
        NotIn(String, Vec<String>),
    }

    impl Asked {
        fn text(&self) -> String {
            match self {
                Self::Has(key) => key.clone(),
                Self::HasNot(key) => format!("!{key}"),
                Self::Is(sign, key, value) => format!("{key}{sign}{value}"),
                Self::IsNot(key, value) => format!("{key}!={value}"),
                Self::In(key, values) => format!("{key} in ({})", values.join(",")),
                Self::NotIn(key, values) => format!("{key} notin ({})", values.join(",")),
            }
        }

        /// As the table says it, word for word.
        fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
            // An empty text gives an empty list of values.
            let listed = |values: &[String], value: &String| {
                !values.join(",").is_empty() && values.contains(value)
            };
            match self {
                Self::Has(key) => labels.contains_key(key),
                Self::HasNot(key) => !labels.contains_key(key),
                Self::Is(_, key, value) => !value.is_empty() && labels.get(key) == Some(value),
                Self::IsNot(key, value) => value.is_empty() || labels.get(key) != Some(value),
                Self::In(key, values) => labels.get(key).is_some_and(|one| listed(values, one)),
                Self::NotIn(key, values) => labels.get(key).is_none_or(|one| !listed(values, one)),
            }
        }
    }

    fn asked() -> impl Strategy<Value = Asked> {
        let key = || "(x\\.y/)?[ab]";
        let value = || "[ab]?";
        let values = || proptest::collection::vec("[ab]?", 0..4);
        prop_oneof![
            key().prop_map(Asked::Has),
            key().prop_map(Asked::HasNot),
            (prop_oneof![Just("="), Just("==")], key(), value())
                .prop_map(|(sign, key, value)| Asked::Is(sign, key, value)),
            (key(), value()).prop_map(|(key, value)| Asked::IsNot(key, value)),
            (key(), values()).prop_map(|(key, values)| Asked::In(key, values)),
            (key(), values()).prop_map(|(key, values)| Asked::NotIn(key, values)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_selects_as_the_table_says(
            asked in proptest::collection::vec(asked(), 1..5),
            labels in proptest::collection::btree_map("(x\\.y/)?[ab]", "[ab]?", 0..4),
        ) {
            let text = asked.iter().map(Asked::text).collect::<Vec<_>>().join(",");
            let selector = LabelSelector::read(&text);
            prop_assert!(selector.is_ok(), "{} {:?}", text, selector);
            let metadata = Map::from_iter([("labels".to_owned(), json!(labels))]);
            let expected = asked.iter().all(|one| one.holds(&labels));
            prop_assert_eq!(selector.unwrap().matches(&metadata), expected, "{} {:?}", text, labels);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a=!(), n-]{0,20}") {
            if let Ok(selector) = LabelSelector::read(&text) {
                prop_assert!(!selector.is_empty());
                let _ = selector.matches(&metadata());
            }
        }

        #[test]
        fn equal_and_unequal_are_opposites(key in "[a-c]", value in "[a-c]{1,2}") {
            let labels = Map::from_iter([("labels".to_owned(), json!({"a": "a", "b": "bb"}))]);
            let matches = |text: String| LabelSelector::read(&text).unwrap().matches(&labels);
            prop_assert_ne!(matches(format!("{key}={value}")), matches(format!("{key}!={value}")));
        }
    }
}
