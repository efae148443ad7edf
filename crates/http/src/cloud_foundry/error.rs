//! Every error of the platform: a list of one entry with code, title and detail.

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use strongroom_core::Error;
use strongroom_core::error::{Conflict, FieldPath, Refusal, Rule, Violation};
use strongroom_core::id::Kind;
use strongroom_core::platform::PlatformRule;

use super::words;
use crate::answer;
use crate::fault::{Fault, TOO_SLOW};
use crate::report::report;

/// The platform's JSON.
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// Why a handler has no other answer.
#[derive(Debug)]
pub(super) enum CfError {
    /// A use-case said no.
    Core(Error),
    /// Nothing was presented that could be a token.
    NoToken,
    /// List parameters that cannot be taken: what is wrong with each.
    Query(Vec<String>),
    /// The request cannot be carried out, for this reason.
    Unprocessable(String),
}

impl From<Error> for CfError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl IntoResponse for CfError {
    fn into_response(self) -> Response {
        match self {
            Self::Core(error) => render(&error),
            Self::NoToken => {
                entry(StatusCode::UNAUTHORIZED, NOT_AUTHENTICATED, "Authentication error")
            }
            Self::Query(messages) => {
                let detail = format!("The query parameter is invalid: {}", messages.join(", "));
                entry(StatusCode::BAD_REQUEST, BAD_QUERY, &detail)
            }
            Self::Unprocessable(detail) => unprocessable(&detail),
        }
    }
}

