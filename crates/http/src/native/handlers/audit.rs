//! The audit log.

use http::Uri;
use strongroom_service::AuditQuery;

use super::{Answer, shown};
use crate::native::auth::Caller;
use crate::native::query::Part;
use crate::native::wire::{AuditEntry, List};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let query = AuditQuery { after: part.after, limit: part.limit + 1 };
    let page = caller.room.list_audit(&caller.actor, query).await?;
    Ok(shown(&List::part(page.items, part.limit, |entry| entry.id, AuditEntry::from)))
}
