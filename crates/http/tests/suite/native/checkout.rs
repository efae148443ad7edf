//! Checkout: values leave to whoever may receive them, and the log says so first.

use serde_json::{Value, json};

use crate::room::{Caller, on_both_stores};

const CREDENTIALS: &str = "/strongroom/v1/credentials";

/// A registry credential of organization 1; its path.
async fn credential(by: &Caller, host: &str, owner: (&str, i64)) -> String {
    let inputs = json!({"host": host, "username": "bob", "password": "hunter2"});
    let body = json!({"name": host, "type": 18, "inputs": inputs, owner.0: owner.1});
    format!("{CREDENTIALS}/{}", by.post(CREDENTIALS, &body).await.is(201)["id"])
}

async fn id_of(root: &Caller, name: &str) -> i64 {
    let found = root.get(&format!("/api/v2/users/?username={name}")).await.is(200);
    found["results"][0]["id"].as_i64().unwrap()
}

async fn releases(root: &Caller) -> Vec<Value> {
    let log = root.get("/strongroom/v1/audit?limit=200").await.is(200);
    assert!(!log.to_string().contains("hunter2"));
    let is_release = |entry: &&Value| entry["operation"] == "release";
    log["items"].as_array().unwrap().iter().filter(is_release).cloned().collect()
}

