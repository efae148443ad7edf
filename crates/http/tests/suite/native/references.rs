//! Uses that consumers register.

use serde_json::json;

use super::{make, stable};
use crate::room::Room;

#[tokio::test]
async fn a_use_is_registered_once_and_keeps_the_credential() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let path = make(&admin, "used").await;
    let references = format!("{path}/references");
    let body = json!({"consumer": "ci", "kind": "pipeline", "name": "nightly", "key": "deploy"});
    let reply = admin.post(&references, &body).await;
    let made = reply.is(201);
    assert_eq!(reply.header("location"), format!("{references}/{}", made["id"]));
    insta::assert_json_snapshot!(stable(made.clone()));
    assert_eq!(admin.post(&references, &body).await.is(200), made);
    let list = admin.get(&references).await.is(200);
    let whole = json!({"items": [made], "next": null, "hidden": 0, "last_used": null});
    assert_eq!(list, whole);

    let refused = admin.delete(&path).await.is(409);
    assert_eq!(refused["references"], json!([made]));
    assert_eq!(refused["uses"], json!([{"kind": "pipeline", "count": 1}]));
    admin.get(&path).await.is(200);
    admin.delete(&format!("{path}?force=maybe")).await.is(400);
    admin.delete(&format!("{path}?forced=true")).await.is(400);
    admin.delete(&format!("{path}?force=true")).await.is(204);
    admin.get(&path).await.is(404);
}

#[tokio::test]
async fn a_use_is_forgotten() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let path = make(&admin, "used").await;
    let references = format!("{path}/references");
    let body = json!({"consumer": "ci", "kind": "pipeline", "name": "nightly"});
    let made = admin.post(&references, &body).await.is(201);
    assert_eq!(made["key"], "");
    let one = format!("{references}/{}", made["id"]);
    admin.delete(&one).await.is(204);
    admin.delete(&one).await.is(404);
    admin.delete(&format!("{references}/x")).await.is(404);
    admin.delete(&path).await.is(204);
}

#[tokio::test]
async fn texts_of_a_use_have_limits() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let references = format!("{}/references", make(&admin, "used").await);
    let text = |length: usize| "x".repeat(length);
    let fits =
        json!({"consumer": text(255), "kind": text(255), "name": text(255), "key": text(255)});
    admin.post(&references, &fits).await.is(201);
    let long = json!({"consumer": text(256), "kind": "", "key": 5});
    insta::assert_json_snapshot!(admin.post(&references, &long).await.is(400));
}
