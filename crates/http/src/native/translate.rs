//! From bodies to drafts. A member that cannot be read becomes a broken rule in the draft, so that the
//! use-case can look at permissions first; only what makes the whole body unreadable is refused here.

use secrecy::SecretString;
use serde_json::{Map, Value};
use strongroom_core::clock::Timestamp;
use strongroom_core::credential_type::{Expected, InputRule};
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, ValueKind};
use strongroom_core::id::Ref;
use strongroom_service::NamedOrganization;

use super::error::{NativeError, Wrong};
use super::words::{self, brief};
use crate::body::{JSON_DEPTH, JsonFault, MediaType, RawBody};

/// The members of a body, all of which its endpoint knows.
#[derive(Debug, Default)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads a body whose endpoint knows these members.
    pub(super) fn read(body: &RawBody, known: &[&str]) -> Result<Self, NativeError> {
        if !body.is_empty() && body.media_type != MediaType::Json {
            return Err(NativeError::MediaType);
        }
        let members = match body.json() {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(whole("A JSON object is expected.".to_owned())),
            Err(fault) => return Err(whole(unreadable(fault))),
        };
        let wrong: Vec<Wrong> =
            members.iter().filter_map(|(name, value)| wrong(name, value, known)).collect();
        if wrong.is_empty() { Ok(Self(members)) } else { Err(NativeError::Unreadable(wrong)) }
    }

    /// A trimmed text of at most so many characters that says something.
    pub(super) fn text(&self, name: &str, max: usize) -> Member<String> {
        self.free_text(name, max).check(|text| text.is_empty().then_some(Rule::Blank))
    }

    /// A trimmed text of at most so many characters, which may be empty.
    pub(super) fn free_text(&self, name: &str, max: usize) -> Member<String> {
        let text = self.member(name, |value| match value {
            Value::String(text) => Ok(text.trim().to_owned()),
            _ => Err(Rule::NotText),
        });
        text.check(|text| (max < text.chars().count()).then_some(Rule::TooLong { max }))
    }

    /// A password, taken as it is.
    pub(super) fn password(&self, name: &str) -> Member<SecretString> {
        let text = self.member(name, |value| match value {
            Value::String(text) => Ok(text.as_str()),
            _ => Err(Rule::NotText),
        });
        text.check(|text| text.is_empty().then_some(Rule::Blank))
            .check(|text| {
                (PASSWORD_LENGTH < text.chars().count())
                    .then_some(Rule::TooLong { max: PASSWORD_LENGTH })
            })
            .map(SecretString::from)
    }

    /// A boolean.
    pub(super) fn boolean(&self, name: &str) -> Member<bool> {
        self.member(name, |value| value.as_bool().ok_or(Rule::NotBoolean))
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Member<Map<String, Value>> {
        self.member(name, |value| match value {
            Value::Object(object) => Ok(object.clone()),
            other => Err(Rule::Input(InputRule::WrongKind {
                given: ValueKind::from(other),
                path: Vec::new(),
                expected: Expected::Object,
            })),
        })
    }

    /// One of some words.
    pub(super) fn word<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Member<T> {
        self.member(name, |value| word(value, &read))
    }

    /// A list of some words.
    pub(super) fn words<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Member<Vec<T>> {
        self.member(name, |value| match value {
            Value::Array(items) => items.iter().map(|item| word(item, &read)).collect(),
            other => Err(Rule::Input(InputRule::WrongKind {
                given: ValueKind::from(other),
                path: Vec::new(),
                expected: Expected::List,
            })),
        })
    }

    /// A list of texts of usual length.
    pub(super) fn texts(&self, name: &str) -> Member<Vec<String>> {
        self.words(name, |text| (text.chars().count() <= LABEL_LENGTH).then(|| text.to_owned()))
    }

    /// A point of time as RFC 3339 writes it.
    pub(super) fn time(&self, name: &str) -> Member<Timestamp> {
        self.member(name, |value| {
            let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            time.map(|time| Timestamp::from_micros(time.as_microsecond()))
                .ok_or(Rule::NotAFutureTime)
        })
    }

    /// A member as it is, for whoever reads it himself.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An integer.
    pub(super) fn integer(&self, name: &str) -> Member<i64> {
        self.member(name, |value| value.as_i64().ok_or(Rule::NotInteger))
    }

    /// An organization by any spelling of its id, or by name.
    pub(super) fn organization(&self, name: &str) -> Member<NamedOrganization> {
        self.member(name, organization)
    }

    /// Another object, by any spelling of its id.
    pub(super) fn id(&self, name: &str) -> Member<Ref> {
        self.member(name, id)
    }

    /// Another object or null.
    pub(super) fn optional_id(&self, name: &str) -> Member<Option<Ref>> {
        self.nullable(name, id)
    }

    /// Something that is read from a value, or null.
    pub(super) fn nullable<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Rule>,
    ) -> Member<Option<T>> {
        match self.0.get(name) {
            Some(Value::Null) => Member::Given(None),
            _ => self.member(name, read).map(Some),
        }
    }

    fn member<'a, T>(
        &'a self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, Rule>,
    ) -> Member<T> {
        match self.0.get(name) {
            None => Member::Absent,
            Some(Value::Null) => Member::Bad(Rule::Null),
            Some(value) => match read(value) {
                Ok(value) => Member::Given(value),
                Err(rule) => Member::Bad(rule),
            },
        }
    }
}

