//! The kept versions of a credential.

use std::collections::BTreeMap;

use strongroom_core::audit::{Change, Operation};
use strongroom_core::credential_type::{
    CheckedInputs, CredentialType, SecretChange, StoredInputs, check_stored_inputs,
};
use strongroom_core::error::{Refusal, Rule};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Credential, Version};
use strongroom_core::{Error, Result};

use super::create::entry_of;
use super::update::keep_placements;
use super::values::{check_name, check_type};
use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::credential_type_of;
use crate::audit::{HIDDEN, differences, members_of};
use crate::store::{Audited, ReadTx, proof};
use crate::view::CredentialView;

impl Strongroom {
    /// The kept versions of a credential, newest first, masked.
    pub async fn list_versions(&self, actor: &Actor, reference: &Ref) -> Result<Vec<Version>> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (permit, _) = tx.credential::<proof::Read>(&actor, &reference)?;
            tx.versions_of(permit.id())
        })
        .await
    }

    /// Makes a kept version the present one, as a new version whose secrets are sealed anew and count as
    /// typed by nobody. A version of another type brings its type back, where the type of the credential can change.
    pub async fn restore_version(
        &self,
        actor: &Actor,
        reference: &Ref,
        number: u64,
    ) -> Result<CredentialView> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Change>(&by, &reference)?;
            let old = &row.credential;
            if old.managed {
                return Err(Error::Forbidden(Refusal::ManagedCredentialChange));
            }
            let kept =
                tx.versions_of(permit.id())?.into_iter().find(|version| version.number == number);
            let kept = kept.ok_or(Error::NotFound(Kind::Version))?;
            let mut new = old.clone();
            new.credential_type_id = kept.credential_type_id;
            let rows = tx.type_rows(&[new.credential_type_id])?;
            let rule = Rule::UnknownObject { given: new.credential_type_id.to_string() };
            let credential_type = rows.into_iter().next().map(credential_type_of).transpose()?;
            let credential_type =
                credential_type.ok_or_else(|| Error::invalid("credential_type", rule))?;
            check_type(tx, old, &new, &credential_type)?;
            check_name(
                tx,
                new.organization_id,
                &new.name,
                new.credential_type_id,
                Some(permit.id()),
            )?;
            let checked = room.opened(tx, &new, &credential_type, &kept)?;
            new.version += 1;
            let guid = &old.identity.guid;
            let sealing = room.seal_checked(guid, new.version, &checked, &BTreeMap::new(), None)?;
            for input in &sealing.sealed {
                tx.insert_sealed(permit.id(), new.version, input)?;
            }
            new.inputs = checked.plain;
            new.secrets = sealing.secrets;
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            keep_placements(tx, old, &new, true)?;
            tx.save_credential(&permit, &new, true)?;
            let mut entry = entry_of(tx, &by, Operation::Restore, permit.id(), &new.name);
            entry.organization_id = new.organization_id;
            entry.reason = format!("version {number}: {}", permit.reason());
            let hidden = || Some(HIDDEN.into());
            let after = tx.credential_row_after(&permit)?;
            entry.changes = differences(members_of(&row), members_of(&after));
            entry.changes.push(Change { member: "inputs", old: hidden(), new: hidden() });
            Ok(Audited::new(tx.credential_view(&by, after)?, entry))
        })
        .await
    }

    /// The values of a kept version, opened to be sealed anew; they must still fit the type.
    fn opened(
        &self,
        tx: &ReadTx<'_>,
        present: &Credential,
        credential_type: &CredentialType,
        kept: &Version,
    ) -> Result<CheckedInputs> {
        let mut as_then = present.clone();
        as_then.inputs.clone_from(&kept.inputs);
        as_then.secrets.clone_from(&kept.secrets);
        let stored =
            StoredInputs::of(&as_then, present.credential_type_id, self.stored_key(tx, &as_then)?);
        let mut checked = check_stored_inputs(credential_type, &stored).map_err(Error::Invalid)?;
        for (field, change) in &mut checked.secrets {
            if let Some(text) = self.open_present(tx, &as_then, field)? {
                *change = SecretChange::Set(text);
            }
        }
        Ok(checked)
    }
}
