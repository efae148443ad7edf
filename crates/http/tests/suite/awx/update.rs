//! Credentials changed, copied and deleted.

use serde_json::{Value, json};

use super::{CREDENTIALS, Office, answers, is_refused, snapshot};

#[tokio::test]
async fn the_seeds_body_keeps_the_password_and_changes_the_user_name() {
    let office = Office::new().await;
    let path = office.credential("Best credential ever").await;
    let body = json!({"inputs": {"password": "$encrypted$", "username": "joanna"}});
    let changed = office.admin.patch(&path, &body).await.is(200);
    snapshot!(changed);
    let versions = format!("/strongroom/v1/credentials/{}/versions", changed["id"]);
    let versions = office.admin.get(&versions).await.is(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_put_takes_the_first_values_for_what_it_leaves_out() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let required = "This field is required.";
    let expected = json!({"name": [required], "credential_type": [required]});
    answers(&office.admin.put(&path, &json!({"description": "d"})).await, 400, &expected);
    let body = json!({"name": "c", "credential_type": 1, "organization": 2});
    let replaced = office.admin.put(&path, &body).await.is(200);
    assert_eq!((&replaced["inputs"], &replaced["description"]), (&json!({}), &json!("")));
    let body = json!({"name": "c", "credential_type": 1});
    let replaced = office.admin.put(&path, &body).await.is(200);
    assert_eq!(replaced["organization"], Value::Null);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_inputs_as_a_whole() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let unchanged = office.admin.patch(&path, &json!({})).await.is(200);
    assert_eq!(unchanged, office.admin.get(&path).await.is(200));
    let body = json!({"id": 77, "managed": true, "kind": "x", "bogus": 1, "description": "d"});
    let changed = office.admin.patch(&path, &body).await.is(200);
    assert_eq!((&changed["description"], &changed["managed"]), (&json!("d"), &json!(false)));
    assert_eq!(changed["inputs"]["password"], "$encrypted$");
    let changed = office.admin.patch(&path, &json!({"inputs": {"username": "x"}})).await.is(200);
    assert_eq!(changed["inputs"], json!({"username": "x"}));
}

#[tokio::test]
async fn what_a_change_may_not_say_is_refused_in_awxs_words() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    office.credential("taken").await;
    let unique = "Credential with this Organization, Name and Credential type already exists.";
    for (body, expected) in [
        (json!({"name": ""}), json!({"name": ["This field may not be blank."]})),
        (json!({"name": "taken"}), json!({"__all__": [unique]})),
        (
            json!({"inputs": {"password": 5}}),
            json!({"inputs": ["secret values must be of type string, not int"]}),
        ),
        (
            json!({"inputs": {"become_password": "$encrypted$"}}),
            json!({"inputs": ["$encrypted$ is a reserved keyword, and cannot be used for become_password."]}),
        ),
        (
            json!({"inputs": {"bogus": "x"}}),
            json!({"inputs": ["Additional properties are not allowed ('bogus' was unexpected)"]}),
        ),
    ] {
        answers(&office.admin.patch(&path, &body).await, 400, &expected);
    }
    let vault = json!({
        "name": "v", "credential_type": 3, "organization": 2,
        "inputs": {"vault_password": "x", "vault_id": "dev"},
    });
    let vault = office.admin.post(CREDENTIALS, &vault).await.is(201);
    let body = json!({"inputs": {"vault_password": "$encrypted$", "vault_id": "prod"}});
    let expected = json!({"inputs": ["Vault IDs cannot be changed once they have been created."]});
    answers(&office.admin.patch(vault["url"].as_str().unwrap(), &body).await, 400, &expected);
}

#[tokio::test]
async fn the_type_of_a_credential_in_use_stays() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let id = path.trim_start_matches(CREDENTIALS).trim_end_matches('/').to_owned();
    let references = format!("/strongroom/v1/credentials/{id}/references");
    let used = json!({"consumer": "scheduler", "kind": "job_template", "name": "nightly"});
    let reference = office.admin.post(&references, &used).await;
    let reference = reference.header("location");
    for body in
        [json!({"credential_type": 2}), json!({"credential_type": 2, "inputs": {"username": "x"}})]
    {
        let expected = json!({"credential_type": [
            "You cannot change the credential type of the credential, as it may break the functionality of the \
             resources using it."
        ]});
        answers(&office.admin.patch(&path, &body).await, 400, &expected);
    }
    office.admin.patch(&path, &json!({"credential_type": 1, "name": "d"})).await.is(200);
    office.admin.delete(reference).await.is(204);
    office.admin.patch(&path, &json!({"credential_type": 2})).await.is(200);
}

