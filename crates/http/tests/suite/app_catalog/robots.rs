//! Robots: listed, read, removed.

use http::Method;
use serde_json::{Value, json};

use super::{Docks, at_the_door, path_of, registry, told};
use crate::room::on_both_stores;

/// The descriptions of a page.
fn descriptions(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["description"].as_str().unwrap().to_owned()).collect()
}

on_both_stores! {
    async fn robots_are_listed_in_pages_in_the_order_they_were_minted(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = format!("{}/credentials", docks.harbor);
        insta::assert_snapshot!("robots_none", told(&manager.get(&path).await));
        let mut robots = Vec::new();
        for name in ["a", "b", "c"] {
            robots.push(docks.robot(&manager, name).await);
            docks.room.wait(1);
        }
        manager.delete(&robots[1]).await.is(204);
        insta::assert_snapshot!("robots", told(&manager.get(&path).await));
        for (query, expected, total) in [
            ("", vec!["a", "b", "c"], 3),
            ("?removed=true", vec!["b"], 1),
            ("?removed=false", vec!["a", "c"], 2),
            ("?page_size=2", vec!["a", "b"], 3),
            ("?page_size=2&page=2", vec!["c"], 3),
            ("?page_size=2&page=3", vec![], 3),
            ("?page=9223372036854775807&page_size=100", vec![], 3),
            ("?removed=false&page_size=1&page=2&unknown=1", vec!["c"], 2),
        ] {
            let page = manager.get(&format!("{path}{query}")).await.is(200);
            assert_eq!(descriptions(&page), expected, "{query}");
            assert_eq!(page["total_size"], total, "{query}");
        }
        let wrong = manager.get(&format!("{path}?page=0&page_size=101&removed=yes")).await;
        insta::assert_snapshot!("robots_wrong_query", told(&wrong));
    }

    async fn a_removed_robot_stays_as_a_record_without_its_hash(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "to go").await;
        docks.room.wait(60);
        let removed = manager.delete(&robot).await;
        assert_eq!((removed.status, removed.text.as_str()), (204, ""));
        assert_eq!(removed.header("warning"), "");
        insta::assert_snapshot!("robot_removed", told(&manager.get(&robot).await));
        insta::assert_snapshot!("robot_removed_again", told(&manager.delete(&robot).await));
        assert_eq!(docks.cell("SELECT COUNT(*) FROM robots WHERE hash IS NULL").await, "1");
        let versions = "SELECT COUNT(*) FROM credential_versions v JOIN robots r ON r.credential_id = v.credential_id";
        assert_eq!(docks.cell(versions).await, "0");
    }

    async fn an_expired_robot_is_removed_like_any_other(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let body = json!({"description": "short", "expires_at": "2026-01-01T00:01:00Z"});
        let reply = manager.post(&format!("{}/credentials", docks.harbor), &body).await;
        let robot = path_of(&reply);
        docks.room.wait(59);
        assert_eq!(manager.get(&robot).await.is(200)["status"], "ACTIVE");
        docks.room.wait(1);
        assert_eq!(manager.get(&robot).await.is(200)["status"], "EXPIRED");
        manager.delete(&robot).await.is(204);
        assert_eq!(manager.get(&robot).await.is(200)["status"], "REMOVED");
    }

    async fn a_robot_is_found_below_its_own_registry_only(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "here").await;
        let id = robot.rsplit('/').next().unwrap();
        let second = registry(&docks.root, "second", "acme").await;
        let unknown = "00000000-0000-4000-8000-000000000000";
        let absent = manager.get(&format!("{}/credentials/{unknown}", docks.harbor)).await;
        insta::assert_snapshot!("robot_unknown", told(&absent));
        let native = docks.cell("SELECT id FROM placements").await;
        for path in [
            format!("{second}/credentials/{id}"),
            format!("{}/credentials/{id}", docks.pier),
            format!("/v1/registries/{unknown}/credentials/{id}"),
            format!("{}/credentials/{native}", docks.harbor),
            format!("{}/credentials/x", docks.harbor),
            format!("/v1/registries/1/credentials/{id}"),
        ] {
            for method in [Method::GET, Method::DELETE] {
                let reply = manager.bare(method, &path).await;
                let mut body = reply.is(404);
                assert_eq!(body["instance"].take(), path);
                let mut expected = absent.is(404);
                expected["instance"].take();
                assert_eq!(body, expected);
            }
        }
        manager.get(&robot).await.is(200);
        let upper = id.to_ascii_uppercase();
        manager.get(&format!("{}/credentials/{upper}", docks.harbor)).await.is(200);
    }

    async fn a_robot_is_neither_changed_nor_rotated(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "fixed").await;
        for method in [Method::PUT, Method::PATCH, Method::POST] {
            let reply = manager.json(method, &robot, &json!({"description": "x"})).await;
            insta::assert_snapshot!("robot_wrong_method", told(&reply));
        }
    }

    async fn who_did_it_keeps_his_name_when_he_is_gone(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "left behind").await;
        let users = docks.root.get("/api/v2/users/?username=manager").await.is(200);
        let id = users["results"][0]["id"].clone();
        docks.root.delete(&format!("/api/v2/users/{id}/")).await.is(204);
        assert_eq!(manager.get(&robot).await.status, 401);
        let admin = at_the_door(&docks.room, "admin", "acme").await;
        assert_eq!(admin.get(&robot).await.is(200)["created_by"], "manager");
        assert_eq!(admin.get(&docks.harbor).await.is(200)["created_by"], "admin");
    }

    async fn a_robot_in_use_goes_with_a_warning_unless_it_is_protected(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let body = json!({"consumer": "cluster", "kind": "pull secret", "name": "web"});
        let mut robots = Vec::new();
        for name in ["used", "protected"] {
            let robot = docks.robot(&manager, name).await;
            let id = robot.rsplit('/').next().unwrap();
            docks
                .root
                .post(&format!("/strongroom/v1/credentials/{id}/references"), &body)
                .await
                .is(201);
            robots.push(robot);
        }
        let removed = manager.delete(&robots[0]).await;
        assert_eq!(removed.status, 204);
        assert_eq!(removed.header("warning"), "299 strongroom \"credential was in use: 1\"");
        let settings = "/strongroom/v1/organizations/2/settings";
        docks.root.patch(settings, &json!({"protect_used": true})).await.is(200);
        insta::assert_snapshot!("robot_protected", told(&manager.delete(&robots[1]).await));
        assert_eq!(manager.get(&robots[1]).await.is(200)["status"], "ACTIVE");
    }
}
