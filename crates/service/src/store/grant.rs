//! Roles, grants, and what a user holds through them.

use std::collections::{BTreeMap, HashMap};

use super::FOREVER;
use super::directory::id_list;
use super::row::{Row, Value};
use super::tx::{ReadTx, WriteTx};
use strongroom_core::access::position::PositionGrant;
use strongroom_core::access::{Dialect, GrantStep, Holding, ResourceKind, Role, Standing};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;
use strongroom_core::record::RoleOn;
use strongroom_core::{Error, Result};

/// Whom a grant gives its role to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A user.
    User(i64),
    /// The holders of the role with this id.
    Group(i64),
}

/// A grant that has no row yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewGrant {
    pub(crate) role: RoleOn,
    pub(crate) holder: Holder,
    pub(crate) dialect: Dialect,
    pub(crate) by_position: bool,
    pub(crate) by: Option<i64>,
}

/// A grant that is valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantRow {
    pub(crate) id: i64,
    pub(crate) guid: Guid,
    pub(crate) role: RoleOn,
    pub(crate) holder: Holder,
    pub(crate) dialect: Dialect,
    pub(crate) by_position: bool,
    pub(crate) valid_from: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) granted_by: Option<i64>,
    /// The team whose role the holders have, when the holder is a group of a team.
    pub(crate) team_id: Option<i64>,
}

/// The roles on some objects of one kind, and the grants of them that are valid now.
#[derive(Debug, Default)]
pub(crate) struct RolesAndGrants {
    /// By object, and then in the order of the role table.
    pub(crate) roles: Vec<RoleOn>,
    /// In the order they were made.
    pub(crate) grants: Vec<GrantRow>,
}

impl GrantRow {
    fn step(&self, organization_id: Option<i64>) -> GrantStep {
        GrantStep {
            grant_id: self.id,
            role: self.role.role,
            role_id: self.role.id,
            resource_id: self.role.resource_id,
            organization_id,
            dialect: self.dialect,
            by_position: self.by_position,
        }
    }
}

