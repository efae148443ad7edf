//! Hosted registries as the native API makes them.

use serde_json::{Value, json};

use super::{Docks, stable};
use crate::room::on_both_stores;

const REGISTRIES: &str = "/strongroom/v1/registries";

/// The document without what is drawn.
fn shown(mut document: Value) -> String {
    document["short_id"] = "[short_id]".into();
    stable(&format!("{document:#}"))
}

on_both_stores! {
    async fn a_registry_is_made_read_and_listed(room: Room) {
        let docks = Docks::new(room).await;
        let body = json!({
            "name": "Harbor two", "organization": "acme", "url": "https://Registry.example.com:5000/team/",
            "credentials_limit": 3,
        });
        let reply = docks.root.post(REGISTRIES, &body).await;
        let made = reply.is(201);
        insta::assert_snapshot!("native_registry", shown(made.clone()));
        assert_eq!(reply.header("location"), format!("{REGISTRIES}/{}", made["id"]));
        for id in [
            &made["id"].to_string(),
            made["guid"].as_str().unwrap(),
            made["short_id"].as_str().unwrap(),
        ] {
            assert_eq!(docks.root.get(&format!("{REGISTRIES}/{id}")).await.is(200), made);
        }
        let list = docks.root.get(&format!("{REGISTRIES}?limit=2")).await.is(200);
        assert_eq!(list["items"][0]["name"], "harbor");
        let next = list["next"].as_str().unwrap();
        let rest = docks.root.get(&format!("{REGISTRIES}?limit=2&after={next}")).await.is(200);
        assert_eq!((rest["items"][0].clone(), rest["next"].clone()), (made, Value::Null));
    }

    async fn what_is_wrong_with_a_registry_is_told(room: Room) {
        let docks = Docks::new(room).await;
        let good = json!({"name": "new", "organization": "acme", "url": "https://new.example.com"});
        let mut lines = Vec::new();
        for (member, value) in [
            ("name", json!(null)),
            ("name", json!("")),
            ("name", json!("HARBOR ")),
            ("name", json!("x".repeat(513))),
            ("organization", json!(null)),
            ("organization", json!("Nowhere")),
            ("organization", json!(4711)),
            ("url", json!("new.example.com")),
            ("url", json!("https://user:hunter2@new.example.com")),
            ("url", json!("https://new.example.com?x=1")),
            ("service", json!("a \"b\"")),
            ("service", json!("pier.example.com")),
            ("credentials_limit", json!(0)),
            ("credentials_limit", json!("3")),
            ("credentials_limit", json!(1.5)),
            ("hosted", json!(true)),
        ] {
            let mut body = good.clone();
            body[member] = value;
            let reply = docks.root.post(REGISTRIES, &body).await;
            assert!(!reply.text.contains("hunter2"), "{}", reply.text);
            lines.push(format!("{member}: {} {}", reply.status, reply.is(400)["violations"]));
        }
        let empty = docks.root.post(REGISTRIES, &json!({"organization": 2})).await;
        lines.push(format!("empty: {}", empty.is(400)["violations"]));
        insta::assert_snapshot!("native_registry_rules", lines.join("\n"));
        // The same name in another organization is another name.
        let body = json!({"name": "harbor", "organization": 3, "url": "https://third.example.com", "service": "third"});
        assert_eq!(docks.root.post(REGISTRIES, &body).await.is(201)["service"], "third");
    }

    async fn a_hosted_registry_is_changed(room: Room) {
        let docks = Docks::new(room).await;
        let path = format!("{REGISTRIES}/1");
        let change = json!({
            "name": "harbor two", "url": "https://harbor.example.org:5000", "service": "harbor", "credentials_limit": 1,
        });
        let changed = docks.root.patch(&path, &change).await.is(200);
        for (member, value) in change.as_object().unwrap() {
            assert_eq!(&changed[member], value);
        }
        assert_eq!(docks.root.get(&path).await.is(200), changed);
        // The name of the token service stays when only the address changes, and what is left out stays.
        let moved = docks.root.patch(&path, &json!({"url": "https://new.example.org"})).await.is(200);
        assert_eq!((&moved["service"], &moved["credentials_limit"]), (&json!("harbor"), &json!(1)));
        assert_eq!(docks.root.get(&format!("{path}/config")).await.is(200)["service"], "harbor");
        docks.root.patch(&path, &json!({})).await.is(200);
        let mut lines = Vec::new();
        for (member, value) in [
            ("name", json!("")),
            ("url", json!("harbor")),
            ("service", json!("pier.example.com")),
            ("credentials_limit", json!(0)),
            ("organization", json!("other")),
            ("provider", json!("HARBOR")),
        ] {
            let reply = docks.root.patch(&path, &json!({member: value})).await;
            lines.push(format!("{member}: {}", reply.is(400)["violations"]));
        }
        insta::assert_snapshot!("native_registry_change_rules", lines.join("\n"));
        // The Catalog shows it at once, and who only reads does not change it.
        let member = docks.with_role("member", "catalog_member").await;
        assert_eq!(member.get(&docks.harbor).await.is(200)["name"], "harbor two");
        let reader = docks.room.by_password("member");
        reader.patch(&path, &json!({"name": "x"})).await.is(401);
        let stranger = docks.room.user("stranger").await;
        stranger.patch(&path, &json!({"name": "x"})).await.is(404);
        docks.root.delete(&path).await.is(204);
        docks.root.patch(&path, &json!({"name": "x"})).await.is(404);
        let log = docks.root.get("/strongroom/v1/audit?limit=200").await.is(200);
        let updates = log["items"].as_array().unwrap().iter().filter(|entry| entry["operation"] == "update" && entry["objects"][0]["kind"] == "registry");
        assert_eq!(updates.count(), 2);
    }

    async fn who_administers_registries_makes_them(room: Room) {
        let docks = Docks::new(room).await;
        let mut lines = Vec::new();
        for (name, role) in [
            ("manager", "catalog_registry_admin"),
            ("member", "catalog_member"),
            ("scanner", "probely_manage_credentials"),
            ("stranger", ""),
            ("boss", "admin"),
        ] {
            let caller = docks.room.user(name).await;
            let users = docks.root.get(&format!("/api/v2/users/?username={name}")).await.is(200);
            let id = users["results"][0]["id"].as_i64().unwrap();
            if role == "admin" {
                let admins = "/api/v2/organizations/2/admins/";
                docks.root.post(admins, &json!({"id": id})).await.is(204);
            } else if !role.is_empty() {
                docks.give(id, 2, role).await;
            }
            let host = format!("https://{name}.example.com");
            let body = json!({"name": name, "organization": "acme", "url": host});
            let made = caller.post(REGISTRIES, &body).await.status;
            let listed = caller.get(REGISTRIES).await.is(200)["items"].as_array().unwrap().len();
            let one = caller.get(&format!("{REGISTRIES}/1")).await.status;
            let other = caller.get(&format!("{REGISTRIES}/2")).await.status;
            lines.push(format!(
                "{name}: create {made}, list {listed}, read {one}, read the other's {other}"
            ));
        }
        insta::assert_snapshot!("native_registry_access", lines.join("\n"));
        assert_eq!(docks.room.anonymous().get(REGISTRIES).await.status, 401);
        let body =
            json!({"name": "by host", "organization": "acme", "url": "https://host.example.com"});
        let made = docks.room.on_host().post(REGISTRIES, &body).await.is(201);
        assert_eq!(made["created_by"], Value::Null);
    }
}
