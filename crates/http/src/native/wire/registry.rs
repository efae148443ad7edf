//! Hosted registries.

use serde::Serialize;
use strongroom_service::RegistryView;

use super::{Ids, time};

/// A hosted registry.
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
        }
    }
}
