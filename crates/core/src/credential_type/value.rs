//! The rule that one value breaks in one field.

use serde_json::Value;

use super::field::{Field, Format};
use super::rule::{Expected, InputRule, Shown};
use super::{key, url};
use crate::error::Rule;

/// Whether the value counts as not given.
pub(super) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

/// The value that takes the place of a falsy one.
pub(super) fn blank(field: &Field) -> Option<Value> {
    if let Some(first) = field.choices.first() {
        return Some(Value::from(first.as_str()));
    }
    field.kind.expected().map(|expected| match expected {
        Expected::Boolean => Value::from(false),
        _ => Value::from(""),
    })
}

/// The rule that the value breaks. One rule is told per field, and the choices outrank the type.
pub(super) fn fault(field: &Field, value: &Value, mask: Option<&str>) -> Option<Rule> {
    let rule = not_a_choice(field, value)
        .or_else(|| not_of_type(field, value))
        .or_else(|| malformed(field, value, mask));
    match rule {
        Some(rule) => Some(Rule::Input(rule)),
        None => holds_nul(value).then_some(Rule::NulCharacter),
    }
}

fn not_a_choice(field: &Field, value: &Value) -> Option<InputRule> {
    let fits = field.choices.is_empty()
        || value.as_str().is_some_and(|text| field.choices.iter().any(|choice| choice == text));
    let broken =
        || InputRule::NotOneOf { given: shown(field, value), choices: field.choices.clone() };
    (!fits).then(broken)
}

fn not_of_type(field: &Field, value: &Value) -> Option<InputRule> {
    // Only text can be sealed, whatever the type of the field leaves open.
    let expected = if field.secret { Some(Expected::Text) } else { field.kind.expected() }?;
    let fits = match expected {
        Expected::Boolean => value.is_boolean(),
        _ => value.is_string(),
    };
    (!fits).then(|| InputRule::NotOfType { given: shown(field, value), expected })
}

fn malformed(field: &Field, value: &Value, mask: Option<&str>) -> Option<InputRule> {
    let text = value.as_str()?;
    match field.format? {
        Format::SshPrivateKey if text.is_empty() || Some(text) == mask => None,
        Format::SshPrivateKey => key::read_key(text).err().map(InputRule::Key),
        Format::Url => url::fault(text, field.secret).map(InputRule::Url),
        Format::VaultId => text.contains('@').then_some(InputRule::VaultIdCharacter),
    }
}

fn shown(field: &Field, value: &Value) -> Shown {
    if field.secret { Shown::Hidden } else { Shown::Value(value.clone()) }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(object) => {
            object.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::credential_type::{KeyFault, UrlFault, fixture};

    fn field(document: &Value) -> Field {
        fixture::custom(json!({"fields": [document]}), json!({})).fields.remove(0)
    }

    fn text(extra: &Value) -> Field {
        let mut document = json!({"id": "x", "label": "X", "type": "string"});
        document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        field(&document)
    }

    #[test]
    fn falsy_values_become_blank() {
        for value in
            [json!(null), json!(false), json!(0), json!(0.0), json!(""), json!([]), json!({})]
        {
            assert!(is_falsy(&value), "{value}");
        }
        for value in [json!(true), json!(-1), json!(" "), json!([0]), json!({"a": 0})] {
            assert!(!is_falsy(&value), "{value}");
        }
        assert_eq!(blank(&text(&json!({}))), Some(json!("")));
        assert_eq!(blank(&text(&json!({"choices": ["a", "b"]}))), Some(json!("a")));
        assert_eq!(
            blank(&field(&json!({"id": "x", "label": "X", "type": "boolean"}))),
            Some(json!(false))
        );
        assert_eq!(blank(&field(&json!({"id": "x", "label": "X"}))), None);
    }

    #[test]
    fn each_rule_of_a_value() {
        let given = |value: Value| Shown::Value(value);
        let choices = || vec!["a".to_owned(), "b".to_owned()];
        let flag = field(&json!({"id": "x", "label": "X", "type": "boolean"}));
        for (field, value, rule) in [
            (
                text(&json!({})),
                json!(1),
                InputRule::NotOfType { given: given(json!(1)), expected: Expected::Text },
            ),
            (
                text(&json!({"secret": true})),
                json!(1),
                InputRule::NotOfType { given: Shown::Hidden, expected: Expected::Text },
            ),
            (
                flag.clone(),
                json!("x"),
                InputRule::NotOfType { given: given(json!("x")), expected: Expected::Boolean },
            ),
            (
                flag,
                json!(1),
                InputRule::NotOfType { given: given(json!(1)), expected: Expected::Boolean },
            ),
            (
                text(&json!({"choices": ["a", "b"]})),
                json!("z"),
                InputRule::NotOneOf { given: given(json!("z")), choices: choices() },
            ),
            (
                text(&json!({"choices": ["a", "b"]})),
                json!(5),
                InputRule::NotOneOf { given: given(json!(5)), choices: choices() },
            ),
            (
                text(&json!({"choices": ["a", "b"], "secret": true})),
                json!("z"),
                InputRule::NotOneOf { given: Shown::Hidden, choices: choices() },
            ),
            (text(&json!({"format": "url"})), json!("foo"), InputRule::Url(UrlFault::NoScheme)),
            (text(&json!({"format": "vault_id"})), json!("a@b"), InputRule::VaultIdCharacter),
            (
                text(&json!({"format": "ssh_private_key"})),
                json!("x"),
                InputRule::Key(KeyFault::Frame),
            ),
        ] {
            assert_eq!(fault(&field, &value, Some("$encrypted$")), Some(Rule::Input(rule)));
        }
        let key = text(&json!({"format": "ssh_private_key"}));
        for value in ["", "$encrypted$"] {
            assert_eq!(fault(&key, &json!(value), Some("$encrypted$")), None);
        }
        assert_eq!(fault(&text(&json!({})), &json!("a\0"), None), Some(Rule::NulCharacter));
        let untyped = field(&json!({"id": "x", "label": "X"}));
        assert_eq!(fault(&untyped, &json!([{"a\0": 1}]), None), Some(Rule::NulCharacter));
        assert_eq!(fault(&untyped, &json!([{"a": 1}]), None), None);
    }

    proptest! {
        #[test]
        fn no_rule_shows_a_secret(secret in "[a-z]{12}[\\\\x00-~]{0,20}", format in prop::sample::select(vec!["url", "vault_id", "ssh_private_key"])) {
            let fields = [
                text(&json!({"secret": true, "choices": ["a"]})),
                text(&json!({"secret": true, "format": format})),
            ];
            for field in fields {
                for value in [json!(secret), json!([secret]), json!({ &secret: 1 })] {
                    let told = format!("{:?}", fault(&field, &value, None));
                    prop_assert!(!told.contains(&secret[..12]), "{told}");
                }
            }
        }
    }
}
