//! The product's own clients against the real server: the SDK, the command line and the client inside the MCP server.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::common::http::Request;
use crate::common::{ADMIN_PASSWORD, Server, Store};

/// An API key of a member of a new account.
fn key(server: &Server, store: &Store) -> String {
    assert!(store.run(&["org", "create", "Acme"]).status.success());
    let user = json!({"username": "alice", "password": "a long enough password", "email": "alice@example.com"});
    let made = server.ask(&Request::post("/api/v2/users/", &user).basic("admin", ADMIN_PASSWORD));
    assert_eq!(made.status, 201, "{}", made.body);
    let native = |words: &[&str]| {
        let output = store.run(&[&["token", "create", "--name", "t"], words].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let root = native(&["--user", "admin"]);
    let organizations =
        server.ask(&Request::get("/strongroom/v1/organizations").bearer(&root)).json();
    let items = organizations["items"].as_array().unwrap();
    let acme = items.iter().find(|one| one["name"] == "Acme").unwrap()["id"].clone();
    let grant = json!({"role": "probely_member", "user": made.json()["id"]});
    let path = format!("/strongroom/v1/organizations/{acme}/grants");
    let given = server.ask(&Request::post(&path, &grant).bearer(&root));
    assert_eq!(given.status, 201, "{}", given.body);
    native(&["--user", "alice", "--kind", "probely", "--organization", "Acme"])
}

fn python() -> PathBuf {
    std::env::var_os("STRONGROOM_TEST_PYTHON_PROBELY")
        .expect("STRONGROOM_TEST_PYTHON_PROBELY is not set: run the tests with scripts/test, which makes it")
        .into()
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn clients(store: &Store) {
    let mut server = store.start();
    let key = key(&server, store);
    let base = server.url().to_owned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/probely_clients/clients.py");
    let driven =
        Command::new(python()).args([script, &base, &key]).current_dir(store.folder()).output();
    assert_eq!(printed(&driven.unwrap()).trim(), "done");
    command_line(store, &base, &key);
    reports(&server, store, &key);
    assert!(server.stop().success());
}

/// `probely targets ...` and its neighbours.
fn command_line(store: &Store, base: &str, key: &str) {
    let probely = |words: &[&str]| {
        let output = Command::new(python().with_file_name("probely"))
            .args(words)
            .env("PROBELY_API_BASE_URL", base)
            .env("PROBELY_API_KEY", key)
            .env("HOME", store.folder())
            .current_dir(store.folder())
            .output();
        printed(&output.unwrap())
    };
    let json = |words: &[&str]| -> Value {
        serde_json::from_str(&probely(&[words, &["-o", "JSON"]].concat())).unwrap()
    };
    let added = json(&["targets", "add", "https://cli.example.com", "--target-name", "By hand"]);
    let id = added["id"].as_str().unwrap();
    assert!(probely(&["targets", "get"]).contains("By hand"));
    assert_eq!(json(&["targets", "get", id])["site"]["url"], "https://cli.example.com/");
    assert!(probely(&["targets", "get", "--f-search", "by hand"]).contains(id));
    let file = store.folder().join("change.yaml");
    std::fs::write(&file, "site:\n  name: Changed\n").unwrap();
    probely(&["targets", "update", id, "-f", file.to_str().unwrap()]);
    assert!(probely(&["targets", "get"]).contains("Changed"));
    assert!(probely(&["targets", "delete", id]).contains(id));
    assert!(!probely(&["targets", "get"]).contains("Changed"));
}

/// What the command line of the server says of a credential that a target mentions, and of one that nothing does.
fn reports(server: &Server, store: &Store, key: &str) {
    let made = |path: &str, body: &Value| {
        let made = server.ask(&Request::post(path, body).bearer(key));
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()
    };
    let credential = |name: &str| {
        let body = json!({"name": name, "value": "hunter2"});
        made("/credentials/", &body)["id"].as_str().unwrap().to_owned()
    };
    let (used, unused) = (credential("used"), credential("unused"));
    let site =
        json!({"url": "https://used.example.com", "otp_secret": format!("credentials://{used}")});
    made("/targets/", &json!({"site": site}));
    let data_dir = store.data_dir();
    let local = ["--data-dir", data_dir.to_str().unwrap()];
    let said = |words: &[&str]| printed(&store.run(&[&["credential"], words, &local].concat()));
    let told = said(&["where-used", &used]);
    assert!(
        told.starts_with("probely target \"https://used.example.com\" at otp_secret\n"),
        "{told}"
    );
    assert!(told.contains("No use of its values is known."), "{told}");
    assert!(said(&["where-used", &unused]).starts_with("Nothing uses it.\n"));
    let whole: Value = serde_json::from_str(&said(&["where-used", &used, "--json"])).unwrap();
    assert_eq!((&whole["hidden"], &whole["items"][0]["kind"]), (&json!(0), &json!("target")));
    let old = said(&["unused", "--days", "0"]);
    assert!(old.contains(&unused) && !old.contains(&used), "{old}");
    assert_eq!(said(&["expiring"]), "");
}

#[test]
fn the_clients_of_probely_work_on_sqlite() {
    clients(&Store::sqlite());
}

#[test]
fn the_clients_of_probely_work_on_postgres() {
    clients(&Store::postgres());
}
