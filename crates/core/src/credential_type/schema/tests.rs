use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::credential_type::{NamePattern, Section, TemplateFault, TemplateObject};
use crate::error::FieldPath;

fn field(extra: &Value) -> Value {
    let mut field = json!({"id": "flag", "label": "Flag"});
    field.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"fields": [field]})
}

/// The rules that the documents break, with the member of each.
fn faults(inputs: &Value, injectors: &Value) -> Vec<(&'static str, InputRule)> {
    let violations = check_schema(inputs, injectors).err().unwrap_or_default();
    let told = violations.into_iter().map(|violation| match (violation.field, violation.rule) {
        (FieldPath::Member(member), Rule::Input(rule)) => (member, rule),
        other => panic!("{other:?}"),
    });
    told.collect()
}

fn path(parts: &[&str]) -> Vec<PathPart> {
    let part = |part: &&str| match part.parse() {
        Ok(index) => PathPart::Index(index),
        Err(_) => PathPart::Member((*part).to_owned()),
    };
    parts.iter().map(part).collect()
}

fn wrong(given: ValueKind, at: &[&str], expected: Expected) -> InputRule {
    InputRule::WrongKind { given, path: path(at), expected }
}

fn unknown(at: &[&str], name: &str, pattern: Option<NamePattern>) -> InputRule {
    InputRule::UnknownMembers { path: path(at), names: vec![name.to_owned()], pattern }
}

fn not_one_of(given: Value, choices: [&str; 2]) -> InputRule {
    let choices = choices.map(str::to_owned).to_vec();
    InputRule::NotOneOf { given: Shown::Value(given), choices }
}

#[test]
fn the_shape_of_inputs() {
    let index = ["fields", "0"];
    for (inputs, rule) in [
        (json!([]), wrong(ValueKind::List, &[], Expected::Object)),
        (json!(true), wrong(ValueKind::Boolean, &[], Expected::Object)),
        (json!(1), wrong(ValueKind::Integer, &[], Expected::Object)),
        (json!(1.5), wrong(ValueKind::Float, &[], Expected::Object)),
        (json!(""), wrong(ValueKind::Text, &[], Expected::Object)),
        (json!(null), wrong(ValueKind::Null, &[], Expected::Object)),
        (json!({"fields": {}}), wrong(ValueKind::Object, &["fields"], Expected::List)),
        (json!({"fields": [1]}), wrong(ValueKind::Integer, &index, Expected::Object)),
        (json!({"required": "x"}), wrong(ValueKind::Text, &["required"], Expected::List)),
        (json!({"required": [1]}), wrong(ValueKind::Integer, &["required", "0"], Expected::Text)),
        (json!({"feelds": []}), unknown(&[], "feelds", None)),
        (json!({"metadata": []}), unknown(&[], "metadata", None)),
        (json!({"dependencies": {}, "feelds": 1}), InputRule::DependenciesManagedOnly),
        (json!({"fields": [{"label": "x"}]}), InputRule::MissingMember { name: "id" }),
        (json!({"fields": [{"id": "x"}]}), InputRule::MissingMember { name: "label" }),
        (field(&json!({"extra": 1})), unknown(&index, "extra", None)),
        (
            field(&json!({"label": 1})),
            wrong(ValueKind::Integer, &["fields", "0", "label"], Expected::Text),
        ),
        (
            field(&json!({"help_text": []})),
            wrong(ValueKind::List, &["fields", "0", "help_text"], Expected::Text),
        ),
        (
            field(&json!({"secret": "yes"})),
            wrong(ValueKind::Text, &["fields", "0", "secret"], Expected::Boolean),
        ),
        (
            field(&json!({"id": "bad-id"})),
            InputRule::NotAVariableName { given: "bad-id".to_owned() },
        ),
        (field(&json!({"id": "1a"})), InputRule::NotAVariableName { given: "1a".to_owned() }),
        (field(&json!({"id": ""})), InputRule::NotAVariableName { given: String::new() }),
        (
            field(&json!({"id": 1})),
            wrong(ValueKind::Integer, &["fields", "0", "id"], Expected::Text),
        ),
        (field(&json!({"type": "int"})), not_one_of(json!("int"), ["string", "boolean"])),
        (field(&json!({"type": 5})), not_one_of(json!(5), ["string", "boolean"])),
        (
            field(&json!({"format": "email"})),
            not_one_of(json!("email"), ["ssh_private_key", "url"]),
        ),
        (
            field(&json!({"format": "vault_id"})),
            not_one_of(json!("vault_id"), ["ssh_private_key", "url"]),
        ),
        (
            field(&json!({"choices": "a"})),
            wrong(ValueKind::Text, &["fields", "0", "choices"], Expected::List),
        ),
        (
            field(&json!({"choices": [1]})),
            wrong(ValueKind::Integer, &["fields", "0", "choices", "0"], Expected::Text),
        ),
        (field(&json!({"choices": []})), InputRule::EmptyList),
        (
            field(&json!({"choices": ["x", "x"]})),
            InputRule::RepeatedItems { given: json!(["x", "x"]) },
        ),
    ] {
        assert_eq!(faults(&inputs, &json!({})), [("inputs", rule)], "{inputs}");
    }
}

