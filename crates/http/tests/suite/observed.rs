//! What is kept and counted of requests: the client's address and the route, never what was asked.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use strongroom_http::HttpSettings;

use crate::room::{Caller, Room};

/// Makes an organization, forwarded like this, from that peer.
async fn forwarded(admin: &Caller, peer: &str, forwarded_for: &str, name: &str) {
    let mut request = Request::post("/strongroom/v1/credentials")
        .header("content-type", "application/json")
        .header("x-forwarded-for", forwarded_for)
        .body(Body::from(
            json!({"name": name, "type": 1, "organization": 1, "inputs": {}}).to_string(),
        ))
        .unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    admin.send(request).await.is(201);
}

#[tokio::test]
async fn the_audit_keeps_the_address_of_the_client_and_believes_only_trusted_proxies() {
    let settings = HttpSettings {
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..HttpSettings::default()
    };
    let room = Room::with(settings).await;
    let admin = room.admin().await;
    for (peer, forwarded_for, source) in [
        ("10.1.2.3:80", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3:80", "198.51.100.1, 203.0.113.10", "203.0.113.10"),
        ("203.0.113.11:80", "198.51.100.1", "203.0.113.11"),
        ("[::ffff:10.1.2.3]:80", "2001:db8::1", "2001:db8::1"),
    ] {
        forwarded(&admin, peer, forwarded_for, source).await;
        let audit = admin.get("/strongroom/v1/audit?limit=200").await.is(200);
        let entries = audit["items"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["objects"][0]["name"] == source).unwrap();
        assert_eq!(entry["source"], source);
        assert_eq!(entry["request_id"].as_str().map(str::len), Some(32));
        assert_eq!(entry["outcome"], "done");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_was_asked() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let room = Room::new().await;
    let admin = room.admin().await;
    admin.get("/strongroom/v1/credentials/1").await.is(200);
    admin.get("/strongroom/v1/credentials/4711").await.is(404);
    room.anonymous().get("/nowhere/marker-path?marker-query").await.is(404);
    room.anonymous().bare("BREW".parse().unwrap(), "/strongroom/v1/tokens").await.is(405);
    let text = metrics.render();
    for line in [
        "strongroom_http_requests_total{dialect=\"native\",route=\"/strongroom/v1/credentials/{id}\",\
         method=\"GET\",status=\"2xx\"} 1",
        "strongroom_http_requests_total{dialect=\"native\",route=\"/strongroom/v1/credentials/{id}\",\
         method=\"GET\",status=\"4xx\"} 1",
        "strongroom_http_requests_total{dialect=\"nobody\",route=\"\",method=\"GET\",status=\"4xx\"} 1",
        "strongroom_http_requests_total{dialect=\"native\",route=\"/strongroom/v1/tokens\",\
         method=\"OTHER\",status=\"4xx\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("strongroom_http_request_duration_seconds"), "{text}");
    for asked in ["marker", "4711", "BREW"] {
        assert!(!text.contains(asked), "{asked}\n{text}");
    }
}
