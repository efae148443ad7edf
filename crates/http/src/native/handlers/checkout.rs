//! Checkout: the values of a credential, to whoever may receive them.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::CheckoutDraft;

use super::{Answer, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::Parameters;
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{CheckedOutShown, List, RegistryAccessShown};

/// The credential with its secrets in clear. The audit entry is written before the answer leaves.
pub(in crate::native) async fn check_out(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let members = match body.is_empty() {
        true => Members::default(),
        false => Members::read(&body, &["purpose"])?,
    };
    let draft = CheckoutDraft { purpose: members.text("purpose", LABEL_LENGTH) };
    let checked_out = caller.room.check_out(&caller.actor, &id, draft).await?;
    Ok(shown(&CheckedOutShown::from(checked_out)))
}

/// The registry credentials that the caller may check out, for one host or all; no password leaves.
pub(in crate::native) async fn registry_credentials(caller: Caller, uri: Uri) -> Answer {
    let parameters = Parameters::read(&uri, &["host"])?;
    let found = caller.room.list_registry_access(&caller.actor, parameters.text("host")).await?;
    Ok(shown(&List::whole(found.into_iter().map(RegistryAccessShown::from))))
}
