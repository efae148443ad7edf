//! Credentials of other dialects, placed on the platform on purpose.

use serde_json::{Value, json};

use super::{CREDENTIALS, Site, credential, guids, line, make, path_of, shown, stable};
use crate::room::{Caller, Room, on_both_stores};

/// A container registry credential made in AWX in an organization; its native path.
async fn registry(root: &Caller, organization: i64, host: &str) -> String {
    let types = root.get("/api/v2/credential_types/?namespace=registry").await.is(200);
    let body = json!({
        "name": host,
        "organization": organization,
        "credential_type": types["results"][0]["id"],
        "inputs": {"host": host, "username": "puller", "password": "hunter2-secret"},
    });
    let made = root.post("/api/v2/credentials/", &body).await.is(201);
    format!("/strongroom/v1/credentials/{}", made["id"])
}

fn of_organization(site: &Site) -> Value {
    json!({"dialect": "cloud_foundry", "scope": "organization", "organization": site.organization})
}

on_both_stores! {
    /// Nothing appears because it would fit; once placed it does, and goes again.
    async fn a_credential_of_awx_appears_once_it_is_placed(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let member = site.in_organization("member", "organization_user").await;
        let path = registry(&root, 2, "Registry.Example.com/team").await;
        assert_eq!(guids(&site.admin.get(CREDENTIALS).await.is(200)), Vec::<String>::new());
        let placements = format!("{path}/placements");
        assert_eq!(root.get(&placements).await.is(200)["items"], json!([]));
        let reply = root.post(&placements, &of_organization(&site)).await;
        let placed = reply.is(201);
        assert_eq!(reply.header("location"), format!("{placements}/{}", placed["id"]));
        insta::assert_snapshot!("placed", shown(&placed));
        assert_eq!(root.get(&placements).await.is(200)["items"], json!([placed]));
        let seen = member.get(&path_of(placed["guid"].as_str().unwrap())).await.is(200);
        assert_eq!((&seen["location"], &seen["username"], &seen["scope"]), (&json!("registry.example.com/team"), &json!("puller"), &json!("organization")));
        assert_eq!(guids(&member.get(CREDENTIALS).await.is(200)), guids(&site.admin.get(CREDENTIALS).await.is(200)));
        // A change in AWX shows here, and must go on fitting.
        let id = path.rsplit('/').next().unwrap();
        site.room.wait(60);
        let moved = json!({"inputs": {"host": "other.example.com", "username": "puller", "password": "hunter3-secret"}});
        root.patch(&format!("/api/v2/credentials/{id}/"), &moved).await.is(200);
        let seen = member.get(&path_of(placed["guid"].as_str().unwrap())).await.is(200);
        assert_eq!((&seen["location"], &seen["updated_at"]), (&json!("other.example.com"), &json!("2026-01-01T00:01:00Z")));
        let broken = json!({"inputs": {"host": "https://x", "username": "puller", "password": "hunter3-secret"}});
        root.patch(&format!("/api/v2/credentials/{id}/"), &broken).await.is(400);
        // Taken off, the credential stays with AWX.
        site.admin.delete(&path_of(placed["guid"].as_str().unwrap())).await.is(204);
        root.get(&path).await.is(200);
        assert_eq!(root.get(&placements).await.is(200)["items"], json!([]));
        let again = root.post(&placements, &of_organization(&site)).await.is(201);
        root.delete(&format!("{placements}/{}", again["guid"].as_str().unwrap())).await.is(204);
        root.delete(&format!("{placements}/{}", again["id"])).await.is(404);
        assert_eq!(guids(&site.admin.get(CREDENTIALS).await.is(200)), Vec::<String>::new());
    }

    /// One credential can stand in several places; the last of them takes one that was born there.
    async fn one_credential_stands_in_several_places(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let guid = make(&site.admin, &credential("r.example.com", Some(("space", &site.space)))).await;
        let listed = root.get("/strongroom/v1/credentials?limit=200").await.is(200);
        let path = format!("/strongroom/v1/credentials/{}", listed["items"].as_array().unwrap().last().unwrap()["id"]);
        let placements = format!("{path}/placements");
        let foundation = json!({"dialect": "cloud_foundry", "scope": "foundation"});
        let second = root.post(&placements, &foundation).await.is(201);
        assert_ne!(second["guid"], json!(guid));
        site.room.wait(60);
        site.admin.patch(&path_of(&guid), &json!({"username": "other"})).await.is(200);
        let both = site.admin.get(CREDENTIALS).await.is(200);
        for one in both["resources"].as_array().unwrap() {
            assert_eq!((&one["username"], &one["updated_at"]), (&json!("other"), &json!("2026-01-01T00:01:00Z")));
        }
        site.admin.delete(&path_of(&guid)).await.is(204);
        root.get(&path).await.is(200);
        site.admin.delete(&path_of(second["guid"].as_str().unwrap())).await.is(204);
        // It was born elsewhere than in this last place, so it stays, for its administrators.
        root.get(&path).await.is(200);
    }
}

