//! What is told of a request: its span, one log line and two metrics. Never its path, query or headers.

use http::{Method, StatusCode};
use tracing::Span;

use crate::facts::RequestFacts;

/// The counter of answered requests, by owner, route, method and class of status.
pub const REQUESTS: &str = "strongroom_http_requests_total";
/// The histogram of the time from request to answer in seconds, by owner, route and method.
pub const DURATION: &str = "strongroom_http_request_duration_seconds";
/// The upper bounds of the histogram in seconds.
pub const DURATION_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The span of a request: everything that is logged on the way names it.
pub(crate) fn span(facts: &RequestFacts) -> Span {
    tracing::info_span!(
        "request",
        id = facts.request_id,
        dialect = facts.owner.word(),
        method = method(&facts.method),
        route = facts.template(),
    )
}

/// Counts and logs an answer.
pub(crate) fn record(facts: &RequestFacts, status: StatusCode) {
    let seconds = facts.started.elapsed().as_secs_f64();
    let (owner, route, method) = (facts.owner.word(), facts.template(), method(&facts.method));
    metrics::counter!(
        REQUESTS, "dialect" => owner, "route" => route, "method" => method, "status" => class(status)
    )
    .increment(1);
    metrics::histogram!(DURATION, "dialect" => owner, "route" => route, "method" => method)
        .record(seconds);
    tracing::debug!(status = status.as_u16(), seconds, source = facts.source, "answered");
}

/// The method as a label. Methods that nobody serves share one, so that labels stay few.
fn method(method: &Method) -> &'static str {
    const SERVED: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    SERVED.into_iter().find(|served| *served == method.as_str()).unwrap_or("OTHER")
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_few_whatever_is_asked() {
        assert_eq!(method(&Method::PATCH), "PATCH");
        assert_eq!(method(&Method::TRACE), "OTHER");
        assert_eq!(method(&Method::from_bytes(b"get").unwrap()), "OTHER");
        assert_eq!(class(StatusCode::MISDIRECTED_REQUEST), "4xx");
        assert_eq!(class(StatusCode::from_u16(799).unwrap()), "5xx");
    }
}