#[test]
fn the_meaning_of_inputs() {
    let twice = json!({"fields": [{"id": "x", "label": "X"}, {"id": "x", "label": "Y"}]});
    let default = |given: Value, expected| InputRule::DefaultKind { given, expected };
    let boolean = |member: &str, value: Value| {
        let mut extra = Map::new();
        extra.insert("type".to_owned(), json!("boolean"));
        extra.insert(member.to_owned(), value);
        field(&Value::Object(extra))
    };
    let not_for = |member| InputRule::NotForBoolean { member, id: "flag".to_owned() };
    for (inputs, rule) in [
        (field(&json!({"id": "tower"})), InputRule::ReservedFieldId),
        (twice, InputRule::RepeatedFieldId { id: "x".to_owned() }),
        (field(&json!({"default": true})), default(json!(true), Expected::Text)),
        (field(&json!({"default": null})), default(json!(null), Expected::Text)),
        (boolean("default", json!("yes")), default(json!("yes"), Expected::Boolean)),
        (boolean("choices", json!(["a"])), not_for("choices")),
        (boolean("multiline", json!(false)), not_for("multiline")),
        (boolean("format", json!("url")), not_for("format")),
        (boolean("secret", json!(true)), not_for("secret")),
        (field(&json!({"ask_at_runtime": true})), InputRule::AskManagedOnly),
    ] {
        assert_eq!(faults(&inputs, &json!({})), [("inputs", rule)], "{inputs}");
    }
}

#[test]
fn a_good_type_is_normalised_once() {
    let inputs = json!({"fields": [
        {"id": "host", "label": "Host", "format": "url", "default": "not checked"},
        {"id": "token", "type": "string", "label": "Token", "secret": true, "ask_at_runtime": false},
        {"id": "region", "label": "Region", "choices": ["eu", "us"], "default": "asia"},
        {"id": "verify", "label": "Verify", "type": "boolean", "default": true},
    ], "required": ["nobody"]});
    let injectors = json!({"env": {"TOKEN": "{{ token }}"}});
    let checked = check_schema(&inputs, &injectors).unwrap();
    let members: Vec<_> = checked.inputs["fields"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "label", "format", "default", "type"]);
    assert_eq!(checked.inputs["fields"][1], inputs["fields"][1]);
    assert_eq!(Value::Object(checked.injectors.clone()), injectors);
    let again = check_schema(&Value::Object(checked.inputs.clone()), &injectors).unwrap();
    assert_eq!(again, checked);
    assert!(check_schema(&json!({}), &json!({})).is_ok());
}

#[test]
fn the_shape_of_injectors() {
    let extra = |given: Value| InputRule::NotAnExtraVariable { given };
    for (injectors, rule) in [
        (json!([]), wrong(ValueKind::List, &[], Expected::Object)),
        (json!({"foo": {}}), unknown(&[], "foo", None)),
        (json!({"env": []}), wrong(ValueKind::List, &["env"], Expected::Object)),
        (json!({"env": {"99": "x"}}), unknown(&["env"], "99", Some(NamePattern::Environment))),
        (json!({"env": {"A": 1}}), wrong(ValueKind::Integer, &["env", "A"], Expected::Text)),
        (json!({"env": {"A": "é"}}), InputRule::NotAscii { given: "é".to_owned() }),
        (json!({"file": {"tmpl": "x"}}), unknown(&["file"], "tmpl", Some(NamePattern::File))),
        (
            json!({"file": {"template.": "x"}}),
            unknown(&["file"], "template.", Some(NamePattern::File)),
        ),
        (
            json!({"file": {"template": []}}),
            wrong(ValueKind::List, &["file", "template"], Expected::Text),
        ),
        (
            json!({"extra_vars": {"a-b": "x"}}),
            unknown(&["extra_vars"], "a-b", Some(NamePattern::ExtraVariable)),
        ),
        (json!({"extra_vars": {"a": 5}}), extra(json!(5))),
        (json!({"extra_vars": {"a": {"b": 5}}}), extra(json!({"b": 5}))),
        (json!({"extra_vars": {"a": {"-": "b"}}}), extra(json!({"-": "b"}))),
    ] {
        assert_eq!(faults(&json!({}), &injectors), [("injectors", rule)], "{injectors}");
    }
}

