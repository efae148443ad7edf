//! Relationships in bodies: what an object belongs to, by guid.

use serde_json::{Map, Value};
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::Guid;
use strongroom_core::platform::PlatformRule;

use super::body::{Body, unknown};

/// The relationships of a body that can be read, in the order of the known names; the others are faults.
///
/// Absent relationships are none, and whoever needs one says so.
pub(super) fn read<'a>(
    body: &'a Body,
    known: &[&'static str],
    faults: &mut Vec<Violation>,
) -> Vec<(&'static str, &'a Map<String, Value>)> {
    let Some(value) = body.get(MEMBER) else { return Vec::new() };
    let Value::Object(members) = value else {
        faults.push(Violation::new(MEMBER, Rule::Platform(PlatformRule::NotAnObject)));
        return Vec::new();
    };
    if let Some(fault) = unknown(members, known, FieldPath::Member(MEMBER)) {
        faults.push(fault);
        return Vec::new();
    }
    if members.is_empty() {
        faults.push(Violation::new(MEMBER, Rule::Platform(PlatformRule::RelationshipsEmpty)));
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in known {
        let Some(value) = members.get(*name) else { continue };
        match data(value) {
            Ok(data) => found.push((*name, data)),
            Err(rule) => faults.push(Violation::new(at(name), rule)),
        }
    }
    found
}

/// The guid of a relationship; what is no guid is that of no object.
pub(super) fn guid(
    name: &'static str,
    data: &Map<String, Value>,
    faults: &mut Vec<Violation>,
) -> Option<Guid> {
    let text = (data.len() == 1).then(|| data.get("guid").and_then(Value::as_str)).flatten();
    if text.is_none() {
        faults.push(Violation::new(at(name), Rule::Platform(PlatformRule::RelationshipShape)));
    }
    text.map(|text| text.parse().unwrap_or(Guid::NONE))
}

/// The one relationship that a new object needs.
pub(super) fn required(
    body: &Body,
    name: &'static str,
    faults: &mut Vec<Violation>,
) -> Option<Guid> {
    let before = faults.len();
    let found = read(body, &[name], faults);
    if let Some((name, data)) = found.into_iter().next() {
        return guid(name, data, faults);
    }
    if faults.len() == before {
        faults.push(Violation::new(at(name), Rule::Required));
    }
    None
}

/// Where a relationship stands.
pub(super) fn at(name: &str) -> FieldPath {
    FieldPath::Inner(MEMBER, name.to_owned())
}

fn data(value: &Value) -> Result<&Map<String, Value>, Rule> {
    let shape = Rule::Platform(PlatformRule::RelationshipShape);
    let Value::Object(members) = value else { return Err(shape) };
    match members.get("data") {
        Some(Value::Object(data)) if members.len() == 1 => Ok(data),
        Some(Value::Null) if members.len() == 1 => Err(Rule::Required),
        _ => Err(shape),
    }
}

const MEMBER: &str = "relationships";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{MediaType, RawBody};
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    fn body(relationships: &Value) -> Body {
        let bytes = Bytes::from(json!({MEMBER: relationships}).to_string());
        Body::read(&RawBody { bytes, media_type: MediaType::Json })
    }

    #[test]
    fn only_the_one_shape_is_read() {
        let good = "1a0e1c2b-0000-4000-8000-000000000001";
        let read = |value: Value| {
            let mut faults = Vec::new();
            let found = required(&body(&value), "space", &mut faults);
            (found.map(|guid| guid.to_string()), faults.len())
        };
        let none = Guid::NONE.to_string();
        assert_eq!(read(json!({"space": {"data": {"guid": good}}})), (Some(good.to_owned()), 0));
        assert_eq!(read(json!({"space": {"data": {"guid": "x"}}})), (Some(none), 0));
        for bad in [
            json!("x"),
            json!({}),
            json!({"space": {"data": null}}),
            json!({"space": {"data": {}}}),
            json!({"space": {"data": {"guid": 1}}}),
            json!({"space": {"data": {"guid": good, "name": "x"}}}),
            json!({"space": {"guid": good}}),
            json!({"space": good}),
            json!({"space": {"data": {"guid": good}, "x": 1}}),
            json!({"space": {"data": {"guid": good}}, "app": {}}),
        ] {
            assert_eq!(read(bad.clone()), (None, 1), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_not_read_is_a_fault(name in "space|app|x", inner in "guid|data|x") {
            let mut faults = Vec::new();
            let found = required(&body(&json!({name: {"data": {inner: "y"}}})), "space", &mut faults);
            prop_assert_eq!(found.is_none(), !faults.is_empty());
        }
    }
}
