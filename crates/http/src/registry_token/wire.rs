//! What the token server shows.

use secrecy::ExposeSecret;
use serde::Serialize;
use strongroom_core::clock::Timestamp;
use strongroom_core::registry_scope::Granted;
use strongroom_service::RegistryToken;

/// A token. Some clients read one of the two members that hold it, some the other.
#[derive(Serialize)]
pub(super) struct Given<'a> {
    token: &'a str,
    access_token: &'a str,
    expires_in: i64,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl<'a> Given<'a> {
    /// The answer, with the scopes that were granted where OAuth 2 wants them.
    pub(super) fn new(token: &'a RegistryToken, with_scope: bool) -> Self {
        let text = token.text.expose_secret();
        Self {
            token: text,
            access_token: text,
            expires_in: token.seconds,
            issued_at: time(token.issued),
            scope: with_scope.then(|| scope(&token.granted)),
        }
    }
}

fn scope(granted: &[Granted]) -> String {
    let one = |granted: &Granted| {
        let class = granted.class.as_ref().map(|class| format!("({class})")).unwrap_or_default();
        let actions: Vec<&str> = granted.actions.iter().map(|action| action.word()).collect();
        format!("repository{class}:{}:{}", granted.repository, actions.join(","))
    };
    granted.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A point of time as RFC 3339 writes it, in UTC, to the second.
fn time(at: Timestamp) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(0));
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}