#[test]
fn the_meaning_of_injectors() {
    let template =
        |section, key: &str, fault| InputRule::Template { section, key: key.to_owned(), fault };
    let name = |name: &str| TemplateFault::UndefinedName(name.to_owned());
    for (injectors, rule) in [
        (json!({"file": {"template": "", "template.a": ""}}), InputRule::MixedFiles),
        (
            json!({"env": {"ANSIBLE_X": "x"}}),
            InputRule::EnvironmentPrefix { name: "ANSIBLE_X".to_owned() },
        ),
        (json!({"env": {"PATH": "x"}}), InputRule::EnvironmentReserved { name: "PATH".to_owned() }),
        (json!({"env": {"A": "{{ nope }}"}}), template(Section::Env, "A", name("nope"))),
        (
            json!({"file": {"template.a": "{{ nope }}"}}),
            template(Section::File, "template.a", name("nope")),
        ),
        (
            json!({"extra_vars": {"a": ["x", "{{ nope }}"]}}),
            template(Section::ExtraVars, "a", name("nope")),
        ),
        (
            json!({"extra_vars": {"a": {"b": "{{ nope }}"}}}),
            template(Section::ExtraVars, "b", name("nope")),
        ),
        (
            json!({"extra_vars": {"{{nope}}": "b"}}),
            template(Section::ExtraVars, "{{nope}}", name("nope")),
        ),
        (
            json!({"env": {"A": "{{ tower.filename }}"}}),
            template(Section::Env, "A", TemplateFault::NoUnnamedFile),
        ),
        (
            json!({"file": {"template.a": ""}, "env": {"A": "{{ tower.filename }}"}}),
            template(Section::Env, "A", TemplateFault::NoUnnamedFile),
        ),
        (
            json!({"file": {"template.a": ""}, "env": {"A": "{{ tower.filename.b }}"}}),
            template(
                Section::Env,
                "A",
                TemplateFault::UndefinedMember {
                    object: TemplateObject::Files,
                    member: "b".to_owned(),
                },
            ),
        ),
        (
            json!({"env": {"A": "{{ tower }}"}}),
            template(Section::Env, "A", TemplateFault::BareTower),
        ),
    ] {
        assert_eq!(faults(&field(&json!({})), &injectors), [("injectors", rule)], "{injectors}");
    }
    for injectors in [
        json!({"file": {"template": "{{ flag }}"}, "env": {"A": "{{ tower.filename }}"}}),
        json!({"file": {"template.a": "", "template.b": ""}, "env": {"A": "{{ tower.filename.a }}{{ tower.filename.b }}"}}),
        json!({"extra_vars": {"{{flag}}_x": [1, true, {"any": 5}], "b": {"c": "{{ flag }}"}}}),
    ] {
        assert_eq!(faults(&field(&json!({})), &injectors), [], "{injectors}");
    }
}

#[test]
fn bad_inputs_keep_templates_from_being_tried() {
    let injectors = json!({"env": {"A": "{{ nope }}"}});
    let expected = ("inputs", InputRule::MissingMember { name: "id" });
    assert_eq!(faults(&json!({"fields": [{"label": "x"}]}), &injectors), [expected]);
    let both = faults(&json!([]), &json!([]));
    let wrong = wrong(ValueKind::List, &[], Expected::Object);
    assert_eq!(both, [("inputs", wrong.clone()), ("injectors", wrong)]);
}

fn any_document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        prop::sample::select(vec![
            "x",
            "string",
            "boolean",
            "{{ x }}",
            "{{ tower.filename }}",
            "{% if",
            "é"
        ])
        .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "fields",
        "required",
        "id",
        "label",
        "type",
        "default",
        "choices",
        "file",
        "env",
        "extra_vars",
        "template",
        "template.a",
        "A",
        "x",
    ]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_panics(inputs in any_document(), injectors in any_document()) {
        if let Ok(checked) = check_schema(&inputs, &injectors) {
            let again = check_schema(&Value::Object(checked.inputs.clone()), &Value::Object(checked.injectors.clone()));
            prop_assert_eq!(again, Ok(checked));
        }
    }
}
