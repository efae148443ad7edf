//! Credentials.

use axum::extract::Path;
use http::Uri;
use strongroom_core::Error;
use strongroom_core::error::Conflict;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::view::CredentialView;
use strongroom_service::{CredentialDraft, CredentialScope, Expected, OwnerDoor};

use super::{Answer, created, done, named, shown};
use crate::answer;
use crate::body::RawBody;
use crate::native::MASK;
use crate::native::auth::Caller;
use crate::native::error::NativeError;
use crate::native::query::{Parameters, Part};
use crate::native::translate::{DESCRIPTION_LENGTH, Members, NAME_LENGTH};
use crate::native::wire::{Credential, List, Reference};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let Caller { room, actor } = caller;
    let page = room.list_credentials(&actor, CredentialScope::All, part.request()).await?;
    let id = |view: &CredentialView| view.credential.identity.id;
    Ok(shown(&List::part(page.items, part.limit, id, Credential::from)))
}

pub(in crate::native) async fn create(caller: Caller, body: RawBody) -> Answer {
    let known = ["name", "description", "type", "inputs", "organization", "team", "user"];
    let members = Members::read(&body, &known)?;
    let draft = CredentialDraft {
        team: members.optional_id("team"),
        user: members.optional_id("user"),
        ..draft(&members)
    };
    let view = caller.room.create_credential(&caller.actor, OwnerDoor::Body, draft).await?;
    let location = format!("/strongroom/v1/credentials/{}", view.credential.identity.id);
    Ok(created(&location, &Credential::from(view)))
}

pub(in crate::native) async fn read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let view = caller.room.read_credential(&caller.actor, &id).await?;
    let write = |view: &CredentialView| serde_json::to_vec(&Credential::from(view.clone()));
    Ok(answer::seen(&view, write))
}

pub(in crate::native) async fn update(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let members = Members::read(&body, &["name", "description", "type", "inputs", "organization"])?;
    let view = caller.room.update_credential(&caller.actor, &id, draft(&members)).await?;
    Ok(shown(&Credential::from(view)))
}

pub(in crate::native) async fn delete(caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let force = Parameters::read(&uri, &["force"])?.switch("force")?;
    match caller.room.delete_credential(&caller.actor, &id, force, Expected::Any).await {
        Ok(_) => Ok(done()),
        Err(Error::Conflict(Conflict::CredentialInUse(uses))) => {
            let references = references(&caller, &id).await;
            Err(NativeError::InUse { uses, references })
        }
        Err(error) => Err(error.into()),
    }
}

/// The uses that registered; none when they cannot be read, since the refusal counts them anyway.
async fn references(caller: &Caller, id: &Ref) -> Vec<Reference> {
    let found = caller.room.list_references(&caller.actor, id).await;
    found.map_or_else(
        |_| Vec::new(),
        |used| used.references.into_iter().map(Reference::from).collect(),
    )
}

fn draft(members: &Members) -> CredentialDraft {
    CredentialDraft {
        name: members.text("name", NAME_LENGTH),
        description: members.free_text("description", DESCRIPTION_LENGTH),
        credential_type: members.id("type"),
        inputs: members.object("inputs"),
        organization: members.optional_id("organization"),
        mask: Some(MASK),
        ..CredentialDraft::default()
    }
}
