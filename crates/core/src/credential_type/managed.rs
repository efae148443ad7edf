//! The types that the server ships with: one file of data each.

use serde_json::{Map, Value};

use super::{CredentialType, TypeHead};
use crate::{Error, Result};

/// A type that the server ships with.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedType {
    /// Its integer id, the same on every installation.
    pub id: i64,
    /// The type.
    pub credential_type: CredentialType,
    /// How its values reach a job, as data; empty when they never do.
    pub injection: Map<String, Value>,
    /// How a look-up is done, as data; empty when the type is not external.
    pub lookup: Map<String, Value>,
}

/// Every type that the server ships with, by id from 1.
pub fn managed_types() -> Result<Vec<ManagedType>> {
    (1..).zip(FILES).map(|(id, file)| read(id, file)).collect()
}

fn read(id: i64, file: &str) -> Result<ManagedType> {
    let mut document: Map<String, Value> = toml::from_str(file).map_err(Error::internal)?;
    let head = TypeHead {
        name: text(&mut document, "name")?,
        kind: text(&mut document, "kind")?,
        namespace: Some(text(&mut document, "namespace")?),
        managed: true,
    };
    let inputs = table(&mut document, "inputs")?;
    let injectors = table(&mut document, "injectors")?;
    let injection = table(&mut document, "injection")?;
    let lookup = table(&mut document, "lookup")?;
    if let Some(member) = document.keys().next() {
        return Err(broken(member));
    }
    let credential_type =
        CredentialType::from_documents(head, Value::Object(inputs), Value::Object(injectors))?;
    Ok(ManagedType { id, credential_type, injection, lookup })
}

fn text(document: &mut Map<String, Value>, member: &str) -> Result<String> {
    match document.shift_remove(member) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(broken(member)),
    }
}

fn table(document: &mut Map<String, Value>, member: &str) -> Result<Map<String, Value>> {
    match document.shift_remove(member) {
        None => Ok(Map::new()),
        Some(Value::Object(table)) => Ok(table),
        Some(_) => Err(broken(member)),
    }
}

fn broken(member: &str) -> Error {
    Error::internal(format!("broken file of a credential type: {member}"))
}

