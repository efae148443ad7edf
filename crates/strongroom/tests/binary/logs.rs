//! The log: one JSON object a line, whatever a client sends, and no secret in it.

use serde_json::{Value, json};

use crate::common::http::Request;
use crate::common::{ADMIN_PASSWORD, Store};

#[test]
fn a_log_that_is_not_a_terminal_is_one_json_object_a_line() {
    let store = Store::sqlite();
    let mut server = store.start_with(&["--log", "trace"]);
    let hostile = "x\u{1b}[31m\r\n{\"level\":\"ERROR\"}\u{202e}";
    let body = json!({"username": hostile, "password": "hunter2 hunter2"});
    let request =
        Request::post("/api/v2/users/?search=hunter2", &body).basic("admin", ADMIN_PASSWORD);
    assert_eq!(server.ask(&request).status, 400);
    let request = Request::get("/api/v2/me/").basic("nobody\u{9b}31m", "hunter2 hunter2");
    assert_eq!(server.ask(&request).status, 401);
    assert!(server.stop().success());

    let log = store.log();
    assert!(log.lines().count() > 3);
    for line in log.lines() {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(object["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(object["level"].is_string() && object["target"].is_string());
    }
    assert!(!log.contains("hunter2") && !log.contains(ADMIN_PASSWORD));
    let hidden =
        |character: char| character != '\n' && (character.is_control() || character == '\u{202e}');
    assert!(!log.contains(hidden));
}

#[test]
fn a_log_in_text_keeps_to_its_lines() {
    let store = Store::sqlite();
    let mut server = store.start_with(&["--log-format", "text"]);
    assert!(server.stop().success());
    let log = store.log();
    assert!(log.lines().any(|line| line.contains(" INFO ") && line.contains("serving")), "{log}");
    assert!(log.lines().any(|line| line.contains(" INFO ") && line.ends_with("stopped")), "{log}");
}

#[test]
fn the_level_holds() {
    let store = Store::sqlite();
    let mut server = store.start_with(&["--log", "error"]);
    assert!(server.stop().success());
    assert_eq!(store.log(), "");
}
