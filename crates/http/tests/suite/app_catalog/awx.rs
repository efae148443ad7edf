//! A robot in the other dialects: seen, and left alone.

use http::Method;
use serde_json::{Value, json};

use super::{Docks, stable};
use crate::room::{Caller, on_both_stores};

/// The robot's path in AWX.
async fn in_awx(root: &Caller, robot: &str) -> String {
    let id = robot.rsplit('/').next().unwrap();
    let shown = root.get(&format!("/strongroom/v1/credentials/{id}")).await.is(200);
    format!("/api/v2/credentials/{}/", shown["id"])
}

/// Members of a credential that tell of the robot.
fn telling(credential: &Value) -> String {
    let of = |name: &str| credential[name].clone();
    let capabilities = credential["summary_fields"]["user_capabilities"].clone();
    let told = json!({
        "name": of("name"), "description": of("description"), "organization": of("organization"),
        "credential_type": of("credential_type"), "managed": of("managed"),
        "managed_by_tower": of("managed_by_tower"), "inputs": of("inputs"), "kind": of("kind"),
        "cloud": of("cloud"), "user_capabilities": capabilities,
    });
    stable(&format!("{told:#}"))
}

on_both_stores! {
    async fn awx_shows_a_robot_as_managed_and_refuses_to_touch_it(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "Credential for server A").await;
        let path = in_awx(&docks.root, &robot).await;
        insta::assert_snapshot!("robot_in_awx", telling(&docks.root.get(&path).await.is(200)));

        let bob = docks.room.user("bob").await;
        let id =
            docks.root.get("/api/v2/users/?username=bob").await.is(200)["results"][0]["id"].clone();
        docks.root.post("/api/v2/organizations/2/admins/", &json!({"id": id})).await.is(204);
        bob.get(&path).await.is(200);
        let list = bob.get("/api/v2/credentials/").await.is(200);
        assert_eq!(list["count"], 1, "{list}");
        for caller in [&docks.root, &bob] {
            let change = "Modifications not allowed for managed credentials";
            let delete = "Deletion not allowed for managed credentials";
            for (method, body, detail) in [
                (Method::PATCH, json!({"name": "renamed"}), change),
                (Method::PATCH, json!({"inputs": {"username": "x", "password": "y"}}), change),
                (Method::PUT, json!({"name": "renamed", "credential_type": 32}), change),
                (Method::DELETE, json!({}), delete),
            ] {
                let refused = caller.json(method, &path, &body).await;
                assert_eq!(refused.is(403), json!({"detail": detail}));
            }
            let copy = format!("{path}copy/");
            caller.post(&copy, &json!({"name": "copy"})).await.is(403);
            assert_eq!(caller.get(&copy).await.is(200), json!({"can_copy": false}));
        }
        assert_eq!(manager.get(&robot).await.is(200)["status"], "ACTIVE");
    }

    async fn nobody_types_a_robot(room: Room) {
        let docks = Docks::new(room).await;
        let inputs = json!({"username": "robot$x", "password": "hunter2"});
        let body = json!({"name": "x", "credential_type": 32, "organization": 2, "inputs": inputs});
        docks.root.post("/api/v2/credentials/", &body).await.is(400);
        let body = json!({"name": "x", "type": 32, "organization": 2, "inputs": inputs});
        docks.root.post("/strongroom/v1/credentials", &body).await.is(400);
    }

    async fn the_native_api_refuses_to_touch_it_too(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "native").await;
        let path = format!("/strongroom/v1/credentials/{}", robot.rsplit('/').next().unwrap());
        let shown = docks.root.get(&path).await.is(200);
        assert_eq!(shown["managed"], true);
        assert_eq!(shown["born_in"], "app_catalog");
        assert_eq!(shown["inputs"]["password"], "$encrypted$");
        assert_eq!(
            shown["may"],
            json!({"change": false, "delete": false, "copy": false, "use": false})
        );
        docks.root.patch(&path, &json!({"name": "x"})).await.is(403);
        docks.root.delete(&path).await.is(403);
        docks.root.delete(&format!("{path}?force=true")).await.is(403);
        docks.root.post(&format!("{path}/versions/1/restore"), &json!({})).await.is(403);
        assert_eq!(
            docks.root.get(&format!("{path}/versions")).await.is(200)["items"][0]["number"],
            1
        );
    }

    async fn a_removed_robot_has_no_password_in_awx(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "gone").await;
        let path = in_awx(&docks.root, &robot).await;
        manager.delete(&robot).await.is(204);
        let shown = docks.root.get(&path).await.is(200);
        assert_eq!(shown["inputs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["username"]);
        docks.root.delete(&path).await.is(403);
        docks.root.patch(&path, &json!({"description": "x"})).await.is(403);
    }

    async fn a_catalog_role_reads_in_awx_and_no_more(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let robot = docks.robot(&manager, "seen").await;
        let path = in_awx(&docks.root, &robot).await;
        let body = json!({"user": "manager", "name": "n", "kind": "native", "dialects": ["awx"]});
        let token = docks.room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
        let same = docks.room.by_token(token["token"].as_str().unwrap());
        same.get(&path).await.is(200);
        same.patch(&path, &json!({"name": "x"})).await.is(403);
        same.delete(&path).await.is(403);
        let made = json!({"name": "x", "credential_type": 1, "organization": 2, "inputs": {}});
        same.post("/api/v2/credentials/", &made).await.is(403);
    }

    async fn an_organization_takes_its_registries_and_robots_with_it(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        docks.robot(&manager, "live").await;
        let gone = docks.robot(&manager, "removed").await;
        manager.delete(&gone).await.is(204);
        let bob = docks.room.user("bob").await;
        let id =
            docks.root.get("/api/v2/users/?username=bob").await.is(200)["results"][0]["id"].clone();
        docks.root.post("/api/v2/organizations/2/admins/", &json!({"id": id})).await.is(204);
        let refused = bob.delete("/api/v2/organizations/2/").await;
        assert_eq!(
            refused.is(409),
            json!({"detail": "Organization still has spaces or registries."})
        );
        docks.root.delete("/api/v2/organizations/2/").await.is(204);
        assert_eq!(manager.get(&docks.harbor).await.status, 401);
        for table in [
            "robots",
            "placements",
            "credentials WHERE managed AND organization_id = 2",
            "registries WHERE organization_id = 2",
        ] {
            assert_eq!(docks.cell(&format!("SELECT COUNT(*) FROM {table}")).await, "0", "{table}");
        }
    }
}
