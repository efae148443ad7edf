//! Job templates: the object, its credentials, and what an attachment does to a credential.

use serde_json::{Value, json};

use super::{Office, answers, is_missing, is_refused, snapshot, without_role_ids};
use crate::room::on_both_stores;

const TEMPLATES: &str = "/api/v2/job_templates/";

/// A job template of organization 2; its path.
async fn template(office: &Office, name: &str) -> String {
    let made =
        office.admin.post(TEMPLATES, &json!({"name": name, "organization": 2})).await.is(201);
    made["url"].as_str().unwrap().to_owned()
}

/// The ids of the credentials that a template shows.
async fn attached(office: &Office, path: &str) -> Vec<Value> {
    let shown = office.admin.get(path).await.is(200)["summary_fields"]["credentials"].clone();
    shown.as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

#[tokio::test]
async fn an_object_has_the_members_and_defaults_of_awx() {
    let office = Office::new().await;
    let path = template(&office, "deploy").await;
    let machine = office.of_type("m", 1, &json!({})).await;
    office.admin.post(&format!("{path}credentials/"), &json!({"id": machine})).await.is(204);
    snapshot!(without_role_ids(office.admin.get(&path).await.is(200)));
}

on_both_stores! {
    async fn one_is_made_changed_named_and_deleted(room: Room) {
        let office = Office::of(room).await;
        let body = json!({
            "name": "deploy", "organization": 2, "inventory": 7, "project": "3", "playbook": "site.yml",
            "extra_vars": "a: 1\n", "verbosity": 2, "job_type": "check", "credential": 5, "credentials": [5],
        });
        let made = office.bob.post(TEMPLATES, &body).await.is(201);
        for (member, value) in [
            ("inventory", json!(7)), ("project", json!(3)), ("playbook", json!("site.yml")), ("extra_vars", json!("a: 1\n")),
            ("verbosity", json!(2)), ("job_type", json!("check")), ("status", json!("never updated")), ("forks", json!(0)),
        ] {
            assert_eq!(made[member], value, "{member}");
        }
        assert!(made.get("credential").is_none() && made.get("credentials").is_none());
        let path = made["url"].as_str().unwrap();
        assert_eq!(office.bob.get("/api/v2/job_templates/deploy++acme/").await.is(200)["id"], made["id"]);
        let changed = office.bob.patch(path, &json!({"limit": "web", "forks": 5})).await.is(200);
        assert_eq!((&changed["limit"], &changed["forks"], &changed["inventory"]), (&json!("web"), &json!(5), &json!(7)));
        let changed = office.bob.put(path, &json!({"name": "deploy", "organization": 2})).await.is(200);
        assert_eq!((&changed["limit"], &changed["inventory"], &changed["verbosity"]), (&json!(""), &json!(null), &json!(0)));
        assert_eq!(office.admin.get("/api/v2/organizations/2/").await.is(200)["summary_fields"]["related_field_counts"]["job_templates"], 1);
        assert_eq!(office.bob.delete(path).await.status, 204);
        is_missing(&office.bob.get(path).await, "JobTemplate");
    }

    async fn faults_are_told_in_the_words_of_awx(room: Room) {
        let office = Office::of(room).await;
        template(&office, "deploy").await;
        for (body, expected) in [
            (json!({}), json!({"name": ["This field is required."]})),
            (json!({"name": " "}), json!({"name": ["This field may not be blank."]})),
            (json!({"name": "x", "job_type": "scan"}), json!({"job_type": ["\"scan\" is not a valid choice."]})),
            (json!({"name": "x", "verbosity": 9}), json!({"verbosity": ["\"9\" is not a valid choice."]})),
            (json!({"name": "x", "forks": -1}), json!({"forks": ["Ensure this value is greater than or equal to 0."]})),
            (json!({"name": "x", "diff_mode": "maybe"}), json!({"diff_mode": ["Must be a valid boolean."]})),
            (json!({"name": "x", "extra_vars": {"a": 1}}), json!({"extra_vars": ["Not a valid string."]})),
            (json!({"name": "x", "organization": 99}), json!({"organization": ["Invalid pk \"99\" - object does not exist."]})),
            (json!({"name": "deploy", "organization": 2}), json!({"__all__": [
                "JobTemplate with this (organization, name) combination already exists."
            ]})),
        ] {
            answers(&office.admin.post(TEMPLATES, &body).await, 400, &expected);
        }
        let reply = office.admin.post(TEMPLATES, &json!({"name": "x", "extra_vars": "[1]"})).await.is(400);
        assert!(reply["extra_vars"][0].as_str().unwrap().starts_with("Cannot parse as JSON (error: "));
        for below in ["launch", "jobs", "schedules", "survey_spec", "labels", "copy", "webhook_key"] {
            answers(&office.admin.get(&format!("{TEMPLATES}1/{below}/")).await, 404, &json!({
                "detail": "The requested resource could not be found."
            }));
        }
    }

    async fn who_makes_and_who_changes(room: Room) {
        let office = Office::of(room).await;
        let in_acme = json!({"name": "x", "organization": 2});
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        is_refused(&office.alice.post(TEMPLATES, &in_acme).await);
        is_refused(&office.alice.post(TEMPLATES, &json!({"name": "x"})).await);
        is_refused(&office.bob.post(TEMPLATES, &json!({"name": "x"})).await);
        office.admin.post(TEMPLATES, &json!({"name": "nobody's"})).await.is(201);
        let roles = office.admin.get("/api/v2/organizations/2/").await.is(200)["summary_fields"]["object_roles"].clone();
        let job_admin = format!("/api/v2/roles/{}/users/", roles["job_template_admin_role"]["id"]);
        office.admin.post(&job_admin, &json!({"id": 2})).await.is(204);
        let made = office.alice.post(TEMPLATES, &in_acme).await.is(201);
        assert_eq!(made["summary_fields"]["user_capabilities"], json!({
            "edit": true, "delete": true, "start": false, "schedule": false, "copy": false
        }));
        office.admin.post(&job_admin, &json!({"id": 2, "disassociate": true})).await.is(204);
        let path = made["url"].as_str().unwrap();
        is_refused(&office.alice.get(path).await);
        let execute = made["summary_fields"]["object_roles"]["execute_role"]["id"].clone();
        office.bob.post(&format!("/api/v2/roles/{execute}/users/"), &json!({"id": 2})).await.is(204);
        office.alice.get(path).await.is(200);
        is_refused(&office.alice.patch(path, &json!({"name": "y"})).await);
        let held = office.alice.get("/api/v2/users/2/roles/?role_field=execute_role").await.is(200);
        assert_eq!(held["results"][0]["summary_fields"]["resource_type"], "job_template");
        let reaching = office.bob.get(&format!("{path}access_list/?username=alice")).await.is(200);
        assert_eq!(reaching["results"][0]["summary_fields"]["direct_access"][0]["descendant_roles"], json!(["execute_role", "read_role"]));
        is_refused(&office.bob.patch(path, &json!({"organization": null})).await);
    }

    async fn credentials_are_attached_one_of_a_type(room: Room) {
        let office = Office::of(room).await;
        let path = template(&office, "deploy").await;
        let list = format!("{path}credentials/");
        let machine = office.of_type("m", 1, &json!({})).await;
        let other = office.of_type("m2", 1, &json!({})).await;
        let scm = office.of_type("scm", 2, &json!({})).await;
        let vault = office.of_type("v", 3, &json!({"vault_id": "dev", "vault_password": "x"})).await;
        let vault_too = office.of_type("v2", 3, &json!({"vault_id": "dev", "vault_password": "y"})).await;
        let vault_prod = office.of_type("v3", 3, &json!({"vault_id": "prod", "vault_password": "y"})).await;
        let post = async |body: Value| office.bob.post(&list, &body).await;
        assert_eq!(post(json!({"id": machine, "associate": true})).await.status, 204);
        let multiple = json!({"error": "Cannot assign multiple Machine credentials."});
        answers(&post(json!({"id": machine})).await, 400, &multiple);
        answers(&post(json!({"id": other})).await, 400, &multiple);
        answers(&post(json!({"id": scm})).await, 400, &json!({"error": "Cannot assign a Credential of kind `scm`."}));
        assert_eq!(post(json!({"id": vault})).await.status, 204);
        answers(&post(json!({"id": vault_too})).await, 400, &json!({"error": "Cannot assign multiple Vault (id=dev) credentials."}));
        assert_eq!(post(json!({"id": vault_prod})).await.status, 204);
        assert_eq!(attached(&office, &path).await, [json!(machine), json!(vault), json!(vault_prod)]);
        for (body, expected) in [
            (json!({"disassociate": true}), json!({"msg": "\"id\" is required to disassociate"})),
            (json!({"id": "abc"}), json!({"msg": "\"id\" field must be an integer."})),
            (json!({"id": "5"}), json!({"msg": "\"id\" field must be an integer."})),
            (json!({"id": 1.5}), json!({"msg": "\"id\" field must be an integer."})),
            (json!({"id": 999}), json!({"detail": "Credential matching query does not exist."})),
        ] {
            answers(&post(body).await, 400, &expected);
        }
        for _ in 0..2 {
            assert_eq!(post(json!({"id": vault, "disassociate": false})).await.status, 204);
        }
        assert_eq!(attached(&office, &path).await, [json!(machine), json!(vault_prod)]);
        assert_eq!(office.bob.get(&list).await.is(200)["count"], 2);
        let entries = office.admin.get(&format!("{path}activity_stream/?order_by=-id")).await.is(200);
        let last = &entries["results"][0];
        assert_eq!((&last["operation"], &last["object_association"]), (&json!("disassociate"), &json!("credentials")));
        assert_eq!(last["changes"]["relationship"], "awx.main.models.unified_jobs.UnifiedJobTemplate_credentials");
        assert_eq!((&last["changes"]["object1"], &last["changes"]["object2_pk"]), (&json!("job_template"), &json!(vault)));
    }

    async fn attaching_takes_use_and_detaching_takes_nothing(room: Room) {
        let office = Office::of(room).await;
        let path = template(&office, "deploy").await;
        let list = format!("{path}credentials/");
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        let shown = office.admin.get(&path).await.is(200)["summary_fields"]["object_roles"].clone();
        office.admin.post(&format!("/api/v2/roles/{}/users/", shown["admin_role"]["id"]), &json!({"id": 2})).await.is(204);
        let machine = office.of_type("m", 1, &json!({"password": "hunter2-secret"})).await;
        is_refused(&office.alice.post(&list, &json!({"id": machine})).await);
        office.admin.post(&list, &json!({"id": machine})).await.is(204);
        // Every reader of the template sees what is attached, masked.
        let seen = office.alice.get(&list).await.is(200);
        assert_eq!(seen["results"][0]["inputs"], json!({"password": "$encrypted$"}));
        is_refused(&office.alice.get(&format!("/api/v2/credentials/{machine}/")).await);
        office.alice.post(&list, &json!({"id": machine, "disassociate": true})).await.is(204);
        assert!(attached(&office, &path).await.is_empty());
        // What is hidden elsewhere is missing here, too.
        office.admin.post("/api/v2/organizations/", &json!({"name": "elsewhere"})).await.is(201);
        let body = json!({"name": "far", "credential_type": 1, "organization": 3});
        let far = office.admin.post("/api/v2/credentials/", &body).await.is(201)["id"].clone();
        for body in [json!({"id": far}), json!({"id": far, "disassociate": true})] {
            answers(&office.alice.post(&list, &body).await, 400, &json!({"detail": "Credential matching query does not exist."}));
        }
    }

    async fn one_is_made_and_attached_or_neither(room: Room) {
        let office = Office::of(room).await;
        let path = template(&office, "deploy").await;
        let list = format!("{path}credentials/");
        let body = json!({"name": "new", "credential_type": 1, "organization": 2, "user": 3, "inputs": {"username": "joe"}});
        let reply = office.bob.post(&list, &body).await;
        let made = reply.is(201);
        assert_eq!(reply.header("location"), made["url"]);
        assert_eq!(attached(&office, &path).await, [made["id"].clone()]);
        let count = async || office.admin.get("/api/v2/credentials/").await.is(200)["count"].clone();
        let before = count().await;
        let second = json!({"name": "second", "credential_type": 1, "organization": 2});
        answers(&office.bob.post(&list, &second).await, 400, &json!({"error": "Cannot assign multiple Machine credentials."}));
        is_refused(&office.bob.post(&list, &json!({"name": "x", "credential_type": 5})).await);
        assert_eq!(count().await, before);
        let unowned = office.admin.post(&list, &json!({"name": "x", "credential_type": 5})).await.is(201);
        assert_eq!(unowned["summary_fields"]["owners"], json!([]));
        answers(&office.admin.put(&list, &json!({})).await, 405, &json!({"detail": "Method \"PUT\" not allowed."}));
    }

    async fn an_attached_credential_is_in_use(room: Room) {
        let office = Office::of(room).await;
        let machine = office.of_type("m", 1, &json!({})).await;
        let path = format!("/api/v2/credentials/{machine}/");
        let templates = [template(&office, "one").await, template(&office, "two").await];
        for template in &templates {
            office.admin.post(&format!("{template}credentials/"), &json!({"id": machine})).await.is(204);
        }
        let before = office.admin.get(&templates[0]).await.is(200)["modified"].clone();
        office.admin.patch(&templates[0], &json!({"name": "renamed"})).await.is(200);
        let used = office.admin.get(&format!("/strongroom/v1/credentials/{machine}/references")).await.is(200);
        let names: Vec<&str> = used["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["renamed", "two"]);
        answers(&office.admin.patch(&path, &json!({"credential_type": 2})).await, 400, &json!({"credential_type": [
            "You cannot change the credential type of the credential, as it may break the functionality of the resources using it."
        ]}));
        office.admin.patch(&path, &json!({"description": "d", "inputs": {"username": "eve"}})).await.is(200);
        let protect = "/strongroom/v1/organizations/2/settings";
        office.admin.patch(protect, &json!({"protect_used": true})).await.is(200);
        answers(&office.admin.delete(&path).await, 409, &json!({"detail": "Credential is in use: 2 job templates."}));
        answers(&office.admin.delete("/api/v2/organizations/2/").await, 409, &json!({"detail": "Credential is in use: 2 job templates."}));
        office.admin.delete(&templates[1]).await.is(204);
        office.admin.patch(protect, &json!({"protect_used": false})).await.is(200);
        let reply = office.admin.delete(&path).await;
        assert_eq!((reply.status, reply.header("warning")), (204, "299 strongroom \"credential was in use: 1 job template\""));
        assert!(attached(&office, &templates[0]).await.is_empty());
        assert_eq!(office.admin.get(&templates[0]).await.is(200)["modified"], before);
        office.admin.delete("/api/v2/organizations/2/").await.is(204);
        is_missing(&office.admin.get(&templates[0]).await, "JobTemplate");
    }
}
