//! Registries: the hosted ones, for which robots are minted, and what they need to trust the tokens of robots.

use axum::extract::{Path, State};
use http::Uri;
use http::request::Parts;
use serde_json::json;
use strongroom_core::id::Kind;
use strongroom_service::list::Paging;
use strongroom_service::{RegistryDraft, RegistryQuery, RegistryView};

use super::{Answer, created, done, named, shown};
use crate::base::base;
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::{Parameters, Part};
use crate::native::translate::{LABEL_LENGTH, Members, NAME_LENGTH};
use crate::native::wire::{List, Registry, Signer};
use crate::state::{AppState, Entrance};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let Caller { room, actor } = caller;
    let paging = Paging::After { limit: part.limit + 1, after: part.after };
    let page = room.list_registries(&actor, RegistryQuery::default(), paging).await?;
    let id = |view: &RegistryView| view.registry.identity.id;
    Ok(shown(&List::part(page.items, part.limit, id, Registry::from)))
}

pub(in crate::native) async fn create(caller: Caller, body: RawBody) -> Answer {
    let known = ["name", "organization", "url", "service", "credentials_limit"];
    let members = Members::read(&body, &known)?;
    let draft = RegistryDraft {
        name: members.text("name", NAME_LENGTH),
        organization: members.organization("organization"),
        url: members.text("url", URL_LENGTH),
        service: members.text("service", LABEL_LENGTH),
        credentials_limit: members.integer("credentials_limit"),
    };
    let view = caller.room.create_registry(&caller.actor, draft).await?;
    let location = format!("/strongroom/v1/registries/{}", view.registry.identity.id);
    Ok(created(&location, &Registry::from(view)))
}

pub(in crate::native) async fn read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Registry)?;
    let view = caller.room.read_registry(&caller.actor, &id).await?;
    Ok(shown(&Registry::from(view)))
}

/// Removes one; while robots are live only with `force`, which ends them.
pub(in crate::native) async fn remove(caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer {
    let id = named(&id, Kind::Registry)?;
    let force = Parameters::read(&uri, &["force"])?.switch("force")?;
    caller.room.remove_registry(&caller.actor, &id, force).await?;
    Ok(done())
}

/// What a registry's own configuration says so that it trusts this server's tokens.
pub(in crate::native) async fn config(
    caller: Caller,
    State(state): State<AppState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Answer {
    let id = named(&id, Kind::Registry)?;
    let view = caller.room.read_registry(&caller.actor, &id).await?;
    let certificates = caller.room.registry_token_certificates().await?;
    let base = match (&state.settings.public_url, state.entrance) {
        // On the host's own socket nobody names the server as registries' clients do.
        (None, Entrance::Host) => caller.room.issuer().trim_end_matches('/').to_owned(),
        _ => base(&parts, &state),
    };
    Ok(shown(&json!({
        "name": view.registry.name,
        "realm": format!("{base}/token"),
        "service": view.registry.service,
        "issuer": caller.room.issuer(),
        "root_certificates": certificates,
    })))
}

/// Renews the key that signs registry tokens. No registry need be told.
pub(in crate::native) async fn rotate_signer(caller: Caller) -> Answer {
    let view = caller.room.rotate_registry_signer(&caller.actor).await?;
    Ok(shown(&Signer::from(view)))
}

/// The most characters of an address.
const URL_LENGTH: usize = 255;
