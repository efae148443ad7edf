//! The client's own name for its request.

use http::{HeaderMap, HeaderName};

/// The client's id, if it sent one that is harmless to send back: 1 to 64 letters, digits, `-` and `_`.
pub(crate) fn from_client(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(X_API_REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_harmless = (1..=64).contains(&text.len()) && text.bytes().all(harmless);
    is_harmless.then(|| text.to_owned())
}

/// The id that stands in front of a platform's request id: what is harmless of it, up to 255 characters.
pub(crate) fn from_gateway(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(X_VCAP_REQUEST_ID).or_else(|| headers.get(X_REQUEST_ID))?;
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    let kept = value.as_bytes().iter().copied().filter(harmless).take(255);
    let text: String = kept.map(char::from).collect();
    (!text.is_empty()).then_some(text)
}

const X_VCAP_REQUEST_ID: HeaderName = HeaderName::from_static("x-vcap-request-id");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_API_REQUEST_ID: HeaderName = HeaderName::from_static("x-api-request-id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_of_a_gateways_id_is_kept() {
        let read = |name: &'static str, value: &str| {
            let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
            from_gateway(&HeaderMap::from_iter([(HeaderName::from_static(name), value)]))
        };
        assert_eq!(read("x-vcap-request-id", "a_b-1;<c>").as_deref(), Some("a_b-1c"));
        assert_eq!(read("x-request-id", "\u{fc}a").as_deref(), Some("a"));
        assert_eq!(read("x-request-id", "::").as_deref(), None);
        let longest = "a".repeat(255);
        assert_eq!(read("x-request-id", &"a".repeat(300)), Some(longest));
        assert_eq!(read("x-api-request-id", "a"), None);
    }

    #[test]
    fn only_a_harmless_id_is_kept() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(X_API_REQUEST_ID, value.parse().unwrap());
            }
            from_client(&headers)
        };
        let longest = "a".repeat(64);
        assert_eq!(read(&["0af-B_9"]).as_deref(), Some("0af-B_9"));
        assert_eq!(read(&[&longest]).as_deref(), Some(longest.as_str()));
        let too_long = "a".repeat(65);
        for bad in [&[][..], &[""], &["a b"], &["a;b"], &["<b>"], &[&too_long], &["a", "b"]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
