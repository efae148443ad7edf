//! Lists: pages, order and filters.

use serde_json::{Value, json};

use super::{CREDENTIALS, NOBODY, Site, credential, guid_of, guids, line, make, make_space, shown};
use crate::room::on_both_stores;

/// What a query of the registry credentials finds, as positions in the order they were made.
async fn found(site: &Site, all: &[String], query: &str) -> Vec<usize> {
    let list = site.admin.get(&format!("{CREDENTIALS}?{query}")).await.is(200);
    let found = guids(&list);
    assert_eq!(list["pagination"]["total_results"], found.len(), "{query}");
    let position = |guid: &String| all.iter().position(|one| one == guid).unwrap();
    found.iter().map(position).collect()
}

on_both_stores! {
    /// Walking the pages meets everything once, in the order in which it was made.
    async fn pages_follow_each_other(room: Room) {
        let site = Site::new(room).await;
        let mut made = Vec::new();
        for number in 0..5 {
            let location = format!("r{number}.example.com");
            made.push(make(&site.admin, &credential(&location, Some(("space", &site.space)))).await);
        }
        let mut seen = Vec::new();
        let mut next = format!("{CREDENTIALS}?per_page=2&order_by=created_at");
        let mut told = String::new();
        loop {
            let page = site.admin.get(next.trim_start_matches("http://localhost")).await.is(200);
            seen.extend(guids(&page));
            told += &shown(&page["pagination"]);
            match page["pagination"]["next"]["href"].as_str() {
                Some(href) => next = href.to_owned(),
                None => break,
            }
        }
        // The times are all the same: the order in which they were made breaks the ties, both ways.
        assert_eq!(seen, made);
        insta::assert_snapshot!("pages", told);
        assert_eq!(found(&site, &made, "order_by=-updated_at").await, [0, 1, 2, 3, 4]);
        let beyond = site.admin.get(&format!("{CREDENTIALS}?page=9&per_page=2")).await.is(200);
        assert_eq!(beyond["resources"], json!([]));
        assert_eq!((&beyond["pagination"]["next"], &beyond["pagination"]["total_pages"]), (&Value::Null, &json!(3)));
        assert!(beyond["pagination"]["previous"]["href"].as_str().unwrap().contains("page=8"));
        let none = site.admin.get(&format!("{CREDENTIALS}?scopes=app")).await.is(200);
        assert_eq!(none["pagination"]["total_pages"], 1);
        let bare = site.admin.get(CREDENTIALS).await.is(200);
        assert_eq!(bare["pagination"]["first"]["href"], "http://localhost/v3/registry_credentials?page=1&per_page=50");
    }

    /// Each filter finds what it says; several must all hold.
    async fn filters_find_what_they_say(room: Room) {
        let site = Site::new(room).await;
        let of = |location: &str, owner: Option<(&str, &str)>, labels: Value| {
            let mut body = credential(location, owner);
            body["metadata"] = json!({"labels": labels});
            body
        };
        let (organization, space, app) = (
            Some(("organization", site.organization.as_str())),
            Some(("space", site.space.as_str())),
            Some(("app", site.app.as_str())),
        );
        let mut all = Vec::new();
        for body in [
            of("a.example.com", None, json!({"env": "prod"})),
            of("a.example.com", organization, json!({"env": "dev", "x.example.com/tier": "1"})),
            of("a.example.com/Team", space, json!({})),
            of("b.example.com:5000", app, json!({"env": "prod", "tier": ""})),
        ] {
            all.push(make(&site.admin, &body).await);
            site.room.wait(60);
        }
        for (query, expected) in [
            ("scopes=app,space", vec![2, 3]),
            ("scopes=foundation&locations=a.example.com", vec![0]),
            ("locations=A.EXAMPLE.COM", vec![0, 1]),
            ("locations=a.example.com/team", vec![]),
            ("locations=A.example.com/Team,b.example.com:5000", vec![2, 3]),
            ("locations=", vec![]),
            ("locations=%00", vec![]),
            (&format!("organization_guids={}", site.organization), vec![1]),
            (&format!("space_guids={}", site.space), vec![2]),
            (&format!("app_guids={},{}", site.app, NOBODY), vec![3]),
            (&format!("space_guids={}&scopes=app", site.space), vec![]),
            (&format!("guids={},{}", all[3], all[0]), vec![0, 3]),
            ("guids=not-a-guid", vec![]),
            ("label_selector=env", vec![0, 1, 3]),
            ("label_selector=!env", vec![2]),
            ("label_selector=env%3Dprod", vec![0, 3]),
            ("label_selector=env!%3Dprod", vec![1, 2]),
            ("label_selector=env+in+(dev,prod),tier", vec![3]),
            ("label_selector=env+notin+(prod)", vec![1, 2]),
            ("label_selector=x.example.com/tier%3D%3D1&scopes=organization", vec![1]),
            ("created_ats=2026-01-01T00:00:00Z,2026-01-01T00:02:00Z", vec![0, 2]),
            ("created_ats[gt]=2026-01-01T00:00:00Z&created_ats%5Blte%5D=2026-01-01T00:02:00Z", vec![1, 2]),
            ("created_ats[lt]=2026-01-01T00:01:00Z", vec![0]),
            ("updated_ats[gte]=2026-01-01T00:03:00Z", vec![3]),
            ("order_by=-created_at&scopes=app,space", vec![3, 2]),
            ("order_by=%2Bupdated_at", vec![0, 1, 2, 3]),
        ] {
            assert_eq!(found(&site, &all, query).await, expected, "{query}");
        }
        let page = site.admin.get(&format!("{CREDENTIALS}?label_selector=env&per_page=2&page=2")).await.is(200);
        assert_eq!(guids(&page), [all[3].clone()]);
        assert_eq!(page["pagination"]["total_results"], 3);
    }

    /// What a caller may not read is not counted either.
    async fn only_what_may_be_read_is_listed_and_counted(room: Room) {
        let site = Site::new(room).await;
        let all = site.one_in_each_scope().await;
        let stranger = site.person("stranger").await;
        let auditor = site.in_organization("auditor", "organization_auditor").await;
        let developer = site.in_space("developer", "space_developer").await;
        for (caller, seen) in [(&site.admin, 0..4), (&stranger, 0..1), (&auditor, 0..2), (&developer, 0..4)] {
            let list = caller.get(CREDENTIALS).await.is(200);
            assert_eq!(guids(&list), all[seen.clone()]);
            assert_eq!(list["pagination"]["total_results"], seen.len());
            let labelled = caller.get(&format!("{CREDENTIALS}?label_selector=!x")).await.is(200);
            assert_eq!(labelled["pagination"]["total_results"], seen.len());
        }
    }

    /// The other lists are filtered and ordered by name, too.
    async fn other_lists_are_filtered_alike(room: Room) {
        let site = Site::new(room).await;
        let (admin, organization, space) = (&site.admin, &site.organization, &site.space);
        let second = make_space(admin, organization, "aaa").await;
        let docker = json!({
            "name": "worker",
            "lifecycle": {"type": "docker", "data": {}},
            "relationships": {"space": {"data": {"guid": second}}},
        });
        let worker = guid_of(&admin.post("/v3/apps", &docker).await.is(201));
        site.in_space("dora", "space_developer").await;
        let names = async |path: &str, member: &str| {
            let list = admin.get(path).await.is(200);
            let names = list["resources"].as_array().unwrap().iter();
            names.map(|one| one[member].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        for (path, member, expected) in [
            ("/v3/organizations?order_by=-name", "name", "acme Default"),
            ("/v3/organizations?names=ACME", "name", "acme"),
            ("/v3/spaces?order_by=name", "name", "aaa dev"),
            (&format!("/v3/spaces?organization_guids={organization}&names=dev,none"), "name", "dev"),
            ("/v3/spaces?organization_guids=x", "name", ""),
            ("/v3/apps?order_by=state", "name", "web worker"),
            ("/v3/apps?order_by=-name", "name", "worker web"),
            (&format!("/v3/apps?space_guids={space}"), "name", "web"),
            (&format!("/v3/apps?organization_guids={organization}&names=worker"), "name", "worker"),
            ("/v3/apps?lifecycle_type=docker", "name", "worker"),
            ("/v3/apps?stacks=", "name", ""),
            ("/v3/users?usernames=DORA", "username", "dora"),
            ("/v3/users?partial_usernames=OR,dm", "username", "admin dora"),
            ("/v3/users?origins=ldap", "username", ""),
            ("/v3/users?origins=uaa,ldap", "username", "admin dora"),
            ("/v3/roles?types=space_developer,space_manager", "type", "space_developer"),
            (&format!("/v3/roles?organization_guids={organization}"), "type", "organization_user"),
            (&format!("/v3/roles?space_guids={space}"), "type", "space_developer"),
        ] {
            assert_eq!(names(path, member).await, expected, "{path}");
        }
        let included = admin.get("/v3/spaces?include=org").await.is(200);
        assert_eq!(included["included"]["organizations"].as_array().unwrap().len(), 1);
        let included = admin.get(&format!("/v3/apps?include=space.organization&guids={worker}")).await.is(200);
        assert_eq!(included["included"]["spaces"][0]["guid"], second);
        assert_eq!(included["included"]["organizations"][0]["guid"], *organization);
        let included = admin.get("/v3/roles?include=user,space,organization").await.is(200);
        assert_eq!(included["included"]["users"][0]["username"], "dora");
        assert_eq!(included["included"]["spaces"][0]["guid"], *space);
        assert_eq!(included["included"]["organizations"][0]["guid"], *organization);
        assert_eq!(admin.get("/v3/apps").await.is(200).get("included"), None);
    }
}

#[tokio::test]
async fn bad_parameters_are_refused_in_the_platforms_words() {
    let site = Site::new(crate::room::Room::new().await).await;
    let mut lines = Vec::new();
    for path in [
        "/v3/registry_credentials?foo=1",
        "/v3/registry_credentials?include=org&fields=x",
        "/v3/registry_credentials?page=0&per_page=5001",
        "/v3/registry_credentials?order_by=location",
        "/v3/registry_credentials?scopes=galaxy",
        "/v3/registry_credentials?label_selector=",
        "/v3/registry_credentials?label_selector=a%20in%20b",
        "/v3/registry_credentials?created_ats[near]=2026-01-01T00:00:00Z",
        "/v3/organizations?organization_guids=x",
        "/v3/spaces?include=domain",
        "/v3/apps?order_by=size",
        "/v3/users?page=x",
        "/v3/roles?page=0",
        "/v3/roles?names=x",
    ] {
        lines.push(line(path, &site.admin.get(path).await));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
