//! The activity stream.

use serde_json::{Value, json};

use super::{Office, answers, snapshot, without_role_ids};

#[tokio::test]
async fn a_credentials_history_is_told_without_its_inputs() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office
        .admin
        .patch(&path, &json!({"description": "d", "inputs": {"username": "x"}}))
        .await
        .is(200);
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    let read = office.admin.get(&path).await.is(200);
    let role = read["summary_fields"]["object_roles"]["read_role"]["id"].clone();
    office.admin.post(&format!("/api/v2/roles/{role}/users/"), &json!({"id": 2})).await.is(204);
    office.admin.post("/api/v2/teams/1/roles/", &json!({"id": role})).await.is(204);
    let reply = office.admin.get(&format!("{path}activity_stream/")).await;
    assert!(!reply.text.contains("hunter2-secret"));
    let mut stream = reply.is(200);
    for entry in stream["results"].as_array_mut().unwrap() {
        entry["url"] = json!("[url]");
    }
    snapshot!(without_role_ids(stream));
}

#[tokio::test]
async fn what_is_gone_is_named_but_not_linked() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office.admin.delete(&path).await.is(204);
    let query = "/api/v2/activity_stream/?operation=delete&object1=credential";
    let stream = office.admin.get(query).await.is(200);
    let entry = &stream["results"][0];
    assert_eq!(entry["changes"]["name"], "c");
    assert_eq!(entry["changes"]["inputs"], "hidden");
    assert_eq!(entry["related"], json!({"actor": "/api/v2/users/1/"}));
    let by_id = office.admin.get(entry["url"].as_str().unwrap()).await.is(200);
    assert_eq!(by_id, *entry);
}

#[tokio::test]
async fn the_stream_tells_only_what_awx_knows() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let id = path.trim_start_matches(super::CREDENTIALS).trim_end_matches('/').to_owned();
    let references = format!("/strongroom/v1/credentials/{id}/references");
    let used = json!({"consumer": "scheduler", "kind": "job", "name": "nightly"});
    office.admin.post(&references, &used).await.is(201);
    let settings = "/strongroom/v1/organizations/2/settings";
    office.admin.patch(settings, &json!({"protect_used": true})).await.is(200);
    let stream = office.admin.get("/api/v2/activity_stream/?page_size=200").await;
    for word in ["reference", "protect_used", "nightly", "native"] {
        assert!(!stream.text.contains(word), "{word}");
    }
    let entries = stream.is(200);
    let known =
        ["credential", "credential_type", "organization", "team", "user", "o_auth2_access_token"];
    let kinds = entries["results"].as_array().unwrap().iter().map(|entry| &entry["object1"]);
    assert!(kinds.clone().count() > 5);
    assert!(kinds.into_iter().all(|kind: &Value| known.contains(&kind.as_str().unwrap())));
    let missing = json!({"detail": "No ActivityStream matches the given query."});
    answers(&office.admin.get("/api/v2/activity_stream/99999/").await, 404, &missing);
}

#[tokio::test]
async fn the_stream_is_searched_in_its_changes() {
    let office = Office::new().await;
    for name in ["first of all", "second"] {
        office.credential(name).await;
    }
    let count = async |search: &str| {
        let path = format!("/api/v2/activity_stream/?object1=credential&search={search}");
        office.admin.get(&path).await.is(200)["count"].clone()
    };
    assert_eq!(count("first").await, 1);
    assert_eq!(count("%22first+of+all%22").await, 1);
    assert_eq!(count("first+second").await, 0);
    assert_eq!(count("SECOND").await, 1);
    assert_eq!(count("hunter2").await, 0);
    let described =
        office.admin.bare(http::Method::OPTIONS, "/api/v2/activity_stream/").await.is(200);
    assert_eq!(described["search_fields"], json!(["changes"]));
}

/// What becomes of an input source is told to whoever reads its target, not to whoever reads its source only.
#[tokio::test]
async fn the_stream_tells_of_input_sources() {
    let office = Office::new().await;
    let target = office.credential("target").await;
    let inputs = json!({"url": "https://vault.example.com", "token": "hunter2-secret"});
    let source =
        json!({"name": "source", "credential_type": 27, "organization": 2, "inputs": inputs});
    let source = office.admin.post(super::CREDENTIALS, &source).await.is(201);
    let target = office.admin.get(&target).await.is(200);
    let body = json!({
        "target_credential": target["id"],
        "source_credential": source["id"],
        "input_field_name": "become_password",
        "metadata": {"secret_path": "a", "secret_key": "k"},
    });
    let made = office.admin.post("/api/v2/credential_input_sources/", &body).await.is(201);
    let path = made["url"].as_str().unwrap();
    office.admin.patch(path, &json!({"description": "new"})).await.is(200);
    let query = "/api/v2/activity_stream/?object1=credential_input_source";
    let mut stream = office.admin.get(query).await.is(200);
    for entry in stream["results"].as_array_mut().unwrap() {
        entry["url"] = json!("[url]");
    }
    snapshot!(stream);
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    let seen = async |one: &Value| {
        let role = one["summary_fields"]["object_roles"]["read_role"]["id"].clone();
        let path = format!("/api/v2/roles/{role}/users/");
        office.admin.post(&path, &json!({"id": 2})).await.is(204);
        let count = office.alice.get(query).await.is(200)["count"].clone();
        office.admin.post(&path, &json!({"id": 2, "disassociate": true})).await.is(204);
        count
    };
    assert_eq!(office.alice.get(query).await.is(200)["count"], 0);
    assert_eq!(seen(&source).await, 0);
    assert_eq!(seen(&target).await, 2);
    office.admin.delete(path).await.is(204);
    let gone = office.admin.get(&format!("{query}&operation=delete")).await.is(200);
    assert_eq!(
        gone["results"][0]["changes"]["target_credential"],
        format!("target-{}", target["id"])
    );
    assert!(gone["results"][0]["related"].get("credential_input_source").is_none());
}
