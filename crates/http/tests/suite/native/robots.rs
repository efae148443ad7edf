//! Robots natively: minted, rotated with an overlap, told of before they end.

use serde_json::{Value, json};

use crate::room::{Caller, Room, on_both_stores};

const REGISTRIES: &str = "/strongroom/v1/registries";

/// The path of the robots of a new registry.
async fn harbor(root: &Caller, limit: i64) -> String {
    let body = json!({
        "name": "harbor", "organization": 1, "url": "https://harbor.example.com", "credentials_limit": limit,
    });
    let made = root.post(REGISTRIES, &body).await.is(201);
    format!("{REGISTRIES}/{}/robots", made["id"])
}

async fn mint(root: &Caller, robots: &str, expires: Option<&str>) -> Value {
    let mut body = json!({"description": "web", "access": [
        {"type": "repository", "name": "team/*", "actions": ["pull", "push"]},
    ]});
    if let Some(expires) = expires {
        body["expires_at"] = expires.into();
    }
    root.post(robots, &body).await.is(201)
}

async fn logs_in(room: &Room, robot: &Value) -> u16 {
    use base64::Engine;
    let text = |name: &str| robot[name].as_str().unwrap();
    let pair = format!("{}:{}", text("username"), text("password"));
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    let request = http::Request::get("/token").header("authorization", format!("Basic {pair}"));
    room.anonymous().send(request.body(axum::body::Body::empty()).unwrap()).await.status
}

