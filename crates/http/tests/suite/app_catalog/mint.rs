//! Minting: the founding operation.

use std::fmt::Write as _;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use strongroom_http::HttpSettings;

use super::{Docks, at_the_door, path_of, stable, told};
use crate::database::StoreKind;
use crate::room::{Caller, Reply, Room, on_both_stores};

async fn raw(caller: &Caller, path: &str, content_type: Option<&str>, body: &[u8]) -> Reply {
    let mut request = Request::post(path);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    caller.send(request.body(Body::from(body.to_vec())).unwrap()).await
}

/// The violations of a refused body, as lines.
fn violations(body: &Value, reply: &Reply) -> String {
    let told: Vec<String> = reply.is(400)["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("  {}: {}", one["field"], one["message"]))
        .collect();
    format!("{body}\n{}", told.join("\n"))
}

on_both_stores! {
    async fn a_robot_is_minted_and_its_password_shown_once(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        let reply = manager.post(&path, &json!({"description": "Credential for server A"})).await;
        insta::assert_snapshot!("minted", told(&reply));
        let minted = reply.is(201);
        let members: Vec<&String> = minted.as_object().unwrap().keys().collect();
        assert_eq!(members, ["username", "password"]);
        let (username, password) =
            (minted["username"].as_str().unwrap(), minted["password"].as_str().unwrap());
        assert!(username.starts_with("robot$") && username.len() <= 64, "{username}");
        assert_eq!(password.len(), 43);

        let location = path_of(&reply);
        let shown = manager.get(&location).await;
        insta::assert_snapshot!("minted_shown", told(&shown));
        assert_eq!(shown.is(200)["name"], username);
        assert!(location.ends_with(shown.is(200)["id"].as_str().unwrap()));
        assert!(!shown.text.contains(password));
        assert!(!manager.get(&path).await.text.contains(password));

        // Only the hash is kept, and nothing sealed that could be opened.
        let mut hash = String::new();
        for byte in strongroom_seal::digest::sha256(password.as_bytes()) {
            let _ = write!(hash, "{byte:02x}");
        }
        let kept = match docks.room.database.kind() {
            StoreKind::Sqlite => docks.cell("SELECT lower(hex(hash)) FROM robots").await,
            StoreKind::Postgres => docks.cell("SELECT encode(hash, 'hex') FROM robots").await,
        };
        assert_eq!(kept, hash);
        let sealed = "SELECT COUNT(*) FROM sealed_inputs s JOIN robots r ON r.credential_id = s.credential_id";
        assert_eq!(docks.cell(sealed).await, "0");
        let log = docks.root.get("/strongroom/v1/audit?limit=200").await;
        assert!(log.text.contains(username) && !log.text.contains(password));
    }

    async fn what_a_rule_refuses_is_in_the_log(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        manager.post(&path, &json!({"description": "", "access": [{"type": "hunter2"}]})).await.is(400);
        manager.post(&path, &json!({"description": "x", "expires_at": "hunter2"})).await.is(400);
        let robot = docks.robot(&manager, "x").await;
        manager.delete(&robot).await.is(204);
        manager.delete(&robot).await.is(404);
        let native = format!("/strongroom/v1/registries/1/robots/{}/rotate", robot.rsplit('/').next().unwrap());
        docks.root.post(&native, &json!({})).await.is(404);
        docks.root.patch("/strongroom/v1/registries/1", &json!({"credentials_limit": 1})).await.is(200);
        docks.robot(&manager, "y").await;
        manager.post(&path, &json!({"description": "z"})).await.is(400);
        let told = |entry: &Value| {
            format!("{} {} {}", entry["actor"]["name"], entry["operation"], entry["reason"])
        };
        let mut refused: Vec<String> = docks.root.refusals(5).await.iter().map(told).collect();
        assert!(!refused.join(" ").contains("hunter2"));
        refused.sort();
        insta::assert_snapshot!("mint_refused_log", refused.join("\n"));
    }

    async fn two_alike_are_two(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let (one, other) =
            (docks.robot(&manager, "same").await, docks.robot(&manager, "same").await);
        assert_ne!(one, other);
        let (one, other) = (manager.get(&one).await.is(200), manager.get(&other).await.is(200));
        assert_ne!(one["name"], other["name"]);
        assert_eq!(one["description"], other["description"]);
    }

    async fn what_is_wrong_with_a_body_is_told_member_by_member(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        let mut lines = Vec::new();
        for body in [
            json!({}),
            json!({"description": null}),
            json!({"description": ""}),
            json!({"description": "  "}),
            json!({"description": 7}),
            json!({"description": "a\u{0}b"}),
            json!({"description": "x", "expires_at": null}),
            json!({"description": "x", "expires_at": 1_800_000_000}),
            json!({"description": "x", "expires_at": "tomorrow"}),
            json!({"description": "x", "expires_at": "2025-12-31T23:59:59Z"}),
            json!({"description": "x", "expires_at": "2026-01-01T00:00:00Z"}),
            json!({"description": "x", "expires_at": "2028-01-01T00:00:00.001Z"}),
            json!({"description": "x", "access": null}),
            json!({"description": "x", "access": []}),
            json!({"description": "x", "access": ["pull"]}),
            json!({"description": "x", "access": [{}]}),
            json!({"description": "x", "access": [{"type": "registry", "name": "catalog", "actions": ["*"]}]}),
            json!({"description": "x", "access": [{"type": "repository", "name": "Team/*", "actions": ["pull"]}]}),
            json!({"description": "x", "access": [{"type": "repository", "name": "team*", "actions": []}]}),
            json!({"expires_at": "x", "access": 1}),
        ] {
            let reply = manager.post(&path, &body).await;
            assert_eq!(reply.header("content-type"), "application/problem+json");
            lines.push(violations(&body, &reply));
        }
        insta::assert_snapshot!("mint_violations", lines.join("\n"));
        let long = json!({"description": "x".repeat(256)});
        insta::assert_snapshot!(
            "mint_description_too_long",
            told(&manager.post(&path, &long).await)
        );
        assert_eq!(manager.get(&path).await.is(200)["total_size"], 0);
        let fits = json!({"description": "ä".repeat(255), "unknown": {"ignored": true}});
        manager.post(&path, &fits).await.is(201);
    }

    async fn a_body_that_cannot_be_read_is_told_so(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        let json = Some("application/json");
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let mut lines = Vec::new();
        for (label, content_type, body) in [
            ("empty", json, ""),
            ("no type, empty", None, ""),
            ("a text", json, "\"hunter2\""),
            ("a list", json, "[]"),
            ("broken", json, "{\"description:\"string\"}"),
            ("a lone surrogate", json, r#"{"description": "\ud800"}"#),
            ("deep", json, &deep),
            ("a form", Some("application/x-www-form-urlencoded"), "description=x"),
            ("no type", None, "{\"description\": \"x\"}"),
            ("another type", Some("text/plain"), "{\"description\": \"x\"}"),
        ] {
            let reply = raw(&manager, &path, content_type, body.as_bytes()).await;
            assert!(!reply.text.contains("hunter2"));
            lines.push(format!("{label}: {}", told(&reply)));
        }
        insta::assert_snapshot!("mint_unreadable", lines.join("\n"));
        raw(&manager, &path, json, b"{\"description\": \"\xff\"}").await.is(400);
        let charset = Some("application/json; charset=utf-8");
        raw(&manager, &path, charset, b"{\"description\": \"x\"}").await.is(201);
        let large = format!("{{\"description\": \"{}\"}}", "x".repeat(64 * 1024));
        insta::assert_snapshot!(
            "mint_too_large",
            told(&raw(&manager, &path, json, large.as_bytes()).await)
        );
        assert_eq!(manager.get(&path).await.is(200)["total_size"], 1);
    }

    async fn a_robot_may_do_what_was_asked_and_ends_when_it_was_asked(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        let body = json!({
            "description": "pipeline",
            "access": [
                {"type": "repository", "name": "team/*", "actions": ["push", "pull"]},
                {"type": "repository", "name": "base/image", "actions": ["pull", "pull"]},
            ],
            "expires_at": "2028-01-01T01:00:00.000+01:00",
        });
        let reply = manager.post(&path, &body).await;
        reply.is(201);
        let shown = manager.get(&path_of(&reply)).await;
        insta::assert_snapshot!("minted_with_access", told(&shown));
        docks.room.wait(730 * 86_400);
        assert_eq!(manager.get(&path_of(&reply)).await.status, 401);
        let again = at_the_door(&docks.room, "manager", "acme").await;
        assert_eq!(again.get(&path_of(&reply)).await.is(200)["status"], "EXPIRED");
    }

    async fn only_active_robots_count_for_the_limit(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        for number in 0..9 {
            docks.robot(&manager, &format!("robot {number}")).await;
        }
        let short = json!({"description": "short", "expires_at": "2026-01-01T00:10:00Z"});
        manager.post(&path, &short).await.is(201);
        let refused = manager.post(&path, &json!({"description": "one too many"})).await;
        insta::assert_snapshot!("mint_over_the_limit", told(&refused));
        docks.room.wait(600);
        let eleventh = docks.robot(&manager, "the short one is over").await;
        manager.post(&path, &json!({"description": "full again"})).await.is(400);
        manager.delete(&eleventh).await.is(204);
        docks.robot(&manager, "one was removed").await;
        manager.post(&path, &json!({"description": "full again"})).await.is(400);

        let body = json!({"name": "tiny", "organization": 2, "url": "https://tiny.example.com", "credentials_limit": 1});
        let tiny = docks.root.post("/strongroom/v1/registries", &body).await.is(201);
        let path = format!("/v1/registries/{}/credentials", tiny["guid"].as_str().unwrap());
        manager.post(&path, &json!({"description": "first"})).await.is(201);
        manager.post(&path, &json!({"description": "second"})).await.is(400);
    }

    async fn robots_are_minted_for_registries_that_are_hosted_and_there(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        let robot = docks.robot(&manager, "before").await;
        let body = json!({"description": "x"});
        docks.room.database.rows("UPDATE registries SET hosted = false").await;
        insta::assert_snapshot!("mint_not_hosted", told(&manager.post(&path, &body).await));
        docks.room.database.rows("UPDATE registries SET hosted = true, removed = created").await;
        manager.post(&path, &body).await.is(404);
        assert_eq!(
            manager.get(&docks.harbor).await.is(200)["removed_at"],
            "2026-01-01T00:00:00.000Z"
        );
        assert_eq!(manager.get(&path).await.is(200)["total_size"], 1);
        manager.delete(&robot).await.is(204);
    }

    async fn a_key_that_only_reads_mints_nothing(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        docks
            .room
            .database
            .rows("UPDATE tokens SET scope = 'read' WHERE kind = 'catalog_access'")
            .await;
        let body = json!({"description": "x"});
        let refused = manager.post(&format!("{}/credentials", docks.harbor), &body).await;
        insta::assert_snapshot!("mint_with_a_reading_key", told(&refused));
        manager.get(&docks.harbor).await.is(200);
    }

    async fn minting_is_in_the_log_whether_it_was_done_or_refused(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let member = docks.with_role("member", "catalog_member").await;
        let robot = docks.robot(&manager, "logged").await;
        let body = json!({"description": "refused"});
        member.post(&format!("{}/credentials", docks.harbor), &body).await.is(403);
        member.delete(&robot).await.is(403);
        manager.delete(&robot).await.is(204);
        let log = docks.root.get("/strongroom/v1/audit?limit=200").await.is(200);
        let mut lines: Vec<String> = log["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["dialect"] == "app_catalog")
            .map(|entry| {
                let objects: Vec<String> = entry["objects"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|object| format!("{} {}", object["kind"], object["name"]))
                    .collect();
                let (who, operation) = (&entry["actor"]["name"], &entry["operation"]);
                let reason = entry["reason"].as_str().unwrap().split(" by grants").next().unwrap();
                format!(
                    "{who} {operation} {} [{}] {reason}\n  {}",
                    entry["outcome"],
                    objects.join(", "),
                    entry["changes"]
                )
            })
            .collect();
        // A refusal is written soon, not at once.
        lines.sort_unstable();
        insta::assert_snapshot!("audit", stable(&lines.join("\n")));
    }
}

#[tokio::test]
async fn the_location_begins_with_the_public_address() {
    let settings = HttpSettings {
        public_url: Some("https://strongroom.example.org".parse().unwrap()),
        ..HttpSettings::default()
    };
    let docks = Docks::new(Room::with(settings).await).await;
    let manager = docks.manager().await;
    let location = docks.robot(&manager, "x").await;
    let path = location.strip_prefix("https://strongroom.example.org").unwrap();
    manager.get(path).await.is(200);
}
