//! Lists: what the caller may read, filtered, ordered and cut into pages inside the query.
//!
//! Every column that a filter or an order can name stands in one table here; a value only ever travels as
//! a bound parameter.

mod column;
mod filter;

use super::row::Value;
use super::tx::ReadTx;
use crate::actor::Actor;
use crate::list::{Field, ListRequest, Operand, Order, Paging, Relation};
use column::{column, table, table_of_resource};
pub(in crate::store) use filter::text_test;
use strongroom_core::access::{Permission, ResourceKind, Role, Standing};
use strongroom_core::clock::Timestamp;
use strongroom_core::consumer::ConsumerKind;
use strongroom_core::error::Rule;
use strongroom_core::id::Kind;
use strongroom_core::record::{TokenKind, User};
use strongroom_core::{Error, Result};

/// The ids of a page, in order, and how many rows match in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) ids: Vec<i64>,
    pub(crate) total: Option<i64>,
}

/// A condition that every row of a list must meet besides the caller's right to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Credentials of an organization, teams of an organization.
    OfOrganization(i64),
    /// Credentials of a type.
    OfType(i64),
    /// Credentials on which the user holds a role by name or through his teams' roles.
    ReachedByUser(i64),
    /// Credentials on which the holders of one of a team's roles hold a role.
    ReachedByTeam(i64),
    /// Credentials attached to a job template, which shows all of them to its readers.
    AttachedTo(i64),
    /// The Galaxy credentials of an organization.
    GalaxyOf(i64),
    /// Input sources of a credential.
    OfTarget(i64),
    /// Users who hold a role by name.
    HoldersOf(i64),
    /// Organizations or teams on which a user holds a role of that word by name.
    HeldByUser(i64, Role),
    /// Users: this one.
    IsUser(i64),
    /// Users: system administrators.
    Superusers,
    /// Users: system auditors.
    SystemAuditors,
    /// Roles that a user holds by name.
    RolesOfUser {
        /// The user.
        user_id: i64,
        /// He is a system administrator.
        administrator: bool,
        /// He is a system auditor.
        auditor: bool,
    },
    /// Roles that the holders of a role hold.
    RolesOfGroup(i64),
    /// Credentials that were there at this time and nobody used or referred to since.
    UnusedSince(Timestamp),
    /// Credentials with a placement that ends before this time and was not removed.
    ExpiringBefore(Timestamp),
    /// Tokens of a user.
    OfUser(i64),
    /// Tokens that an application was given.
    OfApplication(i64),
    /// Tokens that some application was given.
    WithApplication,
    /// Tokens that no application was given.
    WithoutApplication,
    /// Tokens of a kind.
    OfTokenKind(TokenKind),
    /// Audit entries that touch an object.
    Touching(Kind, i64),
    /// Audit entries of changes that were carried out, which is what an activity stream shows.
    Done,
}

/// A list before it becomes SQL.
pub(crate) struct ListQuery<'a> {
    pub(crate) kind: Kind,
    pub(crate) request: &'a ListRequest,
    pub(crate) conditions: &'a [Condition],
    /// The order when the request names none, and after what it names.
    pub(crate) default_order: &'a [Order],
}

