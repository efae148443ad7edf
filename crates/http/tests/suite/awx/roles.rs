//! Roles given and taken, and who reaches what.

use serde_json::{Value, json};

use super::{Office, answers, is_refused, snapshot, without_role_ids};

/// The id of a role on the object of a path.
async fn role(office: &Office, path: &str, field: &str) -> i64 {
    let read = office.admin.get(path).await.is(200);
    read["summary_fields"]["object_roles"][field]["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_role_opens_the_credential_and_closes_it_again() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    let read = role(&office, &path, "read_role").await;
    let users = format!("/api/v2/roles/{read}/users/");
    for _ in 0..2 {
        let reply = office.bob.post(&users, &json!({"id": 2})).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    }
    assert_eq!(office.admin.get(&users).await.is(200)["results"][0]["username"], "alice");
    let seen = office.alice.get(&path).await.is(200);
    let nothing = json!({"edit": false, "delete": false, "copy": false, "use": false});
    assert_eq!(seen["summary_fields"]["user_capabilities"], nothing);
    is_refused(&office.alice.patch(&path, &json!({"name": "x"})).await);
    let held = office.alice.get("/api/v2/users/2/roles/?role_field=read_role").await.is(200);
    assert_eq!(held["results"][0]["id"], read);
    assert_eq!(held["results"][0]["summary_fields"]["user_capabilities"]["unattach"], false);
    let held = office.bob.get("/api/v2/users/2/roles/?role_field=read_role").await.is(200);
    assert_eq!(held["results"][0]["summary_fields"]["user_capabilities"]["unattach"], true);
    office.bob.post(&users, &json!({"id": 2, "disassociate": false})).await.is(204);
    is_refused(&office.alice.get(&path).await);
}

#[tokio::test]
async fn a_team_reaches_what_it_was_given() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    office.bob.post("/api/v2/teams/1/users/", &json!({"id": 2})).await.is(204);
    let use_role = role(&office, &path, "use_role").await;
    office.bob.post("/api/v2/teams/1/roles/", &json!({"id": use_role})).await.is(204);
    assert_eq!(
        office.alice.get(&path).await.is(200)["summary_fields"]["user_capabilities"]["use"],
        true
    );
    let teams = format!("/api/v2/roles/{use_role}/teams/");
    assert_eq!(office.admin.get(&teams).await.is(200)["results"][0]["name"], "ops");
    assert_eq!(
        office.admin.get("/api/v2/teams/1/roles/").await.is(200)["results"][0]["id"],
        use_role
    );
    snapshot!(office.admin.get(&format!("{path}access_list/")).await.is(200));
    office.bob.post(&teams, &json!({"id": 1, "disassociate": false})).await.is(204);
    office.alice.get(&path).await.is(200);
    office.bob.post(&teams, &json!({"id": 1, "disassociate": true})).await.is(204);
    is_refused(&office.alice.get(&path).await);
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_in_awxs_words() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let private = json!({"name": "p", "credential_type": 1});
    let private = office.alice.post("/api/v2/users/2/credentials/", &private).await.is(201);
    let private = private["url"].as_str().unwrap().to_owned();
    office.admin.post("/api/v2/organizations/", &json!({"name": "globex"})).await.is(201);
    let team = json!({"name": "theirs", "organization": 3});
    office.admin.post("/api/v2/teams/", &team).await.is(201);
    let (member, on, own) = (
        role(&office, "/api/v2/organizations/2/", "member_role").await,
        role(&office, &path, "read_role").await,
        role(&office, &private, "read_role").await,
    );
    let roles = |id: i64, of: &str| format!("/api/v2/roles/{id}/{of}/");
    let message = |text: &str| json!({"msg": text});
    for (path, body, expected) in [
        (
            roles(member, "teams"),
            json!({"id": 1}),
            message(
                "You cannot assign an Organization participation role as a child role for a Team.",
            ),
        ),
        (
            roles(1, "teams"),
            json!({"id": 1}),
            message("You cannot grant system-level permissions to a team."),
        ),
        (
            roles(on, "users"),
            json!({"id": 2}),
            message(
                "You cannot grant credential access to a user not in the credentials' organization",
            ),
        ),
        (
            roles(on, "teams"),
            json!({"id": 2}),
            message(
                "You cannot grant credential access to a team when the Organization field isn't set, or belongs to \
                 a different organization",
            ),
        ),
        (
            roles(own, "teams"),
            json!({"id": 1}),
            message(
                "You cannot grant credential access to a team when the Organization field isn't set, or belongs to \
                 a different organization",
            ),
        ),
        (roles(on, "users"), json!({}), message("User 'id' field is missing.")),
        (roles(on, "teams"), json!({"id": 0}), message("Team 'id' field is missing.")),
        ("/api/v2/users/2/roles/".to_owned(), json!({}), message("Role 'id' field is missing.")),
        (roles(on, "users"), json!({"id": "abc"}), message("\"id\" field must be an integer.")),
        (
            "/api/v2/organizations/2/users/".to_owned(),
            json!({"id": "2"}),
            message("\"id\" field must be an integer."),
        ),
        (
            "/api/v2/teams/1/users/".to_owned(),
            json!({"disassociate": true}),
            message("\"id\" is required to disassociate"),
        ),
        (
            roles(on, "users"),
            json!({"id": 99999}),
            json!({"detail": "User matching query does not exist."}),
        ),
        (
            "/api/v2/users/2/roles/".to_owned(),
            json!({"id": 99999}),
            json!({"detail": "Role matching query does not exist."}),
        ),
    ] {
        answers(&office.admin.post(&path, &body).await, 400, &expected);
    }
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    let refused = office.alice.post(&roles(own, "users"), &json!({"id": 3})).await;
    let expected = message("You cannot grant private credential access to another user");
    answers(&refused, 400, &expected);
    super::is_missing(&office.admin.post(&roles(99999, "users"), &json!({"id": 2})).await, "Role");
}

#[tokio::test]
async fn an_organizations_administrator_makes_users_in_it() {
    let office = Office::new().await;
    let body = json!({"username": "carol", "password": "x"});
    let made = office.bob.post("/api/v2/organizations/2/users/", &body).await;
    assert_eq!(made.header("location"), made.is(201)["url"]);
    let members = office.bob.get("/api/v2/organizations/2/users/").await.is(200);
    let names: Vec<&Value> =
        members["results"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["bob", "carol"]);
    let missing = json!({"password": ["Password required for new User."]});
    let body = json!({"username": "dave"});
    answers(&office.bob.post("/api/v2/organizations/2/users/", &body).await, 400, &missing);
}

#[tokio::test]
async fn the_roles_of_an_object_can_be_asked_for_by_field() {
    let office = Office::new().await;
    let path = "/api/v2/organizations/2/object_roles/";
    assert_eq!(office.admin.get(path).await.is(200)["count"], 13);
    let admin = office.admin.get(&format!("{path}?role_field=admin_role")).await.is(200);
    snapshot!(without_role_ids(admin));
    let search = office.admin.get(&format!("{path}?search=inventory")).await.is(200);
    assert_eq!(search["results"][0]["name"], "Inventory Admin");
}
