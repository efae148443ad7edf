//! The account, its people, teams, keys and service accounts.

use serde_json::json;

use super::{CREDENTIALS, Office, hidden, line, make, text};
use crate::room::{PASSWORD, on_both_stores};

on_both_stores! {
    /// What everybody may read.
    async fn the_account_and_its_people_are_read(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        office.member("bob").await;
        office.person("stranger").await;
        let mut lines = vec![
            line("profile", &alice.get("/profile/").await),
            line("account", &alice.get("/account/").await),
            line("users", &alice.get("/users/").await),
            line("users found", &alice.get("/users/?search=BOB").await),
            line("users backwards", &alice.get("/users/?ordering=-name&length=1").await),
            line("no teams", &alice.get("/teams/").await),
        ];
        office.join("alice").await;
        lines.push(line("teams", &alice.get("/teams/").await));
        let team = format!("/teams/{}/", office.team.1);
        lines.push(line("team", &alice.get(&team).await));
        let me = text(&alice.get("/profile/").await.is(200)["id"]);
        lines.push(line("user", &alice.get(&format!("/users/{me}/")).await));
        lines.push(line("no user", &alice.get("/users/4DY4qGohso1r/").await));
        lines.push(line("no team", &alice.get("/teams/1/").await));
        lines.push(line("teams are made by administrators", &alice.post("/teams/", &json!({})).await));
        insta::assert_snapshot!("people", lines.join("\n"));
        let admin = office.token("admin", 1).await;
        admin.get(&team).await.is(404);
        assert_eq!(admin.get("/profile/").await.is(200)["email"], "");
    }

    /// API keys.
    async fn keys_are_made_listed_and_ended(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let login = json!({"username": "alice", "password": PASSWORD});
        let login = office.room.anonymous().post("/auth/obtain/", &login).await.is(200);
        let alice = office.room.by_token(&text(&login["token"]));
        let made = alice.post("/keys/", &json!({"name": "pipeline"})).await;
        let mut lines = vec![line("POST", &made)];
        let key = made.is(201);
        let secret = text(&key["key"]);
        assert!(32 <= secret.len());
        let by_key = office.room.by_token(&secret);
        make(&by_key, &hidden("by key")).await;
        let path = format!("/keys/{}/", text(&key["id"]));
        for (label, reply) in [
            ("GET", alice.get(&path).await),
            ("LIST", alice.get("/keys/?ordering=-name&length=1").await),
            ("refresh", alice.post("/auth/refresh/", &json!({"token": secret})).await),
            ("revoke", alice.post("/auth/revoke/", &json!({"token": secret})).await),
            ("verify", alice.post("/auth/verify/", &json!({"token": secret})).await),
            ("no name", alice.post("/keys/", &json!({})).await),
            ("blank name", alice.post("/keys/", &json!({"name": " "})).await),
            ("DELETE", alice.delete(&path).await),
            ("gone", alice.get(&path).await),
        ] {
            assert!(!reply.text.contains(&secret) || label == "verify", "{label}");
            lines.push(line(label, &reply));
        }
        by_key.get(CREDENTIALS).await.is(401);
        insta::assert_snapshot!("keys", lines.join("\n"));
    }

    /// A key is its maker's own: nobody else sees it, and it ends with the login that made it.
    async fn keys_are_their_makers_own(room: Room) {
        let office = Office::new(room).await;
        office.member("alice").await;
        let login = json!({"username": "alice", "password": PASSWORD});
        let login = office.room.anonymous().post("/auth/obtain/", &login).await.is(200);
        let alice = office.room.by_token(&text(&login["token"]));
        let key = alice.post("/keys/", &json!({"name": "x"})).await.is(201);
        let path = format!("/keys/{}/", text(&key["id"]));
        for other in [office.member("bob").await, office.token("admin", office.acme).await] {
            other.get(&path).await.is(404);
            other.delete(&path).await.is(404);
            assert!(!other.get("/keys/").await.text.contains(&text(&key["id"])));
        }
        let by_key = office.room.by_token(&text(&key["key"]));
        by_key.get(CREDENTIALS).await.is(200);
        office.room.anonymous().post("/auth/revoke/", &json!({"token": login["token"]})).await.is(200);
        by_key.get(CREDENTIALS).await.is(401);
    }

    /// Service accounts, made by administrators of the organization.
    async fn api_users_are_made_by_administrators(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let boss = office.person("boss").await;
        let path = format!("/api/v2/organizations/{}/admins/", office.acme);
        office.root.post(&path, &json!({"id": boss})).await.is(204);
        let boss = office.token("boss", office.acme).await;
        let body = json!({"name": "Build server", "permissions": ["manage_credentials"]});
        alice.post("/api-users/", &body).await.is(403);
        let made = boss.post("/api-users/", &body).await;
        let mut lines = vec![line("POST", &made)];
        let machine = made.is(201);
        let by_key = office.room.by_token(&text(&machine["key"]));
        let own = make(&alice, &hidden("of alice")).await;
        by_key.patch(&own, &json!({"name": "changed"})).await.is(200);
        by_key.post("/keys/", &json!({"name": "more"})).await.is(403);
        let path = format!("/api-users/{}/", text(&machine["id"]));
        alice.delete(&path).await.is(403);
        for (label, reply) in [
            ("GET", alice.get(&path).await),
            ("LIST", alice.get("/api-users/").await),
            ("profile", by_key.get("/profile/").await),
            ("unknown permission", boss.post("/api-users/", &json!({"name": "x", "permissions": ["fly"]})).await),
            ("no list", boss.post("/api-users/", &json!({"name": "x", "permissions": 5})).await),
            ("no name", boss.post("/api-users/", &json!({"permissions": []})).await),
            ("DELETE", boss.delete(&path).await),
            ("gone", boss.get(&path).await),
        ] {
            lines.push(line(label, &reply));
        }
        by_key.get(CREDENTIALS).await.is(401);
        insta::assert_snapshot!("api_users", lines.join("\n"));
    }

    /// A machine without permissions is a member like any other.
    async fn an_api_user_is_a_member_of_its_account(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let admin = office.token("admin", office.acme).await;
        let machine = admin.post("/api-users/", &json!({"name": "m"})).await.is(201);
        assert_eq!(machine["permissions"], json!([]));
        let by_key = office.room.by_token(&text(&machine["key"]));
        let of_alice = make(&alice, &hidden("x")).await;
        by_key.get(&of_alice).await.is(200);
        by_key.patch(&of_alice, &json!({"name": "y"})).await.is(403);
        let own = make(&by_key, &hidden("own")).await;
        by_key.patch(&own, &json!({"is_sensitive": false})).await.is(200);
        let people = alice.get("/users/").await.is(200);
        assert!(!people.to_string().contains("api-user"), "{people}");
    }
}
