//! Making, changing and deleting what scanners are told to look at. Every change writes anew which credentials its
//! target or domain mentions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::consumer::{Consumer, ConsumerKind, Use};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::{Identity, PlacementScope, Stamp};
use strongroom_core::scan::settings::{Setting, Shape};
use strongroom_core::scan::{
    Merged, ScanKind, ScanRule, marks, mentions, merge, places, written_uri,
};
use strongroom_core::{Error, Result};

use super::entry::{changes, deleted, entry, members};
use super::read::{unknown_ids, view};
use super::{LabelName, ScanDraft, ScanObject};
use crate::actor::Actor;
use crate::audit::made;
use crate::placement::may_create;
use crate::store::{Audited, ReadTx, ScanRow, UsesChanged, WriteTx, permitted, proof};
use crate::{Strongroom, draw_identity};

impl Strongroom {
    /// Makes a target, a domain, or a sequence or extra host of a target.
    pub async fn create_scan_object(
        &self,
        actor: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        draft: ScanDraft,
    ) -> Result<ScanObject> {
        let (room, by) = (self.clone(), actor.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let identity = Identity { id: 0, guid, short_id };
            room.create(tx, &by, kind, target, &draft, identity)
        })
        .await
    }

    /// Changes the settings that the draft names.
    pub async fn update_scan_object(
        &self,
        actor: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        id: ShortId,
        draft: ScanDraft,
    ) -> Result<ScanObject> {
        let (room, by) = (self.clone(), actor.clone());
        self.write(actor, move |tx| {
            let (row, entries) = room.update(tx, &by, kind, target, id, &draft)?;
            Ok(Audited::with_all(view(tx, row, false)?, entries))
        })
        .await
    }

    /// Changes several targets alike, or none of them. Gives the ids that name nothing the actor sees; then nothing
    /// is changed.
    pub async fn update_targets(
        &self,
        actor: &Actor,
        ids: Vec<String>,
        draft: ScanDraft,
    ) -> Result<Vec<String>> {
        let (room, by) = (self.clone(), actor.clone());
        self.write(actor, move |tx| {
            let unknown = unknown_ids(tx, &by, ScanKind::Target, &ids)?;
            if !unknown.is_empty() {
                return Ok(Audited::unchanged(unknown));
            }
            let mut entries = Vec::new();
            let wanted: BTreeSet<&String> = ids.iter().collect();
            for id in wanted.into_iter().filter_map(|id| id.parse().ok()) {
                entries.extend(room.update(tx, &by, ScanKind::Target, None, id, &draft)?.1);
            }
            Ok(Audited::with_all(Vec::new(), entries))
        })
        .await
    }

    /// Deletes a target with its sequences and extra hosts, a domain, or one of those parts.
    pub async fn delete_scan_object(
        &self,
        actor: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        id: ShortId,
    ) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let entries = match target {
                None => {
                    let (_, row) = tx.scan_root::<proof::Delete>(&by, kind, &Ref::Short(id))?;
                    remove(tx, &by, &row)?
                }
                Some(target) => {
                    let target = Ref::Short(target);
                    // A part is a setting of its target, so it takes the right to change that.
                    let (_, target, row) =
                        tx.scan_part::<proof::Change>(&by, kind, &target, &Ref::Short(id))?;
                    let mut entries = vec![deleted(tx, &by, &row)];
                    tx.bury_scan(&row, by.user_id())?;
                    entries.extend(link(tx, &by, &target)?);
                    entries
                }
            };
            Ok(Audited::with_all((), entries))
        })
        .await
    }

    /// Deletes several targets, or none of them. Gives the ids that name nothing the actor sees; then nothing is
    /// deleted.
    pub async fn delete_targets(&self, actor: &Actor, ids: Vec<String>) -> Result<Vec<String>> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let unknown = unknown_ids(tx, &by, ScanKind::Target, &ids)?;
            if !unknown.is_empty() {
                return Ok(Audited::unchanged(unknown));
            }
            let mut entries = Vec::new();
            let wanted: BTreeSet<&String> = ids.iter().collect();
            for id in wanted.into_iter().filter_map(|id| id.parse::<ShortId>().ok()) {
                let target = Ref::Short(id);
                let (_, row) = tx.scan_root::<proof::Delete>(&by, ScanKind::Target, &target)?;
                entries.extend(remove(tx, &by, &row)?);
            }
            Ok(Audited::with_all(Vec::new(), entries))
        })
        .await
    }

    fn create(
        &self,
        tx: &mut WriteTx<'_>,
        by: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        draft: &ScanDraft,
        identity: Identity,
    ) -> Result<Audited<ScanObject>> {
        let account = by.account()?;
        let parent = match target {
            None if may_create(tx, by, &PlacementScope::Account(account))? => None,
            None => return Err(Error::forbidden()),
            Some(target) => {
                let target = Ref::Short(target);
                Some(tx.scan_root::<proof::Change>(by, ScanKind::Target, &target)?.1)
            }
        };
        let mut merged = merge(kind.settings(), None, &draft.settings, 1);
        check(tx, by, kind, &mut merged)?;
        if kind == ScanKind::Target
            && draft.refuses_duplicate
            && tx.has_target_at(account, &address(kind, &merged.document))?
        {
            let field = FieldPath::Inner("site", "url".to_owned());
            merged.faults.push(Violation::new(field, Rule::Scan(ScanRule::Duplicate)));
        }
        let teams = teams(tx, by, account, &draft.teams, &mut merged.faults)?;
        if let Member::Bad(rule) = &draft.labels {
            merged.faults.push(Violation::new("labels", rule.clone()));
        }
        strongroom_core::draft::faultless(std::mem::take(&mut merged.faults))?;
        let teams = teams.unwrap_or_default();
        let now = tx.now();
        let mut row = ScanRow {
            identity,
            kind,
            organization_id: account,
            target_id: parent.as_ref().map(|target| target.identity.id),
            name: name(kind, &merged.document),
            address: address(kind, &merged.document),
            of_teams: !teams.is_empty(),
            settings: merged.document.clone(),
            version: 1,
            stamp: Stamp {
                created: now,
                modified: now,
                created_by: by.user_id(),
                modified_by: by.user_id(),
            },
        };
        row.identity.id = tx.insert_scan(&row, &teams)?;
        if parent.is_none() {
            tx.give_scan_to_maker(&row, row.identity.id)?;
        }
        self.seal_literals(tx, &row, &merged)?;
        if let Some(wanted) = draft.labels.given() {
            let labels = labels(tx, by, account, wanted)?;
            tx.set_labels(row.identity.id, &labels)?;
        }
        let mut entry = entry(tx, by, Operation::Create, &row);
        entry.changes = members(kind.settings(), &row.settings)
            .into_iter()
            .map(|(member, value)| made(member, value))
            .collect();
        let mut entries = vec![entry];
        entries.extend(link(tx, by, parent.as_ref().unwrap_or(&row))?);
        Ok(Audited::with_all(view(tx, row, false)?, entries))
    }

    fn update(
        &self,
        tx: &mut WriteTx<'_>,
        by: &Actor,
        kind: ScanKind,
        target: Option<ShortId>,
        id: ShortId,
        draft: &ScanDraft,
    ) -> Result<(ScanRow, Vec<Entry>)> {
        let (permit, parent, old) = match target {
            None => {
                let (permit, row) = tx.scan_root::<proof::Change>(by, kind, &Ref::Short(id))?;
                (permit, None, row)
            }
            Some(target) => {
                let target = Ref::Short(target);
                let (permit, target, row) =
                    tx.scan_part::<proof::Change>(by, kind, &target, &Ref::Short(id))?;
                (permit, Some(target), row)
            }
        };
        let account = old.organization_id;
        let version = old.version + 1;
        let mut merged = merge(kind.settings(), Some(&old.settings), &draft.settings, version);
        if draft.is_whole {
            required(kind.settings(), &draft.settings, &mut merged.faults);
        }
        check(tx, by, kind, &mut merged)?;
        let present: Vec<i64> =
            tx.scan_teams(&[old.identity.id])?.into_iter().map(|(_, t)| t).collect();
        let same_teams = match draft.teams.given() {
            Some(wanted) => same(tx, &present, wanted)?,
            None => true,
        };
        let teams = match same_teams {
            true => None,
            false => teams(tx, by, account, &draft.teams, &mut merged.faults)?,
        };
        for (member, bad) in [("labels", bad(&draft.labels)), ("teams", bad(&draft.teams))] {
            merged.faults.extend(bad.map(|rule| Violation::new(member, rule)));
        }
        strongroom_core::draft::faultless(std::mem::take(&mut merged.faults))?;
        let mut row = ScanRow {
            name: name(kind, &merged.document),
            address: address(kind, &merged.document),
            settings: merged.document.clone(),
            version,
            ..old.clone()
        };
        row.stamp.modified = tx.now();
        row.stamp.modified_by = by.user_id();
        if let Some(teams) = &teams {
            row.of_teams = !teams.is_empty();
            tx.move_target(&row, teams)?;
        }
        tx.save_scan(&permit, &row)?;
        self.seal_literals(tx, &row, &merged)?;
        let mut entry = entry(tx, by, Operation::Update, &row);
        entry.reason = permit.reason().to_string();
        entry.changes = changes(kind.settings(), &old.settings, &row.settings);
        if let Some(wanted) = draft.labels.given() {
            let before = label_names(tx, row.identity.id)?;
            let labels = labels(tx, by, account, wanted)?;
            tx.set_labels(row.identity.id, &labels)?;
            let after = label_names(tx, row.identity.id)?;
            if before != after {
                entry.changes.push(Change {
                    member: "labels",
                    old: Some(before),
                    new: Some(after),
                });
            }
        }
        if let Some(teams) = &teams {
            entry.changes.push(Change {
                member: "teams",
                old: Some(json!(format!("{present:?}"))),
                new: Some(json!(format!("{teams:?}"))),
            });
        }
        let mut entries = vec![entry];
        entries.extend(link(tx, by, parent.as_ref().unwrap_or(&row))?);
        Ok((row, entries))
    }

    fn seal_literals(&self, tx: &mut WriteTx<'_>, row: &ScanRow, merged: &Merged) -> Result<()> {
        let mut sealed = Vec::with_capacity(merged.literals.len());
        for literal in &merged.literals {
            let bytes =
                self.seal_setting(&row.identity.guid, &literal.field, row.version, &literal.text)?;
            sealed.push((literal.field.clone(), bytes));
        }
        let marked = marks(row.kind.settings(), &row.settings);
        tx.set_scan_secrets(row.identity.id, &marked, &sealed, row.version)
    }
}

