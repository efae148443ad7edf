//! `test/` of credentials and types: whether the look-up of an external one works.
//!
//! Nothing is looked up yet, and no secret leaves. What AWX tells of a failed look-up is the name of an exception of
//! Python; so does this.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use strongroom_core::draft::Member;
use strongroom_core::id::Kind;
use strongroom_service::{LookupDraft, LookupTest};

use super::call::Call;
use super::error::Outcome;
use super::read::{Body, not_an_object};
use super::reply::{json_response, shown};

/// `POST /api/v2/credentials/{id}/test/`
pub(super) async fn of_credential(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    let test = call.room.test_credential(&call.actor, &id, draft(&call.body)).await?;
    Ok(told(&test))
}

/// `POST /api/v2/credential_types/{id}/test/`
pub(super) async fn of_type(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    let test = call.room.test_credential_type(&call.actor, &id, draft(&call.body)).await?;
    Ok(told(&test))
}

/// `GET` of the first: nothing, for whoever may test it.
pub(super) async fn nothing_of_credential(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    call.room.test_credential(&call.actor, &id, LookupDraft::default()).await?;
    Ok(shown(&json!({})))
}

/// `GET` of the second.
pub(super) async fn nothing_of_type(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    call.room.test_credential_type(&call.actor, &id, LookupDraft::default()).await?;
    Ok(shown(&json!({})))
}

fn draft(body: &Body) -> LookupDraft {
    LookupDraft { inputs: object(body, "inputs"), metadata: object(body, "metadata") }
}

fn object(body: &Body, name: &str) -> Member<Body> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Object(members)) => Member::Given(members.clone()),
        Some(other) => Member::Bad(not_an_object(other)),
    }
}

fn told(test: &LookupTest) -> Response {
    let text = match test {
        LookupTest::NotExternal => "AttributeError".to_owned(),
        LookupTest::Destination(field) => {
            format!("{field} cannot be given for a stored credential that holds secrets")
        }
        LookupTest::NotCarriedOut => "NotImplementedError".to_owned(),
    };
    json_response(StatusCode::BAD_REQUEST, &json!({"inputs": text}))
}
