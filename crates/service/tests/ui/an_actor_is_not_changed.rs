//! error[E0616]: field `user_id` of struct `strongroom_service::Actor` is private

use strongroom_service::Actor;

pub fn become_somebody_else(actor: &mut Actor) {
    actor.user_id = Some(1);
}
