//! One connection: HTTP/1.1, with limits on how long headers and silence may take, and an end that drops no request.

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
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tower::ServiceExt;

use super::patience::{Limits, listening};
use super::rest::lend;
use super::shutdown::Phase;

/// Answers the requests of a connection until it ends.
pub(super) async fn serve<S>(
    stream: S,
    peer: Option<SocketAddr>,
    router: Router,
    phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    serve_within(Limits::USUAL, stream, peer, router, phase).await;
}

async fn serve_within<S>(
    limits: Limits,
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
    let (stream, patience) = listening(stream, limits);
    builder.timer(patience).header_read_timeout(limits.head).max_buf_size(BUFFER);
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

const LAST_CALL: Duration = Duration::from_secs(1);
/// The most bytes of a request line and its headers.
const BUFFER: usize = 64 * 1024;
const SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
    cache-control: no-store\r\nconnection: close\r\ncontent-length: 55\r\n\r\n\
    {\"detail\": \"The request headers did not come in time.\"}";

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, DuplexStream};
    use tokio::time::sleep;

    const LIMITS: Limits =
        Limits { head: Duration::from_millis(300), silence: Duration::from_secs(3) };

    /// A connection to a server that answers `GET /` without a body. The sender is the server's life.
    fn connected() -> (DuplexStream, watch::Sender<Phase>) {
        let (client, server) = tokio::io::duplex(4096);
        let (phase, seen) = watch::channel(Phase::Serving);
        let router = Router::new().route("/", get(async || ()));
        tokio::spawn(serve_within(LIMITS, server, None, router, seen));
        (client, phase)
    }

    async fn ask(client: &mut DuplexStream) {
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        let length = client.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK"));
    }

    /// What comes until the server hangs up, and how long that takes.
    async fn end(client: &mut DuplexStream) -> (String, Duration) {
        let since = Instant::now();
        let mut last = String::new();
        client.read_to_string(&mut last).await.unwrap();
        (last, since.elapsed())
    }

    #[tokio::test]
    async fn a_connection_that_asks_nothing_ends_soon() {
        let (mut client, _phase) = connected();
        let (last, time) = end(&mut client).await;
        assert_eq!(last, "");
        assert!(time < LIMITS.silence, "{time:?}");
    }

    #[tokio::test]
    async fn a_connection_is_kept_between_requests_and_not_for_ever() {
        let (mut client, _phase) = connected();
        for _ in 0..2 {
            ask(&mut client).await;
            sleep(3 * LIMITS.head).await;
        }
        ask(&mut client).await;
        let (last, time) = end(&mut client).await;
        assert_eq!(last, "");
        assert!(LIMITS.silence <= time + LIMITS.head, "{time:?}");
    }

    #[tokio::test]
    async fn a_head_has_its_time_from_its_first_byte_on() {
        let (mut client, _phase) = connected();
        ask(&mut client).await;
        sleep(2 * LIMITS.head).await;
        client.write_all(b"GET / HT").await.unwrap();
        sleep(LIMITS.head / 2).await;
        client.write_all(b"TP/1.1\r\n").await.unwrap();
        let (last, time) = end(&mut client).await;
        assert!(last.starts_with("HTTP/1.1 408 "), "{last}");
        assert!(time < LIMITS.silence, "{time:?}");
    }
}
