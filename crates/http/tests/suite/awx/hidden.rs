//! What is hidden, from whom, and how.

use http::Method;
use serde_json::json;

use super::{Office, answers, is_missing, is_refused};

#[tokio::test]
async fn a_stranger_cannot_tell_hidden_from_missing() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    for below in [
        "",
        "copy/",
        "access_list/",
        "object_roles/",
        "owner_users/",
        "input_sources/",
        "activity_stream/",
    ] {
        let (hidden, missing) =
            (format!("{path}{below}"), format!("/api/v2/credentials/4711/{below}"));
        is_missing(&office.alice.get(&hidden).await, "Credential");
        is_missing(&office.alice.get(&missing).await, "Credential");
    }
    is_missing(&office.alice.patch(&path, &json!({"name": "x"})).await, "Credential");
    is_missing(&office.alice.delete(&path).await, "Credential");
    is_missing(&office.alice.get("/api/v2/credentials/c++Machine+ssh++acme/").await, "Credential");
    let body = json!({"name": "n", "credential_type": 1, "organization": 2});
    let expected = json!({"detail": "Organization matching query does not exist."});
    answers(&office.alice.post("/api/v2/credentials/", &body).await, 400, &expected);
}

#[tokio::test]
async fn who_belongs_to_the_organization_is_refused_instead() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    is_refused(&office.alice.get(&path).await);
    is_refused(&office.alice.delete(&path).await);
    let by_name = office.alice.get("/api/v2/credentials/c++Machine+ssh++acme/").await;
    answers(&by_name, 404, &json!({"detail": "Not found."}));
    office.bob.get("/api/v2/credentials/c++Machine+ssh++acme/").await.is(200);
}

#[tokio::test]
async fn options_of_a_detail_tell_nothing() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let mut told = Vec::new();
    for path in [path.as_str(), "/api/v2/credentials/4711/", "/api/v2/credentials/1/"] {
        let reply = office.alice.bare(Method::OPTIONS, path).await;
        reply.is(200);
        told.push(reply.text);
    }
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    told.push(office.alice.bare(Method::OPTIONS, &path).await.text);
    assert!(told.iter().all(|text| *text == told[0] && !text.contains("PUT")));
    let bobs = office.bob.bare(Method::OPTIONS, &path).await.is(200);
    assert!(bobs["actions"].get("PUT").is_some());
}
