//! Ansible's `awx.awx` collection, unchanged, against the real binary: what a playbook makes, makes again, tries,
//! copies and takes away.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::http::Request;
use crate::common::{ADMIN_PASSWORD, Server, Store};

#[test]
fn a_playbook_runs_on_sqlite() {
    run(&Store::sqlite());
}

#[test]
fn a_playbook_runs_on_postgres() {
    run(&Store::postgres());
}

/// What came of a task: whether it changed anything.
type Results = BTreeMap<(String, String), bool>;

fn run(store: &Store) {
    let server = store.start();
    let results = play(store, &server);
    let changed = |step: &str, task: &str| {
        let key = (step.to_owned(), task.to_owned());
        *results.get(&key).unwrap_or_else(|| panic!("no task {step}: {task} in {results:#?}"))
    };
    assert!(changed("token", "for the playbook"));
    // What is only tried changes nothing, and is told as a change.
    assert!(changed("tried", "organization"));
    assert!(changed("first", "organization"), "what was tried was done");
    for ((step, task), has_changed) in &results {
        match step.as_str() {
            "first" | "gone" | "secrets" | "copied" => assert!(has_changed, "{step}: {task}"),
            "again" | "still gone" => assert!(!has_changed, "{step}: {task}"),
            _ => {}
        }
    }
    assert!(changed("tried", "another user name"));
    assert_eq!(results.keys().filter(|(step, _)| step == "again").count(), 14);
    assert!(changed("token", "taken back"));
    left(&server);
}

/// Runs the playbook; which task changed something.
fn play(store: &Store, server: &Server) -> Results {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/ansible");
    let output = Command::new("/usr/bin/ansible-playbook")
        .args(["--inventory", "localhost,", "site.yml"])
        .current_dir(folder)
        .env_clear()
        .envs([
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("ANSIBLE_STDOUT_CALLBACK", "ansible.posix.json"),
            ("ANSIBLE_DEPRECATION_WARNINGS", "false"),
            ("ANSIBLE_PIPELINING", "true"),
            ("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3"),
            ("CONTROLLER_USERNAME", "admin"),
            ("CONTROLLER_PASSWORD", ADMIN_PASSWORD),
            ("CONTROLLER_VERIFY_SSL", "false"),
        ])
        .env("HOME", store.folder())
        .env("ANSIBLE_LOCAL_TEMP", store.folder().join("ansible"))
        .env("CONTROLLER_HOST", server.url())
        .output()
        .expect("ansible-playbook is missing: scripts/test installs it");
    let printed = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{told}");
    let document: Value = serde_json::from_str(&printed).unwrap_or_else(|error| {
        panic!("{error}: {printed}\n{told}");
    });
    let mut results = Results::new();
    for task in document["plays"][0]["tasks"].as_array().unwrap() {
        let name = task["task"]["name"].as_str().unwrap();
        let Some((step, what)) = name.split_once(": ") else { continue };
        let result = &task["hosts"]["localhost"];
        if result["skipped"] == true {
            continue;
        }
        let changed = result["changed"].as_bool().unwrap();
        results.insert((step.to_owned(), what.to_owned()), changed);
    }
    results
}

/// What a playbook has made and taken away is gone; what was there before it is still there.
fn left(server: &Server) {
    let read = |path: &str| -> Value {
        let answer = server.ask(&Request::get(path).basic("admin", ADMIN_PASSWORD));
        assert_eq!(answer.status, 200, "{path}");
        answer.json()
    };
    for (collection, names) in [
        ("credentials", vec!["Ansible Galaxy", "her own"]),
        ("organizations", vec!["Default"]),
        ("teams", Vec::new()),
        ("job_templates", Vec::new()),
    ] {
        let listed = read(&format!("/api/v2/{collection}/?order_by=name"));
        let listed: Vec<&str> = listed["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(listed, names, "{collection}");
    }
    assert_eq!(read("/api/v2/credential_input_sources/")["count"], 0);
    assert_eq!(read("/api/v2/tokens/")["count"], 0);
    assert_eq!(read("/api/v2/users/?username=alice")["count"], 0);
}
