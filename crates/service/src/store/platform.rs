//! The platform's lists: what the caller may read of each kind of object, filtered and in order.

use super::list::{FALSE, Sql, TRUE, text_test};
use super::row::{Row, Value};
use super::tx::ReadTx;
use crate::actor::Actor;
use crate::list::{Operand, Place, TextTest};
use crate::platform::query::{
    Comparison, Order, PlatformFilter, PlatformPage, PlatformQuery, Related, TextField, TimeField,
};
use strongroom_core::access::{ResourceKind, Standing};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::record::RoleOn;
use strongroom_core::text::fold;
use strongroom_core::{Error, Result};

/// A role of the platform that a user holds by name: the grant of it.
#[derive(Debug, Clone)]
pub(crate) struct RoleGrantRow {
    pub(crate) id: i64,
    pub(crate) guid: Guid,
    pub(crate) role_id: i64,
    pub(crate) user_id: i64,
    pub(crate) since: Timestamp,
}

impl ReadTx<'_> {
    /// The ids of the objects of a kind that the actor may read and that pass the filters, in order, and how many
    /// there are in all. Without a page it is all of them.
    pub(crate) fn platform_ids(
        &self,
        actor: &Actor,
        kind: Kind,
        query: &PlatformQuery,
        page: Option<PlatformPage>,
    ) -> Result<(Vec<i64>, i64)> {
        let mut sql = Sql::default();
        let standing = self.standing(actor)?;
        let mut wheres = vec![self.platform_visible(&standing, kind, &mut sql)?];
        wheres.extend(self.fixed(kind, &mut sql));
        for filter in &query.filters {
            wheres.push(self.platform_test(kind, filter, &mut sql)?);
        }
        let wheres: Vec<String> = wheres.into_iter().map(|test| format!("({test})")).collect();
        let from = format!("FROM {} x WHERE {}", table(kind)?, wheres.join(" AND "));
        let order = order_by(kind, query.order);
        let Some(page) = page else {
            let statement = format!("SELECT x.id {from} ORDER BY {order}");
            let ids: Vec<i64> = self.session().rows(&statement, &sql.values(), |row| row.at(0))?;
            let total = i64::try_from(ids.len()).map_err(Error::internal)?;
            return Ok((ids, total));
        };
        let count = format!("SELECT COUNT(*) {from}");
        let total = self.session().one(&count, &sql.values(), |row| row.at(0))?;
        let (limit, offset) = (sql.int(page.per_page), sql.int(page.skipped()));
        let statement =
            format!("SELECT x.id {from} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
        Ok((self.session().rows(&statement, &sql.values(), |row| row.at(0))?, total))
    }

    /// What somebody with this standing sees of a kind of object.
    fn platform_visible(&self, standing: &Standing, kind: Kind, sql: &mut Sql) -> Result<String> {
        if standing.reads_everything() {
            return Ok(TRUE.to_owned());
        }
        let spaces = |sql: &mut Sql| sql.ints(&standing.held_ids(ResourceKind::Space));
        let organizations =
            |sql: &mut Sql| sql.ints(&standing.held_ids(ResourceKind::Organization));
        Ok(match kind {
            Kind::Organization => format!("x.id IN ({})", organizations(sql)),
            Kind::Space => format!("x.id IN ({})", spaces(sql)),
            Kind::App => format!("x.space_id IN ({})", spaces(sql)),
            Kind::Package => format!(
                "x.app_id IN (SELECT a.id FROM apps a WHERE a.space_id IN ({}))",
                spaces(sql)
            ),
            Kind::User => self.visible(standing, Kind::User, "x", sql),
            Kind::Grant => format!(
                "(x.resource_kind = 'organization' AND x.resource_id IN ({})) \
                 OR (x.resource_kind = 'space' AND x.resource_id IN ({}))",
                organizations(sql),
                spaces(sql)
            ),
            Kind::Placement => {
                let (now, user) = (sql.int(self.now().as_micros()), sql.int(standing.user_id));
                let groups = sql.ints(&standing.held_role_ids());
                format!(
                    "x.id IN (SELECT g.resource_id FROM grants g WHERE g.resource_kind = 'placement' \
                     AND (g.user_id = {user} OR g.group_role_id IN ({groups})) \
                     AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            _ => return Err(Error::internal("no list of this kind of object")),
        })
    }

    /// What every element of a list is, besides being visible.
    fn fixed(&self, kind: Kind, sql: &mut Sql) -> Option<String> {
        match kind {
            Kind::Placement => Some("x.dialect = 'cloud_foundry'".to_owned()),
            Kind::Grant => {
                let now = sql.int(self.now().as_micros());
                Some(format!(
                    "x.resource_kind IN ('organization', 'space') AND x.user_id IS NOT NULL AND NOT x.by_position \
                     AND x.dialect = 'cloud_foundry' AND x.ended IS NULL AND x.valid_until > {now}"
                ))
            }
            _ => None,
        }
    }

    fn platform_test(&self, kind: Kind, filter: &PlatformFilter, sql: &mut Sql) -> Result<String> {
        Ok(match filter {
            PlatformFilter::Nothing => FALSE.to_owned(),
            PlatformFilter::Guids(guids) => {
                format!("x.id IN ({})", sql.ints(&self.ids_of_guids(table(kind)?, guids)?))
            }
            PlatformFilter::Related(related, guids) => {
                let (column, table) = relation(kind, *related)?;
                format!("{column} IN ({})", sql.ints(&self.ids_of_guids(table, guids)?))
            }
            PlatformFilter::Texts(field, texts) => one_of(kind, *field, texts, sql)?,
            PlatformFilter::Containing(texts) => {
                let mut tests = vec![FALSE.to_owned()];
                for text in texts {
                    let test =
                        TextTest { place: Place::Anywhere, case_blind: true, text: text.clone() };
                    tests.push(text_test("x.username", &test, sql));
                }
                tests.join(" OR ")
            }
            PlatformFilter::Times(field, seconds) => {
                format!("{} IN ({})", second(kind, *field), all_ints(seconds, sql))
            }
            PlatformFilter::Compared(field, comparison, seconds) => {
                let operator = match comparison {
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                format!("{} {operator} {}", second(kind, *field), sql.int(*seconds))
            }
        })
    }

    fn ids_of_guids(&self, table: &str, guids: &[Guid]) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        for chunk in guids.chunks(GUIDS_AT_ONCE) {
            let mut values: Vec<Value<'_>> = chunk.iter().map(Value::from).collect();
            let last = values.last().copied().unwrap_or(Value::Null);
            values.resize(chunk.len().next_power_of_two(), last);
            let list: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
            let sql = format!("SELECT id FROM {table} WHERE guid IN ({})", list.join(", "));
            found.extend(self.session().rows(&sql, &values, |row| row.at::<i64>(0))?);
        }
        Ok(found)
    }

    /// The grants of these ids.
    pub(crate) fn role_grants_by_id(&self, ids: &[i64]) -> Result<Vec<RoleGrantRow>> {
        self.by_ids("id, guid, role_id, user_id, valid_from", "grants", ids, role_grant)
    }

    /// The grant of a role of the platform to a user by name, whoever may see it.
    pub(crate) fn role_grant_row(&self, guid: &Guid) -> Result<Option<RoleGrantRow>> {
        let mut sql = Sql::default();
        let fixed = self.fixed(Kind::Grant, &mut sql).unwrap_or_default();
        let statement = format!(
            "SELECT x.id, x.guid, x.role_id, x.user_id, x.valid_from FROM grants x WHERE {fixed} AND x.guid = ${}",
            sql.values().len() + 1
        );
        let mut values = sql.values();
        values.push(guid.into());
        self.session().row(&statement, &values, role_grant)
    }

    /// The roles of the platform that a user holds by name on organizations and spaces.
    pub(crate) fn platform_roles_of(&self, user_id: i64) -> Result<Vec<RoleOn>> {
        let grants = self.grants_to_user(user_id)?;
        let on_platform = |kind| matches!(kind, ResourceKind::Organization | ResourceKind::Space);
        Ok(grants
            .into_iter()
            .filter(|grant| !grant.by_position && on_platform(grant.role.role.kind()))
            .filter(|grant| grant.dialect == strongroom_core::access::Dialect::CloudFoundry)
            .map(|grant| grant.role)
            .collect())
    }
}

fn role_grant(row: &Row<'_>) -> Result<RoleGrantRow> {
    Ok(RoleGrantRow {
        id: row.at(0)?,
        guid: row.at(1)?,
        role_id: row.at(2)?,
        user_id: row.at(3)?,
        since: row.at(4)?,
    })
}

fn one_of(kind: Kind, field: TextField, texts: &[String], sql: &mut Sql) -> Result<String> {
    let column = match (field, kind) {
        (TextField::Name, Kind::Organization | Kind::Space | Kind::App | Kind::User) => {
            "x.folded_name"
        }
        (TextField::Scope, Kind::Placement) => "x.scope",
        (TextField::Location, Kind::Placement) => "x.location",
        (TextField::Role, Kind::Grant) => "(SELECT r.name FROM roles r WHERE r.id = x.role_id)",
        _ => return Err(Error::internal("no such field of this kind of object")),
    };
    if texts.is_empty() {
        return Ok(FALSE.to_owned());
    }
    let mut values: Vec<String> = match field {
        TextField::Name => texts.iter().map(|text| fold(text)).collect(),
        _ => texts.to_vec(),
    };
    values.resize(texts.len().next_power_of_two(), values.last().cloned().unwrap_or_default());
    let list: Vec<String> = values.iter().map(|value| sql.text(value)).collect();
    Ok(format!("{column} IN ({})", list.join(", ")))
}

/// Every value, unlike ids also 0 and less; none matches nothing.
fn all_ints(values: &[i64], sql: &mut Sql) -> String {
    let Some(last) = values.last() else { return "NULL".to_owned() };
    let mut padded = values.to_vec();
    padded.resize(values.len().next_power_of_two(), *last);
    let list: Vec<String> =
        padded.into_iter().map(|value| sql.operand(&Operand::Int(value))).collect();
    list.join(", ")
}

/// The column that names the related object, and that object's table.
fn relation(kind: Kind, related: Related) -> Result<(&'static str, &'static str)> {
    Ok(match (related, kind) {
        (Related::Organization, Kind::Placement | Kind::Space) => {
            ("x.organization_id", "organizations")
        }
        (Related::Organization, Kind::App) => {
            ("(SELECT s.organization_id FROM spaces s WHERE s.id = x.space_id)", "organizations")
        }
        (Related::Organization, Kind::Grant) => {
            ("CASE WHEN x.resource_kind = 'organization' THEN x.resource_id END", "organizations")
        }
        (Related::Space, Kind::Placement | Kind::App) => ("x.space_id", "spaces"),
        (Related::Space, Kind::Grant) => {
            ("CASE WHEN x.resource_kind = 'space' THEN x.resource_id END", "spaces")
        }
        (Related::Organization, Kind::Package) => (
            "(SELECT s.organization_id FROM spaces s JOIN apps a ON a.space_id = s.id WHERE a.id = x.app_id)",
            "organizations",
        ),
        (Related::Space, Kind::Package) => {
            ("(SELECT a.space_id FROM apps a WHERE a.id = x.app_id)", "spaces")
        }
        (Related::App, Kind::Placement | Kind::Package) => ("x.app_id", "apps"),
        (Related::User, Kind::Grant) => ("x.user_id", "users"),
        _ => return Err(Error::internal("no such relation of this kind of object")),
    })
}

fn table(kind: Kind) -> Result<&'static str> {
    Ok(match kind {
        Kind::Placement => "placements",
        Kind::Organization => "organizations",
        Kind::Space => "spaces",
        Kind::App => "apps",
        Kind::Package => "packages",
        Kind::Grant => "grants",
        Kind::User => "users",
        _ => return Err(Error::internal("no list of this kind of object")),
    })
}

fn time(kind: Kind, field: TimeField) -> &'static str {
    match (kind, field) {
        (Kind::Grant, _) => "x.valid_from",
        (_, TimeField::Created) => "x.created",
        (Kind::User, TimeField::Updated) => "COALESCE(x.modified, x.created)",
        (_, TimeField::Updated) => "x.modified",
    }
}

/// The whole second of a time, by which the platform compares.
fn second(kind: Kind, field: TimeField) -> String {
    format!("({} / 1000000)", time(kind, field))
}

/// Ties are broken by the order in which the objects were made.
fn order_by(kind: Kind, order: Option<Order>) -> String {
    let (column, descending) = match order {
        Some(Order::Time(field, descending)) => (time(kind, field), descending),
        Some(Order::Name(descending)) => ("x.name", descending),
        Some(Order::State(descending)) => ("x.state", descending),
        None => return "x.id".to_owned(),
    };
    format!("{column} {}, x.id", if descending { "DESC" } else { "ASC" })
}

/// Values in one statement, below the parameter limits of both databases.
const GUIDS_AT_ONCE: usize = 256;
