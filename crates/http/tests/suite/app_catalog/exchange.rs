//! From API token to access token, and what both open.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use super::{Docks, EXCHANGE, REGISTRIES, access_token, api_token, at_the_door, told};
use crate::room::{Reply, Room, on_both_stores};

async fn send(room: &Room, query: &str, content_type: Option<&str>, body: &str) -> Reply {
    let mut request = Request::post(format!("{EXCHANGE}{query}"));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    room.anonymous().send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

on_both_stores! {
    async fn an_api_token_is_exchanged_from_query_or_form(room: Room) {
        let token = api_token(&room, "admin", "Default").await;
        let in_query = format!("?refresh_token={token}");
        let in_form = format!("refresh_token={token}");
        let reply = send(&room, &in_query, None, "").await;
        insta::assert_snapshot!("exchanged", told(&reply));
        let body = reply.is(200);
        assert_eq!(body["refresh_token"], token);
        for reply in [
            send(&room, &in_query, FORM, "").await,
            send(&room, "", FORM, &in_form).await,
            send(&room, "", Some("application/x-www-form-urlencoded; charset=utf-8"), &in_form)
                .await,
            send(&room, "", None, &in_form).await,
            send(&room, "?refresh_token=wrong", FORM, &in_form).await,
            send(&room, &in_query, Some("application/json"), "").await,
        ] {
            let other = reply.is(200);
            assert_ne!(other["access_token"], body["access_token"]);
            let caller = room.by_token(other["access_token"].as_str().unwrap());
            caller.get("/v1/users/me").await.is(200);
        }
        let slash = format!("{EXCHANGE}/?refresh_token={token}");
        room.anonymous().bare(Method::POST, &slash).await.is(200);
    }

    async fn what_is_no_live_api_token_is_refused_and_not_repeated(room: Room) {
        let docks = Docks::new(room).await;
        let room = &docks.room;
        let token = api_token(room, "admin", "acme").await;
        let access = access_token(room, &token).await;
        let native = json!({"user": "admin", "name": "n", "kind": "native"});
        let native = room.on_host().post("/strongroom/v1/host/tokens", &native).await.is(201);
        let none = send(room, "", None, "").await;
        insta::assert_snapshot!("not_exchanged_without", told(&none));
        let unknown = send(room, "?refresh_token=marker-4711", None, "").await;
        insta::assert_snapshot!("not_exchanged_unknown", told(&unknown));
        assert!(!unknown.text.contains("marker-4711"));
        for wrong in [&access, native["token"].as_str().unwrap(), "", "%00", "a%ff"] {
            let reply = send(room, &format!("?refresh_token={wrong}"), None, "").await;
            assert_eq!(reply.is(400)["statusCode"], 400);
        }
        let body = json!({"refresh_token": token}).to_string();
        let reply = send(room, "", Some("application/json"), &body).await;
        insta::assert_snapshot!("not_exchanged_json", told(&reply));
        insta::assert_snapshot!("not_exchanged_get", told(&room.anonymous().get(EXCHANGE).await));
        let large = send(room, "", FORM, &"x".repeat(64 * 1024 + 1)).await;
        insta::assert_snapshot!("not_exchanged_large", told(&large));

        let listed = docks.root.get("/strongroom/v1/tokens").await.is(200);
        let items = listed["items"].as_array().unwrap();
        let api = items.iter().find(|item| item["kind"] == "catalog").unwrap();
        room.by_token(&access).get("/v1/users/me").await.is(200);
        docks.root.delete(&format!("/strongroom/v1/tokens/{}", api["id"])).await.is(204);
        send(room, &format!("?refresh_token={token}"), None, "").await.is(400);
        room.by_token(&access).get("/v1/users/me").await.is(401);
    }

    async fn an_access_token_lives_half_an_hour_and_never_longer_than_its_api_token(room: Room) {
        let token = api_token(&room, "admin", "Default").await;
        let caller = room.by_token(&access_token(&room, &token).await);
        room.wait(1799);
        caller.get("/v1/users/me").await.is(200);
        room.wait(1);
        insta::assert_snapshot!("expired_access_token", told(&caller.get("/v1/users/me").await));

        let admin = room.by_password("admin");
        let body = json!({"kind": "catalog", "name": "short", "organization": 1, "expires_at": "2026-01-01T00:31:00Z"});
        let short = admin.post("/strongroom/v1/tokens", &body).await.is(201);
        let query = format!("?refresh_token={}", short["token"].as_str().unwrap());
        let exchanged = send(&room, &query, None, "").await.is(200);
        assert_eq!(exchanged["expires_in"], 60);
        room.wait(60);
        send(&room, &query, None, "").await.is(400);
    }

    async fn a_key_tells_whom_and_what_it_stands_for(room: Room) {
        let docks = Docks::new(room).await;
        let id = docks.person("alice").await;
        let grant = docks.give(id, 2, "catalog_member").await;
        docks.give(id, 3, "catalog_member").await;
        let acme = at_the_door(&docks.room, "alice", "acme").await;
        let other = at_the_door(&docks.room, "alice", "other").await;
        insta::assert_snapshot!("users_me", told(&acme.get("/v1/users/me").await));
        assert_eq!(other.get("/v1/users/me").await.is(200)["organization"]["name"], "other");
        // Each key sees the registries of its own organization.
        acme.get(&docks.harbor).await.is(200);
        acme.get(&docks.pier).await.is(404);
        other.get(&docks.harbor).await.is(404);
        other.get(&docks.pier).await.is(200);
        docks.root.delete(&grant).await.is(204);
        insta::assert_snapshot!("users_me_forbidden", told(&acme.get("/v1/users/me").await));
        acme.get(REGISTRIES).await.is(403);
        other.get(REGISTRIES).await.is(200);
    }

    async fn each_key_opens_its_own_door(room: Room) {
        let docks = Docks::new(room).await;
        let room = &docks.room;
        let api = api_token(room, "admin", "acme").await;
        let access = access_token(room, &api).await;
        for path in ["/api/v2/me/", "/strongroom/v1/tokens", "/strongroom/v1/registries"] {
            room.by_token(&access).get(path).await.is(401);
            room.by_token(&api).get(path).await.is(401);
        }
        for caller in [
            room.anonymous(),
            room.by_token(&api),
            room.by_token("x"),
            room.by_password("admin"),
            docks.root.clone(),
        ] {
            let reply = caller.get(REGISTRIES).await;
            reply.is(401);
            insta::assert_snapshot!("unauthorized", told(&reply));
            assert_eq!(
                caller.post(&format!("{}/credentials", docks.harbor), &json!({})).await.status,
                401
            );
        }
        let bearer = Request::get(REGISTRIES).header("authorization", format!("bEARER {access}"));
        room.anonymous().send(bearer.body(Body::empty()).unwrap()).await.is(200);
        let body = json!({"user": "admin", "name": "n", "kind": "native", "organization": "acme", "dialects": ["app_catalog"]});
        let native = room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
        room.by_token(native["token"].as_str().unwrap()).get(&docks.harbor).await.is(200);
    }

    async fn api_tokens_are_made_by_those_who_belong_there(room: Room) {
        let docks = Docks::new(room).await;
        let id = docks.person("alice").await;
        let alice = docks.room.by_password("alice");
        let body = json!({"kind": "catalog", "name": "x", "organization": "acme"});
        assert_eq!(
            alice.post("/strongroom/v1/tokens", &body).await.is(400)["violations"][0]["field"],
            "organization"
        );
        docks.give(id, 2, "catalog_member").await;
        alice.post("/strongroom/v1/tokens", &body).await.is(201);
        // A native token makes none, unless it opens the Catalog itself.
        let native = docks.room.user("bob").await;
        native.post("/strongroom/v1/tokens", &body).await.is(400);
        // What the exchange gives is given by the exchange only.
        for kind in ["catalog_access", "probely_login", "uaa_access", "uaa_refresh"] {
            let body = json!({"kind": kind, "name": "x", "organization": "acme"});
            alice.post("/strongroom/v1/tokens", &body).await.is(400);
        }
    }
}
