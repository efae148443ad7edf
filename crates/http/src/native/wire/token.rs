//! Tokens.

use serde::Serialize;
use strongroom_core::access::Dialect;
use strongroom_service::view::TokenView;

use super::{Person, time};

/// A token, without its secret.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Token {
    id: i64,
    guid: String,
    kind: &'static str,
    name: String,
    user: Person,
    organization: Option<i64>,
    dialects: Vec<&'static str>,
    scope: String,
    expires_at: String,
    created: String,
    last_used: Option<String>,
}

/// A new token with its secret, which is never shown again.
#[derive(Debug, Serialize)]
pub(in crate::native) struct NewToken<'a> {
    #[serde(flatten)]
    pub(in crate::native) shown: Token,
    /// The secret.
    pub(in crate::native) token: &'a str,
}

impl From<TokenView> for Token {
    fn from(view: TokenView) -> Self {
        let TokenView { token, user, .. } = view;
        Self {
            id: token.id,
            guid: token.guid.to_string(),
            kind: token.kind.word(),
            name: token.name,
            user: user.into(),
            organization: token.organization_id,
            dialects: token.dialects.into_iter().map(Dialect::word).collect(),
            scope: token.scope,
            expires_at: time(token.expires),
            created: time(token.created),
            last_used: token.last_used.map(time),
        }
    }
}
