//! Registries.

use serde::Serialize;
use strongroom_core::hosted::Unhealthy;
use strongroom_service::{RegistryView, SignerView};

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
