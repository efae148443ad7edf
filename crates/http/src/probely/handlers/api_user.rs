//! API users: the service accounts of the account.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::ServiceAccountDraft;

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::wire::ApiUser;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    let page = room.list_service_accounts(&actor, query.part(wanted)).await?;
    list::shown(&page, wanted, ApiUser::from)
}

/// The key is shown in this answer and in no other.
pub(in crate::probely) async fn create(Caller { room, actor }: Caller, members: Members) -> Answer {
    let draft = ServiceAccountDraft {
        name: members.name("name"),
        permissions: members.permissions("permissions")?,
    };
    let account = room.create_service_account(&actor, draft).await?;
    Ok(created(&ApiUser::from(&account)))
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::User)?;
    Ok(shown(&ApiUser::from(&room.read_service_account(&actor, id).await?)))
}

pub(in crate::probely) async fn delete(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::User)?;
    room.delete_service_account(&actor, id).await?;
    Ok(done())
}
