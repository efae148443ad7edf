//! Taking connections: from the network, with or without TLS, and from the socket of the host.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::shutdown::Phase;

/// Serves the network until the phase says to drain, then answers what is open. Dropping it cuts off the
/// rest.
pub(crate) async fn serve_network(
    listener: TcpListener,
    tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    router: Router,
    phase: watch::Receiver<Phase>,
) {
    let open = |(stream, peer): (TcpStream, SocketAddr)| {
        let tls = tls.as_ref().map(|current| Arc::clone(&current.borrow()));
        serve_peer(stream, peer, tls, router.clone(), phase.clone())
    };
    let connections = accept(async || listener.accept().await, open, phase.clone()).await;
    drop(listener);
    ended(connections).await;
}

/// The same for the host's own commands.
pub(crate) async fn serve_host(
    listener: UnixListener,
    router: Router,
    phase: watch::Receiver<Phase>,
) {
    let open = |(stream, _)| connection::serve(stream, None, router.clone(), phase.clone());
    let connections = accept(async || listener.accept().await, open, phase.clone()).await;
    drop(listener);
    ended(connections).await;
}

async fn ended(mut connections: JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

/// Takes connections until the phase says to drain, and then those that were already waiting.
async fn accept<C, F>(
    next: impl AsyncFn() -> io::Result<C>,
    open: impl Fn(C) -> F,
    mut phase: watch::Receiver<Phase>,
) -> JoinSet<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let take = async || {
        let permit = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
        Ok((next().await?, permit))
    };
    loop {
        tokio::select! {
            biased;
            // A sender that is gone means that the server is, too.
            _ = phase.wait_for(|phase| *phase == Phase::Draining) => break,
            Some(_) = connections.join_next() => {}
            taken = take() => match taken {
                Ok((connection, permit)) => {
                    connections.spawn(holding(permit, open(connection)));
                }
                Err(error) => recover(error).await,
            },
        }
    }
    let end = Instant::now() + LONGEST_BACKLOG;
    while let Ok(Ok((connection, permit))) = tokio::time::timeout_at(end, waiting(&take)).await {
        connections.spawn(holding(permit, open(connection)));
    }
    connections
}

/// A connection that came before now, or a timeout.
async fn waiting<T>(take: &impl AsyncFn() -> io::Result<T>) -> io::Result<T> {
    tokio::time::timeout(BACKLOG_SILENCE, take()).await?
}

async fn holding(permit: OwnedSemaphorePermit, connection: impl Future<Output = ()>) {
    connection.await;
    drop(permit);
}

/// A connection that was gone at once harms nobody. Anything else is mostly a want of descriptors, which
/// passes as connections end.
async fn recover(error: io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection could be taken");
    tokio::time::sleep(PAUSE).await;
}

async fn serve_peer(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    phase: watch::Receiver<Phase>,
) {
    // Answers are written in one piece; waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let Some(tls) = tls else {
        return connection::serve(stream, Some(peer), router, phase).await;
    };
    match tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => connection::serve(stream, Some(peer), router, phase).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// The most connections at once on one listener; further ones wait in the system's queue.
const CONNECTIONS: usize = 8192;
const HANDSHAKE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
const BACKLOG_SILENCE: Duration = Duration::from_millis(10);
const LONGEST_BACKLOG: Duration = Duration::from_millis(200);
