//! The rules of a custom type's two documents.

use serde_json::{Map, Value};

use super::rule::{Expected, InputRule, PathPart, Shown};
use super::schema_injectors;
use crate::error::{Rule, ValueKind, Violation};

/// The documents of a type that keep every rule.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeSchema {
    /// The inputs document; each field has a `type`.
    pub inputs: Map<String, Value>,
    /// The injectors document.
    pub injectors: Map<String, Value>,
}

/// Checks the documents of a custom type and fills in the `type` of fields that lack one.
///
/// # Errors
/// The violations of `inputs` and of `injectors`. The templates are not looked at while `inputs` has faults.
pub fn check_schema(inputs: &Value, injectors: &Value) -> Result<TypeSchema, Vec<Violation>> {
    let checked = check_type_inputs(inputs);
    let field_ids = checked.as_ref().ok().map(field_ids);
    let injector_faults = schema_injectors::faults(injectors, field_ids.as_deref());
    match (checked, injectors) {
        (Ok(inputs), Value::Object(injectors)) if injector_faults.is_empty() => {
            if asks_at_runtime(&inputs) {
                return Err(violations("inputs", vec![InputRule::AskManagedOnly]));
            }
            Ok(TypeSchema { inputs, injectors: injectors.clone() })
        }
        (checked, _) => {
            let mut all = violations("inputs", checked.err().unwrap_or_default());
            all.extend(violations("injectors", injector_faults));
            Err(all)
        }
    }
}

fn violations(member: &'static str, rules: Vec<InputRule>) -> Vec<Violation> {
    rules.into_iter().map(|rule| Violation::new(member, Rule::Input(rule))).collect()
}

fn check_type_inputs(document: &Value) -> Result<Map<String, Value>, Vec<InputRule>> {
    if document.get("dependencies").is_some() {
        return Err(vec![InputRule::DependenciesManagedOnly]);
    }
    let mut faults = Vec::new();
    inputs_shape(document, &mut faults);
    match document {
        Value::Object(inputs) if faults.is_empty() => {
            let inputs = normalised(inputs);
            match meaning_fault(&inputs) {
                Some(fault) => Err(vec![fault]),
                None => Ok(inputs),
            }
        }
        _ => Err(faults),
    }
}

/// Adds a fault unless the value is of the kind.
pub(super) fn is_kind(
    value: &Value,
    expected: Expected,
    path: &[PathPart],
    faults: &mut Vec<InputRule>,
) -> bool {
    let fits = match expected {
        Expected::Object => value.is_object(),
        Expected::List => value.is_array(),
        Expected::Text => value.is_string(),
        Expected::Boolean => value.is_boolean(),
    };
    if !fits {
        let given = ValueKind::from(value);
        faults.push(InputRule::WrongKind { given, path: path.to_vec(), expected });
    }
    fits
}

/// The path one member deeper.
pub(super) fn below(path: &[PathPart], member: &str) -> Vec<PathPart> {
    [path, &[PathPart::Member(member.to_owned())]].concat()
}

/// Whether the text can be the name of a variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn at_index(path: &[PathPart], index: usize) -> Vec<PathPart> {
    [path, &[PathPart::Index(index)]].concat()
}

fn inputs_shape(document: &Value, faults: &mut Vec<InputRule>) {
    if !is_kind(document, Expected::Object, &[], faults) {
        return;
    }
    unknown_members(document, &[], |name| matches!(name, "required" | "fields"), faults);
    if let Some(required) = document.get("required") {
        list_shape(required, &below(&[], "required"), faults, |name, path, faults| {
            is_kind(name, Expected::Text, path, faults);
        });
    }
    if let Some(fields) = document.get("fields") {
        list_shape(fields, &below(&[], "fields"), faults, field_shape);
    }
}

fn list_shape(
    list: &Value,
    path: &[PathPart],
    faults: &mut Vec<InputRule>,
    element: impl Fn(&Value, &[PathPart], &mut Vec<InputRule>),
) {
    is_kind(list, Expected::List, path, faults);
    for (index, value) in list.as_array().into_iter().flatten().enumerate() {
        element(value, &at_index(path, index), faults);
    }
}

fn unknown_members(
    document: &Value,
    path: &[PathPart],
    is_known: impl Fn(&str) -> bool,
    faults: &mut Vec<InputRule>,
) {
    let members = document.as_object().into_iter().flat_map(Map::keys);
    let mut names: Vec<String> = members.filter(|name| !is_known(name)).cloned().collect();
    if !names.is_empty() {
        names.sort();
        faults.push(InputRule::UnknownMembers { path: path.to_vec(), names, pattern: None });
    }
}

fn field_shape(field: &Value, path: &[PathPart], faults: &mut Vec<InputRule>) {
    if !is_kind(field, Expected::Object, path, faults) {
        return;
    }
    for (member, shape) in FIELD_MEMBERS {
        if let Some(value) = field.get(member) {
            shape.check(value, &below(path, member), faults);
        }
    }
    let is_known = |name: &str| FIELD_MEMBERS.iter().any(|(member, _)| *member == name);
    unknown_members(field, path, is_known, faults);
    for name in ["id", "label"] {
        if field.get(name).is_none() {
            faults.push(InputRule::MissingMember { name });
        }
    }
}

