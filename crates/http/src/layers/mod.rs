//! What every request passes, whoever owns its path.

mod address;
mod host;
mod observe;
mod path;
mod request_id;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::facts::{Facts, RequestFacts};
use crate::fault::Fault;
use crate::owner::Owner;
use crate::state::{AppState, Entrance};

pub use observe::{DURATION, DURATION_BUCKETS, REQUESTS};

/// The one layer around all handlers: it finds the facts, admits or refuses the request, catches a panic,
/// completes the answer and counts it.
pub(crate) async fn envelope(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let facts: Facts = Arc::new(facts(&state, &request));
    let span = observe::span(&facts);
    let mut response = answer(&state, &facts, request, next).instrument(span.clone()).await;
    complete(&state, &facts, &mut response);
    span.in_scope(|| observe::record(&facts, response.status()));
    response
}

async fn answer(state: &AppState, facts: &Facts, request: Request, next: Next) -> Response {
    let shown = facts.owner.token_to_name(request.headers());
    let response = handle(state, facts, request, next).await;
    if let Some(token) = shown
        && facts.user_guid.get().is_none()
        && !is_asked(response.status())
        && let Ok(_permit) = state.gate.try_acquire()
    {
        facts.owner.name_caller(&state.room, facts, token).await;
    }
    response
}

/// Whether an answer of this status came of looking at who asks, or of having no time to.
fn is_asked(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::MISDIRECTED_REQUEST)
        || status.is_server_error()
}

async fn handle(state: &AppState, facts: &Facts, mut request: Request, next: Next) -> Response {
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
        client_request_id: match owner {
            Owner::CloudFoundry | Owner::Uaa => request_id::from_gateway(request.headers()),
            _ => request_id::from_client(request.headers()),
        },
        user_guid: OnceLock::new(),
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
fn complete(state: &AppState, facts: &RequestFacts, response: &mut Response) {
    facts.owner.decorate(state, facts, response);
    let headers: &mut HeaderMap = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Seconds after which a request that found no room may come again.
const RETRY_AFTER: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use secrecy::SecretString;
    use strongroom_core::clock::Clock;
    use strongroom_service::{KeyLocation, OpenOptions, StoreLocation, Strongroom, Tuning};
    use tower::ServiceExt;

    use crate::state::HttpSettings;

    async fn state(folder: &std::path::Path, max_requests: usize) -> AppState {
        let options = OpenOptions {
            location: StoreLocation::Sqlite(folder.join("strongroom.db")),
            key: KeyLocation { path: folder.join("root.key"), may_create: true },
            admin_password: Some(SecretString::from("correct horse battery staple")),
            initial_password_file: None,
            audit_file: None,
            issuer: "http://localhost".to_owned(),
            clock: Clock::system(),
            tuning: Tuning::default(),
        };
        AppState {
            room: Strongroom::open(options).await.unwrap().room,
            settings: Arc::new(HttpSettings::default()),
            entrance: Entrance::Network,
            endpoints: Arc::default(),
            gate: Arc::new(tokio::sync::Semaphore::new(max_requests)),
        }
    }

    async fn answer_of(router: &Router, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_answered_by_the_owner_of_the_path_and_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path(), 1).await;
        let broken = get(async || -> StatusCode { panic!("of no use to a client") });
        let router = Router::new()
            .route("/{*path}", broken)
            .layer(axum::middleware::from_fn_with_state(state.clone(), envelope));
        for (path, content_type) in [
            ("/api/v2/x/", "application/json"),
            ("/credentials/", "application/json"),
            ("/v3/x", "application/json; charset=utf-8"),
            ("/v1/x", "application/problem+json"),
            ("/strongroom/v1/x", "application/problem+json"),
            ("/x", "application/json"),
        ] {
            let response = answer_of(&router, path).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert_eq!(response.headers()["content-type"], content_type, "{path}");
            assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
            let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
            assert!(!String::from_utf8_lossy(&body.to_bytes()).contains("of no use"), "{path}");
        }
        assert_eq!(state.gate.available_permits(), 1);
    }

    #[tokio::test]
    async fn no_more_requests_are_worked_on_than_there_are_permits() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path(), 1).await;
        let (begun, wait_until_begun) = tokio::sync::oneshot::channel();
        let (finish, wait_until_finished) = tokio::sync::oneshot::channel();
        let once = std::sync::Mutex::new(Some((begun, wait_until_finished)));
        let once = Arc::new(once);
        let handler = get(async move || {
            let taken = once.lock().unwrap().take();
            if let Some((begun, finished)) = taken {
                begun.send(()).unwrap();
                finished.await.unwrap();
            }
            StatusCode::NO_CONTENT
        });
        let router = Router::new()
            .route("/{*path}", handler)
            .layer(axum::middleware::from_fn_with_state(state.clone(), envelope));
        let first = tokio::spawn({
            let router = router.clone();
            async move { answer_of(&router, "/x").await.status() }
        });
        wait_until_begun.await.unwrap();
        let second = answer_of(&router, "/x").await;
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(second.headers()["retry-after"], "1");
        assert_eq!(answer_of(&router, "/healthz").await.status(), StatusCode::NO_CONTENT);
        finish.send(()).unwrap();
        assert_eq!(first.await.unwrap(), StatusCode::NO_CONTENT);
        assert_eq!(answer_of(&router, "/x").await.status(), StatusCode::NO_CONTENT);
    }
}
