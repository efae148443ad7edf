//! Versions of a credential.

use axum::extract::Path;
use strongroom_core::Error;
use strongroom_core::id::Kind;

use super::{Answer, named, shown};
use crate::native::auth::Caller;
use crate::native::wire::{Credential, List, VersionShown};

pub(in crate::native) async fn list(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let versions = caller.room.list_versions(&caller.actor, &id).await?;
    Ok(shown(&List::whole(versions.into_iter().map(VersionShown::from))))
}

pub(in crate::native) async fn restore(
    caller: Caller,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let id = named(&id, Kind::Credential)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = number.parse().ok().filter(|_| is_number) else {
        return Err(Error::NotFound(Kind::Version).into());
    };
    let view = caller.room.restore_version(&caller.actor, &id, number).await?;
    Ok(shown(&Credential::from(view)))
}
