//! Organizations.

use http::Uri;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::platform::PlatformOrganizationDraft;
use strongroom_service::platform::query::TextField;

use super::{Answer, accepted, created, shown};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::{Body, NAME_LENGTH};
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, wire};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("names", Meaning::Texts(TextField::Name)),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at", "name"],
    includes: &[],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &LIST)?;
    let found =
        caller.room.list_platform_organizations(&caller.actor, listing.query.clone()).await?;
    let render = |organization| wire::organization(&caller.base, &organization);
    Ok(page::shown(&caller, "/v3/organizations", &listing, found, None, render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let draft = draft(&raw);
    let made = caller.room.create_platform_organization(&caller.actor, draft).await?;
    Ok(created(&wire::organization(&caller.base, &made)))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Organization)?);
    let found = caller.room.read_platform_organization(&caller.actor, &guid).await?;
    Ok(shown(&wire::organization(&caller.base, &found)))
}

pub(in crate::cloud_foundry) async fn update(caller: Caller, raw: RawBody) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Organization)?);
    let draft = draft(&raw);
    let changed = caller.room.update_platform_organization(&caller.actor, &guid, draft).await?;
    Ok(shown(&wire::organization(&caller.base, &changed)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Organization)?);
    let job = caller.room.delete_platform_organization(&caller.actor, &guid).await?;
    Ok(accepted(&caller, &job))
}

fn draft(raw: &RawBody) -> PlatformOrganizationDraft {
    let body = Body::read(raw);
    let mut faults = body.unknown(&["name", "suspended", "metadata"]);
    PlatformOrganizationDraft {
        name: body.text("name", NAME_LENGTH),
        suspended: body.switch("suspended"),
        metadata: body.metadata(&mut faults),
        faults,
    }
}
