//! From bodies to drafts. A member that cannot be read becomes a broken rule in the draft, so that the use-case
//! can look at permissions first.

use secrecy::SecretString;
use serde_json::{Map, Value};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::platform::{MetadataPatch, PlatformRule};

use super::error::CfError;
use crate::body::{MediaType, RawBody};

/// The members of a body.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Reads a body, whose type need not be told; an empty one has no members.
    pub(super) fn read(raw: &RawBody) -> Result<Self, CfError> {
        if raw.is_empty() {
            return Ok(Self(Map::new()));
        }
        if raw.media_type == MediaType::Other {
            return Err(CfError::MediaType);
        }
        match raw.json() {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) | Err(_) => Err(CfError::Unparsable),
        }
    }

    /// A fault that names the members that the request does not take, if there are any.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<Violation> {
        unknown(&self.0, known, FieldPath::Whole).into_iter().collect()
    }

    /// A member, unless it is absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text that says something, of at most so many characters.
    pub(super) fn text(&self, name: &str, max: usize) -> Member<String> {
        member(self.0.get(name), |value| text(value, max).map(str::to_owned))
    }

    /// A secret, taken as it is.
    pub(super) fn secret(&self, name: &str) -> Member<SecretString> {
        member(self.0.get(name), secret)
    }

    /// A switch; null is as good as absent, because clients send it for what they do not know.
    pub(super) fn switch(&self, name: &str) -> Member<bool> {
        let given = self.0.get(name).filter(|value| !value.is_null());
        member(given, |value| value.as_bool().ok_or(Rule::NotBoolean))
    }

    /// Labels and annotations; each fault of them is one of the request.
    pub(super) fn metadata(&self, faults: &mut Vec<Violation>) -> Member<MetadataPatch> {
        let Some(value) = self.0.get("metadata") else { return Member::Absent };
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
    let Value::String(text) = value else { return Err(Rule::NotText) };
    if text.trim().is_empty() {
        return Err(Rule::Blank);
    }
    if text.contains('\0') {
        return Err(Rule::NulCharacter);
    }
    if max < text.chars().count() { Err(Rule::TooLong { max }) } else { Ok(text) }
}

/// The most characters of a name.
pub(super) const NAME_LENGTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    fn raw(text: &[u8], media_type: MediaType) -> RawBody {
        RawBody { bytes: Bytes::copy_from_slice(text), media_type }
    }

    #[test]
    fn an_object_is_read_whatever_its_type_is_said_to_be() {
        for media_type in [MediaType::Absent, MediaType::Json, MediaType::Form] {
            assert!(Body::read(&raw(b"{\"a\": 1}", media_type)).is_ok());
        }
        assert!(Body::read(&raw(b"", MediaType::Other)).is_ok());
        assert!(matches!(Body::read(&raw(b"{}", MediaType::Other)), Err(CfError::MediaType)));
        for bad in [&b"[]"[..], b"{", b"\"a\"", b"null"] {
            let read = Body::read(&raw(bad, MediaType::Json));
            assert!(matches!(read, Err(CfError::Unparsable)), "{bad:?}");
        }
    }

    #[test]
    fn members_are_read_or_break_a_rule() {
        let of = |value: Value| Body(Map::from_iter([("x".to_owned(), value)]));
        assert_eq!(of(json!("a")).text("x", 1), Member::Given("a".to_owned()));
        assert_eq!(of(json!("ab")).text("x", 1), Member::Bad(Rule::TooLong { max: 1 }));
        assert_eq!(of(json!(" ")).text("x", 1), Member::Bad(Rule::Blank));
        assert_eq!(of(json!("\0")).text("x", 1), Member::Bad(Rule::NulCharacter));
        assert_eq!(of(json!(1)).text("x", 1), Member::Bad(Rule::NotText));
        assert_eq!(of(json!(null)).text("x", 1), Member::Bad(Rule::Null));
        assert_eq!(of(json!(null)).switch("x"), Member::Absent);
        assert_eq!(of(json!(true)).switch("x"), Member::Given(true));
        assert_eq!(of(json!("yes")).switch("x"), Member::Bad(Rule::NotBoolean));
        assert!(matches!(of(json!("")).secret("x"), Member::Bad(Rule::Blank)));
        assert!(matches!(of(json!(" ")).secret("x"), Member::Given(_)));
        assert!(matches!(of(json!(1)).secret("x"), Member::Bad(Rule::NotText)));
        assert_eq!(of(json!(1)).unknown(&["x"]), Vec::new());
        assert_eq!(of(json!(1)).unknown(&["y"]).len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(body) = Body::read(&raw(&bytes, MediaType::Json)) {
                let mut faults = Vec::new();
                let _ = (body.text("a", 3), body.switch("a"), body.metadata(&mut faults));
            }
        }
    }
}
