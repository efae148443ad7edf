//! Accounts: what an organization is to Probely, and what is listed in one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::directory::id_list;
use super::list::{Listed, Sql, TRUE, text_test};
use super::row::Row;
use super::tx::{Permit, Proves, ReadTx, proof};
use crate::account::{AccountField, AccountPart, AccountPerson, CredentialQuery};
use crate::actor::Actor;
use crate::list::{Operand, Place, TextTest};
use strongroom_core::access::{
    Decision, Dialect, Permission, ResourceKind, Role, Standing, decide,
};
use strongroom_core::audit::Touched;
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::{Organization, Placement, Team};
use strongroom_core::{Error, Result};

impl<'tx> ReadTx<'tx> {
    /// The organization that is the actor's account.
    pub(crate) fn account_organization(&self, actor: &Actor) -> Result<Organization> {
        self.organization_row(&Ref::Serial(actor.account()?))
    }

    /// A placement in the actor's account that he may do `P` to; other accounts are not there for him.
    pub(crate) fn account_placement<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Placement)> {
        let found = self.placement_row(Dialect::Probely, reference)?;
        if self.organization_of_scope(&found.scope)? != Some(actor.account()?) {
            return Err(Error::NotFound(Kind::Placement));
        }
        self.placement_in(actor, Dialect::Probely, reference)
    }

    /// What only an administrator of the account's organization may do, which is a native right.
    pub(crate) fn account_administrator(
        &self,
        actor: &Actor,
    ) -> Result<(Permit<'tx, proof::Change>, Organization)> {
        let organization = self.account_organization(actor)?;
        let id = organization.identity.id;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Organization, id);
        let decision = match decide(&standing, Dialect::Native, Permission::Change, held) {
            Decision::No { .. } => Decision::No { readable: true },
            yes @ Decision::Yes(_) => yes,
        };
        let object = Touched { kind: Kind::Organization, id, name: organization.name.clone() };
        let permit = self.decided(actor, Permission::Change, decision, object, Some(id))?;
        Ok((permit, organization))
    }

    /// A team of the account that the actor sees, for an administrator of the account's organization to change.
    pub(crate) fn account_team_to_change(
        &self,
        actor: &Actor,
        short_id: &ShortId,
    ) -> Result<(Permit<'tx, proof::Change>, Team)> {
        let listed = self.account_teams(actor, Some(short_id), &AccountPart::one())?;
        let team = self.teams_by_id(&listed.ids)?.into_iter().next();
        let team = team.ok_or(Error::NotFound(Kind::Team))?;
        let (administrator, _) = self.account_administrator(actor)?;
        let reason = administrator.reason().clone();
        Ok((self.permit(team.identity.id, reason), team))
    }

    /// The page of the account's placements that the actor sees, in the order that is asked for.
    pub(crate) fn account_placements(
        &self,
        actor: &Actor,
        query: &CredentialQuery,
    ) -> Result<Listed> {
        let mut sql = Sql::default();
        let mut wheres = vec![
            "x.dialect = 'probely'".to_owned(),
            format!("x.organization_id = {}", sql.int(actor.account()?)),
            self.placements_seen(&*self.standing(actor)?, &mut sql),
        ];
        if !query.ids.is_empty() {
            wheres.push(format!("x.short_id IN ({})", short_ids(&query.ids, &mut sql)));
        }
        if !query.teams.is_empty() {
            let teams = short_ids(&query.teams, &mut sql);
            let teams = format!("SELECT t.id FROM teams t WHERE t.short_id IN ({teams})");
            wheres.push(format!("x.team_id IN ({teams})"));
        }
        if let Some(is_sensitive) = query.is_sensitive {
            let is_sensitive = sql.operand(&Operand::Bool(is_sensitive));
            wheres.push(format!("x.is_sensitive = {is_sensitive}"));
        }
        wheres.extend(found_in(&["x.name", "c.description"], &query.part.search, &mut sql));
        let from = "placements x JOIN credentials c ON c.id = x.credential_id";
        let order = query.order.iter().map(|order| (column(order.field), order.descending));
        self.listed(from, &wheres, order.chain([("x.name", false)]), &query.part, &mut sql)
    }

    /// The page of the account's people, by name.
    pub(crate) fn account_people(
        &self,
        account: i64,
        only: Option<&ShortId>,
        part: &AccountPart,
    ) -> Result<Listed> {
        let mut sql = Sql::default();
        let (now, account) = (sql.int(self.now().as_micros()), sql.int(account));
        let holders = |on: &str| {
            format!(
                "SELECT g.user_id FROM grants g JOIN roles r ON r.id = g.role_id WHERE {on} \
                 AND g.user_id IS NOT NULL AND g.ended IS NULL AND g.valid_until > {now}"
            )
        };
        let account_role = format!(
            "r.resource_kind = 'organization' AND r.resource_id = {account} \
             AND r.name IN ('probely_member', 'admin_role')"
        );
        // A group that is a member is a team, whose administrators are members of it too.
        let in_team = format!(
            "r.resource_kind = 'team' AND r.name IN ('member_role', 'admin_role') AND r.resource_id IN \
             (SELECT t.resource_id FROM grants g JOIN roles r ON r.id = g.role_id \
             JOIN roles t ON t.id = g.group_role_id WHERE {account_role} AND t.resource_kind = 'team' \
             AND g.ended IS NULL AND g.valid_until > {now})"
        );
        let mut wheres = vec![
            "x.service_organization_id IS NULL AND x.enabled".to_owned(),
            format!(
                "x.is_superuser OR x.id IN ({}) OR x.id IN ({})",
                holders(&account_role),
                holders(&in_team)
            ),
        ];
        if let Some(only) = only {
            wheres.push(format!("x.short_id = {}", sql.text(only.as_str())));
        }
        let searched = ["x.username", "x.first_name", "x.last_name", "x.email"];
        wheres.extend(found_in(&searched, &part.search, &mut sql));
        self.listed("users x", &wheres, [("x.username", part.descending)], part, &mut sql)
    }

    /// The page of the account's service accounts, by name.
    pub(crate) fn account_services(
        &self,
        account: i64,
        only: Option<&ShortId>,
        part: &AccountPart,
    ) -> Result<Listed> {
        let mut sql = Sql::default();
        let mut wheres = vec![format!("x.service_organization_id = {}", sql.int(account))];
        if let Some(only) = only {
            wheres.push(format!("x.short_id = {}", sql.text(only.as_str())));
        }
        wheres.extend(found_in(&["x.first_name"], &part.search, &mut sql));
        self.listed("users x", &wheres, [("x.first_name", part.descending)], part, &mut sql)
    }

    /// The page of the account's teams that the actor sees, by name: all for whoever manages its credentials or
    /// sees all people, else those on which he holds a role.
    pub(crate) fn account_teams(
        &self,
        actor: &Actor,
        only: Option<&ShortId>,
        part: &AccountPart,
    ) -> Result<Listed> {
        let account = actor.account()?;
        let standing = self.standing(actor)?;
        let mut sql = Sql::default();
        let mut wheres = vec![format!("x.organization_id = {}", sql.int(account))];
        if !standing.reads_everything() && !standing.holds(Role::ProbelyManageCredentials, account)
        {
            wheres.push(format!("x.id IN ({})", sql.ints(&standing.held_ids(ResourceKind::Team))));
        }
        if let Some(only) = only {
            wheres.push(format!("x.short_id = {}", sql.text(only.as_str())));
        }
        wheres.extend(found_in(&["x.name", "x.description"], &part.search, &mut sql));
        self.listed("teams x", &wheres, [("x.name", part.descending)], part, &mut sql)
    }

    /// Of these placements, those whose open value the actor may see: an auditor sees no secret.
    pub(crate) fn shown_open(
        &self,
        actor: &Actor,
        placements: &[&Placement],
    ) -> Result<BTreeSet<i64>> {
        let open = placements.iter().filter(|placement| !placement.is_sensitive);
        let ids: Vec<i64> = open.map(|placement| placement.identity.id).collect();
        let standing = self.standing(actor)?;
        if standing.is_superuser {
            return Ok(ids.into_iter().collect());
        }
        let held = self.holdings_on(&standing, ResourceKind::Placement, &ids)?;
        let mut seen = BTreeSet::new();
        for (id, held) in held {
            if held.iter().any(|holding| holding.role.permits(Permission::Read)) {
                seen.insert(id);
            }
        }
        Ok(seen)
    }

    /// Users as others mention them, those that are gone too.
    pub(crate) fn mentioned(&self, ids: &[i64]) -> Result<BTreeMap<i64, AccountPerson>> {
        let users = self.users_by_id(ids)?;
        let mut found: BTreeMap<i64, AccountPerson> =
            users.iter().map(|user| (user.identity.id, AccountPerson::from(user))).collect();
        let gone: Vec<i64> = ids.iter().filter(|id| !found.contains_key(id)).copied().collect();
        if gone.is_empty() {
            return Ok(found);
        }
        let (list, values) = id_list(&gone);
        let sql = format!(
            "SELECT id, short_id, name, details FROM tombstones WHERE id IN ({list}) AND kind = 'user'"
        );
        let read = |row: &Row<'_>| {
            let details: Json = row.at(3)?;
            let text = |name: &str| details[name].as_str().unwrap_or_default().to_owned();
            let (first, last) = (text("first_name"), text("last_name"));
            let name = AccountPerson::name_of(&row.at::<String>(2)?, &first, &last);
            Ok((row.at(0)?, AccountPerson { short_id: row.at(1)?, email: String::new(), name }))
        };
        found.extend(self.session().rows(&sql, &values, read)?);
        Ok(found)
    }

    /// The placements on which somebody with this standing holds a role.
    fn placements_seen(&self, standing: &Standing, sql: &mut Sql) -> String {
        if standing.reads_everything() {
            return TRUE.to_owned();
        }
        let (now, user) = (sql.int(self.now().as_micros()), sql.int(standing.user_id));
        let groups = sql.ints(&standing.held_role_ids());
        format!(
            "x.id IN (SELECT g.resource_id FROM grants g WHERE g.resource_kind = 'placement' \
             AND (g.user_id = {user} OR g.group_role_id IN ({groups})) \
             AND g.ended IS NULL AND g.valid_until > {now})"
        )
    }

    /// The ids of a page and how many rows match in all. Ties are broken by id.
    pub(super) fn listed(
        &self,
        from: &str,
        wheres: &[String],
        order: impl IntoIterator<Item = (&'static str, bool)>,
        part: &AccountPart,
        sql: &mut Sql,
    ) -> Result<Listed> {
        let all = wheres.iter().map(|w| format!("({w})")).collect::<Vec<_>>().join(" AND ");
        let count = format!("SELECT COUNT(*) FROM {from} WHERE {all}");
        let total =
            self.in_list_time(|| self.session().one(&count, &sql.values(), |row| row.at(0)))?;
        let direction = |descending| if descending { "DESC" } else { "ASC" };
        let order: Vec<String> = order
            .into_iter()
            .map(|(column, descending)| format!("{column} {}", direction(descending)))
            .chain(["x.id ASC".to_owned()])
            .collect();
        let (order, limit, offset) = (order.join(", "), sql.int(part.limit), sql.int(part.offset));
        let page = format!(
            "SELECT x.id FROM {from} WHERE {all} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
        );
        let ids =
            self.in_list_time(|| self.session().rows(&page, &sql.values(), |row| row.at(0)))?;
        Ok(Listed { ids, total: Some(total) })
    }
}

