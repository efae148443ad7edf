//! Teams, to be read.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;

use super::{Answer, named, shown};
use crate::probely::auth::Caller;
use crate::probely::list;
use crate::probely::query::Query;
use crate::probely::wire::Team;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    let page = room.list_account_teams(&actor, query.part(wanted)).await?;
    list::shown(&page, wanted, Team::from)
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::Team)?;
    Ok(shown(&Team::from(&room.read_account_team(&actor, id).await?)))
}
