//! Logging in, tokens, and who gets in with what.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{CREDENTIALS, Office, hidden, line, make, text};
use crate::room::{Caller, PASSWORD, Reply, on_both_stores};

async fn obtain(caller: &Caller, body: &Value) -> Reply {
    caller.post("/auth/obtain/", body).await
}

async fn header(office: &Office, value: &str) -> Reply {
    let request = Request::get(CREDENTIALS).header("authorization", value);
    office.room.anonymous().send(request.body(Body::empty()).unwrap()).await
}

on_both_stores! {
    /// The whole life of a login token.
    async fn a_login_token_is_obtained_verified_refreshed_and_revoked(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let anonymous = office.room.anonymous();
        let mut lines = Vec::new();
        for prefix in ["", "/enterprise"] {
            let body = json!({"username": " Alice ", "password": PASSWORD});
            let login = anonymous.post(&format!("{prefix}/auth/obtain/"), &body).await;
            lines.push(line("obtain", &login));
            let first = text(&login.is(200)["token"]);
            let alice = office.room.by_token(&first);
            alice.get(CREDENTIALS).await.is(200);
            office.room.wait(60);
            let body = json!({"token": first});
            let verified = anonymous.post(&format!("{prefix}/auth/verify/"), &body).await;
            assert_eq!(text(&verified.is(200)["token"]), first);
            lines.push(line("verify", &verified));
            let renewed = anonymous.post(&format!("{prefix}/auth/refresh/"), &body).await;
            lines.push(line("refresh", &renewed));
            let second = text(&renewed.is(200)["token"]);
            alice.get(CREDENTIALS).await.is(200);
            lines.push(line("revoke", &anonymous.post(&format!("{prefix}/auth/revoke/"), &body).await));
            alice.get(CREDENTIALS).await.is(401);
            office.room.by_token(&second).get(CREDENTIALS).await.is(200);
            for what in ["verify", "refresh", "revoke"] {
                let reply = anonymous.post(&format!("{prefix}/auth/{what}/"), &body).await;
                lines.push(line(&format!("{what} once more"), &reply));
            }
            let body = json!({"token": second});
            office.room.wait(31_536_000);
            anonymous.post(&format!("{prefix}/auth/verify/"), &body).await.is(400);
            office.room.by_token(&second).get(CREDENTIALS).await.is(401);
        }
        let form = Request::post("/enterprise/auth/obtain/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("username=alice&password=correct+horse+battery+staple"))
            .unwrap();
        anonymous.send(form).await.is(200);
        insta::assert_snapshot!("login", lines.join("\n"));
    }

    /// Wrong logins look alike, whatever is wrong.
    async fn nobody_can_tell_why_a_login_failed(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        office.person("stranger").await;
        let anonymous = office.room.anonymous();
        let mut lines = Vec::new();
        for body in [
            json!({"username": "alice", "password": "wrong"}),
            json!({"username": "nobody", "password": PASSWORD}),
            json!({"username": "stranger", "password": PASSWORD}),
            json!({"username": "alice", "password": PASSWORD, "account": "4DY4qGohso1r"}),
            json!({"username": "alice", "password": PASSWORD, "account": "1"}),
            json!({"username": "alice", "password": format!(" {PASSWORD}")}),
        ] {
            let reply = obtain(&anonymous, &body).await;
            assert!(!reply.text.contains("correct"), "{}", reply.text);
            lines.push(line("obtain", &reply));
        }
        lines.dedup();
        assert_eq!(lines.len(), 1, "{lines:?}");
        for body in [json!({}), json!({"username": "", "password": ""}), json!({"username": [], "password": null})] {
            lines.push(line("obtain", &obtain(&anonymous, &body).await));
        }
        for what in ["verify", "refresh", "revoke"] {
            lines.push(line(what, &anonymous.post(&format!("/auth/{what}/"), &json!({})).await));
            let body = json!({"token": "nonsense"});
            lines.push(line(what, &anonymous.post(&format!("/auth/{what}/"), &body).await));
        }
        insta::assert_snapshot!("no_login", lines.join("\n"));
    }

    /// Guessing is slowed down by the throttle that all logins share.
    async fn guessing_is_throttled(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let anonymous = office.room.anonymous();
        let body = json!({"username": "ALICE", "password": "wrong"});
        let mut last = obtain(&anonymous, &body).await;
        for _ in 0..40 {
            if last.status != 400 {
                break;
            }
            last = obtain(&anonymous, &body).await;
        }
        insta::assert_snapshot!("throttled", line("obtain", &last));
        let basic = office.room.by_password("alice");
        let native = basic.post("/strongroom/v1/tokens", &json!({"kind": "native", "name": "x"})).await;
        assert_eq!(native.status, 429);
    }

    /// To which account a login leads.
    async fn a_login_leads_to_the_named_account_or_the_oldest_membership(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let id = office.id_of("alice").await;
        let grants = "/strongroom/v1/organizations/1/grants";
        office.root.post(grants, &json!({"role": "probely_member", "user": id})).await.is(201);
        let anonymous = office.room.anonymous();
        let account = async |body: &Value| {
            let token = text(&obtain(&anonymous, body).await.is(200)["token"]);
            office.room.by_token(&token).get("/account/").await.is(200)
        };
        let acme = account(&json!({"username": "alice", "password": PASSWORD})).await;
        assert_eq!(acme["name"], "Acme");
        let admin = account(&json!({"username": "admin", "password": PASSWORD})).await;
        assert_eq!(admin["name"], "Default");
        let named = json!({"username": "alice", "password": PASSWORD, "account": admin["id"]});
        assert_eq!(account(&named).await["name"], "Default");
        let named = json!({"username": "admin", "password": PASSWORD, "account": acme["id"]});
        assert_eq!(account(&named).await["name"], "Acme");
    }

    /// A token acts in its own account and nowhere else, even for who belongs to both.
    async fn a_token_acts_in_one_account(room: Room) {
        let office = Office::new(room).await;
        let here = office.token("admin", office.acme).await;
        let there = office.token("admin", 1).await;
        let path = make(&here, &hidden("x")).await;
        here.get(&path).await.is(200);
        there.get(&path).await.is(404);
        there.patch(&path, &json!({"name": "y"})).await.is(404);
        there.delete(&path).await.is(404);
        assert_eq!(there.get(CREDENTIALS).await.is(200)["count"], 0);
    }

    /// The header, in every form.
    async fn the_header_is_read_or_refused(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let login = json!({"username": "alice", "password": PASSWORD});
        let token = text(&obtain(&office.room.anonymous(), &login).await.is(200)["token"]);
        for scheme in ["JWT", "jwt", "Bearer", "bearer"] {
            header(&office, &format!("{scheme} {token}")).await.is(200);
        }
        let mut lines = vec![line("nothing", &office.room.anonymous().get(CREDENTIALS).await)];
        for value in ["", "JWT", "JWT a b", "JWT nonsense", "Token x", "Basic YWxpY2U6eA=="] {
            lines.push(line(value, &header(&office, value).await));
        }
        insta::assert_snapshot!("header", lines.join("\n"));
    }

    /// A token of one dialect opens no other.
    async fn keys_open_the_doors_they_were_made_for(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        for path in ["/api/v2/me/", "/strongroom/v1/credentials", "/v1/registries"] {
            assert_eq!(alice.get(path).await.status, 401, "{path}");
        }
        office.root.get(CREDENTIALS).await.is(401);
        office.room.by_password("alice").get(CREDENTIALS).await.is(401);
        let host = office.room.on_host();
        for (dialects, status) in [(json!(["awx"]), 401), (json!(["probely"]), 200)] {
            let body = json!({
                "user": "alice", "name": "n", "kind": "native", "dialects": dialects, "organization": office.acme,
            });
            let issued = host.post("/strongroom/v1/host/tokens", &body).await.is(201);
            let caller = office.room.by_token(issued["token"].as_str().unwrap());
            assert_eq!(caller.get(CREDENTIALS).await.status, status, "{dialects}");
        }
    }

    /// What ends a right ends it on the next request.
    async fn rights_end_at_once(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        alice.get(CREDENTIALS).await.is(200);
        let grants = format!("/strongroom/v1/organizations/{}/grants", office.acme);
        let given = office.root.get(&grants).await.is(200);
        let mut items = given["items"].as_array().unwrap().iter();
        let member = items.rfind(|grant| grant["role"] == "probely_member").unwrap();
        office.root.delete(&format!("{grants}/{}", member["id"])).await.is(204);
        alice.get(CREDENTIALS).await.is(401);
        let login = json!({"username": "alice", "password": PASSWORD});
        obtain(&office.room.anonymous(), &login).await.is(400);
    }
}
