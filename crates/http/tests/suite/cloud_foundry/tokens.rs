//! Logging in, refreshing, logging out.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use strongroom_seal::VerifyingKey;

use super::{CLIENT, NOBODY, Site, line, log_in, path_of, shown, stable, token_request, tokens};
use crate::room::{PASSWORD, Room, on_both_stores};

/// A part of a signed token.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn refresh(room: &Room, token: &str) -> crate::room::Reply {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    token_request(room, Some(CLIENT), &form).await
}

on_both_stores! {
    /// A login gives tokens that clients can read and anybody can verify.
    async fn a_login_gives_signed_tokens(room: Room) {
        let issued = tokens(&room, "admin").await;
        assert_eq!(issued["token_type"], "bearer");
        assert_eq!(issued["expires_in"], 599);
        let members: Vec<&String> = issued.as_object().unwrap().keys().collect();
        assert_eq!(members, ["access_token", "token_type", "refresh_token", "expires_in", "scope", "jti"]);
        let token = text(&issued["access_token"]);
        let claims = part(token, 1);
        assert_eq!(claims["jti"], issued["jti"]);
        assert_eq!(claims["user_id"], claims["sub"]);
        insta::assert_snapshot!(
            "claims",
            stable(&serde_json::to_string_pretty(&claims).unwrap()).replace(text(&claims["rev_sig"]), "[digest]")
        );
        let keys = room.anonymous().get("/uaa/token_keys").await.is(200);
        let key = &keys["keys"][0];
        assert_eq!(room.anonymous().get("/uaa/token_key").await.is(200), *key);
        let header = part(token, 0);
        assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &key["kid"]));
        let pem: String = text(&key["value"]).lines().filter(|line| !line.starts_with('-')).collect();
        let public = VerifyingKey::from_document(&STANDARD.decode(pem).unwrap()).unwrap();
        assert_eq!((public.modulus().as_str(), public.exponent().as_str()), (text(&key["n"]), text(&key["e"])));
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert!(public.verifies(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()));
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(names, ["kty", "e", "use", "kid", "alg", "value", "n"]);
        room.by_token(token).get("/v3/organizations").await.is(200);
    }

    /// Whoever sets another password, through whatever door, is rid of all that was opened with the old one.
    async fn a_new_password_ends_what_the_old_one_opened(room: Room) {
        let root = room.admin().await;
        let host = room.on_host();
        let kept = room.user("alice").await;
        let users = root.get("/api/v2/users/?username=alice").await.is(200);
        let path = format!("/api/v2/users/{}/", users["results"][0]["id"]);
        let member = json!({"role": "probely_member", "user": users["results"][0]["id"]});
        root.post("/strongroom/v1/organizations/1/grants", &member).await.is(201);
        let client = json!({"client_id": "ci", "organization": 1});
        let client = host.post("/strongroom/v1/uaa_clients", &client).await.is(201);
        let form = format!("grant_type=client_credentials&client_id=ci&client_secret={}", text(&client["client_secret"]));
        let client = token_request(&room, None, &form).await.is(200);
        let client = room.by_token(text(&client["access_token"]));
        let others = log_in(&room, "admin").await;
        let words = ["a second long password", "a third long password", "a fourth long password"];
        let mut password = PASSWORD;
        for (door, new) in ["awx", "own", "host"].into_iter().zip(words) {
            let form = format!("grant_type=password&username=alice&password={}", password.replace(' ', "+"));
            let login = token_request(&room, Some(CLIENT), &form).await.is(200);
            let renewed = refresh(&room, text(&login["refresh_token"])).await.is(200);
            let body = json!({"username": "alice", "password": password});
            let scanner = room.anonymous().post("/auth/obtain/", &body).await.is(200);
            let scanner = room.by_token(text(&scanner["token"]));
            let key = scanner.post("/keys/", &json!({"name": "made by the login"})).await.is(201);
            let body = json!({"password": new});
            match door {
                "awx" => root.patch(&path, &body).await.status_is(200),
                "own" => kept.patch(&path, &body).await.status_is(200),
                _ => host.put("/strongroom/v1/host/users/alice/password", &body).await.status_is(204),
            }
            for login in [&login, &renewed] {
                let reply = room.by_token(text(&login["access_token"])).get("/v3/organizations").await;
                assert_eq!(reply.is(401)["errors"][0]["code"], 1000, "{door}");
                let reply = refresh(&room, text(&login["refresh_token"])).await;
                assert_eq!(reply.is(401)["error"], "invalid_token", "{door}");
            }
            scanner.get("/credentials/").await.is(401);
            room.by_token(text(&key["key"])).get("/credentials/").await.is(401);
            // What stands for itself stays.
            kept.get("/api/v2/me/").await.is(200);
            client.get("/v3/organizations").await.is(200);
            others.get("/v3/organizations").await.is(200);
            password = new;
        }
    }

    /// A refresh token buys an access token and the next refresh token, until the login ends.
    async fn a_refresh_token_buys_access_tokens(room: Room) {
        let first = tokens(&room, "admin").await;
        let token = text(&first["refresh_token"]).to_owned();
        room.wait(601);
        let old = room.by_token(text(&first["access_token"]));
        assert_eq!(old.get("/v3/organizations").await.is(401)["errors"][0]["code"], 1000);
        let second = refresh(&room, &token).await.is(200);
        assert_ne!(second["refresh_token"], token);
        assert_eq!(second["scope"], first["scope"]);
        let claims = part(text(&second["access_token"]), 1);
        assert_eq!((&claims["grant_type"], claims["auth_time"].as_i64()), (&json!("refresh_token"), Some(1_767_225_600)));
        room.by_token(text(&second["access_token"])).get("/v3/organizations").await.is(200);
        room.wait(30 * 86_400 - 601 - 60);
        let last = refresh(&room, text(&second["refresh_token"])).await.is(200);
        assert_eq!(last["expires_in"], 59);
        room.wait(61);
        assert_eq!(refresh(&room, text(&last["refresh_token"])).await.is(401)["error"], "invalid_token");
    }

    /// A refresh token that comes back after it was used up ends the login, for whoever has it.
    async fn a_refresh_token_that_comes_back_ends_the_login(room: Room) {
        let first = tokens(&room, "admin").await;
        let other = tokens(&room, "admin").await;
        let stolen = text(&first["refresh_token"]).to_owned();
        let second = refresh(&room, &stolen).await.is(200);
        // Two runs of one command line refresh at the same moment; both go on.
        room.wait(30);
        let sibling = refresh(&room, &stolen).await.is(200);
        refresh(&room, text(&second["refresh_token"])).await.is(200);
        let third = refresh(&room, text(&sibling["refresh_token"])).await.is(200);
        room.by_token(text(&third["access_token"])).get("/v3/organizations").await.is(200);
        room.wait(61);
        assert_eq!(refresh(&room, &stolen).await.is(401)["error"], "invalid_token");
        let ended = room.by_token(text(&third["access_token"])).get("/v3/organizations").await.is(401);
        assert_eq!(ended["errors"][0]["title"], "CF-InvalidAuthToken");
        refresh(&room, text(&third["refresh_token"])).await.is(401);
        room.by_token(text(&other["access_token"])).get("/v3/organizations").await.is(200);
        let log = room.admin().await.get("/strongroom/v1/audit?limit=200").await.is(200);
        let told = log["items"].as_array().unwrap().iter();
        let mut told = told.filter(|entry| entry["reason"] == "a refresh token that was used up came back");
        assert_eq!(told.next().unwrap()["actor"]["name"], "admin", "{log}");
        assert!(told.next().is_none());
    }

    /// Once what it bought was used up too, whoever brings it again is nobody who refreshed at the same moment.
    async fn a_refresh_token_whose_successor_was_used_up_is_not_taken_again(room: Room) {
        let first = tokens(&room, "admin").await;
        let stolen = text(&first["refresh_token"]).to_owned();
        let second = refresh(&room, &stolen).await.is(200);
        let third = refresh(&room, text(&second["refresh_token"])).await.is(200);
        assert_eq!(refresh(&room, &stolen).await.is(401)["error"], "invalid_token");
        refresh(&room, text(&third["refresh_token"])).await.is(401);
        room.by_token(text(&third["access_token"])).get("/v3/organizations").await.is(401);
    }

    /// Logging out ends the whole login.
    async fn a_revoked_token_takes_its_login_with_it(room: Room) {
        let (one, other) = (tokens(&room, "admin").await, tokens(&room, "admin").await);
        let bearer = room.by_token(text(&one["access_token"]));
        let path = format!("/uaa/oauth/token/revoke/{}", text(&one["jti"]));
        room.anonymous().delete(&path).await.is(401);
        room.user("bob").await;
        log_in(&room, "bob").await.delete(&path).await.is(404);
        assert_eq!(bearer.delete(&path).await.text, "");
        assert_eq!(bearer.get("/v3/organizations").await.is(401)["errors"][0]["title"], "CF-InvalidAuthToken");
        refresh(&room, text(&one["refresh_token"])).await.is(401);
        room.by_token(text(&other["access_token"])).get("/v3/organizations").await.is(200);
        room.by_token(text(&other["access_token"])).delete(&path).await.is(404);
    }

    /// What is taken from a user is taken from his tokens at the next request.
    async fn tokens_follow_their_user(room: Room) {
        let admin = room.admin().await;
        room.user("bob").await;
        admin.patch("/api/v2/users/2/", &json!({"is_superuser": true})).await.is(200);
        let issued = tokens(&room, "bob").await;
        assert!(text(&issued["scope"]).contains("cloud_controller.admin"), "{}", issued["scope"]);
        let bob = room.by_token(text(&issued["access_token"]));
        bob.post("/v3/organizations", &json!({"name": "one"})).await.is(201);
        admin.patch("/api/v2/users/2/", &json!({"is_superuser": false})).await.is(200);
        bob.post("/v3/organizations", &json!({"name": "two"})).await.is(403);
        assert_eq!(bob.get("/v3/organizations").await.is(200)["pagination"]["total_results"], 0);
        let narrower = refresh(&room, text(&issued["refresh_token"])).await.is(200);
        assert_eq!(narrower["scope"], "cloud_controller.read cloud_controller.write openid");
        admin.delete("/api/v2/users/2/").await.is(204);
        bob.get("/v3/organizations").await.is(401);
        refresh(&room, text(&issued["refresh_token"])).await.is(401);
    }
}

