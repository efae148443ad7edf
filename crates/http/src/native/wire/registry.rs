//! Registries.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use strongroom_core::hosted::Unhealthy;
use strongroom_service::{AuthorityView, NamedKey, RegistryView, SignerView};

use super::{Ids, time};

/// A registry.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Registry {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    description: String,
    organization: i64,
    url: String,
    service: Option<String>,
    provider: String,
    hosted: bool,
    credentials_limit: i64,
    created: String,
    created_by: Option<String>,
    modified: String,
    /// The credential of a private registry.
    credential: Option<i64>,
    /// What is wrong with a private registry.
    unhealthy: Option<&'static str>,
    removed: Option<String>,
    removed_by: Option<String>,
}

/// The key that signs registry tokens.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Signer {
    id: i64,
    expires_at: String,
}

/// What a registry must know to trust this server's tokens.
#[derive(Debug, Serialize)]
pub(in crate::native) struct RegistryConfig {
    pub(in crate::native) name: String,
    pub(in crate::native) realm: String,
    pub(in crate::native) service: Option<String>,
    pub(in crate::native) issuer: String,
    pub(in crate::native) root_certificates: String,
    /// How tokens name their key: `x5c` or `kid`.
    pub(in crate::native) key: &'static str,
    /// The same keys as a set of RFC 7517, for registries that look them up by name.
    pub(in crate::native) jwks: KeySet,
}

/// Public keys by name.
#[derive(Debug, Serialize)]
pub(in crate::native) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
struct Key {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    kid: String,
    x: String,
    y: String,
}

/// An authority that registries trust.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Authority {
    id: i64,
    guid: String,
    /// Whether tokens are signed under it now.
    signs: bool,
    created: String,
    expires_at: String,
    /// SHA-256 of its certificate.
    fingerprint: String,
}

impl From<Vec<NamedKey>> for KeySet {
    fn from(keys: Vec<NamedKey>) -> Self {
        let shown = |key: NamedKey| Key {
            kty: "EC",
            crv: "P-256",
            alg: "ES256",
            r#use: "sig",
            kid: key.id,
            x: URL_SAFE_NO_PAD.encode(key.point.0),
            y: URL_SAFE_NO_PAD.encode(key.point.1),
        };
        Self { keys: keys.into_iter().map(shown).collect() }
    }
}

impl From<AuthorityView> for Authority {
    fn from(view: AuthorityView) -> Self {
        Self {
            id: view.id,
            guid: view.guid.to_string(),
            signs: view.signs,
            created: time(view.created),
            expires_at: time(view.expires),
            fingerprint: view.fingerprint,
        }
    }
}

impl From<SignerView> for Signer {
    fn from(view: SignerView) -> Self {
        Self { id: view.id, expires_at: time(view.expires) }
    }
}

impl From<RegistryView> for Registry {
    fn from(view: RegistryView) -> Self {
        let registry = view.registry;
        Self {
            ids: registry.identity.into(),
            name: registry.name,
            description: registry.description,
            organization: registry.organization_id,
            url: registry.url,
            service: registry.service,
            provider: registry.provider,
            hosted: registry.hosted,
            credentials_limit: registry.credentials_limit,
            created: time(registry.stamp.created),
            created_by: view.created_by,
            modified: time(registry.stamp.modified),
            credential: registry.credential.map(|credential| credential.id),
            unhealthy: view.unhealthy.map(word),
            removed: registry.removed.map(|(at, _)| time(at)),
            removed_by: view.removed_by,
        }
    }
}

/// What is wrong with a private registry, in one word.
const fn word(cause: Unhealthy) -> &'static str {
    match cause {
        Unhealthy::CredentialGone => "credential_gone",
        Unhealthy::CredentialOfAnotherType => "credential_of_another_type",
        Unhealthy::CredentialWithoutPassword => "credential_without_password",
        Unhealthy::CredentialElsewhere => "credential_for_another_host",
        Unhealthy::CredentialOfAnotherOrganization => "credential_of_another_organization",
    }
}
