//! Credentials and their versions.

use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_core::clock::Timestamp;
use strongroom_core::record::Version;
use strongroom_service::view::{CredentialView, Owner};

use super::{Ids, Named, Person, time};
use crate::native::MASK;

/// A credential, masked.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Credential {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    description: String,
    r#type: i64,
    type_name: String,
    organization: Option<i64>,
    owners: Vec<OwnerShown>,
    inputs: Map<String, Value>,
    managed: bool,
    version: u64,
    born_in: &'static str,
    may: May,
    created: String,
    created_by: Option<Person>,
    modified: String,
    modified_by: Option<Person>,
}

/// A credential that ends somewhere, and when first.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Expiring {
    #[serde(flatten)]
    credential: Credential,
    expires: String,
}

impl From<(CredentialView, Timestamp)> for Expiring {
    fn from((view, end): (CredentialView, Timestamp)) -> Self {
        Self { credential: view.into(), expires: time(end) }
    }
}

/// What the caller may do.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers, each shown as a member of its own"
)]
struct May {
    change: bool,
    delete: bool,
    copy: bool,
    r#use: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum OwnerShown {
    User(Person),
    Team(Named),
    Organization(Named),
}

/// An earlier or the present state of a credential's inputs.
#[derive(Debug, Serialize)]
pub(in crate::native) struct VersionShown {
    number: u64,
    r#type: i64,
    inputs: Map<String, Value>,
    created: String,
    created_by: Option<i64>,
}

impl From<CredentialView> for Credential {
    fn from(view: CredentialView) -> Self {
        let CredentialView { credential, capabilities, .. } = view;
        Self {
            ids: credential.identity.into(),
            name: credential.name,
            description: credential.description,
            r#type: credential.credential_type_id,
            type_name: view.credential_type.name,
            organization: credential.organization_id,
            owners: view.owners.into_iter().map(OwnerShown::from).collect(),
            inputs: masked(credential.inputs, credential.secrets.into_keys()),
            managed: credential.managed,
            version: credential.version,
            born_in: credential.born_in.word(),
            may: May {
                change: capabilities.edit,
                delete: capabilities.delete,
                copy: capabilities.copy,
                r#use: capabilities.use_it,
            },
            created: time(credential.stamp.created),
            created_by: view.created_by.map(Person::from),
            modified: time(credential.stamp.modified),
            modified_by: view.modified_by.map(Person::from),
        }
    }
}

impl From<Owner> for OwnerShown {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::User(user) => Self::User(user.into()),
            Owner::Team(team) => Self::Team(team.into()),
            Owner::Organization(organization) => Self::Organization(organization.into()),
        }
    }
}

impl From<Version> for VersionShown {
    fn from(version: Version) -> Self {
        Self {
            number: version.number,
            r#type: version.credential_type_id,
            inputs: masked(version.inputs, version.secrets.into_keys()),
            created: time(version.created),
            created_by: version.created_by,
        }
    }
}

/// The inputs with the mask for each secret that is set.
fn masked(
    mut inputs: Map<String, Value>,
    secrets: impl IntoIterator<Item = String>,
) -> Map<String, Value> {
    inputs.extend(secrets.into_iter().map(|field| (field, MASK.into())));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_a_mask() {
        let inputs = Map::from_iter([("username".to_owned(), json!("joe"))]);
        let masked = Value::Object(masked(inputs, ["password".to_owned()]));
        assert_eq!(masked, json!({"username": "joe", "password": "$encrypted$"}));
    }
}
