//! Logging in and what is done with the token: everything here is asked without one in the header.

use axum::Extension;
use axum::extract::State;
use strongroom_core::access::Dialect;
use strongroom_core::{Error, Result};
use strongroom_service::AccountLogin;

use super::{Answer, shown};
use crate::facts::Facts;
use crate::probely::error::ProbelyError;
use crate::probely::members::Members;
use crate::probely::wire::Login;
use crate::probely::words;
use crate::state::AppState;

pub(in crate::probely) async fn obtain(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    members: Members,
) -> Answer {
    let (username, password) = members.login()?;
    let account = members.optional("account");
    let origin = facts.origin(Dialect::Probely);
    answer(
        state.room.log_in_to_account(&username, password, account, origin).await,
        words::NO_LOGIN,
    )
}

pub(in crate::probely) async fn refresh(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    members: Members,
) -> Answer {
    let origin = facts.origin(Dialect::Probely);
    answer(state.room.refresh_account_login(members.token()?, origin).await, words::NO_TOKEN)
}

pub(in crate::probely) async fn verify(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    members: Members,
) -> Answer {
    let origin = facts.origin(Dialect::Probely);
    answer(state.room.verify_account_login(members.token()?, origin).await, words::NO_TOKEN)
}

pub(in crate::probely) async fn revoke(
    State(state): State<AppState>,
    Extension(facts): Extension<Facts>,
    members: Members,
) -> Answer {
    let origin = facts.origin(Dialect::Probely);
    answer(state.room.revoke_account_login(members.token()?, origin).await, words::NO_TOKEN)
}

/// The token, or 400: whoever asks here is not yet anybody who could be unauthenticated.
fn answer(outcome: Result<AccountLogin>, refused: &str) -> Answer {
    match outcome {
        Ok(login) => Ok(shown(&Login::from(&login))),
        Err(Error::Unauthenticated) => Err(ProbelyError::Whole(refused.to_owned())),
        Err(error) => Err(error.into()),
    }
}
