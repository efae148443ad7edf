//! Teams.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::AccountTeamDraft;

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::wire::Team;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    let page = room.list_account_teams(&actor, query.part(wanted)).await?;
    list::shown(&page, wanted, Team::from)
}

pub(in crate::probely) async fn create(Caller { room, actor }: Caller, members: Members) -> Answer {
    let team = room.create_account_team(&actor, draft(&members)).await?;
    Ok(created(&Team::from(&team)))
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::Team)?;
    Ok(shown(&Team::from(&room.read_account_team(&actor, id).await?)))
}

pub(in crate::probely) async fn change(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    let id = named(&id, Kind::Team)?;
    let team = room.update_account_team(&actor, id, draft(&members)).await?;
    Ok(shown(&Team::from(&team)))
}

/// One that still has credentials stays.
pub(in crate::probely) async fn delete(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::Team)?;
    room.delete_account_team(&actor, id).await?;
    Ok(done())
}

fn draft(members: &Members) -> AccountTeamDraft {
    AccountTeamDraft {
        name: members.name("name"),
        description: members.trimmed("description", DESCRIPTION_LENGTH),
    }
}

const DESCRIPTION_LENGTH: usize = 1024;
