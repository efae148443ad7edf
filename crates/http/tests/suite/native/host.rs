//! What only the host may do.

use serde_json::json;

use super::{CREDENTIALS, make};
use crate::room::{PASSWORD, Room};

#[tokio::test]
async fn the_host_sets_up_and_helps_without_a_token() {
    let room = Room::new().await;
    let host = room.on_host();
    let made =
        host.post("/strongroom/v1/host/organizations", &json!({"name": "Lab"})).await.is(201);
    assert_eq!(made["name"], "Lab");
    let body = json!({"username": "root", "password": PASSWORD, "admin": true});
    assert_eq!(host.post("/strongroom/v1/host/users", &body).await.is(201)["admin"], true);
    host.post("/strongroom/v1/host/users", &body).await.is(400);

    let token = json!({"kind": "native", "name": "login"});
    room.by_password("root").post("/strongroom/v1/tokens", &token).await.is(201);
    let password = json!({"password": "another one entirely"});
    host.put("/strongroom/v1/host/users/root/password", &password).await.is(204);
    room.by_password("root").post("/strongroom/v1/tokens", &token).await.is(401);
    host.put("/strongroom/v1/host/users/nobody/password", &password).await.is(404);
    host.put("/strongroom/v1/host/users/root/password", &json!({})).await.is(400);

    let path = make(&host, "made on the host").await;
    host.get(CREDENTIALS).await.is(200);
    host.delete(&path).await.is(204);
}

#[tokio::test]
async fn the_host_issues_tokens_for_others() {
    let room = Room::new().await;
    let host = room.on_host();
    let tokens = "/strongroom/v1/host/tokens";
    let body = json!({"user": "admin", "kind": "catalog", "name": "x", "organization": "Default"});
    let issued = host.post(tokens, &body).await.is(201);
    assert_eq!(issued["user"]["username"], "admin");
    let unknown = json!({"user": "nobody", "kind": "native", "name": "x"});
    let refused = host.post(tokens, &unknown).await.is(400);
    assert_eq!(refused["violations"][0]["field"], "user");
    host.post(tokens, &json!({"kind": "native", "name": "x"})).await.is(400);
}

#[tokio::test]
async fn the_network_does_not_know_what_the_host_may_do() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let body = json!({"username": "x", "password": PASSWORD});
    for caller in [room.anonymous(), admin] {
        let reply = caller.post("/strongroom/v1/host/users", &body).await;
        assert_eq!(reply.is(404)["detail"], "Not found.");
    }
    assert_eq!(room.on_host().get("/api/v2/ping/").await.status, 404);
}
