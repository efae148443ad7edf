//! The stages of a check of inputs, from the whole to the single fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field::Field;
use super::inputs::{CheckedInputs, SecretChange, StoredInputs, whole};
use super::key::{KeyState, read_key};
use super::rule::InputRule;
use super::{CredentialType, moved, value};
use crate::error::{FieldPath, Rule, ValueKind, Violation};

/// One field and what was given for it.
pub(super) struct Entry<'a> {
    pub(super) field: &'a Field,
    pub(super) given: Given,
}

pub(super) enum Given {
    Value(Value),
    Keep,
}

impl Given {
    /// The value with a falsy one replaced; the mask in a secret field is "keep".
    pub(super) fn read(field: &Field, value: &Value, mask: Option<&str>) -> Self {
        if field.secret && mask.is_some() && value.as_str() == mask {
            return Self::Keep;
        }
        let blank = if value::is_falsy(value) { value::blank(field) } else { None };
        Self::Value(blank.unwrap_or_else(|| value.clone()))
    }

    /// Whether the field has a value then, a kept one included.
    fn is_set(&self) -> bool {
        match self {
            Self::Keep => true,
            Self::Value(value) => !value::is_falsy(value),
        }
    }
}

/// Everything that one check needs.
pub(super) struct Check<'a> {
    pub(super) kind: &'a CredentialType,
    /// In field order.
    pub(super) entries: Vec<Entry<'a>>,
    /// Sorted.
    pub(super) unknown: Vec<String>,
    /// What a change replaces; none for a new credential.
    pub(super) stored: Option<&'a StoredInputs<'a>>,
    /// The dialect's text for "keep the stored value".
    pub(super) mask: Option<&'a str>,
}

impl Check<'_> {
    /// The checked inputs, or the violations of the first stage that has any.
    pub(super) fn run(self) -> Result<CheckedInputs, Vec<Violation>> {
        if let Some(rule) = self.whole_fault() {
            return Err(vec![whole(rule)]);
        }
        let faults = self.field_faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let stored = self.stored;
        let kind = self.kind;
        let checked = self.finish();
        let moved =
            stored.map_or_else(Vec::new, |stored| moved::violations(kind, &checked, stored));
        if moved.is_empty() { Ok(checked) } else { Err(moved) }
    }

    /// The first fault of the inputs as a whole, which hides those of single fields.
    fn whole_fault(&self) -> Option<InputRule> {
        self.reserved_mask().or_else(|| self.secret_not_text()).or_else(|| self.unknown_inputs())
    }

    fn reserved_mask(&self) -> Option<InputRule> {
        let kept = self.entries.iter().filter(|entry| matches!(entry.given, Given::Keep));
        let cannot = |field: &&Field| !self.can_keep(field) && !self.would_show(field);
        let field = kept.map(|entry| entry.field).find(cannot)?;
        Some(InputRule::MaskReserved { field: field.id.clone() })
    }

    fn can_keep(&self, field: &Field) -> bool {
        field.secret && self.stored.is_some_and(|stored| stored.secrets.contains(field.id.as_str()))
    }

    fn would_show(&self, field: &Field) -> bool {
        self.stored.is_some_and(|stored| stored.would_show(field))
    }

    /// On a change only: a new credential gets the fault per field.
    fn secret_not_text(&self) -> Option<InputRule> {
        self.stored?;
        self.entries.iter().find_map(|entry| match &entry.given {
            Given::Value(value) if entry.field.secret && !value.is_string() => {
                Some(InputRule::SecretNotText { given: ValueKind::from(value) })
            }
            _ => None,
        })
    }

    fn unknown_inputs(&self) -> Option<InputRule> {
        let names = self.unknown.clone();
        (!names.is_empty()).then_some(InputRule::UnknownInputs { names })
    }

    /// One fault per field; a later rule outranks an earlier one.
    fn field_faults(&self) -> Vec<Violation> {
        let mut faults = BTreeMap::new();
        for (place, entry) in self.entries.iter().enumerate() {
            if let Given::Value(value) = &entry.given
                && let Some(rule) = value::fault(entry.field, value, self.mask)
            {
                faults.insert(place, rule);
            }
            if matches!(entry.given, Given::Keep) && self.would_show(entry.field) {
                let changed = "credential_type".to_owned();
                faults.insert(place, Rule::Input(InputRule::EnterAgain { changed }));
            }
            if let Some(rule) = self.missing_dependency(entry.field) {
                faults.insert(place, Rule::Input(rule));
            }
        }
        if let Some((place, rule)) = self.passphrase_fault() {
            faults.insert(place, Rule::Input(rule));
        }
        let path = |place: usize| match self.entries.get(place) {
            Some(entry) => FieldPath::Inner("inputs", entry.field.id.clone()),
            None => FieldPath::Inner("inputs", PASSPHRASE.to_owned()),
        };
        faults.into_iter().map(|(place, rule)| Violation::new(path(place), rule)).collect()
    }

    fn missing_dependency(&self, field: &Field) -> Option<InputRule> {
        let needed = self.kind.dependencies.get(&field.id)?;
        let missing = needed.iter().rfind(|id| self.entry(id).is_none())?;
        let label = self.kind.field(missing).map_or(missing, |field| &field.label);
        Some(InputRule::NeedsField { label: label.clone() })
    }

    /// The rule between a key and its passphrase, with the place of the passphrase: after all when it is absent.
    fn passphrase_fault(&self) -> Option<(usize, InputRule)> {
        if !self.kind.managed {
            return None;
        }
        self.kind.field(PASSPHRASE)?;
        let place = self.entries.iter().position(|entry| entry.field.id == PASSPHRASE);
        let is_set = self.entry(PASSPHRASE).is_some_and(Given::is_set);
        let rule = match (self.key()?, is_set) {
            (KeyState::Encrypted, false) => InputRule::PassphraseMissing,
            (KeyState::Plain, true) => InputRule::PassphraseUnwanted,
            (KeyState::Encrypted, true) | (KeyState::Plain, false) => return None,
        };
        Some((place.unwrap_or(self.entries.len()), rule))
    }

    /// The state of the key from now on; unknown when there is none or it is bad.
    fn key(&self) -> Option<KeyState> {
        match self.entry("ssh_key_data")? {
            Given::Keep => self.stored?.key,
            Given::Value(value) => read_key(value.as_str()?).ok(),
        }
    }

    fn entry(&self, id: &str) -> Option<&Given> {
        self.entries.iter().find(|entry| entry.field.id == id).map(|entry| &entry.given)
    }

    fn finish(self) -> CheckedInputs {
        let mut checked = CheckedInputs::default();
        for Entry { field, given } in self.entries {
            match given {
                Given::Keep => {
                    checked.secrets.insert(field.id.clone(), SecretChange::Keep);
                }
                Given::Value(value) if field.secret => checked.put_secret(field, value),
                Given::Value(value) => {
                    checked.plain.insert(field.id.clone(), value);
                }
            }
        }
        checked
    }
}

/// The field of a key's passphrase.
const PASSPHRASE: &str = "ssh_key_unlock";
