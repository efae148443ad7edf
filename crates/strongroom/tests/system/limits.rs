//! Bad input over the wire: the owner of the path answers in its own words, nothing is written, and the
//! server goes on.

use std::net::SocketAddr;
use std::thread;

use serde_json::{Value, json};

use crate::common::{Server, Store};
use crate::database::Database;
use crate::reader::Reader;
use crate::wire::{Answer, Request, Wire};

#[test]
fn bad_input_is_refused_on_sqlite() {
    refuse_all(&Store::sqlite());
}

#[test]
fn bad_input_is_refused_on_postgres() {
    refuse_all(&Store::postgres());
}

#[test]
fn a_slow_client_is_told_and_holds_nobody_up() {
    let store = Store::sqlite();
    let server = store.start();
    let token = Reader::log_in(&server).token;
    let slow = |target: &str| {
        let mut wire = Wire::open(server.address()).unwrap();
        let request = Request::new("POST", target).bearer(&token).header("Content-Length", "100");
        wire.send(&request.body("application/json", b"{").bytes()).unwrap();
        wire
    };
    let waiting = [slow("/api/v2/credentials/"), slow("/strongroom/v1/credentials")];
    let mut half_a_head = Wire::open(server.address()).unwrap();
    half_a_head.send(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    assert_alive(server.address());
    for mut wire in waiting {
        let answer = wire.receive().unwrap();
        assert_eq!(answer.status, 408, "{}", answer.text());
        assert!(answer.json().is_object(), "{}", answer.text());
    }
    let answered = half_a_head.receive();
    assert!(answered.is_err() || answered.is_ok_and(|answer| answer.status == 408));
    assert_alive(server.address());
}

#[test]
fn garbage_from_many_sides_leaves_the_server_alive() {
    let store = Store::sqlite();
    let server = store.start();
    let address = server.address();
    thread::scope(|scope| {
        for seed in 0..8 {
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(seed);
                for _ in 0..50 {
                    let mut bytes: Vec<u8> = (0..rng.usize(1..2_000)).map(|_| rng.u8(..)).collect();
                    if rng.bool() {
                        bytes.splice(0..0, *b"POST /api/v2/credentials/ HTTP/1.1\r\n");
                    }
                    bytes.extend_from_slice(b"\r\n\r\n");
                    let mut wire = Wire::open(address).unwrap();
                    // The server may hang up while we still send.
                    if wire.send(&bytes).is_ok()
                        && let Ok(answer) = wire.receive()
                    {
                        assert!((400..500).contains(&answer.status), "{}", answer.head);
                    }
                }
            });
        }
    });
    assert_alive(address);
}

/// What one test sends and what it must get.
struct Bench {
    server: Server,
    reader: Reader,
}

fn refuse_all(store: &Store) {
    let server = store.start();
    let reader = Reader::log_in(&server);
    let mut bench = Bench { server, reader };
    let before = bench.state();
    bench.bodies();
    bench.ids();
    bench.methods();
    bench.authentication();
    bench.sizes();
    bench.framing();
    bench.hosts_and_paths();
    assert_eq!(bench.state(), before, "something was written");
    bench.server.stop();
    Database::of(store).check_whole();
}

impl Bench {
    /// Sends a request and looks at what every refusal has in common.
    fn send(&self, name: &str, request: &Request) -> Answer {
        self.send_bytes(name, &request.bytes())
    }

