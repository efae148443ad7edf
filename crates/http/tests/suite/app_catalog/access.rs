//! Who may do what at the Catalog's door.

use serde_json::json;

use super::{Docks, REGISTRIES, at_the_door, told};
use crate::room::{Caller, on_both_stores};

/// The statuses of every operation for one caller.
async fn line(docks: &Docks, caller: &Caller, robot: &str) -> String {
    let credentials = format!("{}/credentials", docks.harbor);
    let body = json!({"description": "x"});
    let push = json!({
        "description": "x",
        "access": [{"type": "repository", "name": "*", "actions": ["push"]}],
    });
    let unknown = format!("{REGISTRIES}/00000000-0000-4000-8000-000000000000");
    let statuses = [
        ("me", caller.get("/v1/users/me").await),
        ("R1", caller.get(REGISTRIES).await),
        ("R3", caller.get(&docks.harbor).await),
        ("K1", caller.get(&credentials).await),
        ("K2", caller.post(&credentials, &body).await),
        ("K2 push", caller.post(&credentials, &push).await),
        ("K2 bad", caller.post(&credentials, &json!({})).await),
        ("K3", caller.get(robot).await),
        ("K4", caller.delete(robot).await),
        ("unknown", caller.get(&unknown).await),
    ];
    statuses.map(|(name, reply)| format!("{name} {}", reply.status)).join(", ")
}

/// Somebody with a key from the time when he was a member; to make one now he lacks the role.
async fn with_an_old_key(docks: &Docks, user: &str, id: i64) -> Caller {
    let grant = docks.give(id, 2, "catalog_member").await;
    let caller = at_the_door(&docks.room, user, "acme").await;
    docks.root.delete(&grant).await.is(204);
    caller
}

on_both_stores! {
    async fn each_actor_may_do_what_his_role_says(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        docks.root.patch("/strongroom/v1/organizations/2/settings", &json!({})).await.is(200);
        let mut actors = vec![("registry administrator", manager.clone())];
        actors.push(("member", docks.with_role("member", "catalog_member").await));
        for (name, role) in [
            ("awx member", "member_role"),
            ("awx admin", "admin_role"),
            ("awx auditor", "auditor_role"),
        ] {
            let user = name.replace(' ', "_");
            let id = docks.person(&user).await;
            let roles = docks.root.get("/api/v2/organizations/2/").await.is(200)["summary_fields"]
                ["object_roles"]
                .clone();
            let path = format!("/api/v2/roles/{}/users/", roles[role]["id"]);
            docks.root.post(&path, &json!({"id": id})).await.is(204);
            actors.push((name, with_an_old_key(&docks, &user, id).await));
        }
        let id = docks.person("sysauditor").await;
        docks
            .root
            .patch(&format!("/api/v2/users/{id}/"), &json!({"is_system_auditor": true}))
            .await
            .is(200);
        docks.give(id, 2, "probely_member").await;
        actors.push(("system auditor", at_the_door(&docks.room, "sysauditor", "acme").await));
        actors.push(("probely member", {
            let id = docks.person("scanner").await;
            docks.give(id, 2, "probely_manage_credentials").await;
            with_an_old_key(&docks, "scanner", id).await
        }));
        actors.push(("system administrator", at_the_door(&docks.room, "admin", "acme").await));
        actors.push(("administrator elsewhere", {
            let id = docks.person("elsewhere").await;
            docks.give(id, 3, "catalog_registry_admin").await;
            at_the_door(&docks.room, "elsewhere", "other").await
        }));
        let mut lines = Vec::new();
        for (name, caller) in &actors {
            let robot = docks.robot(&manager, name).await;
            lines.push(format!("{name}: {}", line(&docks, caller, &robot).await));
            // The limit is no part of the question.
            docks.room.database.rows("UPDATE registries SET credentials_limit = 1000").await;
        }
        insta::assert_snapshot!("access", lines.join("\n"));
        let refused = actors[1]
            .1
            .post(&format!("{}/credentials", docks.harbor), &json!({"description": "x"}))
            .await;
        insta::assert_snapshot!("forbidden", told(&refused));
    }

    async fn a_right_that_is_taken_away_is_gone_at_the_next_request(room: Room) {
        let docks = Docks::new(room).await;
        let id = docks.person("alice").await;
        let grant = docks.give(id, 2, "catalog_registry_admin").await;
        let alice = at_the_door(&docks.room, "alice", "acme").await;
        let robot = docks.robot(&alice, "x").await;
        docks.root.delete(&grant).await.is(204);
        for reply in
            [alice.get(&robot).await, alice.delete(&robot).await, alice.get(REGISTRIES).await]
        {
            reply.is(403);
        }
        docks.root.delete(&format!("/api/v2/users/{id}/")).await.is(204);
        alice.get(&robot).await.is(401);
    }
}
