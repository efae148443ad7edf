//! compiles

use strongroom_service::{Actor, Strongroom};

pub fn whoever_asks(room: &Strongroom, actor: &Actor) -> (bool, Option<i64>, Actor) {
    (actor.may_write(), actor.user_id(), room.on_host())
}
