//! The metadata of a look-up, checked against the external type that answers it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::rule::InputRule;
use super::{CredentialType, value};
use crate::error::{FieldPath, Rule, Violation};

/// Checks what a look-up with a credential of this type is given besides the credential.
///
/// Unlike inputs, nothing takes the place of an empty value, and what the type requires must be there.
///
/// # Errors
/// One violation of the whole for names that the type does not know, else one for each value.
pub fn check_metadata(
    kind: &CredentialType,
    given: &Map<String, Value>,
) -> Result<(), Vec<Violation>> {
    let known: BTreeSet<&str> = kind.metadata.iter().map(|field| field.id.as_str()).collect();
    let mut names: Vec<String> =
        given.keys().filter(|id| !known.contains(id.as_str())).cloned().collect();
    if !names.is_empty() {
        names.sort();
        let rule = Rule::Input(InputRule::UnknownInputs { names });
        return Err(vec![Violation::new("metadata", rule)]);
    }
    let required: BTreeSet<&str> = required(kind).collect();
    let mut faults: BTreeMap<usize, Violation> = BTreeMap::new();
    for (place, field) in kind.metadata.iter().enumerate() {
        let path = || FieldPath::Inner("metadata", field.id.clone());
        let value = given.get(&field.id);
        if let Some(rule) = value.and_then(|value| value::fault(field, value, None)) {
            faults.insert(place, Violation::new(path(), rule));
        }
        if required.contains(field.id.as_str()) && value.is_none_or(value::is_falsy) {
            let rule = InputRule::MetadataRequired { type_name: kind.name.clone() };
            faults.insert(place, Violation::new(path(), Rule::Input(rule)));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into_values().collect()) }
}

/// The ids that the type requires, of fields and metadata alike.
fn required(kind: &CredentialType) -> impl Iterator<Item = &str> {
    let required = kind.inputs.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::managed;
    use super::super::rule::{Expected, Shown};
    use super::*;

    fn check(namespace: &str, given: &Value) -> Result<(), Vec<Violation>> {
        check_metadata(&managed(namespace), given.as_object().unwrap())
    }

    #[test]
    fn what_a_look_up_needs_must_be_there() {
        assert_eq!(check("hashivault_kv", &json!({"secret_path": "a", "secret_key": "k"})), Ok(()));
        for given in [json!({"secret_key": "k"}), json!({"secret_key": "k", "secret_path": ""})] {
            let rule = InputRule::MetadataRequired {
                type_name: "HashiCorp Vault Secret Lookup".to_owned(),
            };
            let path = FieldPath::Inner("metadata", "secret_path".to_owned());
            let expected = vec![Violation::new(path, Rule::Input(rule))];
            assert_eq!(check("hashivault_kv", &given), Err(expected), "{given}");
        }
    }

    #[test]
    fn values_fit_their_fields_and_there_are_no_others() {
        let text =
            InputRule::NotOfType { given: Shown::Value(Value::Null), expected: Expected::Text };
        let path = FieldPath::Inner("metadata", "secret_version".to_owned());
        assert_eq!(
            check("conjur", &json!({"secret_path": "a", "secret_version": null})),
            Err(vec![Violation::new(path, Rule::Input(text))])
        );
        let rule = InputRule::UnknownInputs { names: vec!["extraneous".to_owned()] };
        assert_eq!(
            check("conjur", &json!({"extraneous": 1, "secret_version": 2})),
            Err(vec![Violation::new("metadata", Rule::Input(rule))])
        );
    }
}
