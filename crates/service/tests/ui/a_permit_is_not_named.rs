//! error[E0603]: module `store` is private

pub type Permit = strongroom_service::store::tx::Permit<'static, ()>;
