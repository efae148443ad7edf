//! Domains.

use axum::extract::Path;
use http::Uri;
use strongroom_core::scan::ScanKind;
use strongroom_service::ScanDraft;

use super::{Answer, scan};
use crate::probely::auth::Caller;
use crate::probely::members::Members;

const DOMAIN: ScanKind = ScanKind::Domain;

pub(in crate::probely) async fn list(caller: Caller, uri: Uri) -> Answer {
    scan::list(caller, DOMAIN, None, &uri).await
}

/// The name of the host is also taken under the name that one client gives it.
pub(in crate::probely) async fn create(caller: Caller, mut members: Members) -> Answer {
    if !members.all.contains_key("hostname")
        && let Some(name) = members.all.get("name").cloned()
    {
        members.all.insert("hostname".to_owned(), name);
    }
    scan::create(caller, DOMAIN, None, scan::plain(members)).await
}

pub(in crate::probely) async fn read(caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer {
    scan::read(caller, DOMAIN, None, &id, &uri).await
}

pub(in crate::probely) async fn replace(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    let draft = ScanDraft { is_whole: true, ..scan::plain(members) };
    scan::update(caller, DOMAIN, None, &id, draft).await
}

pub(in crate::probely) async fn change(
    caller: Caller,
    Path(id): Path<String>,
    members: Members,
) -> Answer {
    scan::update(caller, DOMAIN, None, &id, scan::plain(members)).await
}

pub(in crate::probely) async fn delete(caller: Caller, Path(id): Path<String>) -> Answer {
    scan::delete(caller, DOMAIN, None, &id).await
}