#[tokio::test]
async fn placing_takes_grant_and_the_right_to_create_there() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    let path = registry(&root, 2, "r.example.com").await;
    let placements = format!("{path}/placements");
    // A manager on the platform, an AWX administrator of the organization, one of the credential alone.
    site.in_organization("manager", "organization_manager").await;
    let native = async |username: &str| {
        let body = json!({"user": username, "name": "n", "kind": "native"});
        let made = site.room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
        site.room.by_token(made["token"].as_str().unwrap())
    };
    for name in ["chief", "keeper"] {
        site.room.user(name).await;
    }
    let users = root.get("/api/v2/users/?order_by=id").await.is(200);
    let id = |name: &str| {
        let all = users["results"].as_array().unwrap();
        all.iter().find(|user| user["username"] == name).unwrap()["id"].clone()
    };
    root.post("/api/v2/organizations/2/admins/", &json!({"id": id("chief")})).await.is(204);
    root.post("/api/v2/organizations/2/users/", &json!({"id": id("keeper")})).await.is(204);
    root.post(&format!("{path}/grants"), &json!({"role": "admin", "user": id("keeper")}))
        .await
        .is(201);
    let mut lines = Vec::new();
    for name in ["manager", "keeper", "chief"] {
        let caller = native(name).await;
        lines.push(line(name, &caller.post(&placements, &of_organization(&site)).await));
    }
    let chief = native("chief").await;
    for body in [
        json!({}),
        json!({"dialect": "awx"}),
        json!({"dialect": "cloud_foundry"}),
        json!({"dialect": "cloud_foundry", "scope": "galaxy"}),
        json!({"dialect": "cloud_foundry", "scope": "space"}),
        json!({"dialect": "cloud_foundry", "scope": "space", "space": 99}),
        json!({"dialect": "cloud_foundry", "scope": "foundation"}),
        json!({"dialect": "cloud_foundry", "scope": "space", "space": site.space}),
        json!({"dialect": "cloud_foundry", "scope": "organization", "organization": 1}),
        of_organization(&site),
        json!({"dialect": "probely", "organization": site.organization}),
        json!({"dialect": "cloud_foundry", "scope": "organization", "organization": site.organization, "guid": "x"}),
    ] {
        lines.push(line(&stable(&body.to_string()), &chief.post(&placements, &body).await));
    }
    let outside = json!({"dialect": "cloud_foundry", "scope": "organization", "organization": 1});
    lines.push(line("another organization", &root.post(&placements, &outside).await));
    let machine = json!({"name": "ssh", "type": 1, "organization": 2, "inputs": {}});
    let machine = root.post("/strongroom/v1/credentials", &machine).await.is(201);
    let machine = format!("/strongroom/v1/credentials/{}/placements", machine["id"]);
    lines.push(line("another type", &root.post(&machine, &of_organization(&site)).await));
    let bare = registry(&root, 2, "docker.io/library").await;
    root.patch(&bare, &json!({"inputs": {"host": "docker.io/library"}})).await.is(200);
    lines.push(line(
        "incomplete",
        &root.post(&format!("{bare}/placements"), &of_organization(&site)).await,
    ));
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_credential_born_elsewhere_is_changed_by_who_may_change_it() {
    let site = Site::new(Room::new().await).await;
    let root = site.room.admin().await;
    let manager = site.in_organization("manager", "organization_manager").await;
    let path = registry(&root, 2, "r.example.com").await;
    let placed = root.post(&format!("{path}/placements"), &of_organization(&site)).await.is(201);
    let here = path_of(placed["guid"].as_str().unwrap());
    manager.patch(&here, &json!({"metadata": {"labels": {"a": "b"}}})).await.is(200);
    manager.patch(&here, &json!({"password": "hunter3-secret"})).await.is(403);
    manager.patch(&here, &json!({"username": "other"})).await.is(403);
    site.admin.patch(&here, &json!({"username": "other"})).await.is(200);
    manager.delete(&here).await.is(204);
    root.get(&path).await.is(200);
}