impl ReadTx<'_> {
    /// The page of what the actor may read.
    pub(crate) fn list(&self, actor: &Actor, query: &ListQuery<'_>) -> Result<Listed> {
        let standing = self.standing(actor)?;
        if let Some(page) = self.ranked_page(&standing, query)? {
            return Ok(page);
        }
        self.in_list_time(|| self.sought(&standing, query))
    }

    /// The page, looked for in the table.
    fn sought(&self, standing: &Standing, query: &ListQuery<'_>) -> Result<Listed> {
        let mut sql = Sql::default();
        let table = table(query.kind)?;
        let shows_all = |condition: &Condition| matches!(condition, Condition::AttachedTo(_));
        let visible = match query.conditions.contains(&Condition::Done) {
            true => self.visible_activity(standing, &mut sql),
            false if query.conditions.iter().any(shows_all) => TRUE.to_owned(),
            false => self.visible(standing, query.kind, "x", &mut sql),
        };
        let mut wheres = vec![visible];
        for condition in query.conditions {
            wheres.push(self.condition(*condition, query.kind, &mut sql)?);
        }
        wheres.extend(self.filters(standing, query.kind, &query.request.filters, &mut sql)?);
        let all = wheres.iter().map(|w| format!("({w})")).collect::<Vec<_>>().join(" AND ");
        let from = format!("FROM {table} x WHERE {all}");
        let total = match query.request.count {
            true => {
                let count = format!("SELECT COUNT(*) {from}");
                Some(self.session().one(&count, &sql.values(), |row| row.at(0))?)
            }
            false => None,
        };
        let (order, page) = match query.request.paging {
            Paging::Offset { limit, offset } => {
                let order = self.order_by(standing, query, &mut sql)?;
                (order, format!("LIMIT {} OFFSET {}", sql.int(limit), sql.int(offset)))
            }
            Paging::After { limit, after } => {
                let statement = format!(
                    "SELECT x.id {from} AND x.id > {} ORDER BY x.id LIMIT {}",
                    sql.int(after),
                    sql.int(limit)
                );
                let ids = self.session().rows(&statement, &sql.values(), |row| row.at(0))?;
                return Ok(Listed { ids, total });
            }
        };
        let statement = format!("SELECT x.id {from} ORDER BY {order} {page}");
        let ids = self.session().rows(&statement, &sql.values(), |row| row.at(0))?;
        Ok(Listed { ids, total })
    }

    /// The grants `g` that are valid now and that somebody with this standing holds.
    pub(super) fn reached(&self, standing: &Standing, sql: &mut Sql) -> String {
        let (now, user) = (sql.int(self.now().as_micros()), sql.int(standing.user_id));
        let groups = sql.ints(&standing.held_role_ids());
        reached(&now, &user, &groups)
    }

    /// Of these input sources, those that somebody with this standing may see.
    pub(super) fn input_sources_seen(&self, standing: &Standing, ids: &[i64]) -> Result<Vec<i64>> {
        let mut sql = Sql::default();
        let visible = self.visible(standing, Kind::InputSource, "x", &mut sql);
        let ids = sql.ints(ids);
        let statement = format!(
            "SELECT x.id FROM credential_input_sources x WHERE x.id IN ({ids}) AND ({visible})"
        );
        self.session().rows(&statement, &sql.values(), |row| row.at(0))
    }

    /// Whether a user is among those whom the actor may see.
    pub(super) fn sees_user(&self, actor: &Actor, user: &User) -> Result<bool> {
        let standing = self.standing(actor)?;
        let mut sql = Sql::default();
        let visible = self.visible(&standing, Kind::User, "x", &mut sql);
        let id = sql.int(user.identity.id);
        let statement = format!("SELECT x.id FROM users x WHERE x.id = {id} AND ({visible})");
        Ok(self.session().row(&statement, &sql.values(), |row| row.at::<i64>(0))?.is_some())
    }

    /// What somebody with this standing may read of a kind of object, whose table goes by the name `x`.
    pub(super) fn visible(
        &self,
        standing: &Standing,
        kind: Kind,
        x: &str,
        sql: &mut Sql,
    ) -> String {
        if kind == Kind::Role {
            return self.visible_roles(standing, x, sql);
        }
        if standing.reads_everything() && kind != Kind::Token {
            return TRUE.to_owned();
        }
        let now = self.now().as_micros();
        match kind {
            Kind::Credential => {
                let (now, user) = (sql.int(now), sql.int(standing.user_id));
                let groups = sql.ints(&standing.held_role_ids());
                format!("{x}.id IN ({})", credentials_reached(&now, &user, &groups))
            }
            Kind::Organization => {
                format!("{x}.id IN ({})", sql.ints(&standing.held_ids(ResourceKind::Organization)))
            }
            Kind::Team | Kind::User if standing.sees_all_people() => TRUE.to_owned(),
            Kind::Team => {
                format!("{x}.id IN ({})", sql.ints(&standing.held_ids(ResourceKind::Team)))
            }
            Kind::User => {
                let (now, user) = (sql.int(now), sql.int(standing.user_id));
                let organizations = sql.ints(&standing.held_ids(ResourceKind::Organization));
                format!(
                    "{x}.id = {user} OR {x}.is_superuser OR {x}.id IN (SELECT g.user_id FROM grants g \
                     WHERE g.resource_kind = 'organization' AND g.resource_id IN ({organizations}) \
                     AND g.user_id IS NOT NULL AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            Kind::JobTemplate => {
                let (now, user) = (sql.int(now), sql.int(standing.user_id));
                let groups = sql.ints(&standing.held_role_ids());
                format!(
                    "{x}.id IN (SELECT g.resource_id FROM grants g WHERE g.resource_kind = 'job_template' \
                     AND {})",
                    reached(&now, &user, &groups)
                )
            }
            Kind::InputSource => {
                let (now, user) = (sql.int(now), sql.int(standing.user_id));
                let groups = sql.ints(&standing.held_role_ids());
                format!(
                    "{x}.target_credential_id IN ({})",
                    credentials_reached(&now, &user, &groups)
                )
            }
            Kind::CredentialType => TRUE.to_owned(),
            Kind::Token if standing.is_superuser => TRUE.to_owned(),
            Kind::Token => {
                let user = sql.int(standing.user_id);
                let mut seen = organizations_with(standing, Role::OrganizationAdmin);
                seen.extend(organizations_with(standing, Role::OrganizationAuditor));
                let administered = sql.ints(&seen);
                format!(
                    "{x}.user_id = {user} OR {x}.application_id IN (SELECT a.id FROM applications a \
                     WHERE a.organization_id IN ({administered}))"
                )
            }
            Kind::Application => {
                let of = sql.ints(&organizations_with(standing, Role::OrganizationMember));
                format!("{x}.organization_id IN ({of})")
            }
            Kind::AuditEntry => {
                let audited = sql.ints(&audited_organizations(standing));
                format!("{x}.organization_id IN ({audited})")
            }
            _ => FALSE.to_owned(),
        }
    }

    /// The changes that somebody may learn of: his own, those of himself, and those of what he can read.
    ///
    /// The log itself is for auditors: it also tells what was refused, and of what. An input source is read by whoever
    /// reads its target, which its entries name before its source.
    fn visible_activity(&self, standing: &Standing, sql: &mut Sql) -> String {
        if standing.reads_everything() {
            return TRUE.to_owned();
        }
        let audited = sql.ints(&audited_organizations(standing));
        let user = sql.int(standing.user_id);
        let credentials = self.visible(standing, Kind::Credential, "c", sql);
        let teams = sql.ints(&standing.held_ids(ResourceKind::Team));
        let templates = self.visible(standing, Kind::JobTemplate, "t", sql);
        format!(
            "x.organization_id IN ({audited}) OR x.actor_id = {user} \
             OR x.id IN (SELECT a.entry_id FROM audit_objects a WHERE (a.kind = 'user' AND a.id = {user}) \
             OR (a.kind = 'team' AND a.id IN ({teams})) \
             OR (a.kind = 'credential' AND a.id IN (SELECT c.id FROM credentials c WHERE {credentials}) \
             AND NOT (a.position = 2 AND EXISTS (SELECT 1 FROM audit_objects s WHERE s.entry_id = a.entry_id \
             AND s.position = 0 AND s.kind = 'input_source'))) \
             OR (a.kind = 'job_template' AND a.id IN (SELECT t.id FROM job_templates t WHERE {templates})))"
        )
    }

    /// The roles that AWX shows, on objects that may be read, and the two on the whole system.
    fn visible_roles(&self, standing: &Standing, x: &str, sql: &mut Sql) -> String {
        let shown =
            format!("{x}.removed IS NULL AND ({x}.name LIKE '%role' OR {x}.name LIKE 'system%')");
        if standing.reads_everything() {
            return shown;
        }
        let mut on = vec![format!("{x}.resource_kind = 'system'")];
        for (kind, word) in [
            (Kind::Organization, "organization"),
            (Kind::Team, "team"),
            (Kind::Credential, "credential"),
            (Kind::JobTemplate, "job_template"),
        ] {
            let table = match kind {
                Kind::Organization => "organizations",
                Kind::Team => "teams",
                Kind::JobTemplate => "job_templates",
                _ => "credentials",
            };
            let visible = self.visible(standing, kind, "o", sql);
            on.push(format!(
                "({x}.resource_kind = '{word}' AND {x}.resource_id IN (SELECT o.id FROM {table} o WHERE {visible}))"
            ));
        }
        format!("{shown} AND ({})", on.join(" OR "))
    }

    #[expect(clippy::too_many_lines, reason = "a table with one arm for each condition")]
    fn condition(&self, condition: Condition, kind: Kind, sql: &mut Sql) -> Result<String> {
        let now = self.now().as_micros();
        Ok(match condition {
            Condition::OfApplication(id) => format!("x.application_id = {}", sql.int(id)),
            Condition::WithApplication => "x.application_id IS NOT NULL".to_owned(),
            Condition::WithoutApplication => "x.application_id IS NULL".to_owned(),
            Condition::OfOrganization(id) => format!("x.organization_id = {}", sql.int(id)),
            Condition::OfType(id) => format!("x.credential_type_id = {}", sql.int(id)),
            Condition::UnusedSince(since) => unused_since(&sql.int(since.as_micros())),
            Condition::ExpiringBefore(end) => {
                let end = sql.int(end.as_micros());
                format!(
                    "x.id IN (SELECT p.credential_id FROM placements p WHERE p.expires < {end} \
                     AND p.removed IS NULL)"
                )
            }
            Condition::OfUser(id) => format!("x.user_id = {}", sql.int(id)),
            Condition::OfTokenKind(kind) => format!("x.kind = {}", sql.text(kind.word())),
            Condition::IsUser(id) => format!("x.id = {}", sql.int(id)),
            Condition::Superusers => "x.is_superuser".to_owned(),
            Condition::SystemAuditors => "x.is_system_auditor".to_owned(),
            Condition::RolesOfUser { user_id, administrator, auditor } => {
                let (now, user) = (sql.int(now), sql.int(user_id));
                let mut held = vec![format!(
                    "x.id IN (SELECT g.role_id FROM grants g WHERE g.user_id = {user} \
                     AND g.ended IS NULL AND g.valid_until > {now})"
                )];
                for (holds, role) in
                    [(administrator, Role::SystemAdministrator), (auditor, Role::SystemAuditor)]
                {
                    if holds {
                        held.push(format!(
                            "(x.resource_kind = 'system' AND x.name = '{}')",
                            role.word()
                        ));
                    }
                }
                held.join(" OR ")
            }
            Condition::RolesOfGroup(role_id) => {
                let (now, group) = (sql.int(now), sql.int(role_id));
                format!(
                    "x.id IN (SELECT g.role_id FROM grants g WHERE g.group_role_id = {group} \
                     AND NOT g.by_position AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            Condition::ReachedByUser(user_id) => {
                let standing = self.standing_of(user_id)?;
                if standing.reads_everything() {
                    return Ok(TRUE.to_owned());
                }
                let held = standing.held_role_ids();
                let (now, user, groups) = (sql.int(now), sql.int(user_id), sql.ints(&held));
                format!("x.id IN ({})", credentials_reached(&now, &user, &groups))
            }
            Condition::ReachedByTeam(team_id) => {
                let (now, team) = (sql.int(now), sql.int(team_id));
                format!(
                    "x.id IN (SELECT r.resource_id FROM grants g JOIN roles r ON r.id = g.role_id \
                     JOIN roles team ON team.id = g.group_role_id WHERE r.resource_kind = 'credential' \
                     AND r.name IN ('admin_role', 'use_role') AND team.resource_kind = 'team' \
                     AND team.resource_id = {team} AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            Condition::AttachedTo(template_id) => format!(
                "x.id IN (SELECT a.credential_id FROM job_template_credentials a WHERE a.job_template_id = {})",
                sql.int(template_id)
            ),
            Condition::GalaxyOf(organization_id) => format!(
                "x.id IN (SELECT a.credential_id FROM organization_galaxy_credentials a \
                 WHERE a.organization_id = {})",
                sql.int(organization_id)
            ),
            Condition::OfTarget(id) => format!("x.target_credential_id = {}", sql.int(id)),
            Condition::HoldersOf(role_id) => {
                let (now, role) = (sql.int(now), sql.int(role_id));
                format!(
                    "x.id IN (SELECT g.user_id FROM grants g WHERE g.role_id = {role} AND g.user_id IS NOT NULL \
                     AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            Condition::HeldByUser(user_id, role) => {
                let (now, user) = (sql.int(now), sql.int(user_id));
                let (resource, word) = (role.kind().word(), role.word());
                if table(kind)? != table_of_resource(role.kind()) {
                    return Err(Error::internal("a role on another kind of object"));
                }
                format!(
                    "x.id IN (SELECT r.resource_id FROM grants g JOIN roles r ON r.id = g.role_id \
                     WHERE r.resource_kind = '{resource}' AND r.name = '{word}' AND g.user_id = {user} \
                     AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            Condition::Touching(kind, id) => {
                let (word, id) = (sql.text(kind.word()), sql.int(id));
                format!(
                    "x.id IN (SELECT a.entry_id FROM audit_objects a WHERE a.kind = {word} AND a.id = {id})"
                )
            }
            Condition::Done => {
                "x.outcome = 'done' AND x.action NOT IN ('log_in', 'log_out', 'read', 'release')"
                    .to_owned()
            }
        })
    }
}

/// The credentials on which a user, or a group whose roles he holds, has a role that is valid now.
///
/// A role on one of its placements counts: whoever sees it in another dialect reads it here.
fn credentials_reached(now: &str, user: &str, groups: &str) -> String {
    let reached = reached(now, user, groups);
    format!(
        "SELECT g.resource_id FROM grants g WHERE g.resource_kind = 'credential' AND {reached} \
         UNION SELECT p.credential_id FROM grants g JOIN placements p ON p.id = g.resource_id \
         WHERE g.resource_kind = 'placement' AND {reached}"
    )
}

/// The grants that are valid now, to a user or to a group whose roles he holds.
fn reached(now: &str, user: &str, groups: &str) -> String {
    format!(
        "(g.user_id = {user} OR g.group_role_id IN ({groups})) \
         AND g.ended IS NULL AND g.valid_until > {now}"
    )
}

/// The organizations in which somebody holds a role.
fn organizations_with(standing: &Standing, role: Role) -> Vec<i64> {
    let held = standing.holdings.iter().filter(|holding| holding.role == role);
    held.map(|holding| holding.resource_id).collect()
}

impl ReadTx<'_> {
    /// Nothing for whoever may read any entry of the audit log, else `Forbidden`.
    pub(crate) fn require_some_log(&self, actor: &Actor) -> Result<()> {
        let standing = self.standing(actor)?;
        let reads = standing.reads_everything() || !audited_organizations(&standing).is_empty();
        if reads && actor.may_read() { Ok(()) } else { Err(Error::forbidden()) }
    }
}

/// The organizations whose audit entries may be read.
fn audited_organizations(standing: &Standing) -> Vec<i64> {
    let audited = |role: Role| role.permits(Permission::ReadAudit);
    let held = standing.holdings.iter().filter(|holding| audited(holding.role));
    held.map(|holding| holding.resource_id).collect()
}

impl ReadTx<'_> {
    fn order_by(
        &self,
        standing: &Standing,
        query: &ListQuery<'_>,
        sql: &mut Sql,
    ) -> Result<String> {
        let mut parts = Vec::new();
        for order in query.request.order.iter().chain(query.default_order) {
            let relations: Vec<Relation> = order.path.relations().collect();
            let value = self.value(standing, query.kind, "x", &relations, order.field, sql)?;
            let direction = if order.descending { "DESC" } else { "ASC" };
            // The databases put null at different ends. Saying so costs an index, so it is said only where needed.
            let can_be_null = order.field.can_be_null() || !relations.is_empty();
            let nulls = match (can_be_null, order.descending) {
                (false, _) => "",
                (true, false) => " NULLS LAST",
                (true, true) => " NULLS FIRST",
            };
            parts.push(format!("{value} {direction}{nulls}"));
        }
        parts.push("x.id ASC".to_owned());
        Ok(parts.join(", "))
    }

    /// The value of a field of an object called `x`, or of the one that relations lead to from there; null where
    /// the caller may not know it.
    fn value(
        &self,
        standing: &Standing,
        kind: Kind,
        x: &str,
        relations: &[Relation],
        field: Field,
        sql: &mut Sql,
    ) -> Result<String> {
        let unknown = || Error::invalid("order_by", Rule::Required);
        let Some((relation, rest)) = relations.split_first() else {
            return column(kind, field, x).ok_or_else(unknown);
        };
        if relation.is_many() {
            return Err(unknown());
        }
        let (target, y) = (relation.target(), sql.alias());
        let mut wheres = vec![self.tie(kind, x, *relation, &y, sql)?];
        if !rest.is_empty() || !relation.shows(field) {
            wheres.push(self.visible(standing, target, &y, sql));
        }
        let value = self.value(standing, target, &y, rest, field, sql)?;
        Ok(format!(
            "(SELECT {value} FROM {} {y} WHERE ({}))",
            table(target)?,
            wheres.join(") AND (")
        ))
    }
}

/// A statement's parameters, in the order in which they were named.
#[derive(Default)]
pub(super) struct Sql {
    bound: Vec<Operand>,
    aliases: usize,
}

/// It can be removed, and was not; nothing refers to the credential now; nothing since then released its values, logged in with them, tied it to
/// something that uses it or untied it.
fn unused_since(since: &str) -> String {
    let consumers: Vec<String> =
        ConsumerKind::ALL.iter().map(|kind| format!("'{}'", kind.kind().word())).collect();
    let consumers = consumers.join(", ");
    format!(
        "x.created < {since} \
         AND (NOT x.managed OR x.id IN (SELECT b.credential_id FROM robots b WHERE b.hash IS NOT NULL)) \
         AND NOT EXISTS (SELECT 1 FROM credential_references r WHERE r.credential_id = x.id) \
         AND NOT EXISTS (SELECT 1 FROM robots b WHERE b.credential_id = x.id AND b.last_used >= {since}) \
         AND NOT EXISTS (SELECT 1 FROM audit_objects o JOIN audit_entries e ON e.id = o.entry_id \
         WHERE o.kind = 'credential' AND o.id = x.id AND e.at >= {since} AND e.outcome = 'done' \
         AND (e.action = 'release' OR EXISTS (SELECT 1 FROM audit_objects m WHERE m.entry_id = e.id \
         AND m.position = 0 AND m.kind IN ('reference', {consumers}))))"
    )
}

impl Sql {
    /// A name for a table that no other has in this statement.
    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("y{}", self.aliases)
    }

    pub(super) fn operand(&mut self, operand: &Operand) -> String {
        self.bound.push(operand.clone());
        format!("${}", self.bound.len())
    }

    pub(super) fn int(&mut self, value: i64) -> String {
        self.operand(&Operand::Int(value))
    }

    pub(super) fn text(&mut self, value: &str) -> String {
        self.operand(&Operand::Text(value.to_owned()))
    }

    /// A list for `IN`; an empty one matches nothing, as no id is 0.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let mut padded = values.to_vec();
        padded.resize(values.len().max(1).next_power_of_two(), values.last().copied().unwrap_or(0));
        padded.into_iter().map(|value| self.int(value)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn values(&self) -> Vec<Value<'_>> {
        self.bound
            .iter()
            .map(|operand| match operand {
                Operand::Int(value) => Value::Int(*value),
                Operand::Bool(value) => Value::Bool(*value),
                Operand::Text(value) => Value::Text(value),
            })
            .collect()
    }
}

pub(super) const TRUE: &str = "1 = 1";
pub(super) const FALSE: &str = "(1 = 0)";
