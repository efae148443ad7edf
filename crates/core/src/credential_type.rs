//! Credential types: their fields and the rules that inputs keep.
//!
//! A type is two documents. `inputs` lists the fields of a credential and, for external types, the metadata of a
//! look-up; `injectors` holds the templates that hand values to a job. Both are kept as they were given, member
//! order included, because clients read them back, and are parsed once into [`Field`]s when a type is loaded.
//!
//! [`check_schema`] is for somebody who makes a type, [`check_inputs`] for somebody who fills one in, and
//! [`render`] for a job that uses the values. All are pure functions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Error, Result};

mod check;
mod field;
mod inputs;
mod key;
mod managed;
mod metadata;
mod moved;
mod render;
mod rule;
mod schema;
mod schema_injectors;
mod template;
mod text;
mod url;
mod value;

pub use field::{Field, FieldKind, Format};
pub use inputs::{CheckedInputs, SecretChange, StoredInputs, check_inputs, check_stored_inputs};
pub use key::{KeyState, read_key};
pub use managed::{ManagedType, managed_types};
pub use metadata::check_metadata;
pub use render::{MASKED, RenderCause, RenderFault, Rendered, RenderedSecrets, Rendering, render};
pub use rule::{
    Expected, InputRule, KeyFault, NamePattern, PathPart, Section, Shown, TemplateFault,
    TemplateObject, UrlFault,
};
pub use schema::{TypeSchema, check_schema};
pub use text::{DEPTH_LIMIT, is_within_depth, parse_inputs_text, read_inputs};

/// What a type is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeHead {
    /// Unique with the kind.
    pub name: String,
    /// The family it belongs to, such as `cloud` or `external`.
    pub kind: String,
    /// The stable word of a managed type; custom types have none.
    pub namespace: Option<String>,
    /// Whether the server ships with it.
    pub managed: bool,
}

/// A credential type.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialType {
    /// Unique with the kind.
    pub name: String,
    /// The family it belongs to, such as `cloud` or `external`.
    pub kind: String,
    /// The stable word of a managed type; custom types have none.
    pub namespace: Option<String>,
    /// Whether the server ships with it.
    pub managed: bool,
    /// The inputs document as it is shown.
    pub inputs: Map<String, Value>,
    /// The injectors document as it is shown.
    pub injectors: Map<String, Value>,
    /// The fields of a credential, in their order.
    pub fields: Vec<Field>,
    /// What a look-up needs besides the credential; empty unless the type is external.
    pub metadata: Vec<Field>,
    /// For a field, the fields that must be given with it.
    dependencies: BTreeMap<String, Vec<String>>,
}

impl CredentialType {
    /// A type from the documents that the store keeps, which passed [`check_schema`] or belong to a managed type.
    ///
    /// # Errors
    /// [`Error::Internal`] when a document is broken.
    pub fn from_documents(head: TypeHead, inputs: Value, injectors: Value) -> Result<Self> {
        let (Value::Object(inputs), Value::Object(injectors)) = (inputs, injectors) else {
            return Err(Error::internal("a document of a credential type is not an object"));
        };
        Ok(Self {
            name: head.name,
            kind: head.kind,
            namespace: head.namespace,
            managed: head.managed,
            fields: field::fields(&inputs, "fields")?,
            metadata: field::fields(&inputs, "metadata")?,
            dependencies: dependencies(&inputs)?,
            inputs,
            injectors,
        })
    }

    /// The field of that id.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The fields whose values are sealed.
    pub fn secret_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.secret)
    }

    /// Whether its credentials open an external secret store instead of a target.
    pub fn is_external(&self) -> bool {
        self.kind == "external"
    }

    /// Whether it is the type of minted registry robots, whose passwords exist only as hashes.
    pub fn is_robot(&self) -> bool {
        self.namespace.as_deref() == Some(ROBOT_NAMESPACE)
    }

    /// The fields that decide who receives the secrets, in field order: those of an external type, and the host of
    /// a container registry.
    pub fn destinations(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.secret && self.is_destination(&field.id))
    }

    fn is_destination(&self, id: &str) -> bool {
        match (self.is_external(), self.managed) {
            (true, true) => DESTINATIONS.contains(&id),
            (true, false) => true,
            (false, _) => self.namespace.as_deref() == Some("registry") && id == "host",
        }
    }
}

fn dependencies(inputs: &Map<String, Value>) -> Result<BTreeMap<String, Vec<String>>> {
    let Some(document) = inputs.get("dependencies") else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_value(document.clone()).map_err(Error::internal)
}

/// The namespace of the type that minted registry robots have.
pub const ROBOT_NAMESPACE: &str = "strongroom_registry_robot";

/// The fields of managed external types that decide who receives the secrets.
const DESTINATIONS: [&str; 12] = [
    "url",
    "server_url",
    "namespace",
    "default_auth_path",
    "tenant",
    "tld",
    "domain",
    "cloud_name",
    "account",
    "cacert",
    "verify",
    "oauth_application_id",
];

#[cfg(test)]
pub(crate) mod fixture {
    use super::{CredentialType, TypeHead, managed_types};

    /// A managed type by its namespace.
    pub(crate) fn managed(namespace: &str) -> CredentialType {
        let mut types = managed_types().unwrap().into_iter().map(|one| one.credential_type);
        types.find(|one| one.namespace.as_deref() == Some(namespace)).unwrap()
    }

    /// A custom type with these documents.
    pub(crate) fn custom(
        inputs: serde_json::Value,
        injectors: serde_json::Value,
    ) -> CredentialType {
        let head = TypeHead {
            name: "Custom".to_owned(),
            kind: "cloud".to_owned(),
            namespace: None,
            managed: false,
        };
        CredentialType::from_documents(head, inputs, injectors).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixture::{custom, managed};
    use super::*;

    #[test]
    fn destinations_are_those_of_external_types_and_registries() {
        let ids = |kind: &CredentialType| -> Vec<String> {
            kind.destinations().map(|field| field.id.clone()).collect()
        };
        assert_eq!(
            ids(&managed("hashivault_kv")),
            ["url", "cacert", "namespace", "default_auth_path"]
        );
        assert_eq!(ids(&managed("thycotic_dsv")), ["tenant", "tld"]);
        assert_eq!(ids(&managed("registry")), ["host"]);
        assert_eq!(ids(&managed("ssh")), [""; 0]);
        assert_eq!(ids(&managed("azure_rm")), [""; 0]);
        let mut other = custom(
            json!({"fields": [{"id": "a", "label": "A"}, {"id": "b", "label": "B", "secret": true}]}),
            json!({}),
        );
        assert_eq!(ids(&other), [""; 0]);
        "external".clone_into(&mut other.kind);
        assert_eq!(ids(&other), ["a"]);
    }

    #[test]
    fn broken_documents_are_internal_errors() {
        let head = TypeHead {
            name: "x".to_owned(),
            kind: "cloud".to_owned(),
            namespace: None,
            managed: false,
        };
        for (inputs, injectors) in [
            (json!([]), json!({})),
            (json!({}), json!("x")),
            (json!({"fields": 1}), json!({})),
            (json!({"dependencies": []}), json!({})),
        ] {
            let read = CredentialType::from_documents(head.clone(), inputs, injectors);
            assert!(matches!(read, Err(Error::Internal(_))));
        }
    }
}
