//! Who used a credential last and when: every way in which a value leaves, and nothing else.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::{Value, json};

use super::{CREDENTIALS, Place, person, somebody, text, uses};
use crate::room::on_both_stores;

/// Name, dialect and time.
type Use = (String, String, i64);

/// Who used it last, through which dialect; and when, in whole seconds of the test's time.
fn last(told: &Value) -> Option<Use> {
    let used = Some(&told["last_used"]).filter(|used| !used.is_null())?;
    let at: jiff::Timestamp = used["at"].as_str().unwrap().parse().unwrap();
    Some((text(&used["name"]), text(&used["dialect"]), at.as_second() - 1_767_225_600))
}

fn by(name: &str, dialect: &str, at: i64) -> Use {
    (name.to_owned(), dialect.to_owned(), at)
}

on_both_stores! {
    /// A value that Probely shows was used: alone, in a list, in the answer that reveals it or makes it.
    async fn a_value_that_probely_shows_was_used(room: Room) {
        let place = Place::new(&room, "Acme").await;
        let id = person(&room, "alice").await;
        let path = format!("/strongroom/v1/organizations/{}/grants", place.id);
        place.root.post(&path, &json!({"role": "probely_member", "user": id})).await.is(201);
        let alice = somebody(&room, "alice", place.id, &["probely"]).await;
        let made = alice.post("/credentials/", &json!({"name": "a", "value": "hunter2"})).await.is(201);
        let id = text(&made["id"]);
        let path = format!("/credentials/{id}/");
        let now = async || last(&uses(&place.root, &id).await);
        alice.get(&path).await.is(200);
        alice.get("/credentials/").await.is(200);
        place.root.get(&format!("{CREDENTIALS}/{id}")).await.is(200);
        assert_eq!(now().await, None, "a masked read is no use");
        room.wait(1);
        place.root.patch(&path, &json!({"is_sensitive": false})).await.is(403);
        assert_eq!(now().await, None, "what was refused is no use");
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(200);
        assert_eq!(now().await, Some(by("alice", "probely", 1)), "revealing it");
        room.wait(1);
        place.root.get(&path).await.is(200);
        assert_eq!(now().await, Some(by("admin", "probely", 2)), "reading it");
        room.wait(1);
        alice.get("/credentials/").await.is(200);
        assert_eq!(now().await, Some(by("alice", "probely", 3)), "a list of it");
        room.wait(1);
        alice.put(&path, &json!({"name": "a", "value": "hunter2-new"})).await.is(200);
        assert_eq!(now().await, Some(by("alice", "probely", 4)), "an answer to a change that shows it");
        room.wait(1);
        alice.patch(&path, &json!({"is_sensitive": true})).await.is(200);
        assert_eq!(now().await, Some(by("alice", "probely", 4)), "an answer that hides it");
        let open = json!({"name": "b", "value": "hunter2", "is_sensitive": false});
        let open = text(&alice.post("/credentials/", &open).await.is(201)["id"]);
        assert_eq!(last(&uses(&place.root, &open).await), Some(by("alice", "probely", 5)), "the answer that makes it");
    }

    /// A checkout is a use, of whatever credential.
    async fn a_checkout_is_a_use(room: Room) {
        let place = Place::new(&room, "Acme").await;
        let id = person(&room, "alice").await;
        let members = format!("/api/v2/organizations/{}/users/", place.id);
        place.root.post(&members, &json!({"id": id})).await.is(204);
        let credential = place.machine("m").await.to_string();
        let path = format!("{CREDENTIALS}/{credential}");
        let alice = room.with_token_of("alice").await;
        place.root.post(&format!("{path}/checkout"), &json!({})).await.is(403);
        assert_eq!(last(&uses(&place.root, &credential).await), None);
        place.root.post(&format!("{path}/grants"), &json!({"role": "checkout", "user": id})).await.is(201);
        room.wait(7);
        alice.post(&format!("{path}/checkout"), &json!({"purpose": "deploy"})).await.is(200);
        assert_eq!(last(&uses(&place.root, &credential).await), Some(by("alice", "native", 7)));
        // The list of what could be checked out, and versions, tell no value.
        room.wait(1);
        alice.get("/strongroom/v1/registry-credentials").await.is(200);
        alice.get(&format!("{path}/versions")).await.is(200);
        assert_eq!(last(&uses(&place.root, &credential).await), Some(by("alice", "native", 7)));
    }

    /// A robot is used when it logs in. That it was minted or rotated is not a use of it.
    async fn a_robot_is_used_by_its_login(room: Room) {
        let place = Place::new(&room, "Acme").await;
        let body = json!({"name": "harbor", "organization": place.id, "url": "https://harbor.example.com"});
        let registry = place.root.post("/strongroom/v1/registries", &body).await.is(201);
        let robots = format!("/strongroom/v1/registries/{}/robots", registry["id"]);
        let robot = place.root.post(&robots, &json!({"description": "x"})).await.is(201);
        let guid = text(&robot["guid"]);
        let now = async || last(&uses(&place.root, &guid).await);
        assert_eq!(now().await, None);
        let name = text(&robot["username"]);
        let log_in = async |password: &str| {
            let pair = STANDARD.encode(format!("{name}:{password}"));
            let request = Request::get("/token").header("authorization", format!("Basic {pair}"));
            room.anonymous().send(request.body(Body::empty()).unwrap()).await
        };
        room.wait(3);
        log_in("wrong").await.status_is(401);
        assert_eq!(now().await, None);
        log_in(robot["password"].as_str().unwrap()).await.status_is(200);
        assert_eq!(now().await, Some(by(&name, "app_catalog", 3)));
        room.wait(1);
        let rotated = place.root.post(&format!("{robots}/{}/rotate", robot["id"]), &json!({})).await.is(201);
        assert_eq!(last(&uses(&place.root, &text(&rotated["guid"])).await), None);
        assert_eq!(now().await, Some(by(&name, "app_catalog", 3)));
    }

    /// Which credential fetches an image is told without a value, so that asking is no use.
    async fn asking_which_credential_wins_is_no_use(room: Room) {
        let place = Place::new(&room, "Acme").await;
        let guid = place.platform("registry.example.com", ("organization", &place.guid)).await;
        let app = place.app("web").await;
        let asked = json!({"image": "registry.example.com/web:1", "app": app});
        let told = place.root.post("/strongroom/v1/registry_credentials/resolve", &asked).await.is(200);
        assert_eq!(told["winner"], json!(guid));
        place.start(&app, "registry.example.com/web:1").await;
        place.root.get(&format!("/v3/registry_credentials/{guid}")).await.is(200);
        assert_eq!(last(&uses(&place.root, &guid).await), None);
    }
}
