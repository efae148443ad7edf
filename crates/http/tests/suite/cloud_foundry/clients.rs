//! Clients of the token endpoints, and what others ask there about tokens.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::{
    CREDENTIALS, Site, credential, guids, line, make_organization, make_space, shown,
    token_request, tokens,
};
use crate::room::{Caller, Reply, Room, on_both_stores};

const CLIENTS: &str = "/strongroom/v1/uaa_clients";

/// A new client; its document with the secret.
async fn client(maker: &Caller, client_id: &str, organization: &str, scope: &[&str]) -> Value {
    let mut body = json!({"client_id": client_id, "organization": organization});
    if !scope.is_empty() {
        body["scope"] = json!(scope);
    }
    maker.post(CLIENTS, &body).await.is(201)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn basic(client: &Value) -> String {
    let pair = format!("{}:{}", text(&client["client_id"]), text(&client["client_secret"]));
    format!("Basic {}", STANDARD.encode(pair))
}

/// What a client gets for its own secret, as both real clients send it.
async fn own_grant(room: &Room, client: &Value, scope: &str) -> Reply {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={scope}",
        text(&client["client_id"]),
        text(&client["client_secret"])
    );
    token_request(room, None, &form).await
}

async fn ask(room: &Room, path: &str, authorization: &str, form: &str) -> Reply {
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(AUTHORIZATION, authorization);
    room.anonymous().send(request.body(form.to_owned().into()).unwrap()).await
}

on_both_stores! {
    /// A client logs in with its secret, holds roles as a user does, and ends with its account.
    async fn a_client_is_a_service_account(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let made = client(&root, "ci", "acme", &[]).await;
        assert_eq!(made["scope"], json!(["cloud_controller.read", "cloud_controller.write"]));
        let issued = own_grant(&site.room, &made, "").await.is(200);
        let members: Vec<&String> = issued.as_object().unwrap().keys().collect();
        assert_eq!(members, ["access_token", "token_type", "expires_in", "scope", "jti"]);
        let token = text(&issued["access_token"]).to_owned();
        let claims: Value = serde_json::from_slice(
            &URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()
        ).unwrap();
        for (claim, value) in [("sub", json!("ci")), ("client_id", json!("ci")), ("user_name", Value::Null), ("user_id", Value::Null), ("grant_type", json!("client_credentials"))] {
            assert_eq!(claims.get(claim).cloned().unwrap_or_default(), value, "{claim}");
        }
        let ci = site.room.by_token(&token);
        // Known to the platform, and without a role.
        assert_eq!(ci.get("/v3/spaces").await.is(200)["resources"], json!([]));
        ci.get(&format!("/v3/spaces/{}", site.space)).await.is(404);
        ci.get("/uaa/userinfo").await.is(403);
        site.give("ci", "organization_user", "organization", &site.organization).await.is(201);
        site.give("ci", "space_developer", "space", &site.space).await.is(201);
        ci.post(CREDENTIALS, &credential("r.example.com", Some(("space", &site.space)))).await.is(201);
        assert_eq!(ci.get(CREDENTIALS).await.header("x-user-guid"), text(&made["user"]));
        // Roles stay in its organization.
        let other = make_organization(&site.admin, "other").await;
        site.give("ci", "organization_user", "organization", &other).await.is(403);
        let elsewhere = make_space(&site.admin, &other, "dev").await;
        site.give("ci", "space_developer", "space", &elsewhere).await.is(403);
        // The other dialects are closed.
        for path in ["/api/v2/me/", "/strongroom/v1/tokens", "/v1/users/me"] {
            let status = site.room.by_token(&token).get(path).await.status;
            assert!(matches!(status, 401 | 403), "{path} {status}");
        }
        // Another secret: the old one and its tokens end.
        let renewed = root.post(&format!("{CLIENTS}/ci/secret"), &json!({})).await.is(200);
        assert_ne!(renewed["client_secret"], made["client_secret"]);
        ci.get("/v3/spaces").await.is(401);
        assert_eq!(own_grant(&site.room, &made, "").await.is(401)["error"], "invalid_client");
        let issued = own_grant(&site.room, &renewed, "").await.is(200);
        let ci = site.room.by_token(text(&issued["access_token"]));
        assert_eq!(ci.get("/v3/spaces").await.is(200)["pagination"]["total_results"], 1);
        // It logs itself out.
        let path = format!("/uaa/oauth/token/revoke/{}", text(&issued["jti"]));
        assert_eq!(ci.delete(&path).await.status, 200);
        ci.get("/v3/spaces").await.is(401);
        let issued = own_grant(&site.room, &renewed, "").await.is(200);
        root.delete(&format!("{CLIENTS}/{}", made["id"])).await.is(204);
        site.room.by_token(text(&issued["access_token"])).get("/v3/spaces").await.is(401);
        own_grant(&site.room, &renewed, "").await.is(401);
        root.get(&format!("{CLIENTS}/ci")).await.is(404);
        // Its name is free again, and goes with its organization.
        let again = client(&root, "ci", "other", &[]).await;
        let issued = own_grant(&site.room, &again, "").await.is(200);
        assert_eq!(site.admin.delete(&format!("/v3/organizations/{other}")).await.status, 202);
        site.room.by_token(text(&issued["access_token"])).get("/v3/spaces").await.is(401);
        own_grant(&site.room, &again, "").await.is(401);
        assert_eq!(root.get(CLIENTS).await.is(200)["items"], json!([]));
    }
}

