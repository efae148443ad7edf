//! The library `cloudfoundry-client` 1.40.4, with its generic entity manager, and the command lines that go with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::common::{ADMIN_PASSWORD, Server, Store};

#[test]
fn the_python_library_works_on_sqlite() {
    library(&Store::sqlite());
}

#[test]
fn the_python_library_works_on_postgres() {
    library(&Store::postgres());
}

/// The library does everything it can, with people and a client that the command line made.
fn library(store: &Store) {
    let mut server = store.start();
    for name in ["dora", "max"] {
        let words = ["user", "create", name, "--password-file", "-"];
        printed(&run_with_input(store, &words, USER_PASSWORD));
    }
    let client: Value =
        json(&store.run(&["uaa-client", "create", "ci-bot", "--organization", "Default"]));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/cloud_foundry.py");
    let output = Command::new(python())
        .arg(script)
        .args([server.url(), "ci-bot"])
        .env_clear()
        .env("HOME", store.folder())
        .env("ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("USER_PASSWORD", USER_PASSWORD)
        .env("CLIENT_SECRET", client["client_secret"].as_str().unwrap())
        .output()
        .unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}");
    let log = store.log();
    for secret in ["hunter2-secret", "hunter3-secret", client["client_secret"].as_str().unwrap()] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    assert!(server.stop().success());
}

#[test]
fn clients_keys_and_questions_have_commands() {
    let store = Store::sqlite();
    let mut server = store.start();
    let words =
        ["uaa-client", "create", "ci", "--organization", "Default", "--scope", "uaa.resource"];
    let made = json(&store.run(&words));
    assert_eq!(made["scope"], serde_json::json!(["uaa.resource"]));
    let shown = json(&store.run(&["uaa-client", "get", "ci"]));
    assert_eq!((&shown["id"], shown.get("client_secret")), (&made["id"], None));
    let listed = printed(&store.run(&["uaa-client", "list"]));
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let renewed = json(&store.run(&["uaa-client", "renew-secret", "ci"]));
    assert_ne!(renewed["client_secret"], made["client_secret"]);
    let first = json(&store.run(&["uaa-key", "rotate"]));
    let second = json(&store.run(&["uaa-key", "rotate"]));
    let keys = printed(&store.run(&["uaa-key", "list"]));
    let keys: Vec<Value> = keys.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&keys[0], &keys[1]["kid"]), (&second, &first["kid"]));
    assert!(keys[1]["retired"].is_string());
    let words = ["registry-credential", "resolve", "example.com/team/x:1", "--organization", "1"];
    let told = json(&store.run(&words));
    assert_eq!(
        (&told["winner"], &told["tried"][0]),
        (&Value::Null, &Value::from("example.com/team"))
    );
    for wrong in [
        &["registry-credential", "resolve", "x"][..],
        &["registry-credential", "resolve", "https://x", "--organization", "1"],
        &["registry-credential", "resolve", "x", "--app", "1"],
        &["uaa-client", "create", "cf", "--organization", "Default"],
        &["uaa-client", "get", "../tokens"],
        &["uaa-client", "delete", "nobody"],
    ] {
        let output = store.run(wrong);
        assert!(!output.status.success() && output.stdout.is_empty(), "{wrong:?}");
    }
    printed(&store.run(&["uaa-client", "delete", "ci"]));
    assert_eq!(printed(&store.run(&["uaa-client", "list"])), "");
    assert!(server.stop().success());
}

/// What the `cf` command line sends, request by request, as it was read in its source.
#[test]
fn the_cf_command_line_is_answered_on_both_stores() {
    for store in Store::both() {
        let mut server = store.start();
        Recorded { server: &server }.play();
        assert!(server.stop().success());
    }
}

/// The requests of `cf`, version 8 and 9.
struct Recorded<'a> {
    server: &'a Server,
}

