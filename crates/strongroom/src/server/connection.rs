//! One connection: HTTP/1.1, with a limit on how long headers may take, and an end that drops no request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use http::header::{CONNECTION, HeaderValue};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tower::ServiceExt;

use super::rest::lend;
use super::shutdown::Phase;

/// Answers the requests of a connection until it ends.
pub(super) async fn serve<S>(
    stream: S,
    peer: Option<SocketAddr>,
    router: Router,
    mut phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = phase.clone();
    let service = service_fn(move |request| answer(router.clone(), peer, asked.clone(), request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
    let mut connection = builder.serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = drained(&mut phase) => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    match ended {
        Ok(()) => {}
        Err(error) if error.is_timeout() => {
            let parts = connection.into_parts();
            if !parts.read_buf.is_empty() {
                refuse_slow(parts.io.into_inner()).await;
            }
        }
        // A client that breaks off is its own affair.
        Err(error) => tracing::debug!(%error, "a connection broke off"),
    }
}

/// Ready when the connection should end even though nothing was asked on it for a moment. Before that each
/// answer tells the client not to ask again, so that no request crosses with the end.
async fn drained(phase: &mut watch::Receiver<Phase>) {
    // A sender that is gone means that the server is, too.
    let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
    tokio::time::sleep(LAST_CALL).await;
}

async fn answer(
    router: Router,
    peer: Option<SocketAddr>,
    phase: watch::Receiver<Phase>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let (mut request, rest) = lend(request);
    if let Some(peer) = peer {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    let mut response = router.oneshot(request).await?;
    let is_read = match rest {
        Some(rest) => rest.drain().await,
        None => true,
    };
    if !is_read || *phase.borrow() == Phase::Draining {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Headers that do not come are answered, not just dropped. No path is known, so nobody owns the answer.
async fn refuse_slow<S: AsyncWrite + Unpin>(mut stream: S) {
    let written = async {
        stream.write_all(SLOW).await?;
        stream.shutdown().await
    };
    if let Ok(Err(error)) = tokio::time::timeout(LAST_CALL, written).await {
        tracing::debug!(%error, "a slow client did not wait for its answer");
    }
}

const HEADERS: Duration = Duration::from_secs(10);
const LAST_CALL: Duration = Duration::from_secs(1);
/// The most bytes of a request line and its headers.
const BUFFER: usize = 64 * 1024;
const SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
    cache-control: no-store\r\nconnection: close\r\ncontent-length: 55\r\n\r\n\
    {\"detail\": \"The request headers did not come in time.\"}";
