//! Packages, the starting of apps, and the uses that come of it.

use serde_json::{Value, json};

use super::{CREDENTIALS, NOBODY, Site, credential, guid_of, guids, line, make, path_of, shown};
use crate::room::{Caller, Room, on_both_stores};

const PACKAGES: &str = "/v3/packages";

fn package(app: &str, data: &Value) -> Value {
    json!({"type": "docker", "relationships": {"app": {"data": {"guid": app}}}, "data": data})
}

async fn push(caller: &Caller, app: &str, image: &str, login: Option<(&str, &str)>) -> Value {
    let mut data = json!({"image": image});
    if let Some((username, password)) = login {
        data["username"] = username.into();
        data["password"] = password.into();
    }
    caller.post(PACKAGES, &package(app, &data)).await.is(201)
}

/// The app's own credentials.
async fn own(caller: &Caller, app: &str) -> Vec<Value> {
    let path = format!("{CREDENTIALS}?scopes=app&app_guids={app}");
    caller.get(&path).await.is(200)["resources"].as_array().unwrap().clone()
}

on_both_stores! {
    /// What comes with a package becomes the app's own credential when the app is started, once.
    async fn a_start_makes_the_apps_credential(room: Room) {
        let site = Site::new(room).await;
        let developer = site.in_space("developer", "space_developer").await;
        let start = format!("/v3/apps/{}/actions/start", site.app);
        let nothing = developer.post(&start, &json!({})).await.is(422);
        assert_eq!(nothing["errors"][0]["detail"], "Assign a droplet before starting this app.");
        let image = "registry.example.com/team/web:1";
        let made = push(&developer, &site.app, image, Some(("puller", "hunter2-secret"))).await;
        insta::assert_snapshot!("a_package", shown(&made));
        assert_eq!(own(&developer, &site.app).await, Vec::<Value>::new());
        let started = developer.bare(http::Method::POST, &start).await.is(200);
        assert_eq!(started["state"], "STARTED");
        let [credential] = own(&developer, &site.app).await.try_into().unwrap();
        assert_eq!((&credential["location"], &credential["username"]), (&json!("registry.example.com/team"), &json!("puller")));
        insta::assert_snapshot!("a_started_app", shown(&started));
        // What is changed there is not set back by another start of the same package.
        let path = path_of(&guid_of(&credential));
        developer.patch(&path, &json!({"username": "rotated", "password": "hunter3-secret"})).await.is(200);
        developer.post(&format!("/v3/apps/{}/actions/restart", site.app), &json!({})).await.is(200);
        assert_eq!(own(&developer, &site.app).await[0]["username"], "rotated");
        // Another package updates it.
        push(&developer, &site.app, "registry.example.com/team/web:2", Some(("second", "hunter4-secret"))).await;
        assert_eq!(own(&developer, &site.app).await[0]["username"], "rotated");
        developer.post(&start, &json!({})).await.is(200);
        let [updated] = own(&developer, &site.app).await.try_into().unwrap();
        assert_eq!((&updated["guid"], &updated["username"]), (&credential["guid"], &json!("second")));
        // One without a password changes nothing, and a deleted credential does not come back.
        push(&developer, &site.app, "registry.example.com/team/web:3", None).await;
        developer.post(&start, &json!({})).await.is(200);
        assert_eq!(own(&developer, &site.app).await[0]["username"], "second");
        let gone = developer.delete(&path).await;
        assert_eq!((gone.status, gone.header("x-cf-warnings")), (204, "The%20registry%20credential%20was%20in%20use%3A%201%20app"));
        developer.post(&start, &json!({})).await.is(200);
        assert_eq!(own(&developer, &site.app).await, Vec::<Value>::new());
        let stopped = developer.post(&format!("/v3/apps/{}/actions/stop", site.app), &json!({})).await.is(200);
        assert_eq!(stopped["state"], "STOPPED");
        let listed = developer.get(&format!("/v3/apps/{}/packages", site.app)).await.is(200);
        assert_eq!(listed["pagination"]["total_results"], 3);
        let root = site.room.admin().await;
        let log = root.get("/strongroom/v1/audit?limit=200").await.is(200).to_string();
        assert!(!log.contains("hunter") && log.contains("the app was started with package"), "{log}");
    }

    /// An app that was started uses the credential that wins, and holds it as far as its organization wants that.
    async fn a_started_app_uses_a_credential(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let developer = site.in_space("developer", "space_developer").await;
        let stranger = site.person("stranger").await;
        let foundation = make(&site.admin, &credential("registry.example.com", None)).await;
        let wide = make(&site.admin, &credential("registry.example.com", Some(("organization", &site.organization)))).await;
        push(&developer, &site.app, "registry.example.com/team/web:1", None).await;
        let start = format!("/v3/apps/{}/actions/start", site.app);
        developer.post(&start, &json!({})).await.is(200);
        let uses = async |caller: &Caller, guid: &str| {
            caller.get(&format!("/strongroom/v1/credentials/{guid}/references")).await.is(200)["items"].as_array().unwrap().clone()
        };
        assert_eq!(uses(&root, &foundation).await, Vec::<Value>::new());
        let [use_of_app] = uses(&root, &wide).await.try_into().unwrap();
        for (member, value) in [("consumer", "cloud_foundry"), ("kind", "app"), ("name", "web"), ("key", "1")] {
            assert_eq!(use_of_app[member], value);
        }
        // A narrower one wins from the next start on.
        let narrow = make(&developer, &credential("example.com", Some(("space", &site.space)))).await;
        developer.post(&start, &json!({})).await.is(200);
        assert_eq!(uses(&root, &wide).await, Vec::<Value>::new());
        assert_eq!(uses(&root, &narrow).await.len(), 1);
        site.admin.delete(&path_of(&narrow)).await;
        site.admin.delete(&path_of(&wide)).await;
        developer.post(&start, &json!({})).await.is(200);
        assert_eq!(uses(&root, &foundation).await.len(), 1);
        // Whoever reads the credential does not read every app that uses it.
        let native = async |name: &str| {
            let body = json!({"kind": "native", "name": "n"});
            let made = site.room.by_password(name).post("/strongroom/v1/tokens", &body).await.is(201);
            site.room.by_token(made["token"].as_str().unwrap())
        };
        assert_eq!(uses(&native("stranger").await, &foundation).await, Vec::<Value>::new());
        assert_eq!(uses(&native("developer").await, &foundation).await.len(), 1);
        stranger.get(&path_of(&foundation)).await.is(200);
        // Protected, a used credential is not taken from under an app; the app itself may go.
        let space_scoped = make(&developer, &credential("registry.example.com", Some(("space", &site.space)))).await;
        developer.post(&start, &json!({})).await.is(200);
        let settings = format!("/strongroom/v1/organizations/{}/settings", site.organization);
        root.patch(&settings, &json!({"protect_used": true})).await.is(200);
        developer.delete(&path_of(&space_scoped)).await.is(422);
        developer.post(&format!("/v3/apps/{}/actions/stop", site.app), &json!({})).await.is(200);
        developer.post(&start, &json!({})).await.is(200);
        let references = format!("/strongroom/v1/credentials/{space_scoped}/references");
        root.post(&references, &json!({"consumer": "ci", "kind": "pipeline", "name": "nightly"})).await.is(201);
        let space = format!("/v3/spaces/{}", site.space);
        site.admin.delete(&space).await.is(422);
        root.patch(&settings, &json!({"protect_used": false})).await.is(200);
        // The app's own use is none that outlives it, the pipeline's is.
        let reply = site.admin.delete(&space).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert_eq!(reply.header("x-cf-warnings"), "Credentials%20that%20went%20with%20it%20were%20in%20use%3A%201%20pipeline");
        let job = reply.header("location").split("/v3/").nth(1).unwrap().to_owned();
        let job = site.admin.get(&format!("/v3/{job}")).await.is(200);
        assert_eq!(job["warnings"], json!([{"detail": "Credentials that went with it were in use: 1 pipeline"}]));
        assert_eq!(uses(&root, &foundation).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn packages_are_listed_labelled_and_deleted() {
    let site = Site::new(Room::new().await).await;
    let developer = site.in_space("developer", "space_developer").await;
    let auditor = site.in_space("auditor", "space_auditor").await;
    let known = site.person("known").await;
    let other = super::make_app(&site.admin, &site.space, "other").await;
    let first = guid_of(&push(&developer, &site.app, "nginx", None).await);
    let second = guid_of(&push(&developer, &other, "example.com/x@sha256:ab12", None).await);
    let list = async |caller: &Caller, query: &str| {
        guids(&caller.get(&format!("{PACKAGES}?{query}")).await.is(200))
    };
    assert_eq!(list(&auditor, "").await, [first.clone(), second.clone()]);
    assert_eq!(list(&known, "").await, Vec::<String>::new());
    assert_eq!(list(&auditor, &format!("app_guids={other}")).await, [second.as_str()]);
    assert_eq!(
        list(&auditor, &format!("space_guids={}&types=docker&states=READY", site.space))
            .await
            .len(),
        2
    );
    assert_eq!(list(&auditor, &format!("organization_guids={}", site.organization)).await.len(), 2);
    assert_eq!(list(&auditor, "types=bits").await, Vec::<String>::new());
    assert_eq!(
        list(&auditor, &format!("guids={second}&order_by=-created_at")).await,
        [second.as_str()]
    );
    let of_app = auditor.get(&format!("/v3/apps/{}/packages?per_page=1", site.app)).await.is(200);
    assert_eq!(guids(&of_app), [first.as_str()]);
    let href = of_app["pagination"]["first"]["href"].as_str().unwrap();
    assert!(href.contains(&format!("/v3/apps/{}/packages?", site.app)), "{href}");
    known.get(&format!("/v3/apps/{}/packages", site.app)).await.is(404);
    let path = format!("{PACKAGES}/{first}");
    let labels = json!({"metadata": {"labels": {"tier": "web"}}});
    auditor.patch(&path, &labels).await.is(403);
    developer.patch(&path, &labels).await.is(200);
    assert_eq!(list(&auditor, "label_selector=tier").await, [first.as_str()]);
    auditor.delete(&path).await.is(403);
    known.get(&path).await.is(404);
    let deleted = developer.delete(&path).await;
    assert_eq!(deleted.status, 202);
    assert!(deleted.header("location").contains("/v3/jobs/"));
    developer.get(&path).await.is(404);
    // The last app that goes takes its packages with it.
    site.admin.delete(&format!("/v3/apps/{other}")).await;
    site.admin.get(&format!("{PACKAGES}/{second}")).await.is(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_package_is_told() {
    let site = Site::new(Room::new().await).await;
    let auditor = site.in_space("auditor", "space_auditor").await;
    let good = json!({"image": "example.com/x"});
    let mut lines = Vec::new();
    for body in [
        json!({}),
        json!({"type": "bits", "relationships": {"app": {"data": {"guid": site.app}}}}),
        package(NOBODY, &good),
        package(&site.app, &json!("x")),
        package(&site.app, &json!({})),
        package(&site.app, &json!({"image": "https://example.com/x", "tag": "1"})),
        package(&site.app, &json!({"image": "example.com:99999/x"})),
        package(&site.app, &json!({"image": "example.com/x", "username": "u"})),
        package(&site.app, &json!({"image": "example.com/x", "password": "p"})),
        package(&site.app, &json!({"image": "example.com/x", "username": 1, "password": ""})),
        package(&site.app, &json!({"image": 7, "username": null, "password": null})),
    ] {
        let told: String = super::stable(&body.to_string()).chars().take(160).collect();
        lines.push(line(&told, &site.admin.post(PACKAGES, &body).await));
    }
    lines.push(line("by an auditor", &auditor.post(PACKAGES, &package(&site.app, &good)).await));
    let start = format!("/v3/apps/{}/actions/start", site.app);
    lines.push(line("start by an auditor", &auditor.post(&start, &json!({})).await));
    lines.push(line(
        "stop nothing",
        &site.admin.post(&format!("/v3/apps/{NOBODY}/actions/stop"), &json!({})).await,
    ));
    lines.push(line(
        "unknown action",
        &site.admin.post(&format!("/v3/apps/{}/actions/fly", site.app), &json!({})).await,
    ));
    insta::assert_snapshot!("wrong_packages", lines.join("\n"));
}
