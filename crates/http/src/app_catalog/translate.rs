//! From bodies to drafts. What is wrong with a member stays in the draft, so that the use-case can look at
//! permissions first; only what makes the whole body unreadable is refused here.

use serde_json::{Map, Value};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::robot::{Access, Action, MOST_ACCESS, Pattern, RobotRule};
use strongroom_service::RobotDraft;

use super::error::{Refusal, Wrong};
use super::time;
use crate::answer::JSON;
use crate::body::{JSON_DEPTH, JsonFault, MediaType, RawBody};

/// The robot that a body asks for. Members that are not known are ignored.
pub(super) fn robot(body: &RawBody) -> Result<RobotDraft, Refusal> {
    let members = members(body)?;
    Ok(RobotDraft {
        description: member(&members, "description", description),
        access: members.get("access").map(access),
        expires: member(&members, "expires_at", moment),
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

fn moment(text: &str) -> Result<Timestamp, Rule> {
    time::read(text).ok_or(Rule::NotAFutureTime)
}

/// What a robot may do, or everything that is wrong with it.
fn access(value: &Value) -> Result<Vec<Access>, Vec<Violation>> {
    let items = list(value).map_err(|rule| vec![Violation::new("access", rule)])?;
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        all.extend(element(index, item, &mut faults));
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

fn list(value: &Value) -> Result<&[Value], Rule> {
    match value {
        Value::Array(items) if items.is_empty() => Err(Rule::Robot(RobotRule::EmptyList)),
        Value::Array(items) if MOST_ACCESS < items.len() => {
            Err(Rule::Robot(RobotRule::TooMany { max: MOST_ACCESS }))
        }
        Value::Array(items) => Ok(items),
        Value::Null => Err(Rule::Null),
        _ => Err(Rule::Robot(RobotRule::NotAList)),
    }
}

fn element(index: usize, item: &Value, faults: &mut Vec<Violation>) -> Option<Access> {
    let mut take = |inner: &str, rule| {
        let field = FieldPath::Inner("access", format!("[{index}]{inner}"));
        faults.push(Violation::new(field, rule));
    };
    let Value::Object(members) = item else {
        take("", Rule::Robot(RobotRule::NotAnObject));
        return None;
    };
    let given = |name: &str| members.get(name).ok_or(Rule::Required);
    let kind = given("type").and_then(text).and_then(|word| match word {
        "repository" => Ok(()),
        other => Err(Rule::NotAChoice { given: other.to_owned() }),
    });
    let name = given("name")
        .and_then(text)
        .and_then(|text| text.parse::<Pattern>().map_err(|_| Rule::Robot(RobotRule::Pattern)));
    let actions = given("actions").and_then(list).and_then(actions);
    let mut kept = |inner, rule: Option<Rule>| {
        if let Some(rule) = rule {
            take(inner, rule);
        }
    };
    kept(".type", kind.err());
    kept(".name", name.as_ref().err().cloned());
    kept(".actions", actions.as_ref().err().cloned());
    Some(Access { repositories: name.ok()?, actions: actions.ok()? })
}

/// Known actions, each once and in their own order.
fn actions(words: &[Value]) -> Result<Vec<Action>, Rule> {
    let mut actions = Vec::new();
    for word in words {
        let word = text(word)?;
        let action = Action::from_word(word);
        actions.push(action.ok_or_else(|| Rule::NotAChoice { given: word.to_owned() })?);
    }
    actions.sort_unstable();
    actions.dedup();
    Ok(actions)
}

/// The most characters of a description.
const DESCRIPTION_LENGTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    fn faults(value: &Value) -> Vec<String> {
        let Err(faults) = access(value) else { return Vec::new() };
        faults.iter().map(|fault| Wrong::from(fault).field).collect()
    }

    #[test]
    fn what_a_robot_may_do_is_read() {
        let given = json!([
            {"type": "repository", "name": "team/*", "actions": ["push", "pull", "push"]},
            {"type": "repository", "name": "*", "actions": ["delete"], "more": 1},
        ]);
        let read = access(&given).unwrap();
        assert_eq!(read[0].repositories.as_str(), "team/*");
        assert_eq!(read[0].actions, [Action::Pull, Action::Push]);
        assert_eq!(read[1].actions, [Action::Delete]);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        for (value, fields) in [
            (json!(null), vec!["access"]),
            (json!({}), vec!["access"]),
            (json!([]), vec!["access"]),
            (json!(vec![json!({}); 65]), vec!["access"]),
            (json!([1]), vec!["access[0]"]),
            (json!([{}]), vec!["access[0].type", "access[0].name", "access[0].actions"]),
            (
                json!([
                    {"type": "repository", "name": "a", "actions": ["pull"]},
                    {"type": "registry", "name": "A", "actions": []},
                    {"type": "repository", "name": "a*", "actions": ["pull", "admin"]},
                    {"type": "repository", "name": null, "actions": "pull"},
                ]),
                vec![
                    "access[1].type",
                    "access[1].name",
                    "access[1].actions",
                    "access[2].name",
                    "access[2].actions",
                    "access[3].name",
                    "access[3].actions",
                ],
            ),
        ] {
            assert_eq!(faults(&value), fields, "{value}");
        }
    }

    #[test]
    fn a_description_stays_as_it_is_and_has_its_limits() {
        assert_eq!(description(" for A "), Ok(" for A ".to_owned()));
        assert_eq!(description(" "), Err(Rule::Blank));
        assert_eq!(description("a\0b"), Err(Rule::NulCharacter));
        assert!(description(&"ä".repeat(255)).is_ok());
        assert_eq!(description(&"ä".repeat(256)), Err(Rule::TooLong { max: 255 }));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-z*/]{0,4}".prop_map(Value::from),
            proptest::sample::select(vec!["repository", "pull", "push"]).prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            let names = proptest::sample::select(vec!["type", "name", "actions", "x"]);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((names, inner), 0..4).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_something_to_do_somewhere(value in values()) {
            if let Ok(read) = access(&value) {
                prop_assert!(!read.is_empty());
                prop_assert!(read.iter().all(|one| !one.actions.is_empty()));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let body = RawBody { bytes: Bytes::from(bytes), media_type: MediaType::Json };
            let _ = robot(&body);
        }
    }
}
