//! Requests that no handler answers, at the door of every owner.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, Method, Request};
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::json;
use strongroom_http::{HttpSettings, Owner, route_table};

use super::room::{Reply, Room};

/// A path of each owner that no route has.
const UNKNOWN: [(Owner, &str); 9] = [
    (Owner::Awx, "/api/v2/nowhere/"),
    (Owner::Probely, "/credentials/nowhere/else/at/all/"),
    (Owner::CloudFoundry, "/v3/nowhere"),
    (Owner::Uaa, "/uaa/nowhere"),
    (Owner::AppCatalog, "/v1/nowhere"),
    (Owner::RegistryToken, "/token/nowhere"),
    (Owner::Native, "/strongroom/v1/nowhere"),
    (Owner::Page, "/ui/nowhere"),
    (Owner::Nobody, "/nowhere"),
];

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

/// Status, the headers that say something and the body, as a line to compare.
fn line(label: &str, reply: &Reply) -> String {
    let headers: Vec<String> =
        ["content-type", "allow", "location", "retry-after", "www-authenticate"]
            .into_iter()
            .filter(|name| !reply.header(name).is_empty())
            .map(|name| format!("{name}: {}", reply.header(name)))
            .collect();
    format!("{label}: {} [{}] {}", reply.status, headers.join("; "), reply.text)
}

/// What every answer carries, whoever words it.
#[track_caller]
fn carries_the_common_headers(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), "no-store", "{}", reply.text);
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    let id = match reply.header("x-request-id") {
        "" => reply.header("x-api-request-id"),
        id => id,
    };
    assert_eq!(id.len(), 32, "{:?}", reply.headers);
}

