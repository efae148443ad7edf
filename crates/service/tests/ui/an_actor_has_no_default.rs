//! error[E0599]: no function or associated item named `default` found for struct `strongroom_service::Actor`

pub fn nobody() -> strongroom_service::Actor {
    strongroom_service::Actor::default()
}
