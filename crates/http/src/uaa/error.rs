//! Every error of the token endpoints: that of OAuth 2.

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use strongroom_core::Error;
use strongroom_core::id::Kind;

use crate::answer::{self, JSON};
use crate::fault::Fault;
use crate::report::report;

/// Why a handler has no other answer.
#[derive(Debug)]
pub(super) enum UaaError {
    /// A use-case said no.
    Core(Error),
    /// User name and password do not belong together, or nobody may guess further.
    BadCredentials(Error),
    /// The client is unknown, or shows a secret that it does not have.
    BadClient,
    /// The client may not use this grant.
    GrantNotAllowed(&'static str),
    /// The refresh token is unknown, over or revoked.
    BadRefreshToken,
    /// None of the scopes asked for can be given.
    NoScope,
    /// Nothing was presented that could be a token.
    NoToken,
    /// The token is unknown, over or revoked, or is no access token.
    BadToken,
    /// The token lacks the scope.
    InsufficientScope(&'static str),
    /// The request is wrong in itself: the error and its description.
    BadRequest(&'static str, String),
    /// The body is no form.
    MediaType,
}

impl From<Error> for UaaError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl IntoResponse for UaaError {
    fn into_response(self) -> Response {
        match self {
            Self::BadCredentials(Error::Unauthenticated) => {
                unauthorized("unauthorized", "Bad credentials")
            }
            Self::BadCredentials(Error::Throttled { seconds }) => {
                let mut response = unauthorized("unauthorized", LOCKED);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Self::Core(error) | Self::BadCredentials(error) => render(&error),
            Self::BadClient => {
                let mut response = unauthorized("invalid_client", "Bad credentials");
                let challenge = "Basic realm=\"UAA/client\", error=\"unauthorized\", \
                                 error_description=\"Bad credentials\"";
                challenge_with(&mut response, challenge);
                response
            }
            Self::GrantNotAllowed(grant) => {
                let text = format!("Unauthorized grant type: {grant}");
                unauthorized("unauthorized_client", &text)
            }
            Self::BadRefreshToken => unauthorized(
                "invalid_token",
                "The token expired, was revoked, or the token ID is incorrect.",
            ),
            Self::NoScope => document(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "This user is not allowed any of the requested scopes",
            ),
            Self::NoToken => {
                let text = "Full authentication is required to access this resource";
                let mut response = unauthorized("unauthorized", text);
                challenge_with(&mut response, "Bearer realm=\"UAA/oauth\"");
                response
            }
            Self::BadToken => {
                let text = "The token expired, was revoked, or the token ID is incorrect.";
                let mut response = unauthorized("invalid_token", text);
                challenge_with(
                    &mut response,
                    "Bearer realm=\"UAA/oauth\", error=\"invalid_token\"",
                );
                response
            }
            Self::InsufficientScope(scope) => {
                let body = json!({
                    "error": "insufficient_scope",
                    "error_description": "Insufficient scope for this resource",
                    "scope": scope,
                });
                answer::json(StatusCode::FORBIDDEN, JSON, &body)
            }
            Self::BadRequest(error, text) => document(StatusCode::BAD_REQUEST, error, &text),
            Self::MediaType => document(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "invalid_request",
                "The body must be application/x-www-form-urlencoded",
            ),
        }
    }
}

fn render(error: &Error) -> Response {
    report(error);
    match error {
        Error::Unauthenticated => UaaError::BadToken.into_response(),
        Error::Throttled { .. } => unauthorized("unauthorized", LOCKED),
        Error::Forbidden(_) => document(StatusCode::FORBIDDEN, "access_denied", "Access is denied"),
        Error::NotFound(Kind::Token) | Error::Hidden(Kind::Token) => {
            document(StatusCode::NOT_FOUND, "not_found", "The token does not exist.")
        }
        Error::NotFound(_) | Error::Hidden(_) => fault(&Fault::UnknownPath),
        Error::Invalid(_) | Error::Conflict(_) | Error::TooSlow => fault(&Fault::BadRequest),
        Error::TooLarge => fault(&Fault::TooLarge),
        Error::Unavailable(_) | Error::StorageFull(_) => {
            let text = "The server is busy; try again later.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = document(status, "temporarily_unavailable", text);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        Error::Internal(_) => fault(&Fault::Panic),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault) -> Response {
    let error = match fault {
        Fault::UnknownPath => "not_found",
        Fault::WrongMethod { .. } => "method_not_allowed",
        Fault::Panic => "server_error",
        Fault::Unavailable { .. } => "temporarily_unavailable",
        _ => "invalid_request",
    };
    document(fault.status(), error, fault.sentence())
}

fn unauthorized(error: &str, text: &str) -> Response {
    document(StatusCode::UNAUTHORIZED, error, text)
}

fn document(status: StatusCode, error: &str, text: &str) -> Response {
    answer::json(status, JSON, &json!({"error": error, "error_description": text}))
}

fn challenge_with(response: &mut Response, challenge: &'static str) {
    let value = HeaderValue::from_static(challenge);
    response.headers_mut().insert(WWW_AUTHENTICATE, value);
}

const LOCKED: &str = "Your account has been locked because of too many failed attempts to login.";

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn told(error: UaaError) -> String {
        let (parts, body) = error.into_response().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        format!("{} {}", parts.status.as_u16(), std::str::from_utf8(&body).unwrap())
    }

    #[tokio::test]
    async fn errors_that_no_request_brings_about_have_the_same_shape() {
        let mut lines = Vec::new();
        for error in [
            UaaError::Core(Error::Unauthenticated),
            UaaError::Core(Error::Throttled { seconds: 7 }),
            UaaError::BadCredentials(Error::Unavailable("the disk is on fire".into())),
            UaaError::Core(Error::StorageFull("the disk is on fire".into())),
            UaaError::Core(Error::internal("the disk is on fire")),
            UaaError::Core(Error::forbidden()),
            UaaError::Core(Error::TooLarge),
            UaaError::Core(Error::NotFound(Kind::User)),
            UaaError::InsufficientScope("openid"),
        ] {
            let line = told(error).await;
            assert!(!line.contains("fire"), "{line}");
            lines.push(line);
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
