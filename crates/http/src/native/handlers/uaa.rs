//! Clients of the platform's token endpoints, and the keys that sign there.

use axum::extract::Path;
use axum::response::Response;
use http::{StatusCode, Uri};
use secrecy::ExposeSecret;
use strongroom_service::uaa::{UaaClientDraft, UaaClientSecret, UaaClientView};

use super::{Answer, created, done, shown};
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::Part;
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{List, NewUaaClient, SigningKey, UaaClient};

pub(in crate::native) async fn list_clients(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let Caller { room, actor } = caller;
    let found = room.list_uaa_clients(&actor, part.limit + 1, part.after).await?;
    let id = |view: &UaaClientView| view.identity.id;
    Ok(shown(&List::part(found, part.limit, id, UaaClient::from)))
}

pub(in crate::native) async fn create_client(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["client_id", "organization", "scope"])?;
    let draft = UaaClientDraft {
        client_id: members.text("client_id", LABEL_LENGTH),
        organization: members.organization("organization"),
        scope: members.texts("scope"),
    };
    let made = caller.room.create_uaa_client(&caller.actor, draft).await?;
    Ok(with_secret(StatusCode::CREATED, made))
}

pub(in crate::native) async fn read_client(caller: Caller, Path(id): Path<String>) -> Answer {
    let view = caller.room.read_uaa_client(&caller.actor, &id).await?;
    Ok(shown(&UaaClient::from(view)))
}

pub(in crate::native) async fn delete_client(caller: Caller, Path(id): Path<String>) -> Answer {
    caller.room.delete_uaa_client(&caller.actor, &id).await?;
    Ok(done())
}

/// 200 with another secret, shown for the only time.
pub(in crate::native) async fn renew_secret(caller: Caller, Path(id): Path<String>) -> Answer {
    let renewed = caller.room.renew_uaa_client_secret(&caller.actor, &id).await?;
    Ok(with_secret(StatusCode::OK, renewed))
}

pub(in crate::native) async fn list_keys(caller: Caller) -> Answer {
    let keys = caller.room.list_uaa_keys(&caller.actor).await?;
    Ok(shown(&List::whole(keys.into_iter().map(SigningKey::from))))
}

pub(in crate::native) async fn rotate_key(caller: Caller) -> Answer {
    let key = caller.room.rotate_uaa_key(&caller.actor).await?;
    Ok(answer::json(StatusCode::CREATED, JSON, &SigningKey::from(key)))
}

/// The answer that shows a client's secret, for the only time.
fn with_secret(status: StatusCode, made: UaaClientSecret) -> Response {
    let location = format!("/strongroom/v1/uaa_clients/{}", made.view.identity.id);
    let secret = made.secret.expose_secret();
    let document = NewUaaClient { shown: UaaClient::from(made.view), client_secret: secret };
    match status {
        StatusCode::CREATED => created(&location, &document),
        _ => shown(&document),
    }
}
