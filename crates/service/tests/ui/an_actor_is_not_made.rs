//! error[E0451]: fields `user_id`,

use strongroom_service::Actor;

pub fn somebody_else(actor: Actor) -> Actor {
    Actor { user_id: Some(1), ..actor }
}