on_both_stores! {
    async fn a_robot_is_minted_shown_listed_and_removed(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 2).await;
        let made = mint(&root, &robots, None).await;
        assert_eq!(made["name"], made["username"]);
        assert_eq!(made["status"], "active");
        assert_eq!(made["expires_at"], "2027-01-01T00:00:00.000000Z");
        let path = format!("{robots}/{}", made["id"]);
        let shown = root.get(&path).await.is(200);
        assert_eq!(shown["access"], json!([{"type": "repository", "name": "team/*", "actions": ["pull", "push"]}]));
        assert!(shown["password"].is_null() && shown["username"].is_null());
        assert_eq!(root.get(&format!("{robots}/{}", made["guid"].as_str().unwrap())).await.is(200), shown);
        let list = root.get(&robots).await.is(200);
        assert_eq!(list, json!({"items": [shown], "next": null}));
        let reference = json!({"consumer": "cluster", "kind": "pull secret", "name": "web"});
        let references = format!("/strongroom/v1/credentials/{}/references", made["guid"].as_str().unwrap());
        root.post(&references, &reference).await.is(201);
        root.delete(&path).await.is(409);
        root.delete(&format!("{path}?force=true")).await.is(204);
        root.delete(&path).await.is(404);
        assert_eq!(root.get(&path).await.is(200)["status"], "removed");
    }

    async fn what_is_wrong_with_a_robot_is_told_with_its_place(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 1).await;
        for (body, field) in [
            (json!({}), "description"),
            (json!({"description": ""}), "description"),
            (json!({"description": "x", "access": []}), "access"),
            (json!({"description": "x", "access": [{"type": "repository", "name": "A", "actions": ["pull"]}]}), "access[0].name"),
            (json!({"description": "x", "expires_at": "2025-01-01T00:00:00Z"}), "expires_at"),
            (json!({"description": "x", "expires_at": "2029-01-01T00:00:00Z"}), "expires_at"),
            (json!({"description": "x", "username": "y"}), "username"),
        ] {
            let told = root.post(&robots, &body).await.is(400);
            assert_eq!(told["violations"][0]["field"], field, "{told}");
        }
        mint(&root, &robots, None).await;
        let told = root.post(&robots, &json!({"description": "x"})).await.is(400);
        assert_eq!(told["violations"][0]["field"], "registry_id");
    }

    async fn a_rotated_robot_lives_on_beside_its_successor(room: Room) {
        let root = room.admin().await;
        // As many as the registry allows are live, and one can be rotated all the same.
        let robots = harbor(&root, 1).await;
        let old = mint(&root, &robots, None).await;
        assert_eq!(logs_in(&room, &old).await, 200);
        let path = format!("{robots}/{}", old["id"]);
        room.wait(3600);
        let new = root.post(&format!("{path}/rotate"), &json!({"overlap_seconds": 7200})).await.is(201);
        assert_ne!(new["username"], old["username"]);
        assert_eq!(new["access"], old["access"]);
        assert_eq!(new["description"], "web");
        assert_eq!(new["predecessor"], old["guid"]);
        assert_eq!(new["expires_at"], "2027-01-01T01:00:00.000000Z");
        let shown = root.get(&path).await.is(200);
        assert_eq!(shown["successor"], new["guid"]);
        assert_eq!(shown["expires_at"], "2026-01-01T03:00:00.000000Z");
        assert_eq!((&shown["status"], &shown["used_since_rotation"]), (&json!("active"), &json!(false)));
        assert_eq!((logs_in(&room, &old).await, logs_in(&room, &new).await), (200, 200));
        root.post(&robots, &json!({"description": "one too many"})).await.is(400);
        let again = root.post(&format!("{path}/rotate"), &json!({})).await.is(400);
        assert_eq!(again["violations"][0]["field"], "robot");
        room.wait(7200);
        assert_eq!((logs_in(&room, &old).await, logs_in(&room, &new).await), (401, 200));
        assert_eq!(root.get(&path).await.is(200)["status"], "expired");
        root.post(&format!("{path}/rotate"), &json!({})).await.is(400);
    }

    async fn a_successor_that_would_end_before_the_old_robot_is_refused(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 5).await;
        let old = mint(&root, &robots, None).await;
        let rotate = format!("{robots}/{}/rotate", old["id"]);
        let wanted = json!({"overlap_seconds": 7200, "expires_at": "2026-01-01T01:00:00Z"});
        let told = root.post(&rotate, &wanted).await.is(400);
        assert_eq!(told["violations"][0]["field"], "overlap_seconds");
        let wanted = json!({"overlap_seconds": 3600, "expires_at": "2026-01-01T01:00:00Z"});
        root.post(&rotate, &wanted).await.is(201);
    }

    async fn a_rotation_tells_which_of_the_two_was_used_since(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 5).await;
        let old = mint(&root, &robots, None).await;
        let path = format!("{robots}/{}", old["id"]);
        let new = root.post(&format!("{path}/rotate"), &json!({})).await.is(201);
        assert_eq!(root.get(&path).await.is(200)["expires_at"], "2026-01-02T00:00:00.000000Z");
        room.wait(60);
        assert_eq!(logs_in(&room, &old).await, 200);
        let new_path = format!("{robots}/{}", new["id"]);
        assert_eq!(root.get(&path).await.is(200)["used_since_rotation"], true);
        assert_eq!(root.get(&new_path).await.is(200)["last_used"], Value::Null);
        assert_eq!(root.get(&new_path).await.is(200)["used_since_rotation"], Value::Null);
    }

    async fn an_overlap_beyond_the_end_is_refused(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 5).await;
        let old = mint(&root, &robots, Some("2026-01-01T01:00:00Z")).await;
        let rotate = format!("{robots}/{}/rotate", old["id"]);
        for (body, field) in [
            (json!({"overlap_seconds": 3601}), "overlap_seconds"),
            (json!({"overlap_seconds": -1}), "overlap_seconds"),
            (json!({"overlap_seconds": "1h"}), "overlap_seconds"),
            (json!({"expires_at": "2025-01-01T00:00:00Z"}), "expires_at"),
        ] {
            let told = root.post(&rotate, &body).await.is(400);
            assert_eq!(told["violations"][0]["field"], field, "{told}");
        }
        assert_eq!(logs_in(&room, &old).await, 200);
        let new = root.post(&rotate, &json!({"overlap_seconds": 0})).await.is(201);
        assert_eq!((logs_in(&room, &old).await, logs_in(&room, &new).await), (401, 200));
        // The successor lives as long as the first was minted for.
        assert_eq!(new["expires_at"], "2026-01-01T01:00:00.000000Z");
        let bob = room.user("bob").await;
        bob.post(&format!("{robots}/{}/rotate", new["id"]), &json!({})).await.is(404);
    }

    async fn robots_that_end_soon_are_listed_until_they_have_a_successor(room: Room) {
        let root = room.admin().await;
        let robots = harbor(&root, 9).await;
        let soon = mint(&root, &robots, Some("2026-01-10T00:00:00Z")).await;
        let later = mint(&root, &robots, Some("2026-02-10T00:00:00Z")).await;
        let gone = mint(&root, &robots, Some("2026-01-05T00:00:00Z")).await;
        root.delete(&format!("{robots}/{}", gone["id"])).await.is(204);
        let ending = async |query: &str| -> Vec<Value> {
            let list = root.get(&format!("/strongroom/v1/robots/ending{query}")).await.is(200);
            list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
        };
        assert_eq!(ending("").await, [soon["name"].clone()]);
        assert_eq!(ending("?days=60").await, [soon["name"].clone(), later["name"].clone()]);
        assert_eq!(ending("?days=60&limit=1").await, [soon["name"].clone()]);
        assert_eq!(ending("?days=0").await, Vec::<Value>::new());
        root.get("/strongroom/v1/robots/ending?days=731").await.is(400);
        let bob = room.user("bob").await;
        assert_eq!(bob.get("/strongroom/v1/robots/ending").await.is(200)["items"], json!([]));
        root.post(&format!("{robots}/{}/rotate", soon["id"]), &json!({"expires_at": "2026-12-31T00:00:00Z"})).await.is(201);
        assert_eq!(ending("").await, Vec::<Value>::new());
    }
}
