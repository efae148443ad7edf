//! Spaces.

use http::Uri;
use strongroom_core::Error;
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::platform::PlatformRule;
use strongroom_service::platform::query::{Related, TextField};
use strongroom_service::platform::{PlatformSpaceDraft, SpaceView};

use super::{Answer, Beside, accepted, created, included, shown};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::{Body, NAME_LENGTH};
use crate::cloud_foundry::error::CfError;
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, relation, wire};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("names", Meaning::Texts(TextField::Name)),
        ("organization_guids", Meaning::Related(Related::Organization)),
        ("include", Meaning::Include),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at", "name"],
    includes: &["org", "organization"],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &LIST)?;
    let found = caller.room.list_spaces(&caller.actor, listing.query.clone()).await?;
    let mut entries = Vec::new();
    if !listing.include.is_empty() {
        let mut organizations = Beside::none();
        for view in &found.items {
            organizations.add_organization(&caller.base, &view.organization);
        }
        entries.push(organizations.entry("organizations"));
    }
    let render = |view: SpaceView| wire::space(&caller.base, &view);
    Ok(page::shown(&caller, "/v3/spaces", &listing, found, included(entries), render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["name", "relationships", "suspended", "metadata"]);
    let organization = relation::required(&body, "organization", &mut faults);
    let draft = PlatformSpaceDraft {
        name: body.text("name", NAME_LENGTH),
        organization: given(organization),
        suspended: body.switch("suspended"),
        metadata: body.metadata(&mut faults),
        faults,
    };
    let view = caller.room.create_space(&caller.actor, draft).await.map_err(about_organization)?;
    Ok(created(&wire::space(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Space)?);
    let view = caller.room.read_space(&caller.actor, &guid).await?;
    Ok(shown(&wire::space(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn update(caller: Caller, raw: RawBody) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Space)?);
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["name", "suspended", "metadata"]);
    let draft = PlatformSpaceDraft {
        name: body.text("name", NAME_LENGTH),
        organization: Member::Absent,
        suspended: body.switch("suspended"),
        metadata: body.metadata(&mut faults),
        faults,
    };
    let view = caller.room.update_space(&caller.actor, &guid, draft).await?;
    Ok(shown(&wire::space(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::Space)?);
    let job = caller.room.delete_space(&caller.actor, &guid).await?;
    Ok(accepted(&caller, &job))
}

/// A relationship that was read; what is wrong with one that was not is a fault already.
pub(super) fn given<T>(value: Option<T>) -> Member<T> {
    value.map_or(Member::Absent, Member::Given)
}

/// The platform words this one sentence differently than all its like.
fn about_organization(error: Error) -> CfError {
    let out_of_reach = match &error {
        Error::Invalid(violations) => violations.iter().any(|violation| {
            matches!(violation.rule, Rule::Platform(PlatformRule::OutOfReach { .. }))
        }),
        _ => false,
    };
    if !out_of_reach {
        return error.into();
    }
    let detail = "Invalid organization. Ensure the organization exists and you have access to it.";
    CfError::Unprocessable(detail.to_owned())
}
