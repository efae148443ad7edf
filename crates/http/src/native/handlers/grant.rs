//! Roles given on credentials, organizations and teams.

use strongroom_core::Error;
use strongroom_core::access::ResourceKind;
use strongroom_core::error::Rule;
use strongroom_core::id::Kind;
use strongroom_service::GrantDraft;

use super::{Answer, created, done, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::error::{NativeError, Wrong};
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{Grant, List};

/// What has grants of its own: the kind of object and the word of its path.
#[derive(Debug, Clone, Copy)]
pub(in crate::native) struct On {
    pub(in crate::native) kind: Kind,
    pub(in crate::native) resource: ResourceKind,
    pub(in crate::native) collection: &'static str,
}

pub(in crate::native) async fn list(on: On, caller: Caller, id: String) -> Answer {
    let id = named(&id, on.kind)?;
    let grants = caller.room.list_grants(&caller.actor, on.resource, &id).await?;
    Ok(shown(&List::whole(grants.into_iter().map(Grant::from))))
}

pub(in crate::native) async fn create(on: On, caller: Caller, id: String, body: RawBody) -> Answer {
    let resource = named(&id, on.kind)?;
    let members = Members::read(&body, &["role", "user", "team"])?;
    let draft = GrantDraft {
        role: members.text("role", LABEL_LENGTH),
        user: members.optional_id("user"),
        team: members.optional_id("team"),
    };
    let given = caller.room.create_grant(&caller.actor, on.resource, &resource, draft).await;
    let grant = given.map_err(about_holders)?;
    let location = format!("/strongroom/v1/{}/{id}/grants/{}", on.collection, grant.id);
    Ok(created(&location, &Grant::from(grant)))
}

pub(in crate::native) async fn delete(on: On, caller: Caller, id: String, grant: String) -> Answer {
    let resource = named(&id, on.kind)?;
    let grant = named(&grant, Kind::Grant)?;
    caller.room.delete_grant(&caller.actor, on.resource, &resource, &grant).await?;
    Ok(done())
}

/// Says who can hold a role where the use-case's rule is about owners.
fn about_holders(error: Error) -> NativeError {
    let Error::Invalid(violations) = error else { return error.into() };
    let worded = violations.iter().map(|violation| match violation.rule {
        Rule::OwnerMissing | Rule::OwnerAmbiguous { .. } => {
            Wrong::new("body", "Exactly one of user and team is needed.")
        }
        _ => Wrong::from(violation),
    });
    NativeError::Unreadable(worded.collect())
}
