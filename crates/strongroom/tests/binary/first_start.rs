//! What the first start makes, prints and keeps.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::common::http::Request;
use crate::common::{ADMIN_PASSWORD, Server, Store};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What the first start says after the account: the key that proves the log, for safekeeping elsewhere.
const LOG_KEY: &str = "public key of the audit log, to be kept elsewhere: strongroom/";

fn me(user: &str, password: &str) -> Request {
    Request::get("/api/v2/me/").basic(user, password)
}

#[test]
fn a_drawn_password_lies_in_a_file_until_it_is_changed() {
    for store in Store::both() {
        let mut server = Server::start(store.command(&["serve"]), &store.log_file());
        let file = store.data_dir().join("initial-admin-password");
        let line = format!(
            "user admin was made; its password is in {} until it is changed",
            file.display()
        );
        let [account, log_key] = server.said() else { panic!("{:?}", server.said()) };
        assert_eq!(*account, line);
        assert!(log_key.starts_with(LOG_KEY), "{log_key}");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&store.data_dir()), 0o700);
        let password = std::fs::read_to_string(&file).unwrap();
        assert!(password.trim_end().len() >= 43);
        assert_eq!(server.ask(&me("admin", password.trim_end())).status, 200);
        assert_eq!(server.ask(&me("admin", "guess")).status, 401);
        assert!(server.stop().success());

        let mut server = Server::start(store.command(&["serve"]), &store.log_file());
        assert_eq!(server.said(), [] as [&str; 0]);
        assert!(file.exists());
        let new = store.folder().join("new");
        std::fs::write(&new, format!("{ADMIN_PASSWORD}\n")).unwrap();
        let words = ["user", "set-password", "admin", "--password-file", new.to_str().unwrap()];
        let output = store.run(&words);
        assert!(output.status.success(), "{output:?}");
        assert!(!file.exists());
        assert_eq!(server.ask(&me("admin", ADMIN_PASSWORD)).status, 200);
        assert_eq!(server.ask(&me("admin", password.trim_end())).status, 401);
        assert!(!store.log().contains(password.trim_end()));
        assert!(server.stop().success());
    }
}

#[test]
fn a_chosen_password_is_neither_printed_nor_kept() {
    let store = Store::sqlite();
    let mut server = store.start();
    let [account, log_key] = server.said() else { panic!("{:?}", server.said()) };
    assert_eq!(account, "user admin was made with the password from the settings");
    assert!(log_key.starts_with(LOG_KEY), "{log_key}");
    assert!(!store.data_dir().join("initial-admin-password").exists());
    assert_eq!(server.ask(&me("admin", ADMIN_PASSWORD)).status, 200);
    assert!(server.stop().success());

    let file = store.folder().join("password");
    std::fs::write(&file, "another one\n").unwrap();
    let mut command = store.command(&["serve"]);
    command.env("STRONGROOM_ADMIN_PASSWORD_FILE", &file);
    let server = Server::start(command, &store.log_file());
    assert_eq!(server.ask(&me("admin", ADMIN_PASSWORD)).status, 200);
    assert!(store.log().contains("was ignored: remove it"));
    assert!(!store.log().contains("another one"));
}

#[test]
fn the_key_is_made_once_and_its_place_is_advised_against_at_each_start() {
    let store = Store::sqlite();
    let advice = "the root key lies beside the store it protects";
    for start in 1..=2 {
        let mut server = store.start();
        assert!(server.stop().success());
        assert_eq!(store.log().matches(advice).count(), start);
    }
    let key = store.data_dir().join("keys/root.key");
    assert_eq!((mode(&key), mode(key.parent().unwrap())), (0o400, 0o700));

    let elsewhere = store.folder().join("elsewhere");
    std::fs::rename(key.parent().unwrap(), &elsewhere).unwrap();
    let moved = elsewhere.join("root.key");
    let mut server = store.start_with(&["--key-file", moved.to_str().unwrap()]);
    assert!(server.stop().success());

    let mut command = store.command(&["serve"]);
    command.env("CREDENTIALS_DIRECTORY", &elsewhere);
    let mut server = Server::start(command, &store.log_file());
    assert!(server.stop().success());
    assert_eq!(store.log().matches(advice).count(), 2);
}

#[test]
fn one_process_holds_the_data_directory() {
    let store = Store::sqlite();
    let mut server = store.start();
    let output = store.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("another server holds the data directory"), "{message}");
    let socket = store.data_dir().join("strongroom.sock");
    assert_eq!(mode(&socket), 0o600);
    assert!(server.stop().success());
    assert!(!socket.exists());
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way_of_the_next() {
    for store in Store::both() {
        let mut server = store.start();
        let request = Request::post("/api/v2/organizations/", &json!({"name": "Kept"}));
        assert_eq!(server.ask(&request.basic("admin", ADMIN_PASSWORD)).status, 201);
        server.kill();
        let mut server = store.start();
        let request =
            Request::get("/api/v2/organizations/?name=Kept").basic("admin", ADMIN_PASSWORD);
        assert_eq!(server.ask(&request).json()["count"], 1);
        assert!(server.stop().success());
    }
}

#[test]
fn memory_and_environment_are_closed_to_others_of_the_same_user() {
    let store = Store::sqlite();
    let server = store.start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"));
    // The files of a process that is not dumpable belong to root, whoever runs it.
    let environ = std::fs::metadata(format!("/proc/{}/environ", server.id())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&environ), 0);
}

#[test]
fn probes_answer() {
    for (store, kind) in Store::both().iter().zip(["sqlite", "postgres"]) {
        let server = store.start_with(&["--node", "room-1"]);
        let health = server.ask(&Request::get("/healthz"));
        assert_eq!((health.status, health.json()), (200, json!({"status": "ok"})));
        let ready = server.ask(&Request::get("/readyz")).json();
        assert_eq!((&ready["store"], &ready["node"]), (&json!(kind), &json!("room-1")));
        let metrics = server.ask(&Request::get("/metrics"));
        assert!(metrics.body.contains("strongroom_http_requests_total{"), "{}", metrics.body);
        assert!(metrics.body.contains("strongroom_http_request_duration_seconds_bucket{"));
    }
}
