//! Which host names the server answers for.

use std::net::IpAddr;

use axum::extract::Request;
use http::header::HOST;
use http::uri::Authority;

use crate::fault::Fault;

/// Refuses a request for a host that this server is not.
///
/// Without a public URL only loopback names are its own: a name that somebody else resolved to this machine
/// would let a foreign page talk to it. A request that names no host has nothing to be misled by.
pub(crate) fn check(request: &Request, has_public_url: bool) -> Result<(), Fault> {
    let mut headers = request.headers().get_all(HOST).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(Fault::BadRequest);
    }
    let named = match header {
        None => None,
        Some(value) => Some(Authority::try_from(value.as_bytes()).map_err(|_| Fault::BadRequest)?),
    };
    if has_public_url {
        return Ok(());
    }
    let both = [request.uri().authority(), named.as_ref()];
    if both.into_iter().flatten().all(is_loopback) { Ok(()) } else { Err(Fault::Misdirected) }
}

/// Whether the authority is `localhost` or a loopback address, with any port and no user.
fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(uri: &str, hosts: &[&str]) -> Request {
        let mut request = http::Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn only_loopback_names_are_answered_without_a_public_url() {
        for host in
            ["localhost", "LOCALHOST:8470", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:8470"]
        {
            assert_eq!(check(&request("/", &[host]), false), Ok(()), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "localhost.",
            "0.0.0.0",
            "10.0.0.1",
            "[::2]",
            "user@localhost",
        ] {
            let checked = check(&request("/", &[host]), false);
            assert_eq!(checked, Err(Fault::Misdirected), "{host}");
            assert_eq!(check(&request("/", &[host]), true), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_host_that_is_none_or_two_is_refused_always() {
        for public in [false, true] {
            for hosts in [&["localhost", "localhost"][..], &["local host"], &["a/b"], &[""]] {
                let checked = check(&request("/", hosts), public);
                assert_eq!(checked, Err(Fault::BadRequest), "{hosts:?}");
            }
            assert_eq!(check(&request("/", &[]), public), Ok(()));
        }
    }

    #[test]
    fn the_target_counts_like_the_header() {
        let misled = request("http://example.org/", &["localhost"]);
        assert_eq!(check(&misled, false), Err(Fault::Misdirected));
        assert_eq!(check(&request("http://localhost:1/", &[]), false), Ok(()));
    }
}
