//! The token server of the container registries.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, Request};
use serde_json::{Value, json};

use strongroom_http::HttpSettings;
use strongroom_service::{TokenKeyForm, Tuning};

use crate::database::StoreKind;
use crate::room::{Caller, PASSWORD, Reply, Room, on_both_stores};

/// A hosted registry and its robots.
struct Harbor {
    room: Room,
    root: Caller,
    robots: String,
}

/// A robot and its password.
struct Robot {
    path: String,
    name: String,
    password: String,
}

impl Harbor {
    async fn new(room: Room) -> Self {
        let root = room.admin().await;
        let robots = registry(&root, "harbor").await;
        Self { room, root, robots }
    }

    async fn robot(&self, more: Value) -> Robot {
        mint(&self.root, &self.robots, more).await
    }

    async fn token(&self, robot: &Robot, query: &str) -> Reply {
        login(&self.room, &robot.name, &robot.password, query).await
    }
}

/// A hosted registry; the path of its robots.
async fn registry(root: &Caller, name: &str) -> String {
    let body =
        json!({"name": name, "organization": 1, "url": format!("https://{name}.example.com")});
    let made = root.post("/strongroom/v1/registries", &body).await.is(201);
    format!("/strongroom/v1/registries/{}/robots", made["id"])
}

async fn mint(root: &Caller, robots: &str, more: Value) -> Robot {
    let mut body = json!({"description": "test"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = root.post(robots, &body).await.is(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Robot {
        path: format!("{robots}/{}", made["id"]),
        name: text("username"),
        password: text("password"),
    }
}

async fn login(room: &Room, name: &str, password: &str, query: &str) -> Reply {
    let pair = STANDARD.encode(format!("{name}:{password}"));
    let request = Request::get(format!("/token{query}"));
    let request = request.header("authorization", format!("Basic {pair}"));
    room.anonymous().send(request.body(Body::empty()).unwrap()).await
}

async fn form(room: &Room, fields: &str) -> Reply {
    let request = Request::post("/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    room.anonymous().send(request.body(Body::from(fields.to_owned())).unwrap()).await
}

/// A part of a token.
fn part(token: &Value, index: usize) -> Value {
    let text = token.as_str().unwrap().split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// What the claims of an answer open, as `name:action,action` each.
fn opened(reply: &Reply) -> String {
    let claims = part(&reply.is(200)["token"], 1);
    let one = |access: &Value| {
        let words: Vec<&str> = access["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        format!("{}:{}", access["name"].as_str().unwrap(), words.join(","))
    };
    claims["access"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Status, headers and body, without the id of the request.
fn told(reply: &Reply) -> String {
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{}\n{}\n{}", reply.status, headers.join("\n"), reply.text)
}

const AUTHORITIES: &str = "/strongroom/v1/registry-authorities";

/// Tokens that name their key: the authority's own, by the name that the registry makes of its certificate.
async fn tokens_name_their_key(kind: StoreKind) {
    let tuning = Tuning { token_key: TokenKeyForm::KeyId, ..Tuning::default() };
    let harbor = Harbor::new(Room::tuned(kind, HttpSettings::default(), tuning).await).await;
    let robot = harbor.robot(json!({})).await;
    let token =
        async || harbor.token(&robot, "?scope=repository:a:pull").await.is(200)["token"].clone();
    let config =
        async || harbor.root.get(&harbor.robots.replace("/robots", "/config")).await.is(200);
    let first = token().await;
    let shown = config().await;
    let header = part(&first, 0);
    assert_eq!((&shown["key"], &header["x5c"]), (&json!("kid"), &Value::Null));
    assert_eq!(header["kid"], shown["jwks"]["keys"][0]["kid"]);
    for coordinate in ["x", "y"] {
        let text = shown["jwks"]["keys"][0][coordinate].as_str().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32);
    }
    // Its key is not renewed by itself, nor by hand: registries would have to be told.
    harbor.root.post("/strongroom/v1/registry-signer/rotate", &json!({})).await.is(400);
    let made = harbor.root.post(AUTHORITIES, &json!({})).await.is(201);
    assert_eq!(part(&token().await, 0), header);
    let both = config().await;
    assert_eq!(both["jwks"]["keys"].as_array().unwrap().len(), 2);
    harbor.root.post(&format!("{AUTHORITIES}/{}/use", made["id"]), &json!({})).await.is(200);
    let second = token().await;
    assert_eq!(part(&second, 0)["kid"], both["jwks"]["keys"][0]["kid"]);
    assert_eq!(header["kid"], both["jwks"]["keys"][1]["kid"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_name_their_key_on_sqlite() {
    tokens_name_their_key(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_name_their_key_on_postgres() {
    tokens_name_their_key(StoreKind::Postgres).await;
}

on_both_stores! {
    async fn a_robot_gets_a_token_that_its_registry_understands(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let query = "?account=x&service=harbor.example.com&scope=repository:team/app:pull,push";
        let reply = harbor.token(&robot, query).await;
        let body = reply.is(200);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(body["token"], body["access_token"]);
        assert_eq!(body["expires_in"], 300);
        assert_eq!(body["issued_at"], "2026-01-01T00:00:00Z");
        assert_eq!(body.as_object().unwrap().len(), 4);
        let header = part(&body["token"], 0);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("JWT"), &json!("ES256")));
        assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
        assert!(STANDARD.decode(header["x5c"][0].as_str().unwrap()).is_ok());
        let mut claims = part(&body["token"], 1);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
        claims.as_object_mut().unwrap().remove("jti");
        let access = json!([{"type": "repository", "name": "team/app", "actions": ["pull"]}]);
        assert_eq!(claims, json!({
            "iss": "http://localhost", "sub": robot.name, "aud": "harbor.example.com",
            "exp": 1_767_225_900, "nbf": 1_767_225_600, "iat": 1_767_225_600, "access": access,
        }));
        let signature = body["token"].as_str().unwrap().rsplit('.').next().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap().len(), 64);
    }

    async fn what_is_asked_and_allowed_is_granted_and_the_rest_is_left_out(room: Room) {
        let harbor = Harbor::new(room).await;
        let pulls = harbor.robot(json!({})).await;
        let access = json!([
            {"type": "repository", "name": "team/*", "actions": ["pull", "push"]},
            {"type": "repository", "name": "tools", "actions": ["pull", "delete"]},
        ]);
        let team = harbor.robot(json!({"access": access})).await;
        for (robot, query, granted) in [
            (&pulls, "", ""),
            (&pulls, "?service=harbor.example.com", ""),
            (&pulls, "?scope=repository:a/b:push", ""),
            (&pulls, "?scope=repository:a/b:pull&scope=repository:c:pull", "a/b:pull c:pull"),
            (&pulls, "?scope=repository:a/b:pull%20repository:c:pull,push", "a/b:pull c:pull"),
            (&pulls, "?scope=registry:catalog:*", ""),
            (&pulls, "?scope=repository:*:*&scope=repository:..:pull&scope=nonsense", ""),
            (&team, "?scope=repository:team/x:push,pull", "team/x:pull,push"),
            (&team, "?scope=repository:team/x/y:delete,push", "team/x/y:push"),
            (&team, "?scope=repository:team:pull&scope=repository:other/x:pull", ""),
            (&team, "?scope=repository:tools:*", "tools:pull,delete"),
        ] {
            assert_eq!(opened(&harbor.token(robot, query).await), granted, "{query}");
        }
    }

    async fn whatever_is_wrong_with_a_login_the_refusal_is_the_same(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let pier = registry(&harbor.root, "pier").await;
        let other = mint(&harbor.root, &pier, json!({})).await;
        let removed = harbor.robot(json!({})).await;
        harbor.root.delete(&removed.path).await.is(204);
        let ended = harbor.robot(json!({"expires_at": "2026-01-01T00:10:00Z"})).await;
        harbor.token(&ended, "").await.is(200);
        let room = &harbor.room;
        room.wait(600);
        let unknown = login(room, "robot$0123456789abcdef", &robot.password, "").await;
        insta::assert_snapshot!("registry_token_refused", told(&unknown));
        let service = "?service=harbor.example.com";
        for (name, password, query) in [
            (robot.name.as_str(), other.password.as_str(), ""),
            (&robot.name, "", ""),
            (&robot.name, "wrong", ""),
            (&robot.name, "$0", ""),
            (&removed.name, &removed.password, ""),
            (&ended.name, &ended.password, service),
            (&other.name, &other.password, service),
            ("admin", PASSWORD, ""),
            ("admin", PASSWORD, service),
            ("", "", ""),
            ("a\0b", "x", ""),
        ] {
            assert_eq!(told(&login(room, name, password, query).await), told(&unknown), "{name}");
        }
        for fields in [
            format!("grant_type=password&username=admin&password={}", PASSWORD.replace(' ', "+")),
            format!("grant_type=password&username=robot%24x&password={}", robot.password),
        ] {
            assert_eq!(told(&form(room, &fields).await), told(&unknown));
        }
        let nobody = room.anonymous();
        assert_eq!(told(&nobody.get("/token").await), told(&unknown));
        for caller in [&harbor.root, &room.by_password("admin"), &room.by_token(&robot.password)] {
            assert_eq!(told(&caller.get("/token").await), told(&unknown));
        }
        // The password of a robot opens nothing else.
        for path in ["/strongroom/v1/tokens", "/v1/registries", "/api/v2/me/", "/v3/organizations"] {
            room.by_token(&robot.password).get(path).await.is(401);
        }
        harbor.token(&robot, service).await.is(200);
    }

    async fn what_is_wrong_with_the_request_itself_is_told(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let many = format!("?{}", "scope=repository:a:pull&".repeat(65));
        let mut lines = Vec::new();
        for query in ["?service=nobody.example.com", "?service=%00", "?service=a&service=a", &many] {
            lines.push(told(&harbor.token(&robot, query).await));
        }
        let room = &harbor.room;
        for fields in ["", "grant_type=refresh_token&refresh_token=x", "grant_type=password&username=a"] {
            lines.push(told(&form(room, fields).await));
        }
        let json = room.anonymous().post("/token", &json!({"grant_type": "password"})).await;
        lines.push(told(&json));
        lines.push(told(&room.anonymous().bare(Method::PUT, "/token").await));
        lines.push(told(&room.anonymous().bare(Method::POST, "/token/certs.pem").await));
        insta::assert_snapshot!("registry_token_wrong", lines.join("\n\n"));
    }

    async fn a_form_is_a_login_too(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let fields = format!(
            "grant_type=password&service=harbor.example.com&client_id=containerd&access_type=offline\
             &scope=repository%3Aa%3Apull%2Cpush&username={}&password={}",
            robot.name.replace('$', "%24"),
            robot.password
        );
        let reply = form(&harbor.room, &fields).await;
        assert_eq!(opened(&reply), "a:pull");
        let body = reply.is(200);
        assert_eq!(body["scope"], "repository:a:pull");
        assert!(body["refresh_token"].is_null());
    }

    async fn a_token_never_outlives_its_robot(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({"expires_at": "2026-01-01T00:02:00.5Z"})).await;
        let body = harbor.token(&robot, "").await.is(200);
        assert_eq!((&body["expires_in"], &part(&body["token"], 1)["exp"]), (&json!(120), &json!(1_767_225_720)));
        harbor.room.wait(119);
        assert_eq!(harbor.token(&robot, "").await.is(200)["expires_in"], 1);
        harbor.room.wait(1);
        harbor.token(&robot, "").await.is(401);
    }

    async fn a_removed_registry_takes_its_robots_with_it(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let path = harbor.robots.strip_suffix("/robots").unwrap();
        let refused = harbor.root.delete(path).await;
        assert!(refused.is(409)["detail"].as_str().unwrap().contains("1 active robots"));
        harbor.token(&robot, "").await.is(200);
        harbor.root.delete(&format!("{path}?force=true")).await.is(204);
        harbor.token(&robot, "").await.is(401);
        harbor.root.delete(path).await.is(404);
        let shown = harbor.root.get(path).await.is(200);
        assert_eq!(shown["removed_by"], "admin");
        let robots = harbor.root.get(&harbor.robots).await.is(200);
        assert_eq!(robots["items"][0]["status"], "removed");
        harbor.root.post(&harbor.robots, &json!({"description": "x"})).await.is(404);
        // Its name and service are free again.
        registry(&harbor.root, "harbor").await;
    }

    async fn a_login_is_told_once_an_hour_and_its_time_is_kept(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        assert_eq!(harbor.root.get(&robot.path).await.is(200)["last_used"], Value::Null);
        let first = harbor.token(&robot, "").await.is(200);
        harbor.token(&robot, "").await.is(200);
        let shown = harbor.root.get(&robot.path).await.is(200);
        assert_eq!(shown["last_used"], "2026-01-01T00:00:00.000000Z");
        let log = harbor.root.get("/strongroom/v1/audit?limit=200").await.is(200);
        let logins: Vec<&Value> = log["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["reason"].as_str().unwrap().starts_with("registry token"))
            .collect();
        assert_eq!(logins.len(), 1, "{log}");
        let id = part(&first["token"], 1)["jti"].as_str().unwrap().to_owned();
        assert_eq!(logins[0]["reason"], format!("registry token {id}"));
        assert!(!log.to_string().contains(&robot.password));
    }

    async fn the_signer_is_renewed_and_the_authority_stays(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let leaf = async || part(&harbor.token(&robot, "").await.is(200)["token"], 0)["x5c"][0].clone();
        let bundle = harbor.room.anonymous().get("/token/certs.pem").await;
        assert_eq!(bundle.header("content-type"), "application/x-pem-file");
        assert_eq!(bundle.text.matches("BEGIN CERTIFICATE").count(), 1);
        let before = leaf().await;
        assert_eq!(leaf().await, before);
        let path = "/strongroom/v1/registry-signer/rotate";
        harbor.room.user("bob").await.post(path, &json!({})).await.is(403);
        assert_eq!(leaf().await, before);
        let renewed = harbor.root.post(path, &json!({})).await.is(200);
        assert_eq!(renewed["expires_at"], "2026-04-01T00:00:00.000000Z");
        assert_ne!(leaf().await, before);
        assert_eq!(harbor.room.anonymous().get("/token/certs.pem").await.text, bundle.text);
        let count = "SELECT COUNT(*) FROM signing_keys WHERE certificate IS NOT NULL";
        assert_eq!(harbor.room.database.rows(count).await[0][0], "2");
    }

    async fn an_authority_takes_the_place_of_another_while_both_are_trusted(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({})).await;
        let leaf = async || part(&harbor.token(&robot, "").await.is(200)["token"], 0)["x5c"][0].clone();
        let bundle = async || harbor.room.anonymous().get("/token/certs.pem").await.text;
        let count = async || bundle().await.matches("BEGIN CERTIFICATE").count();
        let (first_leaf, first_bundle) = (leaf().await, bundle().await);
        let bob = harbor.room.user("bob").await;
        bob.get(AUTHORITIES).await.is(403);
        bob.post(AUTHORITIES, &json!({})).await.is(403);
        let only = harbor.root.get(AUTHORITIES).await.is(200)["items"].clone();
        assert_eq!((only.as_array().unwrap().len(), &only[0]["signs"]), (1, &json!(true)));
        let old = format!("{AUTHORITIES}/{}", only[0]["id"]);

        // Another one is trusted by whoever fetches the certificates anew, and signs nothing.
        let reply = harbor.root.post(AUTHORITIES, &json!({})).await;
        let made = reply.is(201);
        let new = reply.header("location").to_owned();
        assert_eq!(made["signs"], false);
        assert_ne!(made["fingerprint"], only[0]["fingerprint"]);
        assert_eq!(count().await, 2);
        assert!(bundle().await.ends_with(&first_bundle));
        assert_eq!(leaf().await, first_leaf);
        // To renew the signer does not take the new one.
        harbor.root.post("/strongroom/v1/registry-signer/rotate", &json!({})).await.is(200);
        let listed = harbor.root.get(AUTHORITIES).await.is(200)["items"].clone();
        assert_eq!((&listed[0]["signs"], &listed[1]["signs"]), (&json!(false), &json!(true)));
        let refused = harbor.root.delete(&old).await.is(400);
        assert_eq!(refused["violations"][0]["field"], "authority");

        // It signs when it is told to, and there is a way back.
        let before = leaf().await;
        bob.post(&format!("{new}/use"), &json!({})).await.is(403);
        assert_eq!(harbor.root.post(&format!("{new}/use"), &json!({})).await.is(200)["signs"], true);
        assert_ne!(leaf().await, before);
        assert_eq!(count().await, 2);
        harbor.root.post(&format!("{old}/use"), &json!({})).await.is(200);
        let guid = made["guid"].as_str().unwrap();
        harbor.root.post(&format!("{AUTHORITIES}/{guid}/use"), &json!({})).await.is(200);
        bob.delete(&old).await.is(403);
        harbor.root.delete(&old).await.is(204);
        harbor.root.delete(&old).await.is(404);
        harbor.root.post(&format!("{old}/use"), &json!({})).await.is(404);
        assert_eq!(count().await, 1);
        assert_ne!(bundle().await, first_bundle);
        leaf().await;
        for _ in 0..3 {
            harbor.root.post(AUTHORITIES, &json!({})).await.is(201);
        }
        harbor.root.post(AUTHORITIES, &json!({})).await.is(400);
        let log = harbor.root.get("/strongroom/v1/audit?limit=200").await.text;
        assert!(log.contains("registry tokens are signed under it"));
        let keys = "SELECT COUNT(*) FROM signing_keys WHERE certificate IS NOT NULL";
        assert_eq!(harbor.room.database.rows(keys).await[0][0], "5");
    }

    async fn a_signer_whose_time_is_over_signs_no_more(room: Room) {
        let harbor = Harbor::new(room).await;
        let robot = harbor.robot(json!({"expires_at": "2027-12-01T00:00:00Z"})).await;
        let header = async || part(&harbor.token(&robot, "").await.is(200)["token"], 0);
        let before = header().await;
        // Nothing worked in the background meanwhile.
        harbor.room.wait(91 * 86_400);
        assert_ne!(header().await, before);
    }

    async fn a_registry_is_told_what_it_must_know(room: Room) {
        let harbor = Harbor::new(room).await;
        let path = harbor.robots.replace("/robots", "/config");
        let config = harbor.root.get(&path).await.is(200);
        let bundle = harbor.room.anonymous().get("/token/certs.pem").await.text;
        assert_eq!(config, json!({
            "name": "harbor", "realm": "http://localhost/token", "service": "harbor.example.com",
            "issuer": "http://localhost", "root_certificates": bundle, "key": "x5c", "jwks": config["jwks"],
        }));
        let key = &config["jwks"]["keys"][0];
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
        harbor.room.user("bob").await.get(&path).await.is(404);
    }
}
