//! How long a client may take over the head of a request, and stay silent between two requests of one connection.
//!
//! The one timer that hyper has for the head runs from the end of the last answer on, as if a client that keeps its
//! connection for later were one that is slow to ask. Here the stream counts what it hears, and the timer waits
//! longer as long as it hears nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Over the head of a request, from its first byte on; the first of a connection has it from the start.
    pub(super) head: Duration,
    /// Over saying nothing between two requests.
    pub(super) silence: Duration,
}

impl Limits {
    /// What every listener has.
    pub(super) const USUAL: Self =
        Self { head: Duration::from_secs(10), silence: Duration::from_secs(75) };
}

/// How often bytes came.
type Heard = Arc<AtomicU64>;

/// A stream and the timer that listens to it.
pub(super) fn listening<S>(stream: S, limits: Limits) -> (Listening<S>, Patience) {
    let heard = Heard::default();
    let has_begun = AtomicBool::new(false);
    (Listening { stream, heard: Arc::clone(&heard) }, Patience { limits, heard, has_begun })
}

/// A stream that counts how often bytes came.
pub(super) struct Listening<S> {
    stream: S,
    heard: Heard,
}

/// The timer of one connection, which is asked for nothing but the time of a request's head.
pub(super) struct Patience {
    limits: Limits,
    heard: Heard,
    has_begun: AtomicBool,
}

impl Timer for Patience {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        let is_first = !self.has_begun.swap(true, Ordering::Relaxed);
        let before = self.heard.load(Ordering::Relaxed);
        let silence = (!is_first).then(|| (Arc::clone(&self.heard), before));
        let time = if is_first { self.limits.head } else { self.limits.silence };
        let timer = Box::pin(tokio::time::sleep(time));
        Box::pin(Waiting { timer, silence, head: self.limits.head })
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(self.limits.head)
    }
}

/// One wait for the end of a head.
struct Waiting {
    timer: Pin<Box<tokio::time::Sleep>>,
    /// While nothing of the head has come: what was heard before.
    silence: Option<(Heard, u64)>,
    head: Duration,
}

impl Sleep for Waiting {}

impl Future for Waiting {
    type Output = ();

    /// Asked after each read, so that the first byte of a head is noticed when it comes.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let is_over = |(heard, before): &(Heard, u64)| heard.load(Ordering::Relaxed) != *before;
        if self.silence.as_ref().is_some_and(is_over) {
            self.silence = None;
            self.timer = Box::pin(tokio::time::sleep(self.head));
        }
        self.timer.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if before < buffer.filled().len() {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
