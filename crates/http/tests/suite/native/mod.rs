//! The native API.

mod access;
mod bodies;
mod checkout;
mod credentials;
mod grants;
mod host;
mod references;
mod robots;
mod tokens;

use serde_json::{Value, json};

use crate::room::Caller;

/// The credentials.
const CREDENTIALS: &str = "/strongroom/v1/credentials";

/// A machine credential of organization 1.
fn machine(name: &str) -> Value {
    json!({
        "name": name,
        "description": "for tests",
        "type": 1,
        "organization": 1,
        "inputs": {"username": "joe", "password": "hunter2-secret"},
    })
}

/// A new machine credential; its path.
async fn make(caller: &Caller, name: &str) -> String {
    let made = caller.post(CREDENTIALS, &machine(name)).await.is(201);
    format!("{CREDENTIALS}/{}", made["id"])
}

/// The document with ids drawn at random replaced, wherever they stand.
fn stable(mut document: Value) -> Value {
    match &mut document {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                *value = match name.as_str() {
                    "guid" | "short_id" | "token" => json!(format!("[{name}]")),
                    _ => stable(value.take()),
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = stable(item.take());
            }
        }
        _ => {}
    }
    document
}
