//! Personal tokens.

use serde_json::json;

use super::{Office, answers, is_missing, is_refused, snapshot};

#[tokio::test]
async fn a_token_is_shown_once_and_opens_until_it_is_revoked() {
    let office = Office::new().await;
    let body = json!({"description": "AWX CLI", "application": null, "scope": "write"});
    let reply = office.alice.post("/api/v2/users/alice/personal_tokens/", &body).await;
    let made = reply.is(201);
    assert_eq!(reply.header("location"), made["url"]);
    let bearer = office.room.by_token(made["token"].as_str().unwrap());
    assert_eq!(bearer.get("/api/v2/me/").await.is(200)["results"][0]["username"], "alice");
    let read = office.alice.get(made["url"].as_str().unwrap()).await;
    assert_eq!(read.is(200)["token"], "************");
    snapshot!(made);
    let listed = office.alice.get("/api/v2/users/2/personal_tokens/").await.is(200);
    assert_eq!(
        (&listed["count"], &listed["results"][0]["token"]),
        (&json!(1), &json!("************"))
    );
    is_missing(&office.bob.get(made["url"].as_str().unwrap()).await, "OAuth2AccessToken");
    office.alice.delete(made["url"].as_str().unwrap()).await.is(204);
    bearer.get("/api/v2/me/").await.is(401);
}

#[tokio::test]
async fn a_token_belongs_to_the_caller_whoever_the_path_names() {
    let office = Office::new().await;
    let made = office.admin.post("/api/v2/users/2/personal_tokens/", &json!({})).await.is(201);
    assert_eq!((&made["user"], &made["scope"]), (&json!(1), &json!("write")));
}

#[tokio::test]
async fn a_token_that_only_reads_changes_nothing_and_shows_it() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let made = office.admin.post("/api/v2/tokens/", &json!({"scope": "read"})).await.is(201);
    let reader = office.room.by_token(made["token"].as_str().unwrap());
    let seen = reader.get(&path).await.is(200);
    assert_eq!(seen["summary_fields"]["user_capabilities"]["edit"], false);
    is_refused(&reader.patch(&path, &json!({"name": "x"})).await);
    is_refused(&reader.delete(&path).await);
    let options = reader.bare(http::Method::OPTIONS, "/api/v2/credentials/").await.is(200);
    assert!(options["actions"].get("POST").is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_in_awxs_words() {
    let office = Office::new().await;
    let scope = "Must be a simple space-separated string with allowed scopes ['read', 'write'].";
    for (path, body, expected) in [
        ("/api/v2/tokens/", json!({"scope": "everything"}), json!({"scope": [scope]})),
        ("/api/v2/tokens/", json!({"scope": "read read"}), json!({"scope": [scope]})),
        (
            "/api/v2/tokens/",
            json!({"application": 5}),
            json!({"application": ["Invalid pk \"5\" - object does not exist."]}),
        ),
        (
            "/api/v2/users/2/authorized_tokens/",
            json!({}),
            json!({"application": ["This field is required."]}),
        ),
    ] {
        answers(&office.alice.post(path, &body).await, 400, &expected);
    }
}
