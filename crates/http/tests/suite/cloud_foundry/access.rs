//! Who may do what with a registry credential of each scope, for every role that the contract names.

use std::fmt::Write as _;

use serde_json::json;

use super::{CREDENTIALS, Site, credential, guid_of, make, make_organization, make_space, path_of};
use crate::room::{Caller, on_both_stores};

/// What one caller gets from each request, as one line a scope.
async fn line_of(site: &Site, caller: &Caller, scope: &str, owner: Option<(&str, &str)>) -> String {
    let mut line = format!("  {scope:<13}");
    let made = make(&site.admin, &credential("r.example.com", owner)).await;
    let path = path_of(&made);
    let listed = caller.get(&format!("{CREDENTIALS}?guids={made}")).await;
    let count = match listed.status {
        200 => listed.is(200)["pagination"]["total_results"].to_string(),
        status => status.to_string(),
    };
    let _ = write!(line, " list {count} get {}", caller.get(&path).await.status);
    let labels = json!({"metadata": {"labels": {"a": "b"}}});
    let _ = write!(line, " label {}", caller.patch(&path, &labels).await.status);
    let password = json!({"password": "hunter3-secret"});
    let _ = write!(line, " change {}", caller.patch(&path, &password).await.status);
    let created = caller.post(CREDENTIALS, &credential("new.example.com", owner)).await;
    let _ = write!(line, " create {}", created.status);
    if created.status == 201 {
        let guid = guid_of(&created.is(201));
        site.admin.delete(&path_of(&guid)).await.is(204);
    }
    let deleted = caller.delete(&path).await.status;
    let _ = write!(line, " delete {deleted}");
    if deleted != 204 {
        site.admin.delete(&path).await.is(204);
    }
    line
}

on_both_stores! {
    async fn every_role_may_what_the_contract_says(room: Room) {
        let site = Site::new(room).await;
        let root = site.room.admin().await;
        let mut people: Vec<(&str, Caller)> = vec![
            ("anonymous", site.room.anonymous()),
            ("administrator", site.admin.clone()),
        ];
        for role in [
            "organization_user",
            "organization_auditor",
            "organization_manager",
            "organization_billing_manager",
        ] {
            people.push((role, site.in_organization(role, role).await));
        }
        for role in ["space_auditor", "space_developer", "space_manager", "space_supporter"] {
            people.push((role, site.in_space(role, role).await));
        }
        people.push(("known only", site.person("known").await));
        // Managers of another organization and developers of another space of the same one.
        let elsewhere = make_organization(&site.admin, "elsewhere").await;
        let other = make_space(&site.admin, &site.organization, "other").await;
        people.push(("manager of another organization", site.person("foreign").await));
        site.give("foreign", "organization_manager", "organization", &elsewhere).await.is(201);
        people.push(("developer of another space", site.in_organization("beside", "organization_user").await));
        site.give("beside", "space_developer", "space", &other).await.is(201);
        people.push(("AWX organization admin", site.person("chief").await));
        let users = root.get("/api/v2/users/?username=chief").await.is(200);
        let chief = json!({"id": users["results"][0]["id"]});
        root.post("/api/v2/organizations/2/admins/", &chief).await.is(204);
        let mut told = String::new();
        for (name, caller) in &people {
            told.push_str(name);
            told.push('\n');
            for (scope, owner) in [
                ("foundation", None),
                ("organization", Some(("organization", site.organization.as_str()))),
                ("space", Some(("space", site.space.as_str()))),
                ("app", Some(("app", site.app.as_str()))),
            ] {
                told += &line_of(&site, caller, scope, owner).await;
                told.push('\n');
            }
        }
        insta::assert_snapshot!("access", told);
    }
}
