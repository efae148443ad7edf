//! Organizations and what they allow.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::view::OrganizationView;
use strongroom_service::{OrganizationScope, SettingsDraft};

use super::{Answer, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::Part;
use crate::native::translate::Members;
use crate::native::wire::{List, Organization, Settings};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let Caller { room, actor } = caller;
    let page = room.list_organizations(&actor, OrganizationScope::All, part.request()).await?;
    let id = |view: &OrganizationView| view.organization.identity.id;
    Ok(shown(&List::part(page.items, part.limit, id, Organization::from)))
}

pub(in crate::native) async fn read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Organization)?;
    let view = caller.room.read_organization(&caller.actor, &id).await?;
    Ok(shown(&Organization::from(view)))
}

pub(in crate::native) async fn settings(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Organization)?;
    let settings = caller.room.organization_settings(&caller.actor, &id).await?;
    Ok(shown(&Settings::from(settings)))
}

pub(in crate::native) async fn change_settings(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let id = named(&id, Kind::Organization)?;
    let known = ["protect_used", "use_includes_checkout", "share_across_organizations"];
    let members = Members::read(&body, &known)?;
    let draft = SettingsDraft {
        protect_used: members.boolean("protect_used"),
        use_includes_checkout: members.boolean("use_includes_checkout"),
        share_across_organizations: members.boolean("share_across_organizations"),
    };
    let settings = caller.room.update_organization_settings(&caller.actor, &id, draft).await?;
    Ok(shown(&Settings::from(settings)))
}
