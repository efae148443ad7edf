//! What a request presents to prove who asks, as it stands in the `Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use strongroom_service::Presented;

/// What the header presents. `words` are the scheme words of a bearer token, in any case.
///
/// A header that cannot be read presents nothing, and so do two of them: nobody could say which counts.
pub(crate) fn presented(headers: &HeaderMap, words: &[&str]) -> Presented {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Presented::Nothing };
    let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Presented::Nothing;
    };
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("Basic") {
        return basic(rest).unwrap_or(Presented::Nothing);
    }
    let is_token = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token && words.iter().any(|word| scheme.eq_ignore_ascii_case(word)) {
        return Presented::Bearer(SecretString::from(rest));
    }
    Presented::Nothing
}

/// User name and password of a Basic header, in UTF-8.
fn basic(encoded: &str) -> Option<Presented> {
    let pair = SecretString::from(String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?);
    let (username, password) = pair.expose_secret().split_once(':')?;
    Some(Presented::Basic { username: username.to_owned(), password: SecretString::from(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        match presented(&headers, &["Bearer", "Token"]) {
            Presented::Nothing => "nothing".to_owned(),
            Presented::Basic { username, password } => {
                format!("basic {username} {}", password.expose_secret())
            }
            Presented::Bearer(token) => format!("bearer {}", token.expose_secret()),
            Presented::Refresh(_) | Presented::Session(_) | Presented::Client { .. } => {
                "a key that no header carries".to_owned()
            }
        }
    }

    #[test]
    fn basic_and_bearer_are_read_and_everything_else_is_nothing() {
        for (header, expected) in [
            ("Basic YWxpY2U6YTpi", "basic alice a:b"),
            ("basic YWxpY2U6", "basic alice "),
            ("Bearer str_abc", "bearer str_abc"),
            ("token  str_abc ", "bearer str_abc"),
            ("Basic YWxpY2U=", "nothing"),
            ("Basic ???", "nothing"),
            ("Basic /zo=", "nothing"),
            ("Bearer", "nothing"),
            ("Bearer ", "nothing"),
            ("Bearer a b", "nothing"),
            ("JWT str_abc", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(read(&[header]), expected, "{header}");
        }
        assert_eq!(read(&[]), "nothing");
        assert_eq!(read(&["Bearer a", "Bearer b"]), "nothing");
    }
}