impl ReadTx<'_> {
    /// The roles on these objects of one kind, in the order of the role table.
    pub(crate) fn roles_on(&self, kind: ResourceKind, ids: &[i64]) -> Result<Vec<RoleOn>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.push(kind.word().into());
            let sql = format!(
                "SELECT {ROLE} FROM roles r WHERE r.resource_id IN ({list}) AND r.resource_kind = ${} \
                 AND r.removed IS NULL",
                values.len()
            );
            found.extend(self.session().rows(&sql, &values, |row| role(row, 0))?);
        }
        found.sort_unstable_by_key(|role| (role.resource_id, role.role));
        Ok(found)
    }

    /// The role on an object.
    pub(crate) fn role_on(&self, role_wanted: Role, resource_id: i64) -> Result<RoleOn> {
        let sql = format!(
            "SELECT {ROLE} FROM roles r WHERE r.resource_kind = $1 AND r.resource_id = $2 AND r.name = $3"
        );
        let values =
            [role_wanted.kind().word().into(), resource_id.into(), role_wanted.word().into()];
        self.session().row(&sql, &values, |row| role(row, 0))?.ok_or_else(lacks_a_role)
    }

    /// The role of that id, unless its object is gone.
    pub(crate) fn role_by_id(&self, id: i64) -> Result<Option<RoleOn>> {
        let sql = format!("SELECT {ROLE} FROM roles r WHERE r.id = $1 AND r.removed IS NULL");
        self.session().row(&sql, &[id.into()], |row| role(row, 0))
    }

    /// The roles of these ids.
    pub(crate) fn roles_by_id(&self, ids: &[i64]) -> Result<Vec<RoleOn>> {
        self.by_ids("id, resource_kind, resource_id, name", "roles", ids, |row| role(row, 0))
    }

    /// The grants on these objects of one kind that are valid now.
    pub(crate) fn grants_on(&self, kind: ResourceKind, ids: &[i64]) -> Result<Vec<GrantRow>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.push(kind.word().into());
            let filter =
                format!("r.resource_id IN ({list}) AND r.resource_kind = ${}", values.len());
            found.extend(self.grants(&filter, values)?);
        }
        Ok(found)
    }

    /// The roles on these objects of one kind and the grants of them that are valid now, in one statement.
    pub(crate) fn roles_and_grants(
        &self,
        kind: ResourceKind,
        ids: &[i64],
    ) -> Result<RolesAndGrants> {
        let mut found = RolesAndGrants::default();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.extend([Value::from(kind.word()), self.now().into()]);
            let (kind, now) = (values.len() - 1, values.len());
            let sql = format!(
                "SELECT {GRANT} FROM roles r LEFT JOIN grants g \
                 ON g.role_id = r.id AND g.ended IS NULL AND g.valid_until > ${now} \
                 WHERE r.resource_id IN ({list}) AND r.resource_kind = ${kind} AND r.removed IS NULL"
            );
            self.session().rows(&sql, &values, |row| {
                let on = role(row, 2)?;
                if found.roles.last() != Some(&on) {
                    found.roles.push(on);
                }
                if row.at::<Option<i64>>(0)?.is_some() {
                    found.grants.push(grant(row)?);
                }
                Ok(())
            })?;
        }
        found.roles.sort_unstable_by_key(|role| (role.resource_id, role.role));
        found.roles.dedup();
        found.grants.sort_unstable_by_key(|grant| grant.id);
        Ok(found)
    }

    /// The valid grants of a role to a holder: at most one from each dialect.
    pub(crate) fn grants_of(&self, role_id: i64, holder: Holder) -> Result<Vec<GrantRow>> {
        let (column, id) = holder_column(holder);
        let filter = format!("g.role_id = $1 AND g.{column} = $2");
        self.grants(&filter, vec![role_id.into(), id.into()])
    }

    /// The valid grants of a role, in the order they were made.
    pub(crate) fn grants_of_role(&self, role_id: i64) -> Result<Vec<GrantRow>> {
        self.grants("g.role_id = $1", vec![role_id.into()])
    }

    /// How many users hold a role by name.
    pub(crate) fn count_users_of_role(&self, role_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(DISTINCT user_id) FROM grants WHERE role_id = $1 AND user_id IS NOT NULL \
                   AND ended IS NULL AND valid_until > $2";
        self.session().one(sql, &[role_id.into(), self.now().into()], |row| row.at(0))
    }

    /// The valid grants to a user by name, on whatever object.
    pub(crate) fn grants_to_user(&self, user_id: i64) -> Result<Vec<GrantRow>> {
        self.grants("g.user_id = $1", vec![user_id.into()])
    }

    fn grants(&self, filter: &str, mut values: Vec<Value<'_>>) -> Result<Vec<GrantRow>> {
        values.push(self.now().into());
        let now = values.len();
        let sql = format!(
            "SELECT {GRANT} FROM grants g JOIN roles r ON r.id = g.role_id \
             WHERE {filter} AND g.ended IS NULL AND g.valid_until > ${now} ORDER BY g.id"
        );
        self.session().rows(&sql, &values, grant)
    }

    /// What a user holds on organizations, teams and spaces, and what he is to the store.
    ///
    /// A user who is gone or disabled holds nothing.
    pub(crate) fn standing_of(&self, user_id: i64) -> Result<Standing> {
        let sql = "SELECT is_superuser, is_system_auditor, enabled FROM users WHERE id = $1";
        let flags = self.session().row(sql, &[user_id.into()], |row| {
            Ok((row.at::<bool>(0)?, row.at::<bool>(1)?, row.at::<bool>(2)?))
        })?;
        let Some((is_superuser, is_system_auditor, true)) = flags else {
            return Ok(Standing { user_id, ..Standing::default() });
        };
        let holdings = self.group_holdings(user_id)?;
        Ok(Standing { user_id, is_superuser, is_system_auditor, holdings })
    }

    /// Follows grants from the user through groups until nothing new is held.
    fn group_holdings(&self, user_id: i64) -> Result<Vec<Holding>> {
        let filter = format!("g.user_id = $1 AND g.resource_kind IN ({GROUP_KINDS})");
        let direct = self.grants(&filter, vec![user_id.into()])?;
        let organizations = self.organizations_of_grants(&direct)?;
        let organization = |row: &GrantRow| organizations.get(&key(&row.role)).copied();
        let start =
            direct.iter().map(|row| Holding::by_name(&row.step(organization(row)))).collect();
        let mut held: Vec<Holding> = Vec::new();
        let mut fresh = self.with_implied(start)?;
        while !fresh.is_empty() {
            fresh.retain(|new: &Holding| !held.iter().any(|old| covers(old, new)));
            held.extend(fresh.iter().cloned());
            let steps = self.grants_to_holders(&fresh)?;
            let organizations = self.organizations_of_grants(&steps)?;
            let mut next = Vec::new();
            for row in &steps {
                let Holder::Group(group) = row.holder else { continue };
                let step = row.step(organizations.get(&key(&row.role)).copied());
                next.extend(
                    fresh.iter().filter(|holding| holding.role_id == group).map(|h| h.step(&step)),
                );
            }
            fresh = self.with_implied(next)?;
        }
        Ok(held)
    }

    /// The grants that name one of the held roles as their group.
    fn grants_to_holders(&self, held: &[Holding]) -> Result<Vec<GrantRow>> {
        let mut ids: Vec<i64> = held.iter().map(|holding| holding.role_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::new();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let filter =
                format!("g.group_role_id IN ({list}) AND g.resource_kind IN ({GROUP_KINDS})");
            found.extend(self.grants(&filter, values)?);
        }
        Ok(found)
    }

    /// The holdings and the roles on the same objects that come with them.
    fn with_implied(&self, held: Vec<Holding>) -> Result<Vec<Holding>> {
        let mut rows: HashMap<(ResourceKind, i64, Role), i64> = HashMap::new();
        for kind in [ResourceKind::Organization, ResourceKind::Team, ResourceKind::Space] {
            let mut ids: Vec<i64> =
                held.iter().filter(|h| h.role.kind() == kind).map(|h| h.resource_id).collect();
            ids.sort_unstable();
            ids.dedup();
            let roles = self.roles_on(kind, &ids)?;
            rows.extend(
                roles.into_iter().map(|role| ((kind, role.resource_id, role.role), role.id)),
            );
        }
        let mut all = Vec::with_capacity(held.len());
        for holding in held {
            for implied in holding.role.implies() {
                if let Some(id) = rows.get(&(implied.kind(), holding.resource_id, *implied)) {
                    all.push(holding.implied(*implied, *id));
                }
            }
            all.push(holding);
        }
        Ok(all)
    }

    /// The organization of each object that the grants stand on.
    fn organizations_of_grants(
        &self,
        grants: &[GrantRow],
    ) -> Result<HashMap<(ResourceKind, i64), i64>> {
        let mut found = HashMap::new();
        for (kind, table) in [(ResourceKind::Team, "teams"), (ResourceKind::Space, "spaces")] {
            let of_kind = grants.iter().filter(|grant| grant.role.role.kind() == kind);
            let ids: Vec<i64> = of_kind.map(|grant| grant.role.resource_id).collect();
            if ids.is_empty() {
                continue;
            }
            let rows = self.by_ids("id, organization_id", table, &ids, |row| {
                Ok((row.at::<i64>(0)?, row.at::<i64>(1)?))
            })?;
            found.extend(rows.into_iter().map(|(id, organization)| ((kind, id), organization)));
        }
        for grant in
            grants.iter().filter(|grant| grant.role.role.kind() == ResourceKind::Organization)
        {
            found.insert(key(&grant.role), grant.role.resource_id);
        }
        Ok(found)
    }

    /// What somebody with this standing holds on each of these objects, in whatever way.
    pub(crate) fn holdings_on(
        &self,
        standing: &Standing,
        kind: ResourceKind,
        ids: &[i64],
    ) -> Result<BTreeMap<i64, Vec<Holding>>> {
        Ok(holdings_among(standing, &self.grants_on(kind, ids)?))
    }
}

