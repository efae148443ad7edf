//! What is answered when something is wrong: one `detail`, or sentences by field.

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use strongroom_core::Error;
use strongroom_core::error::Violation;

use super::words;
use crate::answer::{self, JSON};
use crate::facts::RequestFacts;
use crate::fault::{Fault, TOO_SLOW};
use crate::report::report;

/// Why a handler has no other answer.
#[derive(Debug)]
pub(super) enum ProbelyError {
    /// A use-case said no.
    Core(Error),
    /// Nobody is known to be asking, for this reason.
    Unauthenticated(&'static str),
    /// A plain sentence under `detail`.
    Detail(StatusCode, String),
    /// A sentence about the request as a whole.
    Whole(String),
    /// Sentences by field.
    Fields(Value),
    /// These ids name nothing.
    UnknownIds(Vec<String>),
    /// The answer is there already.
    Answered(Box<Response>),
}

impl From<Error> for ProbelyError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl IntoResponse for ProbelyError {
    fn into_response(self) -> Response {
        match self {
            Self::Core(error) => render(&error),
            Self::Unauthenticated(reason) => unauthenticated(reason),
            Self::Detail(status, sentence) => detail(status, &sentence),
            Self::Whole(sentence) => whole(&sentence),
            Self::Fields(fields) => answer::json(StatusCode::BAD_REQUEST, JSON, &fields),
            Self::UnknownIds(ids) => {
                let body = json!({
                    "detail": "Not Found",
                    "is_id_404_validation": true,
                    "invalid_ids": ids,
                });
                answer::json(StatusCode::NOT_FOUND, JSON, &body)
            }
            Self::Answered(response) => *response,
        }
    }
}

/// The answer to an error of a use-case.
fn render(error: &Error) -> Response {
    report(error);
    match error {
        Error::Unauthenticated => unauthenticated(words::INCORRECT),
        Error::Throttled { seconds } => {
            let sentence =
                format!("Request was throttled. Expected available in {seconds} seconds.");
            retry(StatusCode::TOO_MANY_REQUESTS, &sentence, *seconds)
        }
        Error::Forbidden(_) => detail(StatusCode::FORBIDDEN, words::FORBIDDEN),
        Error::NotFound(_) | Error::Hidden(_) => detail(StatusCode::NOT_FOUND, words::NOT_FOUND),
        Error::Invalid(violations) => {
            answer::json(StatusCode::BAD_REQUEST, JSON, &by_field(violations))
        }
        Error::Conflict(conflict) => whole(&words::conflict(conflict)),
        Error::TooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, Fault::TooLarge.sentence()),
        Error::TooSlow => whole(TOO_SLOW),
        Error::Unavailable(_) | Error::StorageFull(_) => {
            let fault = Fault::Unavailable { retry_after: 1 };
            retry(fault.status(), fault.sentence(), 1)
        }
        Error::Internal(_) => detail(StatusCode::INTERNAL_SERVER_ERROR, words::UNEXPECTED),
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault, facts: &RequestFacts) -> Response {
    let sentence = match fault {
        Fault::UnknownPath => words::NOT_FOUND.to_owned(),
        Fault::WrongMethod { .. } => format!("Method \"{}\" not allowed.", facts.method),
        Fault::Panic => words::UNEXPECTED.to_owned(),
        other => other.sentence().to_owned(),
    };
    detail(fault.status(), &sentence)
}

/// All sentences of a field under its name, in the order in which they were found.
fn by_field(violations: &[Violation]) -> Value {
    let mut root = Told::default();
    for (member, inner, sentence) in violations.iter().map(words::violation) {
        let mut at = root.inside(member);
        for name in inner.split('.').filter(|name| !name.is_empty()) {
            at = at.inside(name);
        }
        at.sentences.push(sentence);
    }
    root.document()
}

/// What is told of a field, and of the fields inside it, in the form of the input.
#[derive(Default)]
struct Told {
    sentences: Vec<String>,
    inner: Vec<(String, Self)>,
}

impl Told {
    fn inside(&mut self, name: &str) -> &mut Self {
        let known = self.inner.iter().position(|(known, _)| known == name);
        let index = known.unwrap_or_else(|| {
            self.inner.push((name.to_owned(), Self::default()));
            self.inner.len() - 1
        });
        &mut self.inner[index].1
    }

    fn document(self) -> Value {
        if self.inner.is_empty() {
            return json!(self.sentences);
        }
        let places: Option<Vec<usize>> =
            self.inner.iter().map(|(name, _)| name.parse().ok()).collect();
        let Some(places) = places else {
            let mut fields: Map<String, Value> =
                self.inner.into_iter().map(|(name, told)| (name, told.document())).collect();
            if !self.sentences.is_empty() {
                fields.insert("non_field_errors".to_owned(), json!(self.sentences));
            }
            return Value::Object(fields);
        };
        // Elements of a list are told by position, those without fault as nothing.
        let last = places.iter().copied().max().unwrap_or_default();
        let mut items = vec![json!({}); last + 1];
        for (place, (_, told)) in places.into_iter().zip(self.inner) {
            items[place] = told.document();
        }
        items.into()
    }
}

fn whole(sentence: &str) -> Response {
    answer::json(StatusCode::BAD_REQUEST, JSON, &json!({"non_field_errors": [sentence]}))
}

fn detail(status: StatusCode, sentence: &str) -> Response {
    answer::json(status, JSON, &json!({"detail": sentence}))
}

fn unauthenticated(reason: &str) -> Response {
    let mut response = detail(StatusCode::UNAUTHORIZED, reason);
    let challenge = HeaderValue::from_static("JWT realm=\"api\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn retry(status: StatusCode, sentence: &str, seconds: u32) -> Response {
    let mut response = detail(status, sentence);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
