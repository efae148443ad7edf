//! The AWX dialect.

mod activity;
mod applications;
mod create;
mod galaxy;
mod hidden;
mod input_sources;
mod job_templates;
mod lists;
mod options;
mod protocol;
mod relations;
mod resources;
mod roles;
mod sessions;
mod states;
mod tokens;
mod update;

use serde_json::{Value, json};

use crate::room::{Caller, Reply, Room};

/// A room as the tests of this dialect find it: organization 2 `acme` with the administrator bob (user 3), user 2
/// alice, who belongs nowhere, and team 1 `ops` of acme.
struct Office {
    room: Room,
    admin: Caller,
    alice: Caller,
    bob: Caller,
}

impl Office {
    async fn new() -> Self {
        Self::of(Room::new().await).await
    }

    /// The office in a room of one's own.
    async fn of(room: Room) -> Self {
        let admin = room.admin().await;
        let (alice, bob) = (room.user("alice").await, room.user("bob").await);
        for (path, body, status) in [
            ("/api/v2/users/2/", json!({"first_name": "Alice", "last_name": "Test"}), 200),
            ("/api/v2/organizations/", json!({"name": "acme", "description": "Acme org"}), 201),
            ("/api/v2/organizations/2/users/", json!({"id": 3}), 204),
            ("/api/v2/organizations/2/admins/", json!({"id": 3}), 204),
            ("/api/v2/teams/", json!({"name": "ops", "organization": 2}), 201),
        ] {
            let reply = match status {
                200 => admin.patch(path, &body).await,
                _ => admin.post(path, &body).await,
            };
            reply.is(status);
        }
        Self { room, admin, alice, bob }
    }

    /// A credential of organization 2 of a type, with these inputs; its id.
    async fn of_type(&self, name: &str, credential_type: i64, inputs: &Value) -> i64 {
        let body = json!({
            "name": name,
            "credential_type": credential_type,
            "organization": 2,
            "inputs": inputs,
        });
        self.admin.post(CREDENTIALS, &body).await.is(201)["id"].as_i64().unwrap()
    }

    /// A machine credential of organization 2; its path.
    async fn credential(&self, name: &str) -> String {
        let body = json!({
            "name": name,
            "credential_type": 1,
            "organization": 2,
            "inputs": {"username": "joe", "password": "hunter2-secret"},
        });
        let made = self.admin.post(CREDENTIALS, &body).await.is(201);
        made["url"].as_str().unwrap().to_owned()
    }
}

/// The answer must have this status and this body.
#[track_caller]
fn answers(reply: &Reply, status: u16, body: &Value) {
    assert_eq!(&reply.is(status), body);
}

/// The answer is 404 for an object that does not exist, or as if.
#[track_caller]
fn is_missing(reply: &Reply, model: &str) {
    answers(reply, 404, &json!({"detail": format!("No {model} matches the given query.")}));
}

/// The answer is the plain refusal.
#[track_caller]
fn is_refused(reply: &Reply) {
    answers(reply, 403, &json!({"detail": "You do not have permission to perform this action."}));
}

/// Paths of roles without the id, which says only how many roles were made before.
fn without_role_ids(document: Value) -> Value {
    match document {
        Value::String(text) => match text.strip_prefix("/api/v2/roles/") {
            Some(rest) => {
                json!(format!(
                    "/api/v2/roles/[id]{}",
                    rest.trim_start_matches(|c: char| c.is_ascii_digit())
                ))
            }
            None => json!(text),
        },
        Value::Array(items) => items.into_iter().map(without_role_ids).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_role_ids(value))).collect()
        }
        other => other,
    }
}

/// What differs from run to run replaced.
macro_rules! snapshot {
    ($document:expr) => {
        insta::assert_json_snapshot!($document, {
            ".**.id" => "[id]",
            ".**.object2_pk" => "[id]",
            ".**.ansible_id" => "[uuid]",
            ".**.install_uuid" => "[uuid]",
            ".**.created" => "[time]",
            ".**.modified" => "[time]",
            ".**.timestamp" => "[time]",
            ".**.expires" => "[time]",
            ".**.token" => "[token]",
            ".**.fingerprints" => "[digests]",
        })
    };
}
use snapshot;

const CREDENTIALS: &str = "/api/v2/credentials/";
