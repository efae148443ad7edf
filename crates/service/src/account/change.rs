//! Changing credentials of the account: what is on the placement, and what is on the credential behind it.

use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::audit::{Change, Entry, Operation};
use strongroom_core::draft::faultless;
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::Ref;
use strongroom_core::record::{Placement, PlacementScope};
use strongroom_core::{Error, Result};

use super::create::{generated_name, inputs, not_null, scope};
use super::read::{VALUE, team_of, view};
use super::{AccountCredential, AccountCredentialDraft};
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::{HIDDEN, differences};
use crate::placement::entry_of;
use crate::store::{CredentialRow, Permit, ReadTx, WriteTx, proof};

impl Strongroom {
    /// Changes the members of a credential that the draft names.
    ///
    /// A value of null keeps a hidden one. To show a hidden value without setting a new one takes *change* and
    /// *checkout* on the credential: `Forbidden`; on a server that never shows one it breaks a rule. What is on a
    /// credential that was made elsewhere takes *change* on it.
    pub async fn update_account_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: AccountCredentialDraft,
    ) -> Result<AccountCredential> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.account_placement::<proof::Change>(&by, &reference)?;
            if draft.is_empty() && !draft.is_whole {
                let view = view(tx, &by, old)?;
                return room.told(tx, &by, view, Vec::new());
            }
            let wanted = checked(tx, &by, &old, draft.clone())?;
            if wanted.reveals(&old) && !room.0.probely_reveal {
                return Err(Error::invalid(SENSITIVE, Rule::StaysHidden));
            }
            let change = Applied { room: &room, by: &by, permit: &permit, old: &old };
            let entries = change.apply(tx, &wanted)?;
            let (_, new) = tx.account_placement::<proof::Read>(&by, &Ref::Serial(permit.id()))?;
            let view = view(tx, &by, new)?;
            room.told(tx, &by, view, entries)
        })
        .await
    }
}

/// A change whose every rule is kept.
struct Wanted {
    name: String,
    scope: PlacementScope,
    description: Option<String>,
    is_sensitive: bool,
    value: Option<SecretString>,
}

impl Wanted {
    /// Whether it shows a hidden value that it does not replace.
    const fn reveals(&self, old: &Placement) -> bool {
        old.is_sensitive && !self.is_sensitive && self.value.is_none()
    }
}

fn checked(
    tx: &ReadTx<'_>,
    actor: &Actor,
    old: &Placement,
    draft: AccountCredentialDraft,
) -> Result<Wanted> {
    let mut faults: Vec<Violation> = Vec::new();
    let value = if old.is_sensitive { draft.value } else { not_null(draft.value) };
    let (name, value) = match draft.is_whole {
        true => (draft.name.require("name", &mut faults), value.require(VALUE, &mut faults)),
        false => (draft.name.take("name", &mut faults), value.take(VALUE, &mut faults)),
    };
    let present = team_of(&old.scope);
    let present = tx.teams_by_id(&present.into_iter().collect::<Vec<_>>())?.into_iter().next();
    let scope = match draft.team.given() {
        // Where it is already it may stay, whoever put it there.
        Some(team) if *team == present.map(|team| team.identity.short_id) => None,
        _ => scope(tx, actor, actor.account()?, draft.team, &mut faults)?,
    };
    let description = draft.description.take("description", &mut faults);
    let is_sensitive = draft.is_sensitive.take("is_sensitive", &mut faults);
    faultless(faults)?;
    Ok(Wanted {
        name: name.unwrap_or_else(|| old.name.clone()),
        scope: scope.unwrap_or(old.scope),
        description,
        is_sensitive: is_sensitive.unwrap_or(old.is_sensitive),
        value: value.flatten(),
    })
}

/// A change of one placement by somebody who may change it.
struct Applied<'a, 'tx> {
    room: &'a Strongroom,
    by: &'a Actor,
    permit: &'a Permit<'tx, proof::Change>,
    old: &'a Placement,
}

