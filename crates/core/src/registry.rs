//! Container registries: the locations at which credentials stand, the images there, and which credential wins.

pub mod image;
pub mod precedence;

use std::fmt;
use std::str::FromStr;

pub use image::{Image, ImageFault};

/// Host, perhaps port and path, of a registry, without scheme: at most 255 characters, the host in lower case.
///
/// `registry.example.com`, `registry.example.com:5000/team`, `registry.example.com/path/to/repo:5000`. The host is one
/// that references to images take for a host: it holds a dot or has a port, or is `localhost`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location(String);

/// Why a text is no location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationFault {
    /// Nothing is there.
    Blank,
    /// More than 255 characters.
    TooLong,
    /// It begins with a scheme such as `https://`.
    Scheme,
    /// White space or a control character.
    Space,
    /// It ends in a slash, or a part between slashes is empty.
    EmptyPart,
    /// It names an image by digest.
    Digest,
    /// What stands before the first slash is no host.
    Host,
    /// A part of the path that no repository has.
    Path,
    /// What follows the colon is no port, or the port of a host that has one already.
    Port,
}

impl Location {
    /// The most characters.
    pub const LONGEST: usize = 255;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Location {
    type Err = LocationFault;

    fn from_str(text: &str) -> Result<Self, LocationFault> {
        if text.is_empty() {
            return Err(LocationFault::Blank);
        }
        if Self::LONGEST < text.chars().count() {
            return Err(LocationFault::TooLong);
        }
        if text.contains("://") {
            return Err(LocationFault::Scheme);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(LocationFault::Space);
        }
        if text.contains('@') {
            return Err(LocationFault::Digest);
        }
        let (host, path) =
            text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
        let (host, has_port) = checked_host(host)?;
        let Some(path) = path else { return Ok(Self(host)) };
        let (elements, port) =
            path.rsplit_once(':').map_or((path, None), |(elements, port)| (elements, Some(port)));
        if elements.split('/').any(str::is_empty) {
            return Err(LocationFault::EmptyPart);
        }
        if port.is_some_and(|port| has_port || !is_port(port)) {
            return Err(LocationFault::Port);
        }
        if !elements.split('/').all(is_element) {
            return Err(LocationFault::Path);
        }
        Ok(Self(format!("{host}/{path}")))
    }
}

/// Host, perhaps with port, of whatever names a registry: a location, an address, a server as clients spell it. In
/// lower case; every name of Docker Hub is `docker.io`.
pub fn host_of(text: &str) -> String {
    let bare = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
    let host = bare.split('/').next().unwrap_or_default().to_lowercase();
    match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => {
            "docker.io".to_owned()
        }
        _ => host,
    }
}

/// Whether two texts name the same host.
pub fn same_host(one: &str, other: &str) -> bool {
    host_of(one) == host_of(other)
}

/// How well a location fits a repository: how many parts of it name the repository, the host among them; nothing when
/// it is for another.
///
/// `registry.example.com/team` fits `registry.example.com/team/app` by two parts, and `.../teams` not at all.
pub fn fit(location: &str, repository: &str) -> Option<usize> {
    if !same_host(location, repository) {
        return None;
    }
    let (mut named, mut wanted) = (path_of(location), path_of(repository));
    let mut parts = 1;
    loop {
        match (named.next(), wanted.next()) {
            (None, _) => return Some(parts),
            (Some(one), Some(other)) if one == other => parts += 1,
            (Some(_), _) => return None,
        }
    }
}

/// Host and path of an image as it is written, without tag and digest. Without a host it is Docker Hub's.
pub fn repository_of_image(image: &str) -> String {
    let bare = image.split('@').next().unwrap_or_default();
    let (first, rest) =
        bare.split_once('/').map_or((bare, None), |(first, rest)| (first, Some(rest)));
    let (host, path) = match rest {
        Some(rest) if looks_like_host(first) => (first, rest),
        _ => ("docker.io", bare),
    };
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    format!("{}/{path}", host_of(host))
}

/// The parts of a path after the host. `v1` and `v2` are no repositories but the roots of registries' APIs.
fn path_of(text: &str) -> impl Iterator<Item = &str> {
    let bare = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
    let mut parts: Vec<&str> = bare.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    if matches!(parts.as_slice(), ["v1" | "v2"]) {
        parts.clear();
    }
    parts.into_iter()
}

/// Whether the first element names a registry and not a part of Docker Hub, as image references tell it.
fn looks_like_host(first: &str) -> bool {
    first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost")
}

/// Whether a repository can have this element in its path.
fn is_element(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether a text is a port in the one way to write it.
fn is_port(text: &str) -> bool {
    let is_plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    is_plain && text.parse::<u16>().is_ok()
}

/// A host name or address, perhaps with a port, in lower case; and whether it has a port.
fn checked_host(text: &str) -> Result<(String, bool), LocationFault> {
    if !looks_like_host(text) {
        return Err(LocationFault::Host);
    }
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            address.parse::<std::net::Ipv6Addr>().map_err(|_| LocationFault::Host)?;
            let port = rest.strip_prefix(':');
            if port.is_none() && !rest.is_empty() {
                return Err(LocationFault::Host);
            }
            (&text[..address.len() + 2], port)
        }
        None => {
            let (name, port) =
                text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            if LONGEST_HOST < name.len() || !name.split('.').all(label) {
                return Err(LocationFault::Host);
            }
            (name, port)
        }
    };
    if port.is_some_and(|port| !is_port(port)) {
        return Err(LocationFault::Port);
    }
    Ok((text.replacen(name, &name.to_ascii_lowercase(), 1), port.is_some()))
}

