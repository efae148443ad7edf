//! Organizations, teams, users and credential types.

use serde_json::{Value, json};

use super::{Office, answers, is_refused, snapshot};

const ORGANIZATIONS: &str = "/api/v2/organizations/";
const TEAMS: &str = "/api/v2/teams/";
const USERS: &str = "/api/v2/users/";
const TYPES: &str = "/api/v2/credential_types/";

#[tokio::test]
async fn each_kind_of_object_has_every_member() {
    let office = Office::new().await;
    let custom = json!({
        "name": "Vendor API",
        "kind": "cloud",
        "inputs": {"fields": [{"id": "token", "label": "Token", "secret": true}], "required": ["token"]},
        "injectors": {"env": {"VENDOR_TOKEN": "{{ token }}"}},
    });
    snapshot!([
        office.admin.get("/api/v2/organizations/2/").await.is(200),
        office.admin.get("/api/v2/teams/1/").await.is(200),
        office.admin.get("/api/v2/users/2/").await.is(200),
        office.admin.post(TYPES, &custom).await.is(201),
        office.alice.get("/api/v2/credential_types/3/").await.is(200),
        office.alice.get("/api/v2/config/").await.is(200),
    ]);
}

#[tokio::test]
async fn named_urls_lead_where_they_say() {
    let office = Office::new().await;
    office.admin.post(ORGANIZATIONS, &json!({"name": "a/b+c d"})).await.is(201);
    for path in [
        "/api/v2/organizations/3/",
        "/api/v2/organizations/2/",
        "/api/v2/teams/1/",
        "/api/v2/users/2/",
        "/api/v2/credential_types/1/",
        "/api/v2/credentials/1/",
    ] {
        let read = office.admin.get(path).await.is(200);
        let named = read["related"]["named_url"].as_str().unwrap().replace(' ', "%20");
        assert_eq!(office.admin.get(&named).await.is(200)["id"], read["id"], "{named}");
    }
    office.admin.get("/api/v2/organizations/acme/teams/").await.is(200);
    super::is_missing(&office.admin.get("/api/v2/users/nobody/").await, "User");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_awxs_words() {
    let office = Office::new().await;
    let required = "This field is required.";
    for (path, body, expected) in [
        (ORGANIZATIONS, json!({}), json!({"name": [required]})),
        (
            ORGANIZATIONS,
            json!({"name": "ACME"}),
            json!({"name": ["Organization with this Name already exists."]}),
        ),
        (
            ORGANIZATIONS,
            json!({"name": "x", "max_hosts": -1}),
            json!({"max_hosts": ["Ensure this value is greater than or equal to 0."]}),
        ),
        (
            ORGANIZATIONS,
            json!({"name": "x", "max_hosts": "many"}),
            json!({"max_hosts": ["A valid integer is required."]}),
        ),
        (TEAMS, json!({"name": "x"}), json!({"organization": [required]})),
        (
            TEAMS,
            json!({"name": "ops", "organization": "2"}),
            json!({"__all__": ["Team with this Organization and Name already exists."]}),
        ),
        (
            USERS,
            json!({}),
            json!({"username": [required], "password": ["Password required for new User."]}),
        ),
        (
            USERS,
            json!({"username": "Alice", "password": "x"}),
            json!({"username": ["A user with that username already exists."]}),
        ),
        (
            USERS,
            json!({"username": "a b", "password": "x".repeat(129), "email": "x", "is_superuser": "maybe"}),
            json!({
                "username": ["Enter a valid username. This value may contain only letters, numbers, and \
                    @/./+/-/_ characters."],
                "password": ["Password max length is 128"],
                "email": ["Enter a valid email address."],
                "is_superuser": ["Must be a valid boolean."],
            }),
        ),
        (TYPES, json!({}), json!({"name": [required], "kind": [required]})),
        (
            TYPES,
            json!({"name": "x", "kind": "bogus"}),
            json!({"kind": ["\"bogus\" is not a valid choice."]}),
        ),
        (
            TYPES,
            json!({"name": "x", "kind": null}),
            json!({"kind": ["\"\" is not a valid choice."]}),
        ),
        (
            TYPES,
            json!({"name": "x", "kind": "ssh"}),
            json!({"kind": ["Must be 'cloud' or 'net', not ssh"]}),
        ),
        (
            TYPES,
            json!({"name": "x", "kind": "net", "inputs": []}),
            json!({"inputs": ["list provided, expected dict"]}),
        ),
        (
            TYPES,
            json!({"name": "x", "kind": "net", "injectors": {"env": {"A": "{{ nope }}"}}}),
            json!({"injectors": ["A uses an undefined field ('nope' is undefined)"]}),
        ),
    ] {
        answers(&office.admin.post(path, &body).await, 400, &expected);
    }
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let office = Office::new().await;
    is_refused(&office.bob.post(ORGANIZATIONS, &json!({"name": "x"})).await);
    is_refused(&office.bob.post(USERS, &json!({"username": "x", "password": "x"})).await);
    is_refused(&office.bob.post(TYPES, &json!({"name": "x", "kind": "net"})).await);
    for (caller, path, body, text) in [
        (&office.alice, "/api/v2/users/2/", json!({"username": "x"}), "Cannot change username."),
        (
            &office.alice,
            "/api/v2/users/2/",
            json!({"is_superuser": true}),
            "Cannot change is_superuser.",
        ),
        (
            &office.admin,
            "/api/v2/teams/1/",
            json!({"organization": 1}),
            "Unable to change organization on a team.",
        ),
        (
            &office.admin,
            "/api/v2/credential_types/1/",
            json!({"name": "x"}),
            "Modifications not allowed for managed credential types",
        ),
    ] {
        answers(&caller.patch(path, &body).await, 403, &json!({"detail": text}));
    }
    for (path, text) in [
        ("/api/v2/users/1/", "Cannot delete user."),
        ("/api/v2/credential_types/1/", "Deletion not allowed for managed credential types"),
    ] {
        answers(&office.admin.delete(path).await, 403, &json!({"detail": text}));
    }
    let hosts = json!({"max_hosts": 5});
    let expected = json!({"__all__": ["Cannot change max_hosts."]});
    answers(&office.bob.patch("/api/v2/organizations/2/", &hosts).await, 400, &expected);
}

#[tokio::test]
async fn a_type_in_use_keeps_its_inputs() {
    let office = Office::new().await;
    let fields = json!({"fields": [{"id": "a", "label": "A"}]});
    let made = office
        .admin
        .post(TYPES, &json!({"name": "t", "kind": "net", "inputs": fields}))
        .await
        .is(201);
    let path = made["url"].as_str().unwrap();
    let body = json!({"name": "c", "credential_type": made["id"], "user": 2, "inputs": {"a": "x"}});
    office.admin.post("/api/v2/credentials/", &body).await.is(201);
    let refused = "Modifications to inputs are not allowed for credential types that are in use";
    for body in [json!({"inputs": {}}), json!({"inputs": {"fields": [{"id": "b", "label": "B"}]}})]
    {
        answers(&office.admin.patch(path, &body).await, 403, &json!({"detail": refused}));
    }
    answers(
        &office.admin.put(path, &json!({"name": "t", "kind": "net"})).await,
        403,
        &json!({"detail": refused}),
    );
    office.admin.patch(path, &json!({"inputs": fields, "description": "d"})).await.is(200);
    let refused = json!({"detail": "Credential types that are in use cannot be deleted"});
    answers(&office.admin.delete(path).await, 403, &refused);
}

#[tokio::test]
async fn a_password_is_kept_by_the_mask_and_the_empty_text() {
    let office = Office::new().await;
    for password in ["$encrypted$", ""] {
        let body = json!({"password": password, "last_name": "Kept"});
        let changed = office.admin.patch("/api/v2/users/2/", &body).await.is(200);
        assert_eq!(changed["password"], "$encrypted$");
    }
    office.room.by_password("alice").get("/api/v2/me/").await.is(200);
    office.admin.patch("/api/v2/users/2/", &json!({"password": "another one"})).await.is(200);
    office.room.by_password("alice").get("/api/v2/me/").await.is(401);
}

#[tokio::test]
async fn what_goes_takes_with_it_what_it_must() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let of_team = json!({"name": "t", "credential_type": 1, "team": 1});
    let of_team = office.admin.post("/api/v2/credentials/", &of_team).await.is(201);
    let of_team = of_team["url"].as_str().unwrap();
    office.admin.delete("/api/v2/teams/1/").await.is(204);
    let left = office.admin.get(of_team).await.is(200);
    let owners: Vec<&Value> = left["summary_fields"]["owners"].as_array().unwrap().iter().collect();
    assert_eq!((owners.len(), &owners[0]["type"]), (1, &json!("organization")));
    let private = json!({"name": "p", "credential_type": 1, "user": 2});
    let private = office.admin.post("/api/v2/credentials/", &private).await.is(201);
    office.admin.delete("/api/v2/users/2/").await.is(204);
    let left = office.admin.get(private["url"].as_str().unwrap()).await.is(200);
    assert_eq!(left["summary_fields"]["owners"], json!([]));
    office.admin.delete("/api/v2/organizations/2/").await.is(204);
    super::is_missing(&office.admin.get(&path).await, "Credential");
    super::is_missing(&office.admin.get(of_team).await, "Credential");
}
