//! What counts as a URL: a scheme and a host, read the way Python's `urllib.parse` reads them.

use std::net::Ipv6Addr;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::rule::{Shown, UrlFault};

/// The first reason why the text is not a URL. A secret text is not shown.
pub(super) fn fault(text: &str, secret: bool) -> Option<UrlFault> {
    let cleaned: String = text
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    let shown = |part: &str| if secret { Shown::Hidden } else { Shown::Value(Value::from(part)) };
    let (scheme, rest) = split_scheme(&cleaned);
    let authority = authority(rest);
    if !brackets_hold_an_address(authority) {
        return Some(UrlFault::Brackets);
    }
    if hides_a_delimiter(authority) {
        return Some(UrlFault::Lookalike(shown(authority)));
    }
    match (scheme, authority) {
        (None, _) => Some(UrlFault::NoScheme),
        (Some(_), "") => Some(UrlFault::NoHost(shown(text))),
        (Some(_), _) => None,
    }
}

fn split_scheme(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, text),
    }
}

fn authority(rest: &str) -> &str {
    let Some(rest) = rest.strip_prefix("//") else {
        return "";
    };
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn brackets_hold_an_address(authority: &str) -> bool {
    if !authority.contains(['[', ']']) {
        return true;
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let Some((address, port)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) else {
        return false;
    };
    let address = address.split('%').next().unwrap_or_default();
    address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.starts_with(':'))
}

/// Some characters normalise to `/` or `@`, so that two readers would see two hosts.
fn hides_a_delimiter(authority: &str) -> bool {
    let bare: String = authority.chars().filter(|c| !"@:#?".contains(*c)).collect();
    !bare.is_ascii() && bare.nfkc().any(|c| "/?#@:".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_have_a_scheme_and_a_host() {
        for text in [
            "https://vault.example.com:8200/v1?x#y",
            "ssh://joe@host",
            "HTTP://[::1]:80/",
            " https://x",
            "https://bücher.example",
        ] {
            assert_eq!(fault(text, false), None, "{text}");
        }
    }

    #[test]
    fn each_fault_is_told() {
        let shown = |text: &str| Shown::Value(Value::from(text));
        for (text, expected) in [
            ("", UrlFault::NoScheme),
            ("foo", UrlFault::NoScheme),
            ("//host", UrlFault::NoScheme),
            ("1http://host", UrlFault::NoScheme),
            ("http:", UrlFault::NoHost(shown("http:"))),
            ("localhost:8200", UrlFault::NoHost(shown("localhost:8200"))),
            ("https:///path", UrlFault::NoHost(shown("https:///path"))),
            ("https://[::1", UrlFault::Brackets),
            ("https://[127.0.0.1]/", UrlFault::Brackets),
            ("https://x[::1]/", UrlFault::Brackets),
            ("https://a\u{ff0f}b/", UrlFault::Lookalike(shown("a\u{ff0f}b"))),
        ] {
            assert_eq!(fault(text, false), Some(expected), "{text}");
        }
        assert_eq!(fault("http:", true), Some(UrlFault::NoHost(Shown::Hidden)));
    }

    proptest! {
        #[test]
        fn a_secret_text_is_never_shown(text in ".{0,6}(https:)?/{0,2}\\[?.{0,20}") {
            let told = format!("{:?}", fault(&text, true));
            prop_assert!(!told.contains("Value"), "{told}");
        }
    }
}
