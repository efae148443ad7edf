//! What the log tells of targets, sequences, extra hosts and domains.

use serde_json::{Map, Value, json};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::scan::settings::{Setting, Shape};

use crate::actor::Actor;
use crate::audit::{HIDDEN, gone};
use crate::store::{ReadTx, ScanRow};

/// An entry about one of them, without its changes.
pub(super) fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, row: &ScanRow) -> Entry {
    let object = Touched { kind: row.kind.kind(), id: row.identity.id, name: row.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(row.organization_id);
    entry
}

/// The entry of one that goes.
pub(super) fn deleted(tx: &ReadTx<'_>, actor: &Actor, row: &ScanRow) -> Entry {
    let mut entry = entry(tx, actor, Operation::Delete, row);
    entry.changes = vec![gone("name", json!(row.name)), gone("address", json!(row.address))];
    entry
}

/// What entries tell of settings: those of the site as settings of the target, and of what can be a secret only that
/// something is there.
pub(super) fn members(
    settings: &'static [Setting],
    document: &Map<String, Value>,
) -> Vec<(&'static str, Value)> {
    let mut told = Vec::new();
    for setting in settings {
        let value = document.get(setting.name).cloned().unwrap_or_default();
        match (&setting.shape, value) {
            (Shape::Object { members: inner, .. }, Value::Object(inside)) if setting.required => {
                told.extend(members(inner, &inside));
            }
            (_, value) if setting.holds_secrets() => {
                let is_set =
                    !matches!(&value, Value::Null) && value != json!("") && value != json!([]);
                told.push((setting.name, if is_set { json!(HIDDEN) } else { json!("") }));
            }
            (_, Value::Array(items)) => {
                told.push((setting.name, json!(Value::from(items).to_string())));
            }
            (_, value) => told.push((setting.name, value)),
        }
    }
    told
}

/// What entries tell of a change of settings.
pub(super) fn changes(
    settings: &'static [Setting],
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Vec<Change> {
    let mut told = Vec::new();
    for setting in settings {
        let (before, after) = (old.get(setting.name), new.get(setting.name));
        if before == after {
            continue;
        }
        if let (
            Shape::Object { members, .. },
            Some(Value::Object(before)),
            Some(Value::Object(after)),
        ) = (&setting.shape, before, after)
            && setting.required
        {
            told.extend(changes(members, before, after));
            continue;
        }
        let one = |value: Option<&Value>| match value {
            _ if setting.holds_secrets() => json!(HIDDEN),
            Some(Value::Array(items)) => json!(Value::from(items.clone()).to_string()),
            Some(value) => value.clone(),
            None => Value::Null,
        };
        told.push(Change { member: setting.name, old: Some(one(before)), new: Some(one(after)) });
    }
    told
}
