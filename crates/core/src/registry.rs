//! Container registries: the locations at which credentials stand.

use std::fmt;
use std::str::FromStr;

/// Host, perhaps port and path, of a registry, without scheme: at most 255 characters, the host in lower case.
///
/// `registry.example.com`, `registry.example.com:5000/team`, `registry.example.com/path/to/repo:5000`.
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
    /// What follows the colon is no port.
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
        let host = checked_host(host)?;
        let Some(path) = path else { return Ok(Self(host)) };
        if path.split('/').any(str::is_empty) {
            return Err(LocationFault::EmptyPart);
        }
        Ok(Self(format!("{host}/{path}")))
    }
}

/// A host name or address, perhaps with a port, in lower case.
fn checked_host(text: &str) -> Result<String, LocationFault> {
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
            if !name.split('.').all(label) {
                return Err(LocationFault::Host);
            }
            (name, port)
        }
    };
    if let Some(port) = port {
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if !digits || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(LocationFault::Port);
        }
    }
    Ok(text.replacen(name, &name.to_ascii_lowercase(), 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_ports_and_paths_are_read_and_the_host_is_lowered() {
        for (given, kept) in [
            ("registry.example.com", "registry.example.com"),
            ("Registry.Example.COM/Team", "registry.example.com/Team"),
            ("localhost:5000", "localhost:5000"),
            ("registry.example.com:5000/a/b", "registry.example.com:5000/a/b"),
            ("registry.example.com/path/to/repo:5000", "registry.example.com/path/to/repo:5000"),
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
