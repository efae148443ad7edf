//! What holds for every path of the Catalog.

use http::Method;
use serde_json::json;

use super::{Docks, EXCHANGE, REGISTRIES, path_of, told};
use crate::room::on_both_stores;

on_both_stores! {
    async fn a_trailing_slash_makes_no_difference(room: Room) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let credentials = format!("{}/credentials/", docks.harbor);
        let minted = manager.post(&credentials, &json!({"description": "x"})).await;
        minted.is(201);
        let robot = path_of(&minted);
        for path in [
            "/v1/users/me",
            REGISTRIES,
            docks.harbor.as_str(),
            credentials.trim_end_matches('/'),
            robot.as_str(),
        ] {
            let (with, without) = (manager.get(&format!("{path}/")).await, manager.get(path).await);
            assert_eq!(with.is(200), without.is(200), "{path}");
            let head = manager.bare(Method::HEAD, path).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            assert_eq!(head.header("content-type"), "application/json");
        }
        manager.delete(&format!("{robot}/")).await.is(204);
    }

    async fn unknown_paths_and_methods_are_problems_that_name_the_path_without_its_query(
        room: Room,
    ) {
        let docks = Docks::new(room).await;
        let manager = docks.manager().await;
        let mut lines = Vec::new();
        for (method, path) in [
            (Method::GET, "/v1"),
            (Method::GET, "/v1/api.yaml"),
            (Method::GET, "/v1/nowhere?secret=marker"),
            (Method::POST, "/csp/gateway/am/api/auth/api-tokens"),
            (Method::DELETE, EXCHANGE),
            (Method::OPTIONS, REGISTRIES),
            (Method::GET, "/v1/registries/%00"),
            (Method::GET, "/v1//registries"),
        ] {
            let reply = manager.bare(method.clone(), path).await;
            assert!(!reply.text.contains("marker"));
            lines.push(format!("{method} {path}: {}", told(&reply)));
        }
        insta::assert_snapshot!("unknown_paths", lines.join("\n"));
    }
}
