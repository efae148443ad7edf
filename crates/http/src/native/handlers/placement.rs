//! Where a credential appears in the dialects.

use axum::extract::Path;
use strongroom_core::id::Kind;
use strongroom_service::PlacementDraft;

use super::{Answer, created, done, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{List, Placement};

pub(in crate::native) async fn list(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let placements = caller.room.list_placements(&caller.actor, &id).await?;
    Ok(shown(&List::whole(placements.into_iter().map(Placement::from))))
}

pub(in crate::native) async fn create(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let credential = named(&id, Kind::Credential)?;
    let known = ["dialect", "scope", "organization", "space", "app", "team"];
    let members = Members::read(&body, &known)?;
    let draft = PlacementDraft {
        dialect: members.text("dialect", LABEL_LENGTH),
        scope: members.text("scope", LABEL_LENGTH),
        organization: members.optional_id("organization"),
        space: members.optional_id("space"),
        app: members.optional_id("app"),
        team: members.optional_id("team"),
    };
    let placement = caller.room.place_credential(&caller.actor, &credential, draft).await?;
    let location = format!(
        "/strongroom/v1/credentials/{}/placements/{}",
        placement.credential_id, placement.identity.id
    );
    Ok(created(&location, &Placement::from(placement)))
}

pub(in crate::native) async fn delete(
    caller: Caller,
    Path((id, placement)): Path<(String, String)>,
) -> Answer {
    let credential = named(&id, Kind::Credential)?;
    let placement = named(&placement, Kind::Placement)?;
    caller.room.remove_placement(&caller.actor, &credential, &placement).await?;
    Ok(done())
}