/// The same member, whose absence is a fault.
pub(super) fn required<T>(member: Member<T>) -> Member<T> {
    match member {
        Member::Absent => Member::Bad(Rule::Required),
        given => given,
    }
}

/// Any spelling of an id.
pub(super) fn id(value: &Value) -> Result<Ref, Rule> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .filter(|id| 0 <= *id)
            .map(Ref::Serial)
            .ok_or_else(|| Rule::UnknownObject { given: number.to_string() }),
        Value::String(text) => {
            text.parse().map_err(|_| Rule::UnknownObject { given: text.clone() })
        }
        other => Err(Rule::NotAnId { given: ValueKind::from(other) }),
    }
}

/// An organization by any spelling of its id, or by name.
pub(super) fn organization(value: &Value) -> Result<NamedOrganization, Rule> {
    match value {
        Value::String(name) => Ok(name.parse().map_or_else(
            |_| NamedOrganization::Name(name.trim().to_owned()),
            NamedOrganization::Id,
        )),
        other => id(other).map(NamedOrganization::Id),
    }
}

fn word<T>(value: &Value, read: impl Fn(&str) -> Option<T>) -> Result<T, Rule> {
    let Value::String(text) = value else { return Err(Rule::NotText) };
    read(text).ok_or_else(|| Rule::NotAChoice { given: text.clone() })
}

/// What makes a member unreadable wherever it stands.
fn wrong(name: &str, value: &Value, known: &[&str]) -> Option<Wrong> {
    if !known.contains(&name) {
        return Some(Wrong::new(brief(name), "Unknown member."));
    }
    has_nul(value).then(|| Wrong::new(name, words::NUL))
}

/// Whether a NUL character stands anywhere in the value. Its depth is limited by then.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

fn unreadable(fault: JsonFault) -> String {
    match fault {
        JsonFault::TooDeep => {
            format!("More than {JSON_DEPTH} arrays and objects stand in each other.")
        }
        JsonFault::Syntax { line, column } => format!("Not JSON at line {line}, column {column}."),
    }
}

fn whole(message: String) -> NativeError {
    NativeError::Unreadable(vec![Wrong::new("body", message)])
}

