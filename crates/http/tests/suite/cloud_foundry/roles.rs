//! Roles, given and taken away.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{NOBODY, Site, credential, guid_of, line, log_in, make, path_of, shown, stable};
use crate::room::on_both_stores;

fn role(kind: &str, user: &Value, on: &str, guid: &str) -> Value {
    json!({"type": kind, "relationships": {"user": {"data": user}, on: {"data": {"guid": guid}}}})
}

on_both_stores! {
    /// A role is given by name or guid, counts at once, and is taken away.
    async fn a_role_is_given_counts_and_is_taken_away(room: Room) {
        let site = Site::new(room).await;
        let bob = site.person("bob").await;
        let body = role("organization_manager", &json!({"username": "BOB", "origin": "uaa"}), "organization", &site.organization);
        let made = site.admin.post("/v3/roles", &body).await.is(201);
        let path = format!("/v3/roles/{}", guid_of(&made));
        assert_eq!(bob.get(&path).await.is(200), made);
        let user = made["relationships"]["user"]["data"]["guid"].clone();
        let in_space = site.admin.post("/v3/roles", &role("space_auditor", &json!({"guid": user}), "space", &site.space)).await.is(201);
        insta::assert_snapshot!("roles", format!("{}\n{}", shown(&made), shown(&in_space)));
        let credential = credential("r.example.com", Some(("organization", &site.organization)));
        let one = path_of(&make(&bob, &credential).await);
        let gone = bob.delete(&path).await;
        assert_eq!(gone.status, 202);
        assert!(gone.header("location").contains("/v3/jobs/"));
        bob.get(&path).await.is(404);
        bob.delete(&one).await.is(404);
        // His role in the space still shows him the organization, and nothing of it.
        bob.get(&format!("/v3/organizations/{}", site.organization)).await.is(200);
        bob.delete(&format!("/v3/roles/{}", guid_of(&in_space))).await.is(403);
        site.admin.delete(&format!("/v3/roles/{}", guid_of(&in_space))).await;
        bob.get(&format!("/v3/organizations/{}", site.organization)).await.is(404);
    }

    /// Whoever gets a role is known to the platform, and so is whoever logged in.
    async fn everybody_known_reads_what_the_foundation_has(room: Room) {
        let site = Site::new(room).await;
        let path = path_of(&make(&site.admin, &credential("r.example.com", None)).await);
        let root = site.room.admin().await;
        let body = json!({"username": "carol", "password": crate::room::PASSWORD});
        root.post("/api/v2/users/", &body).await.is(201);
        let token = json!({"user": "carol", "name": "t", "kind": "native", "dialects": ["cloud_foundry"]});
        let token = site.room.on_host().post("/strongroom/v1/host/tokens", &token).await.is(201);
        let carol = site.room.by_token(token["token"].as_str().unwrap());
        carol.get(&path).await.is(404);
        log_in(&site.room, "carol").await;
        carol.get(&path).await.is(200);
        // To be known is nothing that keeps an AWX administrator from taking her in.
        root.post("/api/v2/users/", &json!({"username": "boss", "password": crate::room::PASSWORD})).await.is(201);
        root.post("/api/v2/organizations/1/admins/", &json!({"id": 3})).await.is(204);
        site.room.by_password("boss").post("/api/v2/organizations/1/users/", &json!({"id": 2})).await.is(204);
    }
}

