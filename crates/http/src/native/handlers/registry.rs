//! Hosted registries, for which the Application Catalog mints robots.

use axum::extract::Path;
use http::Uri;
use strongroom_core::id::Kind;
use strongroom_service::list::Paging;
use strongroom_service::{RegistryDraft, RegistryQuery, RegistryView};

use super::{Answer, created, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::Part;
use crate::native::translate::{LABEL_LENGTH, Members, NAME_LENGTH};
use crate::native::wire::{List, Registry};

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

/// The most characters of an address.
const URL_LENGTH: usize = 255;