impl Recorded<'_> {
    fn play(&self) {
        let base = self.server.url();
        // cf api https://host
        let root = self.get("/", None);
        let version = root["links"]["cloud_controller_v3"]["meta"]["version"].as_str().unwrap();
        let minor: u32 = version.split('.').nth(1).unwrap().parse().unwrap();
        assert!(version.starts_with("3.") && 160 <= minor, "{version}");
        let login = root["links"]["login"]["href"].as_str().unwrap();
        assert_eq!(login, format!("{base}/uaa"));
        // cf login: the prompts, then the token, then what to choose from.
        let prompts = self.get("/uaa/login", None);
        for (name, kind) in [("username", "text"), ("password", "password")] {
            assert_eq!(prompts["prompts"][name][0], kind);
            assert!(prompts["prompts"][name][1].is_string());
        }
        let hint = "/uaa/oauth/token?login_hint=%7B%22origin%22%3A%22uaa%22%7D";
        let password = ADMIN_PASSWORD.replace(' ', "+");
        let form = format!("grant_type=password&password={password}&username=admin");
        let issued = self.token(hint, &form).unwrap();
        assert_eq!(issued["token_type"], "bearer");
        let access = format!("bearer {}", issued["access_token"].as_str().unwrap());
        let token = Some(access.as_str());
        assert_eq!(
            self.get("/v3/organizations?order_by=name", token)["pagination"]["total_results"],
            1
        );
        // cf create-org, cf create-space
        let organization = self.post("/v3/organizations", token, r#"{"name":"acme"}"#, 201);
        let organization = organization["guid"].as_str().unwrap();
        let body = format!(
            r#"{{"name":"dev","relationships":{{"organization":{{"data":{{"guid":"{organization}"}}}}}}}}"#
        );
        self.post("/v3/spaces", token, &body, 201);
        let again = self.post("/v3/spaces", token, &body, 422);
        assert_eq!(again["errors"][0]["detail"], "Name must be unique per organization");
        // cf target -o acme -s dev
        let found = self.get("/v3/organizations?names=acme", token);
        assert_eq!(found["resources"][0]["guid"], organization);
        let spaces = format!("/v3/spaces?names=dev&organization_guids={organization}");
        assert_eq!(self.get(&spaces, token)["resources"][0]["name"], "dev");
        let spaces = format!("/v3/spaces?organization_guids={organization}&order_by=name");
        assert_eq!(self.get(&spaces, token)["pagination"]["total_results"], 1);
        // cf curl: without a content type, and whatever comes is printed.
        let body = r#"{"location": "r.example.com", "username": "u", "password": "p"}"#;
        let made = self.post("/v3/registry_credentials", token, body, 201);
        let listed = self.get("/v3/registry_credentials", token);
        assert_eq!(listed["resources"][0], made);
        let unknown = self.answer("GET", "/v3/service_brokers", token, None).1;
        assert_eq!(unknown["errors"][0]["code"], 10000);
        // Less than a minute before the end of the token: another one, with the refresh token.
        let refresh = issued["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={refresh}");
        let renewed = self.token("/uaa/oauth/token", &form).unwrap();
        assert!(renewed["refresh_token"].is_string());
        let renewed = format!("bearer {}", renewed["access_token"].as_str().unwrap());
        self.get("/v3/organizations", Some(&renewed));
        // cf logout
        let jti = issued["jti"].as_str().unwrap();
        let path = format!("/uaa/oauth/token/revoke/{jti}");
        assert_eq!(self.answer("DELETE", &path, Some(&renewed), None).0, 200);
        let (status, ended) = self.answer("GET", "/v3/organizations", Some(&renewed), None);
        assert_eq!(
            (status, &ended["errors"][0]["title"]),
            (401, &Value::from("CF-InvalidAuthToken"))
        );
        // cf auth with a wrong password
        let form = "grant_type=password&password=wrong&username=admin";
        assert_eq!(self.token("/uaa/oauth/token", form).unwrap_err()["error"], "unauthorized");
    }

    fn get(&self, path: &str, token: Option<&str>) -> Value {
        let (status, document) = self.answer("GET", path, token, None);
        assert_eq!(status, 200, "{path} {document}");
        document
    }

    fn post(&self, path: &str, token: Option<&str>, body: &str, expected: u16) -> Value {
        let (status, document) = self.answer("POST", path, token, Some(("", body)));
        assert_eq!(status, expected, "{path} {document}");
        document
    }

    fn token(&self, path: &str, form: &str) -> Result<Value, Value> {
        let body = Some(("application/x-www-form-urlencoded", form));
        match self.answer("POST", path, Some("Basic Y2Y6"), body) {
            (200, document) => Ok(document),
            (_, document) => Err(document),
        }
    }

    /// One request on a connection of its own, with the headers that `cf` sends and no others.
    fn answer(
        &self,
        method: &str,
        path: &str,
        authorization: Option<&str>,
        body: Option<(&str, &str)>,
    ) -> (u16, Value) {
        use std::io::Read;

        let address = self.server.address();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\
             User-Agent: cf/8.9.0 (go1.22; amd64 linux)\r\nConnection: close\r\n"
        );
        let mut header = |name: &str, value: &str| {
            request.push_str(name);
            request.push_str(": ");
            request.push_str(value);
            request.push_str("\r\n");
        };
        if let Some(authorization) = authorization {
            header("Authorization", authorization);
        }
        if let Some((kind, text)) = body {
            if !kind.is_empty() {
                header("Content-Type", kind);
            }
            header("Content-Length", &text.len().to_string());
        }
        request.push_str("\r\n");
        request.push_str(body.map(|(_, text)| text).unwrap_or_default());
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

fn run_with_input(store: &Store, words: &[&str], input: &str) -> Output {
    let mut command = store.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test command hands over its Python this way")]
fn python() -> PathBuf {
    std::env::var("STRONGROOM_TEST_PYTHON")
        .expect(
            "STRONGROOM_TEST_PYTHON is not set: run the tests with scripts/test, which makes it",
        )
        .into()
}

const USER_PASSWORD: &str = "a password of the people";
