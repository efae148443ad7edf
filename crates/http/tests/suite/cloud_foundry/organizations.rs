//! Organizations, spaces, apps, users and jobs.

use serde_json::json;

use super::{
    NOBODY, Site, credential, guids, line, log_in, make, make_app, make_organization, make_space,
    path_of, shown,
};
use crate::room::on_both_stores;

on_both_stores! {
    /// Every supporting resource, with all its members.
    async fn supporting_resources_have_all_their_members(room: Room) {
        let site = Site::new(room).await;
        let mut told = String::new();
        for path in [
            format!("/v3/organizations/{}", site.organization),
            format!("/v3/spaces/{}", site.space),
            format!("/v3/apps/{}", site.app),
        ] {
            told += &shown(&site.admin.get(&path).await.is(200));
            told.push('\n');
        }
        let users = site.admin.get("/v3/users").await.is(200);
        let user = format!("/v3/users/{}", users["resources"][0]["guid"].as_str().unwrap());
        told += &shown(&site.admin.get(&user).await.is(200));
        insta::assert_snapshot!("resources", told);
    }

    /// Names, labels and closing change; times follow.
    async fn they_change(room: Room) {
        let site = Site::new(room).await;
        site.room.wait(60);
        for (path, body) in [
            (format!("/v3/organizations/{}", site.organization), json!({"name": "Acme Inc.", "suspended": null})),
            (format!("/v3/spaces/{}", site.space), json!({"name": "development"})),
            (format!("/v3/apps/{}", site.app), json!({"name": "site", "lifecycle": {"type": "docker"}})),
        ] {
            let before = site.admin.get(&path).await.is(200);
            assert_eq!(site.admin.patch(&path, &json!({})).await.is(200), before);
            let changed = site.admin.patch(&path, &body).await.is(200);
            assert_eq!((&changed["name"], &changed["updated_at"]), (&body["name"], &json!("2026-01-01T00:01:00Z")));
            let labels = json!({"metadata": {"labels": {"a": "1"}, "annotations": {"b": "2"}}});
            let labelled = site.admin.patch(&path, &labels).await.is(200);
            assert_eq!(labelled["metadata"], labels["metadata"]);
            assert_eq!(site.admin.get(&path).await.is(200), labelled);
        }
        let seen = site.room.admin().await.get("/api/v2/organizations/2/").await.is(200);
        assert_eq!(seen["name"], "Acme Inc.");
    }

    /// A user goes from every dialect, with his roles and logins, when a system administrator says so.
    async fn a_user_is_deleted_by_administrators(room: Room) {
        let site = Site::new(room).await;
        let manager = site.in_organization("manager", "organization_manager").await;
        let developer = site.in_space("developer", "space_developer").await;
        let stranger = site.person("stranger").await;
        let path_of_user = async |name: &str| {
            let found = site.admin.get(&format!("/v3/users?usernames={name}")).await.is(200);
            format!("/v3/users/{}", guids(&found)[0])
        };
        let (theirs, own) = (path_of_user("developer").await, path_of_user("admin").await);
        let chief = site.room.user("chief").await;
        let root = site.room.admin().await;
        let chiefs = root.get("/api/v2/users/?username=chief").await.is(200);
        let chiefs = json!({"id": chiefs["results"][0]["id"]});
        root.post("/api/v2/organizations/2/admins/", &chiefs).await.is(204);
        let here = log_in(&site.room, "chief").await;
        for (caller, status) in [(&manager, 403), (&developer, 403), (&here, 403), (&stranger, 404)] {
            caller.delete(&theirs).await.is(status);
        }
        site.admin.delete(&own).await.is(403);
        let reply = site.admin.delete(&theirs).await;
        assert_eq!((reply.status, reply.text.as_str()), (202, ""));
        let job = reply.header("location").trim_start_matches("http://localhost").to_owned();
        assert_eq!(site.admin.get(&job).await.is(200)["operation"], "user.delete");
        site.admin.get(&theirs).await.is(404);
        site.admin.delete(&theirs).await.is(404);
        developer.get("/v3/organizations").await.is(401);
        let roles = site.admin.get("/v3/roles?types=space_developer").await.is(200);
        assert_eq!(roles["pagination"]["total_results"], 0);
        let users = chief.get("/api/v2/users/?username=developer").await.is(200);
        assert_eq!(users["count"], 0);
    }

    /// Deleting answers with a job that is done, and takes along what is inside.
    async fn deleting_takes_along_what_is_inside(room: Room) {
        let site = Site::new(room).await;
        let [foundation, of_organization, of_space, of_app] = site.one_in_each_scope().await;
        let developer = site.in_space("developer", "space_developer").await;
        let other = make_app(&site.admin, &site.space, "other").await;
        let gone = async |path: String| {
            let reply = site.admin.delete(&path).await;
            assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{path}");
            let job = reply.header("location").trim_start_matches("http://localhost").to_owned();
            assert!(job.starts_with("/v3/jobs/"), "{job}");
            site.admin.get(&path).await.is(404);
            (job.clone(), site.admin.get(&job).await.is(200))
        };
        let left = async || {
            let list = site.admin.get("/v3/registry_credentials").await.is(200);
            guids(&list)
        };
        let (job, document) = gone(format!("/v3/apps/{}", site.app)).await;
        insta::assert_snapshot!("job", shown(&document));
        developer.get(&job).await.is(404);
        assert_eq!(left().await, [foundation.clone(), of_organization.clone(), of_space.clone()]);
        let of_other = make(&site.admin, &credential("r.example.com", Some(("app", &other)))).await;
        gone(format!("/v3/spaces/{}", site.space)).await;
        assert_eq!(left().await, [foundation.clone(), of_organization]);
        for guid in [of_app, of_space, of_other] {
            site.admin.get(&path_of(&guid)).await.is(404);
        }
        site.admin.get(&format!("/v3/apps/{other}")).await.is(404);
        assert_eq!(developer.get("/v3/spaces").await.is(200)["pagination"]["total_results"], 0);
        let space = make_space(&site.admin, &site.organization, "again").await;
        let of_again = make(&site.admin, &credential("r.example.com", Some(("space", &space)))).await;
        let (_, document) = gone(format!("/v3/organizations/{}", site.organization)).await;
        assert_eq!(document["operation"], "organization.delete");
        assert_eq!(left().await, [foundation]);
        site.admin.get(&path_of(&of_again)).await.is(404);
        assert_eq!(developer.get("/v3/organizations").await.is(200)["pagination"]["total_results"], 0);
        assert_eq!(site.admin.get("/v3/roles").await.is(200)["pagination"]["total_results"], 0);
        // Nothing keeps a row of what is gone, and no grant on it counts.
        let rows = site.room.database.rows(
            "SELECT (SELECT COUNT(*) FROM spaces) + (SELECT COUNT(*) FROM apps) + (SELECT COUNT(*) FROM grants g \
             WHERE g.resource_kind = 'space' AND g.ended IS NULL)",
        ).await;
        assert_eq!(rows, [["0"]]);
        make_organization(&site.admin, "acme").await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_them_is_told_in_the_platforms_words() {
    let site = Site::new(crate::room::Room::new().await).await;
    let manager = site.in_organization("manager", "organization_manager").await;
    let developer = site.in_space("developer", "space_developer").await;
    make_space(&site.admin, &site.organization, "test").await;
    make_organization(&site.admin, "umbrella").await;
    make_app(&site.admin, &site.space, "api").await;
    let within = |kind: &str, guid: &str| json!({kind: {"data": {"guid": guid}}});
    let (organization, space, app) = (
        format!("/v3/organizations/{}", site.organization),
        format!("/v3/spaces/{}", site.space),
        format!("/v3/apps/{}", site.app),
    );
    let mut lines = Vec::new();
    for (label, reply) in [
        ("no name", site.admin.post("/v3/organizations", &json!({})).await),
        ("taken", site.admin.post("/v3/organizations", &json!({"name": "ACME"})).await),
        ("too long", site.admin.post("/v3/organizations", &json!({"name": "x".repeat(256)})).await),
        ("no administrator", manager.post("/v3/organizations", &json!({"name": "mine"})).await),
        ("unknown member", site.admin.post("/v3/organizations", &json!({"name": "x", "quota": 1, "suspended": "no"})).await),
        ("rename to taken", site.admin.patch(&organization, &json!({"name": "Umbrella"})).await),
        ("rename by manager", manager.patch(&organization, &json!({"name": "mine"})).await),
        ("labels by manager", manager.patch(&organization, &json!({"metadata": {"labels": {"a": "b"}}})).await),
        ("labels by developer", developer.patch(&organization, &json!({"metadata": {}})).await),
        ("delete by manager", manager.delete(&organization).await),
        ("space: empty", site.admin.post("/v3/spaces", &json!({})).await),
        ("space: taken", manager.post("/v3/spaces", &json!({"name": "TEST", "relationships": within("organization", &site.organization)})).await),
        ("space: no organization", manager.post("/v3/spaces", &json!({"name": "x", "relationships": within("organization", NOBODY)})).await),
        ("space: shape", manager.post("/v3/spaces", &json!({"name": "x", "relationships": {"organization": {"data": "x"}}})).await),
        ("space: by developer", developer.post("/v3/spaces", &json!({"name": "x", "relationships": within("organization", &site.organization)})).await),
        ("space: rename to taken", manager.patch(&space, &json!({"name": "Test"})).await),
        ("space: rename by developer", developer.patch(&space, &json!({"name": "x"})).await),
        ("space: delete by developer", developer.delete(&space).await),
        ("app: empty", site.admin.post("/v3/apps", &json!({})).await),
        ("app: taken", developer.post("/v3/apps", &json!({"name": "API", "relationships": within("space", &site.space)})).await),
        ("app: no space", developer.post("/v3/apps", &json!({"name": "x", "relationships": within("space", "x")})).await),
        ("app: by manager", manager.post("/v3/apps", &json!({"name": "x", "relationships": within("space", &site.space)})).await),
        ("app: lifecycle", developer.post("/v3/apps", &json!({"name": "x", "lifecycle": {"type": "magic"}, "relationships": within("space", &site.space)})).await),
        ("app: variables", developer.post("/v3/apps", &json!({"name": "x", "environment_variables": ["A"], "relationships": within("space", &site.space)})).await),
        ("app: rename to taken", developer.patch(&app, &json!({"name": "api"})).await),
        ("app: rename by manager", manager.patch(&app, &json!({"name": "x"})).await),
        ("unknown", site.admin.get("/v3/spaces/x").await),
        ("unknown app", site.admin.get(&format!("/v3/apps/{}", site.space)).await),
        ("unknown user", site.admin.get("/v3/users/x").await),
        ("unknown job", site.admin.get("/v3/jobs/x").await),
    ] {
        lines.push(line(label, &reply));
    }
    insta::assert_snapshot!(lines.join("\n"));
    // Variables are taken, kept nowhere, and whoever sends some is told so.
    for (name, variables, warning) in
        [("y", json!({}), ""), ("z", json!({"TOKEN": "hunter2"}), "are%20not%20kept")]
    {
        let body = json!({"name": name, "environment_variables": variables, "relationships": within("space", &site.space)});
        let made = developer.post("/v3/apps", &body).await;
        made.status_is(201);
        assert!(made.header("x-cf-warnings").contains(warning), "{}", made.header("x-cf-warnings"));
        assert_eq!(made.headers.contains_key("x-cf-warnings"), !warning.is_empty());
        assert!(!made.text.contains("hunter2"));
    }
}
