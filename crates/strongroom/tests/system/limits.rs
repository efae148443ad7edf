//! Bad input over the wire: the owner of the path answers in its own words, nothing is written, and the
//! server goes on.

mod cases;

use std::net::SocketAddr;
use std::thread;

use serde_json::{Value, json};

use crate::common::{Server, Store};
use crate::database::Database;
use crate::reader::Reader;
use crate::wire::{Answer, Request, Wire};

use cases::{AMBIGUOUS, AUTHORIZATIONS, BAD_IDS, CROOKED, Wanted, awx_bodies, native_bodies};

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

const CREATE: &str = "/api/v2/users/1/credentials/";
const NATIVE: &str = "/strongroom/v1/credentials";
const UNAUTHENTICATED: &str = "Authentication credentials were not provided. To establish a login session, visit /api/login/.";
const UNSUPPORTED: &str = "You did not use correct Content-Type in your HTTP request. If you are using our \
                           REST API, the Content-Type must be application/json";
