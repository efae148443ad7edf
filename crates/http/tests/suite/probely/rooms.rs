//! One room: what is made here is seen elsewhere, and what is made elsewhere appears here only when it is placed.

use serde_json::{Value, json};

use super::{CREDENTIALS, Office, hidden, make, open};
use crate::room::on_both_stores;

on_both_stores! {
    /// In AWX a credential of the account is a *Secret Text*, whose value is always masked.
    async fn a_credential_made_here_is_a_secret_text_in_awx(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        for body in [hidden("hidden"), open("open")] {
            let path = make(&alice, &body).await;
            let id = path.split('/').nth(2).unwrap().to_owned();
            let found = office.root.get(&format!("/api/v2/credentials/?name={}%20{id}", body["name"].as_str().unwrap())).await;
            let shown = found.is(200)["results"][0].clone();
            assert_eq!(shown["inputs"], json!({"value": "$encrypted$"}));
            assert_eq!(shown["summary_fields"]["credential_type"]["name"], "Secret Text");
            assert_eq!(shown["organization"], office.acme);
            assert_eq!(shown["managed"], false);
            assert_eq!(shown["created"], "2026-01-01T00:00:00Z");
        }
    }

    /// The generated name follows the name here until AWX gives it one.
    async fn the_generated_name_follows_until_awx_renames(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("one")).await;
        let id = path.split('/').nth(2).unwrap().to_owned();
        let native = format!("/strongroom/v1/credentials/{id}");
        let name = async || office.root.get(&native).await.is(200)["name"].clone();
        assert_eq!(name().await, format!("one {id}"));
        alice.patch(&path, &json!({"name": "two", "description": "d"})).await.is(200);
        assert_eq!(name().await, format!("two {id}"));
        assert_eq!(office.root.get(&native).await.is(200)["description"], "d");
        office.root.patch(&native, &json!({"name": "Shop login"})).await.is(200);
        alice.patch(&path, &json!({"name": "three"})).await.is(200);
        assert_eq!(name().await, "Shop login");
        assert_eq!(alice.get(&path).await.is(200)["name"], "three");
    }

    /// Deleting here deletes the credential, and deleting it in AWX takes it from here.
    async fn what_is_deleted_is_gone_on_both_sides(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("one")).await;
        let native = format!("/strongroom/v1/credentials/{}", path.split('/').nth(2).unwrap());
        alice.delete(&path).await.is(204);
        office.root.get(&native).await.is(404);
        let path = make(&alice, &hidden("two")).await;
        let native = format!("/strongroom/v1/credentials/{}", path.split('/').nth(2).unwrap());
        office.root.delete(&native).await.is(204);
        alice.get(&path).await.is(404);
        assert_eq!(alice.get(CREDENTIALS).await.is(200)["count"], 0);
    }

    /// A *Secret Text* that AWX made.
    async fn a_credential_made_elsewhere_appears_when_it_is_placed(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let manager = office.member("manager").await;
        office.grant_in_account("probely_manage_credentials", office.id_of("manager").await).await;
        let types = office.root.get("/api/v2/credential_types/?namespace=strongroom_secret_text").await;
        let body = json!({
            "name": "Elsewhere", "organization": office.acme, "inputs": {"value": "hunter2-awx"},
            "credential_type": types.is(200)["results"][0]["id"],
        });
        let made = office.root.post("/api/v2/credentials/", &body).await.is(201)["id"].clone();
        assert_eq!(alice.get(CREDENTIALS).await.is(200)["count"], 0);
        let placements = format!("/strongroom/v1/credentials/{made}/placements");
        let place = json!({"dialect": "probely", "organization": office.acme});
        office.root.post(&placements, &place).await.is(201);
        let listed = alice.get(CREDENTIALS).await.is(200)["results"][0].clone();
        assert_eq!((&listed["name"], &listed["value"]), (&json!("Elsewhere"), &Value::Null));
        let path = format!("{CREDENTIALS}{}/", listed["id"].as_str().unwrap());
        // Whoever manages the placement renames and hides it there; the credential is not his to change.
        alice.patch(&path, &json!({"name": "x"})).await.is(403);
        manager.patch(&path, &json!({"name": "Here"})).await.is(200);
        manager.patch(&path, &json!({"value": "hunter2-new"})).await.is(403);
        manager.patch(&path, &json!({"description": "new"})).await.is(403);
        manager.patch(&path, &json!({"is_sensitive": false})).await.is(403);
        let native = office.root.get(&format!("/strongroom/v1/credentials/{made}")).await.is(200);
        assert_eq!((&native["name"], &native["version"]), (&json!("Elsewhere"), &json!(1)));
        // The organization's administrator may change the credential natively, and so through its placement too.
        let boss = office.person("boss").await;
        let admins = format!("/api/v2/organizations/{}/admins/", office.acme);
        office.root.post(&admins, &json!({"id": boss})).await.is(204);
        let boss = office.token("boss", office.acme).await;
        let set = json!({"value": "hunter2-new", "description": "new"});
        assert_eq!(boss.patch(&path, &set).await.is(200)["is_sensitive"], true);
        let native = office.root.get(&format!("/strongroom/v1/credentials/{made}")).await.is(200);
        assert_eq!((&native["version"], &native["description"]), (&json!(2), &json!("new")));
        manager.delete(&path).await.is(204);
        office.root.get(&format!("/strongroom/v1/credentials/{made}")).await.is(200);
    }

    /// A value is shown only where it was set, or where somebody showed it since.
    async fn a_value_that_is_set_in_one_place_is_hidden_in_the_others(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let admin = office.token("admin", office.acme).await;
        let path = make(&alice, &open("twice")).await;
        let id = path.split('/').nth(2).unwrap();
        let placements = format!("/strongroom/v1/credentials/{id}/placements");
        let team = json!({"dialect": "probely", "organization": office.acme, "team": office.team.0});
        let placed = office.root.post(&placements, &team).await.is(201);
        let other = format!("{CREDENTIALS}{}/", placed["short_id"].as_str().unwrap());
        alice.get(&other).await.is(404);
        assert_eq!(admin.get(&other).await.is(200)["value"], Value::Null);
        let set = json!({"value": "hunter2-new", "is_sensitive": false});
        assert_eq!(admin.patch(&other, &set).await.is(200)["value"], "hunter2-new");
        assert_eq!(alice.get(&path).await.is(200)["value"], Value::Null);
        alice.delete(&path).await.is(204);
        assert_eq!(admin.get(&other).await.is(200)["value"], "hunter2-new");
        admin.delete(&other).await.is(204);
    }
}