/// A secret that its new type would show does not go with it, whether it is kept by leaving the inputs out or by the
/// mask, which is no value there either.
#[tokio::test]
async fn a_secret_does_not_come_to_light_in_another_type() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let fields = json!([
        {"id": "username", "label": "Name", "type": "string"},
        {"id": "password", "label": "Word", "type": "string"},
        {"id": "token", "label": "Token", "type": "string", "secret": true},
    ]);
    let open = json!({"name": "Open", "kind": "cloud", "inputs": {"fields": fields}});
    let open = office.admin.post("/api/v2/credential_types/", &open).await.is(201)["id"].clone();
    let again = "must be entered again because credential_type changed.";
    let expected = json!({"inputs": {"password": [again]}});
    let name = json!("c");
    for inputs in [None, Some(json!({"username": "joe", "password": "$encrypted$"}))] {
        let mut body = json!({"name": name, "credential_type": open, "organization": 2});
        if let Some(inputs) = inputs {
            body["inputs"] = inputs;
            answers(&office.admin.put(&path, &body).await, 400, &expected);
        }
        answers(&office.admin.patch(&path, &body).await, 400, &expected);
    }
    let reserved = "$encrypted$ is a reserved keyword, and cannot be used for token.";
    let body = json!({"credential_type": open, "inputs": {"token": "$encrypted$"}});
    answers(&office.admin.patch(&path, &body).await, 400, &json!({"inputs": [reserved]}));
    let body =
        json!({"credential_type": open, "inputs": {"username": "joe", "password": "in clear"}});
    let changed = office.admin.patch(&path, &body).await.is(200);
    assert_eq!(changed["inputs"], json!({"username": "joe", "password": "in clear"}));
    // What was there before is one restored version away, type and all.
    let restore = format!("/strongroom/v1/credentials/{}/versions/1/restore", changed["id"]);
    let restored = office.admin.post(&restore, &json!({})).await.is(200);
    assert_eq!(restored["type"], 1);
    let back = office.admin.get(&path).await.is(200);
    assert_eq!(
        (&back["credential_type"], &back["inputs"]),
        (&json!(1), &json!({"username": "joe", "password": "$encrypted$"}))
    );
}

#[tokio::test]
async fn deleting_says_whether_the_credential_was_in_use() {
    let office = Office::new().await;
    let (free, used) = (office.credential("free").await, office.credential("used").await);
    let id = used.trim_start_matches(CREDENTIALS).trim_end_matches('/').to_owned();
    let references = format!("/strongroom/v1/credentials/{id}/references");
    let body = json!({"consumer": "scheduler", "kind": "job template", "name": "nightly"});
    office.admin.post(&references, &body).await.is(201);
    let reply = office.admin.delete(&free).await;
    assert_eq!((reply.status, reply.header("warning"), reply.text.as_str()), (204, "", ""));
    let reply = office.admin.delete(&used).await;
    let warning = "299 strongroom \"credential was in use: 1 job template\"";
    assert_eq!((reply.status, reply.header("warning")), (204, warning));
    super::is_missing(&office.admin.delete(&used).await, "Credential");
}

#[tokio::test]
async fn managed_credentials_are_neither_changed_nor_deleted() {
    let office = Office::new().await;
    let path = "/api/v2/credentials/1/";
    let expected = json!({"detail": "Modifications not allowed for managed credentials"});
    answers(&office.admin.patch(path, &json!({"name": "z"})).await, 403, &expected);
    let expected = json!({"detail": "Deletion not allowed for managed credentials"});
    answers(&office.admin.delete(path).await, 403, &expected);
}

#[tokio::test]
async fn a_copy_needs_a_name_of_its_own_and_the_right_to_create() {
    let office = Office::new().await;
    let path = office.credential("c").await;
    let copy = format!("{path}copy/");
    let same = "The original object is already named c, a copy from it cannot have the same name.";
    for (body, expected) in [
        (json!({}), json!({"name": ["This field is required."]})),
        (json!({"name": ""}), json!({"name": ["This field may not be blank."]})),
        (json!({"name": "c"}), json!({"__all__": [same]})),
    ] {
        answers(&office.admin.post(&copy, &body).await, 400, &expected);
    }
    let made = office.bob.post(&copy, &json!({"name": "d"})).await;
    assert_eq!(made.header("location"), made.is(201)["url"]);
    assert_eq!(made.is(201)["inputs"], json!({"username": "joe", "password": "$encrypted$"}));
    answers(&office.bob.get(&copy).await, 200, &json!({"can_copy": true}));

    let private = json!({"name": "own", "credential_type": 1});
    let private = office.alice.post("/api/v2/users/2/credentials/", &private).await.is(201);
    let copy = format!("{}copy/", private["url"].as_str().unwrap());
    answers(&office.alice.get(&copy).await, 200, &json!({"can_copy": false}));
    is_refused(&office.alice.post(&copy, &json!({"name": "d"})).await);
}
