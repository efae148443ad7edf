//! Filters along relations, patterns, and what they must not tell.

use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use super::{CREDENTIALS, Office, answers};
use crate::room::{Caller, Room, on_both_stores};

async fn names(caller: &Caller, path: &str) -> Vec<String> {
    let list = caller.get(path).await.is(200);
    let name = |element: &Value| {
        let name = element.get("name").or_else(|| element.get("username"));
        name.unwrap().as_str().unwrap().to_owned()
    };
    list["results"].as_array().unwrap().iter().map(name).collect()
}

/// Organizations `acme` and `zeta`, each with a team; credentials of both, of alice and of nobody else.
async fn stocked(room: &Room) -> Caller {
    let admin = room.admin().await;
    room.user("alice").await;
    for (path, body) in [
        ("/api/v2/organizations/", json!({"name": "acme"})),
        ("/api/v2/organizations/", json!({"name": "zeta"})),
        ("/api/v2/teams/", json!({"name": "ops", "organization": 2})),
        ("/api/v2/teams/", json!({"name": "dev", "organization": 3})),
        (CREDENTIALS, json!({"name": "web 1", "credential_type": 1, "organization": 2})),
        (CREDENTIALS, json!({"name": "web 22", "credential_type": 5, "organization": 2})),
        (CREDENTIALS, json!({"name": "Database", "credential_type": 1, "organization": 3})),
        (CREDENTIALS, json!({"name": "mine", "credential_type": 1, "user": 2})),
    ] {
        admin.post(path, &body).await.is(201);
    }
    admin.post("/api/v2/teams/1/users/", &json!({"id": 2})).await.is(204);
    admin
}

