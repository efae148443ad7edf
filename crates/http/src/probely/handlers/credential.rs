//! Credentials.

use axum::extract::Path;
use http::Uri;
use serde_json::json;
use strongroom_core::Error;
use strongroom_core::error::Conflict;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::{Actor, Found, Strongroom};

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::error::ProbelyError;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::wire::{Credential, Use};
use crate::probely::words;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    match room.list_account_credentials(&actor, query.credentials(wanted)).await? {
        Found::Page(page) => list::shown(&page, wanted, Credential::from),
        Found::Unknown(ids) => Err(ProbelyError::UnknownIds(ids)),
    }
}

pub(in crate::probely) async fn create(Caller { room, actor }: Caller, members: Members) -> Answer {
    let view = room.create_account_credential(&actor, members.credential(true)).await?;
    Ok(created(&Credential::from(&view)))
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = Ref::Short(named(&id, Kind::Placement)?);
    let view = room.read_account_credential(&actor, &id).await?;
    Ok(shown(&Credential::from(&view)))
}

/// Name and value must be there; what else is missing stays.
pub(in crate::probely) async fn replace(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    update(caller, &id, &members, true).await
}

/// Only what is there is changed.
pub(in crate::probely) async fn change(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    update(caller, &id, &members, false).await
}

pub(in crate::probely) async fn delete(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Answer {
    let short_id = named(&id, Kind::Placement)?;
    let force = Query::read(&uri).boolean("force").unwrap_or(false);
    match room.delete_account_credential(&actor, &Ref::Short(short_id), force).await {
        Ok(()) => Ok(done()),
        Err(error) => Err(in_use(&room, &actor, error, vec![id]).await),
    }
}

/// Deletes all or none.
pub(in crate::probely) async fn delete_several(
    Caller { room, actor }: Caller,
    members: Members,
) -> Answer {
    let ids = members.ids("ids")?;
    let unknown = match room.delete_account_credentials(&actor, ids.clone()).await {
        Ok(unknown) => unknown,
        Err(error) => return Err(in_use(&room, &actor, error, ids).await),
    };
    if unknown.is_empty() {
        Ok(shown(&json!({"ids": ids})))
    } else {
        Err(ProbelyError::UnknownIds(unknown))
    }
}

/// A refusal because of uses, with those that the caller sees. The number in its sentence counts the others too.
async fn in_use(room: &Strongroom, actor: &Actor, error: Error, ids: Vec<String>) -> ProbelyError {
    match error {
        Error::Conflict(conflict @ Conflict::CredentialInUse(_)) => {
            let uses = room.account_credential_uses(actor, ids).await.unwrap_or_default();
            let references = uses.iter().map(Use::from).collect::<Vec<_>>();
            let sentence = words::conflict(&conflict);
            ProbelyError::Fields(json!({"non_field_errors": [sentence], "references": references}))
        }
        error => error.into(),
    }
}

async fn update(
    Caller { room, actor }: Caller,
    id: &str,
    members: &Members,
    is_whole: bool,
) -> Answer {
    let id = Ref::Short(named(id, Kind::Placement)?);
    let view = room.update_account_credential(&actor, &id, members.credential(is_whole)).await?;
    Ok(shown(&Credential::from(&view)))
}
