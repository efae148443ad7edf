//! Who owns a path, and so words whatever is wrong with a request to it.

use axum::response::Response;
use http::header::{ALLOW, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use strongroom_service::{Presented, Strongroom};

use crate::facts::RequestFacts;
use crate::fault::Fault;
use crate::route::Slash;
use crate::state::AppState;
use crate::{app_catalog, awx, cloud_foundry, native, probely, registry_token, uaa, unserved};

/// The owner of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// AWX, `/api`.
    Awx,
    /// Probely, `/credentials` and its neighbours.
    Probely,
    /// Cloud Foundry, `/`, `/v3` and `/v2`.
    CloudFoundry,
    /// The platform's token endpoints, `/uaa`.
    Uaa,
    /// The Application Catalog, `/v1` and `/csp`.
    AppCatalog,
    /// The token server of the container registries, `/token`.
    RegistryToken,
    /// The native API, `/strongroom/v1`, and the probes.
    Native,
    /// The page, `/ui`.
    Page,
    /// Nobody: any other path.
    Nobody,
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 9] = [
        Self::Awx,
        Self::Probely,
        Self::CloudFoundry,
        Self::Uaa,
        Self::AppCatalog,
        Self::RegistryToken,
        Self::Native,
        Self::Page,
        Self::Nobody,
    ];

    /// The owner of a path, by its first segments, exactly as they are spelled.
    pub fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix('/') else { return Self::Nobody };
        let mut segments = rest.split('/');
        let first = segments.next().unwrap_or_default();
        match first {
            "" if rest.is_empty() => Self::CloudFoundry,
            "strongroom" if segments.next() == Some("v1") => Self::Native,
            _ => FIRST_SEGMENTS
                .iter()
                .find(|(_, names)| names.contains(&first))
                .map_or(Self::Nobody, |(owner, _)| *owner),
        }
    }

    /// The word of metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awx => "awx",
            Self::Probely => "probely",
            Self::CloudFoundry => "cloud_foundry",
            Self::Uaa => "uaa",
            Self::AppCatalog => "app_catalog",
            Self::RegistryToken => "registry_token",
            Self::Native => "native",
            Self::Page => "page",
            Self::Nobody => "nobody",
        }
    }

    /// How its templates treat the trailing slash.
    pub(crate) const fn slash(self) -> Slash {
        match self {
            Self::Awx => Slash::WithAndReadWithout,
            Self::Probely | Self::AppCatalog => Slash::Both,
            _ => Slash::AsWritten,
        }
    }

    /// The most bytes of a body.
    pub(crate) const fn body_limit(self) -> usize {
        match self {
            Self::AppCatalog => 64 * 1024,
            _ => 1024 * 1024,
        }
    }

    /// Whether a segment may hold an encoded slash: only where a name stands in the path.
    pub(crate) const fn takes_encoded_slash(self) -> bool {
        matches!(self, Self::Awx)
    }

    /// The answer to a fault, in the owner's words.
    pub(crate) fn fault(self, fault: &Fault, facts: &RequestFacts) -> Response {
        let mut response = match self {
            Self::Awx => awx::error::fault(fault, facts),
            Self::Native | Self::Page => native::error::fault(fault),
            Self::Probely => probely::error::fault(fault, facts),
            Self::CloudFoundry => cloud_foundry::error::fault(fault),
            Self::Uaa => uaa::error::fault(fault),
            Self::AppCatalog => app_catalog::error::fault(fault, facts),
            Self::RegistryToken => registry_token::error::fault(fault),
            Self::Nobody => unserved::nobody(fault),
        };
        *response.status_mut() = fault.status();
        let headers = response.headers_mut();
        match fault {
            Fault::WrongMethod { allow } => set(headers, ALLOW, allow),
            Fault::MissingSlash { location } => set(headers, LOCATION, location),
            Fault::Unavailable { retry_after } => {
                set(headers, RETRY_AFTER, &retry_after.to_string());
            }
            _ => {}
        }
        response
    }

    /// The token that is shown to an owner that tells every caller who he is; none where there is none.
    pub(crate) fn token_to_name(self, headers: &HeaderMap) -> Option<Presented> {
        match self {
            Self::CloudFoundry => cloud_foundry::auth::bearer(headers),
            _ => None,
        }
    }

    /// Notes who shows a token, where no handler asked.
    pub(crate) async fn name_caller(
        self,
        room: &Strongroom,
        facts: &RequestFacts,
        token: Presented,
    ) {
        if self == Self::CloudFoundry {
            // A token that is worth nothing names nobody, and its answer stays what it is.
            let _ = cloud_foundry::auth::named(room, facts, token).await;
        }
    }

    /// Adds what the owner sends with every answer, faults included.
    pub(crate) fn decorate(self, state: &AppState, facts: &RequestFacts, response: &mut Response) {
        match self {
            Self::Awx => awx::decorate(&state.settings.node, facts, response),
            Self::CloudFoundry | Self::Uaa => {
                set(response.headers_mut(), X_REQUEST_ID, &facts.request_id);
                cloud_foundry::decorate(facts, response);
            }
            _ => set(response.headers_mut(), X_REQUEST_ID, &facts.request_id),
        }
    }
}

