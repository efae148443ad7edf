//! Credentials made: for a user, in a body's words, and each way in which that is refused.

use serde_json::{Value, json};

use super::{CREDENTIALS, Office, answers, is_missing, is_refused, snapshot};

const FOR_ALICE: &str = "/api/v2/users/2/credentials/";

fn machine(inputs: &Value) -> Value {
    json!({"name": "Best credential ever", "credential_type": 1, "inputs": inputs})
}

#[tokio::test]
async fn a_credential_of_a_user_has_every_member_and_its_user_owns_it() {
    let office = Office::new().await;
    let body = machine(&json!({"username": "joe", "password": "hunter2-secret"}));
    let reply = office.admin.post(FOR_ALICE, &body).await;
    let made = reply.is(201);
    assert_eq!(reply.header("location"), made["url"]);
    assert!(!reply.text.contains("hunter2-secret"));
    snapshot!(made);
    let read = office.alice.get(made["url"].as_str().unwrap()).await.is(200);
    assert_eq!(read["summary_fields"]["user_capabilities"]["edit"], true);
    assert_eq!(read["inputs"], json!({"username": "joe", "password": "$encrypted$"}));
}

#[tokio::test]
async fn inputs_are_an_object_or_its_text_in_json_or_yaml() {
    let office = Office::new().await;
    for inputs in [
        json!({"username": "joe", "password": "s"}),
        json!("{\"username\": \"joe\", \"password\": \"s\"}"),
        json!("username: joe\npassword: s\n"),
    ] {
        let made = office.alice.post(FOR_ALICE, &machine(&inputs)).await.is(201);
        assert_eq!(made["inputs"], json!({"username": "joe", "password": "$encrypted$"}));
        assert_eq!(made["summary_fields"]["owners"][0]["name"], "alice");
    }
}

