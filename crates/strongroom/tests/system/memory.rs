//! The memory of a running server: it cannot be dumped, and a while after its last use no secret is in it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use serde_json::json;

use crate::common::http::basic;
use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::proof::{figures, sized};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

/// Seconds after the last use; ten times as many are the wait of a long run. What is given back is wiped at once, so
/// that nothing is gained by waiting but what background work still holds.
const WAIT: usize = 6;
const ROUNDS: usize = 30;
/// What one check of a password takes.
const ONE_HASH_KIB: u64 = 19_456;

#[test]
fn no_secret_is_left_in_memory_and_nobody_else_reads_it_on_sqlite() {
    plant_and_look(&Store::sqlite());
}

#[test]
fn no_secret_is_left_in_memory_and_nobody_else_reads_it_on_postgres() {
    plant_and_look(&Store::postgres());
}

/// Each takes 19 MiB while it is checked, which the process gives back, whoever guesses how often.
#[test]
fn wrong_passwords_do_not_make_the_server_larger() {
    let store = Store::sqlite();
    let server = store.start();
    let address = server.address();
    let guess = move |round: usize| {
        let pair = basic(&format!("guesser{round}"), "wrong");
        let request = Request::new("GET", "/api/v2/me/").header("Authorization", &pair);
        let mut wire = Wire::open(address).unwrap();
        wire.send(&request.bytes()).unwrap();
        assert_eq!(wire.receive().unwrap().status, 401);
    };
    guess(0);
    let before = resident_kib(&server);
    for round in 0..4 {
        std::thread::scope(|scope| {
            for number in 0..8 {
                scope.spawn(move || guess(1 + 8 * round + number));
            }
        });
    }
    let after = resident_kib(&server);
    assert!(after < before + ONE_HASH_KIB, "{before} KiB before, {after} KiB after");
}

fn resident_kib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn plant_and_look(store: &Store) {
    let server = store.start();
    assert_is_not_dumpable(&server);
    let token = Reader::log_in(&server).token;
    let mut planted = vec![token.clone()];
    for round in 0..ROUNDS {
        let secret =
            format!("planted-{round}-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        plant(&server, &token, round, &secret);
        planted.push(secret);
    }
    let key = fs::read_to_string(store.data_dir().join("keys/root.key")).unwrap();
    planted.push(key.trim().rsplit(':').next().unwrap().to_owned());
    let wait = sized(WAIT);
    std::thread::sleep(Duration::from_secs(wait as u64));
    if !rustix::process::geteuid().is_root() {
        // Nobody but root can look, which is what was to be shown.
        assert!(File::open(format!("/proc/{}/mem", server.id())).is_err());
        return;
    }
    // No secret, and in use as long as the server runs.
    let control = store.data_dir().display().to_string();
    let (found, control, searched) = search(&server, &planted, &control);
    assert!(control, "the control text was not found: the search does not see the memory");
    assert!(found.is_empty(), "in memory: {found:?}");
    figures(
        &format!("memory, {}", store.kind()),
        "after its last use no secret is in the memory of the server",
        &json!({"seconds": wait, "secrets": planted.len(), "bytes": searched, "found": 0}),
    );
}

/// A secret through bodies, headers and answers, each over a connection of its own.
fn plant(server: &Server, token: &str, round: usize, secret: &str) {
    let inputs = json!({"username": "u", "password": secret});
    let body = json!({"name": format!("c{round}"), "credential_type": 1, "inputs": inputs});
    let made = call(
        server,
        &Request::new("POST", "/api/v2/users/1/credentials/").bearer(token).json(&body),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_i64().unwrap();
    let copy = Request::new("POST", &format!("/api/v2/credentials/{id}/copy/")).bearer(token);
    assert_eq!(call(server, &copy.json(&json!({"name": format!("copy {round}")}))).status, 201);
    // A wrong body, a wrong password, a wrong token.
    let wrong = Request::new("POST", "/api/v2/users/1/credentials/").bearer(token);
    call(server, &wrong.body("application/json", format!("{{\"inputs\": \"{secret}").as_bytes()));
    call(server, &Request::new("GET", "/api/v2/me/").basic("admin", secret));
    call(server, &Request::new("GET", "/api/v2/me/").bearer(secret));
    if round == 0 {
        call(server, &Request::new("GET", "/api/v2/me/").basic("admin", ADMIN_PASSWORD));
    }
}

fn call(server: &Server, request: &Request) -> crate::wire::Answer {
    Wire::open(server.address()).unwrap().call(request).unwrap()
}

/// Another process of the same user neither traces it nor gets a core of it.
fn assert_is_not_dumpable(server: &Server) {
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // What is not dumpable belongs to root, whoever runs it.
    let status = fs::metadata(format!("/proc/{}/mem", server.id())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&status), 0);
}

/// Which of the secrets are in writable memory, whether the control text is, and how much was searched.
fn search(server: &Server, planted: &[String], control: &str) -> (Vec<String>, bool, u64) {
    let mut patterns: Vec<&[u8]> = planted.iter().map(String::as_bytes).collect();
    patterns.push(control.as_bytes());
    let automaton = AhoCorasick::new(patterns).unwrap();
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.id())).unwrap();
    let mut memory = File::open(format!("/proc/{}/mem", server.id())).unwrap();
    let (mut found, mut is_seen, mut searched) = (Vec::new(), false, 0);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let hex = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = (hex(start), hex(end));
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // A region may go while it is read.
        if memory.seek(SeekFrom::Start(start)).and_then(|_| memory.read_exact(&mut bytes)).is_err()
        {
            continue;
        }
        searched += end - start;
        for hit in automaton.find_iter(&bytes) {
            match planted.get(hit.pattern().as_usize()) {
                None => is_seen = true,
                Some(secret) => {
                    let place = line.split_whitespace().nth(5).unwrap_or("anonymous");
                    found.push(format!("{} in {place} ({range})", &secret[..12]));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    (found, is_seen, searched)
}
