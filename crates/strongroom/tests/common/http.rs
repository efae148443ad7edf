//! One request and its answer over any stream.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A request that ends its connection.
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the headers, in small letters.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn get(target: &str) -> Self {
        Self { head: format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n"), body: Vec::new() }
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let length = body.len();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n"
        );
        Self { head, body }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head = format!("{}{name}: {value}\r\n", self.head);
        self
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        self.header("Authorization", &basic(user, password))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Sends it and reads until the server ends the connection.
    pub(crate) fn send(&self, mut stream: impl Read + Write) -> io::Result<Answer> {
        write!(stream, "{}Connection: close\r\n\r\n", self.head)?;
        stream.write_all(&self.body)?;
        stream.flush()?;
        Answer::read(stream)
    }
}

/// The value of the header that presents a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Answer {
    /// Reads what comes until the end of the stream.
    pub(crate) fn read(mut stream: impl Read) -> io::Result<Self> {
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok(Self {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
