//! What the handlers of targets, sequences, extra hosts and domains have in common.

use axum::response::Response;
use http::Uri;
use serde_json::{Map, Value};
use strongroom_core::id::ShortId;
use strongroom_core::scan::ScanKind;
use strongroom_service::{Found, ScanDraft};

use super::{Answer, created, done, named, shown};
use crate::probely::auth::Caller;
use crate::probely::error::ProbelyError;
use crate::probely::list;
use crate::probely::members::Members;
use crate::probely::query::Query;
use crate::probely::scan_wire;

/// The object that a segment of the path names.
pub(super) fn id(segment: &str, kind: ScanKind) -> Result<ShortId, ProbelyError> {
    named(segment, kind.kind())
}

/// A page of one kind, of one target where one is named.
pub(super) async fn list(
    Caller { room, actor }: Caller,
    kind: ScanKind,
    target: Option<&str>,
    uri: &Uri,
) -> Answer {
    let query = Query::read(uri);
    let wanted = query.wanted()?;
    let target = target.map(|target| id(target, ScanKind::Target)).transpose()?;
    let asked = query.scans(kind, target, wanted);
    let with_content = kind != ScanKind::Sequence || target.is_some() || query.includes("content");
    match room.list_scan_objects(&actor, asked).await? {
        Found::Page(page) => list::shown(&page, wanted, |object| match with_content {
            true => scan_wire::shown(object),
            false => scan_wire::without_content(scan_wire::shown(object)),
        }),
        Found::Unknown(ids) => Err(ProbelyError::UnknownIds(ids)),
    }
}

pub(super) async fn create(
    Caller { room, actor }: Caller,
    kind: ScanKind,
    target: Option<&str>,
    draft: ScanDraft,
) -> Answer {
    let target = target.map(|target| id(target, ScanKind::Target)).transpose()?;
    let draft = ScanDraft { is_whole: true, ..draft };
    let made = room.create_scan_object(&actor, kind, target, draft).await?;
    Ok(created(&scan_wire::shown(&made)))
}

pub(super) async fn read(
    Caller { room, actor }: Caller,
    kind: ScanKind,
    target: Option<&str>,
    segment: &str,
    uri: &Uri,
) -> Answer {
    let target = target.map(|target| id(target, ScanKind::Target)).transpose()?;
    let with_target = Query::read(uri).includes("target");
    let object =
        room.read_scan_object(&actor, kind, target, id(segment, kind)?, with_target).await?;
    Ok(shown(&scan_wire::shown(&object)))
}

pub(super) async fn update(
    Caller { room, actor }: Caller,
    kind: ScanKind,
    target: Option<&str>,
    segment: &str,
    draft: ScanDraft,
) -> Answer {
    let target = target.map(|target| id(target, ScanKind::Target)).transpose()?;
    let changed = room.update_scan_object(&actor, kind, target, id(segment, kind)?, draft).await?;
    Ok(shown(&scan_wire::shown(&changed)))
}

pub(super) async fn delete(
    Caller { room, actor }: Caller,
    kind: ScanKind,
    target: Option<&str>,
    segment: &str,
) -> Answer {
    let target = target.map(|target| id(target, ScanKind::Target)).transpose()?;
    room.delete_scan_object(&actor, kind, target, id(segment, kind)?).await?;
    Ok(done())
}

/// What a body asks, where it has no labels and teams.
pub(super) fn plain(members: Members) -> ScanDraft {
    ScanDraft { settings: members.all, ..ScanDraft::default() }
}

/// A body without the members that are no settings.
pub(super) fn without(mut members: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    members.retain(|name, _| !names.contains(&name.as_str()));
    members
}

/// The ids of a bulk request, or the 404 that tells those that name nothing.
pub(super) fn of_all(ids: &[String], unknown: Vec<String>) -> Result<Response, ProbelyError> {
    if unknown.is_empty() {
        Ok(shown(&serde_json::json!({"ids": ids})))
    } else {
        Err(ProbelyError::UnknownIds(unknown))
    }
}