#[tokio::test]
async fn administrators_of_the_organization_make_its_clients() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    let bob = site.room.user("bob").await;
    let admins = "/api/v2/organizations/2/admins/";
    root.post(admins, &json!({"id": 2})).await.is(204);
    let manager = site.in_organization("manager", "organization_manager").await;
    let eve = site.room.user("eve").await;
    let made = client(&bob, "bots", "acme", &["cloud_controller.read", "uaa.resource"]).await;
    insta::assert_snapshot!(
        "a_client",
        shown(&made).replace(text(&made["client_secret"]), "[secret]")
    );
    let shown_again = bob.get(&format!("{CLIENTS}/bots")).await.is(200);
    assert!(shown_again.get("client_secret").is_none());
    assert_eq!(bob.get(CLIENTS).await.is(200)["items"], json!([shown_again]));
    assert_eq!(eve.get(CLIENTS).await.is(200)["items"], json!([]));
    for id in ["bots", text(&made["guid"]), text(&made["short_id"]), &made["id"].to_string()] {
        bob.get(&format!("{CLIENTS}/{id}")).await.is(200);
        eve.get(&format!("{CLIENTS}/{id}")).await.is(404);
        eve.delete(&format!("{CLIENTS}/{id}")).await.is(404);
    }
    // The platform's own manager is none of the organization's administrators.
    let denied = site
        .room
        .by_password("manager")
        .post("/strongroom/v1/tokens", &json!({"kind": "native", "name": "x"}))
        .await
        .is(201);
    let native_manager = site.room.by_token(text(&denied["token"]));
    let body = json!({"client_id": "mine", "organization": "acme"});
    native_manager.post(CLIENTS, &body).await.is(403);
    manager.post(CLIENTS, &body).await.is(401);
    eve.post(CLIENTS, &body).await.is(400);
    // Nobody gives what no role gives but a system administrator.
    for scope in [
        "cloud_controller.admin",
        "cloud_controller.admin_read_only",
        "cloud_controller.global_auditor",
    ] {
        let body = json!({"client_id": "root", "organization": "acme", "scope": [scope]});
        bob.post(CLIENTS, &body).await.is(403);
    }
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"client_id": "cf", "organization": "acme"}),
        json!({"client_id": "a b", "organization": "acme"}),
        json!({"client_id": "42", "organization": "acme"}),
        json!({"client_id": "bob", "organization": "acme"}),
        json!({"client_id": "BOTS", "organization": "acme"}),
        json!({"client_id": "x", "organization": "nowhere"}),
        json!({"client_id": "x", "organization": "acme", "scope": []}),
        json!({"client_id": "x", "organization": "acme", "scope": ["openid"]}),
        json!({"client_id": "x", "organization": "acme", "scope": ["uaa.admin"]}),
        json!({"client_id": "x", "organization": "acme", "scope": "uaa.resource"}),
        json!({"client_id": "x", "organization": "acme", "secret": "mine"}),
    ] {
        lines.push(line(&body.to_string(), &root.post(CLIENTS, &body).await));
    }
    insta::assert_snapshot!("wrong_clients", lines.join("\n"));
}

