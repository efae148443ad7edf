//! What a robot may do, as the Catalog and the native API spell it.

use serde::Serialize;
use serde_json::Value;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::robot::{self, Access, Action, MOST_ACCESS, Pattern, RobotRule};

/// What a robot may do to some repositories, as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    r#type: &'static str,
    name: String,
    actions: Vec<&'static str>,
}

impl From<Access> for Shown {
    fn from(access: Access) -> Self {
        Self {
            r#type: "repository",
            name: access.repositories.to_string(),
            actions: access.actions.into_iter().map(robot::Action::word).collect(),
        }
    }
}

/// What a robot may do, or everything that is wrong with it.
pub(crate) fn read(value: &Value) -> Result<Vec<Access>, Vec<Violation>> {
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

fn text(value: &Value) -> Result<&str, Rule> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Err(Rule::Null),
        _ => Err(Rule::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn faults(value: &Value) -> Vec<String> {
        let Err(faults) = read(value) else { return Vec::new() };
        let place = |fault: &Violation| match &fault.field {
            FieldPath::Inner(member, inner) => format!("{member}{inner}"),
            FieldPath::Member(member) => (*member).to_owned(),
            FieldPath::Whole => String::new(),
        };
        faults.iter().map(place).collect()
    }

    #[test]
    fn what_a_robot_may_do_is_read() {
        let given = json!([
            {"type": "repository", "name": "team/*", "actions": ["push", "pull", "push"]},
            {"type": "repository", "name": "*", "actions": ["delete"], "more": 1},
        ]);
        let read = super::read(&given).unwrap();
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
            if let Ok(read) = super::read(&value) {
                prop_assert!(!read.is_empty());
                prop_assert!(read.iter().all(|one| !one.actions.is_empty()));
            }
        }
    }
}
