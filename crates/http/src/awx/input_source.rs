//! Input sources of credentials: kept, checked and shown. What they fetch is no part of this dialect.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_core::id::{Kind, Ref};
use strongroom_service::list::Field;
use strongroom_service::view::{CredentialSummary, InputSourceView};
use strongroom_service::{InputSourceDraft, InputSourceScope};

use super::call::Call;
use super::error::{Outcome, in_body};
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{Links, UserSummary};
use super::{credential, list, time};

/// An input source as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::InputSource,
    word: "credential_input_source",
    label: "Credential Input Source",
    collection: "credential_input_sources",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::DESCRIPTION,
        Info::of("input_field_name", "string", "Input field name", Access::Required).at_most(1024),
        Info::of("metadata", "json", "Metadata", Access::Optional(Start::Object)),
        Info::of("target_credential", "id", "Target credential", Access::Required),
        Info::of("source_credential", "id", "Source credential", Access::Required),
    ],
    fields: &[
        ("id", Field::Id),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("input_field_name", Field::InputField),
        ("target_credential", Field::Target),
        ("source_credential", Field::SourceCredential),
    ],
    closed: &["inputs", "metadata"],
    searched: &[("description", Field::Description)],
    roles: &[],
};

#[derive(Debug, Serialize)]
struct Wire<'a> {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: Summaries<'a>,
    created: String,
    modified: String,
    description: &'a str,
    input_field_name: &'a str,
    metadata: &'a Map<String, Value>,
    target_credential: i64,
    source_credential: i64,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    source_credential: Joined<'a>,
    target_credential: Joined<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    user_capabilities: Capabilities,
}

#[derive(Debug, Serialize)]
struct Capabilities {
    delete: bool,
}

/// One of the two credentials.
#[derive(Debug, Serialize)]
struct Joined<'a> {
    id: i64,
    name: &'a str,
    description: &'a str,
    kind: Option<&'a str>,
    cloud: bool,
    credential_type_id: i64,
}

impl<'a> From<&'a CredentialSummary> for Joined<'a> {
    fn from(credential: &'a CredentialSummary) -> Self {
        Self {
            id: credential.id,
            name: &credential.name,
            description: &credential.description,
            kind: credential.credential_type.namespace.as_deref(),
            cloud: credential.credential_type.kind == "cloud",
            credential_type_id: credential.credential_type.id,
        }
    }
}

fn wire(view: &InputSourceView) -> Wire<'_> {
    let source = &view.input_source;
    let id = source.identity.id;
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related: Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
            .with("source_credential", credential::MODEL.url(source.source_id))
            .with("target_credential", credential::MODEL.url(source.target_id)),
        summary_fields: Summaries {
            source_credential: Joined::from(&view.source),
            target_credential: Joined::from(&view.target),
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            user_capabilities: Capabilities { delete: view.may_delete },
        },
        created: time::text(source.stamp.created),
        modified: time::text(source.stamp.modified),
        description: &source.description,
        input_field_name: &source.field,
        metadata: &source.metadata,
        target_credential: source.target_id,
        source_credential: source.source_id,
    }
}

fn draft(body: &Body, mode: Mode) -> InputSourceDraft {
    InputSourceDraft {
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        field: mode.required(read::text(body, "input_field_name", TextRule::required(1024))),
        metadata: mode.or(read::object(body, "metadata"), Map::new()),
        target: mode.required(read::id(body, "target_credential")),
        source: mode.required(read::id(body, "source_credential")),
    }
}

async fn listed(call: &Call, scope: InputSourceScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_input_sources(&call.actor, scope.clone(), request);
    list::page(call, &MODEL, fetch, |view| list::element(&wire(view))).await
}

async fn make(call: &Call, target: Option<Ref>, path: Kind) -> Outcome<Response> {
    let draft = draft(&call.body, Mode::Create);
    let made = in_body(call.room.create_input_source(&call.actor, target, draft).await, path)?;
    Ok(created(&wire(&made), &MODEL.url(made.input_source.identity.id)))
}

/// `GET /api/v2/credential_input_sources/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, InputSourceScope::All).await
}

/// `POST /api/v2/credential_input_sources/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    make(&call, None, Kind::InputSource).await
}

/// `GET /api/v2/credential_input_sources/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::InputSource)?);
    Ok(shown(&wire(&call.room.read_input_source(&call.actor, &id).await?)))
}

/// `PUT /api/v2/credential_input_sources/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/credential_input_sources/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::InputSource)?);
    let draft = draft(&call.body, mode);
    let changed = call.room.update_input_source(&call.actor, &id, draft).await;
    Ok(shown(&wire(&in_body(changed, Kind::InputSource)?)))
}

/// `DELETE /api/v2/credential_input_sources/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::InputSource)?);
    call.room.delete_input_source(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/credentials/{id}/input_sources/`
pub(super) async fn of_credential(call: Call) -> Outcome<Response> {
    listed(&call, InputSourceScope::OfTarget(call.target(Kind::Credential).await?)).await
}

/// `POST /api/v2/credentials/{id}/input_sources/`: the path says which credential gets the value.
pub(super) async fn create_for_credential(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Credential).await?;
    make(&call, Some(id), Kind::Credential).await
}
