//! The Probely dialect.

mod access;
mod auth;
mod bodies;
mod credentials;
mod lists;
mod people;
mod recount;
mod references;
mod reveal;
mod rooms;
mod targets;

use serde_json::{Value, json};

use crate::room::{Caller, PASSWORD, Reply, Room};

/// The credentials.
const CREDENTIALS: &str = "/credentials/";

/// An account with people in every position, and another account.
pub(crate) struct Office {
    pub(crate) room: Room,
    /// The system administrator, natively and in AWX.
    root: Caller,
    /// The organization Acme, by its integer.
    acme: i64,
    /// The team Web of Acme: its integer and its short id.
    team: (i64, String),
}

impl Office {
    async fn new(room: Room) -> Self {
        let root = room.admin().await;
        let host = room.on_host();
        let acme = host.post("/strongroom/v1/host/organizations", &json!({"name": "Acme"})).await;
        let acme = acme.is(201)["id"].as_i64().unwrap();
        let body = json!({"name": "Web", "description": "The site", "organization": acme});
        let team = root.post("/api/v2/teams/", &body).await.is(201)["id"].as_i64().unwrap();
        let mut office = Self { room, root, acme, team: (team, String::new()) };
        let admin = office.token("admin", acme).await;
        let teams = admin.get("/teams/").await.is(200);
        office.team.1 = text(&teams["results"][0]["id"]);
        office
    }

    /// A new person with a first and a last name and an address.
    async fn person(&self, username: &str) -> i64 {
        let body = json!({
            "username": username,
            "password": PASSWORD,
            "first_name": username,
            "last_name": "Doe",
            "email": format!("{username}@example.com"),
        });
        self.root.post("/api/v2/users/", &body).await.is(201)["id"].as_i64().unwrap()
    }

    /// A new member of the account, with an API key.
    async fn member(&self, username: &str) -> Caller {
        let id = self.person(username).await;
        self.grant_in_account("probely_member", id).await;
        self.token(username, self.acme).await
    }

    /// Gives a native role in the account's organization.
    async fn grant_in_account(&self, role: &str, user: i64) {
        let path = format!("/strongroom/v1/organizations/{}/grants", self.acme);
        self.root.post(&path, &json!({"role": role, "user": user})).await.is(201);
    }

    /// Puts somebody into the team, as AWX does.
    async fn join(&self, username: &str) {
        let id = self.id_of(username).await;
        let path = format!("/api/v2/teams/{}/users/", self.team.0);
        self.root.post(&path, &json!({"id": id})).await.is(204);
    }

    async fn id_of(&self, username: &str) -> i64 {
        let found = self.root.get(&format!("/api/v2/users/?username={username}")).await.is(200);
        found["results"][0]["id"].as_i64().unwrap()
    }

    /// An API key of somebody for an organization, made on the host.
    async fn token(&self, username: &str, organization: i64) -> Caller {
        let body = json!({
            "user": username, "name": "test", "kind": "probely", "organization": organization,
        });
        let issued = self.room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
        self.room.by_token(issued["token"].as_str().unwrap())
    }

    /// The entries of the audit log whose first object is a placement: action, members that changed, actor.
    async fn told(&self) -> Vec<String> {
        let log = self.root.get("/strongroom/v1/audit?limit=200").await.is(200);
        assert!(!log.to_string().contains("hunter2"), "{log}");
        let entries = log["items"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["objects"][0]["kind"] == "placement")
            .map(|entry| {
                let changes = entry["changes"].as_array().unwrap().iter();
                let members: Vec<&str> =
                    changes.filter_map(|change| change["member"].as_str()).collect();
                let objects = entry["objects"].as_array().unwrap().len();
                format!(
                    "{} {} of {objects} objects: {}",
                    entry["operation"].as_str().unwrap(),
                    entry["outcome"].as_str().unwrap(),
                    members.join(" ")
                )
            })
            .collect()
    }
}

/// A credential that hides its value.
fn hidden(name: &str) -> Value {
    json!({"name": name, "value": "hunter2-secret"})
}

/// A credential that shows its value.
fn open(name: &str) -> Value {
    json!({"name": name, "value": "hunter2-open", "is_sensitive": false})
}

/// A new credential; its path.
async fn make(caller: &Caller, body: &Value) -> String {
    let made = caller.post(CREDENTIALS, body).await.is(201);
    format!("{CREDENTIALS}{}/", made["id"].as_str().unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Status, the headers that say something and the body with drawn ids and secrets replaced.
fn line(label: &str, reply: &Reply) -> String {
    let headers: Vec<String> =
        ["content-type", "allow", "location", "retry-after", "www-authenticate"]
            .into_iter()
            .filter(|name| !reply.header(name).is_empty())
            .map(|name| format!("{name}: {}", reply.header(name)))
            .collect();
    let body = match serde_json::from_str::<Value>(&reply.text) {
        Ok(body) => stable(body).to_string(),
        Err(_) => reply.text.clone(),
    };
    format!("{label}\n  {} [{}] {body}", reply.status, headers.join("; "))
}

/// The members that hold ids drawn at random, or secrets.
const STABLE: [&str; 7] = ["id", "uri", "key", "token", "team", "value", "root_object_id"];

/// The document with ids that are drawn at random and secrets replaced, wherever they stand.
fn stable(mut document: Value) -> Value {
    match &mut document {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                let is_drawn = STABLE.contains(&name.as_str());
                *value = match is_drawn && value.as_str().is_some_and(|text| !text.is_empty()) {
                    true => json!(format!("[{name}]")),
                    false => stable(value.take()),
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = stable(item.take());
            }
        }
        _ => {}
    }
    document
}
