//! The Application Catalog.

mod access;
mod awx;
mod exchange;
mod mint;
mod native;
mod private;
mod protocol;
mod registries;
mod robots;

use serde_json::{Value, json};

use crate::room::{Caller, Reply, Room};

/// The exchange of API tokens.
const EXCHANGE: &str = "/csp/gateway/am/api/auth/api-tokens/authorize";
/// The registries.
const REGISTRIES: &str = "/v1/registries";

/// Two organizations with a hosted registry each: `acme` (2) with `harbor`, and `other` (3) with `pier`.
struct Docks {
    room: Room,
    /// The first user, natively.
    root: Caller,
    /// The path of acme's registry.
    harbor: String,
    /// The path of the other organization's.
    pier: String,
}

impl Docks {
    async fn new(room: Room) -> Self {
        let root = room.admin().await;
        for name in ["acme", "other"] {
            root.post("/api/v2/organizations/", &json!({"name": name})).await.is(201);
        }
        let harbor = registry(&root, "harbor", "acme").await;
        let pier = registry(&root, "pier", "other").await;
        Self { room, root, harbor, pier }
    }

    /// Somebody new at the Catalog's door of acme, with this role natively given there.
    async fn with_role(&self, name: &str, role: &str) -> Caller {
        let id = self.person(name).await;
        self.give(id, 2, role).await;
        at_the_door(&self.room, name, "acme").await
    }

    /// Whoever mints: registry administrator of acme.
    async fn manager(&self) -> Caller {
        self.with_role("manager", "catalog_registry_admin").await
    }

    /// A new user's id.
    async fn person(&self, name: &str) -> i64 {
        let body = json!({"username": name, "password": crate::room::PASSWORD});
        let made = self.room.on_host().post("/strongroom/v1/host/users", &body).await.is(201);
        made["id"].as_i64().unwrap()
    }

    /// Gives a role on an organization; the grant's path.
    async fn give(&self, user: i64, organization: i64, role: &str) -> String {
        let path = format!("/strongroom/v1/organizations/{organization}/grants");
        let made = self.root.post(&path, &json!({"role": role, "user": user})).await.is(201);
        format!("{path}/{}", made["id"])
    }

    /// A robot minted by somebody; its path.
    async fn robot(&self, by: &Caller, description: &str) -> String {
        let body = json!({"description": description});
        let reply = by.post(&format!("{}/credentials", self.harbor), &body).await;
        reply.is(201);
        path_of(&reply)
    }

    /// The only cell that a query finds.
    async fn cell(&self, sql: &str) -> String {
        self.room.database.rows(sql).await[0][0].clone()
    }
}

/// A hosted registry, made natively; its path in the Catalog.
async fn registry(by: &Caller, name: &str, organization: &str) -> String {
    let url = format!("https://{name}.example.com");
    let body = json!({"name": name, "organization": organization, "url": url});
    let made = by.post("/strongroom/v1/registries", &body).await.is(201);
    format!("{REGISTRIES}/{}", made["guid"].as_str().unwrap())
}

/// The path of what was just made.
fn path_of(reply: &Reply) -> String {
    let location = reply.header("location");
    location.strip_prefix("http://localhost").unwrap_or(location).to_owned()
}

/// A new API token of a user in an organization.
async fn api_token(room: &Room, user: &str, organization: &str) -> String {
    let body =
        json!({"user": user, "name": "test", "kind": "catalog", "organization": organization});
    let issued = room.on_host().post("/strongroom/v1/host/tokens", &body).await.is(201);
    issued["token"].as_str().unwrap().to_owned()
}

/// What an API token is exchanged for.
async fn access_token(room: &Room, api_token: &str) -> String {
    let path = format!("{EXCHANGE}?refresh_token={api_token}");
    let exchanged = room.anonymous().bare(http::Method::POST, &path).await.is(200);
    exchanged["access_token"].as_str().unwrap().to_owned()
}

/// A user who holds an access token for an organization.
async fn at_the_door(room: &Room, user: &str, organization: &str) -> Caller {
    let token = api_token(room, user, organization).await;
    room.by_token(&access_token(room, &token).await)
}

/// Status, telling headers and body, with what differs from run to run replaced.
fn told(reply: &Reply) -> String {
    let headers: Vec<String> =
        ["content-type", "allow", "location", "retry-after", "warning", "www-authenticate"]
            .into_iter()
            .filter(|name| !reply.header(name).is_empty())
            .map(|name| format!("{name}: {}", reply.header(name)))
            .collect();
    let body = match serde_json::from_str::<Value>(&reply.text) {
        Ok(body) => format!("{body:#}"),
        Err(_) => reply.text.clone(),
    };
    stable(&format!("{}\n{}\n{body}", reply.status, headers.join("\n")))
}

/// The text without drawn ids, names, passwords and tokens.
fn stable(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    'next: while !rest.is_empty() {
        for (length, is_drawn, word) in DRAWN {
            if let Some((found, after)) = rest.split_at_checked(*length)
                && is_drawn(found)
            {
                shown.push_str(word);
                rest = after;
                continue 'next;
            }
        }
        let first = rest.chars().next().unwrap();
        shown.push(first);
        rest = &rest[first.len_utf8()..];
    }
    shown
}

type Drawn = (usize, fn(&str) -> bool, &'static str);

/// What is drawn: how long it is, how it looks, and what stands for it.
const DRAWN: &[Drawn] = &[
    (36, |text| text.parse::<strongroom_core::id::Guid>().is_ok(), "[guid]"),
    (53, |text| text.starts_with("str_") && is_alphanumeric(&text[4..]), "[token]"),
    (22, |text| text.starts_with("robot$") && is_alphanumeric(&text[6..]), "robot$[name]"),
    (45, |text| is_quoted(text) && is_alphanumeric(&text[1..44]), "\"[password]\""),
];

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_quoted(text: &str) -> bool {
    text.starts_with('"') && text.ends_with('"')
}
