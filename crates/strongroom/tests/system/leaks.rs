//! Secrets are planted through every kind of input, right and wrong; then everything that the server kept,
//! logged or answered is searched for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::database::Database;
use crate::proof::figures;
use crate::reader::Reader;
use crate::scan::{Found, Scanner};
use crate::wire::{Request, Wire};

#[test]
fn no_planted_secret_is_left_on_sqlite() {
    search(&Store::sqlite());
}

#[test]
fn no_planted_secret_is_left_on_postgres() {
    search(&Store::postgres());
}

/// What was planted, and what the server answered.
struct Garden {
    server: Server,
    token: String,
    rng: Rng,
    planted: Vec<(String, Vec<u8>)>,
    answers: Vec<u8>,
}

fn search(store: &Store) {
    let server = store.start_with(&["--log", "trace"]);
    let token = Reader::log_in(&server).token;
    let mut garden =
        Garden { server, token, rng: Rng::new(), planted: Vec::new(), answers: Vec::new() };
    let control = garden.draw();
    garden.accepted(&control);
    garden.refused();
    garden.unauthenticated();
    garden.beside_the_body();
    garden.below_http();
    garden.read_back();

    let Garden { mut server, token, planted, answers, .. } = garden;
    let with_control = |planted: &[(String, Vec<u8>)]| {
        let control = ("control", control.as_bytes());
        Scanner::new(
            planted
                .iter()
                .map(|(label, bytes)| (label.as_str(), bytes.as_slice()))
                .chain([control]),
        )
    };
    let only_control = Found::from(["control (plain)".to_owned()]);
    assert_eq!(with_control(&planted).bytes(&answers), only_control, "in an answer");

    // These were shown once, in the answer that issued them, and may be nowhere else.
    let mut kept = planted;
    kept.push(("token".to_owned(), token.into_bytes()));
    kept.push(("password of admin".to_owned(), ADMIN_PASSWORD.as_bytes().to_vec()));
    kept.push(("root key".to_owned(), root_key(&store.data_dir())));
    let scanner = with_control(&kept);
    for moment in ["running", "stopped"] {
        if moment == "stopped" {
            server.stop();
        }
        let files = search_files(store, &scanner);
        let found: Found = files.values().flatten().cloned().collect();
        assert_eq!(found, only_control, "server {moment}: {files:#?}");
    }
    let log = store.log();
    assert_eq!(scanner.bytes(log.as_bytes()), Found::new(), "in the log");
    assert!(log.contains("/api/v2/users/{id}/credentials/"), "the log tells of requests");
    figures(
        &format!("leaks, {}", store.kind()),
        "no planted secret is in a file, a log or an answer, in any of the spellings that are searched",
        &json!({"secrets": kept.len(), "answer_bytes": answers.len(), "log_bytes": log.len(), "found": 0}),
    );
}

