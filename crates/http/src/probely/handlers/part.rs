//! Parts of targets: sequences and extra hosts.

use http::Uri;
use strongroom_core::scan::ScanKind;

use super::{Answer, scan};
use crate::probely::auth::Caller;
use crate::probely::members::Members;

/// Those of all targets that the caller sees.
pub(in crate::probely) async fn list_all(kind: ScanKind, caller: Caller, uri: Uri) -> Answer {
    scan::list(caller, kind, None, &uri).await
}

pub(in crate::probely) async fn list(
    kind: ScanKind,
    caller: Caller,
    target: String,
    uri: Uri,
) -> Answer {
    scan::list(caller, kind, Some(&target), &uri).await
}

pub(in crate::probely) async fn create(
    kind: ScanKind,
    caller: Caller,
    target: String,
    members: Members,
) -> Answer {
    scan::create(caller, kind, Some(&target), scan::plain(members)).await
}

pub(in crate::probely) async fn read(
    kind: ScanKind,
    caller: Caller,
    (target, id): (String, String),
    uri: Uri,
) -> Answer {
    scan::read(caller, kind, Some(&target), &id, &uri).await
}

pub(in crate::probely) async fn change(
    kind: ScanKind,
    caller: Caller,
    (target, id): (String, String),
    members: Members,
) -> Answer {
    scan::update(caller, kind, Some(&target), &id, scan::plain(members)).await
}

pub(in crate::probely) async fn delete(
    kind: ScanKind,
    caller: Caller,
    (target, id): (String, String),
) -> Answer {
    scan::delete(caller, kind, Some(&target), &id).await
}
