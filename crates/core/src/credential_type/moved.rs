//! A kept secret does not follow its credential to another destination.

use serde_json::{Map, Value};

use super::inputs::{CheckedInputs, StoredInputs, inner};
use super::rule::InputRule;
use super::{CredentialType, Field};
use crate::error::Violation;

/// One violation per kept secret when a destination changed: else whoever may change a credential could send its
/// secrets to a server of his own.
pub(super) fn violations(
    kind: &CredentialType,
    checked: &CheckedInputs,
    stored: &StoredInputs<'_>,
) -> Vec<Violation> {
    let Some(changed) =
        kind.destinations().find(|field| moved(field, &checked.plain, stored.plain))
    else {
        return Vec::new();
    };
    let kept = kind.fields.iter().filter(|field| checked.keeps(&field.id));
    kept.map(|field| inner(&field.id, InputRule::EnterAgain { changed: changed.id.clone() }))
        .collect()
}

fn moved(field: &Field, new: &Map<String, Value>, old: &Map<String, Value>) -> bool {
    effective(field, new) != effective(field, old)
}

/// An empty text says the same as none, unless a default would take the place of none.
fn effective<'a>(field: &Field, inputs: &'a Map<String, Value>) -> Option<&'a Value> {
    let value = inputs.get(&field.id)?;
    let empty = value.as_str() == Some("") && field.default.is_none();
    (!empty).then_some(value)
}