/// What the scanner finds in everything that the store has on disk.
fn search_files(store: &Store, scanner: &Scanner) -> BTreeMap<PathBuf, Found> {
    let mut looked_at = scanner.files(store.folder(), &is_key);
    if store.postgres_url().is_some() {
        let database = Database::of(store);
        // What is only in memory goes to disk, so that there is something to find.
        database.rows("CHECKPOINT");
        let oid =
            &database.rows("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0];
        let own = Path::new("base").join(oid.as_ref().unwrap());
        let folder = PathBuf::from(std::env::var_os("STRONGROOM_TEST_POSTGRES_DATA").unwrap());
        let foreign = |path: &Path| {
            let path = path.strip_prefix(&folder).unwrap();
            path.starts_with("base") && path.components().count() == 2 && path != own
        };
        looked_at.extend(scanner.files(&folder, &foreign));
    }
    looked_at.retain(|_, found| !found.is_empty());
    looked_at
}

impl Garden {
    /// A text that occurs nowhere else.
    fn draw(&mut self) -> String {
        std::iter::repeat_with(|| self.rng.choice(b"abcdefghijkmnpqrstuvwxyz23456789").copied())
            .flatten()
            .map(char::from)
            .take(24)
            .collect()
    }

    fn plant(&mut self, label: &str) -> String {
        let secret = self.draw();
        self.planted.push((label.to_owned(), secret.clone().into_bytes()));
        secret
    }

    /// Sends a request and keeps the answer; its status.
    fn send(&mut self, label: &str, request: &Request) -> u16 {
        let mut wire = Wire::open(self.server.address()).unwrap();
        let answer = wire.call(request).unwrap();
        assert!(answer.status < 500, "{label}: {} {}", answer.head, answer.text());
        self.answers.extend_from_slice(answer.head.as_bytes());
        self.answers.extend_from_slice(&answer.body);
        answer.status
    }

    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target).bearer(&self.token)
    }

    /// Every place where a secret is taken.
    fn accepted(&mut self, control: &str) {
        let bodies = [
            (
                "S1, object",
                json!({"inputs": {"username": "u", "password": "SECRET", "ssh_key_unlock": "SECRET"}}),
            ),
            ("S1, JSON text", json!({"inputs": "{\"password\": \"SECRET\"}"})),
            ("S1, YAML text", json!({"inputs": "become_password: SECRET\n"})),
            ("S1, key", json!({"inputs": {"ssh_key_data": KEY}})),
            ("S1, more than the mask", json!({"inputs": {"password": "$encrypted$SECRET"}})),
        ];
        for (label, body) in bodies {
            let secret = self.plant(label);
            let text = body.to_string().replace("SECRET", &secret);
            let mut body: Value = serde_json::from_str(&text).unwrap();
            body["name"] = label.into();
            body["description"] = control.into();
            body["credential_type"] = 1.into();
            let request = self.request("POST", "/api/v2/users/1/credentials/").json(&body);
            assert_eq!(self.send(label, &request), 201, "{label}");
        }
        let accepted = [
            ("PATCH", "/api/v2/credentials/2/", json!({"inputs": {"password": "SECRET"}})),
            ("PATCH", "/api/v2/credentials/2/", json!({"inputs": "password: SECRET"})),
            (
                "PUT",
                "/api/v2/credentials/3/",
                json!({"name": "put", "credential_type": 1, "inputs": {"become_password": "SECRET"}}),
            ),
            ("POST", "/api/v2/credentials/2/copy/", json!({"name": "copy", "secret": "SECRET"})),
            ("POST", "/api/v2/users/", json!({"username": "joe", "password": "SECRET"})),
            ("PATCH", "/api/v2/users/2/", json!({"password": "SECRET"})),
            (
                "POST",
                "/strongroom/v1/credentials",
                json!({"name": "native", "type": 1, "user": 1, "inputs": {"password": "SECRET"}}),
            ),
            ("PATCH", "/strongroom/v1/credentials/2", json!({"inputs": {"password": "SECRET"}})),
            ("POST", "/strongroom/v1/credentials/2/versions/1/restore", json!({})),
        ];
        for (method, target, body) in accepted {
            let label = format!("{method} {target}");
            let secret = self.plant(&label);
            let body = body.to_string().replace("SECRET", &secret);
            let request = self.request(method, target).body("application/json", body.as_bytes());
            let status = self.send(&label, &request);
            assert!((200..300).contains(&status), "{label}: {status}");
        }
    }

    /// Every way in which a body that holds a secret is refused.
    fn refused(&mut self) {
        for (target, wrong) in
            [("/api/v2/users/1/credentials/", AWX), ("/strongroom/v1/credentials", NATIVE)]
        {
            for body in wrong.iter().chain(UNREADABLE) {
                self.refuse("POST", target, "application/json", body);
                self.refuse("PATCH", &patched(target), "application/json", body);
            }
            self.refuse("POST", target, "text/plain", "password=SECRET");
            self.refuse("POST", target, "application/x-www-form-urlencoded", "password=SECRET");
            self.refuse(
                "POST",
                target,
                "application/json",
                &format!("[\"SECRET\"{}]", " ".repeat(1 << 20)),
            );
            self.refuse(
                "POST",
                target,
                "application/json",
                &format!("{}\"SECRET\"", "[".repeat(100)),
            );
        }
        for (method, target, body) in ELSEWHERE {
            self.refuse(method, target, "application/json", body);
        }
    }

    fn refuse(&mut self, method: &str, target: &str, media_type: &str, body: &str) {
        let label = format!("{method} {target} {media_type} {}", &body[..body.len().min(60)]);
        let secret = self.plant(&label);
        let body = body.replace("SECRET", &secret);
        let request = self.request(method, target).body(media_type, body.as_bytes());
        let status = self.send(&label, &request);
        assert!((400..500).contains(&status), "{label}: {status}");
    }

    /// Secrets of those who do not get in.
    fn unauthenticated(&mut self) {
        let body = r#"{"name": "n", "credential_type": 1, "inputs": {"password": "SECRET"}}"#;
        for target in ["/api/v2/users/1/credentials/", "/strongroom/v1/credentials"] {
            for (label, scheme, text, encoded) in AUTHORIZATIONS {
                let secret = self.plant(label);
                let text = text.replace("SECRET", &secret);
                let value = if *encoded { STANDARD.encode(text) } else { text };
                let request = Request::new("POST", target)
                    .header("Authorization", &format!("{scheme} {value}"))
                    .body("application/json", body.replace("SECRET", &secret).as_bytes());
                assert_eq!(self.send(label, &request), 401, "{label} at {target}");
            }
            let secret = self.plant("nobody's body");
            let request = Request::new("POST", target)
                .body("application/json", body.replace("SECRET", &secret).as_bytes());
            assert_eq!(self.send("nobody's body", &request), 401);
        }
    }

    /// Secrets in addresses and headers, where none belongs.
    fn beside_the_body(&mut self) {
        for target in TARGETS {
            let secret = self.plant(target);
            let request = self.request("GET", &target.replace("SECRET", &secret));
            let request =
                request.header("Cookie", &format!("awx_sessionid={secret}; csrftoken={secret}"));
            self.send(target, &request.header("X-Auth-Token", &secret));
        }
    }

    /// Bytes that are no request.
    fn below_http(&mut self) {
        for bytes in BROKEN {
            let secret = self.plant(bytes);
            let mut wire = Wire::open(self.server.address()).unwrap();
            wire.send(bytes.replace("SECRET", &secret).as_bytes()).unwrap();
            if let Ok(answer) = wire.receive() {
                assert!((400..500).contains(&answer.status), "{bytes}: {}", answer.head);
                self.answers.extend_from_slice(answer.head.as_bytes());
                self.answers.extend_from_slice(&answer.body);
            }
        }
    }

    /// Everything that can be read.
    fn read_back(&mut self) {
        for target in READABLE {
            let request = self.request("GET", target);
            assert_eq!(self.send(target, &request), 200, "{target}");
        }
        for target in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(self.send(target, &Request::new("GET", target)), 200, "{target}");
        }
        for target in ["/api/v2/credentials/", "/api/v2/users/", "/api/v2/credentials/2/"] {
            let request = self.request("OPTIONS", target);
            assert_eq!(self.send(target, &request), 200, "{target}");
        }
    }
}

