//! Where credentials are used, whatever uses them: the one list across all dialects.

mod hidden;
mod last_used;
mod recount;

use serde_json::{Value, json};

use crate::room::{Caller, PASSWORD, Room};

const CREDENTIALS: &str = "/strongroom/v1/credentials";
const SOURCES: &str = "/api/v2/credential_input_sources/";
const TEMPLATES: &str = "/api/v2/job_templates/";
const REGISTRIES: &str = "/v1/registries";

/// An organization as every dialect sees it, with a space, and a system administrator who acts there in all of them.
struct Place {
    id: i64,
    guid: String,
    space: String,
    root: Caller,
}

impl Place {
    async fn new(room: &Room, name: &str) -> Self {
        let admin = room.admin().await;
        let path = "/api/v2/organizations/";
        let id = admin.post(path, &json!({"name": name})).await.is(201)["id"].as_i64().unwrap();
        let all = ["awx", "probely", "cloud_foundry", "app_catalog"];
        let root = somebody(room, "admin", id, &all).await;
        let shown = root.get(&format!("/strongroom/v1/organizations/{id}")).await.is(200);
        let guid = text(&shown["guid"]);
        let body =
            json!({"name": "dev", "relationships": {"organization": {"data": {"guid": guid}}}});
        let space = text(&root.post("/v3/spaces", &body).await.is(201)["guid"]);
        Self { id, guid, space, root }
    }

    /// A credential of a type that the organization owns; its integer.
    async fn credential(&self, name: &str, credential_type: i64, inputs: Value) -> i64 {
        let body = json!({"name": name, "type": credential_type, "organization": self.id, "inputs": inputs});
        self.root.post(CREDENTIALS, &body).await.is(201)["id"].as_i64().unwrap()
    }

    async fn machine(&self, name: &str) -> i64 {
        self.credential(name, 1, json!({"username": "joe", "password": "hunter2"})).await
    }

    /// One with which fields of others are fetched.
    async fn lookup(&self, name: &str) -> i64 {
        let inputs = json!({"url": "https://vault.example.com", "token": "hunter2"});
        self.credential(name, 27, inputs).await
    }

    /// One of the account; its short id.
    async fn secret(&self, name: &str) -> String {
        let body = json!({"name": name, "value": "hunter2"});
        text(&self.root.post("/credentials/", &body).await.is(201)["id"])
    }

    /// One of the platform, of the organization, the space or an app; its guid.
    async fn platform(&self, location: &str, owner: (&str, &str)) -> String {
        let body = json!({
            "location": location, "username": "robot", "password": "hunter2",
            "relationships": {owner.0: {"data": {"guid": owner.1}}},
        });
        text(&self.root.post("/v3/registry_credentials", &body).await.is(201)["guid"])
    }

    async fn app(&self, name: &str) -> String {
        let body =
            json!({"name": name, "relationships": {"space": {"data": {"guid": self.space}}}});
        text(&self.root.post("/v3/apps", &body).await.is(201)["guid"])
    }

    /// Gives an app an image and starts it.
    async fn start(&self, app: &str, image: &str) {
        let body = json!({
            "type": "docker", "data": {"image": image}, "relationships": {"app": {"data": {"guid": app}}},
        });
        self.root.post("/v3/packages", &body).await.is(201);
        self.root.post(&format!("/v3/apps/{app}/actions/start"), &json!({})).await.is(200);
    }

    async fn template(&self, name: &str) -> String {
        let body = json!({"name": name, "organization": self.id});
        text(&self.root.post(TEMPLATES, &body).await.is(201)["url"])
    }

    /// A private registry with its credential; the registry's guid and the credential's integer.
    async fn registry(&self, name: &str) -> (String, i64) {
        let body = json!({
            "name": name, "description": "d", "provider": "HARBOR", "url": format!("https://{name}.example.com"),
            "access_key": "robot", "access_secret": "hunter2",
        });
        let made = self.root.post(REGISTRIES, &body).await;
        made.status_is(201);
        let guid = made.header("location").rsplit('/').next().unwrap().to_owned();
        let shown = self.root.get(&format!("/strongroom/v1/registries/{guid}")).await.is(200);
        (guid, shown["credential"].as_i64().unwrap())
    }
}

/// Somebody with a native token that opens these dialects too, in one organization where they lead into one.
async fn somebody(room: &Room, username: &str, organization: i64, dialects: &[&str]) -> Caller {
    let body = json!({
        "user": username, "name": "all", "kind": "native", "organization": organization, "dialects": dialects,
    });
    let issued = room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
    room.by_token(issued["token"].as_str().unwrap())
}

/// A new person; his integer.
async fn person(room: &Room, username: &str) -> i64 {
    let body = json!({"username": username, "password": PASSWORD});
    let made = room.on_host().post("/strongroom/v1/host/users", &body).await.is(201);
    made["id"].as_i64().unwrap()
}

/// What the list says of a credential, by any spelling of its id.
async fn uses(caller: &Caller, credential: &str) -> Value {
    caller.get(&format!("{CREDENTIALS}/{credential}/references")).await.is(200)
}

/// The body that joins two credentials.
fn source(target: i64, from: i64, field: &str) -> Value {
    json!({
        "target_credential": target, "source_credential": from, "input_field_name": field,
        "metadata": {"secret_path": "a", "secret_key": "k"},
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
