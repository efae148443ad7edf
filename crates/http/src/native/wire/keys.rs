//! Root keys and what is under them.

use std::path::PathBuf;

use serde::Serialize;
use strongroom_service as service;

/// Which root keys there are.
#[derive(Debug, Serialize)]
pub(in crate::native) struct KeyStatus {
    active: String,
    keys: Vec<KeyUse>,
    nameless: u64,
}

#[derive(Debug, Serialize)]
struct KeyUse {
    id: String,
    file: Option<String>,
    loaded: bool,
    values: u64,
}

/// A rotation that began or goes on.
#[derive(Debug, Serialize)]
pub(in crate::native) struct RotationStart {
    active: String,
    file: Option<String>,
    resumed: bool,
    waiting: u64,
}

/// A batch of values that was done.
#[derive(Debug, Serialize)]
pub(in crate::native) struct KeyBatch {
    done: u64,
    broken: Vec<BrokenValue>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct BrokenValue {
    table: &'static str,
    column: &'static str,
    id: i64,
    guid: String,
    field: String,
    version: i64,
    reason: String,
}

/// How a rotation ended.
#[derive(Debug, Serialize)]
pub(in crate::native) struct RotationEnd {
    waiting: u64,
    installed: Option<String>,
}

impl From<service::KeyStatus> for KeyStatus {
    fn from(status: service::KeyStatus) -> Self {
        let shown = |key: service::KeyUse| KeyUse {
            id: key.id,
            file: key.file.map(shown_path),
            loaded: key.loaded,
            values: key.values,
        };
        let keys = status.keys.into_iter().map(shown).collect();
        Self { active: status.active, keys, nameless: status.nameless }
    }
}

impl From<service::RotationStart> for RotationStart {
    fn from(start: service::RotationStart) -> Self {
        let service::RotationStart { active, file, resumed, waiting } = start;
        Self { active, file: file.map(shown_path), resumed, waiting }
    }
}

impl From<service::KeyBatch> for KeyBatch {
    fn from(batch: service::KeyBatch) -> Self {
        let broken = batch.broken.into_iter().map(BrokenValue::from).collect();
        Self { done: batch.done, broken, next: batch.next }
    }
}

impl From<service::BrokenValue> for BrokenValue {
    fn from(value: service::BrokenValue) -> Self {
        let service::BrokenValue { table, column, guid, id, field, version, reason } = value;
        Self { table, column, id, guid, field, version, reason }
    }
}

impl From<service::RotationEnd> for RotationEnd {
    fn from(end: service::RotationEnd) -> Self {
        Self { waiting: end.waiting, installed: end.installed.map(shown_path) }
    }
}

fn shown_path(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}