/// Deletes a target with its parts, or a domain, whoever decided so, and gives the entries, its own first.
fn remove(tx: &mut WriteTx<'_>, actor: &Actor, row: &ScanRow) -> Result<Vec<Entry>> {
    let mut first = deleted(tx, actor, row);
    let unlinked = tx.set_uses(actor, &consumer(row), [])?.unlinked;
    touch_credentials(tx, &mut first, &unlinked)?;
    let mut entries = vec![first];
    for kind in [ScanKind::Sequence, ScanKind::ExtraHost] {
        for part in tx.scan_parts_of(kind, &[row.identity.id])? {
            entries.push(deleted(tx, actor, &part));
            tx.bury_scan(&part, actor.user_id())?;
        }
    }
    tx.bury_scan(row, actor.user_id())?;
    Ok(entries)
}

/// Deletes every target, domain and label of an organization, because it goes.
pub(crate) fn remove_all(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    organization_id: i64,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for row in tx.scan_roots_of(organization_id)? {
        entries.extend(remove(tx, actor, &row)?);
    }
    tx.delete_labels_of(organization_id)?;
    Ok(entries)
}

/// Writes which credentials a target with its parts, or a domain, mentions now. What changed is an entry of its own.
fn link(tx: &mut WriteTx<'_>, actor: &Actor, root: &ScanRow) -> Result<Option<Entry>> {
    let mut texts: Vec<(String, String)> = Vec::new();
    for (place, text) in places(root.kind.settings(), &root.settings) {
        let key = place.key.strip_prefix("site.").unwrap_or(&place.key);
        texts.push((key.to_owned(), text));
    }
    if root.kind == ScanKind::Target {
        for (kind, above) in [(ScanKind::Sequence, "sequences"), (ScanKind::ExtraHost, "assets")] {
            for part in tx.scan_parts_of(kind, &[root.identity.id])? {
                for (place, text) in places(kind.settings(), &part.settings) {
                    let key =
                        place.key.strip_prefix("custom_field_mappings.").unwrap_or(&place.key);
                    texts.push((format!("{above}.{}.{key}", part.identity.short_id), text));
                }
            }
        }
    }
    let mut uses = BTreeSet::new();
    for (key, text) in texts {
        for id in mentions(&text).filter_map(|run| run.parse::<ShortId>().ok()) {
            if let Some((credential_id, placement_id)) =
                tx.mentioned_credential(root.organization_id, &id)?
            {
                let placement_id = Some(placement_id);
                uses.insert(Use { credential_id, placement_id, key: key.clone() });
            }
        }
    }
    let changed = tx.set_uses(actor, &consumer(root), uses)?;
    if changed == UsesChanged::default() {
        return Ok(None);
    }
    let mut entry = entry(tx, actor, Operation::Update, root);
    for (uses, is_new) in [(&changed.unlinked, false), (&changed.linked, true)] {
        for one in uses {
            let id = tx.placements_by_id(&one.placement_id.into_iter().collect::<Vec<_>>())?;
            let id = id.first().map(|placement| written_uri(&placement.identity.short_id));
            let told = json!(format!("{} at {}", id.unwrap_or_default(), one.key));
            let (old, new) = if is_new { (None, Some(told)) } else { (Some(told), None) };
            entry.changes.push(Change { member: "references", old, new });
        }
        touch_credentials(tx, &mut entry, uses)?;
    }
    Ok(Some(entry))
}

