//! One request, one connection, one answer.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Body;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as HttpBody;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use url::Url;

use super::reply::Reply;
use super::tls;
use crate::server::socket;

/// Asks a server.
pub(super) async fn over_network(url: &Url, request: Request<Body>) -> anyhow::Result<Reply> {
    in_time(async {
        let host = url.host_str().context("the address names no host")?;
        let port = url.port_or_known_default().context("the address names no port")?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await?;
        match url.scheme() {
            "https" => exchange(tls::connect(host, stream).await?, request).await,
            "http" => exchange(stream, request).await,
            _ => bail!("only https:// and http:// are spoken"),
        }
    })
    .await
}

/// Asks the server of this host.
pub(super) async fn over_socket(path: &Path, request: Request<Body>) -> anyhow::Result<Reply> {
    in_time(async {
        let stream: UnixStream = socket::connect(path).await?;
        exchange(stream, request).await
    })
    .await
}

/// The whole of an answer.
pub(super) async fn collected<B>(response: Response<B>) -> anyhow::Result<Reply>
where
    B: HttpBody,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    let collected = Limited::new(body, LARGEST_ANSWER).collect().await;
    let body = collected.map_err(anyhow::Error::from_boxed)?.to_bytes();
    Ok(Reply { status: head.status, body })
}

async fn exchange<S>(stream: S, request: Request<Body>) -> anyhow::Result<Reply>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let reply = async { collected(sender.send_request(request).await?).await }.await;
    driver.abort();
    reply
}

async fn in_time(exchange: impl Future<Output = anyhow::Result<Reply>>) -> anyhow::Result<Reply> {
    tokio::time::timeout(PATIENCE, exchange).await.context("no answer within 30 s")?
}

const PATIENCE: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
