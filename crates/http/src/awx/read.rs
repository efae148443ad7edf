//! Members of a body as AWX reads them: numbers pass for texts, texts for numbers and ids, white space goes.
//!
//! Nothing fails here. A member that cannot be read becomes a broken rule in the draft.

use secrecy::SecretString;
use serde_json::{Map, Value};
use strongroom_core::credential_type::{Expected, InputRule, read_inputs};
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, ValueKind};
use strongroom_core::id::Ref;

use super::python;

/// The members of a body.
pub(super) type Body = Map<String, Value>;

/// What a text member may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextRule {
    /// Whether it may be empty.
    pub(super) blank: bool,
    /// The most characters, if there is a limit.
    pub(super) max: Option<usize>,
}

impl TextRule {
    /// A text that must say something.
    pub(super) const fn required(max: usize) -> Self {
        Self { blank: false, max: Some(max) }
    }

    /// A text that may be empty.
    pub(super) const fn optional(max: usize) -> Self {
        Self { blank: true, max: Some(max) }
    }

    /// A text without limit that may be empty.
    pub(super) const FREE: Self = Self { blank: true, max: None };
}

/// A text: trimmed, numbers written out, null as the empty text.
pub(super) fn text(body: &Body, name: &str, rule: TextRule) -> Member<String> {
    let given = match body.get(name) {
        None => return Member::Absent,
        Some(Value::Null) if rule.blank => return Member::Given(String::new()),
        Some(Value::Null) => return Member::Bad(Rule::Null),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => python::number_text(number),
        Some(_) => return Member::Bad(Rule::NotText),
    };
    match broken(&given, rule) {
        Some(rule) => Member::Bad(rule),
        None => Member::Given(given),
    }
}

fn broken(text: &str, rule: TextRule) -> Option<Rule> {
    if text.is_empty() && !rule.blank {
        return Some(Rule::Blank);
    }
    if text.contains('\0') {
        return Some(Rule::NulCharacter);
    }
    rule.max.filter(|max| text.chars().count() > *max).map(|max| Rule::TooLong { max })
}

/// A boolean, also as one of the words or digits that stand for one.
pub(super) fn boolean(body: &Body, name: &str) -> Member<bool> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Bad(Rule::Null),
        Some(Value::Bool(value)) => Member::Given(*value),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(1.0) => Member::Given(true),
            Some(0.0) => Member::Given(false),
            _ => Member::Bad(Rule::NotBoolean),
        },
        Some(Value::String(text)) if TRUE.contains(&text.as_str()) => Member::Given(true),
        Some(Value::String(text)) if FALSE.contains(&text.as_str()) => Member::Given(false),
        Some(_) => Member::Bad(Rule::NotBoolean),
    }
}

/// An integer that is not negative; `5.0` and `"5"` are such.
pub(super) fn count(body: &Body, name: &str) -> Member<i64> {
    whole_number(body, name).check(|number| (*number < 0).then_some(Rule::TooSmall { min: 0 }))
}

/// An integer; `5.0` and `"5"` are such.
pub(super) fn whole_number(body: &Body, name: &str) -> Member<i64> {
    let given = match body.get(name) {
        None => return Member::Absent,
        Some(Value::Null) => return Member::Bad(Rule::Null),
        Some(Value::Number(number)) => python::number_text(number),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(_) => return Member::Bad(Rule::NotInteger),
    };
    let whole = given.split_once('.').map_or(given.as_str(), |(whole, fraction)| {
        if fraction.bytes().all(|digit| digit == b'0') { whole } else { "" }
    });
    match whole.parse::<i64>() {
        Ok(number) => Member::Given(number),
        Err(_) => Member::Bad(Rule::NotInteger),
    }
}

/// The id of another object that must be named.
pub(super) fn id(body: &Body, name: &str) -> Member<Ref> {
    match optional_id(body, name) {
        Member::Absent => Member::Absent,
        Member::Given(Some(id)) => Member::Given(id),
        Member::Given(None) => Member::Bad(Rule::Null),
        Member::Bad(rule) => Member::Bad(rule),
    }
}

