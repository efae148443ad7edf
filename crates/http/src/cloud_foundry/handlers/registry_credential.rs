//! Registry credentials.

use axum::body::Body as Empty;
use axum::response::IntoResponse;
use http::{StatusCode, Uri};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::platform::PlatformRule;
use strongroom_core::registry::Location;
use strongroom_service::platform::query::{Related, TextField};
use strongroom_service::platform::{PlatformOwner, RegistryCredentialDraft};

use super::{Answer, created, shown, warn};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::Body;
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, relation, wire, words};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("app_guids", Meaning::Related(Related::App)),
        ("space_guids", Meaning::Related(Related::Space)),
        ("organization_guids", Meaning::Related(Related::Organization)),
        (
            "scopes",
            Meaning::Words(TextField::Scope, &["app", "space", "organization", "foundation"]),
        ),
        ("locations", Meaning::Locations),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at"],
    includes: &[],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &LIST)?;
    let found = caller.room.list_registry_credentials(&caller.actor, listing.query.clone()).await?;
    let render = |view| wire::registry_credential(&caller.base, &view);
    Ok(page::shown(&caller, "/v3/registry_credentials", &listing, found, None, render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let body = Body::read(&raw);
    let mut faults =
        body.unknown(&["location", "username", "password", "relationships", "metadata"]);
    let owner = owner(&body, &mut faults);
    let draft = RegistryCredentialDraft {
        location: location(&body),
        owner,
        metadata: body.metadata(&mut faults),
        faults,
        ..draft(&body)
    };
    let view = caller.room.create_registry_credential(&caller.actor, draft).await?;
    Ok(created(&wire::registry_credential(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Placement)?);
    let view = caller.room.read_registry_credential(&caller.actor, &guid).await?;
    Ok(shown(&wire::registry_credential(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn update(caller: Caller, raw: RawBody) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Placement)?);
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["username", "password", "metadata"]);
    let draft =
        RegistryCredentialDraft { metadata: body.metadata(&mut faults), faults, ..draft(&body) };
    let view = caller.room.update_registry_credential(&caller.actor, &guid, draft).await?;
    Ok(shown(&wire::registry_credential(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Placement)?);
    let deleted = caller.room.delete_registry_credential(&caller.actor, &guid).await?;
    let mut response = (StatusCode::NO_CONTENT, Empty::empty()).into_response();
    warn(&mut response, words::credential_in_use(&deleted.uses));
    Ok(response)
}

fn draft(body: &Body) -> RegistryCredentialDraft {
    RegistryCredentialDraft {
        username: body.username(),
        password: body.secret("password"),
        ..RegistryCredentialDraft::default()
    }
}

fn location(body: &Body) -> Member<Location> {
    match body.text("location", usize::MAX) {
        Member::Absent => Member::Absent,
        Member::Bad(rule) => Member::Bad(rule),
        Member::Given(text) => match text.parse() {
            Ok(location) => Member::Given(location),
            Err(fault) => Member::Bad(Rule::Location(fault)),
        },
    }
}

/// The owner that the relationships name: at most one.
fn owner(body: &Body, faults: &mut Vec<Violation>) -> Member<PlatformOwner> {
    let before = faults.len();
    let named = relation::read(body, &["organization", "space", "app"], faults);
    if 1 < named.len() {
        let rule = Rule::Platform(PlatformRule::OneOwner);
        faults.push(Violation::new(FieldPath::Member("relationships"), rule));
    }
    if before < faults.len() {
        return Member::Absent;
    }
    let Some((name, data)) = named.into_iter().next() else { return Member::Absent };
    match (name, relation::guid(name, data, faults)) {
        ("organization", Some(guid)) => Member::Given(PlatformOwner::Organization(guid)),
        ("space", Some(guid)) => Member::Given(PlatformOwner::Space(guid)),
        (_, Some(guid)) => Member::Given(PlatformOwner::App(guid)),
        (_, None) => Member::Absent,
    }
}
