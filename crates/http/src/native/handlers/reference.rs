//! Uses of a credential, registered by whoever uses it.

use axum::extract::Path;
use strongroom_core::id::Kind;
use strongroom_service::ReferenceDraft;

use super::{Answer, created, done, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{Reference, WhereUsed};

pub(in crate::native) async fn list(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Credential)?;
    Ok(shown(&WhereUsed::from(caller.room.list_references(&caller.actor, &id).await?)))
}

/// 201 for a new one, 200 for one that is registered already.
pub(in crate::native) async fn register(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let credential = named(&id, Kind::Credential)?;
    let members = Members::read(&body, &["consumer", "kind", "name", "key"])?;
    let draft = ReferenceDraft {
        consumer: members.text("consumer", LABEL_LENGTH),
        kind: members.text("kind", LABEL_LENGTH),
        name: members.text("name", LABEL_LENGTH),
        key: members.free_text("key", LABEL_LENGTH),
    };
    let (reference, is_new) =
        caller.room.register_reference(&caller.actor, &credential, draft).await?;
    let location = format!(
        "/strongroom/v1/credentials/{}/references/{}",
        reference.credential_id, reference.identity.id
    );
    let reference = Reference::from(reference);
    Ok(if is_new { created(&location, &reference) } else { shown(&reference) })
}

pub(in crate::native) async fn delete(
    caller: Caller,
    Path((id, reference)): Path<(String, String)>,
) -> Answer {
    let credential = named(&id, Kind::Credential)?;
    let reference = named(&reference, Kind::Reference)?;
    caller.room.delete_reference(&caller.actor, &credential, &reference).await?;
    Ok(done())
}
