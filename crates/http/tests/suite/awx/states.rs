//! The states of a credential: entity tags, versions, fingerprints; and roles given beyond its organization.

use http::header::{CONTENT_TYPE, IF_MATCH};
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Office, answers};
use crate::room::{Caller, Reply, on_both_stores};

/// A change that is wanted in certain states only.
async fn sent(caller: &Caller, method: Method, path: &str, tags: &[&str], body: &Value) -> Reply {
    let mut request =
        Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    for tag in tags {
        request = request.header(IF_MATCH, *tag);
    }
    caller.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await
}

on_both_stores! {
    async fn a_change_can_be_wanted_in_one_state_only(room: Room) {
        let office = Office::of(room).await;
        let path = office.credential("c").await;
        let first = office.admin.get(&path).await.header("etag").to_owned();
        assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
        let other = office.admin.get(&office.credential("d").await).await.header("etag").to_owned();
        let stale = json!({"detail": "The credential was changed since."});
        let rename = json!({"description": "new"});
        for tags in [vec!["\"x\""], vec!["W/\"2-1\""], vec![""], vec!["nonsense"], vec![other.as_str()]] {
            answers(&sent(&office.admin, Method::PATCH, &path, &tags, &rename).await, 412, &stale);
        }
        let reply = sent(&office.admin, Method::PATCH, &path, &["\"x\"", &first], &rename).await;
        reply.is(200);
        let second = reply.header("etag").to_owned();
        assert_ne!(first, second);
        let put = json!({"name": "c", "credential_type": 1, "organization": 2});
        answers(&sent(&office.admin, Method::PUT, &path, &[&first], &put).await, 412, &stale);
        answers(&sent(&office.admin, Method::DELETE, &path, &[&first], &json!({})).await, 412, &stale);
        assert_eq!(office.admin.get(&path).await.header("etag"), second);
        // What changes nothing leaves the state; any state will do for a star.
        let reply = sent(&office.admin, Method::PATCH, &path, &["*"], &rename).await;
        assert_eq!((reply.status, reply.header("etag")), (200, second.as_str()));
        // Whoever may not change it learns nothing of its state.
        assert_eq!(sent(&office.alice, Method::PATCH, &path, &[&first], &rename).await.status, 404);
        assert_eq!(sent(&office.admin, Method::DELETE, &path, &[&format!("\"x\", {second}")], &json!({})).await.status, 204);
    }

    async fn an_unchanged_secret_shows_without_being_read(room: Room) {
        let office = Office::of(room).await;
        let (one, other) = (office.credential("c").await, office.credential("d").await);
        let shown = office.bob.get(&one).await.is(200);
        assert_eq!(shown["version"], 1);
        let print = shown["fingerprints"]["password"].as_str().unwrap().to_owned();
        assert_eq!(shown["fingerprints"].as_object().unwrap().len(), 1);
        assert_ne!(office.bob.get(&other).await.is(200)["fingerprints"]["password"], json!(print));
        let set = |password: &str| json!({"inputs": {"username": "joe", "password": password}});
        let changed = office.bob.patch(&one, &set("another-secret")).await.is(200);
        assert_eq!(changed["version"], 2);
        assert_ne!(changed["fingerprints"]["password"], json!(print));
        let back = office.bob.patch(&one, &set("hunter2-secret")).await.is(200);
        assert_eq!((&back["version"], &back["fingerprints"]["password"]), (&json!(3), &json!(print)));
        let kept = office.bob.patch(&one, &json!({"inputs": {"username": "eve", "password": "$encrypted$"}})).await.is(200);
        assert_eq!((&kept["version"], &kept["fingerprints"]["password"]), (&json!(4), &json!(print)));
        let listed = office.bob.get("/api/v2/credentials/?name=c").await.is(200);
        assert_eq!(listed["results"][0]["fingerprints"]["password"], json!(print));
        // Who only reads sees the number of the version.
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        let read = kept["summary_fields"]["object_roles"]["read_role"]["id"].clone();
        office.bob.post(&format!("/api/v2/roles/{read}/users/"), &json!({"id": 2})).await.is(204);
        let seen = office.alice.get(&one).await.is(200);
        assert_eq!((&seen["version"], seen.get("fingerprints")), (&json!(4), None));
    }

    async fn roles_are_given_beyond_the_organization_where_it_lets_them(room: Room) {
        let office = Office::of(room).await;
        let path = office.credential("c").await;
        office.admin.post("/api/v2/organizations/", &json!({"name": "other"})).await.is(201);
        office.admin.post("/api/v2/organizations/3/users/", &json!({"id": 2})).await.is(204);
        let team = office.admin.post("/api/v2/teams/", &json!({"name": "far", "organization": 3})).await.is(201)["id"].clone();
        let roles = office.admin.get(&path).await.is(200)["summary_fields"]["object_roles"].clone();
        let (users, teams) = (
            format!("/api/v2/roles/{}/users/", roles["use_role"]["id"]),
            format!("/api/v2/roles/{}/teams/", roles["read_role"]["id"]),
        );
        answers(&office.bob.post(&users, &json!({"id": 2})).await, 400, &json!({
            "msg": "You cannot grant credential access to a user not in the credentials' organization"
        }));
        answers(&office.bob.post(&teams, &json!({"id": team})).await, 400, &json!({
            "msg": "You cannot grant credential access to a team when the Organization field isn't set, or belongs to a different organization"
        }));
        let setting = "/strongroom/v1/organizations/2/settings";
        office.admin.patch(setting, &json!({"share_across_organizations": true})).await.is(200);
        office.bob.post(&users, &json!({"id": 2})).await.is(204);
        office.bob.post(&teams, &json!({"id": team})).await.is(204);
        let seen = office.alice.get(&path).await.is(200);
        assert_eq!(seen["summary_fields"]["user_capabilities"], json!({"edit": false, "delete": false, "copy": false, "use": true}));
        assert_eq!(office.alice.get("/api/v2/credentials/").await.is(200)["count"], 1);
        let reaching = office.admin.get(&format!("{path}access_list/?username=alice")).await.is(200);
        assert_eq!(reaching["results"][0]["summary_fields"]["direct_access"][0]["role"]["name"], "Use");
        // Whoever only uses it gives nothing on.
        assert_eq!(office.alice.post(&users, &json!({"id": 2})).await.status, 403);
        // What was given stays until it is taken away, also when nothing new may be given.
        office.admin.patch(setting, &json!({"share_across_organizations": false})).await.is(200);
        office.alice.get(&path).await.is(200);
        office.bob.post(&users, &json!({"id": 2, "disassociate": true})).await.is(204);
        assert_eq!(office.alice.get(&path).await.status, 404);
    }
}
