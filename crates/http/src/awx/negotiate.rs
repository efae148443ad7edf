//! Which representation is asked for. There is one, JSON; the question is only whether it is acceptable.

use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};

use super::error::AwxError;

/// Refuses a request that takes no JSON, or asks for a format that does not exist.
///
/// HTML is taken for JSON: browsers ask for it, and nothing here is a page.
pub(super) fn negotiate(headers: &HeaderMap, format: Option<&str>) -> Result<(), AwxError> {
    let accepted = accepted(headers);
    let takes = |types: &[&str]| {
        accepted.is_empty() || accepted.iter().any(|range| types.contains(&range.as_str()))
    };
    match format {
        None | Some("") if takes(&[JSON, "application/*", "*/*", HTML, "text/*"]) => Ok(()),
        Some("json") if takes(&[JSON, "application/*", "*/*"]) => Ok(()),
        Some("api") if takes(&[HTML, "text/*", "*/*"]) => Ok(()),
        None | Some("" | "json" | "api") => {
            Err(AwxError::Detail(StatusCode::NOT_ACCEPTABLE, NOT_ACCEPTABLE.to_owned()))
        }
        Some(_) => Err(AwxError::not_found()),
    }
}

/// Whether a page can be shown to whoever asks.
pub(super) fn takes_html(headers: &HeaderMap) -> bool {
    let accepted = accepted(headers);
    let shows = |range: &String| [HTML, "text/*", "*/*"].contains(&range.as_str());
    accepted.is_empty() || accepted.iter().any(shows)
}

/// The media ranges of the header without their parameters, in small letters.
fn accepted(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|range| !range.is_empty())
        .collect()
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const NOT_ACCEPTABLE: &str = "Could not satisfy the request Accept header.";

#[cfg(test)]
mod tests {
    use super::*;

    fn status(accept: &str, format: Option<&str>) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        match negotiate(&headers, format) {
            Ok(()) => None,
            Err(AwxError::Detail(status, _)) => Some(status),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_is_all_there_is() {
        for (accept, format, expected) in [
            ("", None, None),
            ("application/json", None, None),
            ("text/html,application/xhtml+xml;q=0.9", None, None),
            ("application/xml, */*;q=0.1", None, None),
            ("application/xml", None, Some(StatusCode::NOT_ACCEPTABLE)),
            ("text/plain", Some(""), Some(StatusCode::NOT_ACCEPTABLE)),
            ("application/json", Some("json"), None),
            ("application/json", Some("api"), Some(StatusCode::NOT_ACCEPTABLE)),
            ("*/*", Some("api"), None),
            ("application/json", Some("xml"), Some(StatusCode::NOT_FOUND)),
        ] {
            assert_eq!(status(accept, format), expected, "{accept} {format:?}");
        }
    }
}
