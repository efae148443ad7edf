//! Checkpoints of the audit log posted to another host: what arrives there proves the end of an exported log, and a
//! receiver that fails or hangs holds up nothing.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::{Server, Store};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

#[test]
fn checkpoints_are_posted_and_prove_the_end_of_an_exported_log() {
    for store in Store::both() {
        let receiver = Receiver::start();
        let mut server = store.start_with(&["--audit-anchor-url", &receiver.url]);
        let token = Reader::log_in(&server).token;
        assert!(create(&server, &token, "one") < PATIENCE);
        let noted = succeeded(&store, &["audit", "checkpoint"]);
        receiver.wait_for(&noted);
        let export = store.folder().join("export.jsonl");
        let export = export.to_str().unwrap().to_owned();
        succeeded(&store, &["audit", "export", "--out", &export]);
        server.stop();
        let anchors = store.folder().join("anchors");
        fs::write(&anchors, receiver.notes().join("\n")).unwrap();
        let key = succeeded(&store, &["audit", "key"]);
        let anchors = anchors.to_str().unwrap();
        let proof = ["verify", &export, "--public-key", key.trim(), "--anchors", anchors];
        let proved = store.run(&[&["audit"], &proof[..]].concat());
        assert!(proved.status.success(), "{}", String::from_utf8_lossy(&proved.stderr));
        // The older log, whole by itself, ends before what was posted.
        let text = fs::read_to_string(&export).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let cut = lines.iter().position(|line| line.contains("\"checkpoint\"")).unwrap();
        fs::write(&export, lines[..=cut].join("\n")).unwrap();
        if cut + 1 < lines.len() {
            let found = store.run(&[&["audit"], &proof[..]].concat());
            assert_eq!(found.status.code(), Some(1));
        }
    }
}

#[test]
fn a_receiver_that_fails_or_hangs_holds_up_nothing_and_is_tried_again() {
    let store = Store::sqlite();
    let receiver = Receiver::start();
    let server = store.start_with(&["--audit-anchor-url", &receiver.url]);
    let token = Reader::log_in(&server).token;
    for mood in [Mood::Fails, Mood::Hangs] {
        receiver.set(mood);
        let asked = receiver.asked();
        assert!(create(&server, &token, "meanwhile") < PATIENCE);
        succeeded(&store, &["audit", "checkpoint"]);
        let begun = Instant::now();
        while receiver.asked() == asked {
            assert!(begun.elapsed() < LONG, "nothing was posted");
            thread::sleep(Duration::from_millis(20));
        }
        assert!(create(&server, &token, "after") < PATIENCE);
    }
    receiver.set(Mood::Takes);
    assert!(create(&server, &token, "again") < PATIENCE);
    let noted = succeeded(&store, &["audit", "checkpoint"]);
    receiver.wait_for(&noted);
    assert!(store.log().contains("a checkpoint of the audit log was not kept"));
}

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Fails,
    Hangs,
}

/// Another host, which keeps what is posted to it.
struct Receiver {
    url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    asked: usize,
    notes: Vec<String>,
    /// Connections that are never answered.
    kept: Vec<TcpStream>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/checkpoints", listener.local_addr().unwrap());
        let state = State { mood: Mood::Takes, asked: 0, notes: Vec::new(), kept: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        // It ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming() {
                receive(stream.unwrap(), &shared);
            }
        });
        Self { url, state }
    }

    fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    fn notes(&self) -> Vec<String> {
        self.state.lock().unwrap().notes.clone()
    }

    fn wait_for(&self, noted: &str) {
        let begun = Instant::now();
        while !self.notes().iter().any(|note| note.trim() == noted.trim()) {
            assert!(begun.elapsed() < LONG, "{noted} was not posted: {:?}", self.notes());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn receive(mut stream: TcpStream, state: &Mutex<State>) {
    let Some((head, body)) = read(&mut stream) else { return };
    assert!(head.starts_with("POST /checkpoints HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: text/plain"), "{head}");
    let mut state = state.lock().unwrap();
    state.asked += 1;
    let status = match state.mood {
        Mood::Takes => {
            state.notes.push(body);
            "204 No Content"
        }
        Mood::Fails => "500 Internal Server Error",
        Mood::Hangs => return state.kept.push(stream),
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(answer.as_bytes()));
}

/// Head and body of a request, as far as they came.
fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    use std::io::Read;

    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1)?.lines().next()?.trim().to_owned();
            if length.parse::<usize>().ok()? <= body.len() {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut piece).ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// How long the making of a credential took.
fn create(server: &Server, token: &str, name: &str) -> Duration {
    let begun = Instant::now();
    let body = json!({"name": format!("{name} {:x}", fastrand::u64(..)), "credential_type": 1});
    let request = Request::new("POST", "/api/v2/users/1/credentials/").bearer(token).json(&body);
    let answer = Wire::open(server.address()).unwrap().call(&request).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    begun.elapsed()
}

fn succeeded(store: &Store, words: &[&str]) -> String {
    let output = store.run(words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a request may take while the receiver does not answer: far less than the receiver is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a checkpoint may take to arrive.
const LONG: Duration = Duration::from_secs(30);
