//! Targets with their sequences and extra hosts, domains, and labels: their rows, and who may do what to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::account::found_in;
use super::directory::{by_ref, id_list, identity, object, stamp};
use super::list::{Listed, Sql, TRUE};
use super::row::Row;
use super::tx::{Permit, Proves, ReadTx, WriteTx};
use crate::account::AccountPart;
use crate::actor::Actor;
use strongroom_core::access::position::{
    DOMAIN_OF_ACCOUNT, TARGET_OF_ACCOUNT, TARGET_OF_ACCOUNT_TEAM, TARGET_OF_TEAM,
};
use strongroom_core::access::{Dialect, ResourceKind, Role, decide};
use strongroom_core::audit::Touched;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Identity, RoleOn, Stamp};
use strongroom_core::scan::ScanKind;
use strongroom_core::{Error, Result};

/// A target, sequence, extra host or domain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScanRow {
    pub(crate) identity: Identity,
    pub(crate) kind: ScanKind,
    pub(crate) organization_id: i64,
    /// The target of a sequence or extra host.
    pub(crate) target_id: Option<i64>,
    pub(crate) name: String,
    /// The address or host, by which it is looked for.
    pub(crate) address: String,
    /// It is for teams only, even if none of them is left.
    pub(crate) of_teams: bool,
    /// With a mark in place of each sealed text.
    pub(crate) settings: Map<String, Json>,
    pub(crate) version: u64,
    pub(crate) stamp: Stamp,
}

/// A label of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelRow {
    pub(crate) identity: Identity,
    pub(crate) organization_id: i64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) stamp: Stamp,
}

/// Which objects of one kind a list is about.
#[derive(Debug, Clone)]
pub(crate) struct ScanFilter<'a> {
    pub(crate) kind: ScanKind,
    pub(crate) target_id: Option<i64>,
    /// Only these, when there are any.
    pub(crate) ids: &'a [String],
    /// Only those with these labels, when there are any: with one of them, or with all.
    pub(crate) labels: &'a [String],
    pub(crate) all_labels: bool,
    /// By the last change or by name.
    pub(crate) by_change: bool,
    pub(crate) descending: bool,
    pub(crate) part: &'a AccountPart,
}

/// What the kind of thing is to the access table.
const fn resource(kind: ScanKind) -> ResourceKind {
    match kind {
        ScanKind::Domain => ResourceKind::Domain,
        ScanKind::Target | ScanKind::Sequence | ScanKind::ExtraHost => ResourceKind::Target,
    }
}