/// Where the credential that a collection made is changed.
fn patched(collection: &str) -> String {
    match collection {
        "/strongroom/v1/credentials" => "/strongroom/v1/credentials/2".to_owned(),
        _ => "/api/v2/credentials/2/".to_owned(),
    }
}

fn is_key(path: &Path) -> bool {
    path.ends_with("keys/root.key")
}

/// The bytes of the root key.
fn root_key(data_dir: &Path) -> Vec<u8> {
    let line = std::fs::read_to_string(data_dir.join("keys/root.key")).unwrap();
    STANDARD.decode(line.trim().rsplit(':').next().unwrap()).unwrap()
}

/// Only the frame of a private key is looked at, and that its body is Base64.
const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----\n";

/// No JSON, or JSON that is not taken.
const UNREADABLE: &[&str] = &[
    r#"{"name": "n", "inputs": {"password": "SECRET""#,
    r#"{"name": "n", "inputs": {"password": "SECRET",}}"#,
    r#"{"name": "n", "inputs": {"password": SECRET}}"#,
    r#"{"name": "n", "inputs": {"password": "SECRET\ud800"}}"#,
    r#""SECRET""#,
    r#"["SECRET"]"#,
];

const AWX: &[&str] = &[
    r#"{"name": "n", "credential_type": 1, "inputs": {"passwort": "SECRET"}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"password": ["SECRET"]}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"password": {"a": "SECRET"}}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"password": "x", "password": {"SECRET": 1}}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"password": "SECRET\u0000"}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"become_password": "SECRET", "username": 7}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"ssh_key_data": "SECRET"}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"ssh_key_data": "-----BEGIN RSA PRIVATE KEY-----\nSECRET!\n-----END RSA PRIVATE KEY-----\n"}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": {"ssh_key_data": "-----BEGIN SECRET-----\nAAAA\n-----END SECRET-----\n"}}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": "SECRET"}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": "password: 'SECRET"}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": "a: &a SECRET\nb: *a\n"}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": "password: !SECRET x\n"}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": "{\"password\": \"SECRET\""}"#,
    r#"{"name": "n", "credential_type": 1, "inputs": ["SECRET"]}"#,
    r#"{"name": "", "credential_type": 1, "inputs": {"password": "SECRET"}}"#,
    r#"{"name": [], "credential_type": "x", "inputs": {"password": "SECRET"}}"#,
    r#"{"name": "n", "credential_type": 99999, "inputs": {"password": "SECRET"}}"#,
];

const NATIVE: &[&str] = &[
    r#"{"name": "n", "type": 1, "user": 1, "inputs": {"passwort": "SECRET"}}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": {"password": ["SECRET"]}}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": {"password": "SECRET\u0000"}}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": {"ssh_key_data": "SECRET"}}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": "SECRET"}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": ["SECRET"]}"#,
    r#"{"name": "n", "type": 1, "user": 1, "inputs": {}, "password": "SECRET"}"#,
    r#"{"name": "", "type": 99999, "user": 1, "inputs": {"password": "SECRET"}}"#,
];

