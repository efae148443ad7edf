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