/// Adds the credentials of some uses to the objects of an entry, so that they are known to have been referred to.
fn touch_credentials(tx: &ReadTx<'_>, entry: &mut Entry, uses: &[Use]) -> Result<()> {
    let ids: BTreeSet<i64> = uses.iter().map(|one| one.credential_id).collect();
    for row in tx.credential_rows(&ids.into_iter().collect::<Vec<_>>())? {
        let (id, name) = (row.credential.identity.id, row.credential.name);
        let touched = Touched { kind: Kind::Credential, id, name };
        if !entry.objects.contains(&touched) {
            entry.objects.push(touched);
        }
    }
    Ok(())
}

fn consumer(row: &ScanRow) -> Consumer {
    let kind = match row.kind {
        ScanKind::Domain => ConsumerKind::Domain,
        _ => ConsumerKind::Target,
    };
    Consumer { kind, id: row.identity.id, short_id: row.identity.short_id }
}

/// Refuses mentions of credentials that are not there for the actor, and settings that exclude each other.
fn check(tx: &ReadTx<'_>, actor: &Actor, kind: ScanKind, merged: &mut Merged) -> Result<()> {
    for mention in &merged.mentions {
        for run in mentions(&mention.text) {
            let usable = match run.parse::<ShortId>() {
                Ok(id) => permitted(tx.account_placement::<proof::Use>(actor, &Ref::Short(id)))?,
                Err(_) => false,
            };
            if !usable {
                let given: String = run.chars().take(64).collect();
                let rule = Rule::Scan(ScanRule::UnknownCredential { given });
                merged.faults.push(Violation::new(mention.path.clone(), rule));
            }
        }
    }
    let site = &merged.document.get("site").cloned().unwrap_or_default();
    let on = |name: &str| site[name] == json!(true);
    if kind == ScanKind::Target && on("has_form_login") && on("has_sequence_login") {
        let field = FieldPath::Inner("site", "non_field_errors".to_owned());
        merged.faults.push(Violation::new(field, Rule::Scan(ScanRule::TwoLogins)));
    }
    Ok(())
}

