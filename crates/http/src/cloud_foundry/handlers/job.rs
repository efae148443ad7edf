//! Jobs.

use strongroom_core::id::Kind;

use super::{Answer, shown};
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::wire;

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = caller.guid(Kind::Job)?;
    let view = caller.room.read_job(&caller.actor, guid).await?;
    Ok(shown(&wire::job(&caller.base, &view)))
}