#[tokio::test]
async fn a_token_does_no_more_than_its_scope_says() {
    let room = Room::new().await;
    let with = async |scope: &str| {
        let password = PASSWORD.replace(' ', "+");
        let form = format!("grant_type=password&username=admin&password={password}&scope={scope}");
        token_request(&room, Some(CLIENT), &form).await
    };
    let bearer = |issued: &Value| room.by_token(text(&issued["access_token"]));
    let reading = with("cloud_controller.read").await.is(200);
    assert_eq!(reading["scope"], "cloud_controller.read");
    let organization = json!({"name": "acme"});
    bearer(&reading).get("/v3/spaces").await.is(200);
    bearer(&reading).post("/v3/organizations", &organization).await.is(403);
    bearer(&reading).get("/uaa/userinfo").await.is(403);
    let writing = with("cloud_controller.read+cloud_controller.write").await.is(200);
    // The administrator left his administration at home.
    bearer(&writing).post("/v3/organizations", &organization).await.is(403);
    assert_eq!(bearer(&writing).get("/v3/organizations").await.is(200)["resources"], json!([]));
    let identity = with("openid").await.is(200);
    assert_eq!(bearer(&identity).get("/v3/spaces").await.is(403)["errors"][0]["code"], 10003);
    assert_eq!(bearer(&identity).get("/uaa/userinfo").await.is(200)["user_name"], "admin");
    let administering = with("cloud_controller.admin+other").await.is(200);
    bearer(&administering).post("/v3/organizations", &organization).await.is(201);
    assert_eq!(with("uaa.admin").await.is(400)["error"], "invalid_scope");
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&scope=cloud_controller.admin",
        text(&reading["refresh_token"])
    );
    token_request(&room, Some(CLIENT), &form).await.is(400);
    // A token that only reads still buys tokens and is ended.
    refresh(&room, text(&reading["refresh_token"])).await.is(200);
    let path = format!("/uaa/oauth/token/revoke/{}", text(&reading["jti"]));
    assert_eq!(bearer(&reading).delete(&path).await.status, 200);
}

