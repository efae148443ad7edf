//! How a command reaches the native API: over the network, through the socket of a server on this host, or
//! in the same process when no server runs.

mod reply;
mod tls;
mod transport;

use std::path::PathBuf;

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request};
use percent_encoding::PercentEncode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strongroom_service::Strongroom;
use tower::ServiceExt;
use url::Url;
use zeroize::Zeroizing;

pub(crate) use reply::Reply;

/// A way to the native API.
pub(crate) enum Client {
    /// A server, over the network.
    Network {
        /// Its base address.
        url: Url,
        /// What to present to it.
        pass: Pass,
    },
    /// The server on this host that holds the data directory.
    Socket(PathBuf),
    /// This process, which holds the data directory itself.
    InProcess {
        /// The API as the host sees it.
        router: Router,
        /// The store behind it.
        room: Strongroom,
    },
}

/// What is presented to a server.
pub(crate) enum Pass {
    /// A native token.
    Token(SecretString),
    /// A person's name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Client {
    /// Sends a request without a body.
    pub(crate) async fn call(&self, method: Method, path: &str) -> anyhow::Result<Reply> {
        self.send(method, path, None).await
    }

    /// Sends a request with a JSON body, which may hold secrets and is wiped afterwards.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Zeroizing<Vec<u8>>,
    ) -> anyhow::Result<Reply> {
        self.send(method, path, Some(Bytes::from_owner(body))).await
    }

    /// Every element of a list, whatever number of parts it comes in.
    pub(crate) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{joint}limit={PART}");
        let (mut all, mut next) = (Vec::new(), first.clone());
        loop {
            let part: Part = self.call(Method::GET, &next).await?.json()?;
            all.extend(part.items);
            match part.next {
                Some(cursor) => next = format!("{first}&after={}", encoded(&cursor)),
                None => return Ok(all),
            }
        }
    }

    /// Ends the use of it: what this process opened is closed.
    pub(crate) async fn close(self) {
        if let Self::InProcess { room, .. } = self {
            room.close().await;
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> anyhow::Result<Reply> {
        let request = self.request(method, path, body)?;
        let reply = match self {
            Self::Network { url, .. } => transport::over_network(url, request)
                .await
                .with_context(|| format!("{url} does not answer")),
            Self::Socket(path) => transport::over_socket(path, request).await.with_context(|| {
                format!(
                    "the server that holds the data directory does not answer at {}",
                    path.display()
                )
            }),
            Self::InProcess { router, .. } => match router.clone().oneshot(request).await {
                Ok(response) => transport::collected(response.map(Body::new)).await,
                Err(never) => match never {},
            },
        }?;
        reply.accepted(self.hint())
    }

    /// What to do when the server does not know who asks.
    fn hint(&self) -> &'static str {
        match self {
            Self::Network { pass: Pass::Password { .. }, .. } => {
                "check the user name and the password"
            }
            _ => "log in again with `strongroom login`",
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> anyhow::Result<Request<Body>> {
        let mut request =
            Request::builder().method(method).uri(path).header(ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        match self {
            Self::Network { url, pass } => {
                request =
                    request.header(HOST, authority(url)?).header(AUTHORIZATION, pass.header()?);
            }
            Self::Socket(_) | Self::InProcess { .. } => request = request.header(HOST, "localhost"),
        }
        Ok(request.body(body.map_or_else(Body::empty, Body::from))?)
    }
}

/// A part of a list.
#[derive(Deserialize)]
struct Part {
    items: Vec<Value>,
    next: Option<String>,
}

impl Pass {
    fn header(&self) -> anyhow::Result<HeaderValue> {
        let text = match self {
            Self::Token(token) => Zeroizing::new(format!("Bearer {}", token.expose_secret())),
            Self::Password { user, password } => basic(user, password)?,
        };
        let mut value =
            HeaderValue::from_str(&text).context("the token holds impossible characters")?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The header of RFC 7617, in UTF-8.
fn basic(user: &str, password: &SecretString) -> anyhow::Result<Zeroizing<String>> {
    use base64::Engine as _;
    if user.contains(':') {
        bail!("a user name with a colon cannot log in this way");
    }
    let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    let mut text = Zeroizing::new(String::from("Basic "));
    base64::engine::general_purpose::STANDARD.encode_string(pair.as_bytes(), &mut text);
    Ok(text)
}

/// Host and port as the `Host` header names them.
fn authority(url: &Url) -> anyhow::Result<String> {
    let host = url.host_str().with_context(|| format!("{url} names no host"))?;
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Posts a text to an address that need not be a Strongroom; the status of the answer.
pub(crate) async fn post_text(url: &Url, text: String) -> anyhow::Result<http::StatusCode> {
    let target = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::builder()
        .method(Method::POST)
        .uri(target)
        .header(HOST, authority(url)?)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Body::from(text))?;
    Ok(transport::over_network(url, request).await?.status)
}

/// The body of a request. What it holds is wiped with it.
pub(crate) fn body(content: &(impl Serialize + ?Sized)) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Large enough for all but the largest inputs, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer(&mut *bytes, content)?;
    Ok(bytes)
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

/// A segment of a path, so that no id can name another path.
pub(crate) fn segment(id: &str) -> anyhow::Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || !id.bytes().all(plain) {
        bail!("`{}` is no id: give an integer, a UUID or a short id", crate::log::printable(id));
    }
    Ok(id)
}

/// How many elements of a list are asked for at once.
const PART: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_sent_as_the_standard_says() {
        // The example of RFC 7617, section 2.1.
        let header = basic("test", &"123\u{a3}".into()).unwrap();
        assert_eq!(*header, "Basic dGVzdDoxMjPCow==");
        assert!(basic("te:st", &"x".into()).is_err());
    }

    #[test]
    fn the_host_is_named_with_its_port() {
        let named = |url: &str| authority(&url.parse().unwrap()).unwrap();
        assert_eq!(named("https://room.example/"), "room.example");
        assert_eq!(named("http://[::1]:8470/"), "[::1]:8470");
    }

    #[test]
    fn an_id_is_one_segment() {
        for id in ["17", "4DY4qGohso1r", "1a0e1c2b-0000-4000-8000-000000000001"] {
            assert_eq!(segment(id).unwrap(), id);
        }
        for id in ["", "..", "1/versions", "1?force=true", "%2e", "1#"] {
            assert!(segment(id).is_err(), "{id}");
        }
    }
}
