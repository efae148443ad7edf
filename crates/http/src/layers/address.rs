//! The address of the client behind proxies that are trusted, and of nobody else's telling.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The client's address: the peer's, or when that is a trusted proxy the last untrusted one it forwards.
///
/// The entries are read from the right, because only those were written by proxies that are trusted. One
/// that is no address ends the reading: who wrote it is unknown, so the proxy before it is the client.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer;
    for entry in forwarded(headers).rev() {
        if !is_trusted(client, trusted) {
            break;
        }
        match entry.and_then(address) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// Whether anybody claims to have forwarded the request.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(name))
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Every entry of every header line, in order; absent where a line is no text.
fn forwarded(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = Option<&str>> {
    headers.get_all(X_FORWARDED_FOR).iter().flat_map(|line| {
        let entries: Vec<Option<&str>> = match line.to_str() {
            Ok(line) => line.split(',').map(Some).collect(),
            Err(_) => vec![None],
        };
        entries
    })
}

/// An address with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse::<IpAddr>().ok();
    address
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|ip| ip.to_canonical())
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: [HeaderName; 3] =
    [X_FORWARDED_FOR, HeaderName::from_static("forwarded"), HeaderName::from_static("x-real-ip")];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        headers
    }

    fn client_of(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers(lines), &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (peer, lines, expected) in [
            ("198.51.100.1", &["203.0.113.9"][..], "198.51.100.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("fd00::1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("fd00::1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client_of(peer, lines, &trusted), expected, "{peer} {lines:?}");
        }
        assert_eq!(client_of("10.0.0.1", &["203.0.113.9"], &[]), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_cannot_say_who_it_is(line in "[ -~]{0,40}") {
            prop_assert_eq!(client_of("198.51.100.1", &[&line], &["10.0.0.0/8"]), "198.51.100.1");
        }

        #[test]
        fn what_stands_before_an_untrusted_entry_changes_nothing(forged in "[0-9a-f:., ]{0,40}") {
            let line = format!("{forged},203.0.113.9");
            prop_assert_eq!(client_of("10.0.0.1", &[&line], &["10.0.0.0/8"]), "203.0.113.9");
        }
    }
}
