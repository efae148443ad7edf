//! Registry credentials, made, read, changed and deleted.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{CREDENTIALS, Site, credential, make, path_of, shown};
use crate::room::on_both_stores;

on_both_stores! {
    /// The founding document's request, in each scope.
    async fn one_is_made_in_each_scope_with_every_member(room: Room) {
        let site = Site::new(room).await;
        let mut told = String::new();
        for owner in [
            None,
            Some(("organization", site.organization.as_str())),
            Some(("space", &site.space)),
            Some(("app", &site.app)),
        ] {
            let mut body = credential("Registry.Example.com:5000/Team", owner);
            body["metadata"] = json!({"labels": {"env": "prod"}, "annotations": {"note": "any text"}});
            let reply = site.admin.post(CREDENTIALS, &body).await;
            let made = reply.is(201);
            assert_eq!(reply.header("location"), "");
            assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
            assert!(!reply.text.contains("hunter2"), "{}", reply.text);
            let guid = made["guid"].as_str().unwrap();
            assert_eq!(site.admin.get(&path_of(guid)).await.is(200), made);
            told += &shown(&made);
            told.push('\n');
        }
        insta::assert_snapshot!("made", told);
    }

    /// Members that are named change, the others stay.
    async fn user_name_password_and_metadata_change(room: Room) {
        let site = Site::new(room).await;
        let mut body = credential("r.example.com", Some(("space", &site.space)));
        body["metadata"] = json!({"labels": {"env": "prod", "team": "a"}});
        let path = path_of(&make(&site.admin, &body).await);
        let made = site.admin.get(&path).await.is(200);
        site.room.wait(60);
        assert_eq!(site.admin.patch(&path, &json!({})).await.is(200), made);
        assert_eq!(site.admin.patch(&path, &json!({"username": "robot"})).await.is(200), made);
        let patch = json!({
            "username": "other",
            "metadata": {"labels": {"env": null, "tier": ""}, "annotations": {"n": "x"}},
        });
        let changed = site.admin.patch(&path, &patch).await.is(200);
        assert_eq!(changed["username"], "other");
        assert_eq!(changed["metadata"]["labels"], json!({"team": "a", "tier": ""}));
        assert_eq!(changed["updated_at"], "2026-01-01T00:01:00Z");
        assert_eq!(changed["created_at"], "2026-01-01T00:00:00Z");
        site.room.wait(60);
        let again = site.admin.patch(&path, &json!({"password": "hunter3-secret"})).await;
        assert_eq!(again.is(200)["updated_at"], "2026-01-01T00:02:00Z");
        assert!(!again.text.contains("hunter3"));
        // The value is the credential's next version, whose change the log tells without it.
        let root = site.room.admin().await;
        let natively = root.get("/strongroom/v1/credentials?limit=200").await.is(200);
        let placed = natively["items"].as_array().unwrap();
        let placed = placed.iter().find(|one| one["inputs"]["host"] == "r.example.com").unwrap();
        assert_eq!(placed["version"], 3);
        assert_eq!(placed["inputs"], json!({"host": "r.example.com", "username": "other", "password": "$encrypted$"}));
        let log = root.get("/strongroom/v1/audit?limit=200").await.is(200);
        assert!(!log.to_string().contains("hunter"), "{log}");
        let entries = log["items"].as_array().unwrap().iter();
        let of_placements: Vec<String> = entries
            .filter(|entry| entry["objects"][0]["kind"] == "placement")
            .map(|entry| {
                let members = entry["changes"].as_array().unwrap().iter();
                let members: Vec<&str> = members.map(|one| one["member"].as_str().unwrap()).collect();
                let second = &entry["objects"][1]["kind"];
                format!("{} {} {second}: {}", entry["operation"], entry["dialect"], members.join(" "))
            })
            .collect();
        insta::assert_snapshot!("told", of_placements.join("\n"));
    }

    /// Deleting is done at once and takes the credential with it.
    async fn deleting_takes_the_credential_too(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let path = path_of(&make(&site.admin, &credential("r.example.com", Some(("app", &site.app)))).await);
        let natively = root.get("/strongroom/v1/credentials?limit=200").await.is(200);
        let id = natively["items"].as_array().unwrap().last().unwrap()["id"].clone();
        let references = format!("/strongroom/v1/credentials/{id}/references");
        let reference = json!({"consumer": "ci", "kind": "pipeline", "name": "build"});
        root.post(&references, &reference).await.is(201);
        let deleted = site.admin.delete(&path).await;
        assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("location")), (204, "", ""));
        assert!(deleted.header("x-cf-warnings").contains("in%20use"), "{}", deleted.header("x-cf-warnings"));
        site.admin.get(&path).await.is(404);
        site.admin.delete(&path).await.is(404);
        root.get(&format!("/strongroom/v1/credentials/{id}")).await.is(404);
        make(&site.admin, &credential("r.example.com", Some(("app", &site.app)))).await;
    }

    /// One location stands once with one owner, however its letters are written.
    async fn a_location_is_taken_once_by_each_owner(room: Room) {
        let site = Site::new(room).await;
        let space = Some(("space", site.space.as_str()));
        let path = path_of(&make(&site.admin, &credential("r.example.com/Team", space)).await);
        for location in ["r.example.com/Team", "R.EXAMPLE.com/Team", "r.example.com/team"] {
            let refused = site.admin.post(CREDENTIALS, &credential(location, space)).await.is(422);
            assert_eq!(refused["errors"][0]["code"], 10008);
        }
        make(&site.admin, &credential("r.example.com/team", Some(("app", &site.app)))).await;
        make(&site.admin, &credential("r.example.com/team", None)).await;
        site.admin.delete(&path).await.is(204);
        make(&site.admin, &credential("r.example.com/team", space)).await;
    }
}

