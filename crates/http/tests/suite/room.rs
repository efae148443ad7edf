//! A room with a store of its own, and requests to it as a client sends them.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::clock::Clock;
use strongroom_http::{HttpSettings, host_router, router};
use strongroom_service::{KeyLocation, OpenOptions, Strongroom, Tuning};
use tower::ServiceExt;

use crate::database::{Database, StoreKind};

/// Runs each case on both stores.
macro_rules! on_both_stores {
    ($($(#[$about:meta])* async fn $name:ident($room:ident: Room $(,)?) $body:block)*) => {$(
        $(#[$about])*
        mod $name {
            use super::*;

            async fn case($room: crate::room::Room) $body

            async fn on(kind: crate::database::StoreKind) {
                case(crate::room::Room::on(kind, Default::default()).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                on(crate::database::StoreKind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                on(crate::database::StoreKind::Postgres).await;
            }
        }
    )*};
}
pub(crate) use on_both_stores;

/// The password of every user of a test.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A room with a store of its own, user `admin` and organization 1.
pub(crate) struct Room {
    /// What the network is served.
    pub(crate) network: Router,
    /// What the host is served.
    pub(crate) host: Router,
    /// What its rows are in.
    pub(crate) database: Database,
    /// Its time, which stands still.
    pub(crate) clock: Clock,
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Caller {
    router: Router,
    authorization: Option<String>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Room {
    /// A room with the usual settings.
    pub(crate) async fn new() -> Self {
        Self::with(HttpSettings::default()).await
    }

    /// A room with settings of its own.
    pub(crate) async fn with(settings: HttpSettings) -> Self {
        Self::on(StoreKind::Sqlite, settings).await
    }

    /// A room whose rows are in that kind of store.
    pub(crate) async fn on(kind: StoreKind, settings: HttpSettings) -> Self {
        Self::tuned(kind, settings, Tuning::default()).await
    }

    /// A room whose store behaves like this.
    pub(crate) async fn tuned(kind: StoreKind, settings: HttpSettings, tuning: Tuning) -> Self {
        let database = Database::new(kind).await;
        let clock = Clock::fixed(1_767_225_600_000_000);
        let options = OpenOptions {
            location: database.location(),
            key: KeyLocation { path: database.key_file(), may_create: true },
            admin_password: Some(SecretString::from(PASSWORD)),
            initial_password_file: None,
            audit_file: None,
            issuer: "http://localhost".to_owned(),
            clock: clock.clone(),
            tuning,
        };
        let room = Strongroom::open(options).await.unwrap().room;
        Self {
            network: router(room.clone(), settings.clone()),
            host: host_router(room, settings),
            database,
            clock,
        }
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, seconds: i64) {
        let Clock::Fixed(now) = &self.clock else { unreachable!("the clock is fixed") };
        now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Nobody in particular.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller { router: self.network.clone(), authorization: None }
    }

    /// Whoever works on the host.
    pub(crate) fn on_host(&self) -> Caller {
        Caller { router: self.host.clone(), authorization: None }
    }

    /// Somebody who sends a user name and password each time.
    pub(crate) fn by_password(&self, username: &str) -> Caller {
        let pair = STANDARD.encode(format!("{username}:{PASSWORD}"));
        Caller { authorization: Some(format!("Basic {pair}")), ..self.anonymous() }
    }

    /// Somebody who sends a token each time.
    pub(crate) fn by_token(&self, token: &str) -> Caller {
        Caller { authorization: Some(format!("Bearer {token}")), ..self.anonymous() }
    }

    /// The first user, with a native token that opens AWX too.
    pub(crate) async fn admin(&self) -> Caller {
        self.with_token("admin").await
    }

    /// A new person, with a native token that opens AWX too.
    pub(crate) async fn user(&self, username: &str) -> Caller {
        let body = json!({"username": username, "password": PASSWORD});
        self.on_host().post("/strongroom/v1/host/users", &body).await.is(201);
        self.with_token(username).await
    }

    /// A user who is there already, with another native token that opens AWX too.
    pub(crate) async fn with_token_of(&self, username: &str) -> Caller {
        self.with_token(username).await
    }

    async fn with_token(&self, username: &str) -> Caller {
        let body = json!({"user": username, "name": "test", "kind": "native", "dialects": ["awx"]});
        let issued = self.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
        self.by_token(issued["token"].as_str().unwrap())
    }
}

impl Caller {
    /// Somebody who sends this header each time, or nothing.
    pub(crate) fn new(router: Router, authorization: Option<String>) -> Self {
        Self { router, authorization }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.bare(Method::GET, path).await
    }

    /// What was refused, in the log that the caller reads, once it is so many: refusals are written a little later than
    /// they are told.
    pub(crate) async fn refusals(&self, count: usize) -> Vec<Value> {
        for _ in 0..500 {
            let log = self.get("/strongroom/v1/audit?limit=200").await.is(200);
            let items = log["items"].as_array().unwrap().iter();
            let refused: Vec<Value> =
                items.filter(|entry| entry["outcome"] == "refused").cloned().collect();
            if count <= refused.len() {
                return refused;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("fewer than {count} refusals are in the log");
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.bare(Method::DELETE, path).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::PATCH, path, body).await
    }

    /// A request without a body.
    pub(crate) async fn bare(&self, method: Method, path: &str) -> Reply {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    /// A request with a JSON body.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Any request; `Host`, the peer's address and who is asking are added where they are missing.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Reply {
        request.headers_mut().entry(HOST).or_insert("localhost".parse().unwrap());
        if let Some(authorization) = &self.authorization {
            request.headers_mut().entry(AUTHORIZATION).or_insert(authorization.parse().unwrap());
        }
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

impl Reply {
    /// The body as JSON, of an answer that must have this status; null when there is no body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap()
    }

    /// The answer must have this status, whatever its body is.
    #[track_caller]
    pub(crate) fn status_is(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
    }

    /// A header, empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}
