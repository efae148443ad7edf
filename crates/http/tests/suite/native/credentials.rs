//! Credentials and their versions.

use serde_json::{Value, json};

use super::{CREDENTIALS, machine, make, stable};
use crate::room::Room;

#[tokio::test]
async fn a_credential_is_made_read_changed_and_deleted() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let reply = admin.post(CREDENTIALS, &machine("one")).await;
    let made = reply.is(201);
    let path = format!("{CREDENTIALS}/{}", made["id"]);
    assert_eq!(reply.header("location"), path);
    assert!(!reply.text.contains("hunter2"));
    insta::assert_json_snapshot!(stable(made.clone()));
    for spelling in ["id", "guid", "short_id"] {
        let id = made[spelling].to_string().replace('"', "");
        assert_eq!(admin.get(&format!("{CREDENTIALS}/{id}")).await.is(200), made, "{spelling}");
    }

    let change = json!({"name": "two", "inputs": {"username": "jane", "password": "$encrypted$"}});
    let changed = admin.patch(&path, &change).await.is(200);
    assert_eq!(changed["name"], "two");
    assert_eq!(changed["inputs"], json!({"username": "jane", "password": "$encrypted$"}));
    assert_eq!(changed["version"], 2);

    let gone = admin.delete(&path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let missing = admin.get(&path).await;
    assert_eq!(missing.header("content-type"), "application/problem+json");
    missing.is(404);
    admin.delete(&path).await.is(404);
}

#[tokio::test]
async fn a_credential_has_one_owner() {
    let room = Room::new().await;
    let admin = room.admin().await;
    room.user("alice").await;
    for owner in [json!({"organization": 1}), json!({"user": 2})] {
        let mut body = machine("owned");
        body.as_object_mut().unwrap().remove("organization");
        body.as_object_mut().unwrap().extend(owner.as_object().unwrap().clone());
        let made = admin.post(CREDENTIALS, &body).await.is(201);
        assert_eq!(made["owners"].as_array().map(Vec::len), Some(1), "{made}");
    }
    let mut none = machine("none");
    none.as_object_mut().unwrap().remove("organization");
    let refused = admin.post(CREDENTIALS, &none).await.is(400);
    insta::assert_json_snapshot!("no_owner", refused);
    let mut two = machine("two");
    two["user"] = json!(2);
    insta::assert_json_snapshot!("two_owners", admin.post(CREDENTIALS, &two).await.is(400));
}

#[tokio::test]
async fn a_version_is_restored() {
    let room = Room::new().await;
    let admin = room.admin().await;
    let path = make(&admin, "versioned").await;
    admin.patch(&path, &json!({"inputs": {"username": "jane"}})).await.is(200);
    let versions = admin.get(&format!("{path}/versions")).await.is(200);
    let numbers: Vec<&Value> =
        versions["items"].as_array().unwrap().iter().map(|version| &version["number"]).collect();
    assert_eq!(numbers.len(), 2);
    assert!(numbers.contains(&&json!(1)) && numbers.contains(&&json!(2)));
    let restored =
        admin.bare(http::Method::POST, &format!("{path}/versions/1/restore")).await.is(200);
    assert_eq!(restored["inputs"], json!({"username": "joe", "password": "$encrypted$"}));
    assert_eq!(restored["version"], 3);
    for unknown in ["9", "x", "-1", "+1", "99999999999999999999999"] {
        let path = format!("{path}/versions/{unknown}/restore");
        admin.bare(http::Method::POST, &path).await.is(404);
    }
}

#[tokio::test]
async fn lists_come_in_parts() {
    let room = Room::new().await;
    let admin = room.admin().await;
    for number in 0..7 {
        make(&admin, &format!("listed {number}")).await;
    }
    let whole = admin.get(CREDENTIALS).await.is(200);
    assert_eq!(whole["next"], Value::Null);
    let whole = whole["items"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 8);
    let (mut seen, mut path) = (Vec::new(), format!("{CREDENTIALS}?limit=3"));
    loop {
        let part = admin.get(&path).await.is(200);
        seen.extend(part["items"].as_array().unwrap().clone());
        let Some(next) = part["next"].as_str() else { break };
        path = format!("{CREDENTIALS}?limit=3&after={next}");
    }
    assert_eq!(seen, whole);
    let organizations = admin.get("/strongroom/v1/organizations").await.is(200);
    insta::assert_json_snapshot!(stable(organizations));
    admin.get("/strongroom/v1/organizations/1").await.is(200);
    admin.get("/strongroom/v1/organizations/9").await.is(404);
    for refused in ["limit=0", "limit=201", "limit=x", "after=-1", "name=x"] {
        admin.get(&format!("{CREDENTIALS}?{refused}")).await.is(400);
    }
    admin.get(&format!("{CREDENTIALS}?limit=200")).await.is(200);
}