/// The most characters of a host name.
const LONGEST_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_host_is_found_in_whatever_names_a_registry() {
        for (text, host) in [
            ("registry.example.com", "registry.example.com"),
            ("https://Registry.example.com:5000/v2/", "registry.example.com:5000"),
            ("registry.example.com/team/app", "registry.example.com"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io/library", "docker.io"),
            ("", ""),
        ] {
            assert_eq!(host_of(text), host, "{text}");
        }
    }

    #[test]
    fn the_longest_location_that_fits_is_told_by_its_parts() {
        for (location, repository, fits) in [
            ("r.example", "r.example/team/app", Some(1)),
            ("r.example/team", "r.example/team/app", Some(2)),
            ("https://r.example/v2/", "r.example/team/app", Some(1)),
            ("r.example/teams", "r.example/team/app", None),
            ("r.example/team/app/x", "r.example/team/app", None),
            ("r.example:5000", "r.example/team/app", None),
            ("https://index.docker.io/v1/", "docker.io/library/nginx", Some(1)),
        ] {
            assert_eq!(fit(location, repository), fits, "{location} {repository}");
        }
    }

    #[test]
    fn an_image_names_its_repository() {
        for (image, repository) in [
            ("registry.example/team/app:1", "registry.example/team/app"),
            ("registry.example:5000/app@sha256:00", "registry.example:5000/app"),
            ("registry.example:5000/app:v1@sha256:00", "registry.example:5000/app"),
            ("localhost/app", "localhost/app"),
            ("nginx", "docker.io/nginx"),
            ("nginx:1.25", "docker.io/nginx"),
            ("library/nginx:1.25", "docker.io/library/nginx"),
        ] {
            assert_eq!(repository_of_image(image), repository, "{image}");
        }
    }

    #[test]
    fn hosts_ports_and_paths_are_read_and_the_host_is_lowered() {
        for (given, kept) in [
            ("registry.example.com", "registry.example.com"),
            ("Registry.Example.COM/Team", "registry.example.com/Team"),
            ("localhost:5000", "localhost:5000"),
            ("registry.example.com:5000/a/b", "registry.example.com:5000/a/b"),
            ("registry.example.com/path/to/repo:5000", "registry.example.com/path/to/repo:5000"),
            ("LOCALHOST", "localhost"),
            ("registry:5000/team", "registry:5000/team"),
            ("10.0.0.1/a_b/c--d/e.f", "10.0.0.1/a_b/c--d/e.f"),
            ("[::1]:5000/x", "[::1]:5000/x"),
        ] {
            assert_eq!(given.parse::<Location>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn everything_else_has_its_fault() {
        for (given, fault) in [
            ("", LocationFault::Blank),
            ("https://registry.example.com", LocationFault::Scheme),
            ("registry.example.com/", LocationFault::EmptyPart),
            ("registry.example.com//a", LocationFault::EmptyPart),
            ("a b", LocationFault::Space),
            ("registry.example.com/x@sha256:aa", LocationFault::Digest),
            ("/team", LocationFault::Host),
            (".example.com", LocationFault::Host),
            ("registry.example.com:port", LocationFault::Port),
            ("registry.example.com:70000", LocationFault::Port),
            ("registry.example.com:0", LocationFault::Port),
            ("registry.example.com:080", LocationFault::Port),
            ("registry.example.com:", LocationFault::Port),
            ("registry.example.com/a:0443", LocationFault::Port),
            ("registry.example.com/a:", LocationFault::Port),
            ("registry.example.com/a:80/b", LocationFault::Port),
            ("registry.example.com:80/a:80", LocationFault::Port),
            ("registry.example.com/a:tag", LocationFault::Port),
            ("registry.example.com/:80", LocationFault::EmptyPart),
            ("registry.example.com/a/../b", LocationFault::Path),
            ("registry.example.com/./b", LocationFault::Path),
            ("registry.example.com/a\u{200b}b", LocationFault::Path),
            ("registry.example.com/-a", LocationFault::Path),
            ("registry.example.com/a?b", LocationFault::Path),
            ("registry.ex\u{200b}ample.com", LocationFault::Host),
            ("someuser", LocationFault::Host),
            ("repo/image", LocationFault::Host),
            ("registry.example.com.", LocationFault::Host),
            ("[::x]", LocationFault::Host),
        ] {
            assert_eq!(given.parse::<Location>(), Err(fault), "{given:?}");
        }
        assert_eq!("a".repeat(256).parse::<Location>(), Err(LocationFault::TooLong));
    }

    proptest! {
        #[test]
        fn a_location_is_read_back_as_itself(text in ".{0,40}") {
            if let Ok(location) = text.parse::<Location>() {
                prop_assert_eq!(location.as_str().parse::<Location>(), Ok(location.clone()));
            }
        }
    }
}