#[tokio::test]
async fn a_client_does_no_more_than_its_scope_and_its_account() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    let admin = client(&root, "root", "acme", &["cloud_controller.admin"]).await;
    let issued = own_grant(&site.room, &admin, "").await.is(200);
    let bearer = site.room.by_token(text(&issued["access_token"]));
    bearer.post("/v3/organizations", &json!({"name": "made"})).await.is(201);
    // The flag is taken from its account: the next request has it no more, and nor has the next token.
    let users = root.get("/api/v2/users/?username=root").await.is(200);
    let path = format!("/api/v2/users/{}/", users["results"][0]["id"]);
    root.patch(&path, &json!({"is_superuser": false})).await.is(200);
    bearer.post("/v3/organizations", &json!({"name": "more"})).await.is(403);
    assert_eq!(own_grant(&site.room, &admin, "").await.is(400)["error"], "invalid_scope");
    let auditor = client(&root, "watch", "acme", &["cloud_controller.global_auditor"]).await;
    let issued = own_grant(&site.room, &auditor, "").await.is(200);
    assert_eq!(issued["scope"], "cloud_controller.global_auditor");
    let bearer = site.room.by_token(text(&issued["access_token"]));
    let all = site.one_in_each_scope().await;
    assert_eq!(guids(&bearer.get(CREDENTIALS).await.is(200)), all);
    bearer.delete(&super::path_of(&all[0])).await.is(403);
    let reader = client(&root, "reader", "acme", &["cloud_controller.read"]).await;
    assert_eq!(
        own_grant(&site.room, &reader, "cloud_controller.write").await.is(400)["error"],
        "invalid_scope"
    );
    // A password grant is the public client's alone.
    let form = "grant_type=password&username=admin&password=x";
    let refused = token_request(&site.room, Some(&basic(&reader)), form).await.is(401);
    assert_eq!(refused["error"], "unauthorized_client");
    let form = "grant_type=refresh_token&refresh_token=x";
    token_request(&site.room, Some(&basic(&reader)), form).await.is(401);
    // Both ways at once, as one client sends it.
    let form = format!(
        "grant_type=client_credentials&client_id=reader&client_secret={}",
        text(&reader["client_secret"])
    );
    token_request(&site.room, Some(&basic(&reader)), &form).await.is(200);
    token_request(&site.room, Some(&basic(&reader)), "grant_type=client_credentials").await.is(200);
    token_request(&site.room, Some(&basic(&auditor)), &form).await.is(401);
}