/// The required settings that a whole request does not name.
fn required(
    settings: &'static [Setting],
    request: &Map<String, Value>,
    faults: &mut Vec<Violation>,
) {
    for setting in settings.iter().filter(|setting| setting.required) {
        let Some(given) = request.get(setting.name) else {
            faults.push(Violation::new(setting.name, Rule::Required));
            continue;
        };
        let (Shape::Object { members, .. }, Value::Object(inside)) = (&setting.shape, given) else {
            continue;
        };
        for inner in members.iter().filter(|inner| inner.required) {
            if !inside.contains_key(inner.name) {
                let field = FieldPath::Inner(setting.name, inner.name.to_owned());
                faults.push(Violation::new(field, Rule::Required));
            }
        }
    }
}

/// The ids of the teams that a request names; one that the actor may not place things in is unknown.
fn teams(
    tx: &ReadTx<'_>,
    actor: &Actor,
    account: i64,
    wanted: &Member<Vec<ShortId>>,
    faults: &mut Vec<Violation>,
) -> Result<Option<Vec<i64>>> {
    let Some(wanted) = wanted.given() else { return Ok(None) };
    let mut teams = BTreeSet::new();
    for short_id in wanted {
        let found = tx.id_of(Kind::Team, &Ref::Short(*short_id))?;
        let usable = match found {
            Some(team) if tx.team_organization(team)? == account => {
                let scope = PlacementScope::AccountTeam { organization: account, team };
                may_create(tx, actor, &scope)?.then_some(team)
            }
            _ => None,
        };
        match usable {
            Some(team) => {
                teams.insert(team);
            }
            None => {
                let rule = Rule::UnknownObject { given: short_id.to_string() };
                faults.push(Violation::new("teams", rule));
            }
        }
    }
    Ok(Some(teams.into_iter().collect()))
}