impl<'tx> ReadTx<'tx> {
    fn scan_row(&self, kind: ScanKind, reference: &Ref) -> Result<ScanRow> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {SCAN} FROM scan_objects WHERE {column} = $1 AND kind = $2");
        let found = self.session().row(&sql, &[value, kind.word().into()], scan)?;
        found.ok_or(Error::NotFound(kind.kind()))
    }

    /// A target or domain of the actor's account that he may do `P` to; other accounts are not there for him.
    pub(crate) fn scan_root<P: Proves>(
        &self,
        actor: &Actor,
        kind: ScanKind,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, ScanRow)> {
        let row = self.scan_row(kind, reference)?;
        if row.organization_id != actor.account()? {
            return Err(Error::NotFound(kind.kind()));
        }
        let id = row.identity.id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, resource(kind), &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = decide(&standing, Dialect::Probely, P::PERMISSION, held);
        let object = Touched { kind: kind.kind(), id, name: row.name.clone() };
        let owner = Some(row.organization_id);
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, row))
    }

    /// A sequence or extra host of a target to which the actor may do `P`; the permit is for the target.
    pub(crate) fn scan_part<P: Proves>(
        &self,
        actor: &Actor,
        kind: ScanKind,
        target: &Ref,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, ScanRow, ScanRow)> {
        let (permit, target) = self.scan_root::<P>(actor, ScanKind::Target, target)?;
        let row = self.scan_row(kind, reference)?;
        if row.target_id != Some(target.identity.id) {
            return Err(Error::NotFound(kind.kind()));
        }
        Ok((permit, target, row))
    }

    /// Of these targets or domains, those that the actor may see by his roles on them.
    pub(super) fn scan_seen(&self, actor: &Actor, kind: ScanKind, ids: &[i64]) -> Result<Vec<i64>> {
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, resource(kind), ids)?;
        Ok(held.into_iter().filter(|(_, held)| !held.is_empty()).map(|(id, _)| id).collect())
    }

    /// The objects of these ids.
    pub(crate) fn scan_rows(&self, ids: &[i64]) -> Result<Vec<ScanRow>> {
        self.by_ids(SCAN, "scan_objects", ids, scan)
    }

    /// The sequences or extra hosts of these targets, in the order they were made.
    pub(crate) fn scan_parts_of(&self, kind: ScanKind, targets: &[i64]) -> Result<Vec<ScanRow>> {
        let mut found = Vec::new();
        for chunk in targets.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.push(kind.word().into());
            let sql = format!(
                "SELECT {SCAN} FROM scan_objects WHERE target_id IN ({list}) AND kind = ${} ORDER BY id",
                values.len()
            );
            found.extend(self.session().rows(&sql, &values, scan)?);
        }
        Ok(found)
    }

    /// Every target and domain of an organization.
    pub(crate) fn scan_roots_of(&self, organization_id: i64) -> Result<Vec<ScanRow>> {
        let sql = format!(
            "SELECT {SCAN} FROM scan_objects WHERE organization_id = $1 AND target_id IS NULL ORDER BY id"
        );
        self.session().rows(&sql, &[organization_id.into()], scan)
    }

    /// The credential, and its placement in the account, that a text mentions by this id.
    pub(crate) fn mentioned_credential(
        &self,
        organization_id: i64,
        id: &ShortId,
    ) -> Result<Option<(i64, i64)>> {
        let sql = "SELECT credential_id, id FROM placements \
                   WHERE short_id = $1 AND dialect = 'probely' AND organization_id = $2";
        let values = [id.into(), organization_id.into()];
        self.session().row(sql, &values, |row| Ok((row.at(0)?, row.at(1)?)))
    }

    /// Whether the account has a target of that address.
    pub(crate) fn has_target_at(&self, organization_id: i64, address: &str) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM scan_objects WHERE organization_id = $1 AND kind = 'target' AND address = $2";
        let values = [organization_id.into(), address.into()];
        Ok(0 < self.session().one(sql, &values, |row| row.at::<i64>(0))?)
    }

    /// The page of the account's objects of one kind that the actor sees.
    pub(crate) fn scan_list(&self, actor: &Actor, filter: &ScanFilter<'_>) -> Result<Listed> {
        let mut sql = Sql::default();
        let kind = sql.text(filter.kind.word());
        let mut wheres = vec![
            format!("x.organization_id = {}", sql.int(actor.account()?)),
            format!("x.kind = {kind}"),
            self.scan_visible(actor, filter.kind, &mut sql)?,
        ];
        if let Some(target) = filter.target_id {
            wheres.push(format!("x.target_id = {}", sql.int(target)));
        }
        if !filter.ids.is_empty() {
            wheres.push(format!(
                "x.short_id IN ({})",
                super::account::short_ids(filter.ids, &mut sql)
            ));
        }
        if !filter.labels.is_empty() {
            let labels = super::account::short_ids(filter.labels, &mut sql);
            let labelled = format!(
                "SELECT COUNT(*) FROM scan_labelled d JOIN scan_labels l ON l.id = d.label_id \
                 WHERE d.object_id = x.id AND l.short_id IN ({labels})"
            );
            let least = if filter.all_labels { filter.labels.len() } else { 1 };
            let least = sql.int(i64::try_from(least).map_err(Error::internal)?);
            wheres.push(format!("({labelled}) >= {least}"));
        }
        wheres.extend(found_in(&["x.name", "x.address"], &filter.part.search, &mut sql));
        let column = if filter.by_change { "x.modified" } else { "x.name" };
        self.listed("scan_objects x", &wheres, [(column, filter.descending)], filter.part, &mut sql)
    }

    /// The condition that the actor may see an object, or the target that it is part of.
    fn scan_visible(&self, actor: &Actor, kind: ScanKind, sql: &mut Sql) -> Result<String> {
        let standing = self.standing(actor)?;
        if standing.reads_everything() {
            return Ok(TRUE.to_owned());
        }
        let root = match kind {
            ScanKind::Target | ScanKind::Domain => "x.id",
            ScanKind::Sequence | ScanKind::ExtraHost => "x.target_id",
        };
        let (now, user) = (sql.int(self.now().as_micros()), sql.int(standing.user_id));
        let groups = sql.ints(&standing.held_role_ids());
        let resource = sql.text(resource(kind).word());
        Ok(format!(
            "{root} IN (SELECT g.resource_id FROM grants g WHERE g.resource_kind = {resource} \
             AND (g.user_id = {user} OR g.group_role_id IN ({groups})) \
             AND g.ended IS NULL AND g.valid_until > {now})"
        ))
    }

    /// The teams of these targets: target and team.
    pub(crate) fn scan_teams(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>> {
        self.scan_pairs("SELECT object_id, team_id FROM scan_teams", ids)
    }

    /// The labels of these targets: target and label.
    pub(crate) fn scan_labelled(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>> {
        self.scan_pairs("SELECT object_id, label_id FROM scan_labelled", ids)
    }

    fn scan_pairs(&self, select: &str, ids: &[i64]) -> Result<Vec<(i64, i64)>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql = format!("{select} WHERE object_id IN ({list}) ORDER BY 1, 2");
            let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, row.at::<i64>(1)?));
            found.extend(self.session().rows(&sql, &values, read)?);
        }
        Ok(found)
    }

    /// The labels of these ids.
    pub(crate) fn labels_by_id(&self, ids: &[i64]) -> Result<Vec<LabelRow>> {
        self.by_ids(LABEL, "scan_labels", ids, label)
    }

    /// A label of the account.
    pub(crate) fn label_of(&self, organization_id: i64, reference: &Ref) -> Result<LabelRow> {
        let (column, value) = by_ref(reference);
        let sql =
            format!("SELECT {LABEL} FROM scan_labels WHERE {column} = $1 AND organization_id = $2");
        let found = self.session().row(&sql, &[value, organization_id.into()], label)?;
        found.ok_or(Error::NotFound(Kind::Label))
    }

    /// The label of that name in the account.
    pub(crate) fn label_named(&self, organization_id: i64, name: &str) -> Result<Option<LabelRow>> {
        let sql =
            format!("SELECT {LABEL} FROM scan_labels WHERE organization_id = $1 AND name = $2");
        self.session().row(&sql, &[organization_id.into(), name.into()], label)
    }

    /// The page of the account's labels, by name.
    pub(crate) fn label_list(&self, organization_id: i64, part: &AccountPart) -> Result<Listed> {
        let mut sql = Sql::default();
        let mut wheres = vec![format!("x.organization_id = {}", sql.int(organization_id))];
        wheres.extend(found_in(&["x.name"], &part.search, &mut sql));
        self.listed("scan_labels x", &wheres, [("x.name", part.descending)], part, &mut sql)
    }
}

