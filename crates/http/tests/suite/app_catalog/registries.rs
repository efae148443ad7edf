//! Registries as the Catalog lists and shows them.

use http::Method;
use serde_json::json;

use super::{Docks, REGISTRIES, registry, told};
use crate::room::on_both_stores;

on_both_stores! {
    async fn registries_are_listed_by_name_and_filtered(room: Room) {
        let docks = Docks::new(room).await;
        let member = docks.with_role("member", "catalog_member").await;
        insta::assert_snapshot!("registries", told(&member.get(REGISTRIES).await));
        for name in ["zeta", "alpha"] {
            registry(&docks.root, name, "acme").await;
        }
        for (query, expected, total) in [
            ("", vec!["alpha", "harbor", "zeta"], 3),
            ("?page_size=2", vec!["alpha", "harbor"], 3),
            ("?page_size=2&page=2", vec!["zeta"], 3),
            ("?page=4", vec![], 3),
            ("?provider=HARBOR", vec!["alpha", "harbor", "zeta"], 3),
            ("?provider=harbor", vec![], 0),
            ("?provider=", vec![], 0),
            (
                "?hosted=true&owned=true&shared=false&vmware_managed=false&removed=false",
                vec!["alpha", "harbor", "zeta"],
                3,
            ),
            ("?hosted=false", vec![], 0),
            ("?owned=false", vec![], 0),
            ("?shared=true", vec![], 0),
            ("?vmware_managed=true", vec![], 0),
            ("?removed=true", vec![], 0),
        ] {
            let page = member.get(&format!("{REGISTRIES}{query}")).await.is(200);
            let names: Vec<&str> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected, "{query}");
            assert_eq!(page["total_size"], total, "{query}");
        }
        let query = "?page=x&page_size=0&removed=1&hosted=TRUE&vmware_managed=&shared=no&owned=0&provider=%00";
        insta::assert_snapshot!(
            "registries_wrong_query",
            told(&member.get(&format!("{REGISTRIES}{query}")).await)
        );
    }

    async fn a_registry_is_shown_to_its_own_organization_only(room: Room) {
        let docks = Docks::new(room).await;
        let member = docks.with_role("member", "catalog_member").await;
        insta::assert_snapshot!("registry", told(&member.get(&docks.harbor).await));
        let absent =
            member.get(&format!("{REGISTRIES}/00000000-0000-4000-8000-000000000000")).await;
        insta::assert_snapshot!("registry_unknown", told(&absent));
        for path in [docks.pier.as_str(), "/v1/registries/1", "/v1/registries/x"] {
            let reply = member.get(path).await;
            assert_eq!(reply.is(404)["title"], absent.is(404)["title"]);
            let credentials = format!("{path}/credentials");
            member.get(&credentials).await.is(404);
            member.post(&credentials, &json!({"description": "x"})).await.is(404);
        }
        let mut lines = Vec::new();
        for (method, path) in [
            (Method::PUT, REGISTRIES),
            (Method::PUT, docks.harbor.as_str()),
            (Method::PUT, "/v1/users/me"),
            (Method::PATCH, docks.harbor.as_str()),
            (Method::DELETE, docks.harbor.as_str()),
        ] {
            lines.push(told(&member.json(method, path, &json!({})).await));
        }
        insta::assert_snapshot!("registries_other_methods", lines.join("\n"));
    }
}
