//! What `OPTIONS` says.

use http::Method;
use serde_json::json;

use super::Office;

#[tokio::test]
async fn lists_and_details_describe_themselves() {
    let office = Office::new().await;
    let mut described = Vec::new();
    for path in [
        "/api/v2/credentials/",
        "/api/v2/credential_types/",
        "/api/v2/users/2/credentials/",
        "/api/v2/organizations/2/",
        "/api/v2/roles/1/users/",
        "/api/v2/ping/",
    ] {
        described.push(office.admin.bare(Method::OPTIONS, path).await.is(200));
    }
    insta::assert_json_snapshot!(described);
}

#[tokio::test]
async fn an_action_is_named_only_to_who_may_do_it() {
    let office = Office::new().await;
    for (path, admin, bob, alice) in [
        ("/api/v2/credentials/", true, true, true),
        ("/api/v2/organizations/", true, false, false),
        ("/api/v2/credential_types/", true, false, false),
        ("/api/v2/users/", true, true, false),
        ("/api/v2/teams/", true, true, false),
        ("/api/v2/activity_stream/", false, false, false),
    ] {
        for (caller, may) in [(&office.admin, admin), (&office.bob, bob), (&office.alice, alice)] {
            let described = caller.bare(Method::OPTIONS, path).await.is(200);
            assert_eq!(described["actions"].get("POST").is_some(), may, "{path}");
            assert!(described["actions"].get("GET").is_some());
        }
    }
    // Whoever makes job templates need not administer anything.
    let may = async || {
        let described = office.alice.bare(Method::OPTIONS, "/api/v2/job_templates/").await.is(200);
        described["actions"].get("POST").is_some()
    };
    assert!(!may().await);
    office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
    assert!(!may().await);
    let roles = office.admin.get("/api/v2/organizations/2/").await.is(200);
    let role = &roles["summary_fields"]["object_roles"]["job_template_admin_role"]["id"];
    office.admin.post(&format!("/api/v2/roles/{role}/users/"), &json!({"id": 2})).await.is(204);
    assert!(may().await);
}

#[tokio::test]
async fn choices_that_are_numbers_are_numbers_everywhere() {
    let office = Office::new().await;
    let path = "/api/v2/job_templates/";
    let described = office.admin.bare(Method::OPTIONS, path).await.is(200);
    let choices = described["actions"]["GET"]["verbosity"]["choices"].as_array().unwrap();
    assert_eq!(choices[0], json!([0, "0 (Normal)"]));
    assert_eq!(choices.len(), 6);
    assert_eq!(described["actions"]["GET"]["job_type"]["choices"][0], json!(["run", "Run"]));
    let shown = office.admin.post(path, &json!({"name": "t", "verbosity": 3})).await.is(201);
    assert_eq!(shown["verbosity"], json!(3));
    let document = office.admin.get("/strongroom/v1/openapi/awx.json").await.is(200).to_string();
    assert!(document.contains(r#""verbosity":{"type":["integer","null"]}"#));
}

#[tokio::test]
async fn every_view_describes_itself() {
    let office = Office::new().await;
    let credential = office.credential("c").await;
    let id = credential.trim_start_matches(super::CREDENTIALS).trim_end_matches('/').to_owned();
    for row in strongroom_http::route_table() {
        if row.owner != strongroom_http::Owner::Awx || row.method != "OPTIONS" {
            continue;
        }
        let id = if row.template.starts_with(super::CREDENTIALS) { id.as_str() } else { "1" };
        let path = row.template.replace("{id}", id);
        let reply = office.admin.bare(Method::OPTIONS, &path).await;
        let described = reply.is(200);
        assert!(described["name"].is_string(), "{path}");
        if described.get("actions").is_none() {
            continue;
        }
        let allows_post = reply.header("allow").contains("POST");
        let says_post = described["actions"].get("POST").is_some();
        assert_eq!(allows_post, says_post, "{path}");
        assert_ne!(described["actions"]["GET"], json!({}), "{path}");
    }
}
