//! The part of the matrix that is Cloud Foundry: the roles that its contract names.

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use strongroom_http::{HttpSettings, Owner, host_router};
use strongroom_service::Strongroom;

use super::requests::Sent;
use super::world::{Words, World, network};
use crate::room::{Caller, PASSWORD};

/// Everybody who asks, in the order of the columns; each with an access token where nothing else is said.
pub(super) const ACTORS: [&str; 18] = [
    "anonymous",
    "token_of_awx",
    "refresh_token",
    "known",
    "organization_user",
    "organization_auditor",
    "organization_billing_manager",
    "organization_manager",
    "space_auditor",
    "space_supporter",
    "space_manager",
    "space_developer",
    "client_without_role",
    "client_developer",
    "manager_elsewhere",
    "org_admin",
    "auditor",
    "administrator",
];

/// A small foundation: an organization, a space and an app, a credential in each scope, and people in each role.
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
    let collection = template.split('/').nth(2).unwrap_or_default();
    let one = template.contains("{guid}");
    let objects: &[&'static str] = match (collection, one) {
        ("registry_credentials", true) => {
            &["of_foundation", "of_organization", "of_space", "of_app"]
        }
        ("registry_credentials", false) if method == "POST" => {
            &["in_foundation", "in_organization", "in_space", "in_app"]
        }
        ("organizations", true) => &["organization"],
        ("spaces", true) => &["space"],
        ("apps", true) => &["app"],
        ("packages", true) => &["package"],
        ("users", true) => &["space_developer"],
        ("jobs", true) => &["job"],
        ("roles", true) => &["role_in_organization", "role_in_space"],
        ("roles", false) if method == "POST" => &["in_organization", "in_space"],
        _ if template.contains("{jti}") => &["login_of_known"],
        _ => &[""],
    };
    objects
        .iter()
        .map(|object| Sent {
            owner,
            template,
            object,
            path: template
                .replace("{guid}", &format!("{{{object}}}"))
                .replace("{jti}", &format!("{{{object}}}")),
            body: body(method, collection, object),
        })
        .collect()
}

