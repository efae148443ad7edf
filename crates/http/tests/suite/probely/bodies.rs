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

    /// Requests of hostile and careless clients: each is answered in the dialect's own words, and does what it says.
    async fn odd_requests_do_no_more_than_they_say(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("kept")).await;
        // No header and no parameter turns a request into another one.
        for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let request = Request::post(&path).header(name, "DELETE").body(Body::empty()).unwrap();
            alice.send(request).await.is(405);
        }
        send(&alice, "POST", &format!("{path}?_method=DELETE"), FORM, "_method=DELETE").await.is(405);
        for method in ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"] {
            assert!(matches!(send(&alice, method, &path, "", "").await.status, 404 | 405), "{method}");
        }
        // Of several members with one name the last counts, in every form; of two media types neither does.
        let twice = "{\"name\": \"a\", \"name\": \"b\", \"value\": \"v\"}";
        assert_eq!(send(&alice, "POST", CREDENTIALS, "application/json", twice).await.is(201)["name"], "b");
        assert_eq!(send(&alice, "POST", CREDENTIALS, FORM, "name=a&name=b&value=v").await.is(201)["name"], "b");
        let body = parts(&[("name", "a"), ("value", "v"), ("name", "b")]);
        assert_eq!(send(&alice, "POST", CREDENTIALS, PARTS, &body).await.is(201)["name"], "b");
        let two = Request::post(CREDENTIALS).header("content-type", FORM).header("content-type", "application/json");
        alice.send(two.body(Body::from("name=a&value=v")).unwrap()).await.is(415);
        // A number is its text, unless its last digits are lost.
        for (number, status) in [
            ("7", 201), ("-0", 201), ("1.5", 201), ("18446744073709551615", 201), ("-9223372036854775808", 201),
            ("18446744073709551616", 400), ("123456789012345678901234567890", 400), ("1e400", 400), ("01", 400),
            ("NaN", 400),
        ] {
            let body = format!("{{\"name\": \"n\", \"is_sensitive\": false, \"value\": {number}}}");
            let reply = send(&alice, "POST", CREDENTIALS, "application/json", &body).await;
            assert_eq!(reply.status, status, "{number}: {}", reply.text);
            if status == 201 && number != "-0" {
                assert_eq!(reply.is(201)["value"], number);
            }
        }
        // Parameters in numbers and of kinds that nobody thought of.
        let ordering = "-name,name,updated_at,usage_count,".repeat(1000);
        let ids = "&id=4DY4qGohso1r".repeat(3000);
        for query in [
            format!("ordering={ordering}"),
            format!("length=1{ids}"),
            "id=%00&team=%00&search=%00%25_%5C%27%22&is_sensitive=%00".to_owned(),
            "search=%ff%fe&ordering=%00,name;drop&length=%00".to_owned(),
            "page=+1&length=1.5&unknown=x&is_sensitive=maybe&is_id_404_validation=perhaps".to_owned(),
            "id[]=1&id__in=1&name__contains=x&format=xml&expand=~all".to_owned(),
        ] {
            alice.get(&format!("{CREDENTIALS}?{query}")).await.is(200);
            alice.get(&format!("/targets/?{query}&label=%00&label=x&label_logical_operator=and")).await.is(200);
        }
        let page = format!("{CREDENTIALS}?is_sensitive=maybe&search=kept");
        assert_eq!(alice.get(&page).await.is(200)["count"], 1);
        for id in ["%00", "..%2f", "%2e%2e", "4DY4qGohso1r4DY4qGohso1r", "%F0%9F%98%80", "4DY4qGohso1r%0a"] {
            assert_eq!(alice.get(&format!("/credentials/{id}/")).await.is(404), json!({"detail": "Not found."}), "{id}");
        }
        assert_eq!(alice.get(&path).await.is(200)["name"], "kept");
    }

    /// What the contract does not ask for, each with the answer of this dialect.
    async fn what_is_not_served_is_told_in_the_words_of_the_dialect(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let site = json!({"site": {"url": "https://s.example.com"}});
        let target = alice.post("/targets/", &site).await.is(201)["id"].as_str().unwrap().to_owned();
        let domain = alice.post("/domains/", &json!({"hostname": "d.example.com"})).await.is(201);
        let domain = domain["id"].as_str().unwrap().to_owned();
        let me = alice.get("/profile/").await.is(200)["id"].as_str().unwrap().to_owned();
        for path in [
            format!("/targets/{target}/logout/"),
            format!("/targets/{target}/logout/{target}/"),
            format!("/targets/{target}/verify/"),
            format!("/targets/{target}/scans/"),
            format!("/targets/{target}/scan_now/"),
            format!("/targets/{target}/findings/"),
            format!("/domains/{domain}/verify/"),
            format!("/domains/{domain}/teams/"),
            "/users/roles/assign/".to_owned(),
            "/teams/bulk/delete/".to_owned(),
        ] {
            for reply in [alice.get(&path).await, alice.post(&path, &json!({})).await] {
                assert_eq!(reply.is(404), json!({"detail": "Not found."}), "{path}");
                assert_eq!(reply.header("content-type"), "application/json", "{path}");
            }
        }
        for (method, path) in [
            (http::Method::POST, "/users/".to_owned()),
            (http::Method::PUT, format!("/users/{me}/")),
            (http::Method::PATCH, format!("/users/{me}/")),
            (http::Method::DELETE, format!("/users/{me}/")),
            (http::Method::PATCH, "/profile/".to_owned()),
            (http::Method::PUT, "/account/".to_owned()),
        ] {
            let told = alice.json(method.clone(), &path, &json!({})).await;
            assert_eq!(told.is(405), json!({"detail": format!("Method \"{method}\" not allowed.")}));
            assert!(told.header("allow").contains("GET"), "{path}");
        }
        // The settings that go with them are kept and shown all the same.
        let settings = json!({"site": {"logout_detection_enabled": true, "logout_condition": "all"}});
        let shown = alice.patch(&format!("/targets/{target}/"), &settings).await.is(200);
        assert_eq!(shown["site"]["logout_condition"], "all");
        assert_eq!(shown["site"]["verified"], false);
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