/// The most characters of a name.
pub(super) const NAME_LENGTH: usize = 512;
/// The most characters of a user name.
pub(super) const USERNAME_LENGTH: usize = 150;
/// The most characters of the short texts of references and tokens.
pub(super) const LABEL_LENGTH: usize = 255;
/// The most characters of a description.
pub(super) const DESCRIPTION_LENGTH: usize = 16 * 1024;
/// The most characters of a password.
const PASSWORD_LENGTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn read(text: &[u8], known: &[&str]) -> Result<Members, NativeError> {
        let bytes = Bytes::copy_from_slice(text);
        Members::read(&RawBody { bytes, media_type: MediaType::Json }, known)
    }

    fn wrongs(text: &[u8], known: &[&str]) -> Vec<(String, String)> {
        match read(text, known) {
            Err(NativeError::Unreadable(wrongs)) => {
                wrongs.into_iter().map(|wrong| (wrong.field, wrong.message)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn of(value: Value) -> Members {
        Members(Map::from_iter([("x".to_owned(), value)]))
    }

    #[test]
    fn a_body_is_an_object_of_known_members_or_says_what_is_wrong() {
        assert!(read(br#"{"a": 1}"#, &["a", "b"]).is_ok());
        for (text, field) in [
            (&b""[..], "body"),
            (b"[]", "body"),
            (b"null", "body"),
            (b"{\"a\":", "body"),
            (br#"{"c": "hunter2"}"#, "c"),
            (br#"{"a": "x\u0000y"}"#, "a"),
            (br#"{"a": {"b": ["\u0000"]}}"#, "a"),
            (br#"{"a": {"\u0000": 1}}"#, "a"),
        ] {
            let wrongs = wrongs(text, &["a", "b"]);
            assert_eq!(wrongs.len(), 1, "{text:?}");
            assert_eq!(wrongs[0].0, field);
            assert!(!wrongs[0].1.contains("hunter2"));
        }
        assert_eq!(wrongs(br#"{"c": 1, "d": 2}"#, &["a"]).len(), 2);
    }

    #[test]
    fn only_json_is_read() {
        for media_type in [MediaType::Absent, MediaType::Form, MediaType::Other] {
            let body = RawBody { bytes: Bytes::from_static(b"{}"), media_type };
            assert!(matches!(Members::read(&body, &[]), Err(NativeError::MediaType)));
        }
    }

    #[test]
    fn members_are_read_as_what_they_should_be() {
        assert_eq!(of(json!(" a ")).text("x", 3), Member::Given("a".to_owned()));
        assert_eq!(of(json!("  ")).text("x", 3), Member::Bad(Rule::Blank));
        assert_eq!(of(json!("  ")).free_text("x", 3), Member::Given(String::new()));
        assert_eq!(of(json!("äöüß")).text("x", 3), Member::Bad(Rule::TooLong { max: 3 }));
        assert_eq!(of(json!(1)).text("x", 3), Member::Bad(Rule::NotText));
        assert_eq!(of(json!(null)).text("x", 3), Member::Bad(Rule::Null));
        assert_eq!(of(json!(true)).boolean("x"), Member::Given(true));
        assert_eq!(of(json!("true")).boolean("x"), Member::Bad(Rule::NotBoolean));
        assert_eq!(of(json!(null)).optional_id("x"), Member::Given(None));
        assert_eq!(of(json!(7)).id("x"), Member::Given(Ref::Serial(7)));
        assert_eq!(of(json!("7")).id("x"), Member::Given(Ref::Serial(7)));
        assert!(matches!(of(json!("4DY4qGohso1r")).id("x"), Member::Given(Ref::Short(_))));
        for (value, given) in [(json!(-1), "-1"), (json!("abc"), "abc"), (json!(1.5), "1.5")] {
            let rule = Rule::UnknownObject { given: given.to_owned() };
            assert_eq!(of(value).id("x"), Member::Bad(rule));
        }
        assert!(matches!(of(json!([])).id("x"), Member::Bad(Rule::NotAnId { .. })));
        assert!(matches!(of(json!([])).object("x"), Member::Bad(Rule::Input(_))));
        assert!(of(json!("2030-01-31T12:00:00Z")).time("x").given().is_some());
        assert_eq!(of(json!("tomorrow")).time("x"), Member::Bad(Rule::NotAFutureTime));
    }

    #[test]
    fn a_password_is_taken_as_it_is() {
        let password = of(json!(" a ")).password("x");
        assert_eq!(password.given().map(ExposeSecret::expose_secret), Some(" a "));
        assert!(matches!(of(json!("")).password("x"), Member::Bad(Rule::Blank)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&bytes, &["a"]);
        }
    }
}
