//! The fields of a type, read from its documents.

use serde_json::{Map, Value};

use super::rule::Expected;
use crate::{Error, Result};

/// One field of a type's inputs or metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The member of a credential's inputs.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The type of its values.
    pub kind: FieldKind,
    /// Whether its value is sealed and never shown.
    pub secret: bool,
    /// Whether a form shows several lines.
    pub multiline: bool,
    /// Whether the word `ASK` may stand for a value that is asked for at run time.
    pub ask_at_runtime: bool,
    /// The form its text has.
    pub format: Option<Format>,
    /// The only texts allowed; empty when every text is.
    pub choices: Vec<String>,
    /// What a form starts with.
    pub default: Option<Value>,
    /// A hint for people.
    pub help_text: Option<String>,
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A boolean.
    Boolean,
    /// Any value; only managed types have such fields, with choices.
    Untyped,
}

impl FieldKind {
    /// What a value of this type is, if the type says anything.
    pub const fn expected(self) -> Option<Expected> {
        match self {
            Self::Text => Some(Expected::Text),
            Self::Boolean => Some(Expected::Boolean),
            Self::Untyped => None,
        }
    }
}

/// The form of a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PEM blocks with a private key.
    SshPrivateKey,
    /// A URL with scheme and host.
    Url,
    /// A vault id.
    VaultId,
}

impl Format {
    const ALL: [Self; 3] = [Self::SshPrivateKey, Self::Url, Self::VaultId];

    /// The word in a type's document.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SshPrivateKey => "ssh_private_key",
            Self::Url => "url",
            Self::VaultId => "vault_id",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }
}

/// Reads a list of fields out of a type's inputs document; an absent list is empty.
pub(super) fn fields(inputs: &Map<String, Value>, member: &str) -> Result<Vec<Field>> {
    match inputs.get(member) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(field).collect(),
        Some(_) => Err(broken("the list of fields")),
    }
}

fn field(document: &Value) -> Result<Field> {
    Ok(Field {
        id: text(document, "id")?.ok_or_else(|| broken("id"))?,
        label: text(document, "label")?.ok_or_else(|| broken("label"))?,
        kind: kind(document)?,
        secret: flag(document, "secret")?,
        multiline: flag(document, "multiline")?,
        ask_at_runtime: flag(document, "ask_at_runtime")?,
        format: format(document)?,
        choices: choices(document)?,
        default: document.get("default").cloned(),
        help_text: text(document, "help_text")?,
    })
}

fn kind(document: &Value) -> Result<FieldKind> {
    match text(document, "type")?.as_deref() {
        None => Ok(FieldKind::Untyped),
        Some("string") => Ok(FieldKind::Text),
        Some("boolean") => Ok(FieldKind::Boolean),
        Some(_) => Err(broken("type")),
    }
}

fn format(document: &Value) -> Result<Option<Format>> {
    match text(document, "format")? {
        None => Ok(None),
        Some(word) => Format::from_word(&word).map(Some).ok_or_else(|| broken("format")),
    }
}

fn choices(document: &Value) -> Result<Vec<String>> {
    let Some(choices) = document.get("choices") else {
        return Ok(Vec::new());
    };
    let list = choices.as_array().ok_or_else(|| broken("choices"))?;
    list.iter()
        .map(|choice| choice.as_str().map(str::to_owned).ok_or_else(|| broken("choices")))
        .collect()
}

fn text(document: &Value, member: &'static str) -> Result<Option<String>> {
    match document.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(broken(member)),
    }
}

fn flag(document: &Value, member: &'static str) -> Result<bool> {
    match document.get(member) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(broken(member)),
    }
}

fn broken(member: &str) -> Error {
    Error::internal(format!("broken document of a credential type: {member}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(field: Value) -> Result<Vec<Field>> {
        let mut inputs = Map::new();
        inputs.insert("fields".to_owned(), Value::Array(vec![field]));
        fields(&inputs, "fields")
    }

    #[test]
    fn a_field_is_read_whole() {
        let document = json!({"id": "key", "label": "Key", "type": "string", "secret": true, "multiline": true,
            "format": "ssh_private_key", "help_text": "PEM", "default": ""});
        let field = read(document).unwrap().remove(0);
        assert_eq!((field.id.as_str(), field.kind), ("key", FieldKind::Text));
        assert!(field.secret && field.multiline && !field.ask_at_runtime);
        assert_eq!(field.format, Some(Format::SshPrivateKey));
        assert_eq!((field.default, field.help_text), (Some(json!("")), Some("PEM".to_owned())));
    }

    #[test]
    fn broken_documents_are_refused() {
        for document in [
            json!(1),
            json!({"id": "a"}),
            json!({"id": "a", "label": 1}),
            json!({"id": "a", "label": "A", "type": "int"}),
            json!({"id": "a", "label": "A", "secret": "yes"}),
            json!({"id": "a", "label": "A", "format": "email"}),
            json!({"id": "a", "label": "A", "choices": [1]}),
            json!({"id": "a", "label": "A", "choices": "x"}),
        ] {
            assert!(read(document.clone()).is_err(), "{document}");
        }
    }
}
