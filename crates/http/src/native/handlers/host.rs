//! What only the server's own host may do: first set-up, and help after a lost password.

use axum::extract::Path;
use http::StatusCode;
use strongroom_core::Result;
use strongroom_core::draft::faultless;
use strongroom_core::error::Rule;
use strongroom_core::id::Ref;
use strongroom_service::{NamedRef, OrganizationDraft, TokenDraft, UserDraft};

use super::{Answer, created, done, token};
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::translate::{
    DESCRIPTION_LENGTH, Members, NAME_LENGTH, USERNAME_LENGTH, required,
};
use crate::native::wire::{Organization, User};

pub(in crate::native) async fn create_user(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["username", "password", "admin"])?;
    let draft = UserDraft {
        username: members.text("username", USERNAME_LENGTH).check(|name| broken_username(name)),
        password: members.password("password"),
        is_superuser: members.boolean("admin"),
        ..UserDraft::default()
    };
    let view = caller.room.create_user(&caller.actor, None, draft).await?;
    Ok(answer::json(StatusCode::CREATED, JSON, &User::from(view)))
}

pub(in crate::native) async fn set_password(
    caller: Caller,
    Path(name): Path<String>,
    body: RawBody,
) -> Answer {
    let user = user_named(&caller, &name).await?;
    let members = Members::read(&body, &["password"])?;
    let draft =
        UserDraft { password: required(members.password("password")), ..UserDraft::default() };
    caller.room.update_user(&caller.actor, &user, draft).await?;
    Ok(done())
}

pub(in crate::native) async fn create_organization(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["name", "description"])?;
    let draft = OrganizationDraft {
        name: members.text("name", NAME_LENGTH),
        description: members.free_text("description", DESCRIPTION_LENGTH),
        ..OrganizationDraft::default()
    };
    let view = caller.room.create_organization(&caller.actor, draft).await?;
    let location = format!("/strongroom/v1/organizations/{}", view.organization.identity.id);
    Ok(created(&location, &Organization::from(view)))
}

/// A token for a user, who is named by his user name.
pub(in crate::native) async fn issue_token(caller: Caller, body: RawBody) -> Answer {
    let known: Vec<&str> = token::MEMBERS.into_iter().chain(["user"]).collect();
    let members = Members::read(&body, &known)?;
    let mut faults = Vec::new();
    let username = members.text("user", USERNAME_LENGTH).require("user", &mut faults);
    faultless(faults)?;
    let draft = TokenDraft { username, ..token::draft(&members)? };
    Ok(token::answer(caller.room.issue_token(&caller.actor, draft).await?))
}

async fn user_named(caller: &Caller, name: &str) -> Result<Ref> {
    caller.room.resolve_name(&caller.actor, NamedRef::User(name.to_owned())).await
}

/// A user name goes into paths and headers of every dialect, so its characters are few.
fn broken_username(name: &str) -> Option<Rule> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '+' | '-' | '_');
    (!name.chars().all(allowed)).then_some(Rule::UsernameCharacters)
}
