//! The forms of a body, and bodies that are none.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use serde_json::{Value, json};

use super::{CREDENTIALS, Office, hidden, line, make, open};
use crate::room::{Caller, Reply, Room, on_both_stores};

async fn send(caller: &Caller, method: &str, path: &str, media_type: &str, body: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    caller.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// The members as a form in parts.
fn parts(members: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: Vec<String> = members.iter().map(part).collect();
    format!("{}--XX--\r\n", parts.concat())
}

const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=XX";

on_both_stores! {
    /// One change in each of the three forms.
    async fn a_body_is_json_or_a_form_or_parts(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        let form = "name=a+b&value=%C3%A9%26%2B&is_sensitive=False&team=&description=d";
        let made = send(&alice, "PUT", &path, FORM, form).await.is(200);
        let expected = |shown: &Value| {
            json!([shown["name"], shown["value"], shown["is_sensitive"], shown["team"], shown["description"]])
        };
        let wanted = json!(["a b", "\u{e9}&+", false, null, "d"]);
        assert_eq!(expected(&made), wanted);
        let body = parts(&[
            ("name", "a b"), ("value", "\u{e9}&+"), ("is_sensitive", "off"), ("team", ""), ("description", "d"),
        ]);
        let made = send(&alice, "PUT", &path, PARTS, &body).await.is(200);
        assert_eq!(expected(&made), wanted);
        let json = json!({"name": "a b", "value": "\u{e9}&+", "is_sensitive": "0", "team": null, "description": "d"});
        let made = send(&alice, "PUT", &path, "Application/JSON; charset=utf-8", &json.to_string()).await;
        assert_eq!(expected(&made.is(200)), wanted);
        let made = send(&alice, "POST", CREDENTIALS, PARTS, &body).await.is(201);
        assert_eq!(expected(&made), wanted);
    }

    /// In a form, what is not there is not meant.
    async fn a_form_without_is_sensitive_does_not_show_the_value(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        let put = send(&alice, "PUT", &path, FORM, "name=y&value=z").await.is(200);
        assert_eq!((&put["is_sensitive"], &put["value"]), (&json!(true), &Value::Null));
        let path = make(&alice, &open("x")).await;
        let put = send(&alice, "PUT", &path, FORM, "name=y&value=").await.is(200);
        assert_eq!((&put["is_sensitive"], &put["value"]), (&json!(false), &json!("")));
    }

    /// What cannot be read, each in the dialect's own words and without anything of the content.
    async fn a_body_that_is_none_changes_nothing(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("kept")).await;
        let before = alice.get(&path).await.text;
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let file = "--XX\r\nContent-Disposition: form-data; name=\"value\"; filename=\"f\"\r\n\r\nhunter2\r\n--XX--\r\n";
        let mut lines = Vec::new();
        for (media_type, body) in [
            ("application/json", "{\"name\": \"hunter2"),
            ("application/json", "hunter2"),
            ("application/json", deep.as_str()),
            ("application/json", "[\"hunter2\"]"),
            ("application/json", "\"hunter2\""),
            ("application/json", "12"),
            ("application/json", "null"),
            ("application/json", "{\"name\": \"\\ud800\"}"),
            ("application/json", ""),
            ("", ""),
            ("", "hunter2"),
            ("text/plain", "hunter2"),
            ("text/plain; charset=utf-8", "hunter2"),
            (FORM, "value=%ff"),
            (FORM, "nothing"),
            ("multipart/form-data", "--XX--"),
            (PARTS, "hunter2"),
            (PARTS, "--XX\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\nhunter2"),
            (PARTS, file),
        ] {
            let label = format!("PUT {media_type}");
            let reply = send(&alice, "PUT", &path, media_type, body).await;
            assert!(!reply.text.contains("hunter2"), "{}", reply.text);
            lines.push(line(&label, &reply));
        }
        insta::assert_snapshot!("unreadable", lines.join("\n"));
        assert_eq!(alice.get(&path).await.text, before);
    }

    /// The clients send `{}` with every request.
    async fn get_and_delete_ignore_their_bodies(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        for (method, path, status) in [
            ("GET", CREDENTIALS, 200),
            ("GET", path.as_str(), 200),
            ("GET", "/profile/", 200),
            ("DELETE", path.as_str(), 204),
        ] {
            let reply = send(&alice, method, path, "application/json", "{}").await;
            assert_eq!(reply.status, status, "{method} {path}");
        }
    }

    /// Every path is served with and without its slash, and `HEAD` like `GET`.
    async fn a_path_has_a_slash_or_none(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let made = alice.post("/credentials", &hidden("x")).await.is(201);
        let path = format!("/credentials/{}", made["id"].as_str().unwrap());
        for path in ["/credentials", "/profile", "/account", "/keys", "/teams", "/users", "/api-users", &path] {
            let (bare, slash) = (alice.get(path).await, alice.get(&format!("{path}/")).await);
            assert_eq!((bare.status, &bare.text), (200, &slash.text), "{path}");
            let head = alice.bare(http::Method::HEAD, path).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        }
        let body = json!({"name": "y", "value": "z"});
        assert_eq!(alice.put(&path, &body).await.is(200)["name"], "y");
        alice.delete(&path).await.is(204);
    }

    /// What no handler answers.
    async fn faults_are_worded_by_the_dialect(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        let mut lines = vec![
            line("POST one", &alice.post(&path, &json!({})).await),
            line("PUT all", &alice.put(CREDENTIALS, &json!({})).await),
            line("unknown path", &alice.get("/credentials/a/b/c/").await),
            line("not served", &alice.get("/targets/4DY4qGohso1r/scans/").await),
            line("no id", &alice.get("/credentials/17/").await),
            line("unknown id", &alice.get("/credentials/4DY4qGohso1r/").await),
            line("hidden id", &alice.get("/credentials/4DY4qGohso1O/").await),
        ];
        let large = "x".repeat(1024 * 1024 + 1);
        lines.push(line("large", &send(&alice, "PUT", &path, "application/json", &large).await));
        insta::assert_snapshot!("faults", lines.join("\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let office = Office::new(Room::new().await).await;
    let alice = office.member("alice").await;
    let mut lines = Vec::new();
    for media_type in ["application/json", FORM, PARTS] {
        let put = || Request::put("/credentials/4DY4qGohso1r/").header("content-type", media_type);
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        lines.push(line(media_type, &alice.send(put().body(never).unwrap()).await));
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
        let broken = Body::from_stream(broken);
        lines.push(line(media_type, &alice.send(put().body(broken).unwrap()).await));
    }
    insta::assert_snapshot!("slow", lines.join("\n"));
}
