//! Every error of the Application Catalog as a problem document that names the path, never the query.

use axum::response::Response;
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::error::{Conflict, FieldPath, Violation};

use super::call::with_header;
use super::words;
use crate::answer::{self, PROBLEM_JSON};
use crate::facts::RequestFacts;
use crate::fault::{Fault, TOO_SLOW};
use crate::report::report;

/// Why a handler of the Catalog has no other answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A use-case said no.
    Core(Error),
    /// The body or the query cannot be read.
    Unreadable(Vec<Wrong>),
    /// The body is of another type than this one.
    MediaType(&'static str),
}

/// A fault of a member or parameter, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    /// The member or parameter; `body` is the whole.
    pub(super) field: String,
    /// What is wrong with it.
    pub(super) message: String,
}

impl Wrong {
    /// A fault of a member or parameter.
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// The answer to a refusal.
pub(super) fn render(refusal: &Refusal, facts: &RequestFacts) -> Response {
    match refusal {
        Refusal::Core(error) => core(error, facts),
        Refusal::Unreadable(violations) => invalid(violations, facts),
        Refusal::MediaType(expected) => {
            let detail = format!("The body must be {expected}.");
            problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", &detail, facts)
        }
    }
}

fn core(error: &Error, facts: &RequestFacts) -> Response {
    report(error);
    let fault = |fault: &Fault| facts.owner.fault(fault, facts);
    match error {
        Error::Unauthenticated => {
            let detail = "A valid access token is needed.";
            let response = problem(StatusCode::UNAUTHORIZED, "Unauthorized", detail, facts);
            with_header(response, WWW_AUTHENTICATE, "Bearer")
        }
        Error::Throttled { seconds } => {
            let detail = "Too many failed attempts; try again later.";
            let status = StatusCode::TOO_MANY_REQUESTS;
            let response = problem(status, "Too many requests", detail, facts);
            with_header(response, RETRY_AFTER, &seconds.to_string())
        }
        Error::Forbidden(refusal) => {
            problem(StatusCode::FORBIDDEN, "Forbidden", words::refusal(*refusal), facts)
        }
        Error::NotFound(_) | Error::Hidden(_) => fault(&Fault::UnknownPath),
        Error::Invalid(violations) => {
            let violations: Vec<Wrong> = violations.iter().map(Wrong::from).collect();
            invalid(&violations, facts)
        }
        Error::Conflict(conflict) => {
            let field = match conflict {
                Conflict::CredentialInUse(_) => "credential_id",
                Conflict::OrganizationInUse
                | Conflict::Changed
                | Conflict::RegistryInUse { .. }
                | Conflict::FetchedElsewhere { .. }
                | Conflict::TooManyReferences { .. } => "body",
            };
            invalid(&[Wrong::new(field, words::conflict(conflict))], facts)
        }
        Error::TooLarge => fault(&Fault::TooLarge),
        Error::TooSlow => invalid(&[Wrong::new("request", TOO_SLOW)], facts),
        Error::Unavailable(_) | Error::StorageFull(_) => {
            fault(&Fault::Unavailable { retry_after: RETRY_SECONDS })
        }
        Error::Internal(_) => fault(&Fault::Panic),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault, facts: &RequestFacts) -> Response {
    let title = match fault {
        Fault::UnknownPath => "Not found",
        Fault::WrongMethod { .. } => "Method not allowed",
        Fault::TooLarge => "Payload too large",
        Fault::BadRequest => {
            return invalid(&[Wrong::new("request", fault.sentence())], facts);
        }
        Fault::Unavailable { .. } => "Temporarily unavailable",
        Fault::MissingSlash { .. } | Fault::Timeout | Fault::Panic | Fault::Misdirected => {
            fault.status().canonical_reason().unwrap_or_default()
        }
    };
    problem(fault.status(), title, fault.sentence(), facts)
}

fn invalid(violations: &[Wrong], facts: &RequestFacts) -> Response {
    let status = StatusCode::BAD_REQUEST;
    let problem = Problem {
        violations: Some(violations),
        ..Problem::new(status, "Validation error", "The request is not valid.", facts)
    };
    answer::json(status, PROBLEM_JSON, &problem)
}

fn problem(status: StatusCode, title: &str, detail: &str, facts: &RequestFacts) -> Response {
    answer::json(status, PROBLEM_JSON, &Problem::new(status, title, detail, facts))
}

impl From<&Violation> for Wrong {
    fn from(violation: &Violation) -> Self {
        let field = match &violation.field {
            FieldPath::Whole => "body".to_owned(),
            FieldPath::Member(member) => (*member).to_owned(),
            FieldPath::Inner(member, inner) => format!("{member}{inner}"),
        };
        Self { field, message: words::rule(&violation.rule) }
    }
}

/// A problem document of RFC 7807.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<&'a [Wrong]>,
}

impl<'a> Problem<'a> {
    fn new(status: StatusCode, title: &'a str, detail: &'a str, facts: &'a RequestFacts) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail,
            instance: &facts.path,
            violations: None,
        }
    }
}

/// Seconds after which to try again when the store does not answer.
const RETRY_SECONDS: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use strongroom_core::error::Rule;
    use strongroom_core::id::Kind;

    use crate::owner::Owner;

    fn facts() -> RequestFacts {
        RequestFacts {
            owner: Owner::AppCatalog,
            method: http::Method::POST,
            path: "/v1/registries".to_owned(),
            query: Some("refresh_token=hunter2".to_owned()),
            endpoint: None,
            request_id: "0".repeat(32),
            client_request_id: None,
            user_guid: std::sync::OnceLock::new(),
            source: "192.0.2.1".to_owned(),
            is_loopback: false,
            started: std::time::Instant::now(),
        }
    }

    #[tokio::test]
    async fn every_error_has_its_status_and_the_shape_of_a_problem() {
        let source = || std::io::Error::other("hunter2");
        for (error, status, title) in [
            (Error::Unauthenticated, 401, "Unauthorized"),
            (Error::Throttled { seconds: 7 }, 429, "Too many requests"),
            (Error::forbidden(), 403, "Forbidden"),
            (Error::NotFound(Kind::Registry), 404, "Not found"),
            (Error::Hidden(Kind::Registry), 404, "Not found"),
            (Error::invalid("description", Rule::Required), 400, "Validation error"),
            (Error::Conflict(Conflict::CredentialInUse(Vec::new())), 400, "Validation error"),
            (Error::TooLarge, 413, "Payload too large"),
            (Error::TooSlow, 400, "Validation error"),
            (Error::Unavailable(source().into()), 503, "Temporarily unavailable"),
            (Error::StorageFull(source().into()), 503, "Temporarily unavailable"),
            (Error::internal(source()), 500, "Internal Server Error"),
        ] {
            let (parts, body) = render(&Refusal::Core(error), &facts()).into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(parts.status, status);
            assert_eq!(parts.headers["content-type"], "application/problem+json");
            assert_eq!((&problem["status"], &problem["title"]), (&status.into(), &title.into()));
            assert_eq!(problem["type"], "about:blank");
            assert_eq!(problem["instance"], "/v1/registries");
            assert!(problem["detail"].is_string());
            assert_eq!(problem["violations"].is_array(), status == 400);
            assert_eq!(parts.headers.contains_key("retry-after"), matches!(status, 429 | 503));
            assert_eq!(parts.headers.contains_key("www-authenticate"), status == 401);
            assert!(!problem.to_string().contains("hunter2"));
        }
    }
}
