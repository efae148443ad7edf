//! From a request to an answer: what is acceptable, who asks, what he sends, and the headers that all answers have.

use std::future::Future;
use std::pin::Pin;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use secrecy::SecretString;
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
use super::routes::{Entry, PRODUCT_NAME, View};
use super::session;
use crate::base::base_of;
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
    /// A handler that everybody reaches, which reads headers and body itself.
    Open(fn(Visit) -> Answer),
    /// The description of the view.
    Options,
}

/// The outcome of a handler, to be awaited.
pub(super) type Answer = Pin<Box<dyn Future<Output = Outcome<Response>> + Send>>;

/// A request to a view that everybody reaches.
pub(super) struct Visit {
    /// The use-cases and the settings.
    pub(super) state: AppState,
    /// What is known of the request.
    pub(super) facts: Facts,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its query.
    pub(super) query: Query,
    /// Scheme and host of this server as the client knows it.
    pub(super) base: String,
    /// The request itself, until its body is read.
    pub(super) request: Option<Request>,
}

/// Who asks, once he is let in.
struct Admitted {
    actor: Actor,
    /// His session, when its cookie must be set anew.
    kept: Option<SecretString>,
}

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
    let lacks_csrf = view.offers_csrf.then(|| request.headers().clone());
    if let Action::Open(handler) = action {
        let base = base_of(request.uri(), request.headers(), &state);
        let visit = Visit {
            state: state.clone(),
            facts: facts.clone(),
            headers: request.headers().clone(),
            query,
            base,
            request: Some(request),
        };
        let outcome = handler(visit).await;
        return finished(view, &state, &facts, false, outcome);
    }
    let (caller, acceptable) =
        admit(view, &state, &facts, request.headers(), request.uri(), &query).await;
    let is_known = matches!(caller, Ok(Some(_)));
    let mut kept = None;
    let outcome = match acceptable.and(caller) {
        Ok(caller) => {
            let actor = caller.map(|caller| {
                kept = caller.kept;
                caller.actor
            });
            let asked = Asked { view, action, state: &state, facts: &facts, segments, query };
            asked.answer(actor, request).await
        }
        Err(error) => Err(error),
    };
    let mut response = finished(view, &state, &facts, is_known, outcome);
    if let Some(session_text) = kept {
        session::keep(&mut response, &session_text, &state);
    }
    if let Some(headers) = lacks_csrf {
        session::offer_csrf(&headers, &mut response, &state);
    }
    response
}

/// Answers a request to a view by a method that it does not have, once whoever asks has proved who he is.
pub(crate) async fn refuse(
    state: AppState,
    facts: Facts,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let wrong = Fault::WrongMethod { allow: String::new() };
    let Some(view) = super::routes::view(facts.template()) else {
        return fault(&wrong, &facts);
    };
    let query = Query::parse(facts.query.as_deref().unwrap_or_default());
    let (caller, acceptable) = admit(view, &state, &facts, &headers, &uri, &query).await;
    let is_known = matches!(caller, Ok(Some(_)));
    let outcome = acceptable.and(caller).map(|_| fault(&wrong, &facts));
    finished(view, &state, &facts, is_known, outcome)
}

/// Who asks, and whether he takes an answer that there is.
async fn admit(
    view: &View,
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
    uri: &Uri,
    query: &Query,
) -> (Outcome<Option<Admitted>>, Outcome<()>) {
    let acceptable = negotiate(headers, query.get("format"));
    (caller(view, state, facts, headers, uri).await, acceptable)
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
pub(crate) fn decorate(node: &str, facts: &RequestFacts, response: &mut Response) {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    // An error of an endpoint that came about before its view was asked.
    if is_error && facts.endpoint.is_some() && !headers.contains_key(NODE) {
        headers.insert(PRODUCT_NAME, HeaderValue::from_static("AWX"));
        set(headers, NODE, node);
        set(headers, TIME, &elapsed(facts));
    }
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
            (Action::Open(_), _) | (_, None) => Err(Error::Unauthenticated.into()),
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
    uri: &Uri,
) -> Outcome<Option<Admitted>> {
    let header = presented(headers, &["Bearer"]);
    let session = session::presented(headers);
    let is_greeted = match view.entry {
        Entry::Open => return Ok(None),
        Entry::Greeted if matches!(header, Presented::Nothing) && session.is_none() => {
            return Ok(None);
        }
        Entry::Greeted => true,
        Entry::Known => false,
    };
    match proved(state, facts, headers, uri, header, session).await {
        Ok(admitted) => Ok(Some(admitted)),
        // What everybody may see is shown to whoever fails to prove who he is, too.
        Err(AwxError::Core(Error::Unauthenticated)) if is_greeted => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who asks: of several proofs a token goes before a session, and a session before a password.
async fn proved(
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
    uri: &Uri,
    header: Presented,
    session: Option<SecretString>,
) -> Outcome<Admitted> {
    let room = &state.room;
    let origin = || facts.origin(Dialect::Awx);
    let plain = |actor| Admitted { actor, kept: None };
    let Some(session) = session else {
        return Ok(plain(room.authenticate(Door::Awx, header, origin()).await?));
    };
    let password = match header {
        bearer @ Presented::Bearer(_) => {
            match room.authenticate(Door::Awx, bearer, origin()).await {
                Err(Error::Unauthenticated) => Presented::Nothing,
                outcome => return Ok(plain(outcome?)),
            }
        }
        other => other,
    };
    match room.authenticate(Door::Awx, Presented::Session(session.clone()), origin()).await {
        Ok(actor) => {
            if !facts.method.is_safe() {
                session::check_csrf(headers, &base_of(uri, headers, state), None)?;
            }
            let kept = room.prolong_session(&actor).await?;
            Ok(Admitted { actor, kept: kept.then_some(session) })
        }
        Err(Error::Unauthenticated) if matches!(password, Presented::Basic { .. }) => {
            Ok(plain(room.authenticate(Door::Awx, password, origin()).await?))
        }
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