#[tokio::test]
async fn whoever_may_asks_about_a_token() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    let resource = client(&root, "router", "acme", &["uaa.resource"]).await;
    let plain = client(&root, "plain", "acme", &[]).await;
    site.room.user("bob").await;
    let issued = tokens(&site.room, "bob").await;
    let token = format!("token={}", text(&issued["access_token"]));
    let ask = async |path: &str, who: &str, form: &str| ask(&site.room, path, who, form).await;
    let claims = ask("/uaa/check_token", &basic(&resource), &token).await.is(200);
    assert_eq!((&claims["user_name"], &claims["jti"]), (&json!("bob"), &issued["jti"]));
    let told = ask("/uaa/introspect", &basic(&resource), &token).await.is(200);
    assert_eq!((&told["active"], &told["user_name"]), (&json!(true), &json!("bob")));
    let own = own_grant(&site.room, &resource, "").await.is(200);
    let bearer = format!("bearer {}", text(&own["access_token"]));
    assert_eq!(ask("/uaa/introspect", &bearer, &token).await.is(200)["active"], true);
    let scopes = format!("{token}&scopes=cloud_controller.read,openid");
    ask("/uaa/check_token", &basic(&resource), &scopes).await.is(200);
    let mut lines = Vec::new();
    let admin_scope = format!("{token}&scopes=cloud_controller.admin");
    let refreshing = format!("token={}", text(&issued["refresh_token"]));
    for (label, path, who, form) in [
        ("missing scope", "/uaa/check_token", basic(&resource), admin_scope.as_str()),
        ("no token", "/uaa/check_token", basic(&resource), ""),
        ("bad token", "/uaa/check_token", basic(&resource), "token=x"),
        ("refresh token", "/uaa/check_token", basic(&resource), &refreshing),
        ("without authority", "/uaa/check_token", basic(&plain), &token),
        ("public client", "/uaa/check_token", super::CLIENT.to_owned(), &token),
        ("wrong secret", "/uaa/check_token", "Basic cm91dGVyOng=".to_owned(), &token),
        ("bearer", "/uaa/check_token", bearer.clone(), &token),
        ("introspect bad token", "/uaa/introspect", basic(&resource), "token=x"),
        ("introspect refresh token", "/uaa/introspect", basic(&resource), &refreshing),
        ("introspect without authority", "/uaa/introspect", basic(&plain), &token),
        (
            "introspect by a person",
            "/uaa/introspect",
            format!("Bearer {}", text(&issued["access_token"])),
            &token,
        ),
        ("introspect by nobody", "/uaa/introspect", "Bearer x".to_owned(), &token),
    ] {
        lines.push(line(label, &ask(path, &who, form).await));
    }
    insta::assert_snapshot!("asking_about_tokens", lines.join("\n"));
    // What has ended is told at once.
    let path = format!("/uaa/oauth/token/revoke/{}", text(&issued["jti"]));
    site.room.by_token(text(&issued["access_token"])).delete(&path).await;
    ask("/uaa/check_token", &basic(&resource), &token).await.is(400);
    assert_eq!(
        ask("/uaa/introspect", &basic(&resource), &token).await.is(200),
        json!({"active": false})
    );
}

#[tokio::test]
async fn only_a_system_administrator_rotates_the_signing_key() {
    let site = Site::new(Room::new().await).await;
    let (root, bob) = (site.room.admin().await, site.room.user("bob").await);
    let keys = "/strongroom/v1/uaa_keys";
    bob.get(keys).await.is(403);
    bob.post(keys, &json!({})).await.is(403);
    let before = site.room.anonymous().get("/uaa/token_keys").await.is(200);
    let issued = tokens(&site.room, "admin").await;
    let rotated = root.post(keys, &json!({})).await.is(201);
    assert_eq!(rotated["retired"], Value::Null);
    let listed = root.get(keys).await.is(200);
    assert_eq!(listed["items"][0], rotated);
    assert_eq!(listed["items"][1]["kid"], before["keys"][0]["kid"]);
    let after = site.room.anonymous().get("/uaa/token_keys").await.is(200);
    assert_eq!(
        (&after["keys"][0]["kid"], &after["keys"][1]),
        (&rotated["kid"], &before["keys"][0])
    );
    assert_eq!(site.room.anonymous().get("/uaa/token_key").await.is(200)["kid"], rotated["kid"]);
    site.room.by_token(text(&issued["access_token"])).get("/v3/spaces").await.is(200);
    assert!(!format!("{listed}{rotated}").contains("private"));
}