#[tokio::test]
async fn a_system_auditor_reads_everything_and_writes_nothing() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    site.room.user("eve").await;
    root.patch("/api/v2/users/2/", &json!({"is_system_auditor": true})).await.is(200);
    let issued = tokens(&site.room, "eve").await;
    assert!(text(&issued["scope"]).contains("cloud_controller.admin_read_only"));
    let eve = site.room.by_token(text(&issued["access_token"]));
    for guid in site.one_in_each_scope().await {
        eve.get(&path_of(&guid)).await.is(200);
        eve.delete(&path_of(&guid)).await.is(403);
    }
    let (path, app) = (format!("/v3/spaces/{}", site.space), format!("/v3/apps/{}", site.app));
    eve.get(&path).await.is(200);
    eve.get(&app).await.is(200);
    eve.patch(&path, &json!({"name": "x"})).await.is(403);
}

#[tokio::test]
async fn only_the_right_key_opens_each_door() {
    let room = Room::new().await;
    let issued = tokens(&room, "admin").await;
    let (access, refreshing) = (text(&issued["access_token"]), text(&issued["refresh_token"]));
    let native = room.admin().await;
    for path in ["/api/v2/me/", "/strongroom/v1/tokens", "/credentials/", "/v1/users/me"] {
        for token in [access, refreshing] {
            let status = room.by_token(token).get(path).await.status;
            assert!(matches!(status, 401 | 403), "{path} {status}");
        }
    }
    for path in ["/v3/organizations", "/uaa/userinfo"] {
        room.by_token(refreshing).get(path).await.is(401);
        // This native token was made for AWX.
        native.get(path).await.is(401);
        room.by_password("admin").get(path).await.is(401);
    }
    // A token with one bit of its signature changed, and one for another store.
    let changed = format!("{}A{}", &access[..access.len() - 20], &access[access.len() - 19..]);
    let foreign = tokens(&Room::new().await, "admin").await;
    for token in [
        changed.as_str(),
        text(&foreign["access_token"]),
        "eyJ.eyJ.x",
        access.rsplit_once('.').unwrap().0,
    ] {
        let reply = room.by_token(token).get("/v3/organizations").await;
        if token != access {
            assert_eq!(reply.is(401)["errors"][0]["code"], 1000, "{token}");
        }
    }
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#),
        access.split('.').nth(1).unwrap()
    );
    room.by_token(&unsigned).get("/v3/organizations").await.is(401);
    let body = json!({"kind": "native", "name": "cf", "dialects": ["cloud_foundry"]});
    let made = room.by_password("admin").post("/strongroom/v1/tokens", &body).await.is(201);
    let for_platform = room.by_token(text(&made["token"]));
    for_platform.get("/v3/organizations").await.is(200);
    for_platform.get("/uaa/userinfo").await.is(401);
}

