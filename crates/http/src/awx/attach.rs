//! Roles given and taken away, and users made with a role, by what AWX calls attaching.

use axum::response::Response;
use serde_json::Value;
use strongroom_core::access::Role;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::{RoleHolder, RoleTarget};

use super::call::Call;
use super::error::{AwxError, Outcome, in_body};
use super::read::{Read, integer};
use super::reply::done;
use super::user;

/// Gives the user of the body a role on the object of the path, takes it from him, or makes him with it.
pub(super) async fn user(call: &Call, path: Kind, role: Role) -> Outcome<Response> {
    let detaches = call.has("disassociate");
    let id = wanted_id(call)?;
    let of = call.target(path).await?;
    match id {
        Some(id) => {
            hand(call, RoleTarget::On(role, of), RoleHolder::User(Ref::Serial(id)), detaches, path)
                .await
        }
        None if detaches => Err(AwxError::Message(ID_TO_DETACH)),
        None => user::create_with(call, role, of, path).await,
    }
}

/// The id of what a body attaches or detaches; without one something is to be made.
pub(super) fn wanted_id(call: &Call) -> Outcome<Option<i64>> {
    match call.body.get("id") {
        Some(Value::Number(number)) if number.as_i64().is_some_and(|id| id != 0) => {
            Ok(number.as_i64())
        }
        None | Some(Value::Null) => Ok(None),
        Some(value) if is_nothing(value) => Ok(None),
        Some(_) => Err(AwxError::Message(NOT_AN_INTEGER)),
    }
}

/// Gives or takes away a role that a role list names.
pub(super) async fn hand(
    call: &Call,
    target: RoleTarget,
    holder: RoleHolder,
    takes: bool,
    path: Kind,
) -> Outcome<Response> {
    let outcome = match takes {
        true => call.room.take_role(&call.actor, target, holder).await,
        false => call.room.give_role(&call.actor, target, holder).await,
    };
    in_body(outcome, path)?;
    Ok(done())
}

/// The id in the body of a role list; `missing` is said when there is none.
pub(super) fn id(call: &Call, kind: Kind, missing: &'static str) -> Outcome<i64> {
    let value = call.body.get("id").unwrap_or(&Value::Null);
    if is_nothing(value) {
        return Err(AwxError::Message(missing));
    }
    match integer(value) {
        Read::Integer(id) => Ok(id),
        Read::Beyond(_) => Err(AwxError::no_match(kind)),
        Read::Other => Err(AwxError::Message(NOT_AN_INTEGER)),
    }
}

/// What counts as no value.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) => false,
    }
}

/// What is said when something is to be detached and nobody says what.
pub(super) const ID_TO_DETACH: &str = "\"id\" is required to disassociate";
const NOT_AN_INTEGER: &str = "\"id\" field must be an integer.";