/// Method, target and body of requests that are refused for another reason than the body alone.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("PATCH", "/api/v2/credentials/99999/", r#"{"inputs": {"password": "SECRET"}}"#),
    ("PATCH", "/api/v2/credentials/1/", r#"{"inputs": {"token": "SECRET"}}"#),
    ("PUT", "/api/v2/credentials/", r#"{"inputs": {"password": "SECRET"}}"#),
    ("POST", "/api/v2/users/", r#"{"username": "joe", "password": "SECRET"}"#),
    ("POST", "/api/v2/users/", r#"{"username": "a b", "password": "SECRET"}"#),
    ("POST", "/api/v2/users/", r#"{"username": "ann", "password": ["SECRET"]}"#),
    ("POST", "/api/v2/users/", r#"{"username": "ann", "email": "x", "password": "SECRET"}"#),
    ("PATCH", "/api/v2/users/2/", r#"{"password": "SECRET\u0000"}"#),
    ("PATCH", "/api/v2/users/2/", r#"{"password": "SECRETSECRETSECRETSECRETSECRETSECRET"}"#),
    ("PATCH", "/strongroom/v1/credentials/99999", r#"{"inputs": {"password": "SECRET"}}"#),
    ("PUT", "/strongroom/v1/credentials", r#"{"inputs": {"password": "SECRET"}}"#),
    ("POST", "/strongroom/v1/tokens", r#"{"kind": "native", "name": "n", "token": "SECRET"}"#),
    ("POST", "/strongroom/v1/tokens", r#"{"kind": "native", "name": {"SECRET": 1}}"#),
    ("POST", "/strongroom/v1/nothing", r#"{"password": "SECRET"}"#),
    ("POST", "/api/v2/nothing/", r#"{"password": "SECRET"}"#),
    ("POST", "/credentials/", r#"{"value": "SECRET"}"#),
    ("POST", "/v3/registry_credentials", r#"{"password": "SECRET"}"#),
    ("POST", "/uaa/oauth/token", r#"{"password": "SECRET"}"#),
    ("POST", "/v1/registries/1/credentials", r#"{"password": "SECRET"}"#),
    ("POST", "/nobody", r#"{"password": "SECRET"}"#),
];

/// Label, scheme, text, and whether the text goes in base64.
const AUTHORIZATIONS: &[(&str, &str, &str, bool)] = &[
    ("a wrong password", "Basic", "admin:SECRET", true),
    ("nobody's password", "Basic", "nobody:SECRET", true),
    ("a pair without a colon", "Basic", "SECRET", true),
    ("a pair that is no base64", "Basic", "SECRET!", false),
    ("a wrong token", "Bearer", "SECRET", false),
    ("a wrong token of the right form", "Bearer", "str_SECRET", false),
    ("two tokens", "Bearer", "SECRET SECRET", false),
    ("an unknown scheme", "Digest", "response=\"SECRET\"", false),
    ("no scheme", "SECRET", "", false),
];

const TARGETS: &[&str] = &[
    "/api/v2/credentials/?password=SECRET",
    "/api/v2/me/?access_token=SECRET",
    "/strongroom/v1/credentials?after=1&token=SECRET",
    "/healthz?token=SECRET",
    "/SECRET",
    "/api/v2/SECRET/",
    "/api/v2/credentials/SECRET/",
    "/strongroom/v1/credentials/SECRET",
    "/api/v2/../SECRET",
    "//SECRET",
];

/// What HTTP itself does not let through.
const BROKEN: &[&str] = &[
    "SECRET\r\n\r\n",
    "GET / SECRET\r\n\r\n",
    "GET /api/ HTTP/1.1\r\nHost: localhost\r\nSECRET\r\n\r\n",
    "GET /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: SECRET\r\n\r\n",
    "GET /api/ HTTP/1.1\r\nHost: SECRET.example\r\n\r\n",
    "POST /api/v2/credentials/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
];

const READABLE: &[&str] = &[
    "/api/v2/credentials/?page_size=200",
    "/api/v2/users/",
    "/api/v2/users/2/",
    "/api/v2/tokens/",
    "/api/v2/activity_stream/?page_size=200",
    "/api/v2/credentials/2/",
    "/api/v2/credentials/2/activity_stream/",
    "/api/v2/users/2/activity_stream/",
    "/strongroom/v1/credentials?limit=200",
    "/strongroom/v1/credentials/2/versions",
    "/strongroom/v1/tokens",
    "/strongroom/v1/audit?limit=200",
];
