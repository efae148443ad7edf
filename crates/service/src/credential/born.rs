//! Credentials that are made and changed through another dialect than AWX, which has its own rules for the fields.

use std::collections::BTreeMap;

use strongroom_core::access::ResourceKind;
use strongroom_core::access::position::CREDENTIAL_OF_ORGANIZATION;
use strongroom_core::credential_type::CheckedInputs;
use strongroom_core::id::{Guid, ShortId};
use strongroom_core::record::Credential;
use strongroom_core::{Error, Result};

use super::values::typist;
use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{NewCredential, WriteTx};

/// A credential that a dialect makes, its inputs checked by the dialect's own rules.
pub(crate) struct Born<'a> {
    /// The identity, which its placement in the dialect shares.
    pub(crate) identity: (Guid, ShortId),
    /// The generated name, which is readable and need not be unique.
    pub(crate) name: &'a str,
    /// Free text.
    pub(crate) description: &'a str,
    /// The organization that owns it.
    pub(crate) organization_id: Option<i64>,
    /// The namespace of its managed type.
    pub(crate) namespace: &'a str,
    /// Its inputs.
    pub(crate) inputs: &'a CheckedInputs,
}

impl Strongroom {
    /// Inserts the credential with its first version, its roles and what its organization's position gives.
    pub(crate) fn insert_born(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        born: &Born<'_>,
    ) -> Result<i64> {
        let (guid, short_id) = born.identity;
        let type_id = tx.type_id_by_namespace(born.namespace)?;
        let type_id = type_id.ok_or_else(|| Error::internal("a managed type is missing"))?;
        let sealing = self.seal_checked(&guid, 1, born.inputs, &BTreeMap::new(), typist(actor))?;
        let id = tx.insert_credential(&NewCredential {
            guid,
            short_id,
            name: born.name,
            named: false,
            description: born.description,
            organization_id: born.organization_id,
            credential_type_id: type_id,
            managed: false,
            born_in: actor.dialect(),
            inputs: &born.inputs.plain,
            secrets: &sealing.secrets,
            by: actor.user_id(),
        })?;
        for input in &sealing.sealed {
            tx.insert_sealed(id, 1, input)?;
        }
        let roles = tx.create_roles(ResourceKind::Credential, id)?;
        if let Some(organization) = born.organization_id {
            let by = actor.user_id();
            tx.insert_positions(CREDENTIAL_OF_ORGANIZATION, &roles, organization, by)?;
        }
        Ok(id)
    }

    /// The credential with its inputs replaced as its next version; new secrets are sealed and stored, the rest of
    /// it is still to be saved.
    pub(crate) fn next_version(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        old: &Credential,
        inputs: &CheckedInputs,
    ) -> Result<Credential> {
        let mut new = old.clone();
        new.version += 1;
        let guid = &old.identity.guid;
        let sealing = self.seal_checked(guid, new.version, inputs, &old.secrets, typist(actor))?;
        for input in &sealing.sealed {
            tx.insert_sealed(old.identity.id, new.version, input)?;
        }
        new.inputs.clone_from(&inputs.plain);
        new.secrets = sealing.secrets;
        Ok(new)
    }
}
