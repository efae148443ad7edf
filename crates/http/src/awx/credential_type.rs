//! Credential types.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::Kind;
use strongroom_service::CredentialTypeDraft;
use strongroom_service::list::Field;
use strongroom_service::view::CredentialTypeView;

use super::call::Call;
use super::error::Outcome;
use super::list;
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{EditDelete, Links, UserSummary};
use super::{named, time};

/// A credential type as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::CredentialType,
    word: "credential_type",
    label: "Credential Type",
    collection: "credential_types",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::NAME,
        model::DESCRIPTION,
        Info::of("kind", "choice", "Kind", Access::Required).choices(KINDS).writable_choices(CUSTOM_KINDS),
        Info::shown("namespace", "string", "Namespace"),
        Info::shown("managed", "boolean", "Managed"),
        Info::of("inputs", "json", "Inputs", Access::Optional(Start::Object))
            .help("Enter inputs using either JSON or YAML syntax. Refer to the documentation for example syntax.")
            .computed(),
        Info::of("injectors", "json", "Injectors", Access::Optional(Start::Object))
            .help("Enter injectors using either JSON or YAML syntax. Refer to the documentation for example syntax.")
            .computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("kind", Field::TypeKind),
        ("namespace", Field::TypeNamespace),
        ("managed", Field::Managed),
        ("inputs", Field::Inputs),
        ("injectors", Field::Injectors),
    ],
    closed: &[],
    searched: &[("description", Field::Description), ("name", Field::Name)],
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
    name: &'a str,
    description: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    managed: bool,
    inputs: &'a Map<String, Value>,
    injectors: &'a Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    user_capabilities: EditDelete,
}

fn wire(view: &CredentialTypeView, with_name: bool) -> Wire<'_> {
    let credential_type = &view.credential_type;
    let id = view.identity.id;
    let named = with_name.then(|| {
        let segment = named::segment(&[&[&credential_type.name, &credential_type.kind]]);
        format!("/api/v2/credential_types/{segment}/")
    });
    let related = Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
        .led_by(named)
        .below(&MODEL, id, &["credentials", "activity_stream"]);
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related,
        summary_fields: Summaries {
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            user_capabilities: EditDelete { edit: view.may_change, delete: view.may_delete },
        },
        created: time::text(view.stamp.created),
        modified: time::text(view.stamp.modified),
        name: &credential_type.name,
        description: &view.description,
        kind: &credential_type.kind,
        namespace: credential_type.namespace.as_deref(),
        managed: credential_type.managed,
        inputs: &credential_type.inputs,
        injectors: &credential_type.injectors,
    }
}

fn draft(body: &Body, mode: Mode) -> CredentialTypeDraft {
    let document = |member| mode.or(read::document(body, member), json!({}));
    CredentialTypeDraft {
        name: mode.required(read::text(body, "name", TextRule::required(512))),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        kind: mode.required(kind(body)),
        inputs: document("inputs"),
        injectors: document("injectors"),
    }
}

/// One of the known kinds; which of them a custom type may have is a rule of the type.
fn kind(body: &Body) -> Member<String> {
    match body.get("kind") {
        None => Member::Absent,
        Some(Value::String(kind)) if KINDS.iter().any(|(known, _)| known == kind) => {
            Member::Given(kind.clone())
        }
        Some(Value::Null) => Member::Bad(Rule::Null),
        Some(other) => {
            let given: String = super::python::plain(other).chars().take(64).collect();
            Member::Bad(Rule::NotAChoice { given })
        }
    }
}

/// `GET /api/v2/credential_types/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_credential_types(&call.actor, request);
    list::page(&call, &MODEL, fetch, |view| list::element(&wire(view, false))).await
}

/// `POST /api/v2/credential_types/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    let made =
        call.room.create_credential_type(&call.actor, draft(&call.body, Mode::Create)).await?;
    Ok(created(&wire(&made, true), &MODEL.url(made.identity.id)))
}

/// `GET /api/v2/credential_types/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    Ok(shown(&wire(&call.room.read_credential_type(&call.actor, &id).await?, true)))
}

/// `PUT /api/v2/credential_types/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/credential_types/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    let changed =
        call.room.update_credential_type(&call.actor, &id, draft(&call.body, mode)).await?;
    Ok(shown(&wire(&changed, true)))
}

/// `DELETE /api/v2/credential_types/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::CredentialType).await?;
    call.room.delete_credential_type(&call.actor, &id).await?;
    Ok(done())
}

const KINDS: &[(&str, &str)] = &[
    ("ssh", "Machine"),
    ("vault", "Vault"),
    ("net", "Network"),
    ("scm", "Source Control"),
    ("cloud", "Cloud"),
    ("registry", "Container Registry"),
    ("token", "Personal Access Token"),
    ("insights", "Insights"),
    ("external", "External"),
    ("kubernetes", "Kubernetes"),
    ("galaxy", "Galaxy/Automation Hub"),
    ("cryptography", "Cryptography"),
];
const CUSTOM_KINDS: &[(&str, &str)] = &[("net", "Network"), ("cloud", "Cloud")];
