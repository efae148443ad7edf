//! OAuth applications, and the tokens that they are given.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::{Office, answers, is_missing, is_refused};
use crate::room::{Caller, PASSWORD, Reply, Room, on_both_stores};

const APPLICATIONS: &str = "/api/v2/applications/";

/// An application that is told the passwords of its users.
async fn program(admin: &Caller) -> (Value, String) {
    let body = json!({
        "name": "cli",
        "organization": 1,
        "client_type": "confidential",
        "authorization_grant_type": "password",
    });
    let made = admin.post(APPLICATIONS, &body).await.is(201);
    let pair = format!(
        "{}:{}",
        made["client_id"].as_str().unwrap(),
        made["client_secret"].as_str().unwrap()
    );
    (made, format!("Basic {}", STANDARD.encode(pair)))
}

async fn form(room: &Room, path: &str, client: &str, form: &str) -> Reply {
    let request = Request::post(path)
        .header(AUTHORIZATION, client)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    room.anonymous().send(request.body(Body::from(form.to_owned())).unwrap()).await
}

fn by_password(username: &str) -> String {
    format!("grant_type=password&username={username}&password={}", PASSWORD.replace(' ', "+"))
}

on_both_stores! {
    async fn a_program_gets_tokens_for_its_users_and_gives_them_back(room: Room) {
        let admin = room.admin().await;
        let (_, client) = program(&admin).await;
        let given = form(&room, "/api/o/token/", &client, &by_password("admin")).await.is(200);
        assert_eq!((&given["token_type"], &given["scope"]), (&json!("Bearer"), &json!("read write")));
        assert_eq!(given["expires_in"], 31_536_000_000_i64);
        let first = given["access_token"].as_str().unwrap();
        room.by_token(first).get("/api/v2/me/").await.is(200);
        let refresh = given["refresh_token"].as_str().unwrap();
        room.by_token(refresh).get("/api/v2/me/").await.is(401);
        let again = format!("grant_type=refresh_token&refresh_token={refresh}&scope=read");
        let next = form(&room, "/api/o/token/", &client, &again).await.is(200);
        assert_eq!(next["scope"], "read");
        room.by_token(first).get("/api/v2/me/").await.is(401);
        let second = room.by_token(next["access_token"].as_str().unwrap());
        second.get("/api/v2/me/").await.is(200);
        is_refused(&second.post("/api/v2/organizations/", &json!({"name": "x"})).await);
        let used = form(&room, "/api/o/token/", &client, &again).await;
        answers(&used, 400, &json!({
            "error": "invalid_grant", "error_description": "Invalid credentials given."
        }));
        let back = format!("token={}", next["refresh_token"].as_str().unwrap());
        form(&room, "/api/o/revoke_token/", &client, &back).await.status_is(200);
        second.get("/api/v2/me/").await.is(401);
        form(&room, "/api/o/revoke_token/", &client, &back).await.status_is(200);
    }

    async fn what_buys_the_next_token_ends(room: Room) {
        let admin = room.admin().await;
        let (_, client) = program(&admin).await;
        let given = form(&room, "/api/o/token/", &client, &by_password("admin")).await.is(200);
        room.wait(2_628_001);
        let refresh = given["refresh_token"].as_str().unwrap();
        let again = format!("grant_type=refresh_token&refresh_token={refresh}");
        let reply = form(&room, "/api/o/token/", &client, &again).await;
        assert_eq!((reply.status, reply.text.as_str()), (403, "The refresh token has expired."));
    }

    async fn an_application_ends_with_its_tokens(room: Room) {
        let admin = room.admin().await;
        let (made, client) = program(&admin).await;
        let given = form(&room, "/api/o/token/", &client, &by_password("admin")).await.is(200);
        let bearer = room.by_token(given["access_token"].as_str().unwrap());
        bearer.get("/api/v2/me/").await.is(200);
        admin.delete(made["url"].as_str().unwrap()).await.is(204);
        bearer.get("/api/v2/me/").await.is(401);
        let other = json!({"name": "other"});
        let organization = admin.post("/api/v2/organizations/", &other).await.is(201);
        let below = format!("{}applications/", organization["url"].as_str().unwrap());
        let body = json!({"client_type": "public", "authorization_grant_type": "password"});
        let public = admin.post(&below, &body).await.is(201);
        assert!(public.get("client_secret").is_none());
        let login = format!("{}&client_id={}", by_password("admin"), public["client_id"].as_str().unwrap());
        let given = form(&room, "/api/o/token/", "", &login).await.is(200);
        let bearer = room.by_token(given["access_token"].as_str().unwrap());
        admin.delete(organization["url"].as_str().unwrap()).await.is(204);
        bearer.get("/api/v2/me/").await.is(401);
        is_missing(&admin.get(public["url"].as_str().unwrap()).await, "OAuth2Application");
    }
}