/// A credential that was made in the account has its placement's times.
const fn column(field: AccountField) -> &'static str {
    match field {
        AccountField::Name => "x.name",
        AccountField::Created => "x.created",
        AccountField::Modified => "CASE WHEN x.born_here THEN c.modified ELSE x.modified END",
        AccountField::IsSensitive => "x.is_sensitive",
        AccountField::UsageCount => {
            "(SELECT COUNT(*) FROM credential_references r WHERE r.credential_id = x.credential_id \
             AND r.consumer = 'probely' AND r.placement_id IN (0, x.id))"
        }
    }
}

/// The condition that a text is in one of the columns; none when there is nothing to look for.
pub(super) fn found_in(columns: &[&str], search: &str, sql: &mut Sql) -> Option<String> {
    if search.is_empty() {
        return None;
    }
    let test = TextTest { place: Place::Anywhere, case_blind: true, text: search.to_owned() };
    let tests: Vec<String> =
        columns.iter().map(|column| format!("({})", text_test(column, &test, sql))).collect();
    Some(tests.join(" OR "))
}

/// A list for `IN`. What is no id names nothing.
pub(super) fn short_ids(ids: &[String], sql: &mut Sql) -> String {
    let mut list = vec!["NULL".to_owned()];
    list.extend(ids.iter().filter(|id| id.parse::<ShortId>().is_ok()).map(|id| sql.text(id)));
    list.join(", ")
}
