//! Reading what scanners are told to look at.

use std::collections::BTreeMap;

use strongroom_core::id::{Ref, ShortId};
use strongroom_core::scan::{ScanKind, masked};
use strongroom_core::{Error, Result};

use super::{ScanLabel, ScanObject, ScanQuery};
use crate::Strongroom;
use crate::account::{AccountPerson, Found};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::store::{LabelRow, ReadTx, ScanFilter, ScanRow, proof};
use crate::view::Page;

impl Strongroom {
    /// A page of the account's targets, sequences, extra hosts or domains that the actor sees.
    pub async fn list_scan_objects(
        &self,
        actor: &Actor,
        query: ScanQuery,
    ) -> Result<Found<ScanObject>> {
        let actor = actor.clone();
        self.read(move |tx| list(tx, &actor, &query)).await
    }

    /// One of them; a sequence or extra host is found in its target.
    pub async fn read_scan_object(
        &self,
        actor: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        id: ShortId,
        with_target: bool,
    ) -> Result<ScanObject> {
        let actor = actor.clone();
        self.read(move |tx| {
            let row = match target {
                None => tx.scan_root::<proof::Read>(&actor, kind, &Ref::Short(id))?.1,
                Some(target) => {
                    let target = Ref::Short(target);
                    tx.scan_part::<proof::Read>(&actor, kind, &target, &Ref::Short(id))?.2
                }
            };
            view(tx, row, with_target)
        })
        .await
    }
}

fn list(tx: &ReadTx<'_>, actor: &Actor, query: &ScanQuery) -> Result<Found<ScanObject>> {
    let target_id = match query.target {
        None => None,
        Some(target) => {
            let target = Ref::Short(target);
            Some(tx.scan_root::<proof::Read>(actor, ScanKind::Target, &target)?.0.id())
        }
    };
    if query.checks_ids {
        let unknown = unknown_ids(tx, actor, query.kind, &query.ids)?;
        if !unknown.is_empty() {
            return Ok(Found::Unknown(unknown));
        }
    }
    let listed = tx.scan_list(
        actor,
        &ScanFilter {
            kind: query.kind,
            target_id,
            ids: &query.ids,
            labels: &query.labels,
            all_labels: query.all_labels,
            by_change: query.by_change,
            descending: query.descending,
            part: &query.part,
        },
    )?;
    let rows = in_order(&listed.ids, tx.scan_rows(&listed.ids)?, |row| row.identity.id);
    Ok(Found::Page(Page { items: views(tx, rows, query.with_target)?, total: listed.total }))
}

/// The ids that name no such thing of the account that the actor sees, in the order given.
pub(super) fn unknown_ids(
    tx: &ReadTx<'_>,
    actor: &Actor,
    kind: ScanKind,
    ids: &[String],
) -> Result<Vec<String>> {
    if !matches!(kind, ScanKind::Target | ScanKind::Domain) {
        return Ok(Vec::new());
    }
    let mut unknown = Vec::new();
    for id in ids {
        let Ok(short_id) = id.parse::<ShortId>() else {
            unknown.push(id.clone());
            continue;
        };
        match tx.scan_root::<proof::Read>(actor, kind, &Ref::Short(short_id)) {
            Ok(_) => {}
            Err(Error::NotFound(_) | Error::Hidden(_)) => unknown.push(id.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(unknown)
}

/// One of them as it is shown.
pub(super) fn view(tx: &ReadTx<'_>, row: ScanRow, with_target: bool) -> Result<ScanObject> {
    let views = views(tx, vec![row], with_target)?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

/// Rows of one kind as they are shown, in their order.
fn views(tx: &ReadTx<'_>, rows: Vec<ScanRow>, with_target: bool) -> Result<Vec<ScanObject>> {
    let targets: Vec<i64> =
        rows.iter().filter(|row| row.kind == ScanKind::Target).map(|row| row.identity.id).collect();
    let hosts = tx.scan_parts_of(ScanKind::ExtraHost, &targets)?;
    let labelled = tx.scan_labelled(&targets)?;
    let labels = tx.labels_by_id(&labelled.iter().map(|(_, label)| *label).collect::<Vec<_>>())?;
    let teamed = tx.scan_teams(&targets)?;
    let teams = tx.teams_by_id(&teamed.iter().map(|(_, team)| *team).collect::<Vec<_>>())?;
    let changers: Vec<i64> = rows
        .iter()
        .chain(&hosts)
        .map(|row| row.stamp.modified_by)
        .chain(labels.iter().map(|label| label.stamp.modified_by))
        .flatten()
        .collect();
    let people = tx.mentioned(&changers)?;
    let parents = match with_target {
        true => targets_of(tx, &rows)?,
        false => BTreeMap::new(),
    };
    let show = |row: ScanRow| {
        let id = row.identity.id;
        let of = |pairs: &[(i64, i64)]| -> Vec<i64> {
            pairs.iter().filter(|(object, _)| *object == id).map(|(_, other)| *other).collect()
        };
        let (own_labels, own_teams) = (of(&labelled), of(&teamed));
        let own_labels = labels.iter().filter(|label| own_labels.contains(&label.identity.id));
        let mut own_labels: Vec<ScanLabel> =
            own_labels.map(|label| shown_label(label, &people)).collect();
        own_labels.sort_by(|one, other| one.name.cmp(&other.name));
        let own_hosts = hosts.iter().filter(|host| host.target_id == Some(id));
        ScanObject {
            labels: own_labels,
            teams: teams.iter().filter(|t| own_teams.contains(&t.identity.id)).cloned().collect(),
            extra_hosts: own_hosts.map(|host| bare(host, &people)).collect(),
            target: row.target_id.and_then(|target| parents.get(&target)).cloned().map(Box::new),
            ..bare(&row, &people)
        }
    };
    Ok(rows.into_iter().map(show).collect())
}

fn targets_of(tx: &ReadTx<'_>, rows: &[ScanRow]) -> Result<BTreeMap<i64, ScanObject>> {
    let mut ids: Vec<i64> = rows.iter().filter_map(|row| row.target_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let targets = tx.scan_rows(&ids)?;
    let ids: Vec<i64> = targets.iter().map(|target| target.identity.id).collect();
    Ok(ids.into_iter().zip(views(tx, targets, false)?).collect())
}

/// An object without what belongs to it.
fn bare(row: &ScanRow, people: &BTreeMap<i64, AccountPerson>) -> ScanObject {
    ScanObject {
        kind: row.kind,
        identity: row.identity,
        settings: masked(&row.settings),
        labels: Vec::new(),
        teams: Vec::new(),
        extra_hosts: Vec::new(),
        target: None,
        created: row.stamp.created,
        changed: row.stamp.modified,
        changed_by: row.stamp.modified_by.and_then(|id| people.get(&id)).cloned(),
    }
}

pub(super) fn shown_label(label: &LabelRow, people: &BTreeMap<i64, AccountPerson>) -> ScanLabel {
    ScanLabel {
        short_id: label.identity.short_id,
        name: label.name.clone(),
        color: label.color.clone(),
        changed: label.stamp.modified,
        changed_by: label.stamp.modified_by.and_then(|id| people.get(&id)).cloned(),
    }
}