/// The id of another object, or null; the empty text means null.
pub(super) fn optional_id(body: &Body, name: &str) -> Member<Option<Ref>> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Given(None),
        Some(Value::String(text)) if text.is_empty() => Member::Given(None),
        Some(value) => match integer(value) {
            Read::Integer(id) => Member::Given(Some(Ref::Serial(id))),
            Read::Beyond(given) => Member::Bad(Rule::UnknownObject { given }),
            Read::Other => Member::Bad(Rule::NotAnId { given: ValueKind::from(value) }),
        },
    }
}

/// An integer, or the text of one.
pub(super) fn integer(value: &Value) -> Read {
    let text = match value {
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        // A number beyond 64 bits arrives as one with a fraction, though it has none.
        Value::Number(number) if number.as_f64().is_some_and(|n| n.abs() >= TWO_TO_63) => {
            return Read::Beyond(python::number_text(number));
        }
        _ => return Read::Other,
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Read::Other;
    }
    match text.parse() {
        Ok(integer) => Read::Integer(integer),
        Err(_) => Read::Beyond(text),
    }
}

/// What a value is when an integer is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// An integer.
    Integer(i64),
    /// An integer that no id reaches, as text.
    Beyond(String),
    /// Something else.
    Other,
}

/// The inputs of a credential: an object, or a text that holds one in JSON or YAML.
pub(super) fn inputs(body: &Body, name: &str) -> Member<Body> {
    match body.get(name).cloned().map(read_inputs) {
        None => Member::Absent,
        Some(Ok(inputs)) => Member::Given(inputs),
        Some(Err(rule)) => Member::Bad(rule),
    }
}

/// An object, and no text of one.
pub(super) fn object(body: &Body, name: &str) -> Member<Body> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Bad(Rule::Null),
        Some(Value::Object(members)) => Member::Given(members.clone()),
        Some(other) => Member::Bad(not_an_object(other)),
    }
}

/// That a value is no object, null neither.
pub(super) fn not_an_object(value: &Value) -> Rule {
    Rule::Input(InputRule::WrongKind {
        given: ValueKind::from(value),
        path: Vec::new(),
        expected: Expected::Object,
    })
}

/// A document whose own rules are looked at later.
pub(super) fn document(body: &Body, name: &str) -> Member<Value> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Bad(Rule::Null),
        Some(value) => Member::Given(value.clone()),
    }
}

/// A password; the mask and the empty text mean that none is given.
pub(super) fn password(body: &Body, name: &str) -> Member<SecretString> {
    match text(body, name, TextRule::optional(PASSWORD_LENGTH)) {
        Member::Given(text) if text.is_empty() || text == super::MASK => Member::Absent,
        given => given.map(SecretString::from),
    }
}

/// The most characters of a password.
pub(super) const PASSWORD_LENGTH: usize = 128;

