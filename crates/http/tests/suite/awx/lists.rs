//! Lists: pages, filters, orders, and how they are refused.

use serde_json::{Value, json};

use std::time::Duration;

use strongroom_http::HttpSettings;
use strongroom_service::Tuning;

use super::{CREDENTIALS, Office, answers};
use crate::database::StoreKind;
use crate::room::Room;

async fn names(office: &Office, query: &str) -> Vec<String> {
    let list = office.admin.get(&format!("{CREDENTIALS}?{query}")).await.is(200);
    let name = |element: &Value| element["name"].as_str().unwrap().to_owned();
    list["results"].as_array().unwrap().iter().map(name).collect()
}

async fn stocked() -> Office {
    let office = Office::new().await;
    for name in ["alpha", "Beta", "gamma", "10%"] {
        office.credential(name).await;
    }
    let aws =
        json!({"name": "aws", "credential_type": 5, "user": 2, "description": "in the cloud"});
    office.admin.post(CREDENTIALS, &aws).await.is(201);
    office
}

#[tokio::test]
async fn pages_link_to_each_other_with_all_parameters_sorted() {
    let office = stocked().await;
    let page =
        office.admin.get(&format!("{CREDENTIALS}?page_size=2&order_by=-name&page=2")).await.is(200);
    assert_eq!(page["count"], 6);
    assert_eq!(page["next"], "/api/v2/credentials/?order_by=-name&page=3&page_size=2");
    assert_eq!(page["previous"], "/api/v2/credentials/?order_by=-name&page=1&page_size=2");
    let last = office.admin.get(&format!("{CREDENTIALS}?page_size=4&page=last")).await.is(200);
    assert_eq!((&last["next"], last["results"].as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(last["previous"], "/api/v2/credentials/?page=1&page_size=4");
    let capped = office.admin.get(&format!("{CREDENTIALS}?page_size=1000")).await.is(200);
    assert_eq!((&capped["next"], &capped["previous"]), (&Value::Null, &Value::Null));
    let uncounted =
        office.admin.get(&format!("{CREDENTIALS}?count_disabled=1&page_size=1")).await.is(200);
    assert_eq!(uncounted.as_object().unwrap().keys().collect::<Vec<_>>(), ["results"]);
    for query in ["page=99", "page=0", "page=x"] {
        let reply = office.admin.get(&format!("{CREDENTIALS}?{query}")).await;
        answers(&reply, 404, &json!({"detail": "Invalid page."}));
    }
    for query in ["page_size=", "page_size=x"] {
        let reply = office.admin.get(&format!("{CREDENTIALS}?{query}")).await;
        answers(&reply, 400, &json!({"detail": "Invalid page size."}));
    }
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let office = stocked().await;
    for (query, expected) in [
        ("name=alpha", vec!["alpha"]),
        ("name__iexact=beta", vec!["Beta"]),
        ("name__icontains=A&organization=2", vec!["Beta", "alpha", "gamma"]),
        ("name__contains=B", vec!["Beta"]),
        ("name__contains=%25", vec!["10%"]),
        ("name__startswith=al", vec!["alpha"]),
        ("name__istartswith=AL", vec!["alpha"]),
        ("name__endswith=mma", vec!["gamma"]),
        ("name__in=alpha,gamma,nope", vec!["alpha", "gamma"]),
        ("or__name=alpha&or__name=aws", vec!["alpha", "aws"]),
        ("not__organization=2&managed=false", vec!["aws"]),
        ("organization__isnull=true&managed=0", vec!["aws"]),
        ("organization=null&managed=F", vec!["aws"]),
        ("organization__name=acme&name__gt=b", vec!["gamma"]),
        ("credential_type__kind=cloud", vec!["aws"]),
        ("credential_type__namespace__in=aws,scm", vec!["aws"]),
        ("search=cloud", vec!["aws"]),
        ("search=cloud%20aws", vec!["aws"]),
        ("search=cloud,alpha", vec![]),
        ("created__lt=2000-01-01", vec![]),
        ("type=team", vec![]),
        ("type=team,credential&managed=true", vec!["Ansible Galaxy"]),
        ("or__id=2&or__name=2", vec!["alpha"]),
        ("order_by=-name&organization=2", vec!["gamma", "alpha", "Beta", "10%"]),
        (
            "order_by=organization__name,-id&managed=false",
            vec!["10%", "gamma", "Beta", "alpha", "aws"],
        ),
    ] {
        assert_eq!(names(&office, query).await, expected, "{query}");
    }
}

/// Lists that the database has to look for end when they take too long; those that are kept do not.
async fn what_takes_too_long_is_refused(kind: StoreKind) {
    let tuning = Tuning { list_time: Duration::from_millis(5), ..Tuning::default() };
    let room = Room::tuned(kind, HttpSettings::default(), tuning).await;
    let admin = room.with_token_of("admin").await;
    let guid = match kind {
        StoreKind::Sqlite => "randomblob(16)",
        StoreKind::Postgres => "decode(md5(CAST(i AS TEXT)), 'hex')",
    };
    let many = format!(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
         INSERT INTO organizations (guid, short_id, name, folded_name, description, max_hosts, protect_used, \
         use_includes_checkout, share_across_organizations, suspended, metadata, created, modified) \
         SELECT {guid}, 'short' || i, 'n' || i, 'n' || i, 'ab', 0, FALSE, FALSE, FALSE, FALSE, '{{}}', 1, 1 FROM n"
    );
    room.database.rows(&many).await;
    let sentence =
        "The filters or the order of this list take longer than the server allows; ask for less.";
    for query in [
        "name__iregex=(a|b|ab)*(c|d)(a%7Cb)*$",
        "search=nowhere",
        "or__description__iendswith=x&or__name__contains=zz",
        "created_by__username__icontains=a&order_by=-description",
    ] {
        let reply = admin.get(&format!("/api/v2/organizations/?{query}")).await;
        answers(&reply, 400, &json!({"detail": sentence}));
    }
    // The connection is as good as before, for what is kept and for what is quick.
    for path in
        ["credentials/", "credentials/?organization=1", "organizations/1/", "organizations/?id=1"]
    {
        admin.get(&format!("/api/v2/{path}")).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_is_refused_on_sqlite() {
    what_takes_too_long_is_refused(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_is_refused_on_postgres() {
    what_takes_too_long_is_refused(StoreKind::Postgres).await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let office = Office::new().await;
    for (path, status, text) in [
        ("credentials/?bogus=1", 400, "Credential has no field named 'bogus'"),
        ("credentials/?order_by=bogus", 400, "Credential has no field named 'bogus'"),
        ("credentials/?kind=ssh", 400, "Credential has no field named 'kind'"),
        ("credentials/?inputs__icontains=x", 403, "Filtering on field inputs is not allowed."),
        ("credentials/?order_by=inputs", 403, "Filtering on field inputs is not allowed."),
        ("users/?password=x", 403, "Filtering on password is not allowed."),
        ("users/?order_by=-password", 403, "Filtering on password is not allowed."),
        ("credentials/?role_level=bogus", 400, "Credential has no role named 'bogus'"),
        (
            "credential_types/?role_level=admin_role",
            400,
            "Cannot apply role_level filter to this list because its model does not use roles for access control.",
        ),
        ("credentials/?search=%00", 400, "Null characters are not allowed."),
    ] {
        let reply = office.admin.get(&format!("/api/v2/{path}")).await;
        answers(&reply, status, &json!({"detail": text}));
    }
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_read_and_never_refuses() {
    let office = stocked().await;
    let own = office.alice.get(CREDENTIALS).await.is(200);
    assert_eq!((&own["count"], &own["results"][0]["name"]), (&json!(1), &json!("aws")));
    let of_alice = office.bob.get("/api/v2/users/2/credentials/").await.is(200);
    assert_eq!(of_alice["count"], 0);
    let of_organization = office.bob.get("/api/v2/organizations/2/credentials/").await.is(200);
    assert_eq!(of_organization["count"], 4);
    let of_type = office.bob.get("/api/v2/credential_types/1/credentials/").await.is(200);
    assert_eq!(of_type["count"], 4);
    // Her own two entries and that of the credential she can read, but none of the organization's.
    let seen = office.alice.get("/api/v2/activity_stream/").await.is(200);
    let of = |entry: &serde_json::Value| entry["object1"].as_str().unwrap().to_owned();
    let seen: Vec<String> = seen["results"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(seen, ["user", "user", "credential"]);
}