#[tokio::test]
async fn every_owner_answers_its_own_unknown_paths() {
    let room = Room::new().await;
    let mut lines = Vec::new();
    for (owner, path) in UNKNOWN {
        for method in ["GET", "POST", "TRACE", "BREW"] {
            let reply =
                room.anonymous().send(request(method, path).body(Body::empty()).unwrap()).await;
            carries_the_common_headers(&reply);
            lines.push(line(&format!("{owner:?} {method}"), &reply));
        }
        let head = room.anonymous().bare(Method::HEAD, path).await;
        assert_eq!(head.status, 404);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn every_owner_refuses_a_large_body_whether_or_not_its_length_is_told() {
    let room = Room::new().await;
    let mut lines = Vec::new();
    for (owner, path) in UNKNOWN {
        let limit = if owner == Owner::AppCatalog { 64 * 1024 } else { 1024 * 1024 };
        let told = request("POST", path).header(CONTENT_LENGTH, limit + 1);
        let reply =
            room.anonymous().send(told.body(Body::from(vec![b'1'; limit + 1])).unwrap()).await;
        assert_eq!(reply.status, 413, "{owner:?}");
        lines.push(line(&format!("{owner:?}"), &reply));
        let fits = request("POST", path).body(Body::from(vec![b'1'; limit])).unwrap();
        assert_eq!(room.anonymous().send(fits).await.status, 404, "{owner:?}");
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// A body in pieces, whose length nobody is told.
fn in_pieces(bytes: usize) -> Body {
    let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096]));
    Body::from_stream(stream::iter((0..bytes / 4096).map(move |_| piece())))
}

#[tokio::test]
async fn a_body_in_pieces_is_limited_and_read_only_for_somebody_known() {
    let room = Room::new().await;
    let admin = room.admin().await;
    for path in ["/strongroom/v1/credentials", "/api/v2/credentials/"] {
        let post = |bytes| {
            let request = request("POST", path).header(CONTENT_TYPE, "application/json");
            request.body(in_pieces(bytes)).unwrap()
        };
        assert_eq!(admin.send(post(2 * 1024 * 1024)).await.status, 413, "{path}");
        assert_eq!(admin.send(post(1024 * 1024)).await.status, 400, "{path}");
        assert_eq!(room.anonymous().send(post(2 * 1024 * 1024)).await.status, 401, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let mut lines = Vec::new();
    for path in ["/strongroom/v1/credentials", "/api/v2/credentials/"] {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let request = request("POST", path).header(CONTENT_TYPE, "application/json");
        lines.push(line(path, &admin.send(request.body(never).unwrap()).await));
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
        let request = self::request("POST", path).header(CONTENT_TYPE, "application/json");
        lines.push(line(path, &admin.send(request.body(Body::from_stream(broken)).unwrap()).await));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_told_those_that_it_has() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let rows = route_table();
    for row in &rows {
        let path = row.template.replace(['{', '}'], "");
        for method in ["PUT", "PATCH", "DELETE", "POST", "TRACE", "CONNECT", "BREW"] {
            if rows.iter().any(|other| other.template == row.template && other.method == method) {
                continue;
            }
            let reply = admin.send(request(method, &path).body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, 405, "{method} {path} {}", reply.text);
            let allowed: Vec<&str> = reply.header("allow").split(", ").collect();
            assert!(allowed.contains(&row.method), "{method} {path} {allowed:?}");
            assert!(!allowed.contains(&method), "{method} {path} {allowed:?}");
        }
    }
}

#[tokio::test]
async fn only_loopback_names_are_answered_unless_there_is_a_public_url() {
    let room = Room::new().await;
    let public = HttpSettings {
        public_url: Some("https://strongroom.example.org".parse().unwrap()),
        ..HttpSettings::default()
    };
    let public = Room::with(public).await;
    let mut lines = Vec::new();
    for (owner, path) in UNKNOWN {
        let request =
            || request("GET", path).header(HOST, "evil.example.org").body(Body::empty()).unwrap();
        lines.push(line(&format!("{owner:?}"), &room.anonymous().send(request()).await));
        assert_eq!(public.anonymous().send(request()).await.status, 404, "{owner:?}");
        let none = self::request("GET", path).header(HOST, "a b").body(Body::empty()).unwrap();
        assert_eq!(public.anonymous().send(none).await.status, 400, "{owner:?}");
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn too_many_at_once_are_sent_away_but_the_process_is_alive() {
    let room = Room::with(HttpSettings { max_requests: 0, ..HttpSettings::default() }).await;
    let mut lines = Vec::new();
    for (owner, path) in UNKNOWN {
        let reply = room.anonymous().get(path).await;
        carries_the_common_headers(&reply);
        lines.push(line(&format!("{owner:?}"), &reply));
    }
    assert_eq!(room.anonymous().get("/healthz").await.is(200), json!({"status": "ok"}));
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn the_trailing_slash_is_as_the_owner_has_it() {
    let room = Room::new().await;
    let anonymous = room.anonymous();
    assert_eq!(anonymous.get("/api/v2/ping").await.status, 200);
    assert_eq!(anonymous.bare(Method::HEAD, "/api/v2/ping").await.status, 200);
    let moved = anonymous.post("/api/v2/credentials?a=%2F&b", &json!({})).await;
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("location"), "/api/v2/credentials/?a=%2F&b");
    assert_eq!(anonymous.get("/healthz/").await.status, 404);
    assert_eq!(anonymous.get("/strongroom/v1/credentials/").await.status, 404);
}

#[tokio::test]
async fn a_path_has_one_form() {
    let room = Room::new().await;
    let admin = room.admin().await;
    admin.get("/strongroom/v1/credentials/1").await.is(200);
    for path in [
        "/strongroom/v1/credentials/1/",
        "/strongroom/v1//credentials/1",
        "/strongroom/v1/./credentials/1",
        "/strongroom/v1/x/../credentials/1",
        "/strongroom/v1/%2e%2e/v1/credentials/1",
        "/strongroom/v1/credentials%2f1",
        "/strongroom/v1/credentials/1%00",
        "/strongroom/v1/credentials/%ff",
        "/strongroom/v1/%63redentials/1",
        "/strongroom/V1/credentials/1",
        "/Strongroom/v1/credentials/1",
        "/strongroom/v1/credentials/01x",
        "/strongroom/v1/credentials/99999999999999999999999",
    ] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_probes_tell_strangers_little() {
    let settings = HttpSettings {
        metrics: Arc::new(|| "# metrics\n".to_owned()),
        metrics_token: Some(SecretString::from("metrics-token")),
        ..HttpSettings::default()
    };
    let room = Room::with(settings).await;
    let near = |path: &str, header: Option<(&str, &str)>| {
        let mut request = request("GET", path).body(Body::empty()).unwrap();
        let peer: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some((name, value)) = header {
            let name = HeaderName::try_from(name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let room = room.anonymous();
        async move { room.send(request).await }
    };
    let stranger = room.anonymous();
    assert_eq!(stranger.get("/readyz").await.is(200), json!({"status": "ok"}));
    assert_eq!(stranger.get("/metrics").await.is(401)["status"], 401);
    let token = ("authorization", "Bearer metrics-token");
    assert_eq!(room.by_token("metrics-token").get("/metrics").await.text, "# metrics\n");
    assert_eq!(room.by_token("metrics-token").get("/readyz").await.is(200)["store"], "sqlite");
    room.by_token("metrics-tokem").get("/metrics").await.is(401);
    assert_eq!(near("/metrics", None).await.text, "# metrics\n");
    assert_eq!(near("/metrics", Some(token)).await.text, "# metrics\n");
    for other in ["Bearer x", "Bearer metrics-tokem", "Basic x", "JWT x", ""] {
        let presented = Some(("authorization", other));
        assert_eq!(near("/metrics", presented).await.text, "# metrics\n", "{other:?}");
        assert_eq!(near("/readyz", presented).await.is(200)["store"], "sqlite", "{other:?}");
    }
    assert_eq!(near("/metrics", Some(("x-forwarded-for", "127.0.0.1"))).await.status, 401);
    assert_eq!(
        near("/readyz", Some(("forwarded", "for=127.0.0.1"))).await.is(200),
        json!({"status": "ok"})
    );
    stranger.post("/healthz", &json!({})).await.is(405);
}

/// Paths made of pieces that routers and proxies have read differently.
fn hostile_paths() -> impl Strategy<Value = String> {
    let pieces = [
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2f",
        "%5c",
        "%00",
        "%",
        "%zz",
        "%ff",
        "api",
        "v2",
        "v3",
        "v1",
        "strongroom",
        "credentials",
        "credentials/1",
        "users/",
        "a%2Fb",
        "\u{e9}",
        ";x=1",
        "?",
        "#",
        "*",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8)
        .prop_map(|pieces| format!("/{}", pieces.concat()))
}

#[test]
fn no_path_and_no_bytes_make_the_server_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (room, admin) = runtime.block_on(async {
        let room = Room::new().await;
        let admin = room.admin().await;
        (room, admin)
    });
    let methods =
        proptest::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]);
    let bodies = proptest::collection::vec(any::<u8>(), 0..60);
    let mut runner = proptest::test_runner::TestRunner::default();
    let outcome = runner.run(&(methods, hostile_paths(), bodies), |(method, path, body)| {
        let Ok(request) =
            request(method, &path).header(CONTENT_TYPE, "application/json").body(Body::from(body))
        else {
            return Ok(());
        };
        let reply = runtime.block_on(admin.send(request));
        prop_assert!(reply.status < 500, "{} {} {}", method, path, reply.text);
        Ok(())
    });
    drop(room);
    outcome.unwrap();
}
