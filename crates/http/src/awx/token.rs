//! Personal access tokens.

use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Serialize;
use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::TokenKind;
use strongroom_service::list::Field;
use strongroom_service::view::TokenView;
use strongroom_service::{TokenDraft, TokenScope};

use super::call::Call;
use super::error::{AwxError, Outcome};
use super::list;
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{Links, UserSummary};
use super::{application, time, user};

/// A token as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Token,
    word: "o_auth2_access_token",
    label: "OAuth2 Access Token",
    collection: "tokens",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::DESCRIPTION,
        Info::shown("user", "id", "User").help("The user representing the token owner"),
        Info::shown("token", "field", "Token").computed(),
        Info::shown("refresh_token", "field", "Refresh token").computed(),
        Info::of("application", "id", "Application", Access::Optional(Start::Null)),
        Info::shown("expires", "datetime", "Expires"),
        Info::of("scope", "string", "Scope", Access::Optional(Start::Word("write")))
            .help("Allowed scopes, further restricts user's permissions."),
    ],
    fields: &[
        ("id", Field::Id),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("user", Field::User),
        ("expires", Field::Expires),
        ("scope", Field::Scope),
        ("application", Field::Application),
    ],
    closed: &["token", "refresh_token", "password"],
    searched: &[("description", Field::Description)],
    roles: &[],
};

#[derive(Debug, Serialize)]
struct Wire<'a> {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: Summaries<'a>,
    created: String,
    modified: String,
    description: &'a str,
    user: i64,
    token: &'a str,
    refresh_token: Option<&'a str>,
    application: Option<i64>,
    expires: String,
    scope: &'a str,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    user: UserSummary<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<ApplicationSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct ApplicationSummary<'a> {
    id: i64,
    name: &'a str,
}

/// A token with the text in the place of its secret: the secret itself only in the answer that makes it.
fn wire<'a>(view: &'a TokenView, secret: &'a str, refresh: Option<&'a str>) -> Wire<'a> {
    let token = &view.token;
    let related = Links::default().with("user", user::MODEL.url(token.user_id));
    let related = match token.application_id {
        Some(id) => related.with("application", application::MODEL.url(id)),
        None => related,
    };
    Wire {
        id: token.id,
        r#type: MODEL.word,
        url: MODEL.url(token.id),
        related: related.below(&MODEL, token.id, &["activity_stream"]),
        summary_fields: Summaries {
            user: UserSummary::from(&view.user),
            application: view
                .application
                .as_ref()
                .map(|one| ApplicationSummary { id: one.id, name: &one.name }),
        },
        created: time::text(token.created),
        modified: time::text(token.modified),
        description: &token.name,
        user: token.user_id,
        token: secret,
        refresh_token: token.application_id.map(|_| refresh.unwrap_or(STARS)),
        application: token.application_id,
        expires: time::text(token.expires),
        scope: &token.scope,
    }
}

fn draft(body: &Body, mode: Mode) -> TokenDraft {
    TokenDraft {
        kind: TokenKind::Awx,
        name: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        scope: mode.or(
            read::text(body, "scope", TextRule::FREE).check(|scope| broken_scope(scope)),
            "write".to_owned(),
        ),
        organization: Member::Absent,
        dialects: Member::Absent,
        expires: Member::Absent,
        application: match mode {
            Mode::Create => read::optional_id(body, "application"),
            Mode::Replace | Mode::Change => Member::Absent,
        },
        username: None,
    }
}

fn broken_scope(scope: &str) -> Option<Rule> {
    let words: Vec<&str> = scope.split_whitespace().collect();
    let repeated = (1..words.len()).any(|index| words[..index].contains(&words[index]));
    let known = !words.is_empty() && words.iter().all(|word| SCOPES.contains(word));
    (repeated || !known).then_some(Rule::TokenScope)
}

async fn listed(call: &Call, scope: TokenScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_tokens(&call.actor, scope.clone(), request);
    list::page(call, &MODEL, fetch, |view| list::element(&wire(view, STARS, None))).await
}