/// What a member of a field holds.
enum Shape {
    OneOf(&'static [&'static str]),
    Choices,
    VariableName,
    Kind(Expected),
    Any,
}

impl Shape {
    fn check(&self, value: &Value, path: &[PathPart], faults: &mut Vec<InputRule>) {
        match self {
            Self::OneOf(words) => faults.extend(not_one_of(value, words)),
            Self::Choices => choices_shape(value, path, faults),
            Self::VariableName => {
                if is_kind(value, Expected::Text, path, faults) {
                    faults.extend(not_a_name(value));
                }
            }
            Self::Kind(expected) => {
                is_kind(value, *expected, path, faults);
            }
            Self::Any => {}
        }
    }
}

fn not_one_of(value: &Value, words: &[&str]) -> Option<InputRule> {
    let fits = value.as_str().is_some_and(|text| words.contains(&text));
    let choices = || words.iter().map(|word| (*word).to_owned()).collect();
    let broken = || InputRule::NotOneOf { given: Shown::Value(value.clone()), choices: choices() };
    (!fits).then(broken)
}

fn not_a_name(value: &Value) -> Option<InputRule> {
    let name = value.as_str()?;
    (!is_variable_name(name)).then(|| InputRule::NotAVariableName { given: name.to_owned() })
}

fn choices_shape(value: &Value, path: &[PathPart], faults: &mut Vec<InputRule>) {
    list_shape(value, path, faults, |choice, path, faults| {
        is_kind(choice, Expected::Text, path, faults);
    });
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    if value.is_array() && list.is_empty() {
        faults.push(InputRule::EmptyList);
    }
    let mut texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    texts.sort_unstable();
    if texts.windows(2).any(|pair| pair[0] == pair[1]) {
        faults.push(InputRule::RepeatedItems { given: value.clone() });
    }
}

/// Every field with a `type`.
fn normalised(inputs: &Map<String, Value>) -> Map<String, Value> {
    let mut inputs = inputs.clone();
    let fields = inputs.get_mut("fields").and_then(Value::as_array_mut);
    for field in fields.into_iter().flatten().filter_map(Value::as_object_mut) {
        field.entry("type").or_insert_with(|| Value::from("string"));
    }
    inputs
}

/// The first fault of fields whose shape is right.
fn meaning_fault(inputs: &Map<String, Value>) -> Option<InputRule> {
    let mut seen = std::collections::BTreeSet::new();
    for field in fields(inputs) {
        let id = field.get("id").and_then(Value::as_str).unwrap_or_default();
        if id == "tower" {
            return Some(InputRule::ReservedFieldId);
        }
        if !seen.insert(id) {
            return Some(InputRule::RepeatedFieldId { id: id.to_owned() });
        }
        if let Some(fault) = default_fault(field).or_else(|| boolean_fault(field, id)) {
            return Some(fault);
        }
    }
    None
}

fn default_fault(field: &Value) -> Option<InputRule> {
    let default = field.get("default")?;
    let (fits, expected) = if is_boolean(field) {
        (default.is_boolean(), Expected::Boolean)
    } else {
        (default.is_string(), Expected::Text)
    };
    (!fits).then(|| InputRule::DefaultKind { given: default.clone(), expected })
}

fn boolean_fault(field: &Value, id: &str) -> Option<InputRule> {
    if !is_boolean(field) {
        return None;
    }
    let mut members = ["choices", "multiline", "format", "secret"].into_iter();
    let member = members.find(|member| field.get(member).is_some())?;
    Some(InputRule::NotForBoolean { member, id: id.to_owned() })
}

fn is_boolean(field: &Value) -> bool {
    field.get("type").and_then(Value::as_str) == Some("boolean")
}

fn asks_at_runtime(inputs: &Map<String, Value>) -> bool {
    fields(inputs).iter().any(|field| field.get("ask_at_runtime") == Some(&Value::Bool(true)))
}

fn field_ids(inputs: &Map<String, Value>) -> Vec<String> {
    let ids = fields(inputs).iter().filter_map(|field| field.get("id").and_then(Value::as_str));
    ids.map(str::to_owned).collect()
}

fn fields(inputs: &Map<String, Value>) -> &[Value] {
    inputs.get("fields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

const FIELD_MEMBERS: [(&str, Shape); 10] = [
    ("type", Shape::OneOf(&["string", "boolean"])),
    ("format", Shape::OneOf(&["ssh_private_key", "url"])),
    ("choices", Shape::Choices),
    ("id", Shape::VariableName),
    ("label", Shape::Kind(Expected::Text)),
    ("help_text", Shape::Kind(Expected::Text)),
    ("multiline", Shape::Kind(Expected::Boolean)),
    ("secret", Shape::Kind(Expected::Boolean)),
    ("ask_at_runtime", Shape::Kind(Expected::Boolean)),
    ("default", Shape::Any),
];

#[cfg(test)]
mod tests;
