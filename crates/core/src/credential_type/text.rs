//! Inputs given as JSON or YAML text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Tagged;

use super::rule::{Expected, InputRule};
use crate::error::{Rule, ValueKind};

/// How deep objects and lists may be nested in a document.
pub const DEPTH_LIMIT: usize = 64;

/// The inputs of a credential as a member of a request: an object, or text that holds a mapping.
///
/// # Errors
/// [`Rule::Null`] for null; [`InputRule::WrongKind`] for everything else that is no object, with the kind that was
/// given: text that holds no mapping counts as text.
pub fn read_inputs(given: Value) -> Result<Map<String, Value>, Rule> {
    let kind = ValueKind::from(&given);
    let inputs = match given {
        Value::Null => return Err(Rule::Null),
        Value::Object(inputs) => Some(inputs),
        Value::String(text) => parse_inputs_text(&text),
        _ => None,
    };
    let wrong = InputRule::WrongKind { given: kind, path: Vec::new(), expected: Expected::Object };
    inputs.ok_or(Rule::Input(wrong))
}

/// The mapping that a JSON or YAML text holds; JSON is tried first.
///
/// A YAML text holds one document with text keys, no key twice, no tags, anchors, aliases or merge keys and no
/// number that JSON cannot hold; `yes` and `on` are booleans. Nothing nests deeper than [`DEPTH_LIMIT`].
pub fn parse_inputs_text(text: &str) -> Option<Map<String, Value>> {
    let document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(_) => yaml(text)?,
    };
    match document {
        Value::Object(inputs) if fits(inputs.values(), DEPTH_LIMIT) => Some(inputs),
        _ => None,
    }
}

/// Whether objects and lists nest no deeper than [`DEPTH_LIMIT`].
pub fn is_within_depth(document: &Value) -> bool {
    fits([document], DEPTH_LIMIT + 1)
}

/// Whether no value nests deeper than `levels - 1`.
fn fits<'a>(values: impl IntoIterator<Item = &'a Value>, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return false;
    };
    values.into_iter().all(|value| match value {
        Value::Array(list) => fits(list, below),
        Value::Object(object) => fits(object.values(), below),
        _ => true,
    })
}

fn yaml(text: &str) -> Option<Value> {
    // YAML indents with spaces only, which the parser does not insist on.
    if text.lines().any(|line| line.starts_with('\t') && !line.trim().is_empty()) {
        return None;
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_LIMIT,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_documents: 1,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
    };
    // The parser descends by calling itself, with frames so large that the depth allowed overflows the stack of a
    // thread of the runtime.
    let parse = || serde_saphyr::from_str_with_options::<Node>(text, options).ok();
    stacker::maybe_grow(PARSER_STACK, PARSER_STACK, parse).map(|node| node.0)
}

/// Bytes of stack that a document of the greatest depth allowed is parsed in.
const PARSER_STACK: usize = 16 * 1024 * 1024;

/// A YAML node without a tag, nor any below it.
struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Tagged::<Untagged>::deserialize(deserializer)? {
            Tagged(node, None) => Ok(Self(node.0)),
            Tagged(_, Some(_)) => Err(D::Error::custom("a tag")),
        }
    }
}

/// The content of a node.
struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Self)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number beyond JSON"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((Node(key), Node(value))) = map.next_entry()? {
            let Value::String(key) = key else {
                return Err(A::Error::custom("a key that is not text"));
            };
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Option<Value> {
        parse_inputs_text(text).map(Value::Object)
    }

    #[test]
    fn json_and_yaml_mappings_are_read() {
        for (text, expected) in [
            (r#"{"username": "joe"}"#, json!({"username": "joe"})),
            ("username: joe\npassword: abc\n", json!({"username": "joe", "password": "abc"})),
            ("{username: joe, 'n': 'x'}", json!({"username": "joe", "n": "x"})),
            (
                "---\na: 1\nb: -2.5\nc: null\nd: true\ne: [1, {f: g}]\n",
                json!({"a": 1, "b": -2.5, "c": null, "d": true, "e": [1, {"f": "g"}]}),
            ),
            ("verify: yes", json!({"verify": true})),
            ("k: |\n  -----BEGIN\n  two\n", json!({"k": "-----BEGIN\ntwo\n"})),
            (r#"{"a": 1, "a": 2}"#, json!({"a": 2})),
            ("'1': x # comment", json!({"1": "x"})),
            ("a: 1\n\t\nb:\t2\n", json!({"a": 1, "b": 2})),
            ("{\n\t\"a\": 1\n}", json!({"a": 1})),
            ("{}", json!({})),
        ] {
            assert_eq!(parsed(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_mapping() {
        let deep = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
        let deeper = format!("a: {}{}", "[".repeat(300), "]".repeat(300));
        for text in [
            "",
            " ",
            "joe",
            "[1]",
            "null",
            "12",
            "- a",
            "a:\n\tb: 1\n",
            "\ta: 1",
            "a: 1\n---\nb: 2\n",
            "a: 1\na: 2\n",
            "1: x",
            "true: x",
            "null: x",
            "[a]: x",
            "a: !!str 5",
            "!!map {a: b}",
            "a: !secret b",
            "!!str a: b",
            "a: &x 1\nb: *x\n",
            "a: &x 1",
            "a: {b: 1}\nc: {<<: {d: 1}}",
            "a: .nan",
            "a: .inf",
            "a: \"\u{0}",
            "a: [",
            "\u{feff}]",
            &deep,
            &deeper,
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_counted_in_containers() {
        let nest = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(is_within_depth(&nest(DEPTH_LIMIT)));
        assert!(!is_within_depth(&nest(DEPTH_LIMIT + 1)));
        let text = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(parsed(&text(DEPTH_LIMIT)).is_some());
    }

    #[test]
    fn a_member_is_an_object_or_holds_one() {
        let wrong = |given| {
            Err(Rule::Input(InputRule::WrongKind {
                given,
                path: vec![],
                expected: Expected::Object,
            }))
        };
        for (given, expected) in [
            (json!(null), Err(Rule::Null)),
            (json!(""), wrong(ValueKind::Text)),
            (json!("joe"), wrong(ValueKind::Text)),
            (json!([]), wrong(ValueKind::List)),
            (json!(1), wrong(ValueKind::Integer)),
            (json!(1.5), wrong(ValueKind::Float)),
            (json!(false), wrong(ValueKind::Boolean)),
            (json!({}), Ok(Map::new())),
            (json!("{}"), Ok(Map::new())),
        ] {
            assert_eq!(read_inputs(given), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse_inputs_text(&text);
        }

        #[test]
        fn no_yaml_like_text_panics(parts in prop::collection::vec(
            prop::sample::select(vec!["a", ": ", "- ", "\n", "  ", "&x ", "*x", "!t ", "{", "}", "[", "]", "'", "\"", "|", ">", "---", "#", "? ", "1", "\t", ","]),
            0..40,
        )) {
            let _ = parse_inputs_text(&parts.concat());
        }

        #[test]
        fn a_mapping_written_as_json_is_read_back(values in prop::collection::btree_map(".{0,8}", ".{0,20}", 0..6)) {
            let document = json!(values);
            prop_assert_eq!(parsed(&document.to_string()), Some(document));
        }
    }
}
