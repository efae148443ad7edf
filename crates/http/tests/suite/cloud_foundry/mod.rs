//! The Cloud Foundry dialect and its token endpoints.

mod access;
mod clients;
mod credentials;
mod discovery;
mod errors;
mod lists;
mod organizations;
mod packages;
mod placements;
mod resolve;
mod roles;
mod rooms;
mod tokens;

use std::fmt::Write as _;

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::room::{Caller, PASSWORD, Reply, Room};

/// The registry credentials.
const CREDENTIALS: &str = "/v3/registry_credentials";
/// The header of the public client.
const CLIENT: &str = "Basic Y2Y6";
/// A guid that no object has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A foundation with an organization, a space and an app, and its administrator.
struct Site {
    room: Room,
    admin: Caller,
    organization: String,
    space: String,
    app: String,
}

impl Site {
    async fn new(room: Room) -> Self {
        let admin = log_in(&room, "admin").await;
        let organization = make_organization(&admin, "acme").await;
        let space = make_space(&admin, &organization, "dev").await;
        let app = make_app(&admin, &space, "web").await;
        Self { room, admin, organization, space, app }
    }

    /// A new person without any role, who has logged in.
    async fn person(&self, username: &str) -> Caller {
        self.room.user(username).await;
        log_in(&self.room, username).await
    }

    /// A new person with a role in the organization.
    async fn in_organization(&self, username: &str, role: &str) -> Caller {
        let person = self.person(username).await;
        self.give(username, role, "organization", &self.organization).await.is(201);
        person
    }

    /// A new person with a role in the space, who is a user of the organization besides.
    async fn in_space(&self, username: &str, role: &str) -> Caller {
        let person = self.in_organization(username, "organization_user").await;
        self.give(username, role, "space", &self.space).await.is(201);
        person
    }

    async fn give(&self, username: &str, role: &str, on: &str, guid: &str) -> Reply {
        let body = json!({
            "type": role,
            "relationships": {"user": {"data": {"username": username}}, on: {"data": {"guid": guid}}},
        });
        self.admin.post("/v3/roles", &body).await
    }

    /// A registry credential in each scope, made by the administrator: foundation, organization, space, app.
    async fn one_in_each_scope(&self) -> [String; 4] {
        [
            make(&self.admin, &credential("registry.example.com", None)).await,
            make(
                &self.admin,
                &credential("registry.example.com", Some(("organization", &self.organization))),
            )
            .await,
            make(&self.admin, &credential("registry.example.com", Some(("space", &self.space))))
                .await,
            make(&self.admin, &credential("registry.example.com", Some(("app", &self.app)))).await,
        ]
    }
}

/// The answer to a token request.
async fn token_request(room: &Room, client: Option<&str>, form: &str) -> Reply {
    let request = Request::post("/uaa/oauth/token").header("accept", "application/json");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = match client {
        Some(client) => request.header(AUTHORIZATION, client),
        None => request,
    };
    room.anonymous().send(request.body(Body::from(form.to_owned())).unwrap()).await
}

/// What a login gives.
async fn tokens(room: &Room, username: &str) -> Value {
    let password = PASSWORD.replace(' ', "+");
    let form = format!("grant_type=password&username={username}&password={password}&scope=");
    token_request(room, Some(CLIENT), &form).await.is(200)
}

/// Somebody who has logged in.
async fn log_in(room: &Room, username: &str) -> Caller {
    let tokens = tokens(room, username).await;
    room.by_token(tokens["access_token"].as_str().unwrap())
}

async fn make_organization(caller: &Caller, name: &str) -> String {
    guid_of(&caller.post("/v3/organizations", &json!({"name": name})).await.is(201))
}

async fn make_space(caller: &Caller, organization: &str, name: &str) -> String {
    let body = json!({
        "name": name,
        "relationships": {"organization": {"data": {"guid": organization}}},
    });
    guid_of(&caller.post("/v3/spaces", &body).await.is(201))
}

async fn make_app(caller: &Caller, space: &str, name: &str) -> String {
    let body = json!({"name": name, "relationships": {"space": {"data": {"guid": space}}}});
    guid_of(&caller.post("/v3/apps", &body).await.is(201))
}

/// A registry credential of an owner, or of the foundation.
fn credential(location: &str, owner: Option<(&str, &str)>) -> Value {
    let mut body = json!({"location": location, "username": "robot", "password": "hunter2-secret"});
    if let Some((kind, guid)) = owner {
        body["relationships"] = json!({kind: {"data": {"guid": guid}}});
    }
    body
}

/// A new registry credential; its guid.
async fn make(caller: &Caller, body: &Value) -> String {
    guid_of(&caller.post(CREDENTIALS, body).await.is(201))
}

fn path_of(guid: &str) -> String {
    format!("{CREDENTIALS}/{guid}")
}

fn guid_of(document: &Value) -> String {
    document["guid"].as_str().unwrap().to_owned()
}

/// The guids of a list.
fn guids(list: &Value) -> Vec<String> {
    list["resources"].as_array().unwrap().iter().map(guid_of).collect()
}

/// A text with every guid replaced: the first that stands in it by 1, the next by 2, so that links can be followed.
/// Short ids go too.
fn stable(text: &str) -> String {
    let text = without_short_ids(text);
    let mut known: Vec<String> = Vec::new();
    let mut stable = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(character) = rest.chars().next() {
        let candidate = rest.get(..36).filter(|candidate| is_guid(candidate));
        let Some(guid) = candidate else {
            stable.push(character);
            rest = &rest[character.len_utf8()..];
            continue;
        };
        let position = known.iter().position(|one| one == guid).unwrap_or_else(|| {
            known.push(guid.to_owned());
            known.len() - 1
        });
        let _ = write!(stable, "[guid {}]", position + 1);
        rest = &rest[36..];
    }
    stable
}

fn without_short_ids(text: &str) -> String {
    let mut parts = text.split("\"short_id\":");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.trim_start_matches([' ', '"']).split_once('"').unwrap();
        kept.push_str("\"short_id\":\"[short_id]\"");
        kept.push_str(rest);
    }
    kept
}

fn is_guid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// A document to compare.
fn shown(document: &Value) -> String {
    stable(&serde_json::to_string_pretty(document).unwrap())
}

/// Status, the headers that say something and the body, as a line to compare.
fn line(label: &str, reply: &Reply) -> String {
    let headers: Vec<String> =
        ["content-type", "allow", "location", "retry-after", "www-authenticate", "x-cf-warnings"]
            .into_iter()
            .filter(|name| !reply.header(name).is_empty())
            .map(|name| format!("{name}: {}", reply.header(name)))
            .collect();
    let told = format!("{} [{}] {}", reply.status, headers.join("; "), reply.text);
    format!("{label}\n  {}", stable(&told))
}
