//! Sequences of targets.

use axum::extract::Path;
use http::Uri;
use strongroom_core::scan::ScanKind;

use super::{Answer, scan};
use crate::probely::auth::Caller;
use crate::probely::members::Members;

const KIND: ScanKind = ScanKind::Sequence;

/// Those of all targets that the caller sees.
pub(in crate::probely) async fn list_all(caller: Caller, uri: Uri) -> Answer {
    scan::list(caller, KIND, None, &uri).await
}

pub(in crate::probely) async fn list(
    caller: Caller,
    Path(target): Path<String>,
    uri: Uri,
) -> Answer {
    scan::list(caller, KIND, Some(&target), &uri).await
}

pub(in crate::probely) async fn create(
    caller: Caller,
    Path(target): Path<String>,
    members: Members,
) -> Answer {
    scan::create(caller, KIND, Some(&target), scan::plain(members)).await
}

pub(in crate::probely) async fn read(
    caller: Caller,
    Path((target, id)): Path<(String, String)>,
    uri: Uri,
) -> Answer {
    scan::read(caller, KIND, Some(&target), &id, &uri).await
}

pub(in crate::probely) async fn change(
    caller: Caller,
    Path((target, id)): Path<(String, String)>,
    members: Members,
) -> Answer {
    scan::update(caller, KIND, Some(&target), &id, scan::plain(members)).await
}

pub(in crate::probely) async fn delete(
    caller: Caller,
    Path((target, id)): Path<(String, String)>,
) -> Answer {
    scan::delete(caller, KIND, Some(&target), &id).await
}
