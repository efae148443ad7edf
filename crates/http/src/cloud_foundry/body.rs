//! From bodies to drafts. A member that cannot be read becomes a broken rule in the draft, so that the use-case
//! can look at permissions first.

use secrecy::SecretString;
use serde_json::{Map, Value};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::platform::{MetadataPatch, PlatformRule};

use crate::body::RawBody;

/// The members of a body.
#[derive(Debug)]
pub(super) struct Body {
    members: Map<String, Value>,
    /// Whether there was an object, or nothing at all.
    is_read: bool,
}

impl Body {
    /// Reads a body as JSON, whatever it is said to be: clients send it under any type or none. An empty one has no
    /// members.
    ///
    /// What is no object is a fault like any other, told after it is known whether the caller may ask at all.
    pub(super) fn read(raw: &RawBody) -> Self {
        let nothing = |is_read| Self { members: Map::new(), is_read };
        if raw.bytes.trim_ascii().is_empty() {
            return nothing(true);
        }
        match raw.json() {
            Ok(Value::Object(members)) => Self { members, is_read: true },
            Ok(_) | Err(_) => nothing(false),
        }
    }

    /// A fault that names the members that the request does not take, or says that there is no object.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<Violation> {
        if !self.is_read {
            let rule = Rule::Platform(PlatformRule::NotAnObject);
            return vec![Violation::new(FieldPath::Whole, rule)];
        }
        unknown(&self.members, known, FieldPath::Whole).into_iter().collect()
    }

    /// A member, unless it is absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A text that says something, of at most so many characters.
    pub(super) fn text(&self, name: &str, max: usize) -> Member<String> {
        member(self.get(name), |value| text(value, max).map(str::to_owned))
    }

    /// A user name at a registry, which may be anything but empty.
    pub(super) fn username(&self) -> Member<String> {
        member(self.get("username"), |value| username(value).map(str::to_owned))
    }

    /// A secret, taken as it is.
    pub(super) fn secret(&self, name: &str) -> Member<SecretString> {
        member(self.get(name), secret)
    }

    /// A switch; null is as good as absent, because clients send it for what they do not know.
    pub(super) fn switch(&self, name: &str) -> Member<bool> {
        let given = self.get(name).filter(|value| !value.is_null());
        member(given, |value| value.as_bool().ok_or(Rule::NotBoolean))
    }

    /// Labels and annotations; each fault of them is one of the request.
    pub(super) fn metadata(&self, faults: &mut Vec<Violation>) -> Member<MetadataPatch> {
        let Some(value) = self.get("metadata") else { return Member::Absent };
        match MetadataPatch::read(value) {
            Ok(patch) => Member::Given(patch),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| {
                    Violation::new("metadata", Rule::Platform(PlatformRule::Metadata(fault)))
                }));
                Member::Absent
            }
        }
    }
}

/// A fault that names the members that an object should not have.
pub(super) fn unknown(
    members: &Map<String, Value>,
    known: &[&str],
    field: FieldPath,
) -> Option<Violation> {
    let given: Vec<String> =
        members.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    let rule = Rule::Platform(PlatformRule::UnknownMembers { given: given.clone() });
    (!given.is_empty()).then(|| Violation::new(field, rule))
}

/// A secret, taken as it is.
pub(super) fn secret(value: &Value) -> Result<SecretString, Rule> {
    match value {
        Value::String(text) if text.is_empty() => Err(Rule::Blank),
        Value::String(text) if text.contains('\0') => Err(Rule::NulCharacter),
        Value::String(text) => Ok(SecretString::from(text.as_str())),
        _ => Err(Rule::NotText),
    }
}

/// A member that is read from its value; null breaks a rule.
pub(super) fn member<T>(
    value: Option<&Value>,
    read: impl FnOnce(&Value) -> Result<T, Rule>,
) -> Member<T> {
    match value {
        None => Member::Absent,
        Some(Value::Null) => Member::Bad(Rule::Null),
        Some(value) => match read(value) {
            Ok(value) => Member::Given(value),
            Err(rule) => Member::Bad(rule),
        },
    }
}

