//! Clients of the platform's token endpoints, and the keys that sign there.

use serde::Serialize;
use strongroom_service::uaa::{SigningKeyView, UaaClientView};

use super::{Ids, time};

/// A client.
#[derive(Debug, Serialize)]
pub(in crate::native) struct UaaClient {
    #[serde(flatten)]
    ids: Ids,
    client_id: String,
    /// The guid of its service account, to which roles are given.
    user: String,
    organization: i64,
    scope: Vec<String>,
    created: String,
    modified: String,
}

/// A client whose secret is shown this once.
#[derive(Serialize)]
pub(in crate::native) struct NewUaaClient<'a> {
    #[serde(flatten)]
    pub(in crate::native) shown: UaaClient,
    pub(in crate::native) client_secret: &'a str,
}

/// A signing key, without its private part.
#[derive(Debug, Serialize)]
pub(in crate::native) struct SigningKey {
    kid: String,
    created: String,
    /// Since when it signs no more; null for the one that signs.
    retired: Option<String>,
}

impl From<UaaClientView> for UaaClient {
    fn from(view: UaaClientView) -> Self {
        Self {
            ids: view.identity.into(),
            client_id: view.client_id,
            user: view.user.to_string(),
            organization: view.organization_id,
            scope: view.scope,
            created: time(view.created),
            modified: time(view.modified),
        }
    }
}

impl From<SigningKeyView> for SigningKey {
    fn from(view: SigningKeyView) -> Self {
        Self {
            kid: view.kid.to_string(),
            created: time(view.created),
            retired: view.retired.map(time),
        }
    }
}
