//! A server that is stopped in the middle of its work, as a suspended machine is, and goes on.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::house::House;
use crate::common::Store;
use crate::proof::{figures, sized};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

#[test]
fn a_stopped_server_answers_everything_once_it_goes_on_on_sqlite() {
    stopped(&Store::sqlite());
}

#[test]
fn a_stopped_server_answers_everything_once_it_goes_on_on_postgres() {
    stopped(&Store::postgres());
}

fn stopped(store: &Store) {
    let cycles = sized(3);
    let mut server = store.start();
    let token = Reader::log_in(&server).token;
    let address = server.address();
    let written: Vec<String> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let token = &token;
                scope.spawn(move || write(address, token, writer, cycles))
            })
            .collect();
        for _ in 0..cycles {
            thread::sleep(Duration::from_millis(300));
            server.signal(Signal::STOP);
            thread::sleep(Duration::from_secs(2));
            server.signal(Signal::CONT);
        }
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let mut reader = Reader::with_token(&server, &token);
    let mut names = reader.credential_names();
    names.retain(|name| name != "Ansible Galaxy");
    names.sort_unstable();
    let mut expected = written.clone();
    expected.sort_unstable();
    assert_eq!(names, expected, "each acknowledged write is there once, and no other");
    drop(reader);
    server.stop();
    House::check_store(store);
    figures(
        &format!("stopped, {}", store.kind()),
        "a server that is stopped for seconds under load answers every request once it goes on",
        &json!({"stops": cycles, "acknowledged": written.len(), "unanswered": 0, "lost": 0}),
    );
}

/// Writes for as long as the stops last; every request must be answered.
fn write(address: std::net::SocketAddr, token: &str, writer: usize, cycles: usize) -> Vec<String> {
    let mut wire = Wire::open(address).unwrap();
    let begin = std::time::Instant::now();
    let until = Duration::from_millis(2300) * u32::try_from(cycles).unwrap();
    let mut written = Vec::new();
    while begin.elapsed() < until {
        let name = format!("{writer}-{}", written.len());
        let body = json!({
            "name": name, "organization": 1, "credential_type": 1,
            "inputs": {"username": "u", "password": "hunter2-secret"},
        });
        let request = Request::new("POST", "/api/v2/credentials/").bearer(token).json(&body);
        let answer = wire.call(&request).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        written.push(name);
        thread::sleep(Duration::from_millis(5));
    }
    written
}

const WRITERS: usize = 4;