/// Sets a header that is not set yet; a value that cannot stand in a header is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.entry(name).or_insert(value);
    }
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who owns the paths below a first segment. `/` and `/strongroom/v1` are told apart by more.
const FIRST_SEGMENTS: &[(Owner, &[&str])] = &[
    (Owner::Awx, &["api"]),
    (
        Owner::Probely,
        &[
            "credentials",
            "targets",
            "domains",
            "teams",
            "users",
            "labels",
            "keys",
            "api-users",
            "profile",
            "account",
            "auth",
            "enterprise",
            "auditlog",
            "cli",
            "events",
            "webhooks",
        ],
    ),
    (Owner::CloudFoundry, &["v3", "v2"]),
    (Owner::Uaa, &["uaa"]),
    (Owner::AppCatalog, &["v1", "csp"]),
    (Owner::RegistryToken, &["token"]),
    (Owner::Native, &["healthz", "readyz", "metrics"]),
    (Owner::Page, &["ui"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_owned_exactly_as_they_are_spelled() {
        for (path, owner) in [
            ("/api", Owner::Awx),
            ("/api/", Owner::Awx),
            ("/api/v2/credentials/1/", Owner::Awx),
            ("/credentials", Owner::Probely),
            ("/credentials/", Owner::Probely),
            ("/enterprise/auth/obtain/", Owner::Probely),
            ("/", Owner::CloudFoundry),
            ("/v3", Owner::CloudFoundry),
            ("/v2/info", Owner::CloudFoundry),
            ("/uaa/oauth/token", Owner::Uaa),
            ("/v1/registries", Owner::AppCatalog),
            ("/csp/gateway", Owner::AppCatalog),
            ("/token", Owner::RegistryToken),
            ("/token/certs.pem", Owner::RegistryToken),
            ("/strongroom/v1", Owner::Native),
            ("/strongroom/v1/tokens", Owner::Native),
            ("/healthz", Owner::Native),
            ("/ui/", Owner::Page),
            ("/API/", Owner::Nobody),
            ("/apis", Owner::Nobody),
            ("/%61pi/", Owner::Nobody),
            ("//api/", Owner::Nobody),
            ("/./api/", Owner::Nobody),
            ("/strongroom", Owner::Nobody),
            ("/strongroom/v2/tokens", Owner::Nobody),
            ("/tokens", Owner::Nobody),
            ("", Owner::Nobody),
            ("*", Owner::Nobody),
        ] {
            assert_eq!(Owner::of(path), owner, "{path}");
        }
    }

    /// Every fault there is, with plain values.
    fn faults() -> [Fault; 9] {
        [
            Fault::UnknownPath,
            Fault::WrongMethod { allow: "GET, HEAD".to_owned() },
            Fault::MissingSlash { location: "/x/?y=1".to_owned() },
            Fault::TooLarge,
            Fault::Timeout,
            Fault::Panic,
            Fault::Misdirected,
            Fault::BadRequest,
            Fault::Unavailable { retry_after: 7 },
        ]
    }

    fn facts(owner: Owner) -> RequestFacts {
        RequestFacts {
            owner,
            method: http::Method::PUT,
            path: "/path".to_owned(),
            query: Some("secret=hunter2".to_owned()),
            endpoint: None,
            request_id: "0".repeat(32),
            client_request_id: None,
            user_guid: std::sync::OnceLock::new(),
            source: "192.0.2.1".to_owned(),
            is_loopback: false,
            started: std::time::Instant::now(),
        }
    }

    async fn told(owner: Owner, fault: &Fault) -> String {
        let (parts, body) = owner.fault(fault, &facts(owner)).into_parts();
        let mut headers: Vec<String> = parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        format!("{} {} [{}] {body}", owner.word(), parts.status.as_u16(), headers.join("; "))
    }

    #[tokio::test]
    async fn every_owner_words_every_fault_in_its_own_shape() {
        let mut lines = Vec::new();
        for owner in Owner::ALL {
            for fault in faults() {
                lines.push(told(owner, &fault).await);
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test]
    async fn no_fault_shows_the_query_and_each_has_the_headers_that_go_with_it() {
        for owner in Owner::ALL {
            for fault in faults() {
                let told = told(owner, &fault).await;
                assert!(!told.contains("hunter2"), "{told}");
                assert!(!told.contains("192.0.2.1"), "{told}");
                let header = match fault {
                    Fault::WrongMethod { .. } => "allow: GET, HEAD",
                    Fault::MissingSlash { .. } => "location: /x/?y=1",
                    Fault::Unavailable { .. } => "retry-after: 7",
                    _ => "",
                };
                assert!(told.contains(header), "{told}");
            }
        }
    }

    #[test]
    fn no_segment_has_two_owners_and_no_owner_shares_its_word() {
        let mut segments: Vec<_> = FIRST_SEGMENTS.iter().flat_map(|(_, names)| *names).collect();
        let count = segments.len();
        segments.sort();
        segments.dedup();
        assert_eq!(segments.len(), count);
        let words: std::collections::BTreeSet<_> = Owner::ALL.map(Owner::word).into();
        assert_eq!(words.len(), Owner::ALL.len());
    }
}
