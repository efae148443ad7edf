//! The inputs of a credential, checked against its type.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::CredentialType;
use super::check::{Check, Entry, Given};
use super::field::Field;
use super::key::KeyState;
use super::rule::InputRule;
use crate::error::{FieldPath, Rule, Violation};
use crate::record::Credential;

/// What the store holds of the credential that is changed.
#[derive(Debug, Clone)]
pub struct StoredInputs<'a> {
    /// The values that are not secret.
    pub plain: &'a Map<String, Value>,
    /// The secret fields that have a value.
    pub secrets: BTreeSet<&'a str>,
    /// Whether the stored `ssh_key_data` needs a passphrase: the caller opens it and asks [`super::read_key`]. `None` when
    /// there is no such key or it cannot be read.
    pub key: Option<KeyState>,
    /// Whether the credential keeps its type.
    pub same_type: bool,
}

impl<'a> StoredInputs<'a> {
    /// The inputs of a credential that is to be of the type `type_id` from now on.
    pub fn of(credential: &'a Credential, type_id: i64, key: Option<KeyState>) -> Self {
        Self {
            plain: &credential.inputs,
            secrets: credential.secrets.keys().map(String::as_str).collect(),
            key,
            same_type: credential.credential_type_id == type_id,
        }
    }

    /// Whether the field has a stored secret that it would show, because it is no secret field of its type.
    pub(super) fn would_show(&self, field: &Field) -> bool {
        !field.secret && self.secrets.contains(field.id.as_str())
    }
}

/// Inputs that keep every rule of their type. A field in neither map has no value from now on.
#[derive(Debug, Clone, Default)]
pub struct CheckedInputs {
    /// The values that are stored in clear, in field order.
    pub plain: Map<String, Value>,
    /// The secret fields that have a value from now on.
    pub secrets: BTreeMap<String, SecretChange>,
}

impl CheckedInputs {
    /// Whether the stored value of that secret field stays.
    pub fn keeps(&self, id: &str) -> bool {
        matches!(self.secrets.get(id), Some(SecretChange::Keep))
    }

    /// An empty text is no value; what is no text never gets here and would be dropped rather than shown.
    pub(super) fn put_secret(&mut self, field: &Field, value: Value) {
        match value {
            Value::String(text) if is_asked(field, &text) => {
                self.plain.insert(field.id.clone(), Value::String(text));
            }
            Value::String(text) if !text.is_empty() => {
                self.secrets.insert(field.id.clone(), SecretChange::Set(SecretString::from(text)));
            }
            _ => {}
        }
    }
}

/// What becomes of a secret value.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It is sealed. Never empty where inputs were checked: only Probely sets an empty one.
    Set(SecretString),
    /// The stored one stays.
    Keep,
}

/// Checks the inputs that somebody gave for a new credential, or for a stored one, whose inputs they replace as a
/// whole.
///
/// `mask` is the dialect's exact text for "keep the stored value"; it means so in secret fields only. A dialect
/// that knows no such text gives `None`.
///
/// # Errors
/// The violations of the first stage that has any: the fixed vault id, masks, secrets that are not text, unknown
/// fields, then all fields together, secrets that would come to light among them, then moved destinations.
pub fn check_inputs(
    kind: &CredentialType,
    given: &Map<String, Value>,
    stored: Option<&StoredInputs<'_>>,
    mask: Option<&str>,
) -> Result<CheckedInputs, Vec<Violation>> {
    if let Some(stored) = stored
        && changes_vault_id(kind, given, stored)
    {
        return Err(vec![whole(InputRule::VaultIdFixed)]);
    }
    let unknown = unknown(kind, given.keys().map(String::as_str));
    let entries = kind.fields.iter().filter_map(|field| {
        let value = given.get(&field.id)?;
        let mut given = Given::read(field, value, mask);
        if let (Given::Keep, Some(asked)) = (&given, stored.and_then(|stored| asked(field, stored)))
        {
            given = Given::Value(asked.clone());
        }
        // Of a field that was secret the mask means the secret, though the field shows its value now.
        let is_mask = mask.is_some() && value.as_str() == mask;
        if is_mask && stored.is_some_and(|stored| stored.would_show(field)) {
            given = Given::Keep;
        }
        Some(Entry { field, given })
    });
    Check { kind, entries: entries.collect(), unknown, stored, mask }.run()
}

/// Checks stored inputs that stay while their credential takes another type.
///
/// # Errors
/// As [`check_inputs`]. A stored secret fits only a secret field: elsewhere it would come to light.
pub fn check_stored_inputs(
    kind: &CredentialType,
    stored: &StoredInputs<'_>,
) -> Result<CheckedInputs, Vec<Violation>> {
    let ids = stored.plain.keys().map(String::as_str).chain(stored.secrets.iter().copied());
    let unknown = unknown(kind, ids);
    let entries = kind.fields.iter().filter_map(|field| {
        let given = if stored.secrets.contains(field.id.as_str()) {
            Given::Keep
        } else {
            Given::read(field, stored.plain.get(&field.id)?, None)
        };
        Some(Entry { field, given })
    });
    Check { kind, entries: entries.collect(), unknown, stored: Some(stored), mask: None }.run()
}

/// A violation of one input.
pub(super) fn inner(id: &str, rule: InputRule) -> Violation {
    Violation::new(FieldPath::Inner("inputs", id.to_owned()), Rule::Input(rule))
}

/// A violation of the inputs as a whole.
pub(super) fn whole(rule: InputRule) -> Violation {
    Violation::new("inputs", Rule::Input(rule))
}

/// The ids that are no fields, sorted.
fn unknown<'a>(kind: &CredentialType, ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let known: BTreeSet<&str> = kind.fields.iter().map(|field| field.id.as_str()).collect();
    let mut unknown: Vec<String> =
        ids.filter(|id| !known.contains(id)).map(str::to_owned).collect();
    unknown.sort();
    unknown
}

fn changes_vault_id(
    kind: &CredentialType,
    given: &Map<String, Value>,
    stored: &StoredInputs<'_>,
) -> bool {
    kind.kind == "vault"
        && stored.same_type
        && given.get("vault_id").is_some_and(|id| stored.plain.get("vault_id") != Some(id))
}

/// The stored word that a value is asked for at run time, which is kept like a secret.
fn asked<'a>(field: &Field, stored: &StoredInputs<'a>) -> Option<&'a Value> {
    let value = stored.plain.get(&field.id)?;
    value.as_str().is_some_and(|text| field.secret && is_asked(field, text)).then_some(value)
}

/// The word that stands for a value asked for at run time is no secret.
fn is_asked(field: &Field, text: &str) -> bool {
    field.ask_at_runtime && text == "ASK"
}

#[cfg(test)]
mod tests;