/// The answer to an error of a use-case.
fn render(error: &Error) -> Response {
    report(error);
    match error {
        Error::Unauthenticated => {
            entry(StatusCode::UNAUTHORIZED, INVALID_TOKEN, "Invalid Auth Token")
        }
        Error::Throttled { seconds } => {
            let mut response =
                entry(StatusCode::TOO_MANY_REQUESTS, RATE_LIMIT, "Rate Limit Exceeded");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
            response
        }
        Error::Forbidden(Refusal::Suspended) => {
            entry(StatusCode::FORBIDDEN, SUSPENDED, "The organization is suspended")
        }
        Error::Forbidden(_) => {
            let detail = "You are not authorized to perform the requested action";
            entry(StatusCode::FORBIDDEN, NOT_AUTHORIZED, detail)
        }
        Error::NotFound(kind) | Error::Hidden(kind) => {
            let detail = format!("{} not found", thing(*kind));
            entry(StatusCode::NOT_FOUND, NOT_FOUND, &detail)
        }
        Error::Invalid(violations) => invalid(violations),
        Error::Conflict(Conflict::CredentialInUse(_)) => unprocessable(
            "A credential is in use, and its organization protects credentials in use.",
        ),
        Error::Conflict(Conflict::OrganizationInUse) => {
            unprocessable("The organization still has spaces or registries.")
        }
        Error::Conflict(Conflict::RegistryInUse { .. }) => {
            unprocessable("The registry still has active credentials.")
        }
        Error::Conflict(Conflict::FetchedElsewhere { .. }) => {
            unprocessable("The credential is fetched from another system.")
        }
        Error::Conflict(Conflict::TooManyReferences { .. } | Conflict::Changed) => {
            unprocessable("There are too many references to this credential.")
        }
        Error::TooLarge => fault(&Fault::TooLarge),
        Error::TooSlow => {
            let detail = format!("The query parameter is invalid: {TOO_SLOW}");
            entry(StatusCode::BAD_REQUEST, BAD_QUERY, &detail)
        }
        Error::Unavailable(_) | Error::StorageFull(_) => {
            let mut response = entry(
                StatusCode::SERVICE_UNAVAILABLE,
                UNAVAILABLE,
                "The store does not answer; try again.",
            );
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        Error::Internal(_) => fault(&Fault::Panic),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault) -> Response {
    let (kind, detail) = match fault {
        Fault::UnknownPath | Fault::WrongMethod { .. } | Fault::MissingSlash { .. } => {
            (UNKNOWN_REQUEST, "Unknown request")
        }
        Fault::TooLarge | Fault::Timeout | Fault::Misdirected => {
            (INVALID_REQUEST, fault.sentence())
        }
        Fault::BadRequest => (INVALID_REQUEST, "The request is invalid"),
        Fault::Panic => (UNKNOWN_ERROR, "An unknown error occurred."),
        Fault::Unavailable { .. } => (UNAVAILABLE, fault.sentence()),
    };
    entry(fault.status(), kind, detail)
}

fn invalid(violations: &[Violation]) -> Response {
    let is_unread = |violation: &Violation| {
        violation.field == FieldPath::Whole
            && violation.rule == Rule::Platform(PlatformRule::NotAnObject)
    };
    if violations.iter().any(is_unread) {
        let detail = "Request invalid due to parse error: invalid request body";
        return entry(StatusCode::BAD_REQUEST, PARSE_ERROR, detail);
    }
    let detail = violations.iter().map(words::sentence).collect::<Vec<_>>().join(", ");
    let kind = violations.iter().find_map(|violation| match &violation.rule {
        Rule::Platform(PlatformRule::TooManyLabels { .. }) => Some(LABEL_LIMIT),
        Rule::Platform(PlatformRule::TooManyAnnotations { .. }) => Some(ANNOTATION_LIMIT),
        Rule::Platform(PlatformRule::Taken { kind: Kind::App, .. }) => Some(UNIQUENESS),
        _ => None,
    });
    entry(StatusCode::UNPROCESSABLE_ENTITY, kind.unwrap_or(UNPROCESSABLE), &detail)
}

fn unprocessable(detail: &str) -> Response {
    entry(StatusCode::UNPROCESSABLE_ENTITY, UNPROCESSABLE, detail)
}

fn entry(status: StatusCode, (code, title): (u32, &str), detail: &str) -> Response {
    let body = json!({"errors": [{"code": code, "title": title, "detail": detail}]});
    answer::json(status, JSON, &body)
}

/// How the platform names a kind of object.
const fn thing(kind: Kind) -> &'static str {
    match kind {
        Kind::Placement | Kind::Credential => "Registry credential",
        Kind::Organization => "Organization",
        Kind::Space => "Space",
        Kind::App => "App",
        Kind::Package => "Package",
        Kind::Role | Kind::Grant => "Role",
        Kind::User => "User",
        Kind::Job => "Job",
        _ => "Resource",
    }
}

const INVALID_TOKEN: (u32, &str) = (1000, "CF-InvalidAuthToken");
const PARSE_ERROR: (u32, &str) = (1001, "CF-MessageParseError");
const UNKNOWN_REQUEST: (u32, &str) = (10000, "CF-NotFound");
const UNKNOWN_ERROR: (u32, &str) = (10001, "UnknownError");
const NOT_AUTHENTICATED: (u32, &str) = (10002, "CF-NotAuthenticated");
const NOT_AUTHORIZED: (u32, &str) = (10003, "CF-NotAuthorized");
const INVALID_REQUEST: (u32, &str) = (10004, "CF-InvalidRequest");
const BAD_QUERY: (u32, &str) = (10005, "CF-BadQueryParameter");
const UNPROCESSABLE: (u32, &str) = (10008, "CF-UnprocessableEntity");
const NOT_FOUND: (u32, &str) = (10010, "CF-ResourceNotFound");
const RATE_LIMIT: (u32, &str) = (10013, "CF-RateLimitExceeded");
const UNAVAILABLE: (u32, &str) = (10015, "CF-ServiceUnavailable");
const UNIQUENESS: (u32, &str) = (10016, "CF-UniquenessError");
const SUSPENDED: (u32, &str) = (10017, "CF-OrgSuspended");
const LABEL_LIMIT: (u32, &str) = (390_020, "CF-LabelLimitExceeded");
const ANNOTATION_LIMIT: (u32, &str) = (390_023, "CF-AnnotationLimitExceeded");

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use strongroom_core::error::UseCount;

    async fn told(error: Error) -> String {
        let (parts, body) = CfError::from(error).into_response().into_parts();
        let retry = parts.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap());
        let body = body.collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        format!("{} [{}] {body}", parts.status.as_u16(), retry.unwrap_or_default())
    }

    #[tokio::test]
    async fn errors_that_no_request_brings_about_have_the_same_shape() {
        let uses = vec![UseCount { kind: "job".to_owned(), count: 2 }];
        let mut lines = Vec::new();
        for error in [
            Error::Unauthenticated,
            Error::Throttled { seconds: 7 },
            Error::Forbidden(Refusal::ReadOnlyToken),
            Error::Forbidden(Refusal::Suspended),
            Error::Hidden(Kind::Space),
            Error::Conflict(Conflict::CredentialInUse(uses)),
            Error::Conflict(Conflict::OrganizationInUse),
            Error::Conflict(Conflict::TooManyReferences { limit: 1 }),
            Error::TooLarge,
            Error::TooSlow,
            Error::Unavailable("the disk is on fire".into()),
            Error::StorageFull("the disk is on fire".into()),
            Error::internal("the disk is on fire"),
        ] {
            let line = told(error).await;
            assert!(!line.contains("fire"), "{line}");
            lines.push(line);
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
