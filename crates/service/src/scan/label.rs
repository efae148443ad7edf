//! Labels of the account's targets. Every member reads and makes them; whoever made one, or manages the account's
//! credentials, changes and deletes it.

use serde_json::json;
use strongroom_core::access::{Permission, ResourceKind, decide};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::PlacementScope;
use strongroom_core::{Error, Result};

use super::read::shown_label;
use super::{LabelDraft, ScanLabel};
use crate::account::AccountPart;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::placement::may_create;
use crate::store::{Audited, LabelRow, ReadTx};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

impl Strongroom {
    /// A page of the account's labels, by name.
    pub async fn list_labels(&self, actor: &Actor, part: AccountPart) -> Result<Page<ScanLabel>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let listed = tx.label_list(actor.account()?, &part)?;
            let rows = tx.labels_by_id(&listed.ids)?;
            let rows = in_order(&listed.ids, rows, |label| label.identity.id);
            let items = rows.iter().map(|label| view(tx, label)).collect::<Result<_>>()?;
            Ok(Page { items, total: listed.total })
        })
        .await
    }

    /// One label of the account.
    pub async fn read_label(&self, actor: &Actor, id: ShortId) -> Result<ScanLabel> {
        let actor = actor.clone();
        self.read(move |tx| view(tx, &tx.label_of(actor.account()?, &Ref::Short(id))?)).await
    }

    /// Makes a label.
    pub async fn create_label(&self, actor: &Actor, draft: LabelDraft) -> Result<ScanLabel> {
        let by = actor.clone();
        let identity = draw_identity()?;
        self.write(actor, move |tx| {
            let account = by.account()?;
            if !may_create(tx, &by, &PlacementScope::Account(account))? {
                return Err(Error::forbidden());
            }
            let (name, color) = checked(tx, account, None, draft.clone())?;
            tx.insert_label(identity, account, (&name, &color), by.user_id())?;
            let label = tx.label_of(account, &Ref::Short(identity.1))?;
            let mut entry = entry(tx, &by, Operation::Create, &label);
            entry.changes = vec![made("name", json!(name)), made("color", json!(color))];
            Ok(Audited::new(view(tx, &label)?, entry))
        })
        .await
    }

    /// Changes the members of a label that the draft names.
    pub async fn update_label(
        &self,
        actor: &Actor,
        id: ShortId,
        draft: LabelDraft,
    ) -> Result<ScanLabel> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let old = changeable(tx, &by, id)?;
            let mut new = old.clone();
            (new.name, new.color) = checked(tx, old.organization_id, Some(&old), draft.clone())?;
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.update_label(&new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.changes = differences(members(&old), members(&new));
            Ok(Audited::new(view(tx, &new)?, entry))
        })
        .await
    }

    /// Deletes a label, and takes it from every target.
    pub async fn delete_label(&self, actor: &Actor, id: ShortId) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let label = changeable(tx, &by, id)?;
            tx.delete_label(label.identity.id)?;
            let mut entry = entry(tx, &by, Operation::Delete, &label);
            entry.changes =
                members(&label).into_iter().map(|(member, value)| gone(member, value)).collect();
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn changeable(tx: &ReadTx<'_>, actor: &Actor, id: ShortId) -> Result<LabelRow> {
    let account = actor.account()?;
    let label = tx.label_of(account, &Ref::Short(id))?;
    let standing = tx.standing(actor)?;
    let held = standing.on(ResourceKind::Organization, account);
    let manages = decide(&standing, actor.dialect(), Permission::ManageProbelyCredentials, held);
    let is_own = actor.user_id().is_some() && actor.user_id() == label.stamp.created_by;
    if is_own || manages.is_yes() { Ok(label) } else { Err(Error::forbidden()) }
}

fn checked(
    tx: &ReadTx<'_>,
    account: i64,
    old: Option<&LabelRow>,
    draft: LabelDraft,
) -> Result<(String, String)> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = match (old, draft.name) {
        (Some(old), Member::Absent) => Some(old.name.clone()),
        (_, name) => name.require("name", &mut faults),
    };
    let color = draft.color.check(|color| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "#_-".contains(letter);
        let fits = color.chars().all(plain);
        (!fits).then(|| Rule::NotAChoice { given: color.clone() })
    });
    let color = color.take("color", &mut faults);
    if let Some(name) = &name
        && let Some(taken) = tx.label_named(account, name)?
        && old.is_none_or(|old| old.identity.id != taken.identity.id)
    {
        faults.push(Violation::new("name", Rule::NotUnique { kind: Kind::Label }));
    }
    faultless(faults)?;
    let present = old.map(|old| old.color.clone()).unwrap_or_default();
    Ok((name.unwrap_or_default(), color.unwrap_or(present)))
}

fn view(tx: &ReadTx<'_>, label: &LabelRow) -> Result<ScanLabel> {
    let people = tx.mentioned(&label.stamp.modified_by.into_iter().collect::<Vec<_>>())?;
    Ok(shown_label(label, &people))
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, label: &LabelRow) -> Entry {
    let object = Touched { kind: Kind::Label, id: label.identity.id, name: label.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(label.organization_id);
    entry
}

fn members(label: &LabelRow) -> Vec<(&'static str, serde_json::Value)> {
    vec![("name", json!(label.name)), ("color", json!(label.color))]
}