#[tokio::test]
async fn who_may_give_which_role() {
    let site = Site::new(crate::room::Room::new().await).await;
    let manager = site.in_organization("manager", "organization_manager").await;
    let auditor = site.in_organization("auditor", "organization_auditor").await;
    let in_space = site.in_space("chief", "space_manager").await;
    let developer = site.in_space("developer", "space_developer").await;
    let stranger = site.person("stranger").await;
    site.room.user("bob").await;
    site.give("bob", "organization_user", "organization", &site.organization).await.is(201);
    let mut told = String::new();
    for (name, caller) in [
        ("administrator", &site.admin),
        ("organization_manager", &manager),
        ("organization_auditor", &auditor),
        ("space_manager", &in_space),
        ("space_developer", &developer),
        ("stranger", &stranger),
    ] {
        for (kind, on, guid) in [
            ("organization_auditor", "organization", &site.organization),
            ("space_developer", "space", &site.space),
        ] {
            let reply =
                caller.post("/v3/roles", &role(kind, &json!({"username": "bob"}), on, guid)).await;
            let _ = writeln!(told, "{name} gives {kind}: {}", reply.status);
            if reply.status == 201 {
                let path = format!("/v3/roles/{}", guid_of(&reply.is(201)));
                for (other, by) in [("auditor", &auditor), ("developer", &developer)] {
                    let _ = writeln!(told, "  {other} takes it: {}", by.delete(&path).await.status);
                }
                let _ = writeln!(told, "  {name} takes it: {}", caller.delete(&path).await.status);
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_told() {
    let site = Site::new(crate::room::Room::new().await).await;
    let manager = site.in_organization("manager", "organization_manager").await;
    site.in_space("bob", "space_developer").await;
    site.person("stranger").await;
    let users = site.admin.get("/v3/users?usernames=stranger,bob").await.is(200);
    let guid = |at: usize| users["resources"][at]["guid"].clone();
    let bob = json!({"guid": guid(0)});
    let (organization, space) = (site.organization.as_str(), site.space.as_str());
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"type": "king", "relationships": {}}),
        json!({"type": "space_developer"}),
        json!({"type": 1, "name": "x", "relationships": {"user": {"data": bob}}}),
        role("space_developer", &bob, "organization", organization),
        json!({"type": "space_developer", "relationships": {"user": {"data": bob}, "space": {"data": {"guid": space}}, "organization": {"data": {"guid": organization}}}}),
        role("space_developer", &json!({}), "space", space),
        role("space_developer", &json!({"username": 1}), "space", space),
        role("space_developer", &bob, "space", NOBODY),
        role("organization_user", &bob, "organization", "x"),
        role("space_developer", &bob, "space", space),
        role("organization_user", &bob, "organization", organization),
        role("space_developer", &json!({"username": "stranger"}), "space", space),
        role("organization_user", &json!({"guid": guid(1)}), "organization", organization),
        role("organization_user", &json!({"guid": NOBODY}), "organization", organization),
        role("organization_user", &json!({"username": "nobody"}), "organization", organization),
        role(
            "organization_user",
            &json!({"username": "bob", "origin": "ldap"}),
            "organization",
            organization,
        ),
    ] {
        lines.push(line(&stable(&body.to_string()), &manager.post("/v3/roles", &body).await));
    }
    let roles = site.admin.get("/v3/roles?types=organization_user").await.is(200);
    let path = format!("/v3/roles/{}", roles["resources"][0]["guid"].as_str().unwrap());
    lines.push(line("still in a space", &manager.delete(&path).await));
    lines.push(line("unknown", &manager.get("/v3/roles/x").await));
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn nobody_is_taken_in_to_be_taken_over() {
    let site = Site::new(crate::room::Room::new().await).await;
    let root = site.room.admin().await;
    // Eve administers an organization; Bob belongs nowhere and owns a private credential.
    for name in ["eve", "bob"] {
        let body = json!({"username": name, "password": crate::room::PASSWORD});
        root.post("/api/v2/users/", &body).await.is(201);
    }
    root.post("/api/v2/organizations/2/admins/", &json!({"id": 2})).await.is(204);
    let private =
        json!({"name": "own", "credential_type": 1, "user": 3, "inputs": {"username": "b"}});
    root.post("/api/v2/credentials/", &private).await.is(201);
    let eve = log_in(&site.room, "eve").await;
    let taken_in =
        role("organization_user", &json!({"username": "bob"}), "organization", &site.organization);
    eve.post("/v3/roles", &taken_in).await.is(403);
    site.room.by_password("eve").patch("/api/v2/users/3/", &json!({"password": "x"})).await.is(403);
    // Whoever belongs elsewhere stays under that organization as well.
    root.post("/api/v2/organizations/1/users/", &json!({"id": 3})).await.is(204);
    eve.post("/v3/roles", &taken_in).await.is(201);
    site.room.by_password("eve").patch("/api/v2/users/3/", &json!({"password": "x"})).await.is(403);
}
