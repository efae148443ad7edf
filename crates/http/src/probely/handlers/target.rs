//! Targets.

use axum::extract::Path;
use http::Uri;
use strongroom_core::scan::ScanKind;
use strongroom_service::ScanDraft;

use super::{Answer, scan};
use crate::probely::auth::Caller;
use crate::probely::error::ProbelyError;
use crate::probely::members::Members;
use crate::probely::query::Query;

const TARGET: ScanKind = ScanKind::Target;

pub(in crate::probely) async fn list(caller: Caller, uri: Uri) -> Answer {
    scan::list(caller, TARGET, None, &uri).await
}

/// One whose address is there already is refused unless the request says that it need not be looked for.
pub(in crate::probely) async fn create(caller: Caller, uri: Uri, members: Members) -> Answer {
    let refuses_duplicate = Query::read(&uri).boolean("duplicate_check").unwrap_or(true);
    let draft = ScanDraft { refuses_duplicate, ..draft(members)? };
    scan::create(caller, TARGET, None, draft).await
}

pub(in crate::probely) async fn read(caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer {
    scan::read(caller, TARGET, None, &id, &uri).await
}

pub(in crate::probely) async fn replace(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    let draft = ScanDraft { is_whole: true, ..draft(members)? };
    scan::update(caller, TARGET, None, &id, draft).await
}

pub(in crate::probely) async fn change(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    scan::update(caller, TARGET, None, &id, draft(members)?).await
}

pub(in crate::probely) async fn delete(caller: Caller, Path(id): Path<String>) -> Answer {
    scan::delete(caller, TARGET, None, &id).await
}

/// Deletes all or none.
pub(in crate::probely) async fn delete_several(
    Caller { room, actor }: Caller,
    members: Members,
) -> Answer {
    let ids = members.ids("ids")?;
    let unknown = room.delete_targets(&actor, ids.clone()).await?;
    scan::of_all(&ids, unknown)
}

/// Changes all alike, or none.
pub(in crate::probely) async fn change_several(
    Caller { room, actor }: Caller,
    members: Members,
) -> Answer {
    let ids = members.ids("ids")?;
    let unknown = room.update_targets(&actor, ids.clone(), draft(members)?).await?;
    scan::of_all(&ids, unknown)
}

fn draft(members: Members) -> Result<ScanDraft, ProbelyError> {
    members.no_scanning_agent()?;
    let (labels, teams) = (members.labels("labels"), members.teams("teams"));
    let settings = scan::without(members.all, &["labels", "teams", "ids"]);
    Ok(ScanDraft { settings, labels, teams, ..ScanDraft::default() })
}
