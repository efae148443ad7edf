//! Which registry credential an image is fetched with.

use serde_json::{Value, json};

use super::{Site, credential, line, make, path_of, shown};
use crate::room::{Room, on_both_stores};

const RESOLVE: &str = "/strongroom/v1/registry_credentials/resolve";

on_both_stores! {
    /// The narrowest scope goes first, in it the most specific location; each other one is told why not.
    async fn one_wins_and_each_other_is_told_why_not(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let image = "registry.example.com/team/web:1";
        let ask = async |member: &str, id: &str| root.post(RESOLVE, &json!({"image": image, member: id})).await.is(200);
        let none = ask("app", &site.app).await;
        assert_eq!((&none["winner"], &none["considered"]), (&Value::Null, &json!([])));
        assert_eq!(none["tried"], json!(["registry.example.com/team", "registry.example.com", "example.com"]));
        let foundation = make(&site.admin, &credential("registry.example.com/team", None)).await;
        let organization = make(&site.admin, &credential("example.com", Some(("organization", &site.organization)))).await;
        make(&site.admin, &credential("registry.example.com/other", Some(("organization", &site.organization)))).await;
        let space = make(&site.admin, &credential("example.com", Some(("space", &site.space)))).await;
        let better = make(&site.admin, &credential("registry.example.com", Some(("space", &site.space)))).await;
        assert_eq!(ask("app", &site.app).await["winner"], better);
        assert_eq!(ask("space", &site.space).await["winner"], better);
        assert_eq!(ask("organization", &site.organization).await["winner"], organization);
        let own = make(&site.admin, &credential("Registry.Example.com/TEAM", Some(("app", &site.app)))).await;
        let told = ask("app", &site.app).await;
        assert_eq!(told["winner"], own);
        insta::assert_snapshot!("resolved", shown(&told));
        assert!(!told.to_string().contains("hunter2"));
        // Live: what is deleted does not win a moment later.
        for (gone, next) in [(&own, &better), (&better, &space), (&space, &organization), (&organization, &foundation)] {
            site.admin.delete(&path_of(gone)).await.is(204);
            assert_eq!(&ask("app", &site.app).await["winner"], next);
        }
        // Each question is in the log.
        let log = root.get("/strongroom/v1/audit?limit=200").await.is(200);
        let asked = log["items"].as_array().unwrap().iter().filter(|entry| entry["reason"] == format!("which credential fetches {image}"));
        assert_eq!(asked.count(), 9);
    }
}

#[tokio::test]
async fn only_what_the_caller_reads_is_told() {
    let site = Site::new(Room::new().await).await;
    let image = "registry.example.com/team/web:1";
    let native = async |name: &str| {
        let body = json!({"kind": "native", "name": "n"});
        let made = site.room.by_password(name).post("/strongroom/v1/tokens", &body).await.is(201);
        site.room.by_token(made["token"].as_str().unwrap())
    };
    site.in_space("developer", "space_developer").await;
    site.in_organization("manager", "organization_manager").await;
    site.person("stranger").await;
    let [_, organization, space, app] = site.one_in_each_scope().await;
    let (developer, manager, stranger) =
        (native("developer").await, native("manager").await, native("stranger").await);
    let of = |member: &str, id: &str| json!({"image": image, member: id});
    assert_eq!(developer.post(RESOLVE, &of("app", &site.app)).await.is(200)["winner"], app);
    assert_eq!(developer.post(RESOLVE, &of("space", &site.space)).await.is(200)["winner"], space);
    // He sees the app, and neither its credentials nor those of the space; that one of them wins he is told.
    let told = manager.post(RESOLVE, &of("app", &site.app)).await.is(200);
    assert_eq!(told["winner"], Value::Null);
    let wins = told["considered"].as_array().unwrap().iter().find(|one| one["wins"] == true);
    let wins = wins.unwrap();
    assert_eq!(
        (&wins["scope"], &wins["guid"], &wins["username"]),
        (&json!("app"), &Value::Null, &Value::Null)
    );
    assert!(
        !told.to_string().contains(&space) && told.to_string().contains(&organization),
        "{told}"
    );
    for member in ["app", "space", "organization"] {
        let id = match member {
            "app" => &site.app,
            "space" => &site.space,
            _ => &site.organization,
        };
        stranger.post(RESOLVE, &of(member, id)).await.is(400);
    }
    site.room.anonymous().post(RESOLVE, &of("app", &site.app)).await.is(401);
    site.admin.post(RESOLVE, &of("app", &site.app)).await.is(401);
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"image": image}),
        json!({"image": image, "app": site.app, "space": site.space}),
        json!({"image": image, "app": "nothing!"}),
        json!({"image": image, "app": null}),
        json!({"image": "https://x/y", "app": site.app}),
        json!({"image": "", "app": site.app}),
        json!({"image": 1, "app": site.app}),
        json!({"image": image, "team": 1}),
    ] {
        let label: String = super::stable(&body.to_string());
        lines.push(line(&label, &developer.post(RESOLVE, &body).await));
    }
    insta::assert_snapshot!("wrong_questions", lines.join("\n"));
}
