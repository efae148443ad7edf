//! The part of the matrix that is the Probely dialect: the actors that its contract names.

use serde_json::{Value, json};
use strongroom_http::{HttpSettings, Owner, host_router};
use strongroom_service::Strongroom;

use super::requests::Sent;
use super::world::{Words, World, network};
use crate::room::{Caller, PASSWORD};

/// Everybody who asks, in the order of the columns; each with an API key of the account where nothing else is said.
pub(super) const ACTORS: [&str; 10] = [
    "anonymous",
    "token_of_awx",
    "key_of_another_account",
    "creator",
    "account_manager",
    "team_manager",
    "team_member",
    "account_member",
    "org_admin",
    "administrator",
];

/// A small account: its people, a credential of the whole account and one of a team.
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
    let objects: &[&'static str] = match template.split('/').nth(1) {
        Some("credentials") if template.contains("{id}") => &["of_account", "of_team"],
        Some("keys") => &["key"],
        Some("api-users") => &["machine"],
        Some("teams") => &["team"],
        Some("users") => &["creator"],
        Some("targets") if template.contains("sequences/{part}") => &["sequence", "team_steps"],
        Some("targets") if template.contains("assets/{part}") => &["host", "team_host"],
        Some("targets") if template.contains("{id}") => &["target", "team_target"],
        Some("domains") => &["domain"],
        Some("labels") => &["label"],
        _ => &[""],
    };
    let named = |object: &&'static str| if template.contains("{id}") { *object } else { "" };
    objects
        .iter()
        .map(|object| Sent {
            owner,
            template,
            object: named(object),
            path: match *object {
                "sequence" | "host" => {
                    template.replace("{id}", "{target}").replace("{part}", &format!("{{{object}}}"))
                }
                "team_steps" | "team_host" => template
                    .replace("{id}", "{team_target}")
                    .replace("{part}", &format!("{{{object}}}")),
                object => template.replace("{id}", &format!("{{{object}}}")),
            },
            body: body(method, template),
        })
        .collect()
}