#[tokio::test]
async fn a_secret_is_shown_once() {
    let office = Office::new().await;
    let (made, _) = program(&office.admin).await;
    let secret = made["client_secret"].as_str().unwrap();
    assert_eq!((made["client_id"].as_str().unwrap().len(), secret.len()), (40, 128));
    let path = made["url"].as_str().unwrap();
    let read = office.admin.get(path).await;
    assert!(!read.text.contains(secret));
    assert_eq!(read.is(200)["client_secret"], "************");
    let by_name = office.admin.get("/api/v2/applications/cli++Default/").await.is(200);
    assert_eq!(by_name["id"], made["id"]);
    let activity = office.admin.get(&format!("{path}activity_stream/")).await;
    assert_eq!(activity.is(200)["count"], 1);
    assert!(!activity.text.contains(secret));
    let changed = office.admin.patch(path, &json!({"description": "changed"})).await.is(200);
    assert_eq!(changed["client_secret"], "************");
    let closed = office.admin.get(&format!("{APPLICATIONS}?client_secret__startswith=a")).await;
    answers(&closed, 403, &json!({"detail": "Filtering on client_secret is not allowed."}));
}

#[tokio::test]
async fn members_see_the_applications_of_their_organization_and_administrators_make_them() {
    let office = Office::new().await;
    let body = json!({"name": "a", "organization": 2, "client_type": "public", "authorization_grant_type": "password"});
    let reply = office.alice.post(APPLICATIONS, &body).await;
    answers(&reply, 400, &json!({"detail": "Organization matching query does not exist."}));
    is_refused(&office.alice.post(APPLICATIONS, &json!({"name": "a"})).await);
    let made = office.bob.post(APPLICATIONS, &body).await.is(201);
    let path = made["url"].as_str().unwrap();
    is_missing(&office.alice.get(path).await, "OAuth2Application");
    assert_eq!(office.alice.get(APPLICATIONS).await.is(200)["count"], 0);
    let given = office.alice.post("/api/v2/tokens/", &json!({"application": made["id"]})).await;
    let unknown = format!("Invalid pk \"{}\" - object does not exist.", made["id"]);
    answers(&given, 400, &json!({"application": [unknown]}));
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    office.alice.get(path).await.is(200);
    is_refused(&office.alice.patch(path, &json!({"name": "b"})).await);
    let wanted = json!({"application": made["id"]});
    let given = office.alice.post("/api/v2/users/2/authorized_tokens/", &wanted).await.is(201);
    assert_ne!(given["refresh_token"], Value::Null);
    assert_eq!(office.alice.get("/api/v2/users/2/personal_tokens/").await.is(200)["count"], 0);
    assert_eq!(office.alice.get(&format!("{path}tokens/")).await.is(200)["count"], 1);
    // Whoever administers the application ends what it was given.
    office.bob.delete(given["url"].as_str().unwrap()).await.is(204);
    let taken = office.bob.post(APPLICATIONS, &body).await;
    answers(
        &taken,
        400,
        &json!({"__all__": ["Application with this Name and Organization already exists."]}),
    );
}

#[tokio::test]
async fn a_client_that_is_none_is_told_nothing() {
    let office = Office::new().await;
    let (_, client) = program(&office.admin).await;
    for (client, login, status, error) in [
        ("", by_password("admin"), 401, "invalid_client"),
        ("Basic YTpi", by_password("admin"), 401, "invalid_client"),
        (
            client.as_str(),
            "grant_type=password&username=admin&password=x".to_owned(),
            400,
            "invalid_grant",
        ),
        (client.as_str(), by_password("admin") + "&scope=everything", 400, "invalid_scope"),
        (client.as_str(), "grant_type=implicit".to_owned(), 400, "unsupported_grant_type"),
        (client.as_str(), "grant_type=password".to_owned(), 400, "invalid_request"),
        (
            client.as_str(),
            "grant_type=refresh_token&refresh_token=x".to_owned(),
            400,
            "invalid_grant",
        ),
    ] {
        let reply = form(&office.room, "/api/o/token/", client, &login).await;
        assert_eq!(reply.is(status)["error"], error, "{login}");
    }
}