on_both_stores! {
    async fn only_whoever_holds_checkout_gets_the_values(room: Room) {
        let root = room.admin().await;
        let bob = room.user("bob").await;
        let path = credential(&root, "r.example", ("organization", 1)).await;
        let checkout = format!("{path}/checkout");
        // A system administrator may do everything but this.
        root.post(&checkout, &json!({})).await.is(403);
        bob.post(&checkout, &json!({})).await.is(404);
        assert_eq!(releases(&root).await.iter().filter(|entry| entry["outcome"] == "done").count(), 0);
        let id = id_of(&root, "bob").await;
        root.post("/api/v2/organizations/1/users/", &json!({"id": id})).await.is(204);
        let grant = json!({"role": "checkout", "user": id});
        root.post(&format!("{path}/grants"), &grant).await.is(201);
        let reply = bob.post(&checkout, &json!({"purpose": "deploy 17"})).await;
        assert_eq!(reply.header("cache-control"), "no-store");
        let body = reply.is(200);
        assert_eq!(body["inputs"]["password"], "hunter2");
        assert_eq!((&body["inputs"]["host"], &body["version"]), (&json!("r.example"), &json!(1)));
        assert_eq!(body["type"], json!({"id": 18, "name": "Container Registry"}));
        let told = releases(&root).await;
        let told = told.iter().find(|entry| entry["outcome"] == "done").unwrap();
        assert_eq!(told["actor"]["name"], "bob");
        assert!(told.to_string().contains("deploy 17"), "{told}");
        let long = "x".repeat(256);
        bob.post(&checkout, &json!({"purpose": long})).await.is(400);
        bob.post(&checkout, &json!({"other": 1})).await.is(400);
        bob.bare(http::Method::POST, &checkout).await.is(200);
    }

    async fn whoever_typed_a_private_secret_gets_it_back(room: Room) {
        let root = room.admin().await;
        let bob = room.user("bob").await;
        let id = id_of(&root, "bob").await;
        let path = credential(&bob, "r.example", ("user", id)).await;
        let checkout = format!("{path}/checkout");
        assert_eq!(bob.post(&checkout, &json!({})).await.is(200)["inputs"]["password"], "hunter2");
        root.post(&checkout, &json!({})).await.is(403);
        let inputs = json!({"host": "r.example", "username": "bob", "password": "other"});
        root.patch(&path, &json!({"inputs": inputs})).await.is(200);
        bob.post(&checkout, &json!({})).await.is(403);
    }

    async fn a_robot_has_no_value_to_give(room: Room) {
        let root = room.admin().await;
        let body = json!({"name": "harbor", "organization": 1, "url": "https://harbor.example.com"});
        let registry = root.post("/strongroom/v1/registries", &body).await.is(201);
        let robots = format!("/strongroom/v1/registries/{}/robots", registry["id"]);
        let robot = root.post(&robots, &json!({"description": "x"})).await.is(201);
        let bob = room.user("bob").await;
        let id = id_of(&root, "bob").await;
        root.post("/api/v2/organizations/1/users/", &json!({"id": id})).await.is(204);
        root.post("/strongroom/v1/organizations/1/grants", &json!({"role": "checkout", "user": id})).await.is(201);
        let path = format!("{CREDENTIALS}/{}/checkout", robot["guid"].as_str().unwrap());
        bob.post(&path, &json!({})).await.is(403);
        // Those that have one are checked out by the same role.
        let path = credential(&root, "r.example", ("organization", 1)).await;
        bob.post(&format!("{path}/checkout"), &json!({})).await.is(200);
    }

    async fn what_is_fetched_from_elsewhere_is_not_given_as_it_is_stored(room: Room) {
        let root = room.admin().await;
        let bob = room.user("bob").await;
        let id = id_of(&root, "bob").await;
        root.post("/api/v2/organizations/1/users/", &json!({"id": id})).await.is(204);
        let path = credential(&root, "r.example", ("organization", 1)).await;
        root.post(&format!("{path}/grants"), &json!({"role": "checkout", "user": id})).await.is(201);
        bob.post(&format!("{path}/checkout"), &json!({})).await.is(200);
        let vault = root.get("/api/v2/credential_types/?namespace=aim").await.is(200);
        let source = json!({
            "name": "vault", "credential_type": vault["results"][0]["id"], "organization": 1,
            "inputs": {"url": "https://vault.example", "app_id": "x"},
        });
        let source = root.post("/api/v2/credentials/", &source).await.is(201);
        let feeds = json!({
            "target_credential": path.rsplit('/').next().unwrap(), "source_credential": source["id"],
            "input_field_name": "password", "metadata": {"object_query": "q"},
        });
        let feeds = root.post("/api/v2/credential_input_sources/", &feeds).await.is(201);
        let before = releases(&root).await.len();
        let reply = bob.post(&format!("{path}/checkout"), &json!({})).await;
        assert!(!reply.text.contains("hunter2"));
        assert!(reply.is(409)["detail"].as_str().unwrap().ends_with(": password."), "{}", reply.text);
        let told = root.refusals(1).await;
        assert!(told[0].to_string().contains("fetched from another system: password"), "{told:?}");
        assert_eq!(releases(&root).await.len(), before + 1);
        root.delete(&format!("/api/v2/credential_input_sources/{}/", feeds["id"])).await.is(204);
        bob.post(&format!("{path}/checkout"), &json!({})).await.is(200);
    }

    async fn registry_credentials_are_found_by_host_if_they_may_be_checked_out(room: Room) {
        let root = room.admin().await;
        let bob = room.user("bob").await;
        let id = id_of(&root, "bob").await;
        credential(&root, "hidden.example", ("organization", 1)).await;
        for host in ["https://R.example:5000/v2/", "r.example:5000/team", "docker.io"] {
            credential(&bob, host, ("user", id)).await;
        }
        let found = async |query: &str| -> Vec<String> {
            let list = bob.get(&format!("/strongroom/v1/registry-credentials{query}")).await.is(200);
            let of = |item: &Value| item["location"].as_str().unwrap().to_owned();
            assert!(!list.to_string().contains("hunter2"));
            list["items"].as_array().unwrap().iter().map(of).collect()
        };
        assert_eq!(found("").await, ["https://R.example:5000/v2/", "r.example:5000/team", "docker.io"]);
        assert_eq!(found("?host=r.example:5000").await.len(), 2);
        assert_eq!(found("?host=https%3A%2F%2Findex.docker.io%2Fv1%2F").await, ["docker.io"]);
        assert_eq!(found("?host=hidden.example").await.len(), 0);
        assert_eq!(releases(&root).await.len(), 0);
    }
}
