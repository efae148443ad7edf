//! Registries, hosted and private: their addresses, their products, the names by which their token server knows
//! them, and what can be wrong with a private one.

use crate::registry::Location;

/// The address of a registry as it was given, `http` or `https`, and the location in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryUrl {
    text: String,
    location: Location,
}

/// Why a registry cannot be as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostedRule {
    /// Not the absolute address of a registry.
    Url,
    /// Not the name of a token service.
    Service,
    /// It stays as it was when the registry was made.
    Fixed,
    /// A private registry cannot refer to this credential.
    Credential(Unhealthy),
    /// Tokens are signed under this authority, or with its own key.
    AuthoritySigns,
    /// There are as many authorities as are kept.
    TooManyAuthorities {
        /// How many.
        max: usize,
    },
}

/// Why a private registry cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhealthy {
    /// The credential that it refers to was deleted.
    CredentialGone,
    /// The credential is of another type now.
    CredentialOfAnotherType,
    /// The credential has no password.
    CredentialWithoutPassword,
    /// The credential is for another registry.
    CredentialElsewhere,
    /// The credential belongs to another organization.
    CredentialOfAnotherOrganization,
}

/// The products that a private registry can be, as the Application Catalog spells them.
pub const PROVIDERS: [&str; 9] = [
    "AMAZON_ELASTIC_CONTAINER_REGISTRY",
    "HARBOR",
    "NEXUS_CONTAINER_REGISTRY",
    "AZURE_CONTAINER_REGISTRY",
    "JFROG_CONTAINER_REGISTRY",
    "GITHUB_CONTAINER_REGISTRY",
    "GOOGLE_ARTIFACT_REGISTRY",
    "DOCKERHUB",
    "IONOS",
];

impl RegistryUrl {
    /// Reads an absolute address: scheme, host, perhaps port and path, and nothing else. One slash may end it.
    pub fn read(text: &str) -> Result<Self, HostedRule> {
        let rest =
            SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or(HostedRule::Url)?;
        let bare = rest.strip_suffix('/').unwrap_or(rest);
        if bare.contains(['?', '#', '%', '\\']) {
            return Err(HostedRule::Url);
        }
        let location = bare.parse().map_err(|_| HostedRule::Url)?;
        Ok(Self { text: text.to_owned(), location })
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and perhaps port, in lower case: what the token service is called unless told.
    pub fn host(&self) -> &str {
        self.location.as_str().split('/').next().unwrap_or_default()
    }
}

/// Whether a text can name a token service: it stands in quotes in a header and in the claims of tokens.
pub fn is_service_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',');
    !text.is_empty() && text.len() <= LONGEST_SERVICE && text.bytes().all(allowed)
}

const SCHEMES: [&str; 2] = ["https://", "http://"];
/// The most bytes of the name of a token service.
const LONGEST_SERVICE: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_absolute_and_names_a_host() {
        for (text, host) in [
            ("https://registry.example.com", "registry.example.com"),
            ("https://Registry.example.com:5000/", "registry.example.com:5000"),
            ("http://localhost:5000/team", "localhost:5000"),
            ("https://[::1]:5000", "[::1]:5000"),
        ] {
            let url = RegistryUrl::read(text).unwrap();
            assert_eq!((url.as_str(), url.host()), (text, host));
        }
        for text in [
            "",
            "registry.example.com",
            "HTTPS://registry.example.com",
            "ftp://registry.example.com",
            "https://",
            "https:///",
            "https://a//",
            "https://a b",
            "https://user:password@registry.example.com",
            "https://registry.example.com?x=1",
            "https://registry.example.com#x",
            "https://registry.example.com/%00",
            "https://registry.example.com:0",
            "https://https://a",
        ] {
            assert_eq!(RegistryUrl::read(text), Err(HostedRule::Url), "{text}");
        }
    }

    #[test]
    fn the_name_of_a_service_stands_in_quotes() {
        for name in ["registry.example.com:5000", "harbor-registry", "a/b"] {
            assert!(is_service_name(name), "{name}");
        }
        let long = "a".repeat(256);
        for name in ["", "a b", "a\"b", "a\\b", "a,b", "ä", "a\n", long.as_str()] {
            assert!(!is_service_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn the_host_of_any_address_that_is_read_names_a_service(text in "https?://[a-z0-9.:/@?-]{0,20}") {
            if let Ok(url) = RegistryUrl::read(&text) {
                prop_assert!(is_service_name(url.host()));
            }
        }
    }
}
