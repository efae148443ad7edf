//! The caller and his account.

use super::{Answer, shown};
use crate::probely::auth::Caller;
use crate::probely::wire::{Named, Person};

pub(in crate::probely) async fn profile(Caller { room, actor }: Caller) -> Answer {
    Ok(shown(&Person::from(&room.read_account_profile(&actor).await?)))
}

pub(in crate::probely) async fn account(Caller { room, actor }: Caller) -> Answer {
    Ok(shown(&Named::from(&room.read_account(&actor).await?)))
}
