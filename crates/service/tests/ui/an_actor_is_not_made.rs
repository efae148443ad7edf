//! error[E0451]: field `user_id` of struct `strongroom_service::Actor` is private

use strongroom_service::Actor;

pub fn somebody_else(actor: Actor) -> Actor {
    Actor { user_id: Some(1), ..actor }
}
