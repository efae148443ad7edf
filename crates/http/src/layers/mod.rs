//! What every request passes, whoever owns its path.

mod address;
mod host;
mod observe;
mod path;
mod request_id;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::facts::{Facts, RequestFacts};
use crate::fault::Fault;
use crate::owner::Owner;
use crate::state::{AppState, Entrance};

pub use observe::{DURATION, DURATION_BUCKETS, REQUESTS};

/// The one layer around all handlers: it finds the facts, admits or refuses the request, catches a panic,
/// completes the answer and counts it.
pub(crate) async fn envelope(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let facts: Facts = Arc::new(facts(&state, &request));
    let span = observe::span(&facts);
    let mut response = answer(&state, &facts, request, next).instrument(span.clone()).await;
    complete(&facts, &mut response);
    span.in_scope(|| observe::record(&facts, response.status()));
    response
}

async fn answer(state: &AppState, facts: &Facts, mut request: Request, next: Next) -> Response {
    let _permit = match admit(state, facts, &request) {
        Ok(permit) => permit,
        Err(fault) => return facts.owner.fault(&fault, facts),
    };
    request.extensions_mut().insert(Arc::clone(facts));
    // Handlers share nothing that a panic could leave half changed: what they change is in the store.
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        facts.owner.fault(&Fault::Panic, facts)
    })
}

/// Lets the request in, or says why not. The permit is given back with the answer.
fn admit(
    state: &AppState,
    facts: &RequestFacts,
    request: &Request,
) -> Result<Option<OwnedSemaphorePermit>, Fault> {
    if facts.request_id.is_empty() {
        return Err(Fault::Unavailable { retry_after: RETRY_AFTER });
    }
    if !path::is_canonical(&facts.path, facts.owner.takes_encoded_slash()) {
        return Err(Fault::UnknownPath);
    }
    if state.entrance == Entrance::Network {
        host::check(request, state.settings.public_url.is_some())?;
    }
    let length = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    if facts.owner.body_limit() < length {
        return Err(Fault::TooLarge);
    }
    if facts.path == crate::probe::LIVENESS {
        return Ok(None);
    }
    match Arc::clone(&state.gate).try_acquire_owned() {
        Ok(permit) => Ok(Some(permit)),
        Err(_) => Err(Fault::Unavailable { retry_after: RETRY_AFTER }),
    }
}

fn facts(state: &AppState, request: &Request) -> RequestFacts {
    let path = request.uri().path();
    let owner = Owner::of(path);
    let matched = request.extensions().get::<MatchedPath>();
    let endpoint = matched.and_then(|matched| state.endpoints.get(matched.as_str())).cloned();
    let (source, is_loopback) = match state.entrance {
        Entrance::Host => ("local".to_owned(), true),
        Entrance::Network => client(state, request),
    };
    RequestFacts {
        owner,
        method: request.method().clone(),
        path: path.to_owned(),
        query: request.uri().query().map(str::to_owned),
        endpoint,
        // Without randomness the id stays empty, and an empty one is not admitted.
        request_id: strongroom_seal::random::request_id().unwrap_or_default(),
        client_request_id: request_id::from_client(request.headers()),
        source,
        is_loopback,
        started: Instant::now(),
    }
}

/// The client's address as text, and whether it is this machine.
fn client(state: &AppState, request: &Request) -> (String, bool) {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else {
        return ("unknown".to_owned(), false);
    };
    let peer = peer.ip().to_canonical();
    let client = address::client(peer, request.headers(), &state.settings.trusted_proxies);
    (client.to_string(), peer.is_loopback() && !address::is_forwarded(request.headers()))
}

/// Adds what every answer carries.
fn complete(facts: &RequestFacts, response: &mut Response) {
    facts.owner.decorate(facts, response);
    let headers: &mut HeaderMap = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Seconds after which a request that found no room may come again.
const RETRY_AFTER: u32 = 1;
