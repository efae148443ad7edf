//! What holds for every call: who gets in, headers, slashes, media types, methods.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use super::{CREDENTIALS, Office, answers, snapshot};
use crate::room::{Caller, Reply};

const UNAUTHENTICATED: &str = "Authentication credentials were not provided. To establish a login session, visit /api/login/.";

async fn send(
    caller: &Caller,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let request = Request::builder().method(method).uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    caller.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn nobody_gets_in_without_proving_who_he_is() {
    let office = Office::new().await;
    let nobody = office.room.anonymous();
    for (method, header) in [
        ("GET", ""),
        ("PUT", ""),
        ("OPTIONS", ""),
        ("GET", "Basic !!!"),
        ("GET", "Basic YWRtaW46d3Jvbmc="),
        ("GET", "Bearer nope"),
        ("GET", "Negotiate abc"),
    ] {
        let headers: &[(&str, &str)] = &[("authorization", header)];
        let reply =
            send(&nobody, method, CREDENTIALS, if header.is_empty() { &[] } else { headers }, "")
                .await;
        answers(&reply, 401, &json!({"detail": UNAUTHENTICATED}));
        let challenge = "Bearer realm=api authorization_url=/api/o/authorize/";
        assert_eq!(reply.header("www-authenticate"), challenge);
        assert_eq!(reply.header("x-api-product-version"), "");
        assert_eq!(reply.header("x-api-product-name"), "AWX");
    }
    let by_password = office.room.by_password("alice");
    assert_eq!(by_password.get("/api/v2/me/").await.is(200)["results"][0]["username"], "alice");
}

#[tokio::test]
async fn the_roots_need_no_proof() {
    let office = Office::new().await;
    let nobody = office.room.anonymous();
    snapshot!([
        nobody.get("/api/").await.is(200),
        nobody.get("/api").await.is(200),
        nobody.get("/api/v2/").await.is(200),
        nobody.get("/api/v2/ping/").await.is(200),
    ]);
    assert_eq!(nobody.get("/api/").await.header("x-api-product-version"), "");
    assert_eq!(office.alice.get("/api/").await.header("x-api-product-version"), "24.6.1");
    assert_eq!(office.alice.get("/api/v2/ping/").await.header("x-api-product-version"), "");
    for path in nobody.get("/api/v2/").await.is(200).as_object().unwrap().values() {
        assert_eq!(office.admin.get(path.as_str().unwrap()).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let office = Office::new().await;
    for (path, status) in
        [(CREDENTIALS, 200), ("/api/v2/credentials/4711/", 404), ("/api/v2/nope/", 404)]
    {
        let reply = send(&office.alice, "GET", path, &[("x-api-request-id", "abc-1")], "").await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("content-language"), "en");
        assert_eq!(reply.header("x-api-request-id"), "abc-1");
        assert!(reply.header("x-api-total-time").ends_with('s'));
        assert!(reply.header("vary").contains("Accept-Language, origin"));
        let is_view = path != "/api/v2/nope/";
        assert_eq!(!reply.header("x-api-node").is_empty(), is_view);
        assert_eq!(!reply.header("x-api-time").is_empty(), is_view);
        assert_eq!(reply.header("x-api-product-version"), if is_view { "24.6.1" } else { "" });
    }
    let reply = office.alice.get(CREDENTIALS).await;
    assert_eq!(reply.header("x-api-request-id").len(), 32);
    assert_eq!(reply.header("allow"), "GET, POST, HEAD, OPTIONS");
    assert_eq!(reply.header("vary"), "Accept, Accept-Language, origin, Cookie");
}

#[tokio::test]
async fn views_of_roles_say_that_they_are_deprecated_whatever_they_answer() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let warning =
        "299 awx \"This resource has been deprecated and will be removed in a future release.\"";
    for (method, path) in [
        ("GET", "/api/v2/roles/".to_owned()),
        ("GET", "/api/v2/roles/99999/".to_owned()),
        ("PUT", "/api/v2/users/2/roles/".to_owned()),
        ("POST", format!("{path}access_list/")),
        ("OPTIONS", format!("{path}object_roles/")),
    ] {
        let reply = send(&office.alice, method, &path, &[], "").await;
        assert_eq!(reply.header("warning"), warning, "{method} {path}");
    }
    assert_eq!(office.admin.get(&path).await.header("warning"), "");
}

#[tokio::test]
async fn a_path_ends_in_a_slash_but_can_be_read_without() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let bare = path.trim_end_matches('/');
    let (with, without) =
        (office.admin.get(&path).await.is(200), office.admin.get(bare).await.is(200));
    assert_eq!(with, without);
    let list = office.admin.get("/api/v2/credentials?page_size=1").await.is(200);
    assert_eq!(list["next"], "/api/v2/credentials/?page=2&page_size=1");
    for (method, path, location) in [
        ("POST", "/api/v2/credentials", "/api/v2/credentials/"),
        ("PATCH", "/api/v2/credentials/1?a=b", "/api/v2/credentials/1/?a=b"),
        ("DELETE", "/api/v2/credentials/1", "/api/v2/credentials/1/"),
    ] {
        let reply = send(&office.admin, method, path, &[], "").await;
        assert_eq!((reply.status, reply.header("location")), (301, location));
        assert_eq!(reply.header("content-language"), "en");
    }
}

