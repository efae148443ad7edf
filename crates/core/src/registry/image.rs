//! References to container images, and the registry locations that a credential for one can stand at.

use std::fmt;
use std::str::FromStr;

use super::{Location, is_element, looks_like_host};

/// A reference to an image, such as `registry.example.com/team/app:1`: at most 1024 characters.
///
/// A reference without a host is one of Docker Hub. Tag and digest are kept only to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    text: String,
    /// Host and perhaps port, in lower case; absent for Docker Hub by omission.
    host: Option<String>,
    /// The elements of the path, at least one, without tag and digest.
    path: Vec<String>,
}

/// Why a text is no reference to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFault {
    /// Nothing is there.
    Blank,
    /// More than 1024 characters.
    TooLong,
    /// It begins with a scheme such as `https://`.
    Scheme,
    /// White space or a control character.
    Space,
    /// An element between slashes is empty, or there is none behind the host.
    EmptyPart,
    /// What stands before the first slash looks like a host and is none.
    Host,
    /// An element of the path that no repository has.
    Path,
    /// What is left without the last element is longer than a location.
    LongLocation,
    /// What follows the last colon is no tag, or what follows the `@` is no digest.
    Tag,
}

impl Image {
    /// The most characters.
    pub const LONGEST: usize = 1024;

    /// The reference as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The locations at which a credential for the image can stand, the most specific first.
    ///
    /// The last element of the path goes at once, then the path loses elements from the right; then the host
    /// loses labels from the left, down to two of them. An address loses none. A port stays with its host.
    pub fn locations(&self) -> Vec<String> {
        let (host, given_path) = match &self.host {
            Some(host) => (host.as_str(), self.path.as_slice()),
            None => (HUB, self.path.as_slice()),
        };
        let mut found: Vec<String> = Vec::new();
        for length in (1..given_path.len()).rev() {
            found.push(format!("{host}/{}", given_path[..length].join("/")));
        }
        if self.host.is_none() && !found.iter().any(|location| location == HUB_LIBRARY) {
            found.push(HUB_LIBRARY.to_owned());
        }
        found.push(host.to_owned());
        if self.host.is_some() {
            found.extend(parents(host));
        }
        found
    }

    /// The locations in every spelling under which a credential can stand there, in lower case: a port may stand at
    /// the end instead of behind the host.
    pub fn spellings(&self) -> Vec<String> {
        let mut found = Vec::new();
        for location in self.locations() {
            let location = location.to_lowercase();
            if let Some((host, path)) = location.split_once('/')
                && let Some((name, port)) = host.rsplit_once(':')
                && !port.ends_with(']')
            {
                found.push(format!("{name}/{path}:{port}"));
            }
            found.push(location);
        }
        found
    }

    /// Where a credential that came with the image stands: the most specific of its locations.
    pub fn location(&self) -> Option<Location> {
        self.locations().first().and_then(|text| text.parse().ok())
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Image {
    type Err = ImageFault;

    fn from_str(text: &str) -> Result<Self, ImageFault> {
        if text.is_empty() {
            return Err(ImageFault::Blank);
        }
        if Self::LONGEST < text.chars().count() {
            return Err(ImageFault::TooLong);
        }
        if text.contains("://") {
            return Err(ImageFault::Scheme);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ImageFault::Space);
        }
        let named = match text.split_once('@') {
            Some((named, digest)) if is_digest(digest) => named,
            Some(_) => return Err(ImageFault::Tag),
            None => text,
        };
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if looks_like_host(first) => {
                // Whatever is a location's host is an image's.
                let host = first.parse::<Location>().map_err(|_| ImageFault::Host)?;
                (Some(host.to_string()), rest)
            }
            _ => (None, named),
        };
        let mut path: Vec<String> = rest.split('/').map(str::to_owned).collect();
        if let Some(last) = path.last_mut()
            && let Some((name, tag)) = last.split_once(':')
        {
            if !is_tag(tag) {
                return Err(ImageFault::Tag);
            }
            *last = name.to_owned();
        }
        if path.iter().any(String::is_empty) {
            return Err(ImageFault::EmptyPart);
        }
        if path.iter().any(|element| element.contains(':')) {
            return Err(ImageFault::Tag);
        }
        if !path.iter().all(|element| is_element(element)) {
            return Err(ImageFault::Path);
        }
        Ok(Self { text: text.to_owned(), host, path })
    }
}