const TRUE: [&str; 14] =
    ["t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "1"];
const FALSE: [&str; 14] =
    ["f", "F", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", "0"];
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn body(value: Value) -> Body {
        Map::from_iter([("x".to_owned(), value)])
    }

    #[test]
    fn texts_are_trimmed_and_numbers_written_out() {
        let rule = TextRule::required(3);
        for (given, read) in [
            (json!(" ab "), Member::Given("ab".to_owned())),
            (json!(12), Member::Given("12".to_owned())),
            (json!(1.5), Member::Given("1.5".to_owned())),
            (json!("  "), Member::Bad(Rule::Blank)),
            (json!(null), Member::Bad(Rule::Null)),
            (json!(true), Member::Bad(Rule::NotText)),
            (json!([]), Member::Bad(Rule::NotText)),
            (json!("abcd"), Member::Bad(Rule::TooLong { max: 3 })),
            (json!("äöü"), Member::Given("äöü".to_owned())),
            (json!("a\0"), Member::Bad(Rule::NulCharacter)),
        ] {
            assert_eq!(text(&body(given.clone()), "x", rule), read, "{given}");
        }
        assert_eq!(text(&body(json!(null)), "x", TextRule::FREE), Member::Given(String::new()));
        assert_eq!(text(&Body::new(), "x", rule), Member::Absent);
    }

    #[test]
    fn ids_are_integers_or_texts_of_them() {
        for (given, read) in [
            (json!(5), Member::Given(Some(Ref::Serial(5)))),
            (json!("5"), Member::Given(Some(Ref::Serial(5)))),
            (json!(""), Member::Given(None)),
            (json!(null), Member::Given(None)),
            (json!("abc"), Member::Bad(Rule::NotAnId { given: ValueKind::Text })),
            (json!(true), Member::Bad(Rule::NotAnId { given: ValueKind::Boolean })),
            (json!({}), Member::Bad(Rule::NotAnId { given: ValueKind::Object })),
            (json!(1.5), Member::Bad(Rule::NotAnId { given: ValueKind::Float })),
            (
                json!("99999999999999999999"),
                Member::Bad(Rule::UnknownObject { given: "99999999999999999999".to_owned() }),
            ),
        ] {
            assert_eq!(optional_id(&body(given.clone()), "x"), read, "{given}");
        }
        assert_eq!(id(&body(json!(null)), "x"), Member::Bad(Rule::Null));
    }

    #[test]
    fn booleans_and_counts_have_many_spellings() {
        for (given, read) in
            [(json!("Yes"), true), (json!(1), true), (json!(false), false), (json!("off"), false)]
        {
            assert_eq!(boolean(&body(given), "x"), Member::Given(read));
        }
        assert_eq!(boolean(&body(json!("maybe")), "x"), Member::Bad(Rule::NotBoolean));
        for (given, read) in [(json!(" 7 "), 7), (json!(7.0), 7), (json!("7.00"), 7)] {
            assert_eq!(count(&body(given), "x"), Member::Given(read));
        }
        assert_eq!(count(&body(json!(7.5)), "x"), Member::Bad(Rule::NotInteger));
        assert_eq!(count(&body(json!(-1)), "x"), Member::Bad(Rule::TooSmall { min: 0 }));
    }

    #[test]
    fn inputs_are_an_object_or_the_text_of_one() {
        let read = Member::Given(Map::from_iter([("username".to_owned(), json!("joe"))]));
        for given in
            [json!({"username": "joe"}), json!("{\"username\": \"joe\"}"), json!("username: joe\n")]
        {
            assert_eq!(inputs(&body(given.clone()), "x"), read, "{given}");
        }
        for given in [json!(""), json!("just a text"), json!("[1]"), json!([]), json!(5)] {
            assert!(matches!(inputs(&body(given.clone()), "x"), Member::Bad(_)), "{given}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(json!([1])),
            Just(json!({"a": 1})),
        ]
    }

    proptest! {
        #[test]
        fn a_text_that_is_read_keeps_its_rule(value in any_value(), max in 1_usize..8) {
            if let Member::Given(read) = text(&body(value), "x", TextRule::required(max)) {
                prop_assert!(!read.is_empty() && read.chars().count() <= max && !read.contains('\0'));
                prop_assert_eq!(read.trim(), &read);
            }
        }

        #[test]
        fn every_value_is_read_one_way_or_the_other(value in any_value()) {
            let body = body(value);
            let absent = [
                text(&body, "x", TextRule::FREE) == Member::Absent,
                boolean(&body, "x") == Member::Absent,
                count(&body, "x") == Member::Absent,
                optional_id(&body, "x") == Member::Absent,
                inputs(&body, "x") == Member::Absent,
            ];
            prop_assert_eq!(absent, [false; 5]);
        }
    }
}
