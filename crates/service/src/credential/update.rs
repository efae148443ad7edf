//! Changing credentials.

use strongroom_core::access::position::CREDENTIAL_OF_ORGANIZATION;
use strongroom_core::access::{Dialect, ResourceKind};
use strongroom_core::audit::{Change, Operation};
use strongroom_core::credential_type::{
    CheckedInputs, CredentialType, InputRule, SecretChange, StoredInputs, check_inputs,
    check_stored_inputs,
};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Refusal, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::Credential;
use strongroom_core::{Error, Result};

use super::CredentialDraft;
use super::create::{entry_of, existing, of_body};
use super::values::{check_name, check_type, drafted_type, present_type, typist};
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::{HIDDEN, differences, members_of};
use crate::placement::placed_location;
use crate::store::{Audited, CredentialRow, ReadTx, WriteTx, permitted, proof};
use crate::view::CredentialView;

impl Strongroom {
    /// Changes the members of a credential that the draft names. Inputs are replaced as a whole; a secret
    /// that is given as the mask stays, one that is left out goes.
    pub async fn update_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Change>(&by, &reference)?;
            if row.credential.managed {
                return Err(Error::Forbidden(Refusal::ManagedCredentialChange));
            }
            draft.expected.check(&row)?;
            check_move(tx, &by, &row.credential, &draft.organization)?;
            let wanted = check_fields(tx, draft.clone())?;
            let (credential, inputs) = room.apply_draft(tx, &by, &row.credential, wanted)?;
            if credential == row.credential && !inputs {
                return Ok(Audited::unchanged(tx.credential_view(&by, row)?));
            }
            keep_placements(tx, &row.credential, &credential, inputs)?;
            tx.save_credential(&permit, &credential, inputs)?;
            move_positions(tx, &by, &row.credential, &credential)?;
            let new = tx.credential_row_after(&permit)?;
            let mut entry = entry_of(tx, &by, Operation::Update, permit.id(), &new.credential.name);
            entry.organization_id = new.credential.organization_id;
            entry.reason = permit.reason().to_string();
            entry.changes = changes(&row, &new, inputs);
            Ok(Audited::new(tx.credential_view(&by, new)?, entry))
        })
        .await
    }

    /// The credential as it will be, and whether its inputs changed. New secrets are sealed and stored.
    fn apply_draft(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        old: &Credential,
        wanted: Wanted,
    ) -> Result<(Credential, bool)> {
        let mut new = old.clone();
        if let Some(name) = wanted.name {
            new.name = name;
            new.named = true;
        }
        if let Some(description) = wanted.description {
            new.description = description;
        }
        if let Move::To(organization_id) = wanted.organization {
            new.organization_id = organization_id;
        }
        let type_id = wanted.credential_type.as_ref().map_or(old.credential_type_id, |(id, _)| *id);
        let type_changes = type_id != old.credential_type_id;
        new.credential_type_id = type_id;
        let credential_type = match wanted.credential_type {
            Some((_, credential_type)) if type_changes => credential_type,
            _ => present_type(tx, old)?,
        };
        check_type(tx, old, &new, &credential_type)?;
        let checked =
            self.checked(tx, old, type_id, &credential_type, wanted.inputs, wanted.mask)?;
        check_name(tx, new.organization_id, &new.name, type_id, Some(old.identity.id))?;
        let inputs = match &checked {
            Some(checked) => type_changes || differs(old, checked),
            None => type_changes,
        };
        if let Some(checked) = checked.filter(|_| inputs) {
            new.version += 1;
            let guid = &old.identity.guid;
            let sealing =
                self.seal_checked(guid, new.version, &checked, &old.secrets, typist(actor))?;
            for input in &sealing.sealed {
                tx.insert_sealed(old.identity.id, new.version, input)?;
            }
            new.secrets = sealing.secrets;
            new.inputs = checked.plain;
        }
        if new != *old {
            new.stamp.modified = tx.now();
            new.stamp.modified_by = actor.user_id();
        }
        Ok((new, inputs))
    }

    /// The inputs from now on, if they are given or must fit another type.
    fn checked(
        &self,
        tx: &ReadTx<'_>,
        old: &Credential,
        type_id: i64,
        credential_type: &CredentialType,
        given: Option<serde_json::Map<String, serde_json::Value>>,
        mask: Option<&str>,
    ) -> Result<Option<CheckedInputs>> {
        if given.is_none() && type_id == old.credential_type_id {
            return Ok(None);
        }
        let stored = StoredInputs::of(old, type_id, self.stored_key(tx, old)?);
        let checked = match given {
            Some(given) => check_inputs(credential_type, &given, Some(&stored), mask),
            None => check_stored_inputs(credential_type, &stored),
        };
        let checked = checked.map_err(Error::Invalid)?;
        if type_id != old.credential_type_id {
            keep_destination(&present_type(tx, old)?, credential_type, &checked)?;
        }
        Ok(Some(checked))
    }
}

/// A kept secret does not leave or enter a type that has destinations: by way of a type without them it would
/// come to another destination than the one it was given for.
fn keep_destination(
    old: &CredentialType,
    new: &CredentialType,
    checked: &CheckedInputs,
) -> Result<()> {
    if old.destinations().next().is_none() && new.destinations().next().is_none() {
        return Ok(());
    }
    let changed = "credential_type".to_owned();
    let kept = checked.secrets.keys().filter(|id| checked.keeps(id));
    let faults = kept.map(|id| {
        let rule = Rule::Input(InputRule::EnterAgain { changed: changed.clone() });
        Violation::new(FieldPath::Inner("inputs", id.clone()), rule)
    });
    faultless(faults.collect())
}

