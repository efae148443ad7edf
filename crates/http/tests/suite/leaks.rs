//! A secret that is given never comes back, and never reaches the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::room::{Caller, Room};

/// What no answer and no log line may hold.
const SECRET: &str = "marker-7f3a9c";

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sends the text as it is.
async fn raw(
    caller: &Caller,
    method: &str,
    path: &str,
    header: (&str, &str),
    body: &str,
) -> String {
    let request =
        Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header(header.0, header.1).body(Body::from(body.to_owned())).unwrap();
    let reply = caller.send(request).await;
    assert!(reply.status < 500, "{}", reply.text);
    format!("{:?} {}", reply.headers, reply.text)
}

#[tokio::test]
async fn a_secret_stays_inside_whatever_is_wrong_with_the_request() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: what a thread of the store logs counts too.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let room = Room::new().await;
    let admin = room.admin().await;
    let inputs = json!({"username": "joe", "password": SECRET});
    let mut told = String::new();
    for collection in ["/strongroom/v1/credentials", "/api/v2/credentials/"] {
        let named = if collection.starts_with("/api") { "credential_type" } else { "type" };
        let body = json!({"name": collection, named: 1, "organization": 1, "inputs": inputs});
        let text = body.to_string();
        let none = ("accept", "application/json");
        told += &raw(&admin, "POST", collection, none, &text).await;
        told += &raw(&admin, "POST", collection, none, &text).await;
        told += &raw(&admin, "POST", collection, none, &text.replace("}}", "}")).await;
        told += &raw(&admin, "POST", collection, none, &text.replace("password", "passwort")).await;
        told +=
            &raw(&admin, "POST", collection, none, &text.replace("password", "ssh_key_data")).await;
        told += &raw(&admin, "POST", collection, none, &format!("\"{SECRET}\"")).await;
        told += &raw(&admin, "POST", collection, none, &text.replace("joe", "\\u0000")).await;
        told += &raw(&admin, "PUT", collection, none, &text).await;
        told += &raw(&admin, "GET", &format!("{collection}?x={SECRET}"), none, "").await.replace(
            // Which parameter was wrong is told, what it was set to is not.
            &format!("?x={SECRET}"),
            "",
        );
        told += &raw(&admin, "GET", collection, ("authorization", &format!("Bearer {SECRET}")), "")
            .await;
        told += &raw(&admin, "GET", collection, ("cookie", &format!("awx_sessionid={SECRET}")), "")
            .await;
        told +=
            &raw(&admin, "GET", collection, ("host", &format!("{SECRET}.example.org")), "").await;
        let _ = raw(&admin, "GET", &format!("/nowhere/{SECRET}"), none, "").await;
    }
    let exchange = "/csp/gateway/am/api/auth/api-tokens/authorize";
    let form = format!("refresh_token={SECRET}");
    let none = ("accept", "application/json");
    told += &raw(&admin, "POST", &format!("{exchange}?{form}"), none, "").await;
    told += &raw(&admin, "POST", exchange, none, &form).await;
    told += &raw(&admin, "GET", &format!("{exchange}?{form}"), none, "").await;
    told += &raw(&admin, "GET", "/v1/users/me", ("authorization", &format!("Bearer {SECRET}")), "")
        .await;
    assert!(!told.contains(SECRET), "{told}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answered"), "nothing was logged");
    let leaking: Vec<&str> = log.lines().filter(|line| line.contains(SECRET)).collect();
    assert!(leaking.is_empty(), "{leaking:#?}");
}
