//! The audit log.

use serde::Serialize;
use serde_json::Value;
use strongroom_service::view::AuditView;

use super::time;

/// An entry of the audit log.
#[derive(Debug, Serialize)]
pub(in crate::native) struct AuditEntry {
    id: i64,
    at: String,
    operation: &'static str,
    outcome: &'static str,
    times: i64,
    actor: Actor,
    dialect: &'static str,
    source: String,
    request_id: String,
    objects: Vec<Object>,
    organization: Option<i64>,
    reason: String,
    changes: Value,
}

#[derive(Debug, Serialize)]
struct Actor {
    id: Option<i64>,
    name: String,
    token: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Object {
    kind: &'static str,
    id: i64,
    name: String,
}

impl From<AuditView> for AuditEntry {
    fn from(view: AuditView) -> Self {
        let object = |touched: strongroom_core::audit::Touched| Object {
            kind: touched.kind.word(),
            id: touched.id,
            name: touched.name,
        };
        Self {
            id: view.id,
            at: time(view.at),
            operation: view.operation.word(),
            outcome: view.outcome.word(),
            times: view.times,
            actor: Actor { id: view.actor_id, name: view.actor_name, token: view.token_id },
            dialect: view.dialect.word(),
            source: view.source,
            request_id: view.request_id,
            objects: view.objects.into_iter().map(object).collect(),
            organization: view.organization_id,
            reason: view.reason,
            changes: view.changes,
        }
    }
}

/// The newest checkpoint and the key that proves it.
#[derive(Debug, Serialize)]
pub(in crate::native) struct AuditCheckpoint {
    pub(in crate::native) checkpoint: String,
    pub(in crate::native) public_key: String,
}

/// The public key of the log.
#[derive(Debug, Serialize)]
pub(in crate::native) struct AuditKey {
    pub(in crate::native) public_key: String,
}

/// A part of the exported log.
#[derive(Debug, Serialize)]
pub(in crate::native) struct AuditExport {
    items: Vec<Value>,
    next: Option<String>,
}

/// The keys after one was replaced.
#[derive(Debug, Serialize)]
pub(in crate::native) struct AuditKeyRotation {
    public_key: String,
    previous: Option<String>,
    previous_until: String,
}

impl From<strongroom_service::AuditExport> for AuditExport {
    fn from(export: strongroom_service::AuditExport) -> Self {
        Self { items: export.lines, next: export.next.map(|next| next.to_string()) }
    }
}

impl From<strongroom_service::AuditKeyRotation> for AuditKeyRotation {
    fn from(rotation: strongroom_service::AuditKeyRotation) -> Self {
        Self {
            public_key: rotation.public_key,
            previous: rotation.previous,
            previous_until: time(rotation.until),
        }
    }
}
