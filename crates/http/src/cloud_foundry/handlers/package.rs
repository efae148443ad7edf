//! Packages: images that apps are to run.

use http::Uri;
use serde_json::{Map, Value};
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::platform::PlatformRule;
use strongroom_core::registry::{Image, ImageFault};
use strongroom_service::platform::query::Related;
use strongroom_service::platform::{PackageDraft, PackageView};

use super::space::given;
use super::{Answer, accepted, created, shown};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::{Body, member, secret, text, unknown, username};
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, relation, wire};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("states", Meaning::Always("READY")),
        ("types", Meaning::Always("docker")),
        ("app_guids", Meaning::Related(Related::App)),
        ("space_guids", Meaning::Related(Related::Space)),
        ("organization_guids", Meaning::Related(Related::Organization)),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at"],
    includes: &[],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    listed(caller, &uri, None, "/v3/packages").await
}

/// The packages of one app.
pub(in crate::cloud_foundry) async fn list_of_app(caller: Caller, uri: Uri) -> Answer {
    let guid = caller.guid(Kind::App)?;
    let path = format!("/v3/apps/{guid}/packages");
    listed(caller, &uri, Some(Ref::Guid(guid)), &path).await
}

async fn listed(caller: Caller, uri: &Uri, of: Option<Ref>, path: &str) -> Answer {
    let listing = Listing::read(uri, &LIST)?;
    let found = caller.room.list_packages(&caller.actor, of, listing.query.clone()).await?;
    let render = |view: PackageView| wire::package(&caller.base, &view);
    Ok(page::shown(&caller, path, &listing, found, None, render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["type", "relationships", "data", "metadata"]);
    check_type(&body, &mut faults);
    let app = relation::required(&body, "app", &mut faults);
    let data = match body.get("data") {
        Some(Value::Object(data)) => data.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(_) => {
            let rule = Rule::Platform(PlatformRule::NotAnObject);
            faults.push(Violation::new("data", rule));
            Map::new()
        }
    };
    faults.extend(unknown(&data, &["image", "username", "password"], "data".into()));
    let draft = PackageDraft {
        app: given(app),
        image: image(&data),
        username: optional(&data, "username", |value| username(value).map(str::to_owned)),
        password: optional(&data, "password", secret),
        metadata: body.metadata(&mut faults),
        faults,
    };
    let view = caller.room.create_package(&caller.actor, draft).await?;
    Ok(created(&wire::package(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Package)?);
    let view = caller.room.read_package(&caller.actor, &guid).await?;
    Ok(shown(&wire::package(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn update(caller: Caller, raw: RawBody) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Package)?);
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["metadata"]);
    let draft =
        PackageDraft { metadata: body.metadata(&mut faults), faults, ..PackageDraft::default() };
    let view = caller.room.update_package(&caller.actor, &guid, draft).await?;
    Ok(shown(&wire::package(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Package)?);
    let job = caller.room.delete_package(&caller.actor, &guid).await?;
    Ok(accepted(&caller, &job))
}

/// Only images are taken: nothing is uploaded here.
fn check_type(body: &Body, faults: &mut Vec<Violation>) {
    let rule = match body.text("type", usize::MAX) {
        Member::Given(word) if word == "docker" => return,
        Member::Given(_) => Rule::Platform(PlatformRule::OnlyOneOf { words: &["docker"] }),
        Member::Bad(rule) => rule,
        Member::Absent => Rule::Required,
    };
    faults.push(Violation::new("type", rule));
}

fn image(data: &Map<String, Value>) -> Member<Image> {
    let read = |value: &Value| match text(value, usize::MAX)?.parse::<Image>() {
        // A credential that comes with the image needs a place to stand.
        Ok(image) if image.location().is_some() => Ok(image),
        Ok(_) => Err(Rule::Image(ImageFault::LongLocation)),
        Err(fault) => Err(Rule::Image(fault)),
    };
    member(data.get("image"), read)
}

/// Clients send null for what they do not know.
fn optional<T>(
    data: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T, Rule>,
) -> Member<T> {
    member(data.get(name).filter(|value| !value.is_null()), read)
}
