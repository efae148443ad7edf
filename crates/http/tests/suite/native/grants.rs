//! Roles given natively, and what an organization allows.

use serde_json::json;

use super::{make, stable};
use crate::room::Room;

#[tokio::test]
async fn a_role_is_given_counts_at_once_and_is_taken_away() {
    let room = Room::new().await;
    let (admin, alice) = (room.admin().await, room.user("alice").await);
    admin.post("/api/v2/organizations/1/users/", &json!({"id": 2})).await.is(204);
    let path = make(&admin, "shared").await;
    let grants = format!("{path}/grants");
    alice.get(&path).await.is(404);
    let reply = admin.post(&grants, &json!({"role": "use", "user": 2})).await;
    let made = reply.is(201);
    assert_eq!(reply.header("location"), format!("{grants}/{}", made["id"]));
    insta::assert_json_snapshot!(stable(made.clone()));
    assert_eq!(alice.get(&path).await.is(200)["may"]["use"], true);
    let listed = admin.get(&grants).await.is(200);
    assert!(listed["items"].as_array().unwrap().contains(&made), "{listed}");
    admin.delete(&format!("{grants}/{}", made["id"])).await.is(204);
    alice.get(&path).await.is(404);
    admin.delete(&format!("{grants}/{}", made["id"])).await.is(404);
}

#[tokio::test]
async fn a_grant_names_a_role_and_one_holder() {
    let room = Room::new().await;
    let admin = room.admin().await;
    room.user("alice").await;
    let grants = format!("{}/grants", make(&admin, "shared").await);
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"role": "owner", "user": 2}),
        json!({"role": "use"}),
        json!({"role": "use", "user": 2, "team": 1}),
        json!({"role": "use", "user": 99}),
        json!({"role": "probely_member", "user": 2}),
    ] {
        let reply = admin.post(&grants, &body).await;
        lines.push(format!("{} {}", reply.status, reply.text));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn roles_are_given_on_organizations_and_teams_too() {
    let room = Room::new().await;
    let admin = room.admin().await;
    room.user("alice").await;
    let team =
        admin.post("/api/v2/teams/", &json!({"name": "team", "organization": 1})).await.is(201);
    for path in [
        "/strongroom/v1/organizations/1/grants".to_owned(),
        format!("/strongroom/v1/teams/{}/grants", team["id"]),
    ] {
        let role =
            if path.contains("teams") { "probely_manage_credentials" } else { "catalog_member" };
        let made = admin.post(&path, &json!({"role": role, "user": 2})).await.is(201);
        assert_eq!(made["role"], role);
        admin.delete(&format!("{path}/{}", made["id"])).await.is(204);
    }
}

#[tokio::test]
async fn settings_are_read_and_changed() {
    let room = Room::new().await;
    let (admin, alice) = (room.admin().await, room.user("alice").await);
    let path = "/strongroom/v1/organizations/1/settings";
    let off = json!({
        "protect_used": false,
        "use_includes_checkout": false,
        "share_across_organizations": false,
    });
    assert_eq!(admin.get(path).await.is(200), off);
    let changed = admin.patch(path, &json!({"protect_used": true})).await.is(200);
    assert_eq!(changed["protect_used"], true);
    assert_eq!(admin.get(path).await.is(200), changed);
    let wrong = admin.patch(path, &json!({"protect_used": "yes", "other": 1})).await.is(400);
    assert_eq!(wrong["violations"][0]["field"], "other");
    admin.patch(path, &json!({"protect_used": "yes"})).await.is(400);
    alice.patch(path, &json!({"protect_used": true})).await.is(404);
    admin.get("/strongroom/v1/organizations/9/settings").await.is(404);
}