on_both_stores! {
    async fn filters_follow_relations_and_patterns(room: Room) {
        let admin = stocked(&room).await;
        for (query, expected) in [
            ("credential_type__kind=cloud", vec!["web 22"]),
            ("credential_type__namespace__in=aws,gce", vec!["web 22"]),
            ("organization__name__startswith=z", vec!["Database"]),
            ("organization__id=2", vec!["web 1", "web 22"]),
            ("organization__teams__name=ops", vec!["web 1", "web 22"]),
            ("not__organization__teams__name=ops&managed=false", vec!["Database", "mine"]),
            ("admin_role__members=2", vec!["mine"]),
            ("admin_role__members__username=alice", vec!["mine"]),
            ("created_by__username=admin&name=mine", vec!["mine"]),
            ("created_by__search=ADM&name=mine", vec!["mine"]),
            ("organization__search=acme", vec!["web 1", "web 22"]),
            ("organization__search=acme&organization__search=zeta", vec!["Database", "web 1", "web 22"]),
            ("organization__search=acme,zeta", vec![]),
            ("chain__name__startswith=web&chain__not__name__endswith=1", vec!["web 22"]),
            ("or__name=mine&or__organization__name=zeta", vec!["Database", "mine"]),
            ("name__regex=^web%20[0-9]{2}$", vec!["web 22"]),
            ("name__iregex=^data", vec!["Database"]),
            ("not__name__regex=web&managed=false", vec!["Database", "mine"]),
            ("id__contains=3", vec!["web 22"]),
            ("role_level=admin_role&managed=false", vec!["Database", "mine", "web 1", "web 22"]),
            ("order_by=-organization__name,name&managed=false", vec!["mine", "Database", "web 1", "web 22"]),
        ] {
            assert_eq!(names(&admin, &format!("{CREDENTIALS}?{query}")).await, expected, "{query}");
        }
        for (path, expected) in [
            ("/api/v2/credential_types/?credentials__name=web%2022", vec!["Amazon Web Services"]),
            ("/api/v2/organizations/?teams__name=dev", vec!["zeta"]),
            ("/api/v2/users/?roles__role_field=member_role", vec!["alice"]),
            ("/api/v2/credential_types/?inputs__contains=security_token", vec!["Amazon Web Services"]),
            ("/api/v2/organizations/?teams__isnull=true", vec!["Default"]),
        ] {
            assert_eq!(names(&admin, path).await, expected, "{path}");
        }
        let entries = admin.get("/api/v2/activity_stream/?credential__name=mine&operation=create").await;
        assert_eq!(entries.is(200)["count"], 1);
    }

    async fn a_filter_tells_nothing_that_its_caller_may_not_read(room: Room) {
        stocked(&room).await;
        let alice = room.with_token_of("alice").await;
        for (path, expected) in [
            // Of an object that she may not read nothing holds, and no more when it is turned round.
            ("/api/v2/credential_types/?credentials__name=Database", vec![]),
            ("/api/v2/credential_types/?credentials__name=mine", vec!["Machine"]),
            ("/api/v2/credential_types/?credentials__name__regex=^Data", vec![]),
            ("/api/v2/organizations/?name=zeta", vec![]),
            ("/api/v2/credentials/?created_by__username=admin", vec!["mine"]),
            ("/api/v2/credentials/?role_level=admin_role", vec!["mine"]),
            ("/api/v2/credentials/?role_level=use_role", vec!["mine"]),
            ("/api/v2/teams/?role_level=member_role", vec!["ops"]),
            ("/api/v2/teams/?role_level=admin_role", vec![]),
        ] {
            assert_eq!(names(&alice, path).await, expected, "{path}");
        }
        let types = alice.get("/api/v2/credential_types/?not__credentials__name=Database").await;
        let all = alice.get("/api/v2/credential_types/").await;
        assert_eq!(types.is(200)["count"], all.is(200)["count"]);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_so_many_words() {
    let office = Office::new().await;
    for (query, status, text) in [
        ("organization__bogus=1", 400, "Organization has no field named 'bogus'"),
        ("name__search=x", 400, "name is not searchable"),
        (
            "managed__iexact=x",
            400,
            "managed is not a text field and cannot be filtered by case-insensitive search",
        ),
        ("credential_type__inputs__icontains=x", 403, "Filtering on field inputs is not allowed."),
        ("created_by__password__startswith=x", 403, "Filtering on password is not allowed."),
        ("order_by=inputs", 403, "Filtering on field inputs is not allowed."),
        ("admin_role__members=x", 400, "Invalid members id: x"),
        (
            "organization__regex=x",
            400,
            "Unsupported lookup 'regex' for ForeignKey or join on the field not permitted.",
        ),
        (
            "organization__credentials__organization__credentials__name=x",
            400,
            "Loops not allowed in filters, detected on field organization.",
        ),
        ("name__regex=(", 400, "unclosed group"),
        ("role_level=bogus", 400, "Credential has no role named 'bogus'"),
    ] {
        let reply = office.admin.get(&format!("{CREDENTIALS}?{query}")).await;
        answers(&reply, status, &json!({"detail": text}));
    }
}

#[tokio::test]
async fn no_query_is_more_than_a_list_can_bear() {
    let office = Office::new().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let name = prop::sample::select(vec![
        "name",
        "organization",
        "credential_type",
        "created_by",
        "admin_role",
        "members",
        "teams",
        "credentials",
        "inputs",
        "id",
        "pk",
        "search",
        "regex",
        "in",
        "isnull",
        "gt",
        "not",
        "or",
        "chain",
        "icontains",
        "managed",
        "created",
        "role_level",
        "order_by",
        "page",
        "password",
        "roles",
        "",
        "é",
    ]);
    let names = prop::collection::vec(name, 1..5).prop_map(|parts| parts.join("__"));
    let value = prop_oneof![
        "[a-z0-9(*\\[%,.&=-]{0,6}",
        Just("1".to_owned()),
        Just("none".to_owned()),
        Just("true".to_owned())
    ];
    let query = prop::collection::vec((names, value), 1..4);
    let lists = [
        "credentials",
        "credential_types",
        "organizations",
        "teams",
        "users",
        "roles",
        "tokens",
        "applications",
        "activity_stream",
        "job_templates",
        "credential_input_sources",
    ];
    for list in lists.iter().cycle().take(lists.len() * 40) {
        let pairs = query.new_tree(&mut runner).unwrap().current();
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(pairs);
        let path = format!("/api/v2/{list}/?{}", text.finish());
        let reply = office.alice.bare(Method::GET, &path).await;
        assert!(
            [200, 400, 403, 404, 406].contains(&reply.status),
            "{path}: {} {}",
            reply.status,
            reply.text
        );
    }
}
