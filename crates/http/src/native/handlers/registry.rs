//! Registries: the hosted ones, for which robots are minted, and what they need to trust the tokens of robots.

use axum::extract::{Path, State};
use http::Uri;
use http::request::Parts;
use strongroom_core::draft::Member;
use strongroom_core::id::Kind;
use strongroom_service::list::Paging;
use strongroom_service::{
    PrivateRegistryDraft, RegistryDraft, RegistryQuery, RegistryView, TokenKeyForm,
};

use super::{Answer, created, done, named, shown};
use crate::base::base;
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::{Parameters, Part};
use crate::native::translate::{LABEL_LENGTH, Members, NAME_LENGTH};
use crate::native::wire::{Authority, List, Registry, RegistryConfig, Signer};
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
    let members = Members::read(&body, &[HOSTED, PRIVATE].concat())?;
    // A registry that refers to a credential is somebody else's.
    let view = if members.value("credential").is_some() {
        let members = Members::read(&body, PRIVATE)?;
        let draft = private(&members);
        let description = match draft.description {
            Member::Absent => Member::Given(String::new()),
            given => given,
        };
        let draft = PrivateRegistryDraft { description, ..draft };
        caller.room.create_private_registry(&caller.actor, draft).await?
    } else {
        let members = Members::read(&body, HOSTED)?;
        caller.room.create_registry(&caller.actor, hosted(&members)).await?
    };
    let location = format!("/strongroom/v1/registries/{}", view.registry.identity.id);
    Ok(created(&location, &Registry::from(view)))
}

pub(in crate::native) async fn read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Registry)?;
    let view = caller.room.read_registry(&caller.actor, &id).await?;
    Ok(shown(&Registry::from(view)))
}

/// Changes one: what a hosted registry has, or what a private one has.
pub(in crate::native) async fn update(
    caller: Caller,
    Path(id): Path<String>,
    body: RawBody,
) -> Answer {
    let id = named(&id, Kind::Registry)?;
    let (room, actor) = (&caller.room, &caller.actor);
    // Which of the two it is never changes.
    let view = if room.read_registry(actor, &id).await?.registry.hosted {
        let members = Members::read(&body, HOSTED)?;
        room.update_registry(actor, &id, hosted(&members)).await?
    } else {
        let members = Members::read(&body, PRIVATE)?;
        room.update_private_registry(actor, &id, private(&members)).await?
    };
    Ok(shown(&Registry::from(view)))
}

fn hosted(members: &Members) -> RegistryDraft {
    RegistryDraft {
        name: members.text("name", NAME_LENGTH),
        organization: members.organization("organization"),
        url: members.text("url", URL_LENGTH),
        service: members.text("service", LABEL_LENGTH),
        credentials_limit: members.integer("credentials_limit"),
    }
}

fn private(members: &Members) -> PrivateRegistryDraft {
    PrivateRegistryDraft {
        name: members.text("name", URL_LENGTH),
        description: members.free_text("description", LABEL_LENGTH),
        organization: members.organization("organization"),
        provider: members.text("provider", LABEL_LENGTH),
        url: members.text("url", URL_LENGTH),
        credential: members.id("credential"),
        ..PrivateRegistryDraft::default()
    }
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
    Ok(shown(&RegistryConfig {
        name: view.registry.name,
        realm: format!("{base}/token"),
        service: view.registry.service,
        issuer: caller.room.issuer().to_owned(),
        root_certificates: certificates,
        key: match caller.room.registry_token_key_form() {
            TokenKeyForm::Certificate => "x5c",
            TokenKeyForm::KeyId => "kid",
        },
        jwks: caller.room.registry_token_keys().await?.into(),
    }))
}

/// Renews the key that signs registry tokens. No registry need be told.
pub(in crate::native) async fn rotate_signer(caller: Caller) -> Answer {
    let view = caller.room.rotate_registry_signer(&caller.actor).await?;
    Ok(shown(&Signer::from(view)))
}

pub(in crate::native) async fn authorities(caller: Caller) -> Answer {
    let authorities = caller.room.list_registry_authorities(&caller.actor).await?;
    Ok(shown(&List::whole(authorities.into_iter().map(Authority::from))))
}

/// Makes another authority, under which nothing is signed yet.
pub(in crate::native) async fn add_authority(caller: Caller) -> Answer {
    let view = caller.room.add_registry_authority(&caller.actor).await?;
    let location = format!("/strongroom/v1/registry-authorities/{}", view.id);
    Ok(created(&location, &Authority::from(view)))
}

/// Signs under this authority from now on.
pub(in crate::native) async fn use_authority(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::SigningKey)?;
    let view = caller.room.use_registry_authority(&caller.actor, &id).await?;
    Ok(shown(&Authority::from(view)))
}

pub(in crate::native) async fn remove_authority(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::SigningKey)?;
    caller.room.remove_registry_authority(&caller.actor, &id).await?;
    Ok(done())
}

/// The members of a hosted registry.
const HOSTED: &[&str] = &["name", "organization", "url", "service", "credentials_limit"];
/// The members of a private one.
const PRIVATE: &[&str] = &["name", "description", "organization", "provider", "url", "credential"];
/// The most characters of an address.
const URL_LENGTH: usize = 255;