#[tokio::test]
async fn a_large_key_is_a_password_and_a_body_needs_no_type() {
    let site = Site::new(crate::room::Room::new().await).await;
    let mut body = credential("gcr.io/project", None);
    body["password"] = "k".repeat(200_000).into();
    make(&site.admin, &body).await;
    let untyped = |location: &str, content_type: Option<&'static str>| {
        let request = Request::post(CREDENTIALS);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        request.body(Body::from(credential(location, None).to_string())).unwrap()
    };
    site.admin.send(untyped("one.example.com", None)).await.is(201);
    let form = "application/x-www-form-urlencoded";
    site.admin.send(untyped("two.example.com", Some(form))).await.is(201);
    site.admin.send(untyped("three.example.com", Some("text/xml"))).await.is(201);
}

#[tokio::test]
async fn a_suspended_organization_takes_no_writes_but_from_administrators() {
    let site = Site::new(crate::room::Room::new().await).await;
    let manager = site.in_organization("manager", "organization_manager").await;
    let developer = site.in_space("developer", "space_developer").await;
    let of_organization = Some(("organization", site.organization.as_str()));
    let of_space = Some(("space", site.space.as_str()));
    let path = path_of(&make(&developer, &credential("r.example.com", of_space)).await);
    let organization = format!("/v3/organizations/{}", site.organization);
    manager.patch(&organization, &json!({"suspended": true})).await.is(403);
    site.admin.patch(&organization, &json!({"suspended": true})).await.is(200);
    let suspended =
        |reply: &crate::room::Reply| -> Value { reply.is(403)["errors"][0]["code"].clone() };
    let location = credential("other.example.com", of_organization);
    assert_eq!(suspended(&manager.post(CREDENTIALS, &location).await), 10017);
    assert_eq!(suspended(&developer.patch(&path, &json!({"username": "x"})).await), 10017);
    assert_eq!(suspended(&developer.delete(&path).await), 10017);
    assert_eq!(suspended(&manager.post("/v3/spaces", &json!({
        "name": "new", "relationships": {"organization": {"data": {"guid": site.organization}}},
    })).await), 10017);
    developer.get(&path).await.is(200);
    site.admin.patch(&path, &json!({"username": "x"})).await.is(200);
    site.admin.patch(&organization, &json!({"suspended": false})).await.is(200);
    developer.patch(&path, &json!({"username": "y"})).await.is(200);
    let space = format!("/v3/spaces/{}", site.space);
    manager.patch(&space, &json!({"suspended": true})).await.is(200);
    assert_eq!(suspended(&developer.delete(&path).await), 10003);
    manager.patch(&space, &json!({"suspended": false})).await.is(200);
    developer.delete(&path).await.is(204);
}