/// What somebody with this standing holds through these grants, which stand on objects of one kind.
pub(super) fn holdings_among(
    standing: &Standing,
    grants: &[GrantRow],
) -> BTreeMap<i64, Vec<Holding>> {
    let mut found: BTreeMap<i64, Vec<Holding>> = BTreeMap::new();
    for row in grants {
        let step = row.step(None);
        let on = found.entry(row.role.resource_id).or_default();
        match row.holder {
            Holder::User(id) if id == standing.user_id => on.push(Holding::by_name(&step)),
            Holder::User(_) => {}
            Holder::Group(group) => {
                let through = standing.holdings.iter().filter(|holding| holding.role_id == group);
                on.extend(through.map(|holding| holding.step(&step)));
            }
        }
    }
    found
}

impl WriteTx<'_> {
    /// Makes the roles that stand on a new object, and gives them.
    pub(crate) fn create_roles(
        &mut self,
        kind: ResourceKind,
        resource_id: i64,
    ) -> Result<Vec<RoleOn>> {
        let mut values = vec![Value::from(kind.word()), resource_id.into()];
        let mut rows = Vec::new();
        for role in Role::on(kind) {
            values.push(role.word().into());
            rows.push(format!("($1, $2, ${})", values.len()));
        }
        let rows = rows.join(", ");
        let sql = format!("INSERT INTO roles (resource_kind, resource_id, name) VALUES {rows}");
        let ids = self.session().insert_all(&sql, &values)?;
        let on = |(role, id)| RoleOn { id, role, resource_id };
        Ok(Role::on(kind).zip(ids).map(on).collect())
    }

    /// Gives a role, unless the holder has it from that dialect already; tells whether that changed anything.
    pub(crate) fn insert_grant(&mut self, new: &NewGrant) -> Result<bool> {
        let held = self.grants_of(new.role.id, new.holder)?;
        if held.iter().any(|grant| grant.dialect == new.dialect) {
            return Ok(false);
        }
        self.insert_grants(std::slice::from_ref(new))?;
        Ok(true)
    }

    /// Writes grants that nobody has yet, in one statement.
    fn insert_grants(&mut self, new: &[NewGrant]) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.mark_relisting();
        if new.iter().any(|grant| grant.role.role.kind().forms_groups()) {
            self.mark_revoking();
        }
        let draw = || strongroom_seal::random::guid().map(Guid::new).map_err(Error::internal);
        let guids = new.iter().map(|_| draw()).collect::<Result<Vec<Guid>>>()?;
        let mut values: Vec<Value<'_>> = vec![self.now().into(), FOREVER.into()];
        let mut rows = Vec::with_capacity(new.len());
        for (grant, guid) in new.iter().zip(&guids) {
            let (user, group) = match grant.holder {
                Holder::User(id) => (Some(id), None),
                Holder::Group(id) => (None, Some(id)),
            };
            let first = values.len() + 1;
            values.extend([
                Value::from(guid),
                grant.role.id.into(),
                grant.role.role.kind().word().into(),
                grant.role.resource_id.into(),
                user.into(),
                group.into(),
                grant.dialect.word().into(),
                grant.by_position.into(),
                grant.by.into(),
            ]);
            let own: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
            rows.push(format!("($1, $2, {})", own.join(", ")));
        }
        let rows = rows.join(", ");
        let sql = format!(
            "INSERT INTO grants (valid_from, valid_until, guid, role_id, resource_kind, resource_id, user_id, \
             group_role_id, dialect, by_position, granted_by) VALUES {rows}"
        );
        self.session().execute(&sql, &values)?;
        Ok(())
    }

    /// Writes what a position gives on an object, whose roles these are, for the groups of its parent.
    pub(crate) fn insert_positions(
        &mut self,
        positions: &[PositionGrant],
        on: &[RoleOn],
        parent: i64,
        by: Option<i64>,
    ) -> Result<()> {
        let groups = self.groups_of(positions, parent)?;
        let mut new = Vec::with_capacity(positions.len());
        for (position, group) in positions.iter().zip(groups) {
            let role = on.iter().find(|role| role.role == position.role).copied();
            new.push(NewGrant {
                role: role.ok_or_else(lacks_a_role)?,
                holder: Holder::Group(group),
                dialect: position.dialect,
                by_position: true,
                by,
            });
        }
        self.insert_grants(&new)
    }

    /// The role on the parent whose holders each position names.
    fn groups_of(&self, positions: &[PositionGrant], parent: i64) -> Result<Vec<i64>> {
        let Some(first) = positions.first() else { return Ok(Vec::new()) };
        let mut values = vec![Value::from(first.holders.kind().word()), parent.into()];
        values.extend(positions.iter().map(|position| Value::from(position.holders.word())));
        let names: Vec<String> = (3..=values.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT {ROLE} FROM roles r WHERE r.resource_kind = $1 AND r.resource_id = $2 AND r.name IN ({})",
            names.join(", ")
        );
        let groups = self.session().rows(&sql, &values, |row| role(row, 0))?;
        let of = |position: &PositionGrant| {
            let group = groups.iter().find(|group| group.role == position.holders);
            group.map(|group| group.id).ok_or_else(lacks_a_role)
        };
        positions.iter().map(of).collect()
    }

    /// Ends the grants that a position wrote on an object for the groups of a parent.
    pub(crate) fn end_positions(
        &mut self,
        positions: &[PositionGrant],
        on: i64,
        parent: i64,
        by: Option<i64>,
    ) -> Result<()> {
        for (position, group) in positions.iter().zip(self.groups_of(positions, parent)?) {
            let role = self.role_on(position.role, on)?;
            self.end_grant(role.id, Holder::Group(group), by)?;
        }
        Ok(())
    }

    /// Takes a role away; tells whether the holder had it.
    pub(crate) fn end_grant(
        &mut self,
        role_id: i64,
        holder: Holder,
        by: Option<i64>,
    ) -> Result<bool> {
        let (column, id) = holder_column(holder);
        self.mark_revoking();
        let filter = format!("role_id = $3 AND {column} = $4");
        Ok(0 < self.end_grants(&filter, &[role_id.into(), id.into()], by)?)
    }

    /// Ends one grant.
    pub(crate) fn end_grant_row(&mut self, id: i64, by: Option<i64>) -> Result<()> {
        self.mark_revoking();
        self.end_grants("id = $3", &[id.into()], by)?;
        Ok(())
    }

    /// Ends every grant to a user.
    pub(crate) fn end_grants_to_user(&mut self, user_id: i64, by: Option<i64>) -> Result<()> {
        self.mark_revoking();
        self.end_grants("user_id = $3", &[user_id.into()], by)?;
        Ok(())
    }

    /// Ends every grant on a deleted object and every grant to the holders of its roles.
    pub(crate) fn remove_roles(
        &mut self,
        kind: ResourceKind,
        resource_id: i64,
        by: Option<i64>,
    ) -> Result<()> {
        let values = [kind.word().into(), resource_id.into()];
        self.end_grants(&format!("role_id IN {ROLES_ON_OBJECT}"), &values, by)?;
        if kind.forms_groups() {
            self.mark_revoking();
            self.end_grants(&format!("group_role_id IN {ROLES_ON_OBJECT}"), &values, by)?;
        }
        let now = self.now();
        self.session().execute(
            "UPDATE roles SET removed = $3 WHERE resource_kind = $1 AND resource_id = $2",
            &[kind.word().into(), resource_id.into(), now.into()],
        )?;
        Ok(())
    }

    fn end_grants(&mut self, filter: &str, values: &[Value<'_>], by: Option<i64>) -> Result<u64> {
        self.mark_relisting();
        let now = self.now();
        let sql =
            format!("UPDATE grants SET ended = $1, ended_by = $2 WHERE {filter} AND ended IS NULL");
        let mut all = vec![now.into(), by.into()];
        all.extend_from_slice(values);
        self.session().execute(&sql, &all)
    }
}

