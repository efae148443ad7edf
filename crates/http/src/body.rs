//! Reading a body: its size, its time, its type, and its JSON before anybody looks inside.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use crate::facts::Facts;
use crate::fault::Fault;

/// How long a body may take to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(30);

/// How many arrays and objects may stand in each other.
pub(crate) const JSON_DEPTH: usize = 64;

/// A whole body and its type. As an extractor it stands last, after whoever asks is known.
///
/// A body that is too large, too slow or broken off is answered in the words of the path's owner.
#[derive(Debug)]
pub(crate) struct RawBody {
    /// The bytes. They may hold secrets and go nowhere but into a decoder.
    pub(crate) bytes: Bytes,
    /// What they claim to be.
    pub(crate) media_type: MediaType,
}

/// What a body claims to be, parameters aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// Nothing is said, or nothing in so many words.
    Absent,
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Something else, or more than one.
    Other,
}

/// Why bytes are no JSON document that is taken. Nothing of the content is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// More than [`JSON_DEPTH`] arrays and objects in each other.
    TooDeep,
    /// Not JSON, from this line and column on; both start at 1.
    Syntax {
        /// The line.
        line: usize,
        /// The column in it, in bytes.
        column: usize,
    },
}

impl RawBody {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body as a JSON document. Of members with one name the last counts.
    pub(crate) fn json(&self) -> Result<Value, JsonFault> {
        json(&self.bytes)
    }
}

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let Some(facts) = request.extensions().get::<Facts>().cloned() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        read(request, facts.owner.body_limit())
            .await
            .map_err(|fault| facts.owner.fault(&fault, &facts))
    }
}

/// Reads the whole body, up to a limit of bytes and [`BODY_TIME`].
async fn read(request: Request, limit: usize) -> Result<RawBody, Fault> {
    let (parts, body) = request.into_parts();
    let whole = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect());
    match whole.await {
        Err(_) => Err(Fault::Timeout),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fault::TooLarge),
        Ok(Err(_)) => Err(Fault::BadRequest),
        Ok(Ok(body)) => {
            Ok(RawBody { bytes: body.to_bytes(), media_type: MediaType::of(&parts.headers) })
        }
    }
}

impl MediaType {
    /// What the headers say of the body.
    fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_TYPE).iter();
        let Some(value) = values.next() else { return Self::Absent };
        if values.next().is_some() {
            return Self::Other;
        }
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.is_empty() && value.to_str().is_ok() {
            Self::Absent
        } else if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Other
        }
    }
}

/// The JSON document of the bytes.
///
/// The depth is looked at first, in one pass that keeps nothing, so that a deep document costs no memory.
/// Lone surrogates, bytes that are not UTF-8 and numbers that no machine holds are syntax errors.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, JsonFault> {
    if JSON_DEPTH < depth(bytes) {
        return Err(JsonFault::TooDeep);
    }
    serde_json::from_slice(bytes)
        .map_err(|error| JsonFault::Syntax { line: error.line(), column: error.column() })
}

/// The greatest number of arrays and objects in each other, whether or not the rest is well formed.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in bytes {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn nested(depth: usize) -> Vec<u8> {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes()
    }

    #[test]
    fn the_depth_is_limited_exactly() {
        assert!(json(&nested(JSON_DEPTH)).is_ok());
        assert_eq!(json(&nested(JSON_DEPTH + 1)), Err(JsonFault::TooDeep));
        assert_eq!(json(&vec![b'['; 1024 * 1024]), Err(JsonFault::TooDeep));
        let quoted = format!("\"{}\\\"[\"", "[{".repeat(100));
        assert!(json(quoted.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_json_is_refused_and_the_last_of_two_counts() {
        let bad: [&[u8]; 9] = [
            b"",
            b"{",
            b"\xff",
            b"\"\xc3\x28\"",
            br#""\ud800""#,
            br#""\udc00\ud800""#,
            b"NaN",
            b"1e999",
            b"{} {}",
        ];
        for bytes in bad {
            assert!(matches!(json(bytes), Err(JsonFault::Syntax { .. })), "{bytes:?}");
        }
        assert_eq!(json(br#"{"a": 1, "a": 2}"#), Ok(json!({"a": 2})));
        assert_eq!(json("\"😀\"".as_bytes()), Ok(json!("\u{1f600}")));
    }

    #[test]
    fn the_media_type_is_read_without_its_parameters() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, value.parse().unwrap());
            }
            MediaType::of(&headers)
        };
        assert_eq!(of(&[]), MediaType::Absent);
        assert_eq!(of(&["application/json"]), MediaType::Json);
        assert_eq!(of(&["Application/JSON ; charset=utf-8"]), MediaType::Json);
        assert_eq!(of(&["application/x-www-form-urlencoded"]), MediaType::Form);
        assert_eq!(of(&[""]), MediaType::Absent);
        assert_eq!(of(&["; charset=utf-8"]), MediaType::Absent);
        assert_eq!(of(&["text/plain"]), MediaType::Other);
        assert_eq!(of(&["\u{e4}"]), MediaType::Other);
        assert_eq!(of(&["application/jsonp"]), MediaType::Other);
        assert_eq!(of(&["application/json", "text/plain"]), MediaType::Other);
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((".*", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn height(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(height).max().unwrap_or_default(),
            Value::Object(members) => 1 + members.values().map(height).max().unwrap_or_default(),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn every_document_is_read_back_and_its_depth_is_its_height(document in documents()) {
            let text = document.to_string();
            prop_assert_eq!(depth(text.as_bytes()), height(&document));
            prop_assert_eq!(json(text.as_bytes()), Ok(document));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = json(&bytes);
            prop_assert!(depth(&bytes) <= bytes.len());
        }
    }
}
