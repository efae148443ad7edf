//! Users: people and service accounts, to be read and deleted.

use http::Uri;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::platform::query::TextField;

use super::{Answer, accepted, shown};
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, wire};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("usernames", Meaning::Texts(TextField::Name)),
        ("partial_usernames", Meaning::Containing),
        ("origins", Meaning::Always("uaa")),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at"],
    includes: &[],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &LIST)?;
    let found = caller.room.list_platform_users(&caller.actor, listing.query.clone()).await?;
    let render = |user| wire::user(&caller.base, &user);
    Ok(page::shown(&caller, "/v3/users", &listing, found, None, render))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::User)?);
    let user = caller.room.read_platform_user(&caller.actor, &guid).await?;
    Ok(shown(&wire::user(&caller.base, &user)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::User)?);
    let job = caller.room.delete_platform_user(&caller.actor, &guid).await?;
    Ok(accepted(&caller, &job))
}
