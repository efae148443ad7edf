//! A connection on which a body comes that nobody reads: it is kept, or its end is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::Store;

/// Sends the head of a request whose body nobody reads, later the body if there is one, and reads the answer.
fn ask(stream: &mut TcpStream, head: &str, body: Option<&str>) -> String {
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    stream.write_all(body.unwrap_or_default().as_bytes()).unwrap();
    let mut text = Vec::new();
    while !text.ends_with(br#"{"status":"ok"}"#) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap().to_ascii_lowercase()
}

fn head(more: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")
}

#[test]
fn a_body_that_nobody_reads_does_not_end_the_connection() {
    let store = Store::sqlite();
    let server = store.start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    for _ in 0..3 {
        let answer = ask(&mut stream, &head("Content-Length: 2\r\n"), Some("{}"));
        assert!(!answer.contains("connection: close"), "{answer}");
        let chunked = head("Transfer-Encoding: chunked\r\n");
        let answer = ask(&mut stream, &chunked, Some("2\r\n{}\r\n0\r\n\r\n"));
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    let answer = ask(&mut stream, &head(""), None);
    assert!(!answer.contains("connection: close"), "{answer}");
}

#[test]
fn where_the_rest_of_a_body_does_not_come_the_end_is_told() {
    let store = Store::sqlite();
    let server = store.start();
    for more in [
        "Content-Length: 2\r\n",
        "Content-Length: 2000000\r\n",
        "Content-Length: 2\r\nExpect: 100-continue\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(head(more).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{more}: {answer}");
    }
}