#[tokio::test]
async fn names_have_1_to_512_characters() {
    let office = Office::new().await;
    for (name, text) in [
        (json!(""), "This field may not be blank."),
        (json!("   "), "This field may not be blank."),
        (json!(null), "This field cannot be blank."),
        (json!("x".repeat(513)), "Ensure this field has no more than 512 characters."),
        (json!(true), "Not a valid string."),
        (json!([]), "Not a valid string."),
        (json!("a\0b"), "Null characters are not allowed."),
    ] {
        let body = json!({"name": name, "credential_type": 1});
        answers(&office.alice.post(FOR_ALICE, &body).await, 400, &json!({"name": [text]}));
    }
    for name in [json!("x".repeat(512)), json!("ü".repeat(512)), json!("1"), json!(12)] {
        let body = json!({"name": name, "credential_type": 1});
        office.alice.post(FOR_ALICE, &body).await.is(201);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_members_is_said_all_at_once() {
    let office = Office::new().await;
    let required = "This field is required.";
    let invalid = "Invalid pk \"99999\" - object does not exist.";
    for (body, expected) in [
        (json!({}), json!({"name": [required], "credential_type": [required]})),
        (
            json!({"name": "n", "credential_type": "abc"}),
            json!({"credential_type": ["Incorrect type. Expected pk value, received str."]}),
        ),
        (
            json!({"name": "n", "credential_type": null}),
            json!({"credential_type": ["This field may not be null."]}),
        ),
        (json!({"name": "n", "credential_type": 99999}), json!({"credential_type": [invalid]})),
        (
            json!({"name": "", "credential_type": true, "description": []}),
            json!({
                "name": ["This field may not be blank."],
                "credential_type": ["Incorrect type. Expected pk value, received bool."],
                "description": ["Not a valid string."],
            }),
        ),
    ] {
        answers(&office.admin.post(FOR_ALICE, &body).await, 400, &expected);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_inputs_is_said_in_awxs_words() {
    let office = Office::new().await;
    for (inputs, expected) in [
        (json!(""), json!(["str provided, expected dict"])),
        (json!("just a text"), json!(["str provided, expected dict"])),
        (json!("a: &x 1\nb: *x\n"), json!(["str provided, expected dict"])),
        (json!([]), json!(["list provided, expected dict"])),
        (json!(5), json!(["int provided, expected dict"])),
        (json!(true), json!(["bool provided, expected dict"])),
        (json!(null), json!(["This field may not be null."])),
        (
            json!({"usernam": "x", "username": 5}),
            json!(["Additional properties are not allowed ('usernam' was unexpected)"]),
        ),
        (
            json!({"b": "x", "a": "y"}),
            json!(["Additional properties are not allowed ('a', 'b' were unexpected)"]),
        ),
        (json!({"username": 5}), json!({"username": ["5 is not of type 'string'"]})),
        (json!({"password": 5}), json!({"password": ["<hidden> is not of type 'string'"]})),
        (
            json!({"password": "$encrypted$"}),
            json!(["$encrypted$ is a reserved keyword, and cannot be used for password."]),
        ),
        (json!({"username": "a\0"}), json!({"username": ["Null characters are not allowed."]})),
        (
            json!({"ssh_key_data": "not a key"}),
            json!({"ssh_key_data": ["Invalid certificate or key: <hidden>..."]}),
        ),
    ] {
        let reply = office.admin.post(FOR_ALICE, &machine(&inputs)).await;
        answers(&reply, 400, &json!({"inputs": expected}));
    }
}

#[tokio::test]
async fn the_path_says_who_owns_it_and_a_missing_owner_is_told_apart_by_who_asks() {
    let office = Office::new().await;
    let body = json!({"name": "n", "credential_type": 1, "organization": 2, "team": 1, "user": 1});
    let made = office.admin.post(FOR_ALICE, &body).await.is(201);
    assert_eq!(made["organization"], Value::Null);
    assert_eq!(made["summary_fields"]["owners"][0]["type"], "user");

    let invalid = "Invalid pk \"99999\" - object does not exist.";
    for (collection, member, model) in [
        ("users", "user", "User"),
        ("teams", "team", "Team"),
        ("organizations", "organization", "Organization"),
    ] {
        let path = format!("/api/v2/{collection}/99999/credentials/");
        let body = json!({"name": "n", "credential_type": 1});
        answers(&office.admin.post(&path, &body).await, 400, &json!({member: [invalid]}));
        is_missing(&office.alice.post(&path, &body).await, model);
        is_missing(&office.admin.get(&path).await, model);
    }
    is_missing(
        &office.admin.get("/api/v2/credential_types/99999/credentials/").await,
        "CredentialType",
    );
    let for_bob = "/api/v2/users/3/credentials/";
    is_missing(&office.alice.post(for_bob, &machine(&json!({}))).await, "User");
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    is_refused(&office.alice.post(for_bob, &machine(&json!({}))).await);
}

#[tokio::test]
async fn a_body_names_exactly_one_owner() {
    let office = Office::new().await;
    let with = |owners: Value| {
        let mut body = json!({"name": "n", "credential_type": 1});
        body.as_object_mut().unwrap().extend(owners.as_object().unwrap().clone());
        body
    };
    for (owners, expected) in [
        (json!({}), json!({"detail": ["Missing 'user', 'team', or 'organization'."]})),
        (
            json!({"user": null, "team": "", "organization": null}),
            json!({"detail": ["Missing 'user', 'team', or 'organization'."]}),
        ),
        (
            json!({"user": 2, "team": 1, "organization": 2}),
            json!({"detail": ["Only one of 'user', 'team', or 'organization' should be provided, received \
                organization, team, user fields."]}),
        ),
        (json!({"user": 99}), json!({"user": ["Invalid pk \"99\" - object does not exist."]})),
        (
            json!({"team": []}),
            json!({"team": ["Incorrect type. Expected pk value, received list."]}),
        ),
    ] {
        answers(&office.admin.post(CREDENTIALS, &with(owners)).await, 400, &expected);
    }
    for (owners, expected) in [
        (json!({"user": 99}), json!({"detail": "User matching query does not exist."})),
        (json!({"user": "x"}), json!({"detail": "Bad data found in related field user."})),
    ] {
        answers(&office.alice.post(CREDENTIALS, &with(owners)).await, 400, &expected);
    }
    is_refused(&office.alice.post(CREDENTIALS, &with(json!({}))).await);
    let galaxy = json!({"name": "n", "credential_type": 19, "user": 2});
    let expected =
        json!({"organization": ["Galaxy credentials must be owned by an Organization."]});
    answers(&office.admin.post(CREDENTIALS, &galaxy).await, 400, &expected);
}

#[tokio::test]
async fn credentials_of_a_team_and_of_an_organization_say_so() {
    let office = Office::new().await;
    let body = machine(&json!({}));
    let of_team = office.admin.post("/api/v2/teams/1/credentials/", &body).await.is(201);
    snapshot!(of_team["summary_fields"]["owners"]);
    let of_organization = office.bob.post("/api/v2/organizations/2/credentials/", &body).await;
    let expected = json!({"__all__": [
        "Credential with this Organization, Name and Credential type already exists."
    ]});
    answers(&of_organization, 400, &expected);
    let of_type = json!({"name": "by type", "credential_type": 2, "organization": 2});
    let made = office.bob.post("/api/v2/credential_types/1/credentials/", &of_type).await.is(201);
    assert_eq!((&made["credential_type"], &made["kind"]), (&json!(2), &json!("scm")));
    assert_eq!(
        made["related"]["named_url"],
        "/api/v2/credentials/by type++Source Control+scm++acme/"
    );
}

/// A number that no object can have is one of a missing object, and an answer that comes before anybody looked at the
/// request has the headers of the others.
#[tokio::test]
async fn numbers_and_bodies_beyond_all_bounds_are_answered_as_others() {
    let office = Office::new().await;
    let body = json!({"name": "c", "credential_type": 1});
    for (collection, member) in
        [("users", "user"), ("teams", "team"), ("organizations", "organization")]
    {
        let path = format!("/api/v2/{collection}/9223372036854775808/credentials/");
        let invalid = "Invalid pk \"9223372036854775808\" - object does not exist.";
        answers(&office.admin.post(&path, &body).await, 400, &json!({member: [invalid]}));
        office.alice.post(&path, &body).await.is(404);
        office.admin.get(&path).await.is(404);
    }
    let large = http::Request::post(CREDENTIALS)
        .header("content-type", "application/json")
        .body(axum::body::Body::from("x".repeat(1024 * 1024 + 1)))
        .unwrap();
    let reply = office.admin.send(large).await;
    reply.is(413);
    assert_eq!(reply.header("x-api-product-name"), "AWX");
    assert!(!reply.header("x-api-node").is_empty());
    assert!(reply.header("x-api-time").ends_with('s'));
}
