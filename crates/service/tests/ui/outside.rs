//! An actor comes from a login only, a permit from an access check only, and a secret is never formatted.

use secrecy::SecretString;
use strongroom_core::access::Door;
use strongroom_core::audit::Origin;
use strongroom_service::{Actor, IssuedToken};

fn an_actor_is_not_made_outside() -> Actor {
    Actor {
        user_id: Some(1),
        username: String::new(),
        token: None,
        origin: Origin::local(),
        door: Door::Awx,
    }
}

fn an_actor_is_not_changed_outside(actor: &mut Actor) {
    actor.user_id = Some(1);
}

fn an_actor_has_no_default() -> Actor {
    Actor::default()
}

fn a_permit_is_not_named_outside(permit: strongroom_service::store::Permit) {}

fn a_secret_is_not_formatted(issued: &IssuedToken, password: &SecretString) -> String {
    format!("{} {}", issued.secret, password)
}

fn main() {}
