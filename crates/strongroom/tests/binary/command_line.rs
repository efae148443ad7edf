//! The commands, with a server at work and without one.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::common::http::Request;
use crate::common::{ADMIN_PASSWORD, Server, Store};

fn printed(output: Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command printed that got this on its standard input.
fn run_with_input(store: &Store, words: &[&str], input: &str) -> Output {
    let mut command = store.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The first set-up: a user, an organization, tokens. What it prints is the token.
fn set_up(store: &Store) -> String {
    let words = ["user", "create", "alice", "--admin", "--password-file", "-"];
    assert_eq!(
        printed(run_with_input(store, &words, "the first one\n")),
        "user alice was created\n"
    );
    let words = ["user", "set-password", "alice", "--password-file", "-"];
    assert_eq!(
        printed(run_with_input(store, &words, "the second one\n")),
        "user alice has a new password\n"
    );
    assert_eq!(printed(store.run(&["org", "create", "Ops"])), "organization Ops was created\n");
    let words = ["token", "create", "--user", "alice", "--name", "ci", "--dialect", "awx"];
    let token = printed(store.run(&words));
    assert!(
        token.starts_with("str_") && token.lines().count() == 1 && token.ends_with('\n'),
        "{token}"
    );
    token.trim_end().to_owned()
}

/// What came of the set-up, seen through the network.
fn check_set_up(server: &Server, token: &str) {
    let me = server.ask(&Request::get("/api/v2/me/").basic("alice", "the second one"));
    assert_eq!((me.status, &me.json()["results"][0]["is_superuser"]), (200, &json!(true)));
    assert_eq!(
        server.ask(&Request::get("/api/v2/me/").basic("alice", "the first one")).status,
        401
    );
    assert_eq!(
        server.ask(&Request::get("/api/v2/organizations/?name=Ops").bearer(token)).json()["count"],
        1
    );
    assert_eq!(server.ask(&Request::get("/strongroom/v1/tokens").bearer(token)).status, 200);
}

#[test]
fn a_host_is_set_up_through_the_socket_of_its_server() {
    for store in Store::both() {
        let mut server = store.start();
        let token = set_up(&store);
        check_set_up(&server, &token);
        assert!(server.stop().success());
    }
}

#[test]
fn a_host_is_set_up_before_its_server_ever_ran() {
    for store in Store::both() {
        let token = set_up(&store);
        let first = store.data_dir().join("initial-admin-password");
        let password = fs::read_to_string(&first).unwrap();
        let mut server = Server::start(store.command(&["serve"]), &store.log_file());
        check_set_up(&server, &token);
        let me = Request::get("/api/v2/me/").basic("admin", password.trim_end());
        assert_eq!(server.ask(&me).status, 200);
        assert!(server.stop().success());
    }
}

#[test]
fn a_data_directory_with_a_long_path_has_a_socket_too() {
    let store = Store::sqlite();
    let deep = store.folder().join("d".repeat(120));
    let words = ["--data-dir", deep.to_str().unwrap()];
    let mut server = store.start_with(&words);
    let output = store.run(&[&["org", "create", "Deep"][..], &words].concat());
    assert_eq!(printed(output), "organization Deep was created\n");
    let request = Request::get("/api/v2/organizations/?name=Deep").basic("admin", ADMIN_PASSWORD);
    assert_eq!(server.ask(&request).json()["count"], 1);
    assert!(server.stop().success());
}

#[test]
fn a_refusal_says_what_the_server_said() {
    let store = Store::sqlite();
    let mut server = store.start();
    for output in [
        store.run(&["org", "create", "Default"]),
        run_with_input(
            &store,
            &["user", "create", "admin", "--password-file", "-"],
            "whatever one",
        ),
        run_with_input(
            &store,
            &["user", "set-password", "bob", "--password-file", "-"],
            "whatever one",
        ),
        store.run(&["token", "create", "--user", "bob", "--name", "x"]),
        store.run(&["token", "create", "--user", "admin", "--name", "x", "--kind", "robot"]),
        store.run(&["credential", "get", "4711", "--data-dir", store.data_dir().to_str().unwrap()]),
        store.run(&[
            "credential",
            "get",
            "../tokens",
            "--data-dir",
            store.data_dir().to_str().unwrap(),
        ]),
    ] {
        let message = refusal(&output);
        assert!(message.starts_with("strongroom: ") && message.lines().count() == 1, "{message}");
        assert!(!message.contains("whatever one"), "{message}");
    }
    assert!(server.stop().success());
}

#[test]
fn passwords_that_are_none_are_refused() {
    let store = Store::sqlite();
    for input in ["", "\n", "two\nlines\n"] {
        let words = ["user", "create", "alice", "--password-file", "-"];
        let message = refusal(&run_with_input(&store, &words, input));
        assert!(message.contains("standard input holds"), "{message}");
    }
    let words = ["user", "create", "alice", "--password-file", "/nonexistent"];
    assert!(refusal(&store.run(&words)).contains("/nonexistent cannot be read"));
    assert!(!store.data_dir().exists());
}

/// Creates a credential for user 1 with its inputs on standard input.
const CREATE: [&str; 10] = [
    "credential",
    "create",
    "--name",
    "Deploy",
    "--type",
    "1",
    "--user",
    "1",
    "--inputs-file",
    "-",
];
const INPUTS: &str = "{\"username\": \"deploy\", \"password\": \"hunter2\"}\n";

/// Creates, lists, reads and deletes a credential with these variables in the environment.
fn use_credentials(store: &Store, variables: &[(&str, &str)]) {
    let run = |words: &[&str]| {
        let mut command = store.command(words);
        command.env_remove("STRONGROOM_DATA_DIR").envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(INPUTS.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let made: Value = serde_json::from_str(&printed(run(&CREATE))).unwrap();
    assert_eq!(made["inputs"], json!({"username": "deploy", "password": "$encrypted$"}));
    let id = made["id"].to_string();
    let read = printed(run(&["credential", "get", &id]));
    assert_eq!(serde_json::from_str::<Value>(&read).unwrap()["name"], "Deploy");
    let list = printed(run(&["credential", "list"]));
    let named = |line: &str| serde_json::from_str::<Value>(line).unwrap()["name"] == "Deploy";
    assert_eq!(list.lines().filter(|line| named(line)).count(), 1, "{list}");
    assert_eq!(printed(run(&["credential", "delete", &id])), "");
    let gone = run(&["credential", "get", &id]);
    assert!(!refusal(&gone).contains("hunter2"));
}

#[test]
fn credentials_are_used_with_a_token_of_the_environment() {
    let store = Store::sqlite();
    let mut server = store.start();
    let token = printed(store.run(&["token", "create", "--user", "admin", "--name", "cli"]));
    let variables = [("STRONGROOM_URL", server.url()), ("STRONGROOM_TOKEN", token.trim_end())];
    use_credentials(&store, &variables);
    let mut command = store.command(&["credential", "list"]);
    command.env_remove("STRONGROOM_DATA_DIR").env("STRONGROOM_URL", server.url());
    assert!(
        refusal(&command.output().unwrap())
            .contains("STRONGROOM_TOKEN and STRONGROOM_TOKEN_FILE are not")
    );
    let mut command = store.command(&["credential", "list"]);
    command.envs([("STRONGROOM_URL", server.url()), ("STRONGROOM_TOKEN", "str_wrong")]);
    assert!(refusal(&command.output().unwrap()).contains("`strongroom login`"));
    assert!(server.stop().success());
}

#[test]
fn credentials_are_used_after_a_login() {
    let store = Store::sqlite();
    let mut server = store.start();
    let words = ["login", server.url(), "--user", "admin"];
    let wrong = run_with_input(&store, &words, "hunter2");
    assert!(!refusal(&wrong).contains("hunter2"));
    let said = printed(run_with_input(&store, &words, &format!("{ADMIN_PASSWORD}\n")));
    let file = store.folder().join(".config/strongroom/login.toml");
    assert!(said.contains(file.to_str().unwrap()) && !said.contains("str_"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    use_credentials(&store, &[]);
    assert!(server.stop().success());
}

#[test]
fn credentials_are_used_on_the_host_with_and_without_a_server() {
    let store = Store::sqlite();
    let data_dir = store.data_dir();
    let variables = [("STRONGROOM_DATA_DIR", data_dir.to_str().unwrap())];
    let mut server = store.start();
    use_credentials(&store, &variables);
    assert!(server.stop().success());
    use_credentials(&store, &variables);
}

#[test]
fn a_credential_in_use_is_deleted_only_by_force() {
    let store = Store::sqlite();
    let mut server = store.start();
    let data_dir = store.data_dir();
    let on_host = ["--data-dir", data_dir.to_str().unwrap()];
    let words = [&CREATE[..], &on_host].concat();
    let made: Value =
        serde_json::from_str(&printed(run_with_input(&store, &words, INPUTS))).unwrap();
    let id = made["id"].to_string();
    let token = printed(store.run(&["token", "create", "--user", "admin", "--name", "x"]));
    let body = json!({"consumer": "pipeline", "kind": "job", "name": "nightly"});
    let request = Request::post(&format!("/strongroom/v1/credentials/{id}/references"), &body);
    assert_eq!(server.ask(&request.bearer(token.trim_end())).status, 201);
    let words = [&["credential", "delete", &id][..], &on_host].concat();
    assert!(refusal(&store.run(&words)).contains("in use by pipeline (job nightly)"));
    let words = [&["credential", "delete", &id, "--force"][..], &on_host].concat();
    assert_eq!(printed(store.run(&words)), "");
    assert!(server.stop().success());
}

#[test]
fn a_registry_is_created_on_the_host_and_through_the_network() {
    let store = Store::sqlite();
    let mut server = store.start();
    let create = ["registry", "create", "harbor", "--organization", "Default"];
    let url = ["--url", "https://harbor.example.com:5000"];
    let made = printed(store.run(&[&create[..], &url].concat()));
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["service"], "harbor.example.com:5000");
    assert_eq!(made["created_by"], Value::Null);

    let token = printed(store.run(&["token", "create", "--user", "admin", "--name", "cli"]));
    let other = ["registry", "create", "pier", "--organization", "1", "--service", "pier"];
    let mut command = store.command(&[&other[..], &["--url", "https://pier.example.com"]].concat());
    command.env_remove("STRONGROOM_DATA_DIR");
    command.envs([("STRONGROOM_URL", server.url()), ("STRONGROOM_TOKEN", token.trim_end())]);
    let made: Value = serde_json::from_str(&printed(command.output().unwrap())).unwrap();
    assert_eq!((&made["service"], &made["created_by"]), (&json!("pier"), &json!("admin")));

    let again = store.run(&[&create[..], &url].concat());
    assert!(refusal(&again).contains("name"));
    assert!(server.stop().success());
}

#[test]
fn help_reads_well_everywhere() {
    let store = Store::sqlite();
    let commands = [
        &[][..],
        &["serve"],
        &["login"],
        &["user"],
        &["user", "create"],
        &["user", "set-password"],
        &["org"],
        &["org", "create"],
        &["token"],
        &["token", "create"],
        &["credential"],
        &["credential", "list"],
        &["credential", "get"],
        &["credential", "create"],
        &["credential", "delete"],
        &["registry"],
        &["registry", "create"],
    ];
    for words in commands {
        let help = printed(store.run(&[words, &["--help"]].concat()));
        assert!(help.contains("Usage: strongroom"), "{words:?}: {help}");
        let mut lines = help.lines().filter(|line| !line.starts_with("Usage: "));
        assert!(lines.all(|line| line.chars().count() <= 100), "{words:?}: {help}");
        let described = help.lines().filter(|line| line.trim_start().starts_with("--"));
        assert!(described.count() >= usize::from(words.len() != 1), "{words:?}: {help}");
    }
    assert!(printed(store.run(&["--version"])).starts_with("strongroom "));
    assert!(!store.data_dir().exists());
}