impl<'tx> Applied<'_, 'tx> {
    fn apply(&self, tx: &mut WriteTx<'tx>, wanted: &Wanted) -> Result<Vec<Entry>> {
        let rows = tx.credential_rows(&[self.old.credential_id])?;
        let row = rows.into_iter().next();
        let row = row.ok_or_else(|| Error::internal("a placement without credential"))?;
        let reveals = wanted.reveals(self.old);
        if reveals {
            self.check_out(tx)?;
        }
        let before = members(self.old, &row.credential.description);
        let description = wanted.description.as_ref();
        let describes = description.is_some_and(|text| *text != row.credential.description);
        let sets_value = wanted.value.is_some();
        if self.old.born_here || sets_value || describes || reveals {
            self.change_credential(tx, wanted)?;
        }
        let new = self.change_placement(tx, wanted)?;
        let after = members(&new, description.unwrap_or(&row.credential.description));
        let mut entry = entry_of(tx, self.by, Operation::Update, &new, &row.credential)?;
        entry.reason = self.permit.reason().to_string();
        entry.changes = differences(before, after);
        if sets_value {
            let hidden = || Some(HIDDEN.into());
            entry.changes.push(Change { member: VALUE, old: hidden(), new: hidden() });
        }
        if !reveals {
            return Ok(vec![entry]);
        }
        let (shown, rest): (Vec<Change>, Vec<Change>) =
            entry.changes.into_iter().partition(|change| change.member == SENSITIVE);
        entry.changes = rest;
        let mut reveal = entry_of(tx, self.by, Operation::Reveal, &new, &row.credential)?;
        reveal.changes = shown;
        let changed = (!entry.changes.is_empty()).then_some(entry);
        Ok(changed.into_iter().chain([reveal]).collect())
    }

    /// Whoever shows a hidden value receives it, so it takes checkout; that he sees the credential is known.
    fn check_out(&self, tx: &ReadTx<'tx>) -> Result<()> {
        let credential = Ref::Serial(self.old.credential_id);
        match tx.credential_to_check_out(self.by, &credential) {
            Ok(_) => Ok(()),
            Err(Error::NotFound(_) | Error::Hidden(_)) => Err(Error::forbidden()),
            Err(error) => Err(error),
        }
    }

    fn change_credential(&self, tx: &mut WriteTx<'tx>, wanted: &Wanted) -> Result<()> {
        let (permit, CredentialRow { credential: old, .. }) =
            tx.credential_behind(self.by, self.permit, self.old)?;
        let mut new = match wanted.value.clone() {
            Some(value) => {
                // What was set here is for those who see it here; elsewhere it is hidden until somebody shows it.
                tx.hide_placements_of(permit.id())?;
                self.room.next_version(tx, self.by, &old, &inputs(value))?
            }
            None => old.clone(),
        };
        if self.old.born_here && !old.named {
            new.name = generated_name(&wanted.name, &self.old.identity.short_id);
        }
        if let Some(description) = &wanted.description {
            new.description.clone_from(description);
        }
        new.stamp.modified = tx.now();
        new.stamp.modified_by = self.by.user_id();
        tx.save_credential(&permit, &new, wanted.value.is_some())
    }

    fn change_placement(&self, tx: &mut WriteTx<'tx>, wanted: &Wanted) -> Result<Placement> {
        if wanted.scope != self.old.scope {
            tx.move_placement(self.old, wanted.scope, self.by.user_id())?;
        }
        let mut new = self.old.clone();
        new.name.clone_from(&wanted.name);
        new.scope = wanted.scope;
        new.is_sensitive = wanted.is_sensitive;
        new.stamp.modified = tx.now();
        new.stamp.modified_by = self.by.user_id();
        tx.save_placement(self.permit, &new)?;
        Ok(new)
    }
}

/// The members that an entry of a change tells.
fn members(placement: &Placement, description: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(placement.name)),
        ("team", json!(team_of(&placement.scope))),
        ("description", json!(description)),
        (SENSITIVE, json!(placement.is_sensitive)),
    ]
}

const SENSITIVE: &str = "is_sensitive";
