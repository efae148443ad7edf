//! Tokens: issued once, listed without their secrets, revoked.

use axum::extract::Path;
use axum::response::Response;
use http::Uri;
use secrecy::ExposeSecret;
use strongroom_core::access::Dialect;
use strongroom_core::draft::Member;
use strongroom_core::id::Kind;
use strongroom_core::record::TokenKind;
use strongroom_service::view::TokenView;
use strongroom_service::{IssuedToken, TokenDraft, TokenScope};

use super::{Answer, created, done, named, shown};
use crate::body::RawBody;
use crate::native::auth::{Caller, LoginCaller};
use crate::native::error::NativeError;
use crate::native::query::Part;
use crate::native::translate::{self, LABEL_LENGTH, Members, required};
use crate::native::wire::{List, NewToken, Token};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let part = Part::read(&uri)?;
    let Caller { room, actor } = caller;
    let page = room.list_tokens(&actor, TokenScope::Own, part.request()).await?;
    Ok(shown(&List::part(page.items, part.limit, |view: &TokenView| view.token.id, Token::from)))
}

pub(in crate::native) async fn issue(LoginCaller(caller): LoginCaller, body: RawBody) -> Answer {
    let members = Members::read(&body, &MEMBERS)?;
    let issued = caller.room.issue_token(&caller.actor, draft(&members)?).await?;
    Ok(answer(issued))
}

pub(in crate::native) async fn read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Token)?;
    let view = caller.room.read_token(&caller.actor, &id).await?;
    Ok(shown(&Token::from(view)))
}

pub(in crate::native) async fn revoke(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = named(&id, Kind::Token)?;
    caller.room.revoke_token(&caller.actor, &id).await?;
    Ok(done())
}

/// The members that a request for a token knows.
pub(super) const MEMBERS: [&str; 5] = ["kind", "name", "organization", "dialects", "expires_at"];

/// The token that a body asks for.
pub(super) fn draft(members: &Members) -> Result<TokenDraft, NativeError> {
    let mut faults = Vec::new();
    let kind = members.word("kind", kind).require("kind", &mut faults);
    let Some(kind) = kind else { return Err(strongroom_core::Error::Invalid(faults).into()) };
    Ok(TokenDraft {
        kind,
        name: required(members.text("name", LABEL_LENGTH)),
        scope: Member::Absent,
        organization: members.nullable("organization", translate::organization),
        dialects: members.words("dialects", dialect),
        expires: members.time("expires_at"),
        username: None,
        application: Member::Absent,
    })
}

/// The answer that shows a new token's secret, for the only time.
pub(super) fn answer(issued: IssuedToken) -> Response {
    let location = format!("/strongroom/v1/tokens/{}", issued.view.token.id);
    let shown = Token::from(issued.view);
    created(&location, &NewToken { shown, token: issued.secret.expose_secret() })
}

/// The kinds that are issued here; the dialects issue the others themselves.
fn kind(word: &str) -> Option<TokenKind> {
    let issued = [TokenKind::Native, TokenKind::Probely, TokenKind::Catalog];
    TokenKind::from_word(word).filter(|kind| issued.contains(kind))
}

/// The dialects that a token can open besides its own.
fn dialect(word: &str) -> Option<Dialect> {
    Dialect::from_word(word).filter(|dialect| *dialect != Dialect::Native)
}
