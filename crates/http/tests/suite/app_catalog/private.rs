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
