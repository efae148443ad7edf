//! Tokens.

use serde_json::json;

use super::stable;
use crate::room::Room;

const TOKENS: &str = "/strongroom/v1/tokens";

#[tokio::test]
async fn a_password_gets_a_token_which_is_shown_once_and_revoked() {
    let room = Room::new().await;
    room.user("alice").await;
    let body = json!({"kind": "native", "name": "laptop"});
    let reply = room.by_password("alice").post(TOKENS, &body).await;
    let issued = reply.is(201);
    let path = format!("{TOKENS}/{}", issued["id"]);
    assert_eq!(reply.header("location"), path);
    let secret = issued["token"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("str_"), "{}", secret.len());
    insta::assert_json_snapshot!(stable(issued.clone()));

    let alice = room.by_token(&secret);
    let listed = alice.get(TOKENS).await;
    assert!(!listed.text.contains(&secret) && listed.text.contains("laptop"), "{}", listed.text);
    assert_eq!(alice.get(&path).await.is(200)["name"], "laptop");
    alice.get("/api/v2/me/").await.is(401);
    alice.delete(&path).await.is(204);
    alice.get(TOKENS).await.is(401);
}

#[tokio::test]
async fn a_token_makes_another_that_goes_with_it() {
    let room = Room::new().await;
    let body = json!({"kind": "native", "name": "first"});
    let first = room.by_password("admin").post(TOKENS, &body).await.is(201);
    let maker = room.by_token(first["token"].as_str().unwrap());
    let body = json!({"kind": "native", "name": "second", "dialects": ["awx"]});
    let second = maker.post(TOKENS, &body).await.is(201);
    // What the maker may not, its token may not either.
    assert_eq!(second["dialects"], json!([]));
    let made = room.by_token(second["token"].as_str().unwrap());
    made.get(TOKENS).await.is(200);
    maker.delete(&format!("{TOKENS}/{}", first["id"])).await.is(204);
    made.get(TOKENS).await.is(401);
}

#[tokio::test]
async fn a_token_of_another_is_hidden() {
    let room = Room::new().await;
    let (alice, _) = (room.user("alice").await, room.user("bob").await);
    let body = json!({"kind": "native", "name": "of bob"});
    let of_bob = room.by_password("bob").post(TOKENS, &body).await.is(201);
    let path = format!("{TOKENS}/{}", of_bob["id"]);
    alice.get(&path).await.is(404);
    alice.delete(&path).await.is(404);
    assert!(!alice.get(TOKENS).await.text.contains("of bob"));
}

#[tokio::test]
async fn what_a_token_may_be_is_checked() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"kind": "awx", "name": "x"}),
        json!({"kind": "native"}),
        json!({"kind": "native", "name": "x", "dialects": ["native"]}),
        json!({"kind": "native", "name": "x", "dialects": "awx"}),
        json!({"kind": "native", "name": "x", "expires_at": "2001-01-01T00:00:00Z"}),
        json!({"kind": "native", "name": "x", "expires_at": "soon"}),
        json!({"kind": "native", "name": "x", "dialects": ["probely"]}),
        json!({"kind": "catalog", "name": "x"}),
        json!({"kind": "catalog", "name": "x", "organization": "Nowhere"}),
        json!({"kind": "native", "name": "x", "scope": "read"}),
    ] {
        let reply = admin.post(TOKENS, &body).await;
        lines.push(format!("{body}\n  {} {}", reply.status, reply.text));
    }
    insta::assert_snapshot!(lines.join("\n"));
    for organization in [json!("Default"), json!(1), json!("1")] {
        let body = json!({"kind": "catalog", "name": "x", "organization": organization});
        // What the token in use does not open, none that it makes opens either.
        admin.post(TOKENS, &body).await.is(403);
        let made = room.by_password("admin").post(TOKENS, &body).await.is(201);
        assert_eq!(made["organization"], 1);
    }
}

/// A key that would open nothing is not made; the refusal says what is missing.
#[tokio::test]
async fn a_token_leads_only_where_its_user_is_let_in() {
    let room = Room::new().await;
    let (admin, _) = (room.admin().await, room.user("alice").await);
    admin.post("/api/v2/organizations/1/users/", &json!({"id": 2})).await.is(204);
    let alice = room.by_password("alice");
    let probely = json!({"kind": "probely", "name": "x", "organization": 1});
    let catalog = json!({"kind": "catalog", "name": "x", "organization": 1});
    let native = json!({"kind": "native", "name": "x", "organization": 1, "dialects": ["awx", "app_catalog"]});
    let host = "/strongroom/v1/host/tokens";
    let mut of_alice = probely.clone();
    of_alice["user"] = json!("alice");
    let mut lines = Vec::new();
    for (who, path, body) in [
        (&alice, TOKENS, &probely),
        (&alice, TOKENS, &catalog),
        (&alice, TOKENS, &native),
        (&room.on_host(), host, &of_alice),
    ] {
        let reply = who.post(path, body).await;
        lines.push(format!("{body}\n  {} {}", reply.status, reply.text));
    }
    insta::assert_snapshot!(lines.join("\n"));
    for (role, bodies) in
        [("probely_member", vec![&probely]), ("catalog_member", vec![&catalog, &native])]
    {
        let grant = json!({"role": role, "user": 2});
        admin.post("/strongroom/v1/organizations/1/grants", &grant).await.is(201);
        for body in bodies {
            alice.post(TOKENS, body).await.is(201);
        }
    }
    room.on_host().post(host, &of_alice).await.is(201);
    // A key that leads nowhere of its own needs no role; a system administrator is let in everywhere.
    alice.post(TOKENS, &json!({"kind": "native", "name": "x", "organization": 1})).await.is(201);
    for body in [&probely, &catalog, &native] {
        room.by_password("admin").post(TOKENS, body).await.is(201);
    }
}

#[tokio::test]
async fn guessing_is_throttled() {
    let room = Room::new().await;
    room.user("alice").await;
    let body = json!({"kind": "native", "name": "x"});
    for _ in 0..100 {
        let pair = "Basic YWxpY2U6d3Jvbmc=";
        let request = http::Request::post(TOKENS)
            .header("authorization", pair)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_string()))
            .unwrap();
        let reply = room.anonymous().send(request).await;
        if reply.status == 429 {
            assert!(reply.header("retry-after").parse::<u32>().unwrap() > 0);
            assert_eq!(reply.header("content-type"), "application/problem+json");
            return;
        }
        assert_eq!(reply.status, 401);
    }
    panic!("a hundred wrong guesses were not slowed down");
}