    fn send_bytes(&self, name: &str, bytes: &[u8]) -> Answer {
        let mut wire = Wire::open(self.server.address()).unwrap();
        // The answer to what is too large may come before all of it is sent.
        let _ = wire.send(bytes);
        let answer = wire.receive().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.head, answer.text());
        assert_alive(self.server.address());
        answer
    }

    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target).bearer(&self.reader.token)
    }

    /// What the tables hold that a refused request could have filled.
    fn state(&mut self) -> Value {
        let targets =
            ["/api/v2/credentials/", "/api/v2/users/", "/api/v2/organizations/", "/api/v2/teams/"];
        let mut state: Vec<Value> = targets.iter().map(|target| self.reader.get(target)).collect();
        // The entries of refusals may grow, those of changes may not.
        let entries = self.reader.get("/api/v2/activity_stream/?page_size=200");
        state.push(entries["count"].clone());
        state.push(self.reader.token_names().len().into());
        Value::from(state)
    }

    fn bodies(&self) {
        for (name, body, wanted) in awx_bodies() {
            let request = self.request("POST", CREATE).body("application/json", &body);
            let answer = self.send(name, &request);
            assert_eq!(answer.status, 400, "{name}: {}", answer.text());
            match wanted {
                Wanted::Members(members) => assert_eq!(answer.json(), members, "{name}"),
                Wanted::ParseError => {
                    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                    assert!(detail.starts_with("JSON parse error - "), "{name}: {detail}");
                }
            }
            self.native(name, 400, &self.request("POST", NATIVE).body("application/json", &body));
        }
        for (name, body) in native_bodies() {
            self.native(name, 400, &self.request("POST", NATIVE).json(&body));
        }
        for media_type in [
            "text/plain",
            "application/xml",
            "application/jsonp",
            "multipart/form-data; boundary=x",
        ] {
            let request = self.request("POST", CREATE).body(media_type, b"{}");
            let answer = self.send(media_type, &request);
            assert_eq!(
                (answer.status, answer.json()),
                (415, json!({"detail": UNSUPPORTED})),
                "{media_type}"
            );
            self.native(media_type, 415, &self.request("POST", NATIVE).body(media_type, b"{}"));
        }
    }

    fn ids(&self) {
        for id in BAD_IDS {
            for method in ["GET", "DELETE"] {
                let awx = self.request(method, &format!("/api/v2/credentials/{id}/"));
                let answer = self.send(id, &awx);
                assert_eq!(answer.status, 404, "{id}: {}", answer.text());
                assert!(answer.json()["detail"].is_string(), "{id}: {}", answer.text());
                self.native(
                    id,
                    404,
                    &self.request(method, &format!("/strongroom/v1/credentials/{id}")),
                );
            }
        }
    }

    fn methods(&self) {
        for method in ["PUT", "DELETE", "TRACE", "PROPFIND", "get"] {
            let answer = self.send(method, &self.request(method, CREATE));
            let wanted = json!({"detail": format!("Method \"{method}\" not allowed.")});
            assert_eq!((answer.status, answer.json()), (405, wanted), "{method}");
            assert!(
                answer.header("allow").is_some_and(|allow| allow.contains("POST")),
                "{}",
                answer.head
            );
            let answer = self.native(method, 405, &self.request(method, NATIVE));
            assert!(
                answer.header("allow").is_some_and(|allow| allow.contains("POST")),
                "{}",
                answer.head
            );
        }
    }

    fn authentication(&self) {
        for (name, value) in AUTHORIZATIONS {
            let with = |target: &str| match value {
                Some(value) => Request::new("GET", target).header("Authorization", value),
                None => Request::new("GET", target),
            };
            let answer = self.send(name, &with("/api/v2/credentials/"));
            assert_eq!(
                (answer.status, answer.json()),
                (401, json!({"detail": UNAUTHENTICATED})),
                "{name}"
            );
            assert!(
                answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer"))
            );
            self.native(name, 401, &with(NATIVE));
        }
    }

    fn sizes(&self) {
        let large = vec![b' '; (1 << 20) + 1];
        for (target, media_type) in
            [(CREATE, "application/json"), (NATIVE, "application/problem+json")]
        {
            let declared = self.request("POST", target).header("Content-Length", "4294967296");
            let answer = self.send("a declared size", &declared.body("application/json", b"{"));
            assert_refused(&answer, 413, media_type);
            let chunked = self.request("POST", target).header("Transfer-Encoding", "chunked");
            let body =
                [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
            let answer =
                self.send("chunks without a size", &chunked.body("application/json", &body));
            assert_refused(&answer, 413, media_type);
            let whole = self.request("POST", target).body("application/json", &large);
            assert_refused(&self.send("a large body", &whole), 413, media_type);
        }
        let registry = self.request("POST", "/v1/registries/1/credentials");
        let answer =
            self.send("a registry's body", &registry.body("application/json", &large[..65 * 1024]));
        assert_refused(&answer, 413, "application/problem+json");
        let target = format!("/api/v2/credentials/?name={}", "a".repeat(100_000));
        assert!(matches!(
            self.send("a long address", &self.request("GET", &target)).status,
            400 | 414 | 431
        ));
        let header = self.request("GET", "/api/v2/me/").header("X-Long", &"a".repeat(1 << 20));
        assert_eq!(self.send("a long header", &header).status, 431);
        let many = (0..500).fold(self.request("GET", "/api/v2/me/"), |request, at| {
            request.header(&format!("X-{at}"), "a")
        });
        assert_eq!(self.send("many headers", &many).status, 431);
    }

    /// Two readings of where a request ends: neither is taken, and nothing after it is read as a request.
    fn framing(&self) {
        let inner =
            self.request("POST", CREATE).json(&json!({"name": "smuggled", "credential_type": 1}));
        for (name, headers) in AMBIGUOUS {
            let head =
                format!("POST {CREATE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ");
            let head = format!("{head}{}\r\n{headers}\r\n\r\n", self.reader.token);
            let bytes = [head.as_bytes(), b"0\r\n\r\n", &inner.bytes()].concat();
            let mut wire = Wire::open(self.server.address()).unwrap();
            wire.send(&bytes).unwrap();
            let answer = wire.receive().unwrap();
            assert_eq!(answer.status, 400, "{name}: {}", answer.text());
            assert!(wire.is_closed(), "{name}: the connection goes on");
            assert_alive(self.server.address());
        }
    }

    fn hosts_and_paths(&self) {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "[::2]",
            "",
        ] {
            let answer = self.send(host, &Request::new("GET", "/api/").header("Host", host));
            assert!(matches!(answer.status, 400 | 421), "{host:?}: {}", answer.head);
            assert!(answer.json()["detail"].is_string(), "{host:?}: {}", answer.text());
            let answer = self.send(host, &Request::new("GET", NATIVE).header("Host", host));
            assert_refused(&answer, answer.status, "application/problem+json");
        }
        let absolute = Request::new("GET", "http://evil.example/api/");
        assert_eq!(self.send("another host in the address", &absolute).status, 421);
        self.send_bytes("no host", b"GET /api/ HTTP/1.1\r\n\r\n");
        self.send_bytes(
            "two hosts",
            b"GET /api/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        );
        for path in CROOKED {
            let answer = self.send(path, &self.request("GET", path));
            assert!(
                matches!(answer.status, 400 | 404),
                "{path}: {} {}",
                answer.head,
                answer.text()
            );
        }
    }

    /// A refusal by the native API.
    fn native(&self, name: &str, status: u16, request: &Request) -> Answer {
        let answer = self.send(name, request);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert_refused(&answer, status, "application/problem+json");
        assert_eq!(answer.json()["status"], status, "{name}: {}", answer.text());
        answer
    }
}

