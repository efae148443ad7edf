//! The part of the matrix that is the token server: robots in every state, and what is no robot.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_http::{HttpSettings, Owner, host_router};
use strongroom_service::Strongroom;

use super::requests::Sent;
use super::world::{Words, World, network};
use crate::room::{Caller, PASSWORD};

/// Everybody who asks, in the order of the columns.
pub(super) const ACTORS: [&str; 8] = [
    "anonymous",
    "password_of_a_person",
    "native_token",
    "password_as_bearer",
    "robot",
    "removed_robot",
    "robot_elsewhere",
    "wrong_password",
];

/// Two hosted registries with their robots.
pub(super) async fn world() -> World {
    World::made(async |room| (Words::new(), filled(&room).await)).await
}

/// Every request that one route is tried with.
pub(super) fn requests_for(owner: Owner, method: &str, template: &'static str) -> Vec<Sent> {
    let path = match (method, template) {
        ("GET", "/token") => "/token?service=harbor.example.com&scope=repository:a:pull".to_owned(),
        _ => template.to_owned(),
    };
    vec![Sent { owner, template, object: "", path, body: None }]
}

/// What each actor presents.
async fn filled(room: &Strongroom) -> Words {
    let host = Caller::new(host_router(room.clone(), HttpSettings::default()), None);
    let body = json!({"user": "admin", "name": "m", "kind": "native"});
    let token = host.post("/strongroom/v1/host/tokens", &body).await.is(201);
    let token = token["token"].as_str().unwrap().to_owned();
    let root = Caller::new(network(room.clone()), Some(format!("Bearer {token}")));
    let mut tokens = Words::new();
    let basic = |user: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    };
    tokens.insert("password_of_a_person", basic("admin", PASSWORD));
    tokens.insert("native_token", token);
    for (name, actor) in [("harbor", "robot"), ("pier", "robot_elsewhere")] {
        let url = format!("https://{name}.example.com");
        let body = json!({"name": name, "organization": 1, "url": url});
        let registry = root.post("/strongroom/v1/registries", &body).await.is(201);
        let robots = format!("/strongroom/v1/registries/{}/robots", registry["id"]);
        let mint = async || root.post(&robots, &json!({"description": "x"})).await.is(201);
        let text = |robot: &Value, name: &str| robot[name].as_str().unwrap().to_owned();
        let robot = mint().await;
        let (user, password) = (text(&robot, "username"), text(&robot, "password"));
        tokens.insert(actor, basic(&user, &password));
        if actor == "robot" {
            tokens.insert("wrong_password", basic(&user, &password.replace(&password[..1], "_")));
            tokens.insert("password_as_bearer", password);
            let removed = mint().await;
            root.delete(&format!("{robots}/{}", removed["id"])).await.is(204);
            let login = basic(&text(&removed, "username"), &text(&removed, "password"));
            tokens.insert("removed_robot", login);
        }
    }
    tokens
}
