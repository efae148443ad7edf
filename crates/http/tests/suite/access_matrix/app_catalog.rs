//! The part of the matrix that is the Application Catalog: the actors that its contract names.

use serde_json::{Value, json};
use strongroom_http::{HttpSettings, Owner, host_router};
use strongroom_service::Strongroom;

use super::requests::Sent;
use super::world::{Words, World, network};
use crate::room::{Caller, PASSWORD};

/// Everybody who asks, in the order of the columns; each with an access token for the organization where nothing else
/// is said.
pub(super) const ACTORS: [&str; 10] = [
    "anonymous",
    "token_of_awx",
    "api_token",
    "administrator_elsewhere",
    "awx_member",
    "member",
    "registry_administrator",
    "org_admin",
    "auditor",
    "administrator",
];

/// A small organization with a hosted registry, its people, and a robot.
pub(super) async fn world() -> World {
    World::made(async |room| {
        let mut maker = Maker { room, ids: Words::new(), tokens: Words::new() };
        maker.make().await;
        (maker.ids, maker.tokens)
    })
    .await
}

/// Every request that one route is tried with.
pub(super) fn requests_for(owner: Owner, method: &str, template: &'static str) -> Vec<Sent> {
    let objects: &[&'static str] = if template.contains("{credential_id}") {
        &["robot", "removed"]
    } else if template.contains("{registry_id}") {
        &["registry", "private"]
    } else {
        &[""]
    };
    let path = |object: &str| {
        let path = template
            .replace("{registry_id}", if object == "private" { "{private}" } else { "{registry}" })
            .replace("{credential_id}", &format!("{{{object}}}"));
        if template == EXCHANGE { format!("{path}?refresh_token={{exchanged}}") } else { path }
    };
    objects
        .iter()
        .map(|object| Sent {
            owner,
            template,
            object,
            path: path(object),
            body: body(method, template),
        })
        .collect()
}

/// A body that is right, so that the answer tells of rights and not of faults.
fn body(method: &str, template: &str) -> Option<Value> {
    match (method, template) {
        ("POST", EXCHANGE) => None,
        ("POST", "/v1/registries") => Some(json!({
            "name": "New", "description": "New", "provider": "HARBOR", "url": "https://new.example.com",
            "access_secret": "hunter2",
        })),
        ("POST" | "PATCH", _) => Some(json!({"description": "New"})),
        _ => None,
    }
}

/// Fills a fresh store.
struct Maker {
    room: Strongroom,
    ids: Words,
    tokens: Words,
}

impl Maker {
    async fn make(&mut self) {
        let host = Caller::new(host_router(self.room.clone(), HttpSettings::default()), None);
        let of = |value: &Value| value["id"].as_i64().unwrap();
        let acme = json!({"name": "Acme"});
        let acme = of(&host.post("/strongroom/v1/host/organizations", &acme).await.is(201));
        let root = json!({"user": "admin", "name": "m", "kind": "native", "dialects": ["awx"]});
        let root = host.post("/strongroom/v1/host/tokens", &root).await.is(201);
        let root = self.by(root["token"].as_str().unwrap());
        for actor in ACTORS.into_iter().skip(1) {
            let body =
                json!({"username": actor, "password": PASSWORD, "admin": actor == "administrator"});
            let user = of(&host.post("/strongroom/v1/host/users", &body).await.is(201));
            let organization = if actor == "administrator_elsewhere" { 1 } else { acme };
            let grants = format!("/strongroom/v1/organizations/{organization}/grants");
            match actor {
                "awx_member" => {
                    let users = format!("/api/v2/organizations/{acme}/users/");
                    root.post(&users, &json!({"id": user})).await.is(204);
                }
                "org_admin" => {
                    let admins = format!("/api/v2/organizations/{acme}/admins/");
                    root.post(&admins, &json!({"id": user})).await.is(204);
                }
                "auditor" => {
                    let users = format!("/api/v2/organizations/{acme}/users/");
                    root.post(&users, &json!({"id": user})).await.is(204);
                    let flag = json!({"is_system_auditor": true});
                    root.patch(&format!("/api/v2/users/{user}/"), &flag).await.is(200);
                }
                "administrator" => {}
                _ => {
                    let role = match actor {
                        "member" => "catalog_member",
                        _ => "catalog_registry_admin",
                    };
                    root.post(&grants, &json!({"role": role, "user": user})).await.is(201);
                }
            }
            let key = match actor {
                "token_of_awx" => {
                    json!({"user": actor, "name": "m", "kind": "native", "dialects": ["awx"]})
                }
                _ => json!({
                    "user": actor, "name": "m", "kind": "catalog", "organization": organization,
                }),
            };
            // Whoever is no member has a key from the time when he was one.
            let lent = match actor {
                "awx_member" => {
                    let member = json!({"role": "catalog_member", "user": user});
                    let lent = root.post(&grants, &member).await.is(201);
                    Some(format!("{grants}/{}", lent["id"]))
                }
                _ => None,
            };
            let key = host.post("/strongroom/v1/host/tokens", &key).await.is(201);
            let key = key["token"].as_str().unwrap().to_owned();
            if let Some(lent) = lent {
                root.delete(&lent).await.is(204);
            }
            let token = match actor {
                "token_of_awx" | "api_token" => key,
                _ => self.exchanged(&key).await,
            };
            self.tokens.insert(actor, token);
        }
        self.ids.insert("exchanged", self.tokens["api_token"].clone());
        self.make_things(&root, acme).await;
    }

    async fn make_things(&mut self, root: &Caller, organization: i64) {
        let url = "https://harbor.example.com";
        let body = json!({"name": "harbor", "organization": organization, "url": url});
        let made = root.post("/strongroom/v1/registries", &body).await.is(201);
        let registry = made["guid"].as_str().unwrap().to_owned();
        let by = self.by(&self.tokens["registry_administrator"]);
        let body = json!({
            "name": "private", "description": "private", "provider": "HARBOR",
            "url": "https://private.example.com", "access_secret": "hunter2",
        });
        let made = by.post("/v1/registries", &body).await;
        let private = made.header("location").rsplit('/').next().unwrap().to_owned();
        self.ids.insert("private", private);
        for name in ["robot", "removed"] {
            let path = format!("/v1/registries/{registry}/credentials");
            let made = by.post(&path, &json!({"description": name})).await;
            let id = made.header("location").rsplit('/').next().unwrap().to_owned();
            if name == "removed" {
                by.delete(&format!("{path}/{id}")).await.is(204);
            }
            self.ids.insert(name, id);
        }
        self.ids.insert("registry", registry);
    }

    async fn exchanged(&self, key: &str) -> String {
        let path = format!("{EXCHANGE}?refresh_token={key}");
        let caller = Caller::new(network(self.room.clone()), None);
        let exchanged = caller.bare(http::Method::POST, &path).await.is(200);
        exchanged["access_token"].as_str().unwrap().to_owned()
    }

    fn by(&self, token: &str) -> Caller {
        Caller::new(network(self.room.clone()), Some(format!("Bearer {token}")))
    }
}

const EXCHANGE: &str = "/csp/gateway/am/api/auth/api-tokens/authorize";
