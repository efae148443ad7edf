//! Who gets in, and what is hidden from whom.

use serde_json::json;

use super::{CREDENTIALS, machine, make};
use crate::room::Room;

#[tokio::test]
async fn nobody_gets_in_without_a_native_token() {
    let room = Room::new().await;
    room.user("alice").await;
    for caller in [
        room.anonymous(),
        room.by_token("str_0000000000000000000000000000000000000000000"),
        room.by_token("x"),
        room.by_password("admin"),
    ] {
        for reply in [
            caller.get(CREDENTIALS).await,
            caller.get("/strongroom/v1/credentials/1").await,
            caller.get("/strongroom/v1/tokens").await,
            caller.post(CREDENTIALS, &json!({"nope": 1})).await,
        ] {
            assert_eq!(reply.header("www-authenticate"), "Bearer");
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(reply.is(401)["title"], "Unauthorized");
        }
    }
}

#[tokio::test]
async fn a_stranger_cannot_tell_hidden_from_absent() {
    let room = Room::new().await;
    let (admin, stranger) = (room.admin().await, room.user("stranger").await);
    let path = make(&admin, "hidden").await;
    let absent = format!("{CREDENTIALS}/4711");
    for (hidden, absent) in [
        (stranger.get(&path).await, stranger.get(&absent).await),
        (stranger.delete(&path).await, stranger.delete(&absent).await),
        (
            stranger.patch(&path, &json!({"name": "x"})).await,
            stranger.patch(&absent, &json!({"name": "x"})).await,
        ),
        (
            stranger.get(&format!("{path}/grants")).await,
            stranger.get(&format!("{absent}/grants")).await,
        ),
        (
            stranger.get(&format!("{path}/versions")).await,
            stranger.get(&format!("{absent}/versions")).await,
        ),
        (
            stranger.get(&format!("{path}/references")).await,
            stranger.get(&format!("{absent}/references")).await,
        ),
    ] {
        assert_eq!((hidden.status, &hidden.text), (404, &absent.text));
        assert_eq!(absent.status, 404);
    }
    assert_eq!(stranger.get(CREDENTIALS).await.is(200), json!({"items": [], "next": null}));
    let refused = stranger.post(CREDENTIALS, &machine("x")).await;
    assert!(matches!(refused.status, 400 | 403), "{}", refused.text);
}

#[tokio::test]
async fn a_reader_is_refused_and_told_so() {
    let room = Room::new().await;
    let (admin, reader) = (room.admin().await, room.user("reader").await);
    let path = make(&admin, "read only").await;
    admin.post("/api/v2/organizations/1/users/", &json!({"id": 2})).await.is(204);
    admin.post(&format!("{path}/grants"), &json!({"role": "read", "user": 2})).await.is(201);
    assert_eq!(reader.get(&path).await.is(200)["may"]["change"], false);
    let refused = reader.patch(&path, &json!({"name": "x"})).await;
    assert_eq!(refused.is(403)["detail"], "No role of yours allows this.");
    reader.delete(&path).await.is(403);
    let reference = json!({"consumer": "c", "kind": "job", "name": "n"});
    reader.post(&format!("{path}/references"), &reference).await.is(403);
}

#[tokio::test]
async fn the_audit_log_is_read_in_parts_by_whoever_may() {
    let room = Room::new().await;
    let (admin, stranger) = (room.admin().await, room.user("stranger").await);
    make(&admin, "audited").await;
    let whole = admin.get("/strongroom/v1/audit?limit=200").await.is(200);
    let entries = whole["items"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["objects"][0]["name"] == "audited"), "{whole}");
    assert!(!whole.to_string().contains("hunter2"));
    let first = admin.get("/strongroom/v1/audit?limit=1").await.is(200);
    let next = first["next"].as_str().unwrap();
    let second = admin.get(&format!("/strongroom/v1/audit?limit=1&after={next}")).await.is(200);
    assert_eq!(first["items"][0], entries[0]);
    assert_eq!(second["items"][0], entries[1]);
    // Whoever reads no entry at all is told so, like for the checkpoint.
    for path in
        ["/strongroom/v1/audit", "/strongroom/v1/audit/checkpoint", "/strongroom/v1/audit/export"]
    {
        let refused = stranger.get(path).await.is(403);
        assert_eq!(refused["detail"], "No role of yours allows this.", "{path}");
    }
}