/// The members of a draft that can be read.
struct Wanted {
    name: Option<String>,
    description: Option<String>,
    credential_type: Option<(i64, CredentialType)>,
    inputs: Option<serde_json::Map<String, serde_json::Value>>,
    organization: Move,
    mask: Option<&'static str>,
}

/// Whether the credential goes to another owner, which may be none.
enum Move {
    Stay,
    To(Option<i64>),
}

fn check_fields(tx: &ReadTx<'_>, draft: CredentialDraft) -> Result<Wanted> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = draft.name.take("name", &mut faults);
    let description = draft.description.take("description", &mut faults);
    let credential_type = match draft.credential_type.take("credential_type", &mut faults) {
        Some(reference) => drafted_type(tx, &reference, &mut faults)?,
        None => None,
    };
    let inputs = draft.inputs.take("inputs", &mut faults);
    let organization = match draft.organization {
        Member::Absent => Move::Stay,
        given => Move::To(existing(tx, "organization", given, &mut faults)?),
    };
    faultless(faults)?;
    Ok(Wanted { name, description, credential_type, inputs, organization, mask: draft.mask })
}

/// Moving a credential takes the right to create in the organization it leaves and in the one it goes to.
fn check_move(
    tx: &ReadTx<'_>,
    actor: &Actor,
    credential: &Credential,
    organization: &Member<Option<Ref>>,
) -> Result<()> {
    if tx.standing(actor)?.is_superuser {
        return Ok(());
    }
    let wanted = match organization {
        Member::Absent => return Ok(()),
        Member::Bad(_) => {
            let rule = Rule::NotARelatedObject { member: "organization" };
            return Err(Error::invalid(FieldPath::Whole, rule));
        }
        Member::Given(wanted) => wanted,
    };
    let wanted_id = match wanted {
        Some(reference) => tx.id_of(Kind::Organization, reference)?,
        None => None,
    };
    if wanted_id == credential.organization_id && wanted.is_some() == wanted_id.is_some() {
        return Ok(());
    }
    if let Some(reference) = wanted {
        let allowed = tx.organization::<proof::CreateCredentials>(actor, reference).map(|_| ());
        of_body(false, Kind::Organization, allowed)?;
    }
    if let Some(present) = credential.organization_id {
        let allowed = tx.organization::<proof::CreateCredentials>(actor, &Ref::Serial(present));
        if !permitted(allowed)? {
            return Err(Error::forbidden());
        }
    }
    Ok(())
}

/// What other dialects show of the credential must go on fitting them.
pub(super) fn keep_placements(
    tx: &mut WriteTx<'_>,
    old: &Credential,
    new: &Credential,
    inputs: bool,
) -> Result<()> {
    let placements = tx.placements_of(old.identity.id)?;
    if placements.is_empty() {
        return Ok(());
    }
    if new.organization_id != old.organization_id {
        return Err(Error::invalid("organization", Rule::Placed));
    }
    if !inputs {
        return Ok(());
    }
    tx.hide_placements_of(old.identity.id)?;
    for placement in placements.iter().filter(|one| one.dialect == Dialect::CloudFoundry) {
        let location = placed_location(new).map_err(within_inputs)?;
        let taken = tx.placement_at(&placement.scope, &location)?;
        if taken.is_some_and(|other| other.identity.id != placement.identity.id) {
            let rule = Rule::NotUnique { kind: Kind::Placement };
            return Err(Error::invalid(FieldPath::Inner("inputs", "host".to_owned()), rule));
        }
        tx.relocate_placement(placement.identity.id, &location)?;
    }
    Ok(())
}

/// A rule of the other dialect, told where this one has the field.
fn within_inputs(error: Error) -> Error {
    match error {
        Error::Invalid(faults) => Error::Invalid(
            faults
                .into_iter()
                .map(|fault| match fault.field {
                    FieldPath::Member(field) => {
                        Violation::new(FieldPath::Inner("inputs", field.to_owned()), fault.rule)
                    }
                    _ => fault,
                })
                .collect(),
        ),
        other => other,
    }
}

/// What the organization's position gave goes with the organization.
fn move_positions(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    old: &Credential,
    new: &Credential,
) -> Result<()> {
    if old.organization_id == new.organization_id {
        return Ok(());
    }
    let id = old.identity.id;
    if let Some(organization) = old.organization_id {
        tx.end_positions(CREDENTIAL_OF_ORGANIZATION, id, organization, actor.user_id())?;
    }
    if let Some(organization) = new.organization_id {
        let roles = tx.roles_on(ResourceKind::Credential, &[id])?;
        tx.insert_positions(CREDENTIAL_OF_ORGANIZATION, &roles, organization, actor.user_id())?;
    }
    Ok(())
}

/// Whether these inputs change anything: a secret that is set anew always does.
fn differs(old: &Credential, checked: &CheckedInputs) -> bool {
    let kept = checked.secrets.values().all(|change| matches!(change, SecretChange::Keep));
    !kept || checked.secrets.len() != old.secrets.len() || checked.plain != old.inputs
}

fn changes(old: &CredentialRow, new: &CredentialRow, inputs: bool) -> Vec<Change> {
    let mut changes = differences(members_of(old), members_of(new));
    if inputs {
        let hidden = || Some(HIDDEN.into());
        changes.push(Change { member: "inputs", old: hidden(), new: hidden() });
    }
    changes
}