#[tokio::test]
async fn errors_of_the_token_endpoint_are_those_of_oauth() {
    let room = Room::new().await;
    room.user("bob").await;
    let password = PASSWORD.replace(' ', "+");
    let right = format!("grant_type=password&username=bob&password={password}");
    let mut lines = Vec::new();
    for (label, client, form) in [
        ("wrong password", Some(CLIENT), "grant_type=password&username=bob&password=x".to_owned()),
        ("unknown user", Some(CLIENT), "grant_type=password&username=eve&password=x".to_owned()),
        ("no password", Some(CLIENT), "grant_type=password&username=bob".to_owned()),
        ("no client", None, right.clone()),
        ("wrong secret", Some("Basic Y2Y6eA=="), right.clone()),
        ("unknown client", Some("Basic eDp5"), right.clone()),
        ("no grant", Some(CLIENT), String::new()),
        ("unknown grant", Some(CLIENT), "grant_type=magic".to_owned()),
        (
            "client grant",
            None,
            "grant_type=client_credentials&client_id=cf&client_secret=".to_owned(),
        ),
        ("bad refresh", Some(CLIENT), "grant_type=refresh_token&refresh_token=x".to_owned()),
        ("no refresh", Some(CLIENT), "grant_type=refresh_token".to_owned()),
        (
            "foreign origin",
            Some(CLIENT),
            format!("{right}&login_hint=%7B%22origin%22%3A%22ldap%22%7D"),
        ),
        ("sent twice", Some(CLIENT), format!("{right}&username=eve")),
        ("no scope", Some(CLIENT), format!("{right}&scope=cloud_controller.admin")),
    ] {
        lines.push(line(label, &token_request(&room, client, &form).await));
    }
    let json = Request::post("/uaa/oauth/token").header(CONTENT_TYPE, "application/json");
    lines.push(line("json", &room.anonymous().send(json.body(Body::from("{}")).unwrap()).await));
    let anyone = room.anonymous();
    lines.push(line("wrong method", &anyone.get("/uaa/oauth/token").await));
    lines.push(line("unknown path", &anyone.get("/uaa/Users").await));
    lines.push(line("not served", &anyone.post("/uaa/approvals", &json!({})).await));
    lines.push(line("no token", &anyone.get("/uaa/userinfo").await));
    lines.push(line("bad token", &room.by_token("x").get("/uaa/userinfo").await));
    let nowhere = format!("/uaa/oauth/token/revoke/{NOBODY}");
    lines.push(line("no such token", &log_in(&room, "bob").await.delete(&nowhere).await));
    lines.push(line(
        "no guid",
        &log_in(&room, "bob").await.delete("/uaa/oauth/token/revoke/x").await,
    ));
    insta::assert_snapshot!(lines.join("\n"));
    let hinted = format!("{right}&login_hint=%7B%22origin%22%3A%22uaa%22%7D");
    token_request(&room, Some(CLIENT), &hinted).await.is(200);
    token_request(&room, None, &format!("{right}&client_id=cf&client_secret=")).await.is(200);
}

#[tokio::test]
async fn who_guesses_too_often_is_told_so_and_others_are_not() {
    let room = Room::new().await;
    room.user("bob").await;
    let guess = "grant_type=password&username=bob&password=x";
    let mut last = token_request(&room, Some(CLIENT), guess).await;
    for _ in 0..30 {
        if last.text.contains("locked") {
            break;
        }
        last = token_request(&room, Some(CLIENT), guess).await;
    }
    insta::assert_snapshot!(line("throttled", &last));
    let password = PASSWORD.replace(' ', "+");
    let right = format!("grant_type=password&username=bob&password={password}");
    token_request(&room, Some(CLIENT), &right).await.is(401);
    tokens(&room, "admin").await;
}

#[tokio::test]
async fn who_asks_is_told_about_himself() {
    let room = Room::new().await;
    let admin = log_in(&room, "admin").await;
    insta::assert_snapshot!(shown(&admin.get("/uaa/userinfo").await.is(200)));
}
