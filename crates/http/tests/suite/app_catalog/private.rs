//! Private registries: made, changed and removed through the Catalog, with the credential that they refer to.

use http::Method;
use serde_json::{Value, json};

use super::{Docks, REGISTRIES, path_of, told};
use crate::room::{Caller, on_both_stores};

fn wanted() -> Value {
    json!({
        "name": "quay", "description": "Images of partners", "provider": "HARBOR",
        "url": "https://Quay.example.com:5000/", "access_key": "robot", "access_secret": "hunter2",
        "containers_organization": "team",
    })
}

/// A private registry; its path.
async fn made(by: &Caller, body: &Value) -> String {
    let reply = by.post(REGISTRIES, body).await;
    assert_eq!((reply.status, reply.text.as_str()), (201, ""));
    path_of(&reply)
}

/// The native path of the credential that a registry refers to.
async fn credential_of(docks: &Docks, registry: &str) -> String {
    let id = registry.rsplit('/').next().unwrap();
    let shown = docks.root.get(&format!("/strongroom/v1/registries/{id}")).await.is(200);
    format!("/strongroom/v1/credentials/{}", shown["credential"])
}

/// What refers to a credential in place of key and secret.
fn referring(credential: i64) -> Value {
    json!({
        "name": "quay", "description": "Images of partners", "provider": "HARBOR",
        "url": "https://Quay.example.com:5000/", "credential": credential.to_string(),
    })
}

/// A registry credential of an organization; its id.
async fn credential(docks: &Docks, host: &str, organization: i64) -> i64 {
    let inputs = json!({"host": host, "username": "robot", "password": "hunter2"});
    let name = format!("{host} {}", docks.cell("SELECT COUNT(*) FROM credentials").await);
    let body = json!({"name": name, "type": 18, "organization": organization, "inputs": inputs});
    let made = docks.root.post("/strongroom/v1/credentials", &body).await.is(201);
    made["id"].as_i64().unwrap()
}