#[tokio::test]
async fn bodies_are_json_objects() {
    let office = Office::new().await;
    let json = ("content-type", "application/json");
    let unsupported = "You did not use correct Content-Type in your HTTP request. If you are using our REST API, the \
        Content-Type must be application/json";
    for (header, body, status, detail) in [
        (json, "[1,2]", 400, "JSON parse error - not a JSON object"),
        (json, "\"text\"", 400, "JSON parse error - not a JSON object"),
        (("content-type", "text/plain"), "{}", 415, unsupported),
        (("content-type", "application/x-www-form-urlencoded"), "name=x", 415, unsupported),
        (("x-nothing", "x"), "{}", 415, unsupported),
    ] {
        let reply = send(&office.admin, "POST", CREDENTIALS, &[header], body).await;
        answers(&reply, status, &json!({"detail": detail}));
    }
    for body in ["{\"name\": ", "{'a': 1}", "{\"a\": NaN}", &"[".repeat(500)] {
        let reply = send(&office.admin, "POST", CREDENTIALS, &[json], body).await;
        let detail = reply.is(400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("JSON parse error - "), "{detail}");
        assert!(detail.ends_with("\nPossible cause: trailing comma."), "{detail}");
    }
    let required = json!({
        "name": ["This field is required."],
        "credential_type": ["This field is required."],
    });
    for body in ["", "null", "{}"] {
        let reply =
            send(&office.admin, "POST", "/api/v2/users/2/credentials/", &[json], body).await;
        answers(&reply, 400, &required);
    }
    let parameters = ("content-type", "application/json; charset=utf-8");
    let body = "{\"name\": \"first\", \"name\": \"last\", \"credential_type\": \"1\"}";
    let reply =
        send(&office.admin, "POST", "/api/v2/users/2/credentials/", &[parameters], body).await;
    assert_eq!(reply.is(201)["name"], "last");
}

#[tokio::test]
async fn only_json_is_to_be_had() {
    let office = Office::new().await;
    for (accept, status) in [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html", 200),
        ("application/xml", 406),
        ("text/plain", 406),
    ] {
        let reply = send(&office.admin, "GET", CREDENTIALS, &[("accept", accept)], "").await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, "application/json"),
            "{accept}"
        );
    }
    let json = &[("accept", "application/json")];
    let unacceptable = json!({"detail": "Could not satisfy the request Accept header."});
    let path = format!("{CREDENTIALS}?format=api");
    answers(&send(&office.admin, "GET", &path, json, "").await, 406, &unacceptable);
    let path = format!("{CREDENTIALS}?format=xml");
    answers(
        &send(&office.admin, "GET", &path, json, "").await,
        404,
        &json!({"detail": "Not found."}),
    );
    let path = format!("{CREDENTIALS}?format=json");
    send(&office.admin, "GET", &path, json, "").await.is(200);
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there() {
    let office = Office::new().await;
    for (method, path) in [
        ("PUT", "/api/v2/credentials/"),
        ("POST", "/api/v2/credentials/1/"),
        ("DELETE", "/api/v2/users/2/credentials/"),
        ("POST", "/api/v2/activity_stream/"),
    ] {
        let reply = send(&office.admin, method, path, &[], "").await;
        answers(&reply, 405, &json!({"detail": format!("Method \"{method}\" not allowed.")}));
        assert!(reply.header("allow").ends_with("HEAD, OPTIONS"));
        assert_eq!(reply.header("x-api-product-version"), "24.6.1");
    }
    let unknown = json!({"detail": "The requested resource could not be found."});
    for path in [
        "/api/v2/nope/",
        "/api/v2/credentials/abc/",
        "/api/v2/roles/abc/",
        "/api/v1/",
        "/api/v2/credentials/1/nope/",
    ] {
        answers(&office.admin.get(path).await, 404, &unknown);
    }
    let head = office.admin.bare(Method::HEAD, CREDENTIALS).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("allow"), "GET, POST, HEAD, OPTIONS");
}
