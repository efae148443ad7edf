//! A fuzz target for each decoder that a client reaches, driven through the router that the server serves.
//!
//! A target takes valid examples and a dictionary, and changes them without end: whatever comes of it, the answer is
//! no error of the server, is JSON where it says so, and comes soon. The test command drives each target for
//! moments; `STRONGROOM_FUZZ_SECONDS` says for how long instead, `STRONGROOM_FUZZ_SEED` repeats a run.

mod mutate;
mod targets;

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use axum::body::Body;
use fastrand::Rng;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use serde_json::json;
use strongroom_http::HttpSettings;

use super::database::StoreKind;
use super::proof::figures;
use super::room::{Caller, Room};
use mutate::mutated;

/// One decoder and how to reach it.
pub(super) struct Target {
    /// What it decodes.
    name: &'static str,
    method: &'static str,
    path: &'static str,
    place: Place,
    /// The word before the token, or all of the header after `Basic`; empty when nothing is presented.
    scheme: &'static str,
    /// Valid examples.
    examples: &'static [&'static str],
    /// What means something in this language.
    words: &'static [&'static str],
}

/// Where the changed bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// After the question mark.
    Query,
    /// In the place of `{}` in the path.
    Segment,
    /// The body, of this media type.
    Body(&'static str),
    /// A JSON text in the place of `{}` in a JSON body.
    TextIn(&'static str),
    /// The value of this header.
    Header(&'static str),
}

macro_rules! fuzz {
    ($($name:ident: $target:ident on $kind:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            drive(&targets::$target, StoreKind::$kind).await;
        }
    )*};
}

fuzz! {
    awx_filters: AWX_FILTERS on Sqlite;
    awx_filters_on_postgres: AWX_FILTERS on Postgres;
    awx_activity_filters: AWX_ACTIVITY on Sqlite;
    awx_bodies: AWX_BODIES on Sqlite;
    awx_inputs_in_yaml: AWX_YAML on Sqlite;
    awx_names_in_paths: AWX_NAMES on Sqlite;
    awx_types: AWX_TYPES on Sqlite;
    probely_bodies: PROBELY_BODIES on Sqlite;
    probely_queries: PROBELY_QUERIES on Sqlite;
    cloud_foundry_bodies: CLOUD_FOUNDRY_BODIES on Postgres;
    cloud_foundry_queries: CLOUD_FOUNDRY_QUERIES on Postgres;
    token_forms: TOKEN_FORMS on Sqlite;
    catalog_bodies: CATALOG_BODIES on Sqlite;
    catalog_queries: CATALOG_QUERIES on Sqlite;
    native_bodies: NATIVE_BODIES on Sqlite;
    native_tokens: NATIVE_TOKENS on Sqlite;
    native_queries: NATIVE_QUERIES on Sqlite;
    native_ids: NATIVE_IDS on Sqlite;
    proofs_of_who_asks: AUTHORIZATION_HEADER on Sqlite;
}

async fn drive(target: &Target, kind: StoreKind) {
    let seed = setting("STRONGROOM_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let time = Duration::from_secs(setting("STRONGROOM_FUZZ_SECONDS").unwrap_or(1));
    println!("{}: seed {seed}", target.name);
    let mut rng = Rng::with_seed(seed);
    let room = Room::on(kind, HttpSettings::default()).await;
    let (caller, token, registry) = furnish(&room).await;
    let mut examples = target.examples.iter();
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut cases = 0_u64;
    let mut taken = 0_u64;
    while begin.elapsed() < time || cases < AT_LEAST {
        // The examples themselves come first: a target whose examples are refused tests little.
        let bytes = match examples.next() {
            Some(example) => example.as_bytes().to_vec(),
            None => mutated(&mut rng, target.examples, target.words),
        };
        cases += 1;
        let Some(request) = target.request(&bytes, &token, &registry) else { continue };
        let sent = Instant::now();
        let reply = caller.send(request).await;
        slowest = slowest.max(sent.elapsed());
        let case =
            || format!("{} with seed {seed}, case {cases}: {}", target.name, bytes.escape_ascii());
        assert!(reply.status < 500, "{}: {} {}", case(), reply.status, reply.text);
        if reply.header("content-type").contains("json") && !reply.text.is_empty() {
            let read = serde_json::from_str::<serde_json::Value>(&reply.text);
            assert!(read.is_ok(), "{}: {}", case(), reply.text);
        }
        assert!(sent.elapsed() < SLOW, "{}: {:?}", case(), sent.elapsed());
        taken += u64::from(reply.status < 400);
    }
    assert!(0 < taken, "{}: nothing was ever taken", target.name);
    figures(
        &format!("fuzz, {}", target.name),
        "whatever bytes come, no request is an error of the server or a panic",
        &json!({"cases": cases, "taken": taken, "errors": 0, "slowest_ms": slowest.as_millis(), "seed": seed}),
    );
}

/// A store with something to find in each dialect, a token that opens all of them, and a registry's id.
async fn furnish(room: &Room) -> (Caller, String, String) {
    let dialects = ["awx", "probely", "cloud_foundry", "app_catalog"];
    let body = json!({
        "user": "admin", "name": "fuzz", "kind": "native", "dialects": dialects, "organization": 1,
    });
    let issued = room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
    let token = issued["token"].as_str().unwrap().to_owned();
    let admin = room.by_token(&token);
    let inputs = json!({"username": "u", "password": "hunter2-secret"});
    let credential =
        json!({"name": "one", "organization": 1, "credential_type": 1, "inputs": inputs});
    admin.post("/api/v2/credentials/", &credential).await.is(201);
    let registry = json!({
        "name": "harbor", "organization": 1, "url": "https://harbor.example.com", "credentials_limit": 1_000_000,
    });
    let registry = admin.post("/strongroom/v1/registries", &registry).await.is(201);
    (room.anonymous(), token, registry["guid"].as_str().unwrap().to_owned())
}

impl Target {
    /// The request, unless the bytes cannot stand in one at all.
    fn request(&self, bytes: &[u8], token: &str, registry: &str) -> Option<Request<Body>> {
        let path = self.path.replace("REGISTRY", registry);
        let encoded = || percent_encode(bytes, UNSENDABLE).to_string();
        let uri = match self.place {
            Place::Query => format!("{path}?{}", encoded()),
            Place::Segment => path.replace("{}", &encoded().replace(['/', '?'], "%2F")),
            _ => path,
        };
        let mut request = Request::builder().method(self.method).uri(uri);
        let mut body = Vec::new();
        match self.place {
            Place::Body(media_type) => {
                request = request.header(CONTENT_TYPE, media_type);
                body = bytes.to_vec();
            }
            Place::TextIn(around) => {
                request = request.header(CONTENT_TYPE, "application/json");
                let text = json!(String::from_utf8_lossy(bytes)).to_string();
                body = around.replace("{}", &text).into_bytes();
            }
            Place::Header(name) => {
                let value = String::from_utf8_lossy(bytes).replace("TOKEN", token);
                request =
                    request.header(name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?);
            }
            Place::Query | Place::Segment => {}
        }
        match self.scheme {
            "" => {}
            basic if basic.starts_with("Basic ") => request = request.header(AUTHORIZATION, basic),
            scheme => request = request.header(AUTHORIZATION, format!("{scheme} {token}")),
        }
        request.body(Body::from(body)).ok()
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the test sets this")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What may not stand in a request line as it is; a percent sign may, and then means what it means.
const UNSENDABLE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|');
const AT_LEAST: u64 = 100;
/// Far more than any answer takes, on a machine that does much else.
const SLOW: Duration = Duration::from_secs(10);