async fn issued(call: &Call, draft: TokenDraft) -> Outcome<Response> {
    let issued = call.room.issue_token(&call.actor, draft).await?;
    let refresh = issued.refresh.as_ref().map(ExposeSecret::expose_secret);
    let token = wire(&issued.view, issued.secret.expose_secret(), refresh);
    Ok(created(&token, &MODEL.url(issued.view.token.id)))
}

/// `GET /api/v2/tokens/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, TokenScope::Awx).await
}

/// `POST /api/v2/tokens/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    issued(&call, draft(&call.body, Mode::Create)).await
}

/// `GET /api/v2/tokens/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::Token)?);
    Ok(shown(&wire(&call.room.read_token(&call.actor, &id).await?, STARS, None)))
}

/// `PUT /api/v2/tokens/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/tokens/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::Token)?);
    let changed = call.room.update_token(&call.actor, &id, draft(&call.body, mode)).await?;
    Ok(shown(&wire(&changed, STARS, None)))
}

/// `DELETE /api/v2/tokens/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = Ref::Serial(call.number(Kind::Token)?);
    call.room.revoke_token(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/users/{id}/tokens/`
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    listed(&call, TokenScope::AwxOf(call.target(Kind::User).await?)).await
}

/// `POST /api/v2/users/{id}/tokens/`: the token is the caller's, whoever the path names.
pub(super) async fn create_for_user(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.read_user(&call.actor, &id).await?;
    issued(&call, draft(&call.body, Mode::Create)).await
}

/// `GET /api/v2/users/{id}/personal_tokens/`: the caller's, whoever the path names.
pub(super) async fn personal(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.read_user(&call.actor, &id).await?;
    let Some(caller) = call.actor.user_id() else {
        return Err(AwxError::forbidden());
    };
    listed(&call, TokenScope::AwxPersonal(Ref::Serial(caller))).await
}

/// `POST /api/v2/users/{id}/personal_tokens/`: the token is the caller's, whoever the path names.
pub(super) async fn create_personal(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.read_user(&call.actor, &id).await?;
    let draft = TokenDraft { application: Member::Absent, ..draft(&call.body, Mode::Create) };
    issued(&call, draft).await
}

/// `GET /api/v2/users/{id}/authorized_tokens/`: what applications were given.
pub(super) async fn authorized(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    listed(&call, TokenScope::AwxAuthorized(id)).await
}

/// `POST /api/v2/users/{id}/authorized_tokens/`: such a token needs an application.
pub(super) async fn authorize(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.read_user(&call.actor, &id).await?;
    let draft = draft(&call.body, Mode::Create);
    let rule = match &draft.application {
        Member::Absent => Rule::Required,
        Member::Given(None) => Rule::Null,
        Member::Given(Some(_)) | Member::Bad(_) => return issued(&call, draft).await,
    };
    Err(AwxError::invalid("application", rule))
}

/// `GET /api/v2/applications/{id}/tokens/`
pub(super) async fn of_application(call: Call) -> Outcome<Response> {
    listed(&call, TokenScope::AwxGiven(call.target(Kind::Application).await?)).await
}

/// `POST /api/v2/applications/{id}/tokens/`: the path says which application is given it.
pub(super) async fn create_for_application(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::Application).await?;
    call.room.read_application(&call.actor, &id).await?;
    let draft =
        TokenDraft { application: Member::Given(Some(id)), ..draft(&call.body, Mode::Create) };
    issued(&call, draft).await
}

const SCOPES: [&str; 2] = ["read", "write"];
/// What stands for a secret that is not shown again.
pub(super) const STARS: &str = "************";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_or_both_words_and_no_other() {
        for scope in ["read", "write", "read write", " write  read "] {
            assert_eq!(broken_scope(scope), None, "{scope}");
        }
        for scope in ["", "everything", "read read", "read,write"] {
            assert_eq!(broken_scope(scope), Some(Rule::TokenScope), "{scope}");
        }
    }
}