/// A body that is right, so that the answer tells of rights and not of faults.
fn body(method: &str, template: &str) -> Option<Value> {
    if !matches!(method, "POST" | "PUT" | "PATCH") {
        return None;
    }
    let last = template.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let site = json!({"url": "https://new.example.com"});
    Some(match (method, last) {
        ("POST", "targets") => json!({"site": site}),
        ("PUT" | "PATCH", "{id}") if template.starts_with("/targets/") => json!({"site": site}),
        ("POST", "update") => json!({"ids": ["{target}"], "site": {"desc": "changed"}}),
        ("POST", "delete") if template.starts_with("/targets/") => json!({"ids": ["{target}"]}),
        ("POST", "assets") => json!({"host": "new.example.com"}),
        ("POST", "domains") => json!({"hostname": "new.example.com"}),
        ("PUT", "{id}") if template.starts_with("/domains/") => {
            json!({"hostname": "changed.example.com"})
        }
        ("POST", "event") => json!({}),
        ("POST", "credentials") => json!({"name": "New", "value": "hunter2"}),
        ("PUT", _) => json!({"name": "changed", "value": null}),
        ("PATCH", _) => json!({"name": "changed"}),
        (_, "delete") => json!({"ids": ["{of_account}"]}),
        (_, "obtain") => json!({"username": "creator", "password": PASSWORD}),
        (_, "verify" | "refresh" | "revoke") => json!({"token": "{login}"}),
        ("POST", "keys" | "api-users" | "sequences" | "labels" | "teams") => json!({"name": "New"}),
        _ => panic!("no body is known for {method} {template}"),
    })
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
        let team = json!({"name": "Web", "organization": acme});
        let team = of(&root.post("/api/v2/teams/", &team).await.is(201));
        for actor in ACTORS.into_iter().skip(1) {
            let body =
                json!({"username": actor, "password": PASSWORD, "admin": actor == "administrator"});
            let user = of(&host.post("/strongroom/v1/host/users", &body).await.is(201));
            let account = if actor == "key_of_another_account" { 1 } else { acme };
            let grants = format!("/strongroom/v1/organizations/{account}/grants");
            let member = json!({"role": "probely_member", "user": user});
            let manager = json!({"role": "probely_manage_credentials", "user": user});
            match actor {
                "administrator" => {}
                "org_admin" => {
                    let admins = format!("/api/v2/organizations/{acme}/admins/");
                    root.post(&admins, &json!({"id": user})).await.is(204);
                }
                _ => {
                    root.post(&grants, &member).await.is(201);
                }
            }
            if actor == "account_manager" {
                root.post(&grants, &manager).await.is(201);
            }
            if actor == "team_manager" {
                root.post(&format!("/strongroom/v1/teams/{team}/grants"), &manager).await.is(201);
            }
            if matches!(actor, "creator" | "team_member") {
                let members = format!("/api/v2/teams/{team}/users/");
                root.post(&members, &json!({"id": user})).await.is(204);
            }
            let key = match actor {
                "token_of_awx" => {
                    json!({"user": actor, "name": "m", "kind": "native", "dialects": ["awx"]})
                }
                _ => {
                    json!({"user": actor, "name": "m", "kind": "probely", "organization": account})
                }
            };
            let key = host.post("/strongroom/v1/host/tokens", &key).await.is(201);
            self.tokens.insert(actor, key["token"].as_str().unwrap().to_owned());
        }
        self.make_things().await;
    }

    async fn make_things(&mut self) {
        let creator = self.by(&self.tokens["creator"]);
        let admin = self.by(&self.tokens["administrator"]);
        let me = creator.get("/profile/").await.is(200);
        self.note("creator", &me["id"]);
        let team = creator.get("/teams/").await.is(200)["results"][0]["id"].clone();
        self.note("team", &team);
        for (name, team) in [("of_account", Value::Null), ("of_team", team.clone())] {
            let body = json!({"name": name, "value": "hunter2", "team": team});
            let made = creator.post("/credentials/", &body).await.is(201);
            self.note(name, &made["id"]);
        }
        let site = json!({"url": "https://shop.example.com"});
        let made = creator.post("/targets/", &json!({"site": site})).await.is(201);
        self.note("target", &made["id"]);
        let target = made["id"].as_str().unwrap().to_owned();
        let body = json!({"site": {"url": "https://team.example.com"}, "teams": [team]});
        let made = creator.post("/targets/", &body).await.is(201);
        self.note("team_target", &made["id"]);
        let of_team = made["id"].as_str().unwrap().to_owned();
        for (name, target, part, body) in [
            ("sequence", &target, "sequences", json!({"name": "Login"})),
            ("team_steps", &of_team, "sequences", json!({"name": "Login"})),
            ("host", &target, "assets", json!({"host": "api.example.com"})),
            ("team_host", &of_team, "assets", json!({"host": "api.example.com"})),
        ] {
            let path = format!("/targets/{target}/{part}/");
            self.note(name, &creator.post(&path, &body).await.is(201)["id"]);
        }
        let made = creator.post("/domains/", &json!({"hostname": "example.com"})).await.is(201);
        self.note("domain", &made["id"]);
        let made = creator.post("/labels/", &json!({"name": "x"})).await.is(201);
        self.note("label", &made["id"]);
        let login = json!({"username": "creator", "password": PASSWORD});
        let login = creator.post("/auth/obtain/", &login).await.is(200);
        self.note("login", &login["token"]);
        let key = creator.post("/keys/", &json!({"name": "k"})).await.is(201);
        self.note("key", &key["id"]);
        let machine = admin.post("/api-users/", &json!({"name": "m"})).await.is(201);
        self.note("machine", &machine["id"]);
    }

    fn by(&self, token: &str) -> Caller {
        Caller::new(network(self.room.clone()), Some(format!("Bearer {token}")))
    }

    fn note(&mut self, name: &'static str, id: &Value) {
        self.ids.insert(name, id.as_str().unwrap().to_owned());
    }
}
