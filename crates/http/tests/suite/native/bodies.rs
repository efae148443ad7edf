//! Bodies that cannot be read, or break rules.

use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::{CREDENTIALS, machine, make};
use crate::room::Room;

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_so_without_their_content() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let deep = format!("{{\"inputs\": {}1{}}}", "[".repeat(64), "]".repeat(64));
    let bodies = [
        "",
        "[]",
        "null",
        "\"hunter2\"",
        "{\"name\": hunter2}",
        "{\"name\": \"\\ud800\"}",
        "{\"name\": 1e999}",
        "{\"name\": \"a\\u0000b\"}",
        "{\"inputs\": {\"password\": \"hunter2\\u0000\"}}",
        "{\"nmae\": \"hunter2\", \"id\": 7}",
        &deep,
    ];
    let mut lines = Vec::new();
    for body in bodies {
        let request = Request::post(CREDENTIALS).header(CONTENT_TYPE, "application/json");
        let reply = admin.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert!(!reply.text.contains("hunter2"), "{}", reply.text);
        lines.push(format!("{} {}", reply.status, reply.text));
    }
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let request = Request::post(CREDENTIALS).header(CONTENT_TYPE, media_type);
        let reply = admin.send(request.body(Body::from("{}")).unwrap()).await;
        lines.push(format!("{} {}", reply.status, reply.text));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn broken_rules_are_listed_all_at_once_in_words() {
    let room = Room::new().await;
    let admin = room.admin().await;
    make(&admin, "taken").await;
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"name": "", "type": "abc", "inputs": [], "organization": true}),
        json!({"name": 5, "description": null, "type": null, "organization": 99}),
        json!({"name": "x".repeat(513), "type": 1, "organization": 1}),
        json!({"name": "x", "type": 1, "organization": 1, "inputs": {"nope": "hunter2"}}),
        json!({"name": "x", "type": 1, "organization": 1, "inputs": {"password": ["hunter2"]}}),
        json!({"name": "x", "type": 1, "organization": 1, "inputs": {"ssh_key_data": "hunter2"}}),
        json!({"name": "x", "type": 1, "organization": 1, "inputs": {"password": "$encrypted$"}}),
        machine("taken"),
    ] {
        let reply = admin.post(CREDENTIALS, &body).await;
        assert!(!reply.text.contains("hunter2"), "{}", reply.text);
        lines.push(format!("{} {}", reply.status, reply.text));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
