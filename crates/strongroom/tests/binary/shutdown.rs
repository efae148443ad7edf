//! The end of a server: what was asked is answered, and it is over in time.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::common::http::{Answer, Request, basic};
use crate::common::{ADMIN_PASSWORD, Server, Store};

const CLIENTS: usize = 8;
/// How long a server may take to stop, with some room for a busy machine.
const DRAIN: Duration = Duration::from_secs(15);

/// A POST of which only the head and the first byte of the body were sent.
fn half_sent(server: &Server) -> (TcpStream, String) {
    let body = json!({"name": "Late"}).to_string();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "POST /api/v2/organizations/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Authorization: {}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        basic("admin", ADMIN_PASSWORD),
        body.len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it works on the request.
    let mut told = [0; 25];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    (stream, body)
}

fn wait_until_it_refuses(server: &Server) {
    let begin = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(begin.elapsed() < DRAIN, "the server still takes connections");
        thread::yield_now();
    }
}

#[test]
fn a_request_under_way_is_answered_and_new_ones_are_refused() {
    for store in Store::both() {
        let mut server = store.start();
        let (mut stream, body) = half_sent(&server);
        let begin = Instant::now();
        server.signal(Signal::TERM);
        wait_until_it_refuses(&server);
        stream.write_all(body.as_bytes()).unwrap();
        let answer = Answer::read(stream).unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        assert!(server.wait().success());
        assert!(begin.elapsed() < DRAIN);

        let server = store.start();
        let request =
            Request::get("/api/v2/organizations/?name=Late").basic("admin", ADMIN_PASSWORD);
        assert_eq!(server.ask(&request).json()["count"], 1);
    }
}

#[test]
fn a_request_that_never_ends_is_cut_off_in_time() {
    let store = Store::sqlite();
    let mut server = store.start();
    let (stream, _) = half_sent(&server);
    let begin = Instant::now();
    assert!(server.stop().success());
    assert!(begin.elapsed() < DRAIN);
    assert!(Answer::read(stream).is_err());
    assert!(store.log().contains("are cut off"));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let store = Store::sqlite();
    let mut server = store.start();
    let (_stream, _) = half_sent(&server);
    server.signal(Signal::TERM);
    wait_until_it_refuses(&server);
    let begin = Instant::now();
    server.signal(Signal::INT);
    assert!(server.wait().success());
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(store.log().contains("as told twice"));
}

/// Each client asks again as soon as it is answered, on one connection, until it is told not to.
#[test]
fn no_request_is_dropped_under_load() {
    let store = Store::sqlite();
    let mut server = store.start();
    let (answered, answers) = channel();
    let address = server.address();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let answered = answered.clone();
            thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                while ask_on(&mut stream).unwrap() {
                    // The test has stopped counting.
                    let _ = answered.send(());
                }
            })
        })
        .collect();
    assert_eq!(answers.iter().take(CLIENTS * 20).count(), CLIENTS * 20);
    assert!(server.stop().success());
    for client in clients {
        client.join().unwrap();
    }
}

/// Asks once; whether the server goes on listening on this connection.
fn ask_on(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut text = Vec::new();
    while !text.ends_with(b"{\"status\":\"ok\"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
    Ok(!text.contains("connection: close"))
}

#[test]
fn headers_that_do_not_come_are_answered_with_408() {
    let store = Store::sqlite();
    let server = store.start();
    let begin = Instant::now();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET /api/v2/ HTTP/1.1\r\nHost: local").unwrap();
    let silent = TcpStream::connect(server.address()).unwrap();
    let answer = Answer::read(stream).unwrap();
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["detail"], "The request headers did not come in time.");
    let mut silence = Vec::new();
    (&silent).read_to_end(&mut silence).unwrap();
    assert_eq!(silence, b"");
    let waited = begin.elapsed();
    assert!(Duration::from_secs(9) < waited && waited < Duration::from_secs(20), "{waited:?}");
}
