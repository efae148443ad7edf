//! From bodies to drafts. What is wrong with a member stays in the draft, so that the use-case can look at
//! permissions first; only what makes the whole body unreadable is refused here.

use secrecy::SecretString;
use serde_json::{Map, Value};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::Ref;
use strongroom_service::{PrivateRegistryDraft, RobotDraft};

use super::error::{Refusal, Wrong};
use super::time;
use crate::answer::JSON;
use crate::body::{JSON_DEPTH, JsonFault, MediaType, RawBody};
use crate::robot_access;

/// The robot that a body asks for. Members that are not known are ignored.
pub(super) fn robot(body: &RawBody) -> Result<RobotDraft, Refusal> {
    let members = members(body)?;
    Ok(RobotDraft {
        description: member(&members, "description", description),
        access: members.get("access").map(robot_access::read),
        expires: member(&members, "expires_at", moment),
    })
}

/// The private registry that a body asks for, or what of one it changes.
pub(super) fn registry(body: &RawBody) -> Result<PrivateRegistryDraft, Refusal> {
    let members = members(body)?;
    Ok(PrivateRegistryDraft {
        name: member(&members, "name", description),
        description: member(&members, "description", description),
        provider: member(&members, "provider", plain),
        url: member(&members, "url", description),
        access_key: member(&members, "access_key", |text| key(text).map(str::to_owned)),
        access_secret: member(&members, "access_secret", |text| key(text).map(SecretString::from)),
        credential: member(&members, "credential", reference),
        containers_organization: member(&members, "containers_organization", description),
        charts_organization: member(&members, "charts_organization", description),
        organization: Member::Absent,
    })
}

fn members(body: &RawBody) -> Result<Map<String, Value>, Refusal> {
    if !body.is_empty() && body.media_type != MediaType::Json {
        return Err(Refusal::MediaType(JSON));
    }
    let message = match body.json() {
        Ok(Value::Object(members)) => return Ok(members),
        Ok(_) => "A JSON object is expected.".to_owned(),
        Err(JsonFault::TooDeep) => {
            format!("More than {JSON_DEPTH} arrays and objects stand in each other.")
        }
        Err(JsonFault::Syntax { line, column }) => {
            format!("Not JSON at line {line}, column {column}.")
        }
    };
    Err(Refusal::Unreadable(vec![Wrong::new("body", message)]))
}

fn member<T>(
    members: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&str) -> Result<T, Rule>,
) -> Member<T> {
    let read = match members.get(name) {
        None => return Member::Absent,
        Some(value) => text(value).and_then(read),
    };
    match read {
        Ok(value) => Member::Given(value),
        Err(rule) => Member::Bad(rule),
    }
}

fn text(value: &Value) -> Result<&str, Rule> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Err(Rule::Null),
        _ => Err(Rule::NotText),
    }
}

/// A description says something, and stays as it was given.
fn description(text: &str) -> Result<String, Rule> {
    if text.trim().is_empty() {
        return Err(Rule::Blank);
    }
    if text.contains('\0') {
        return Err(Rule::NulCharacter);
    }
    if DESCRIPTION_LENGTH < text.chars().count() {
        return Err(Rule::TooLong { max: DESCRIPTION_LENGTH });
    }
    Ok(text.to_owned())
}

/// A credential, by any spelling of its id.
fn reference(text: &str) -> Result<Ref, Rule> {
    text.parse().map_err(|_| Rule::UnknownObject { given: text.to_owned() })
}

/// A word of the product.
fn plain(text: &str) -> Result<String, Rule> {
    if text.contains('\0') { Err(Rule::NulCharacter) } else { Ok(text.to_owned()) }
}

/// A user name or password of somebody else's registry, taken as it is.
fn key(text: &str) -> Result<&str, Rule> {
    if text.is_empty() {
        return Err(Rule::Blank);
    }
    if text.contains('\0') {
        return Err(Rule::NulCharacter);
    }
    if KEY_LENGTH < text.chars().count() {
        return Err(Rule::TooLong { max: KEY_LENGTH });
    }
    Ok(text)
}

fn moment(text: &str) -> Result<Timestamp, Rule> {
    time::read(text).ok_or(Rule::NotAFutureTime)
}

/// The most characters of a name, description or address.
const DESCRIPTION_LENGTH: usize = 255;
/// The most characters of a user name or password: some registries take whole documents as such.
const KEY_LENGTH: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    #[test]
    fn a_description_stays_as_it_is_and_has_its_limits() {
        assert_eq!(description(" for A "), Ok(" for A ".to_owned()));
        assert_eq!(description(" "), Err(Rule::Blank));
        assert_eq!(description("a\0b"), Err(Rule::NulCharacter));
        assert!(description(&"ä".repeat(255)).is_ok());
        assert_eq!(description(&"ä".repeat(256)), Err(Rule::TooLong { max: 255 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let body = RawBody { bytes: Bytes::from(bytes), media_type: MediaType::Json };
            let _ = (robot(&body), registry(&body));
        }
    }
}
