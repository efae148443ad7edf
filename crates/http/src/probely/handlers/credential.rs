//! Credentials.

use axum::extract::Path;
use http::Uri;
use serde_json::json;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::Found;

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::error::ProbelyError;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::wire::Credential;

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
    let id = Ref::Short(named(&id, Kind::Placement)?);
    let force = Query::read(&uri).boolean("force").unwrap_or(false);
    room.delete_account_credential(&actor, &id, force).await?;
    Ok(done())
}

/// Deletes all or none.
pub(in crate::probely) async fn delete_several(
    Caller { room, actor }: Caller,
    members: Members,
) -> Answer {
    let ids = members.ids("ids")?;
    let unknown = room.delete_account_credentials(&actor, ids.clone()).await?;
    if unknown.is_empty() {
        Ok(shown(&json!({"ids": ids})))
    } else {
        Err(ProbelyError::UnknownIds(unknown))
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