on_both_stores! {
    async fn a_private_registry_comes_with_its_credential(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = made(&manager, &wanted()).await;
        let shown = manager.get(&path).await;
        insta::assert_snapshot!("private_registry", told(&shown));
        assert!(!shown.text.contains("hunter2"));
        let list = manager.get(&format!("{REGISTRIES}?hosted=false")).await.is(200);
        assert_eq!(list["items"][0]["name"], "quay");
        let credential = docks.root.get(&credential_of(&docks, &path).await).await.is(200);
        assert_eq!(credential["inputs"], json!({
            "host": "quay.example.com:5000", "username": "robot", "verify_ssl": true, "password": "$encrypted$",
        }));
        assert!(credential["name"].as_str().unwrap().starts_with("quay.example.com:5000 (registry) "));
        let uses = format!("{}/references", credential_of(&docks, &path).await);
        let uses = docks.root.get(&uses).await.is(200);
        assert_eq!(
            (&uses["items"][0]["consumer"], &uses["items"][0]["kind"], &uses["items"][0]["name"]),
            (&json!("app_catalog"), &json!("registry"), &json!("quay"))
        );
        // It stands nowhere else, and no robot is minted for it.
        let placements = format!("{}/placements", credential_of(&docks, &path).await);
        assert_eq!(docks.root.get(&placements).await.is(200)["items"], json!([]));
        let refused = manager.post(&format!("{path}/credentials"), &json!({"description": "x"})).await;
        assert_eq!(refused.is(400)["violations"][0]["field"], "registry_id");
    }

    async fn what_is_wrong_with_a_private_registry_is_told(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        insta::assert_snapshot!("private_registry_empty", told(&manager.post(REGISTRIES, &json!({})).await));
        let body = json!({
            "name": "", "description": null, "provider": "QUAY", "url": "quay.example.com", "access_key": 1,
            "access_secret": "a\u{0}b", "containers_organization": "", "charts_organization": [],
        });
        insta::assert_snapshot!("private_registry_wrong", told(&manager.post(REGISTRIES, &body).await));
        made(&manager, &wanted()).await;
        let mut same = wanted();
        same["name"] = "QUAY".into();
        insta::assert_snapshot!("private_registry_taken", told(&manager.post(REGISTRIES, &same).await));
        let member = docks.with_role("member", "catalog_member").await;
        same["name"] = "other".into();
        member.post(REGISTRIES, &same).await.is(403);
        assert_eq!(docks.cell("SELECT COUNT(*) FROM registries WHERE NOT hosted").await, "1");
    }

    async fn a_private_registry_is_changed_and_its_credential_with_it(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = made(&manager, &wanted()).await;
        let changed = manager.patch(&path, &json!({"name": "quay two", "access_secret": "other"})).await;
        assert_eq!((changed.status, changed.text.as_str()), (204, ""));
        assert_eq!(manager.get(&path).await.is(200)["name"], "quay two");
        let credential = credential_of(&docks, &path).await;
        assert_eq!(docks.root.get(&credential).await.is(200)["version"], 2);
        let uses = docks.root.get(&format!("{credential}/references")).await.is(200);
        assert_eq!(uses["items"][0]["name"], "quay two");
        assert_eq!(uses["items"].as_array().unwrap().len(), 1);
        manager.patch(&path, &json!({})).await.is(204);
        let fixed = json!({"url": "https://x.example.com", "provider": "HARBOR", "name": null});
        insta::assert_snapshot!("private_registry_fixed", told(&manager.patch(&path, &fixed).await));
        let member = docks.with_role("member", "catalog_member").await;
        member.patch(&path, &json!({"name": "x"})).await.is(403);
        manager.patch(&docks.pier, &json!({"name": "x"})).await.is(404);
        manager.patch(&docks.harbor, &json!({"name": "x"})).await.is(403);
        manager.json(Method::PUT, &path, &json!({})).await.is(405);
    }

    async fn a_private_registry_turns_unhealthy_when_its_credential_goes(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = made(&manager, &wanted()).await;
        let credential = credential_of(&docks, &path).await;
        docks.root.delete(&credential).await.is(409);
        docks.root.delete(&format!("{credential}?force=true")).await.is(204);
        insta::assert_snapshot!("private_registry_unhealthy", told(&manager.get(&path).await));
        let refused = manager.patch(&path, &json!({"access_key": "robot"})).await;
        assert_eq!(refused.is(400)["violations"][0]["field"], "access_secret");
        manager.patch(&path, &json!({"access_secret": "again"})).await.is(204);
        let healed = manager.get(&path).await.is(200);
        assert_eq!((&healed["healthy"], &healed["unhealthy_cause"]), (&json!(true), &Value::Null));
        let credential = credential_of(&docks, &path).await;
        let elsewhere = json!({"inputs": {"host": "other.example.com", "password": "p"}});
        docks.root.patch(&credential, &elsewhere).await.is(200);
        let cause = manager.get(&path).await.is(200)["unhealthy_cause"].clone();
        assert_eq!(cause, "The credential of the registry is for another host.");
        docks.root.patch(&credential, &json!({"organization": 3})).await.is(200);
        let cause = manager.get(&path).await.is(200)["unhealthy_cause"].clone();
        assert_eq!(cause, "The credential of the registry belongs to another organization.");
        // What went to another organization is changed with its own rights only.
        manager.patch(&path, &json!({"access_secret": "stolen"})).await.is(403);
    }

    async fn a_private_registry_refers_to_a_credential_that_is_there(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let id = credential(&docks, "Quay.example.com:5000/team", 2).await;
        let mut body = referring(id);
        // It takes *use* on the credential, where the registry is made.
        let unknown = manager.post(REGISTRIES, &body).await;
        insta::assert_snapshot!("private_registry_unknown_credential", told(&unknown));
        let users = docks.root.get("/api/v2/users/?username=manager").await.is(200);
        let grants = format!("/strongroom/v1/credentials/{id}/grants");
        let user = &users["results"][0]["id"];
        docks.root.post("/api/v2/organizations/2/users/", &json!({"id": user})).await.is(204);
        docks.root.post(&grants, &json!({"role": "read", "user": user})).await.is(201);
        manager.post(REGISTRIES, &body).await.is(403);
        docks.root.post(&grants, &json!({"role": "use", "user": user})).await.is(201);
        let path = made(&manager, &body).await;
        let shown = manager.get(&path).await.is(200);
        assert_eq!((&shown["healthy"], &shown["name"]), (&json!(true), &json!("quay")));
        let own = format!("/strongroom/v1/credentials/{id}");
        assert_eq!(credential_of(&docks, &path).await, own);
        // It is told where it is used, and is not deleted by the way.
        let uses = docks.root.get(&format!("{own}/references")).await.is(200);
        assert_eq!((&uses["items"][0]["kind"], &uses["items"][0]["name"]), (&json!("registry"), &json!("quay")));
        assert_eq!(docks.root.delete(&own).await.is(409)["references"][0]["name"], "quay");
        // The registry does not own it: with *use* alone nobody changes it.
        manager.patch(&path, &json!({"access_secret": "stolen"})).await.is(403);
        body["access_key"] = "both".into();
        let both = manager.post(REGISTRIES, &body).await;
        insta::assert_snapshot!("private_registry_opened_twice", told(&both));
        // Another one takes its place, and the first is free.
        let other = credential(&docks, "quay.example.com:5000", 2).await;
        let grants = format!("/strongroom/v1/credentials/{other}/grants");
        docks.root.post(&grants, &json!({"role": "use", "user": user})).await.is(201);
        for _ in 0..2 {
            manager.patch(&path, &json!({"credential": other.to_string(), "name": "quay two"})).await.is(204);
        }
        docks.root.delete(&own).await.is(204);
        let own = format!("/strongroom/v1/credentials/{other}");
        let uses = docks.root.get(&format!("{own}/references")).await.is(200);
        assert_eq!(uses["items"].as_array().unwrap().len(), 1);
        assert_eq!(uses["items"][0]["name"], "quay two");
        // AWX deletes what is in use, with a warning; then the registry says what it lacks.
        let deleted = docks.root.delete(&format!("/api/v2/credentials/{other}/")).await;
        deleted.is(204);
        assert!(deleted.header("warning").contains("1 registry"), "{}", deleted.header("warning"));
        let sick = manager.get(&path).await.is(200);
        assert_eq!((&sick["healthy"], &sick["unhealthy_cause"]), (&json!(false), &json!("The credential of the registry was deleted.")));
    }

    async fn a_credential_that_does_not_fit_opens_no_registry(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let mut lines = Vec::new();
        let bare = json!({"name": "bare", "type": 18, "organization": 2, "inputs": {"host": "quay.example.com:5000"}});
        let machine = json!({"name": "m", "type": 1, "organization": 2, "inputs": {"password": "p"}});
        let mut cases = vec![
            ("another host", credential(&docks, "quay.example.com", 2).await),
            ("another organization", credential(&docks, "quay.example.com:5000", 3).await),
        ];
        for (what, body) in [("no password", bare), ("another type", machine)] {
            let made = docks.root.post("/strongroom/v1/credentials", &body).await.is(201);
            cases.push((what, made["id"].as_i64().unwrap()));
        }
        for (what, id) in cases {
            let body = json!({
                "name": what, "organization": 2, "provider": "HARBOR", "url": "https://quay.example.com:5000",
                "credential": id,
            });
            let reply = docks.root.post("/strongroom/v1/registries", &body).await;
            lines.push(format!("{what}: {} {}", reply.status, reply.is(400)["violations"]));
        }
        for (member, value) in [("credential", json!(null)), ("credential", json!(4711)), ("service", json!("x")), ("provider", json!("QUAY"))] {
            let mut body = referring(1);
            body["organization"] = 2.into();
            body[member] = value;
            let reply = docks.root.post("/strongroom/v1/registries", &body).await;
            lines.push(format!("{member}: {} {}", reply.status, reply.is(400)["violations"]));
        }
        insta::assert_snapshot!("private_registry_misfits", lines.join("\n"));
        for value in [json!(7), json!(""), json!("no id"), json!(null)] {
            let mut body = referring(1);
            body["credential"] = value;
            assert_eq!(manager.post(REGISTRIES, &body).await.is(400)["violations"][0]["field"], "credential");
        }
        assert_eq!(docks.cell("SELECT COUNT(*) FROM registries WHERE NOT hosted").await, "0");
    }

    async fn a_private_registry_is_made_and_changed_natively(room: Room) {
        let docks = Docks::new(room).await;
        let id = credential(&docks, "quay.example.com:5000", 2).await;
        let mut body = referring(id);
        body.as_object_mut().unwrap().remove("description");
        body["organization"] = "acme".into();
        let made = docks.root.post("/strongroom/v1/registries", &body).await.is(201);
        assert_eq!((&made["hosted"], &made["credential"], &made["unhealthy"]), (&json!(false), &json!(id), &Value::Null));
        let path = format!("/strongroom/v1/registries/{}", made["id"]);
        let other = credential(&docks, "quay.example.com:5000", 2).await;
        let changed = docks.root.patch(&path, &json!({"credential": other, "description": "Partners"})).await.is(200);
        assert_eq!((&changed["credential"], &changed["description"]), (&json!(other), &json!("Partners")));
        let fixed = docks.root.patch(&path, &json!({"url": "https://x.example.com"})).await.is(400);
        assert_eq!(fixed["violations"][0]["field"], "url");
        docks.root.patch(&path, &json!({"credentials_limit": 3})).await.is(400);
        docks.root.delete(&path).await.is(204);
        docks.root.patch(&path, &json!({"description": "x"})).await.is(404);
        assert_eq!(docks.cell("SELECT COUNT(*) FROM credential_references").await, "0");
    }

    async fn a_private_registry_is_removed_and_its_credential_stays(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let path = made(&manager, &wanted()).await;
        let credential = credential_of(&docks, &path).await;
        manager.delete(&docks.harbor).await.is(403);
        let member = docks.with_role("member", "catalog_member").await;
        member.delete(&path).await.is(403);
        manager.delete(&path).await.is(204);
        manager.delete(&path).await.is(404);
        manager.patch(&path, &json!({"name": "x"})).await.is(404);
        let shown = manager.get(&path).await.is(200);
        assert_eq!((&shown["removed_by"], &shown["name"]), (&json!("manager"), &json!("quay")));
        docks.root.get(&credential).await.is(200);
        assert_eq!(docks.root.get(&format!("{credential}/references")).await.is(200)["items"], json!([]));
        docks.root.delete(&credential).await.is(204);
        made(&manager, &wanted()).await;
    }

    async fn an_organization_takes_its_private_registries_with_it(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        made(&manager, &wanted()).await;
        docks.root.delete("/api/v2/organizations/2/").await.is(204);
        assert_eq!(docks.cell("SELECT COUNT(*) FROM registries WHERE organization_id = 2").await, "0");
        assert_eq!(docks.cell("SELECT COUNT(*) FROM credential_references").await, "0");
    }

    async fn the_description_is_public(room: Room) {
        let shown = room.anonymous().bare(Method::GET, "/v1/api.yml").await;
        assert_eq!((shown.status, shown.header("content-type")), (200, "application/yaml"));
        assert!(shown.text.starts_with("openapi: 3."));
    }
}