impl WriteTx<'_> {
    /// Inserts an object; a target or domain with its roles and what its account's position gives.
    pub(crate) fn insert_scan(&mut self, new: &ScanRow, teams: &[i64]) -> Result<i64> {
        let (identity, by) = (new.identity, new.stamp.created_by);
        let version = i64::try_from(new.version).map_err(Error::internal)?;
        let id = self.session().insert(
            "INSERT INTO scan_objects (guid, short_id, kind, organization_id, target_id, name, address, of_teams, \
             settings, version, created, modified, created_by, modified_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                (&identity.guid).into(),
                (&identity.short_id).into(),
                new.kind.word().into(),
                new.organization_id.into(),
                new.target_id.into(),
                (&new.name).into(),
                (&new.address).into(),
                new.of_teams.into(),
                (&Json::from(new.settings.clone()).to_string()).into(),
                version.into(),
                new.stamp.created.into(),
                new.stamp.modified.into(),
                by.into(),
                new.stamp.modified_by.into(),
            ],
        )?;
        match new.kind {
            ScanKind::Sequence | ScanKind::ExtraHost => {}
            ScanKind::Domain => {
                let roles = self.create_roles(ResourceKind::Domain, id)?;
                self.insert_positions(DOMAIN_OF_ACCOUNT, &roles, new.organization_id, by)?;
            }
            ScanKind::Target => {
                let roles = self.create_roles(ResourceKind::Target, id)?;
                self.place_target((id, &roles), new, teams)?;
            }
        }
        Ok(id)
    }

    /// Writes the teams of a target, and what its place gives.
    fn place_target(
        &mut self,
        (id, roles): (i64, &[RoleOn]),
        target: &ScanRow,
        teams: &[i64],
    ) -> Result<()> {
        let by = target.stamp.modified_by;
        let account = match target.of_teams {
            true => TARGET_OF_ACCOUNT_TEAM,
            false => TARGET_OF_ACCOUNT,
        };
        self.insert_positions(account, roles, target.organization_id, by)?;
        for team in teams {
            let sql = "INSERT INTO scan_teams (object_id, team_id) VALUES ($1, $2)";
            self.session().execute(sql, &[id.into(), (*team).into()])?;
            self.insert_positions(TARGET_OF_TEAM, roles, *team, by)?;
        }
        Ok(())
    }

    /// Moves a target to other teams, or to the whole account.
    pub(crate) fn move_target(&mut self, target: &ScanRow, teams: &[i64]) -> Result<()> {
        let (id, by) = (target.identity.id, target.stamp.modified_by);
        self.end_positions(TARGET_OF_ACCOUNT, id, target.organization_id, by)?;
        for (_, team) in self.scan_teams(&[id])? {
            self.end_positions(TARGET_OF_TEAM, id, team, by)?;
        }
        let sql = "DELETE FROM scan_teams WHERE object_id = $1";
        self.session().execute(sql, &[id.into()])?;
        let roles = self.roles_on(ResourceKind::Target, &[id])?;
        self.place_target((id, &roles), target, teams)
    }

    /// The row of a target, domain, sequence or extra host as it is from now on. What it is part of, and so the
    /// permit's object, was checked by the caller.
    pub(crate) fn save_scan<P>(&mut self, permit: &Permit<'_, P>, row: &ScanRow) -> Result<()> {
        if permit.id() != row.target_id.unwrap_or(row.identity.id) {
            return Err(Error::internal("a permit for another object"));
        }
        let version = i64::try_from(row.version).map_err(Error::internal)?;
        self.session().execute(
            "UPDATE scan_objects SET name = $2, address = $3, of_teams = $4, settings = $5, version = $6, \
             modified = $7, modified_by = $8 WHERE id = $1",
            &[
                row.identity.id.into(),
                (&row.name).into(),
                (&row.address).into(),
                row.of_teams.into(),
                (&Json::from(row.settings.clone()).to_string()).into(),
                version.into(),
                row.stamp.modified.into(),
                row.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }

    /// Writes the sealed texts of an object: the new ones, and of the others only those that its settings still mark.
    pub(crate) fn set_scan_secrets(
        &mut self,
        object_id: i64,
        marked: &BTreeMap<String, u64>,
        new: &[(String, Vec<u8>)],
        version: u64,
    ) -> Result<()> {
        let sql = "SELECT field FROM scan_secrets WHERE object_id = $1";
        let fields: Vec<String> = self.session().rows(sql, &[object_id.into()], |row| row.at(0))?;
        for field in fields {
            let is_kept = marked.get(&field).is_some_and(|marked| *marked != version);
            if !is_kept {
                let sql = "DELETE FROM scan_secrets WHERE object_id = $1 AND field = $2";
                self.session().execute(sql, &[object_id.into(), (&field).into()])?;
            }
        }
        let number = i64::try_from(version).map_err(Error::internal)?;
        for (field, sealed) in new {
            self.require_active_key(sealed)?;
            let sql = "INSERT INTO scan_secrets (object_id, field, version, sealed) VALUES ($1, $2, $3, $4)";
            let values = [object_id.into(), field.into(), number.into(), sealed.as_slice().into()];
            self.session().execute(sql, &values)?;
        }
        Ok(())
    }

    /// Deletes an object whose parts are gone already, and leaves its name.
    pub(crate) fn bury_scan(&mut self, row: &ScanRow, by: Option<i64>) -> Result<()> {
        let id = row.identity.id;
        if row.target_id.is_none() {
            self.remove_roles(resource(row.kind), id, by)?;
        }
        for sql in [
            "DELETE FROM scan_secrets WHERE object_id = $1",
            "DELETE FROM scan_teams WHERE object_id = $1",
            "DELETE FROM scan_labelled WHERE object_id = $1",
        ] {
            self.session().execute(sql, &[id.into()])?;
        }
        self.bury_in("scan_objects", row.kind.kind(), &row.identity, &row.name, by)
    }

    /// Takes a team from every target that was its.
    pub(crate) fn forget_team_of_targets(&mut self, team_id: i64) -> Result<()> {
        let sql = "DELETE FROM scan_teams WHERE team_id = $1";
        self.session().execute(sql, &[team_id.into()])?;
        Ok(())
    }

    /// Writes the labels of a target.
    pub(crate) fn set_labels(&mut self, object_id: i64, labels: &[i64]) -> Result<()> {
        let sql = "DELETE FROM scan_labelled WHERE object_id = $1";
        self.session().execute(sql, &[object_id.into()])?;
        for label in labels {
            let sql = "INSERT INTO scan_labelled (object_id, label_id) VALUES ($1, $2)";
            self.session().execute(sql, &[object_id.into(), (*label).into()])?;
        }
        Ok(())
    }

    pub(crate) fn insert_label(
        &mut self,
        (guid, short_id): (Guid, ShortId),
        organization_id: i64,
        (name, color): (&str, &str),
        by: Option<i64>,
    ) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO scan_labels (guid, short_id, organization_id, name, color, created, modified, created_by, \
             modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                (&guid).into(),
                (&short_id).into(),
                organization_id.into(),
                name.into(),
                color.into(),
                now.into(),
                now.into(),
                by.into(),
                by.into(),
            ],
        )
    }

    pub(crate) fn update_label(&mut self, label: &LabelRow) -> Result<()> {
        self.session().execute(
            "UPDATE scan_labels SET name = $2, color = $3, modified = $4, modified_by = $5 WHERE id = $1",
            &[
                label.identity.id.into(),
                (&label.name).into(),
                (&label.color).into(),
                label.stamp.modified.into(),
                label.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes a label, and takes it from every target.
    pub(crate) fn delete_label(&mut self, id: i64) -> Result<()> {
        for sql in [
            "DELETE FROM scan_labelled WHERE label_id = $1",
            "DELETE FROM scan_labels WHERE id = $1",
        ] {
            self.session().execute(sql, &[id.into()])?;
        }
        Ok(())
    }

    /// Deletes the labels of an organization whose targets are gone already.
    pub(crate) fn delete_labels_of(&mut self, organization_id: i64) -> Result<()> {
        let sql = "DELETE FROM scan_labels WHERE organization_id = $1";
        self.session().execute(sql, &[organization_id.into()])?;
        Ok(())
    }

    /// Gives the maker of a target or domain the role to change and delete it.
    pub(crate) fn give_scan_to_maker(&mut self, row: &ScanRow, id: i64) -> Result<()> {
        let role = match row.kind {
            ScanKind::Domain => Role::DomainManage,
            _ => Role::TargetManage,
        };
        let Some(user_id) = row.stamp.created_by else { return Ok(()) };
        let role = self.role_on(role, id)?;
        self.insert_grant(&super::grant::NewGrant {
            role,
            holder: super::grant::Holder::User(user_id),
            dialect: Dialect::Probely,
            by_position: false,
            by: Some(user_id),
        })?;
        Ok(())
    }
}

fn scan(row: &Row<'_>) -> Result<ScanRow> {
    let kind: String = row.at(3)?;
    Ok(ScanRow {
        identity: identity(row, 0)?,
        kind: ScanKind::from_word(&kind).ok_or_else(|| Error::internal("unknown kind"))?,
        organization_id: row.at(4)?,
        target_id: row.at(5)?,
        name: row.at(6)?,
        address: row.at(7)?,
        of_teams: row.at(8)?,
        settings: object(row, 9)?,
        version: row.at::<i64>(10)?.unsigned_abs(),
        stamp: stamp(row, 11)?,
    })
}

fn label(row: &Row<'_>) -> Result<LabelRow> {
    Ok(LabelRow {
        identity: identity(row, 0)?,
        organization_id: row.at(3)?,
        name: row.at(4)?,
        color: row.at(5)?,
        stamp: stamp(row, 6)?,
    })
}

const SCAN: &str = "id, guid, short_id, kind, organization_id, target_id, name, address, of_teams, settings, \
    version, created, modified, created_by, modified_by";
const LABEL: &str =
    "id, guid, short_id, organization_id, name, color, created, modified, created_by, modified_by";
const IDS_AT_ONCE: usize = 256;
