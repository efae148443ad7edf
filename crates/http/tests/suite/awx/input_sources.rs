//! Input sources: which fields of credentials are fetched with others.

use serde_json::{Value, json};

use super::{Office, answers, is_missing, is_refused};
use crate::room::{Room, on_both_stores};

const SOURCES: &str = "/api/v2/credential_input_sources/";

/// An office with the machine credential `m` and the Vault look-up `hv`; the ids of both.
async fn office(room: Room) -> (Office, i64, i64) {
    let office = Office::of(room).await;
    let target = office.of_type("m", 1, &json!({"username": "joe"})).await;
    let inputs = json!({"url": "https://vault.example.com", "token": "vault-secret-token"});
    let source = office.of_type("hv", 27, &inputs).await;
    (office, target, source)
}

fn body(target: i64, source: i64) -> Value {
    json!({
        "target_credential": target,
        "source_credential": source,
        "input_field_name": "password",
        "metadata": {"secret_path": "a/b", "secret_key": "k"},
    })
}

fn with(body: &Value, member: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[member] = value;
    body
}

on_both_stores! {
    async fn a_test_tells_what_may_not_be_tried_and_sends_nothing(room: Room) {
        let (office, target, source) = office(room).await;
        let path = |id: i64| format!("/api/v2/credentials/{id}/test/");
        let bare = office.of_type("bare", 27, &json!({"url": "https://vault.example.com"})).await;
        let metadata = json!({"secret_path": "a/b", "secret_key": "k"});
        let text = |text: &str| json!({"inputs": text});
        let listed = |text: &str| json!({"inputs": [text]});
        let destination = |field: &str| text(&format!("{field} cannot be given for a stored credential that holds secrets"));
        for (id, body, answer) in [
            (target, json!({}), text("AttributeError")),
            (target, json!({"inputs": {"url": "https://x"}}), text("AttributeError")),
            (source, json!({"inputs": {"url": "https://x"}}), destination("url")),
            // Several: the first in the order of the fields.
            (source, json!({"inputs": {"cacert": "x", "url": "https://x", "namespace": "n"}}), destination("url")),
            (source, json!({"inputs": {"url": "https://vault.example.com"}}), destination("url")),
            (source, json!({"inputs": {"api_version": "v2"}, "metadata": metadata}), text("NotImplementedError")),
            (bare, json!({"inputs": {"url": "https://x"}}), text("NotImplementedError")),
            (source, json!({"inputs": "x"}), listed("str provided, expected dict")),
            (source, json!({"inputs": []}), listed("list provided, expected dict")),
            (source, json!({"inputs": null}), listed("NoneType provided, expected dict")),
            (source, json!({"metadata": "x"}), listed("str provided, expected dict")),
        ] {
            let reply = office.admin.post(&path(id), &body).await;
            assert!(!reply.text.contains("vault-secret-token"));
            answers(&reply, 400, &answer);
        }
        let shown = office.admin.get(&path(source)).await;
        assert_eq!((shown.is(200), shown.header("allow")), (json!({}), "GET, POST, HEAD, OPTIONS"));
        office.admin.put(&path(source), &json!({})).await.is(405);
        is_missing(&office.admin.post(&path(4711), &json!({})).await, "Credential");
        // It takes *use*, whatever the body says.
        let roles = office.admin.get(&format!("/api/v2/credentials/{source}/")).await.is(200);
        let role = |name: &str| roles["summary_fields"]["object_roles"][name]["id"].clone();
        let give = async |name: &str| {
            let id = json!({"id": 2});
            office.admin.post(&format!("/api/v2/roles/{}/users/", role(name)), &id).await.is(204);
        };
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        give("read_role").await;
        is_refused(&office.alice.post(&path(source), &json!({"inputs": "x"})).await);
        is_refused(&office.alice.get(&path(source)).await);
        give("use_role").await;
        answers(&office.alice.post(&path(source), &json!({})).await, 400, &text("NotImplementedError"));

        // Of a type only what is given counts, and only a superuser may.
        let path = |id: i64| format!("/api/v2/credential_types/{id}/test/");
        for (id, body, answer) in [
            (1, json!({}), text("AttributeError")),
            (27, json!({"inputs": {"url": "https://x", "token": "t"}}), text("NotImplementedError")),
            (27, json!({"inputs": 1}), listed("int provided, expected dict")),
        ] {
            answers(&office.admin.post(&path(id), &body).await, 400, &answer);
        }
        is_refused(&office.alice.post(&path(27), &json!({})).await);
        is_refused(&office.bob.post(&path(27), &json!({})).await);
        is_missing(&office.admin.post(&path(4711), &json!({})).await, "CredentialType");
        office.admin.get(&path(27)).await.is(200);
    }

    async fn one_is_made_shown_changed_and_deleted(room: Room) {
        let (office, target, source) = office(room).await;
        let reply = office.admin.post(SOURCES, &body(target, source)).await;
        let made = reply.is(201);
        assert_eq!(reply.header("location"), made["url"]);
        let summary = |id: i64, name: &str, kind: &str, type_id: i64| {
            json!({"id": id, "name": name, "description": "", "kind": kind, "cloud": false, "credential_type_id": type_id})
        };
        assert_eq!(made["type"], "credential_input_source");
        assert_eq!(made["summary_fields"]["source_credential"], summary(source, "hv", "hashivault_kv", 27));
        assert_eq!(made["summary_fields"]["target_credential"], summary(target, "m", "ssh", 1));
        assert_eq!(made["summary_fields"]["user_capabilities"], json!({"delete": true}));
        assert_eq!(made["metadata"], json!({"secret_path": "a/b", "secret_key": "k"}));
        assert_eq!(made["related"]["target_credential"], format!("/api/v2/credentials/{target}/"));
        assert!(made.get("name").is_none());
        let path = made["url"].as_str().unwrap();
        for list in [
            SOURCES.to_owned(),
            format!("/api/v2/credentials/{target}/input_sources/"),
            format!("{SOURCES}?target_credential={target}&input_field_name=password"),
        ] {
            let listed = office.bob.get(&list).await.is(200);
            assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &made["id"]), "{list}");
        }
        // The field is fetched; the credential itself does not show it.
        let shown = office.admin.get(&format!("/api/v2/credentials/{target}/")).await.is(200);
        assert_eq!(shown["inputs"], json!({"username": "joe"}));
        let changed = office.bob.patch(path, &json!({"description": "d", "metadata": {"secret_path": "c", "secret_key": "k"}})).await.is(200);
        assert_eq!((&changed["description"], &changed["metadata"]["secret_path"]), (&json!("d"), &json!("c")));
        let put = with(&body(target, source), "input_field_name", json!("become_password"));
        let changed = office.admin.put(path, &put).await.is(200);
        assert_eq!((&changed["description"], &changed["input_field_name"]), (&json!(""), &json!("become_password")));
        assert_eq!(office.admin.delete(path).await.status, 204);
        is_missing(&office.admin.get(path).await, "CredentialInputSource");
    }

    async fn the_rules_between_the_two_credentials(room: Room) {
        let (office, target, source) = office(room).await;
        let good = body(target, source);
        let required = json!(["This field is required."]);
        answers(&office.admin.post(SOURCES, &json!({})).await, 400, &json!({
            "input_field_name": required, "target_credential": required, "source_credential": required,
        }));
        for (member, value, expected) in [
            ("target_credential", json!(source), json!({
                "target_credential": ["Target must be a non-external credential"],
                "input_field_name": [format!("Input field must be defined on target credential (options are {}).",
                    "api_version, cacert, client_cert_private, client_cert_public, client_cert_role, default_auth_path, \
                     kubernetes_role, namespace, password, role_id, secret_id, token, url, username")],
            })),
            ("source_credential", json!(target), json!({
                "metadata": ["Additional properties are not allowed ('secret_key', 'secret_path' were unexpected)"],
                "source_credential": ["Source must be an external credential"],
            })),
            ("input_field_name", json!("nope"), json!({"input_field_name": [
                "Input field must be defined on target credential (options are become_method, become_password, \
                 become_username, password, ssh_key_data, ssh_key_unlock, ssh_public_key_data, username)."
            ]})),
            ("metadata", json!([]), json!({"metadata": ["list provided, expected dict"]})),
            ("metadata", json!("x"), json!({"metadata": ["str provided, expected dict"]})),
            ("metadata", json!({"secret_path": "a", "secret_key": null}), json!({"metadata": {
                "secret_key": ["required for HashiCorp Vault Secret Lookup"]
            }})),
            ("metadata", json!({"secret_path": "a", "secret_key": "k", "auth_path": 1}), json!({"metadata": {
                "auth_path": ["1 is not of type 'string'"]
            }})),
            ("metadata", json!({"secret_path": "a", "secret_key": "k", "extraneous": 1}), json!({
                "metadata": ["Additional properties are not allowed ('extraneous' was unexpected)"]
            })),
            ("source_credential", json!(99), json!({"source_credential": ["Invalid pk \"99\" - object does not exist."]})),
        ] {
            let reply = office.admin.post(SOURCES, &with(&good, member, value.clone())).await;
            if member == "target_credential" {
                // The options are those of the type, whatever it has.
                let body = reply.is(400);
                assert_eq!(body["target_credential"], expected["target_credential"]);
                continue;
            }
            answers(&reply, 400, &expected);
        }
        office.admin.post(SOURCES, &good).await.is(201);
        answers(&office.admin.post(SOURCES, &good).await, 400, &json!({"__all__": [
            "Credential input source with this Target credential and Input field name already exists."
        ]}));
        answers(&office.bob.post(SOURCES, &with(&good, "target_credential", json!(99))).await, 400,
            &json!({"detail": "Credential matching query does not exist."}));
        answers(&office.bob.post(SOURCES, &with(&good, "target_credential", json!("x"))).await, 400,
            &json!({"detail": "Bad data found in related field target_credential."}));
        let below = "/api/v2/credentials/99/input_sources/";
        answers(&office.admin.post(below, &good).await, 400,
            &json!({"target_credential": ["Invalid pk \"99\" - object does not exist."]}));
        is_missing(&office.bob.post(below, &good).await, "Credential");
        is_missing(&office.admin.get(below).await, "Credential");
    }

    async fn it_takes_admin_on_the_target_and_use_on_the_source(room: Room) {
        let (office, target, source) = office(room).await;
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        let give = async |credential: i64, field: &str| {
            let path = format!("/api/v2/credentials/{credential}/");
            let roles = office.admin.get(&path).await.is(200)["summary_fields"]["object_roles"].clone();
            let id = roles[field]["id"].as_i64().unwrap();
            office.admin.post(&format!("/api/v2/roles/{id}/users/"), &json!({"id": 2})).await.is(204);
        };
        let good = body(target, source);
        is_refused(&office.alice.post(SOURCES, &good).await);
        give(target, "admin_role").await;
        is_refused(&office.alice.post(SOURCES, &good).await);
        give(source, "read_role").await;
        is_refused(&office.alice.post(SOURCES, &good).await);
        give(source, "use_role").await;
        let made = office.alice.post(&format!("/api/v2/credentials/{target}/input_sources/"), &good).await.is(201);
        assert_eq!(made["summary_fields"]["user_capabilities"]["delete"], true);
        assert_eq!(office.alice.delete(made["url"].as_str().unwrap()).await.status, 204);
    }

    async fn both_credentials_are_in_use_by_it(room: Room) {
        let (office, target, source) = office(room).await;
        let made = office.admin.post(SOURCES, &body(target, source)).await.is(201);
        for id in [target, source] {
            let used = office.admin.get(&format!("/strongroom/v1/credentials/{id}/references")).await.is(200);
            let one = &used["items"][0];
            assert_eq!((&one["consumer"], &one["kind"], &one["name"]), (&json!("awx"), &json!("input_source"), &json!("password")));
            let path = format!("/strongroom/v1/credentials/{id}/references/{}", one["id"]);
            assert_eq!(office.admin.delete(&path).await.status, 403);
            let other = if id == target { 2 } else { 26 };
            let path = format!("/api/v2/credentials/{id}/");
            answers(&office.admin.patch(&path, &json!({"credential_type": other})).await, 400, &json!({"credential_type": [
                "You cannot change the credential type of the credential, as it may break the functionality of the resources using it."
            ]}));
        }
        office.admin.patch("/strongroom/v1/organizations/2/settings", &json!({"protect_used": true})).await.is(200);
        let path = format!("/api/v2/credentials/{source}/");
        answers(&office.admin.delete(&path).await, 409, &json!({"detail": "Credential is in use: 1 input source."}));
        office.admin.patch("/strongroom/v1/organizations/2/settings", &json!({"protect_used": false})).await.is(200);
        let reply = office.admin.delete(&path).await;
        assert_eq!((reply.status, reply.header("warning")), (204, "299 strongroom \"credential was in use: 1 input source\""));
        is_missing(&office.admin.get(made["url"].as_str().unwrap()).await, "CredentialInputSource");
        let used = office.admin.get(&format!("/strongroom/v1/credentials/{target}/references")).await.is(200);
        assert_eq!(used["items"], json!([]));
    }

    async fn a_copy_has_the_input_sources_of_its_original(room: Room) {
        let (office, target, source) = office(room).await;
        office.admin.post(SOURCES, &body(target, source)).await.is(201);
        let copy = office.admin.post(&format!("/api/v2/credentials/{target}/copy/"), &json!({"name": "m2"})).await.is(201);
        let listed = office.admin.get(&format!("/api/v2/credentials/{}/input_sources/", copy["id"])).await.is(200);
        assert_eq!((&listed["count"], &listed["results"][0]["source_credential"]), (&json!(1), &json!(source)));
        assert_eq!(listed["results"][0]["metadata"], json!({"secret_path": "a/b", "secret_key": "k"}));
    }
}
