//! The rest of a request's body: what nobody read is taken off the connection, or the client is told that the
//! connection ends. Otherwise its next request would meet a closed connection without a word.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::Request;
use http::header::EXPECT;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

/// The body of a request while its handler has it.
struct Lent(Arc<Mutex<Incoming>>);

/// The same body, for when the handler is done.
pub(super) struct Rest {
    body: Arc<Mutex<Incoming>>,
    /// The client waits to be asked for the body, and is not asked for one that nobody wants.
    waits: bool,
}

/// Lends the body to the handler. There is no rest where there is no body.
pub(super) fn lend(request: Request<Incoming>) -> (Request<Body>, Option<Rest>) {
    if request.body().is_end_stream() {
        return (request.map(Body::new), None);
    }
    let waits = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let body = Arc::new(Mutex::new(body));
    let lent = Body::new(Lent(Arc::clone(&body)));
    (Request::from_parts(parts, lent), Some(Rest { body, waits }))
}

impl Rest {
    /// Reads what is left, if it is little and comes soon. Tells whether the body is read to its end.
    pub(super) async fn drain(self) -> bool {
        if locked(&self.body).is_end_stream() {
            return true;
        }
        if self.waits || MOST < locked(&self.body).size_hint().lower() {
            return false;
        }
        tokio::time::timeout(SOON, self.read()).await.unwrap_or(false)
    }

    async fn read(&self) -> bool {
        let mut read = 0;
        loop {
            let frame = std::future::poll_fn(|context| {
                Pin::new(&mut *locked(&self.body)).poll_frame(context)
            });
            match frame.await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len) as u64,
            }
            if MOST < read {
                return false;
            }
        }
    }
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *locked(&self.0)).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        locked(&self.0).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        locked(&self.0).size_hint()
    }
}

fn locked(body: &Mutex<Incoming>) -> MutexGuard<'_, Incoming> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most bytes that are read for nobody: as many as the largest body that is taken.
const MOST: u64 = 1024 * 1024;
/// How long the answer waits for them: a round trip or two.
const SOON: Duration = Duration::from_millis(500);
