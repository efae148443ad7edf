//! From a request to an answer: what is acceptable, who asks, what he sends, and the headers that all answers have.

use std::future::Future;
use std::pin::Pin;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_service::{Actor, Presented};

use super::VERSION;
use super::call::{self, BodyFault, Call};
use super::error::{AwxError, Outcome, fault};
use super::negotiate::negotiate;
use super::options::{self, Shape};
use super::query::Query;
use super::read::Body;
use super::routes::{Entry, View};
use crate::facts::{Facts, RequestFacts};
use crate::fault::Fault;
use crate::presented::presented;
use crate::state::AppState;

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// A document that is the same for everybody.
    Document(fn(&AppState) -> Response),
    /// A handler.
    Handler(fn(Call) -> Answer),
    /// The description of the view.
    Options,
}

/// The outcome of a handler, to be awaited.
pub(super) type Answer = Pin<Box<dyn Future<Output = Outcome<Response>> + Send>>;

/// The variable segments of a path, if they can be read.
pub(super) type Segments = Result<RawPathParams, RawPathParamsRejection>;

/// Answers a request to a view.
pub(super) async fn serve(
    view: &'static View,
    action: Action,
    state: AppState,
    facts: Facts,
    segments: Segments,
    request: Request,
) -> Response {
    let query = Query::parse(facts.query.as_deref().unwrap_or_default());
    let (is_known, caller) = admit(view, &state, &facts, request.headers(), &query).await;
    let outcome = match caller {
        Ok(caller) => {
            let asked = Asked { view, action, state: &state, facts: &facts, segments, query };
            asked.answer(caller, request).await
        }
        Err(error) => Err(error),
    };
    finished(view, &state, &facts, is_known, outcome)
}

/// Answers a request to a view by a method that it does not have, once whoever asks has proved who he is.
pub(crate) async fn refuse(state: AppState, facts: Facts, headers: HeaderMap) -> Response {
    let wrong = Fault::WrongMethod { allow: String::new() };
    let Some(view) = super::routes::view(facts.template()) else {
        return fault(&wrong, &facts);
    };
    let query = Query::parse(facts.query.as_deref().unwrap_or_default());
    let (is_known, caller) = admit(view, &state, &facts, &headers, &query).await;
    let outcome = caller.map(|_| fault(&wrong, &facts));
    finished(view, &state, &facts, is_known, outcome)
}

/// Who asks, unless he takes no answer that there is; and whether that is known all the same.
async fn admit(
    view: &View,
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
    query: &Query,
) -> (bool, Outcome<Option<Actor>>) {
    let acceptable = negotiate(headers, query.get("format"));
    let caller = caller(view, state, facts, headers).await;
    let is_known = matches!(caller, Ok(Some(_)));
    (is_known, acceptable.and(caller))
}

/// The answer with the headers that every view adds.
fn finished(
    view: &View,
    state: &AppState,
    facts: &RequestFacts,
    is_known: bool,
    outcome: Outcome<Response>,
) -> Response {
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    view.decorate(&mut response);
    set(response.headers_mut(), NODE, &state.settings.node);
    set(response.headers_mut(), TIME, &elapsed(facts));
    if is_known {
        set(response.headers_mut(), PRODUCT_VERSION, VERSION);
    }
    response
}

/// Adds what every answer below the root has, redirects and unknown paths included.
pub(crate) fn decorate(facts: &RequestFacts, response: &mut Response) {
    let headers = response.headers_mut();
    headers
        .entry(http::header::VARY)
        .or_insert(HeaderValue::from_static("Accept-Language, origin"));
    set(headers, http::header::CONTENT_LANGUAGE, "en");
    set(headers, REQUEST_ID, facts.client_request_id.as_ref().unwrap_or(&facts.request_id));
    set(headers, TOTAL_TIME, &elapsed(facts));
}

/// A request whose caller is known, or need not be.
struct Asked<'a> {
    view: &'static View,
    action: Action,
    state: &'a AppState,
    facts: &'a Facts,
    segments: Segments,
    query: Query,
}

impl Asked<'_> {
    async fn answer(self, caller: Option<Actor>, request: Request) -> Outcome<Response> {
        match (self.action, caller) {
            (Action::Document(document), _) => Ok(document(self.state)),
            (Action::Options, _) if matches!(self.view.shape, Shape::Bare) => {
                Ok(options::bare(self.view))
            }
            (_, None) => Err(Error::Unauthenticated.into()),
            (Action::Options, Some(actor)) => {
                let view = self.view;
                options::describe(self.call(actor, Body::new(), None)?, view).await
            }
            (Action::Handler(handler), Some(actor)) => {
                if !self.facts.method.is_safe() {
                    actor.require_write()?;
                }
                let if_match = joined(request.headers(), &http::header::IF_MATCH);
                let body = match body(&self.facts.method, request).await {
                    Ok(body) => body,
                    Err(BodyFault::Answered(response)) => return Ok(response),
                    Err(BodyFault::Worded(error)) => return Err(error),
                };
                let call = self.call(actor, body, if_match)?;
                let is_by_name = call.is_by_name();
                let outcome = handler(call).await;
                if is_by_name { outcome.map_err(AwxError::named_in_path) } else { outcome }
            }
        }
    }

    fn call(self, actor: Actor, body: Body, if_match: Option<String>) -> Outcome<Call> {
        let segments = self.segments.map_err(|_| AwxError::UnknownPath)?;
        let slash = if self.facts.path.ends_with('/') { "" } else { "/" };
        Ok(Call {
            room: self.state.room.clone(),
            actor,
            path: format!("{}{slash}", self.facts.path),
            node: self.state.settings.node.clone(),
            segment: call::segment(&segments),
            query: self.query,
            body,
            if_match,
        })
    }
}

/// The values of a header as one list, if it is there; what is no text becomes an element that nothing equals.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The members of a body, for the methods that have one.
async fn body(method: &Method, request: Request) -> Result<Body, BodyFault> {
    if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        return call::members(request).await;
    }
    Ok(Body::new())
}

/// Who asks, as far as the view wants to know.
async fn caller(
    view: &View,
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
) -> Outcome<Option<Actor>> {
    let presented = presented(headers, &["Bearer"]);
    let is_greeted = match view.entry {
        Entry::Open => return Ok(None),
        Entry::Greeted if matches!(presented, Presented::Nothing) => return Ok(None),
        Entry::Greeted => true,
        Entry::Known => false,
    };
    match state.room.authenticate(Door::Awx, presented, facts.origin(Dialect::Awx)).await {
        Ok(actor) => Ok(Some(actor)),
        // What everybody may see is shown to whoever fails to prove who he is, too.
        Err(Error::Unauthenticated) if is_greeted => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn elapsed(facts: &RequestFacts) -> String {
    format!("{:.3}s", facts.started.elapsed().as_secs_f64())
}

/// Sets a header; a value that cannot stand in one is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

const NODE: HeaderName = HeaderName::from_static("x-api-node");
const TIME: HeaderName = HeaderName::from_static("x-api-time");
const TOTAL_TIME: HeaderName = HeaderName::from_static("x-api-total-time");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-api-request-id");
const PRODUCT_VERSION: HeaderName = HeaderName::from_static("x-api-product-version");