/// A body that is right, so that the answer tells of rights and not of faults.
fn body(method: &str, collection: &str, object: &str) -> Option<Value> {
    let within = |kind: &str| json!({"data": {"guid": format!("{{{kind}}}")}});
    Some(match (method, collection) {
        ("PATCH", "registry_credentials") => json!({"username": "changed"}),
        ("PATCH", _) => json!({"metadata": {"labels": {"changed": "yes"}}}),
        ("POST", "registry_credentials") => {
            let mut body =
                json!({"location": "new.example.com", "username": "u", "password": "hunter2"});
            let owner = object.trim_start_matches("in_");
            if owner != "foundation" {
                body["relationships"] = json!({owner: within(owner)});
            }
            body
        }
        ("POST", "organizations") => json!({"name": "New"}),
        ("POST", "spaces") => {
            json!({"name": "new", "relationships": {"organization": within("organization")}})
        }
        ("POST", "apps") => json!({"name": "new", "relationships": {"space": within("space")}}),
        ("POST", "packages") => {
            let data = json!({"image": "example.com/new"});
            json!({"type": "docker", "relationships": {"app": within("app")}, "data": data})
        }
        ("POST", "roles") => {
            let on = object.trim_start_matches("in_");
            let kind = if on == "space" { "space_developer" } else { "organization_auditor" };
            let user = json!({"data": {"username": "organization_user"}});
            json!({"type": kind, "relationships": {"user": user, on: within(on)}})
        }
        _ => return None,
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
        let (first, _) = self.log_in("admin").await;
        let root = self.by(&first);
        let organization = root.post("/v3/organizations", &json!({"name": "acme"})).await.is(201);
        let elsewhere = root.post("/v3/organizations", &json!({"name": "other"})).await.is(201);
        self.note("organization", &organization);
        let mut space = self.filled(&body("POST", "spaces", "").unwrap());
        space["name"] = "dev".into();
        self.note("space", &root.post("/v3/spaces", &space).await.is(201));
        let mut app = self.filled(&body("POST", "apps", "").unwrap());
        app["name"] = "web".into();
        self.note("app", &root.post("/v3/apps", &app).await.is(201));
        let package = self.filled(&body("POST", "packages", "").unwrap());
        self.note("package", &root.post("/v3/packages", &package).await.is(201));
        for (name, scope) in [
            ("of_foundation", "in_foundation"),
            ("of_organization", "in_organization"),
            ("of_space", "in_space"),
            ("of_app", "in_app"),
        ] {
            let mut credential = self.filled(&body("POST", "registry_credentials", scope).unwrap());
            credential["location"] = "r.example.com".into();
            self.note(name, &root.post("/v3/registry_credentials", &credential).await.is(201));
        }
        for actor in ACTORS.into_iter().skip(1) {
            if actor.starts_with("client") {
                self.make_client(&root, &host, actor).await;
                continue;
            }
            let person =
                json!({"username": actor, "password": PASSWORD, "admin": actor == "administrator"});
            let user = host.post("/strongroom/v1/host/users", &person).await.is(201);
            self.place(&root, &host, actor, &user["id"], elsewhere["guid"].as_str().unwrap()).await;
        }
        space["name"] = "gone".into();
        let gone = root.post("/v3/spaces", &space).await.is(201);
        let (mine, _) = self.log_in("administrator").await;
        let path = format!("/v3/spaces/{}", gone["guid"].as_str().unwrap());
        let deleted = self.by(&mine).delete(&path).await;
        let job = deleted.header("location").rsplit('/').next().unwrap().to_owned();
        self.ids.insert("job", job);
    }

    /// Puts somebody into his position, and logs him in.
    async fn place(
        &mut self,
        root: &Caller,
        host: &Caller,
        actor: &'static str,
        id: &Value,
        elsewhere: &str,
    ) {
        let native = json!({"user": "admin", "name": "m", "kind": "native", "dialects": ["awx"]});
        let awx = host.post("/strongroom/v1/host/tokens", &native).await.is(201);
        let awx = self.by(awx["token"].as_str().unwrap());
        let (organization, space) = (self.ids["organization"].clone(), self.ids["space"].clone());
        match actor {
            "token_of_awx" => {
                let native =
                    json!({"user": actor, "name": "m", "kind": "native", "dialects": ["awx"]});
                let token = host.post("/strongroom/v1/host/tokens", &native).await.is(201);
                self.tokens.insert(actor, token["token"].as_str().unwrap().to_owned());
                return;
            }
            "org_admin" => {
                awx.post("/api/v2/organizations/2/admins/", &json!({"id": id})).await.is(204);
            }
            "auditor" => {
                let flag = json!({"is_system_auditor": true});
                awx.patch(&format!("/api/v2/users/{id}/"), &flag).await.is(200);
            }
            "manager_elsewhere" => {
                give(root, actor, "organization_manager", "organization", elsewhere).await;
            }
            _ if actor.starts_with("organization") => {
                let role = give(root, actor, actor, "organization", &organization).await;
                if actor == "organization_billing_manager" {
                    self.ids.insert("role_in_organization", role);
                }
            }
            _ if actor.starts_with("space") => {
                give(root, actor, "organization_user", "organization", &organization).await;
                let role = give(root, actor, actor, "space", &space).await;
                if actor == "space_supporter" {
                    self.ids.insert("role_in_space", role);
                }
            }
            _ => {}
        }
        let (access, refresh) = self.log_in(actor).await;
        if actor == "space_developer" {
            let found = root.get("/v3/users?usernames=space_developer").await.is(200);
            self.note("space_developer", &found["resources"][0]);
        }
        let token = if actor == "refresh_token" { refresh } else { access };
        self.tokens.insert(actor, token);
    }

    /// A client of the organization, which asks with its own token; one of the two develops in the space.
    async fn make_client(&mut self, root: &Caller, host: &Caller, actor: &'static str) {
        let organization = self.ids["organization"].clone();
        let client = json!({"client_id": actor, "organization": organization});
        let client = host.post("/strongroom/v1/uaa_clients", &client).await.is(201);
        if actor == "client_developer" {
            give(root, actor, "organization_user", "organization", &organization).await;
            give(root, actor, "space_developer", "space", &self.ids["space"]).await;
        }
        let secret = client["client_secret"].as_str().unwrap();
        let form =
            format!("grant_type=client_credentials&client_id={actor}&client_secret={secret}");
        let request = Request::post("/uaa/oauth/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        let issued = Caller::new(network(self.room.clone()), None).send(request).await.is(200);
        self.tokens.insert(actor, issued["access_token"].as_str().unwrap().to_owned());
    }

    /// The access and the refresh token of a login.
    async fn log_in(&mut self, username: &str) -> (String, String) {
        let password = PASSWORD.replace(' ', "+");
        let form = format!("grant_type=password&username={username}&password={password}");
        let request = Request::post("/uaa/oauth/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, "Basic Y2Y6")
            .body(Body::from(form))
            .unwrap();
        let issued = Caller::new(network(self.room.clone()), None).send(request).await.is(200);
        let text = |name: &str| issued[name].as_str().unwrap().to_owned();
        if username == "known" {
            self.ids.insert("login_of_known", text("jti"));
        }
        (text("access_token"), text("refresh_token"))
    }

    fn note(&mut self, name: &'static str, document: &Value) {
        self.ids.insert(name, document["guid"].as_str().unwrap().to_owned());
    }

    fn filled(&self, body: &Value) -> Value {
        let mut text = body.to_string();
        for (name, id) in &self.ids {
            text = text.replace(&format!("{{{name}}}"), id);
        }
        serde_json::from_str(&text).unwrap()
    }

    fn by(&self, token: &str) -> Caller {
        Caller::new(network(self.room.clone()), Some(format!("Bearer {token}")))
    }
}

/// Gives a role; its guid.
async fn give(root: &Caller, username: &str, role: &str, on: &str, guid: &str) -> String {
    let user = json!({"data": {"username": username}});
    let body = json!({"type": role, "relationships": {"user": user, on: {"data": {"guid": guid}}}});
    root.post("/v3/roles", &body).await.is(201)["guid"].as_str().unwrap().to_owned()
}