fn assert_refused(answer: &Answer, status: u16, media_type: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let said = answer.header("content-type").unwrap_or_default();
    assert!(said.starts_with(media_type), "{said}: {}", answer.text());
    assert!(answer.json().is_object(), "{}", answer.text());
}

fn assert_alive(address: SocketAddr) {
    let answer = Wire::open(address).unwrap().call(&Request::new("GET", "/healthz")).unwrap();
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})));
}

/// What AWX says to a bad body.
enum Wanted {
    ParseError,
    Members(Value),
}

/// Bodies that both dialects refuse.
fn awx_bodies() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    let whole = |members: Value| Wanted::Members(members);
    let text = |inputs: &str| {
        json!({"name": "n", "credential_type": 1, "inputs": inputs}).to_string().into_bytes()
    };
    let not_a_mapping = || whole(json!({"inputs": ["str provided, expected dict"]}));
    let aliases = (0..30).fold("a0: &a0 [x]\n".to_owned(), |yaml, at| {
        format!("{yaml}a{}: &a{} [*a{at}, *a{at}]\n", at + 1, at + 1)
    });
    let mut bodies = vec![
        ("an object cut off", br#"{"name": "n""#.to_vec(), Wanted::ParseError),
        ("a comma too many", br#"{"name": "n",}"#.to_vec(), Wanted::ParseError),
        ("two documents", b"{} {}".to_vec(), Wanted::ParseError),
        ("a lone surrogate", br#"{"name": "\ud800"}"#.to_vec(), Wanted::ParseError),
        (
            "two surrogates in the wrong order",
            br#"{"name": "\udc00\ud800"}"#.to_vec(),
            Wanted::ParseError,
        ),
        ("no UTF-8", b"{\"name\": \"\xff\xfe\"}".to_vec(), Wanted::ParseError),
        ("not a number", br#"{"name": "n", "credential_type": NaN}"#.to_vec(), Wanted::ParseError),
        (
            "an endless number",
            br#"{"name": "n", "credential_type": 1e999}"#.to_vec(),
            Wanted::ParseError,
        ),
        ("a deep document", nested(65), Wanted::ParseError),
        ("nothing but brackets", vec![b'['; 1 << 20], Wanted::ParseError),
        ("NUL outside a text", b"{\"name\": \0}".to_vec(), Wanted::ParseError),
        (
            "a list",
            b"[1]".to_vec(),
            whole(json!({"detail": "JSON parse error - not a JSON object"})),
        ),
        (
            "a text",
            br#""x""#.to_vec(),
            whole(json!({"detail": "JSON parse error - not a JSON object"})),
        ),
        (
            "an inputs list",
            json!({"name": "n", "credential_type": 1, "inputs": [1]}).to_string().into_bytes(),
            whole(json!({"inputs": ["list provided, expected dict"]})),
        ),
        (
            "a name twice, the last one empty",
            br#"{"name": "n", "name": "", "credential_type": 1, "inputs": {}}"#.to_vec(),
            whole(json!({"name": ["This field may not be blank."]})),
        ),
        (
            "wrong types",
            br#"{"name": true, "description": [], "credential_type": "x", "inputs": {}}"#.to_vec(),
            whole(json!({
                "name": ["Not a valid string."],
                "description": ["Not a valid string."],
                "credential_type": ["Incorrect type. Expected pk value, received str."],
            })),
        ),
        (
            "nothing",
            b"{}".to_vec(),
            whole(json!({
                "name": ["This field is required."], "credential_type": ["This field is required."],
            })),
        ),
        (
            "NUL in a name",
            br#"{"name": "a\u0000b", "credential_type": 1}"#.to_vec(),
            whole(json!({"name": ["Null characters are not allowed."]})),
        ),
        (
            "NUL in an input",
            br#"{"name": "n", "credential_type": 1, "inputs": {"username": "\u0000"}}"#.to_vec(),
            whole(json!({"inputs": {"username": ["Null characters are not allowed."]}})),
        ),
        (
            "a long name",
            json!({"name": "n".repeat(513), "credential_type": 1}).to_string().into_bytes(),
            whole(json!({"name": ["Ensure this field has no more than 512 characters."]})),
        ),
    ];
    for (name, yaml) in [
        ("YAML that is no mapping", "- a\n- b\n"),
        ("YAML cut off", "username: 'a"),
        ("YAML with an alias", "username: &a x\npassword: *a\n"),
        ("YAML that multiplies", aliases.as_str()),
        ("YAML with a tag", "username: !!python/object:os.system x\n"),
        ("YAML with two documents", "username: a\n---\nusername: b\n"),
        ("YAML with a key that is no text", "1: a\n"),
        ("YAML with a key twice", "username: a\nusername: b\n"),
        ("deep YAML", &format!("a: {}{}\n", "[".repeat(70), "]".repeat(70))),
        ("very deep YAML", &format!("a: {}", "[".repeat(100_000))),
        ("an empty text", ""),
    ] {
        bodies.push((name, text(yaml), not_a_mapping()));
    }
    bodies
}

fn nested(depth: usize) -> Vec<u8> {
    let lists = depth - 1;
    format!(r#"{{"name": {}{}}}"#, "[".repeat(lists), "]".repeat(lists)).into_bytes()
}

/// Bodies that only the native API refuses.
fn native_bodies() -> Vec<(&'static str, Value)> {
    vec![
        (
            "an unknown member",
            json!({"name": "n", "type": 1, "user": 1, "inputs": {}, "colour": "red"}),
        ),
        ("inputs as text", json!({"name": "n", "type": 1, "user": 1, "inputs": "username: a"})),
        ("no owner", json!({"name": "n", "type": 1, "inputs": {}})),
        ("two owners", json!({"name": "n", "type": 1, "inputs": {}, "user": 1, "organization": 1})),
        ("an unknown type", json!({"name": "n", "type": 99999, "user": 1, "inputs": {}})),
        ("an id of the wrong kind", json!({"name": "n", "type": {}, "user": [1], "inputs": {}})),
        (
            "an unknown input",
            json!({"name": "n", "type": 1, "user": 1, "inputs": {"colour": "red"}}),
        ),
    ]
}

const CREATE: &str = "/api/v2/users/1/credentials/";
const NATIVE: &str = "/strongroom/v1/credentials";
const UNAUTHENTICATED: &str = "Authentication credentials were not provided. To establish a login session, visit /api/login/.";
const UNSUPPORTED: &str = "You did not use correct Content-Type in your HTTP request. If you are using our \
                           REST API, the Content-Type must be application/json";

const BAD_IDS: &[&str] = &[
    "0",
    "-1",
    "99999",
    "9223372036854775808",
    "999999999999999999999999999999",
    "1e3",
    "1.0",
    "0x1",
    "nothing",
    "%00",
    "%FF",
    "%C3%A9",
    "00000000-0000-0000-0000-000000000000",
    "'%20OR%201=1--",
];

const AUTHORIZATIONS: &[(&str, Option<&str>)] = &[
    ("nothing presented", None),
    ("an empty header", Some("")),
    ("a scheme alone", Some("Bearer")),
    ("an unknown token", Some("Bearer str_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    ("a token that is none", Some("Bearer ../../etc/passwd")),
    (
        "a long token",
        Some(concat!(
            "Bearer ",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        )),
    ),
    ("no base64", Some("Basic ???")),
    ("no pair", Some("Basic YWRtaW4=")),
    ("a wrong pair", Some("Basic YWRtaW46d3Jvbmc=")),
    ("a pair that is no UTF-8", Some("Basic /////w==")),
    ("a scheme unknown", Some("Negotiate YWRtaW4=")),
];

/// Framing headers that two servers could read in two ways.
const AMBIGUOUS: &[(&str, &str)] = &[
    ("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
    ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
    ("two lengths", "Content-Length: 5\r\nContent-Length: 6"),
    ("two lengths in one", "Content-Length: 5, 6"),
    ("a length with a sign", "Content-Length: +5"),
    ("a length that is none", "Content-Length: 0x5"),
    ("a length too large for any machine", "Content-Length: 99999999999999999999"),
    ("an unknown coding", "Transfer-Encoding: identity"),
    ("chunks that are not last", "Transfer-Encoding: chunked, identity"),
    ("a space before the colon", "Transfer-Encoding : chunked"),
    ("a folded line", "Transfer-Encoding:\r\n chunked"),
];

/// Paths with a second reading, or with none.
const CROOKED: &[&str] = &[
    "/api/v2/../v2/me/",
    "/api/./v2/me/",
    "//api/v2/me/",
    "/api//v2/me/",
    "/api/v2/%2e%2e/v2/me/",
    "/api/v2/me%2f",
    "/api%2fv2/me/",
    "/API/v2/me/",
    "/api/v2/me/%00",
    "/api/v2/%ff/",
    "/api/v2/%zz/",
    "/strongroom/v1/../v1/credentials",
    "/strongroom/V1/credentials",
    "/strongroom/v1/credentials/",
    "/healthz/",
    "/healthz/..",
];
