//! The documents by which clients find the rest, and what every answer carries.

use std::fmt::Write as _;

use axum::body::Body;
use http::{Method, Request};
use strongroom_http::HttpSettings;

use super::{NOBODY, Site, log_in, shown};
use crate::room::Room;

#[tokio::test]
async fn everything_is_found_from_the_root_without_a_token() {
    let room = Room::new().await;
    let anyone = room.anonymous();
    let mut told = String::new();
    for path in
        ["/", "/v3", "/v3/info", "/uaa/login", "/uaa/info", "/uaa/.well-known/openid-configuration"]
    {
        let document = shown(&anyone.get(path).await.is(200));
        let _ = writeln!(told, "{path}\n{document}");
        let head = anyone.bare(Method::HEAD, path).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    insta::assert_snapshot!(told);
    assert_eq!(anyone.get("/").await.header("vary"), "Accept");
}

#[tokio::test]
async fn links_begin_with_the_public_url_but_the_issuer_stays() {
    let settings = HttpSettings {
        public_url: Some("https://rooms.example.com/".parse().unwrap()),
        ..HttpSettings::default()
    };
    let room = Room::with(settings).await;
    let request = || Request::get("/").header("host", "anything.example.com");
    let root = room.anonymous().send(request().body(Body::empty()).unwrap()).await.is(200);
    assert_eq!(root["links"]["self"]["href"], "https://rooms.example.com");
    assert_eq!(root["links"]["uaa"]["href"], "https://rooms.example.com/uaa");
    assert_eq!(root["links"]["cloud_controller_v3"]["href"], "https://rooms.example.com/v3");
    let found = room.anonymous().get("/uaa/.well-known/openid-configuration").await.is(200);
    assert_eq!(found["issuer"], "http://localhost/uaa/oauth/token");
    assert_eq!(found["token_endpoint"], "https://rooms.example.com/uaa/oauth/token");
    let encrypted = Room::with(HttpSettings { tls: true, ..HttpSettings::default() }).await;
    let root = encrypted.anonymous().get("/").await.is(200);
    assert_eq!(root["links"]["self"]["href"], "https://localhost");
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_says_who_asked() {
    let site = Site::new(Room::new().await).await;
    let admin = log_in(&site.room, "admin").await;
    let me = admin.get("/v3/users?usernames=admin").await.is(200);
    for path in ["/v3/organizations", "/v3/organizations?page=0", "/v3/spaces/x"] {
        let reply = admin.get(path).await;
        assert_eq!(reply.header("x-user-guid"), me["resources"][0]["guid"], "{path}");
        assert_eq!(reply.header("x-vcap-request-id").len(), 36);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    for (header, sent, begins) in
        [("x-vcap-request-id", "gate-1;<b>", "gate-1b::"), ("x-request-id", "a_b", "a_b::")]
    {
        for path in ["/v3/nowhere", "/v3/organizations", "/uaa/login", "/"] {
            let request = Request::get(path).header(header, sent).body(Body::empty()).unwrap();
            let reply = site.room.anonymous().send(request).await;
            let id = reply.header("x-vcap-request-id");
            assert!(id.starts_with(begins) && id.len() == begins.len() + 36, "{path} {id}");
            assert_eq!(reply.header("x-user-guid"), "");
        }
    }
    let missing = admin.get(&format!("/v3/jobs/{NOBODY}")).await;
    assert_eq!(missing.status, 404);
}
