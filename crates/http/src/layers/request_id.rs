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

const X_API_REQUEST_ID: HeaderName = HeaderName::from_static("x-api-request-id");

#[cfg(test)]
mod tests {
    use super::*;

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
