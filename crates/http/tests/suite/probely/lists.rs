//! The list of credentials: pages, filters, order, search.

use serde_json::{Value, json};

use super::{CREDENTIALS, Office, line, make};
use crate::room::{Caller, on_both_stores};

/// The names on the page that a query gives.
async fn names(caller: &Caller, query: &str) -> String {
    let page = caller.get(&format!("{CREDENTIALS}?{query}")).await.is(200);
    let results = page["results"].as_array().unwrap().iter();
    results.map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

on_both_stores! {
    /// Pages and their envelope.
    async fn pages_have_an_envelope(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let envelope = |page: &Value| {
            json!([page["count"], page["page_total"], page["page"], page["length"], page["results"].as_array().map(Vec::len)])
        };
        let empty = alice.get(CREDENTIALS).await.is(200);
        assert_eq!(envelope(&empty), json!([0, 1, 1, 10, 0]));
        for number in 0..12 {
            make(&alice, &json!({"name": format!("c{number:02}"), "value": "x"})).await;
        }
        for (query, expected) in [
            ("", json!([12, 2, 1, 10, 10])),
            ("page=2", json!([12, 2, 2, 10, 2])),
            ("length=5&page=3", json!([12, 3, 3, 5, 2])),
            ("length=0", json!([12, 2, 1, 10, 10])),
            ("length=100000", json!([12, 1, 1, 1000, 12])),
            ("length=x&page=1", json!([12, 2, 1, 10, 10])),
        ] {
            let page = alice.get(&format!("{CREDENTIALS}?{query}")).await.is(200);
            assert_eq!(envelope(&page), expected, "{query}");
        }
        let mut lines = Vec::new();
        for query in ["page=3", "page=0", "page=x", "page=-1", "page=9223372036854775807"] {
            lines.push(line(query, &alice.get(&format!("{CREDENTIALS}?{query}")).await));
        }
        insta::assert_snapshot!("no_page", lines.join("\n"));
    }

    /// Filters, search and order.
    async fn lists_are_filtered_and_ordered(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        office.join("alice").await;
        let mut ids = Vec::new();
        for (name, description, sensitive, team) in [
            ("delta", "The Shop", true, None),
            ("alpha", "", false, None),
            ("Beta", "100% _off_", true, Some(office.team.1.as_str())),
            ("gamma", "shop", false, Some(office.team.1.as_str())),
        ] {
            let body = json!({
                "name": name, "description": description, "value": "needle", "is_sensitive": sensitive, "team": team,
            });
            let path = make(&alice, &body).await;
            ids.push(path.split('/').nth(2).unwrap().to_owned());
            office.room.wait(1);
        }
        alice.patch(&format!("{CREDENTIALS}{}/", ids[0]), &json!({"description": "The Shop"})).await.is(200);
        for (query, expected) in [
            ("", "Beta alpha delta gamma".to_owned()),
            ("ordering=-name", "gamma delta alpha Beta".to_owned()),
            ("ordering=created_at", "delta alpha Beta gamma".to_owned()),
            ("ordering=-changed", "delta gamma Beta alpha".to_owned()),
            ("ordering=updated_at", "alpha Beta gamma delta".to_owned()),
            ("ordering=-is_sensitive,-name", "delta Beta gamma alpha".to_owned()),
            ("ordering=usage_count", "Beta alpha delta gamma".to_owned()),
            ("ordering=nonsense", "Beta alpha delta gamma".to_owned()),
            ("search=SHOP", "delta gamma".to_owned()),
            ("search=needle", String::new()),
            ("search=%25", "Beta".to_owned()),
            ("search=_", "Beta".to_owned()),
            ("search=", "Beta alpha delta gamma".to_owned()),
            ("is_sensitive=True", "Beta delta".to_owned()),
            ("is_sensitive=0", "alpha gamma".to_owned()),
            ("is_sensitive=maybe", "Beta alpha delta gamma".to_owned()),
            (&format!("team={}", office.team.1), "Beta gamma".to_owned()),
            ("team=nobody", String::new()),
            (&format!("id={}&id={}", ids[1], ids[3]), "alpha gamma".to_owned()),
            (&format!("id={}&id=nonsense", ids[1]), "alpha".to_owned()),
            ("id=nonsense", String::new()),
            ("unknown=1&search=alp", "alpha".to_owned()),
        ] {
            assert_eq!(names(&alice, query).await, expected, "{query}");
        }
        let query = format!("{CREDENTIALS}?id={}&id=4DY4qGohso1r&id=x&is_id_404_validation=True", ids[1]);
        let reply = alice.get(&query).await.is(404);
        let expected = json!({
            "detail": "Not Found", "is_id_404_validation": true, "invalid_ids": ["4DY4qGohso1r", "x"],
        });
        assert_eq!(reply, expected);
        let query = format!("{CREDENTIALS}?id={}&is_id_404_validation=True", ids[1]);
        assert_eq!(alice.get(&query).await.is(200)["count"], 1);
    }

    /// A page with open values is one entry of the log, which lists the credentials.
    async fn the_open_values_of_a_page_are_one_entry(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        for (name, sensitive) in [("a", false), ("b", true), ("c", false)] {
            make(&alice, &json!({"name": name, "value": "hunter2", "is_sensitive": sensitive})).await;
        }
        let before = office.told().await.len();
        let page = alice.get(CREDENTIALS).await.is(200);
        let values: Vec<&Value> =
            page["results"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
        assert_eq!(values, [&json!("hunter2"), &json!(null), &json!("hunter2")]);
        let told = office.told().await;
        assert_eq!(told[before..], ["release done of 4 objects: "]);
        alice.get(&format!("{CREDENTIALS}?is_sensitive=true")).await.is(200);
        assert_eq!(office.told().await.len(), told.len());
    }
}