/// In the order of their ids: clients in the wild know the first by number.
const FILES: [&str; 32] = [
    include_str!("../types/01_ssh.toml"),
    include_str!("../types/02_scm.toml"),
    include_str!("../types/03_vault.toml"),
    include_str!("../types/04_net.toml"),
    include_str!("../types/05_aws.toml"),
    include_str!("../types/06_openstack.toml"),
    include_str!("../types/07_vmware.toml"),
    include_str!("../types/08_satellite6.toml"),
    include_str!("../types/09_gce.toml"),
    include_str!("../types/10_azure_rm.toml"),
    include_str!("../types/11_github_token.toml"),
    include_str!("../types/12_gitlab_token.toml"),
    include_str!("../types/13_bitbucket_dc_token.toml"),
    include_str!("../types/14_insights.toml"),
    include_str!("../types/15_rhv.toml"),
    include_str!("../types/16_controller.toml"),
    include_str!("../types/17_kubernetes_bearer_token.toml"),
    include_str!("../types/18_registry.toml"),
    include_str!("../types/19_galaxy_api_token.toml"),
    include_str!("../types/20_gpg_public_key.toml"),
    include_str!("../types/21_terraform.toml"),
    include_str!("../types/22_aim.toml"),
    include_str!("../types/23_aws_secretsmanager_credential.toml"),
    include_str!("../types/24_azure_kv.toml"),
    include_str!("../types/25_centrify_vault_kv.toml"),
    include_str!("../types/26_conjur.toml"),
    include_str!("../types/27_hashivault_kv.toml"),
    include_str!("../types/28_hashivault_ssh.toml"),
    include_str!("../types/29_thycotic_dsv.toml"),
    include_str!("../types/30_thycotic_tss.toml"),
    include_str!("../types/31_strongroom_secret_text.toml"),
    include_str!("../types/32_strongroom_registry_robot.toml"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::credential_type::{FieldKind, check_schema};

    fn all() -> Vec<CredentialType> {
        managed_types().unwrap().into_iter().map(|managed| managed.credential_type).collect()
    }

    #[test]
    fn ids_follow_the_files() {
        let types = managed_types().unwrap();
        let named: Vec<(i64, &str)> = types
            .iter()
            .map(|one| (one.id, one.credential_type.namespace.as_deref().unwrap()))
            .collect();
        assert_eq!(types.len(), 32);
        for expected in [
            (1, "ssh"),
            (3, "vault"),
            (18, "registry"),
            (19, "galaxy_api_token"),
            (21, "terraform"),
            (22, "aim"),
            (30, "thycotic_tss"),
            (31, "strongroom_secret_text"),
            (32, "strongroom_registry_robot"),
        ] {
            assert!(named.contains(&expected), "{expected:?}");
        }
        assert!(types.iter().zip(1..).all(|(one, id)| one.id == id));
    }

    #[test]
    fn names_namespaces_and_field_ids_are_unique() {
        let types = all();
        let names: BTreeSet<_> = types.iter().map(|one| (&one.name, &one.kind)).collect();
        let namespaces: BTreeSet<_> = types.iter().map(|one| &one.namespace).collect();
        assert_eq!((names.len(), namespaces.len()), (types.len(), types.len()));
        for one in &types {
            let ids: BTreeSet<_> =
                one.fields.iter().chain(&one.metadata).map(|field| &field.id).collect();
            assert_eq!(ids.len(), one.fields.len() + one.metadata.len(), "{}", one.name);
        }
    }

    #[test]
    fn external_types_are_22_to_30_and_say_how_to_look_up() {
        for one in managed_types().unwrap() {
            let external = (22..=30).contains(&one.id);
            assert_eq!(one.credential_type.is_external(), external, "{}", one.id);
            assert_eq!(one.lookup.is_empty(), !external, "{}", one.id);
            assert_eq!(one.credential_type.metadata.is_empty(), !external, "{}", one.id);
            assert_eq!(one.injection.is_empty(), 21 < one.id, "{}", one.id);
        }
    }

    #[test]
    fn secrets_are_text_and_required_names_are_fields() {
        for one in all() {
            assert!(one.secret_fields().all(|field| field.kind == FieldKind::Text), "{}", one.name);
            let required = one.inputs.get("required").cloned().unwrap_or(json!([]));
            for id in required.as_array().unwrap() {
                let id = id.as_str().unwrap();
                let known = one.fields.iter().chain(&one.metadata).any(|field| field.id == id);
                assert!(known, "{} {id}", one.name);
            }
        }
    }

    #[test]
    fn documents_keep_the_order_of_their_members() {
        let types = all();
        let members =
            |index: usize| -> Vec<String> { types[index].inputs.keys().cloned().collect() };
        assert_eq!(members(3), ["fields", "dependencies", "required"]);
        assert_eq!(members(21), ["fields", "metadata", "required"]);
        let password = json!({"id": "password", "label": "Password", "type": "string", "secret": true,
            "ask_at_runtime": true});
        assert_eq!(types[0].inputs["fields"][1].to_string(), password.to_string());
        assert_eq!(
            types[14].injectors["file"]["template"],
            json!(
                "[ovirt]\novirt_url={{host}}\novirt_username={{username}}\novirt_password={{password}}\n\
                 {% if ca_file %}ovirt_ca_file={{ca_file}}{% endif %}"
            )
        );
    }

    /// What only managed types may have is taken out first.
    #[test]
    fn each_type_passes_the_check_of_custom_types() {
        for one in all() {
            let mut inputs = one.inputs.clone();
            inputs.shift_remove("dependencies");
            inputs.shift_remove("metadata");
            for field in inputs["fields"].as_array_mut().unwrap() {
                let field = field.as_object_mut().unwrap();
                field.shift_remove("ask_at_runtime");
                if field.get("format") == Some(&json!("vault_id")) {
                    field.shift_remove("format");
                }
                if field.get("type") == Some(&json!("boolean")) {
                    assert_ne!(field.shift_remove("secret"), Some(json!(true)));
                }
            }
            let checked = check_schema(&Value::Object(inputs), &Value::Object(one.injectors));
            assert!(checked.is_ok(), "{}: {checked:?}", one.name);
        }
    }
}
