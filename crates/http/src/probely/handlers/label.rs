//! Labels of targets.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::LabelDraft;

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::scan_wire;

pub(in crate::probely) async fn list(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri);
    let wanted = query.wanted()?;
    let page = room.list_labels(&actor, query.part(wanted)).await?;
    list::shown(&page, wanted, scan_wire::label)
}

pub(in crate::probely) async fn create(Caller { room, actor }: Caller, members: Members) -> Answer {
    Ok(created(&scan_wire::label(&room.create_label(&actor, draft(&members)).await?)))
}

pub(in crate::probely) async fn read(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::Label)?;
    Ok(shown(&scan_wire::label(&room.read_label(&actor, id).await?)))
}

pub(in crate::probely) async fn change(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    let id = named(&id, Kind::Label)?;
    Ok(shown(&scan_wire::label(&room.update_label(&actor, id, draft(&members)).await?)))
}

pub(in crate::probely) async fn delete(
    Caller { room, actor }: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = named(&id, Kind::Label)?;
    room.delete_label(&actor, id).await?;
    Ok(done())
}

fn draft(members: &Members) -> LabelDraft {
    LabelDraft { name: members.name("name"), color: members.trimmed("color", COLOR_LENGTH) }
}

const COLOR_LENGTH: usize = 32;