fn is_tag(tag: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len()) && tag.bytes().all(inner) && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_' | b'-');
    !algorithm.is_empty()
        && algorithm.bytes().all(word)
        && !hex.is_empty()
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The host without its first label, without its first two, and so on, as long as two are left.
fn parents(host: &str) -> Vec<String> {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    if host.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = host;
    while let Some((_, parent)) = rest.split_once('.') {
        let labels = parent.split_once(':').map_or(parent, |(name, _)| name).split('.').count();
        if labels < FEWEST_LABELS {
            break;
        }
        found.push(parent.to_owned());
        rest = parent;
    }
    found
}

/// Where images without a host are.
const HUB: &str = "docker.io";
/// Where the images of Docker Hub without an owner are.
const HUB_LIBRARY: &str = "docker.io/library";
/// A credential never stands for a whole top-level domain.
const FEWEST_LABELS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn locations(image: &str) -> Vec<String> {
        image.parse::<Image>().unwrap().locations()
    }

    #[test]
    fn locations_are_tried_from_the_most_specific_to_the_parent_domain() {
        for (image, expected) in [
            (
                "registry.example.com/repo/image:tag",
                &["registry.example.com/repo", "registry.example.com", "example.com"][..],
            ),
            ("Registry.Example.com/image", &["registry.example.com", "example.com"]),
            (
                "a.b.example.com:5000/x",
                &["a.b.example.com:5000", "b.example.com:5000", "example.com:5000"],
            ),
            ("example.com/a/b/c@sha256:ab12", &["example.com/a/b", "example.com/a", "example.com"]),
            ("localhost:5000/team/x:1", &["localhost:5000/team", "localhost:5000"]),
            ("localhost/x", &["localhost"]),
            ("10.0.0.1:5000/a/x", &["10.0.0.1:5000/a", "10.0.0.1:5000"]),
            ("[::1]:5000/x", &["[::1]:5000"]),
            ("nginx", &["docker.io/library", "docker.io"]),
            ("nginx:1.27@sha256:ab12", &["docker.io/library", "docker.io"]),
            ("library/nginx", &["docker.io/library", "docker.io"]),
            ("someuser/image", &["docker.io/someuser", "docker.io/library", "docker.io"]),
            ("docker.io/someuser/image", &["docker.io/someuser", "docker.io"]),
        ] {
            assert_eq!(locations(image), expected, "{image}");
        }
    }

    #[test]
    fn a_credential_that_came_along_stands_at_the_most_specific_location() {
        let of = |image: &str| image.parse::<Image>().unwrap().location().unwrap().to_string();
        assert_eq!(of("registry.example.com/repo/image:tag"), "registry.example.com/repo");
        assert_eq!(of("registry.example.com/image"), "registry.example.com");
        assert_eq!(of("nginx"), "docker.io/library");
    }

    #[test]
    fn everything_else_has_its_fault() {
        for (given, fault) in [
            ("", ImageFault::Blank),
            ("https://example.com/x", ImageFault::Scheme),
            ("a b", ImageFault::Space),
            ("example.com/", ImageFault::EmptyPart),
            ("example.com//x", ImageFault::EmptyPart),
            ("/x", ImageFault::EmptyPart),
            (":1", ImageFault::EmptyPart),
            ("example.com:99999/x", ImageFault::Host),
            ("-a.com/x", ImageFault::Host),
            ("x:", ImageFault::Tag),
            ("x:a:b", ImageFault::Tag),
            ("example.com/a:1/b", ImageFault::Tag),
            ("x@sha256", ImageFault::Tag),
            ("example.com/../x", ImageFault::Path),
            ("a\u{200b}b", ImageFault::Path),
            ("example.com:080/x", ImageFault::Host),
            ("x@sha256:zz", ImageFault::Tag),
        ] {
            assert_eq!(given.parse::<Image>(), Err(fault), "{given:?}");
        }
        assert_eq!("a".repeat(1025).parse::<Image>(), Err(ImageFault::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c./:@\\[\\]-]{0,24}|.{0,12}") {
            if let Ok(image) = text.parse::<Image>() {
                prop_assert_eq!(image.as_str(), &text);
                prop_assert!(!image.locations().is_empty());
            }
        }

        #[test]
        fn no_location_is_tried_twice_and_each_is_the_one_before_made_wider(
            labels in proptest::collection::vec("[a-c]{1,3}", 2..5),
            path in proptest::collection::vec("[a-c]{1,3}", 1..5),
        ) {
            let host = labels.join(".");
            let image = format!("{host}/{}", path.join("/"));
            let tried = locations(&image);
            let mut unique = tried.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), tried.len());
            prop_assert_eq!(tried.len(), path.len() + labels.len() - 2);
            for pair in tried.windows(2) {
                prop_assert!(pair[0].starts_with(&pair[1]) || pair[0].ends_with(&pair[1]));
            }
        }
    }
}