/// Whether the new holding tells nothing that the old one does not.
fn covers(old: &Holding, new: &Holding) -> bool {
    old.role_id == new.role_id && new.reach.is_within(old.reach)
}

fn key(role: &RoleOn) -> (ResourceKind, i64) {
    (role.role.kind(), role.resource_id)
}

fn lacks_a_role() -> Error {
    Error::internal("an object lacks one of its roles")
}

const fn holder_column(holder: Holder) -> (&'static str, i64) {
    match holder {
        Holder::User(id) => ("user_id", id),
        Holder::Group(id) => ("group_role_id", id),
    }
}

fn role(row: &Row<'_>, first: usize) -> Result<RoleOn> {
    let (kind, name) = (row.text(first + 1)?, row.text(first + 3)?);
    let role = ResourceKind::from_word(kind).and_then(|kind| Role::from_word(kind, name));
    let role = role.ok_or_else(|| Error::internal("unknown role"))?;
    Ok(RoleOn { id: row.at(first)?, role, resource_id: row.at(first + 2)? })
}

fn grant(row: &Row<'_>) -> Result<GrantRow> {
    let dialect = Dialect::from_word(row.text(8)?);
    let holder = match (row.at::<Option<i64>>(6)?, row.at::<Option<i64>>(7)?) {
        (Some(user), None) => Holder::User(user),
        (None, Some(group)) => Holder::Group(group),
        _ => return Err(Error::internal("a grant without one holder")),
    };
    Ok(GrantRow {
        id: row.at(0)?,
        guid: row.at(1)?,
        role: role(row, 2)?,
        holder,
        dialect: dialect.ok_or_else(|| Error::internal("unknown dialect"))?,
        by_position: row.at(9)?,
        valid_from: row.at(10)?,
        valid_until: row.at(11)?,
        granted_by: row.at(12)?,
        team_id: row.at(13)?,
    })
}

const ROLE: &str = "r.id, r.resource_kind, r.resource_id, r.name";
const GRANT: &str = "g.id, g.guid, r.id, r.resource_kind, r.resource_id, r.name, g.user_id, g.group_role_id, \
    g.dialect, g.by_position, g.valid_from, g.valid_until, g.granted_by, \
    (SELECT t.resource_id FROM roles t WHERE t.id = g.group_role_id AND t.resource_kind = 'team')";
const ROLES_ON_OBJECT: &str =
    "(SELECT id FROM roles WHERE resource_kind = $3 AND resource_id = $4)";
/// Kinds of object whose role holders can be a group.
const GROUP_KINDS: &str = "'organization', 'team', 'space', 'system'";
const IDS_AT_ONCE: usize = 256;
