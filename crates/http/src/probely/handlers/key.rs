//! API keys of the caller.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::{Kind, Ref};

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::wire::Key;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    let page = room.list_account_keys(&actor, query.part(wanted)).await?;
    list::shown(&page, wanted, Key::from)
}

/// The key is shown in this answer and in no other.
pub(in crate::probely) async fn create(Caller { room, actor }: Caller, members: Members) -> Answer {
    let key = room.create_account_key(&actor, members.name("name")).await?;
    Ok(created(&Key::from(&key)))
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = Ref::Short(named(&id, Kind::Token)?);
    Ok(shown(&Key::from(&room.read_account_key(&actor, &id).await?)))
}

pub(in crate::probely) async fn delete(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = Ref::Short(named(&id, Kind::Token)?);
    room.revoke_account_key(&actor, &id).await?;
    Ok(done())
}