/// A text that says something, of at most so many characters.
pub(super) fn text(value: &Value, max: usize) -> Result<&str, Rule> {
    let text = plain_text(value, max)?;
    if text.trim().is_empty() { Err(Rule::Blank) } else { Ok(text) }
}

/// A user name at a registry, which may be anything but empty.
pub(super) fn username(value: &Value) -> Result<&str, Rule> {
    let text = plain_text(value, USERNAME_LENGTH)?;
    if text.is_empty() { Err(Rule::Blank) } else { Ok(text) }
}

fn plain_text(value: &Value, max: usize) -> Result<&str, Rule> {
    let Value::String(text) = value else { return Err(Rule::NotText) };
    if text.contains('\0') {
        return Err(Rule::NulCharacter);
    }
    if max < text.chars().count() { Err(Rule::TooLong { max }) } else { Ok(text) }
}

/// The most characters of a name.
pub(super) const NAME_LENGTH: usize = 255;
/// The most characters of a user name at a registry.
const USERNAME_LENGTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::MediaType;
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &[u8], media_type: MediaType) -> Body {
        Body::read(&RawBody { bytes: Bytes::copy_from_slice(text), media_type })
    }

    #[test]
    fn an_object_is_read_whatever_its_type_is_said_to_be() {
        for media_type in [MediaType::Absent, MediaType::Json, MediaType::Form, MediaType::Other] {
            assert_eq!(read(b"{\"a\": 1}", media_type).get("a"), Some(&json!(1)));
            for nothing in [&b""[..], b" \r\n\t", b"{}"] {
                assert_eq!(read(nothing, media_type).unknown(&[]), Vec::new());
            }
            for bad in [&b"[]"[..], b"{", b"\"a\"", b"null", b"a=b"] {
                assert_eq!(read(bad, media_type).unknown(&[]).len(), 1, "{bad:?}");
            }
        }
    }

    #[test]
    fn members_are_read_or_break_a_rule() {
        let of = |value: Value| Body {
            members: Map::from_iter([("x".to_owned(), value)]),
            is_read: true,
        };
        assert_eq!(of(json!("a")).text("x", 1), Member::Given("a".to_owned()));
        assert_eq!(of(json!("ab")).text("x", 1), Member::Bad(Rule::TooLong { max: 1 }));
        assert_eq!(of(json!(" ")).text("x", 1), Member::Bad(Rule::Blank));
        assert_eq!(of(json!("\0")).text("x", 1), Member::Bad(Rule::NulCharacter));
        assert_eq!(of(json!(1)).text("x", 1), Member::Bad(Rule::NotText));
        assert_eq!(of(json!(null)).text("x", 1), Member::Bad(Rule::Null));
        assert_eq!(of(json!(null)).switch("x"), Member::Absent);
        assert_eq!(of(json!(true)).switch("x"), Member::Given(true));
        assert_eq!(of(json!("yes")).switch("x"), Member::Bad(Rule::NotBoolean));
        assert_eq!(username(&json!(" ")), Ok(" "));
        assert_eq!(username(&json!("")), Err(Rule::Blank));
        assert_eq!(username(&json!("a".repeat(256))), Err(Rule::TooLong { max: 255 }));
        assert!(matches!(of(json!("")).secret("x"), Member::Bad(Rule::Blank)));
        assert!(matches!(of(json!(" ")).secret("x"), Member::Given(_)));
        assert!(matches!(of(json!(1)).secret("x"), Member::Bad(Rule::NotText)));
        assert_eq!(of(json!(1)).unknown(&["x"]), Vec::new());
        assert_eq!(of(json!(1)).unknown(&["y"]).len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let (body, mut faults) = (read(&bytes, MediaType::Json), Vec::new());
            let _ = (body.text("a", 3), body.switch("a"), body.metadata(&mut faults));
        }
    }
}
