//! One room: what the other dialects see of what is made here, and the other way round.

use serde_json::{Value, json};

use super::{CREDENTIALS, Site, credential, log_in, make, path_of};
use crate::room::on_both_stores;

on_both_stores! {
    /// The administrator of an AWX organization reads, masked, what was made in it here.
    async fn awx_reads_what_was_made_here(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        for name in ["chief", "other"] {
            site.room.user(name).await;
        }
        root.post("/api/v2/organizations/2/admins/", &json!({"id": 2})).await.is(204);
        let guid = make(&site.admin, &credential("r.example.com/team", Some(("organization", &site.organization)))).await;
        make(&site.admin, &credential("r.example.com/team", Some(("space", &site.space)))).await;
        make(&site.admin, &credential("r.example.com/team", None)).await;
        let chief = site.room.by_password("chief");
        let seen = chief.get("/api/v2/credentials/?credential_type__namespace=registry").await.is(200);
        assert_eq!(seen["count"], 1, "{seen}");
        let seen = &seen["results"][0];
        let native = root.get(&format!("/strongroom/v1/credentials/{guid}")).await.is(200);
        assert_eq!(native["born_in"], "cloud_foundry");
        let name = format!("r.example.com/team (organization) {}", native["short_id"].as_str().unwrap());
        assert_eq!(seen["name"], name);
        assert_eq!(seen["organization"], 2);
        assert_eq!(seen["inputs"], json!({"host": "r.example.com/team", "username": "robot", "password": "$encrypted$"}));
        assert_eq!(seen["summary_fields"]["credential_type"]["name"], "Container Registry");
        let owners = seen["summary_fields"]["owners"].as_array().unwrap();
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0]["name"], "acme");
        assert_eq!(site.room.by_password("other").get("/api/v2/credentials/?credential_type__namespace=registry").await.is(200)["count"], 0);
        // The others have no owner in AWX and are seen by system administrators.
        let all = root.get("/api/v2/credentials/?credential_type__namespace=registry&order_by=id").await.is(200);
        assert_eq!(all["count"], 3);
        for one in &all["results"].as_array().unwrap()[1..] {
            assert_eq!((&one["organization"], &one["summary_fields"]["owners"]), (&Value::Null, &json!([])));
        }
        // The same administrator manages the organization here, too.
        let here = log_in(&site.room, "chief").await;
        here.patch(&path_of(&guid), &json!({"username": "changed"})).await.is(200);
        here.post(CREDENTIALS, &credential("s.example.com", Some(("organization", &site.organization)))).await.is(201);
        here.post(CREDENTIALS, &credential("s.example.com", Some(("space", &site.space)))).await.is(403);
        here.post(CREDENTIALS, &credential("s.example.com", None)).await.is(403);
        here.delete(&format!("/v3/organizations/{}", site.organization)).await.is(403);
        // AWX deletes it as AWX does; it is gone here.
        chief.delete(&format!("/api/v2/credentials/{}/", seen["id"])).await.is(204);
        site.admin.get(&path_of(&guid)).await.is(404);
    }

    /// A role of the platform gives no more than to read elsewhere, and an AWX role no more here.
    async fn roles_stay_in_their_dialect(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let manager = site.in_organization("manager", "organization_manager").await;
        let guid = make(&manager, &credential("r.example.com", Some(("organization", &site.organization)))).await;
        let token = json!({"user": "manager", "name": "n", "kind": "native", "dialects": ["awx"]});
        let token = site.room.on_host().post("/strongroom/v1/host/tokens", &token).await.is(201);
        let elsewhere = site.room.by_token(token["token"].as_str().unwrap());
        let native = format!("/strongroom/v1/credentials/{guid}");
        let id = elsewhere.get(&native).await.is(200)["id"].clone();
        elsewhere.patch(&native, &json!({"description": "x"})).await.is(403);
        elsewhere.delete(&native).await.is(403);
        elsewhere.patch(&format!("/api/v2/credentials/{id}/"), &json!({"description": "x"})).await.is(403);
        elsewhere.patch("/api/v2/organizations/2/", &json!({"name": "mine"})).await.is(403);
        site.room.user("member").await;
        let users = root.get("/api/v2/users/?username=member").await.is(200);
        let body = json!({"id": users["results"][0]["id"]});
        root.post("/api/v2/organizations/2/users/", &body).await.is(204);
        // A membership of AWX counts here as what it is worth there to look at, which is the organization itself: it
        // is no role of the platform, and none can be built on it.
        let member = log_in(&site.room, "member").await;
        let path = format!("/v3/organizations/{}", site.organization);
        member.get(&path).await.is(200);
        member.patch(&path, &json!({"metadata": {"labels": {"a": "b"}}})).await.is(403);
        site.give("member", "space_developer", "space", &site.space).await.is(422);
        assert_eq!(member.get(CREDENTIALS).await.is(200)["pagination"]["total_results"], 0);
        assert_eq!(member.get("/v3/spaces").await.is(200)["pagination"]["total_results"], 0);
        member.get(&path_of(&guid)).await.is(404);
        member.get(&format!("/v3/spaces/{}", site.space)).await.is(404);
    }

    /// An organization with spaces is deleted by system administrators only, and a protected one not at all.
    async fn deleting_follows_the_rooms_rules(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        site.room.user("chief").await;
        root.post("/api/v2/organizations/2/admins/", &json!({"id": 2})).await.is(204);
        let refused = site.room.by_password("chief").delete("/api/v2/organizations/2/").await;
        assert_eq!(refused.is(409), json!({"detail": "Organization still has spaces or registries."}));
        let guid = make(&site.admin, &credential("r.example.com", Some(("organization", &site.organization)))).await;
        let uses = format!("/strongroom/v1/credentials/{guid}/references");
        root.post(&uses, &json!({"consumer": "ci", "kind": "job", "name": "x"})).await.is(201);
        root.patch("/strongroom/v1/organizations/2/settings", &json!({"protect_used": true})).await.is(200);
        let path = format!("/v3/organizations/{}", site.organization);
        for refused in [site.admin.delete(&path_of(&guid)).await, site.admin.delete(&path).await] {
            assert_eq!(refused.is(422)["errors"][0]["code"], 10008);
        }
        site.admin.get(&path_of(&guid)).await.is(200);
        root.patch("/strongroom/v1/organizations/2/settings", &json!({"protect_used": false})).await.is(200);
        root.delete("/api/v2/organizations/2/").await.is(204);
        site.admin.get(&path_of(&guid)).await.is(404);
        site.admin.get(&format!("/v3/spaces/{}", site.space)).await.is(404);
    }

    /// One log holds what was done here.
    async fn one_log_tells_it_all(room: Room) {
        let site = Site::new(room).await;
        let manager = site.in_organization("manager", "organization_manager").await;
        let guid = make(&manager, &credential("r.example.com", Some(("organization", &site.organization)))).await;
        manager.post(CREDENTIALS, &credential("r.example.com", None)).await.is(403);
        manager.delete(&path_of(&guid)).await.is(204);
        let root = site.room.admin().await;
        let log = root.get("/strongroom/v1/audit?limit=200").await.is(200);
        assert!(!log.to_string().contains("hunter2"));
        root.get("/api/v2/activity_stream/?page_size=200").await.is(200);
        let mut lines: Vec<String> = log["items"].as_array().unwrap().iter()
            .filter(|entry| entry["dialect"] == "cloud_foundry")
            .map(|entry| {
                let kinds = entry["objects"].as_array().unwrap().iter();
                let kinds: Vec<&str> = kinds.map(|object| object["kind"].as_str().unwrap()).collect();
                let (operation, outcome) = (entry["operation"].as_str().unwrap(), entry["outcome"].as_str().unwrap());
                format!("{} {operation} {} {outcome}", entry["actor"]["name"].as_str().unwrap(), kinds.join("+"))
            })
            .collect();
        // A refusal is written a little later than what is done.
        lines.sort();
        insta::assert_snapshot!("log", lines.join("\n"));
    }
}
