//! OAuth applications.

use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{ClientType, GrantType};
use strongroom_service::list::Field;
use strongroom_service::view::ApplicationView;
use strongroom_service::{ApplicationDraft, ApplicationScope};

use super::call::Call;
use super::error::{Outcome, in_body};
use super::list;
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::token::STARS;
use super::wire::{EditDelete, Links, Named, UserSummary};
use super::{named, organization, python, time};

/// An application as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Application,
    word: "o_auth2_application",
    label: "OAuth2 Application",
    collection: "applications",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        Info::of("name", "string", "Name", Access::Required).help("Name of this %s.").at_most(255),
        model::DESCRIPTION,
        Info::shown("client_id", "string", "Client id"),
        Info::shown("client_secret", "string", "Client secret").computed(),
        Info::of("client_type", "choice", "Client type", Access::Required)
            .help("Set to Public or Confidential depending on how secure the client device is.")
            .choices(CLIENT_TYPES),
        Info::of("redirect_uris", "string", "Redirect uris", Access::Optional(Start::Empty))
            .help("Allowed URIs list, space separated"),
        Info::of(
            "authorization_grant_type",
            "choice",
            "Authorization Grant Type",
            Access::Required,
        )
        .help("The Grant type the user must use for acquire tokens for this application.")
        .choices(GRANT_TYPES),
        Info::of(
            "skip_authorization",
            "boolean",
            "Skip authorization",
            Access::Optional(Start::False),
        )
        .help("Set True to skip authorization step for completely trusted applications."),
        Info::of("organization", "id", "Organization", Access::Required)
            .help("Organization containing this application."),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("organization", Field::Organization),
        ("client_id", Field::ClientId),
        ("client_type", Field::ClientType),
        ("authorization_grant_type", Field::GrantType),
        ("redirect_uris", Field::RedirectUris),
        ("skip_authorization", Field::SkipAuthorization),
    ],
    closed: &["client_secret"],
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
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    client_type: &'static str,
    redirect_uris: &'a str,
    authorization_grant_type: &'static str,
    skip_authorization: bool,
    organization: i64,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    organization: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    user_capabilities: EditDelete,
    tokens: Value,
}

/// An application; its secret only in the answer that makes it, and never for a public client.
fn wire<'a>(view: &'a ApplicationView, with_name: bool, secret: Option<&'a str>) -> Wire<'a> {
    let application = &view.application;
    let id = application.identity.id;
    let named = with_name.then(|| {
        let segment = named::segment(&[&[&application.name], &[&view.organization.name]]);
        format!("/api/v2/applications/{segment}/")
    });
    let related = Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
        .led_by(named)
        .below(&MODEL, id, &["tokens", "activity_stream"])
        .with("organization", organization::MODEL.url(application.organization_id));
    let token = |(id, scope): &(i64, String)| json!({"id": id, "token": STARS, "scope": scope});
    let tokens: Vec<Value> = view.tokens.iter().map(token).collect();
    let is_confidential = application.client_type == ClientType::Confidential;
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related,
        summary_fields: Summaries {
            organization: Named::from(&view.organization),
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            user_capabilities: EditDelete { edit: view.may_change, delete: view.may_change },
            tokens: json!({"count": view.token_count, "results": tokens}),
        },
        created: time::text(application.stamp.created),
        modified: time::text(application.stamp.modified),
        name: &application.name,
        description: &application.description,
        client_id: &application.client_id,
        client_secret: is_confidential.then_some(secret.unwrap_or(STARS)),
        client_type: application.client_type.word(),
        redirect_uris: &application.redirect_uris,
        authorization_grant_type: application.grant_type.word(),
        skip_authorization: application.skip_authorization,
        organization: application.organization_id,
    }
}

fn draft(body: &Body, mode: Mode) -> ApplicationDraft {
    let creates = mode == Mode::Create;
    ApplicationDraft {
        name: mode.or(read::text(body, "name", TextRule::optional(255)), String::new()),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        organization: mode.required(read::id(body, "organization")),
        client_type: mode.required(choice(body, "client_type", ClientType::from_word)),
        grant_type: match creates {
            true => choice(body, "authorization_grant_type", GrantType::from_word),
            false => Member::Absent,
        },
        redirect_uris: mode.or(read::text(body, "redirect_uris", TextRule::FREE), String::new()),
        skip_authorization: mode.or(read::boolean(body, "skip_authorization"), false),
    }
}

/// One of some words.
fn choice<T>(body: &Body, name: &str, known: impl Fn(&str) -> Option<T>) -> Member<T> {
    let given = match body.get(name) {
        None => return Member::Absent,
        Some(Value::Null) => return Member::Bad(Rule::Null),
        Some(given) => given,
    };
    match given.as_str().and_then(known) {
        Some(known) => Member::Given(known),
        None => {
            let given: String = python::plain(given).chars().take(64).collect();
            Member::Bad(Rule::NotAChoice { given })
        }
    }
}

async fn listed(call: &Call, scope: ApplicationScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_applications(&call.actor, scope.clone(), request);
    list::page(call, &MODEL, fetch, |view| list::element(&wire(view, false, None))).await
}

async fn made(call: &Call, draft: ApplicationDraft, path: Kind) -> Outcome<Response> {
    let made = in_body(call.room.create_application(&call.actor, draft).await, path)?;
    let secret = made.secret.as_ref().map(ExposeSecret::expose_secret);
    let url = MODEL.url(made.view.application.identity.id);
    Ok(created(&wire(&made.view, true, secret), &url))
}

/// `GET /api/v2/applications/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, ApplicationScope::All).await
}

/// `POST /api/v2/applications/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    made(&call, draft(&call.body, Mode::Create), Kind::Application).await
}

/// `GET /api/v2/organizations/{id}/applications/`
pub(super) async fn of_organization(call: Call) -> Outcome<Response> {
    listed(&call, ApplicationScope::OfOrganization(call.target(Kind::Organization).await?)).await
}

/// `POST /api/v2/organizations/{id}/applications/`: the path says whose it is.
pub(super) async fn create_in_organization(call: Call) -> Outcome<Response> {
    let id: Ref = call.target(Kind::Organization).await?;
    call.room.read_organization(&call.actor, &id).await?;
    let draft =
        ApplicationDraft { organization: Member::Given(id), ..draft(&call.body, Mode::Create) };
    made(&call, draft, Kind::Organization).await
}

/// `GET /api/v2/applications/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Application).await?;
    Ok(shown(&wire(&call.room.read_application(&call.actor, &id).await?, true, None)))
}

/// `PUT /api/v2/applications/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/applications/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::Application).await?;
    let draft = draft(&call.body, mode);
    let changed =
        in_body(call.room.update_application(&call.actor, &id, draft).await, Kind::Application)?;
    Ok(shown(&wire(&changed, true, None)))
}

/// `DELETE /api/v2/applications/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Application).await?;
    call.room.delete_application(&call.actor, &id).await?;
    Ok(done())
}

const CLIENT_TYPES: &[(&str, &str)] = &[("confidential", "Confidential"), ("public", "Public")];
const GRANT_TYPES: &[(&str, &str)] =
    &[("authorization-code", "Authorization code"), ("password", "Resource owner password-based")];
