//! Reports: what nobody uses, and what ends soon.

use http::Uri;
use strongroom_core::clock::Timestamp;
use strongroom_service::{CredentialScope, view::CredentialView};

use super::{Answer, shown};
use crate::native::auth::Caller;
use crate::native::query::Part;
use crate::native::wire::{Credential, Expiring, List};

/// The credentials that nobody used or referred to for some days.
pub(in crate::native) async fn unused(caller: Caller, uri: Uri) -> Answer {
    let (part, days) = Part::with_days(&uri, UNUSED_DAYS)?;
    let since = caller.room.now().plus_seconds(-days * SECONDS_A_DAY);
    let Caller { room, actor } = caller;
    let scope = CredentialScope::UnusedSince(since);
    let page = room.list_credentials(&actor, scope, part.request()).await?;
    let id = |view: &CredentialView| view.credential.identity.id;
    Ok(shown(&List::part(page.items, part.limit, id, Credential::from)))
}

/// The credentials that end within some days somewhere, and those that have ended there.
pub(in crate::native) async fn expiring(caller: Caller, uri: Uri) -> Answer {
    let (part, days) = Part::with_days(&uri, EXPIRING_DAYS)?;
    let end = caller.room.now().plus_seconds(days * SECONDS_A_DAY);
    let Caller { room, actor } = caller;
    let page = room.list_expiring_credentials(&actor, end, part.request()).await?;
    let id = |(view, _): &(CredentialView, Timestamp)| view.credential.identity.id;
    Ok(shown(&List::part(page.items, part.limit, id, Expiring::from)))
}

const UNUSED_DAYS: i64 = 90;
const EXPIRING_DAYS: i64 = 30;
const SECONDS_A_DAY: i64 = 86_400;