fn same(tx: &ReadTx<'_>, present: &[i64], wanted: &[ShortId]) -> Result<bool> {
    let teams = tx.teams_by_id(present)?;
    let present: BTreeSet<&str> =
        teams.iter().map(|team| team.identity.short_id.as_str()).collect();
    Ok(present == wanted.iter().map(ShortId::as_str).collect())
}

/// The ids of labels, of which those that are not there yet are made.
fn labels(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    account: i64,
    wanted: &[LabelName],
) -> Result<Vec<i64>> {
    let mut ids = BTreeSet::new();
    for label in wanted {
        let id = match label {
            LabelName::Id(id) => match tx.label_of(account, &Ref::Short(*id)) {
                Ok(label) => label.identity.id,
                Err(Error::NotFound(_)) => {
                    let rule = Rule::UnknownObject { given: id.to_string() };
                    return Err(Error::invalid("labels", rule));
                }
                Err(error) => return Err(error),
            },
            LabelName::Name(name) => match tx.label_named(account, name)? {
                Some(label) => label.identity.id,
                None => tx.insert_label(draw_identity()?, account, (name, ""), actor.user_id())?,
            },
        };
        ids.insert(id);
    }
    Ok(ids.into_iter().collect())
}

fn label_names(tx: &ReadTx<'_>, object_id: i64) -> Result<Value> {
    let ids: Vec<i64> =
        tx.scan_labelled(&[object_id])?.into_iter().map(|(_, label)| label).collect();
    let mut names: Vec<String> =
        tx.labels_by_id(&ids)?.into_iter().map(|label| label.name).collect();
    names.sort_unstable();
    Ok(json!(names.join(", ")))
}

fn bad<T>(member: &Member<T>) -> Option<Rule> {
    match member {
        Member::Bad(rule) => Some(rule.clone()),
        _ => None,
    }
}

/// By what it is called in lists and in what uses a credential.
fn name(kind: ScanKind, document: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match kind {
        ScanKind::Target => {
            let site = document.get("site").cloned().unwrap_or_default();
            match text(&site["name"]) {
                name if name.is_empty() => text(&site["url"]),
                name => name,
            }
        }
        ScanKind::Sequence => document.get("name").map(text).unwrap_or_default(),
        ScanKind::ExtraHost => document.get("host").map(text).unwrap_or_default(),
        ScanKind::Domain => document.get("hostname").map(text).unwrap_or_default(),
    }
}

fn address(kind: ScanKind, document: &Map<String, Value>) -> String {
    let url = |site: &Value| site["url"].as_str().unwrap_or_default().to_owned();
    match kind {
        ScanKind::Target => document.get("site").map(url).unwrap_or_default(),
        _ => name(kind, document),
    }
}
