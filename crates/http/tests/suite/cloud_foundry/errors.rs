//! Every error of the registry credentials, in the platform's words.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{CREDENTIALS, NOBODY, Site, credential, line, make, path_of, stable};
use crate::room::{Caller, Room};

#[tokio::test]
async fn a_new_credential_is_refused_with_all_that_is_wrong() {
    let site = Site::new(Room::new().await).await;
    let with = |member: &str, value: Value| {
        let mut body = credential("r.example.com", None);
        body[member] = value;
        body
    };
    let space = json!({"data": {"guid": site.space}});
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"location": 1, "username": [], "password": {}}),
        json!({"location": null, "username": "", "password": ""}),
        json!({"location": " ", "username": "x".repeat(256), "password": null}),
        with("scope", json!("space")),
        with("name", json!("x")),
        with("location", json!("https://r.example.com")),
        with("location", json!("r.example.com/")),
        with("location", json!("r.example.com/a b")),
        with("location", json!("r.example.com/a@sha256:b")),
        with("location", json!("r.example.com:99999")),
        with("location", json!("-r/x")),
        with("location", json!("someuser")),
        with("location", json!("repo/image")),
        with("location", json!("r.example.com/../a")),
        with("location", json!("r.example.com/a\u{200b}b")),
        with("location", json!("r.example.com:80/a:80/b")),
        with("location", json!("r.example.com:080")),
        with("location", json!("a".repeat(256))),
        with("username", json!("a\0b")),
        with("relationships", json!("x")),
        with("relationships", json!({})),
        with("relationships", json!({"team": space})),
        with("relationships", json!({"space": "x"})),
        with("relationships", json!({"space": {"data": null}})),
        with("relationships", json!({"space": {"guid": "x"}})),
        with("relationships", json!({"space": space, "organization": space})),
        with("relationships", json!({"space": {"data": {"guid": NOBODY}}})),
        with("relationships", json!({"organization": {"data": {"guid": "no-guid"}}})),
        with("relationships", json!({"app": {"data": {"guid": site.space}}})),
        with("metadata", json!("x")),
        with("metadata", json!({"tags": {}, "labels": []})),
        with(
            "metadata",
            json!({"labels": {"": "x", "a/b/c": "x", "com/a": "x", "cloudfoundry.org/a": "x"}}),
        ),
        with("metadata", json!({"labels": {"x!": "-x", "-x": "y!", "y": "a".repeat(64)}})),
        with("metadata", json!({"annotations": {"a": "b".repeat(5001), "c": 1}})),
        with(
            "metadata",
            json!({"labels": (0..51).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>()}),
        ),
        with(
            "metadata",
            json!({"annotations": (0..201).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>()}),
        ),
    ] {
        let told: String = stable(&body.to_string()).chars().take(120).collect();
        let reply = site.admin.post(CREDENTIALS, &body).await;
        assert!(!reply.text.contains("hunter2"), "{}", reply.text);
        lines.push(line(&told, &reply));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_change_is_refused_with_all_that_is_wrong() {
    let site = Site::new(Room::new().await).await;
    let path = path_of(&make(&site.admin, &credential("r.example.com", None)).await);
    let mut lines = Vec::new();
    for body in [
        json!({"location": "x.example.com"}),
        json!({"relationships": {}, "scope": "app"}),
        json!({"password": null}),
        json!({"password": "", "username": 1}),
        json!({"metadata": {"labels": {"-": null}}}),
    ] {
        lines.push(line(&body.to_string(), &site.admin.patch(&path, &body).await));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn whoever_may_not_is_told_what_he_may_know() {
    let site = Site::new(Room::new().await).await;
    let reader = site.in_space("reader", "space_auditor").await;
    let stranger = site.person("stranger").await;
    let of_space = credential("r.example.com", Some(("space", &site.space)));
    let path = path_of(&make(&site.admin, &of_space).await);
    let bad = json!({"location": "x.example.com"});
    let unreadable = async |caller: &Caller, path: &str| {
        caller.send(Request::patch(path).body(Body::from("{")).unwrap()).await
    };
    let anyone = site.room.anonymous();
    let [organization, space, app] =
        [("organizations", &site.organization), ("spaces", &site.space), ("apps", &site.app)]
            .map(|(kind, guid)| format!("/v3/{kind}/{guid}"));
    let mut lines = Vec::new();
    for (label, reply) in [
        ("no token", anyone.get(CREDENTIALS).await),
        ("no token, no path", anyone.get("/v3/nowhere").await),
        ("basic", site.room.by_password("admin").get(CREDENTIALS).await),
        ("bad token", site.room.by_token("x").get(CREDENTIALS).await),
        ("hidden", stranger.get(&path).await),
        ("hidden to change", stranger.patch(&path, &bad).await),
        ("hidden to delete", stranger.delete(&path).await),
        ("readable to change", reader.patch(&path, &bad).await),
        ("readable to delete", reader.delete(&path).await),
        ("hidden and no JSON", unreadable(&stranger, &path).await),
        ("readable and no JSON", unreadable(&reader, &path).await),
        ("writable and no JSON", unreadable(&site.admin, &path).await),
        ("no JSON for an organization", unreadable(&reader, &organization).await),
        ("no JSON for a space", unreadable(&reader, &space).await),
        ("no JSON for an app", unreadable(&reader, &app).await),
        ("not writable", reader.post(CREDENTIALS, &of_space).await),
        ("not there", stranger.post(CREDENTIALS, &of_space).await),
        ("foundation", reader.post(CREDENTIALS, &credential("r.example.com", None)).await),
        ("body first", stranger.post(CREDENTIALS, &bad).await),
        ("taken", site.admin.post(CREDENTIALS, &of_space).await),
        ("unknown", site.admin.get(&path_of(NOBODY)).await),
        ("no guid", site.admin.get(&path_of("x")).await),
        ("integer", site.admin.get(&path_of("1")).await),
    ] {
        lines.push(line(label, &reply));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn bodies_and_methods_are_refused_in_the_platforms_shape() {
    let site = Site::new(Room::new().await).await;
    let send = async |method: &str, path: &str, content_type: &str, body: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", content_type);
        site.admin.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let json = "application/json";
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let large = "x".repeat(1024 * 1024 + 1);
    let mut lines = Vec::new();
    for (label, method, path, content_type, body) in [
        ("not JSON", "POST", CREDENTIALS, json, "{"),
        ("no object", "POST", CREDENTIALS, json, "[]"),
        ("too deep", "POST", CREDENTIALS, json, deep.as_str()),
        ("empty", "POST", CREDENTIALS, json, ""),
        ("white space", "POST", CREDENTIALS, json, " \r\n"),
        ("type", "POST", CREDENTIALS, "text/plain", "{\"location\": 1}"),
        ("no type", "POST", CREDENTIALS, "", "{\"location\": 1}"),
        ("too large", "POST", CREDENTIALS, json, &large),
        ("method", "PUT", CREDENTIALS, json, "{}"),
        ("method of one", "POST", "/v3/spaces/x", json, "{}"),
        ("read only", "POST", "/v3/users", json, "{}"),
        ("unknown", "GET", "/v3/service_brokers", json, ""),
        ("older", "GET", "/v2/info", json, ""),
        ("slash", "GET", "/v3/spaces/", json, ""),
        ("root", "POST", "/", json, ""),
    ] {
        lines.push(line(label, &send(method, path, content_type, body).await));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn whoever_shows_a_token_is_named_by_every_answer() {
    let site = Site::new(Room::new().await).await;
    let stranger = site.person("stranger").await;
    let me = site.admin.get("/v3/users?usernames=stranger").await.is(200);
    let guid = me["resources"][0]["guid"].as_str().unwrap();
    let large = async |caller: &Caller| {
        let request = Request::post(CREDENTIALS);
        caller.send(request.body(Body::from("x".repeat(1024 * 1024 + 1))).unwrap()).await
    };
    let nobody = site.room.by_token("x");
    for (status, named, other) in [
        (200, stranger.get(CREDENTIALS).await, nobody.get("/v3").await),
        (200, stranger.get("/v3/info").await, site.room.anonymous().get("/").await),
        (404, stranger.get("/v3/nowhere").await, nobody.get("/v3/nowhere").await),
        (404, stranger.get("/v3/spaces/").await, nobody.get("/v3//spaces").await),
        (404, stranger.get(&path_of(NOBODY)).await, site.room.anonymous().get("/v2/info").await),
        (
            405,
            stranger.put(CREDENTIALS, &json!({})).await,
            nobody.put(CREDENTIALS, &json!({})).await,
        ),
        (413, large(&stranger).await, large(&nobody).await),
    ] {
        assert_eq!((named.status, named.header("x-user-guid")), (status, guid));
        assert_eq!((other.status, other.header("x-user-guid")), (status, ""));
    }
    let reply = nobody.get(CREDENTIALS).await;
    assert_eq!((reply.status, reply.header("x-user-guid")), (401, ""));
}
