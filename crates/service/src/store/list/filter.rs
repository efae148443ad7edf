//! Filters as conditions of a statement.

use std::collections::BTreeMap;

use super::column::{column, table, table_of_resource};
use super::{FALSE, Sql, TRUE};
use crate::list::{Field, FieldType, Filter, Group, Pattern, Place, Relation, Test, TextTest};
use crate::store::tx::ReadTx;
use strongroom_core::access::{ResourceKind, Role, Standing};
use strongroom_core::error::Rule;
use strongroom_core::id::Kind;
use strongroom_core::{Error, Result};

/// What must hold of one object: conditions on its own fields, and on those that a relation ties to it.
#[derive(Default)]
struct Branch<'a> {
    conditions: Vec<&'a Filter>,
    related: Vec<(Relation, Branch<'a>)>,
}

impl<'a> Branch<'a> {
    fn add(&mut self, filter: &'a Filter) {
        let mut branch = self;
        for relation in filter.path.relations() {
            let known = branch.related.iter().position(|(known, _)| *known == relation);
            let index = known.unwrap_or_else(|| {
                branch.related.push((relation, Branch::default()));
                branch.related.len() - 1
            });
            branch = &mut branch.related[index].1;
        }
        branch.conditions.push(filter);
    }

    fn of(filter: &'a Filter) -> Self {
        let mut branch = Self::default();
        branch.add(filter);
        branch
    }
}

impl ReadTx<'_> {
    /// The conditions of the request: all plain ones hold, and at least one of the alternatives.
    pub(super) fn filters(
        &self,
        standing: &Standing,
        kind: Kind,
        filters: &[Filter],
        sql: &mut Sql,
    ) -> Result<Vec<String>> {
        let mut plain = Branch::default();
        let mut all = Vec::new();
        let mut any: BTreeMap<Option<usize>, Vec<String>> = BTreeMap::new();
        for filter in filters {
            if filter.group == Group::All && !filter.negated {
                plain.add(filter);
                continue;
            }
            let test = self.branch(standing, kind, "x", &Branch::of(filter), sql)?;
            let test = match filter.negated {
                true => format!("NOT COALESCE(({test}), {FALSE})"),
                false => format!("({test})"),
            };
            match filter.group {
                Group::All | Group::Alone => all.push(test),
                Group::Any => any.entry(None).or_default().push(test),
                Group::Term(number) => any.entry(Some(number)).or_default().push(test),
            }
        }
        all.push(self.branch(standing, kind, "x", &plain, sql)?);
        all.extend(any.into_values().map(|alternatives| alternatives.join(" OR ")));
        Ok(all)
    }

    /// What must hold of an object that goes by the name `x`.
    ///
    /// Of a related object that the caller may not read nothing holds, but for what is shown of it anyway.
    fn branch(
        &self,
        standing: &Standing,
        kind: Kind,
        x: &str,
        branch: &Branch<'_>,
        sql: &mut Sql,
    ) -> Result<String> {
        let mut all = vec![TRUE.to_owned()];
        for filter in &branch.conditions {
            all.push(format!("({})", self.test(standing, kind, x, filter, sql)?));
        }
        for (relation, branch) in &branch.related {
            let (target, y) = (relation.target(), sql.alias());
            let mut inner = vec![self.tie(kind, x, *relation, &y, sql)?];
            let is_shown = |filter: &&Filter| relation.shows(filter.field);
            if !branch.related.is_empty() || !branch.conditions.iter().all(is_shown) {
                inner.push(self.visible(standing, target, &y, sql));
            }
            inner.push(self.branch(standing, target, &y, branch, sql)?);
            all.push(format!(
                "EXISTS (SELECT 1 FROM {} {y} WHERE ({}))",
                table(target)?,
                inner.join(") AND (")
            ));
        }
        Ok(all.join(" AND "))
    }

    /// How an object of a kind, called `x`, and a related one, called `y`, are tied to each other.
    pub(super) fn tie(
        &self,
        kind: Kind,
        x: &str,
        relation: Relation,
        y: &str,
        sql: &mut Sql,
    ) -> Result<String> {
        use Kind::{
            Application, AuditEntry, Credential, CredentialType, InputSource, JobTemplate,
            Organization, Team, Token,
        };
        Ok(match (kind, relation) {
            (Credential | Team | JobTemplate | Application, Relation::Organization) => {
                format!("{y}.id = {x}.organization_id")
            }
            (Credential, Relation::CredentialType) => format!("{y}.id = {x}.credential_type_id"),
            (
                Credential | CredentialType | Organization | Team | JobTemplate | InputSource
                | Application,
                Relation::CreatedBy,
            ) => format!("{y}.id = {x}.created_by"),
            (
                Credential | CredentialType | Organization | Team | JobTemplate | InputSource
                | Application,
                Relation::ModifiedBy,
            ) => format!("{y}.id = {x}.modified_by"),
            (Token, Relation::User) => format!("{y}.id = {x}.user_id"),
            (Token, Relation::Application) => format!("{y}.id = {x}.application_id"),
            (AuditEntry, Relation::Actor) => format!("{y}.id = {x}.actor_id"),
            (
                Organization,
                Relation::Teams
                | Relation::Credentials
                | Relation::Applications
                | Relation::JobTemplates,
            ) => format!("{y}.organization_id = {x}.id"),
            (InputSource, Relation::Target) => format!("{y}.id = {x}.target_credential_id"),
            (InputSource, Relation::Source) => format!("{y}.id = {x}.source_credential_id"),
            (Credential, Relation::InputSources) => format!("{y}.target_credential_id = {x}.id"),
            (Credential, Relation::TargetInputSources) => {
                format!("{y}.source_credential_id = {x}.id")
            }
            (Credential, Relation::GalaxyOrganizations) => format!(
                "{y}.id IN (SELECT a.organization_id FROM organization_galaxy_credentials a \
                 WHERE a.credential_id = {x}.id)"
            ),
            (Credential, Relation::JobTemplates) => format!(
                "{y}.id IN (SELECT a.job_template_id FROM job_template_credentials a WHERE a.credential_id = {x}.id)"
            ),
            (JobTemplate, Relation::Credentials) => format!(
                "{y}.id IN (SELECT a.credential_id FROM job_template_credentials a WHERE a.job_template_id = {x}.id)"
            ),
            (CredentialType, Relation::Credentials) => format!("{y}.credential_type_id = {x}.id"),
            (Application, Relation::Tokens) => format!("{y}.application_id = {x}.id"),
            (Kind::User, Relation::Tokens) => {
                format!("{y}.user_id = {x}.id AND {y}.kind = 'awx'")
            }
            (_, Relation::Role(role)) if table(kind)? == table_of_resource(role.kind()) => format!(
                "{y}.resource_kind = '{}' AND {y}.resource_id = {x}.id AND {y}.name = '{}'",
                role.kind().word(),
                role.word()
            ),
            (Kind::Role, Relation::Members) => {
                let now = sql.int(self.now().as_micros());
                format!(
                    "{y}.id IN (SELECT g.user_id FROM grants g WHERE g.role_id = {x}.id \
                     AND g.user_id IS NOT NULL AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            (Kind::User, Relation::Roles) => {
                let now = sql.int(self.now().as_micros());
                format!(
                    "{y}.id IN (SELECT g.role_id FROM grants g WHERE g.user_id = {x}.id \
                     AND g.ended IS NULL AND g.valid_until > {now})"
                )
            }
            (AuditEntry, Relation::Touched(kind)) => {
                let word = sql.text(kind.word());
                format!(
                    "{y}.id IN (SELECT a.id FROM audit_objects a WHERE a.entry_id = {x}.id AND a.kind = {word})"
                )
            }
            _ => return Err(Error::invalid("filter", Rule::Required)),
        })
    }

    fn test(
        &self,
        standing: &Standing,
        kind: Kind,
        x: &str,
        filter: &Filter,
        sql: &mut Sql,
    ) -> Result<String> {
        let column = column(kind, filter.field, x)
            .ok_or_else(|| Error::invalid("filter", Rule::Required))?;
        let is_text = filter.field.field_type() == FieldType::Text;
        Ok(match &filter.test {
            Test::Equals(operand) => format!("{column} = {}", sql.operand(operand)),
            Test::OneOf(operands) if operands.is_empty() => FALSE.to_owned(),
            Test::OneOf(operands) => {
                let list: Vec<String> =
                    operands.iter().map(|operand| sql.operand(operand)).collect();
                format!("{column} IN ({})", list.join(", "))
            }
            Test::Ids(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let list = self.session().id_list(&sql.text(&ids.join(",")));
                format!("{column} IN ({list})")
            }
            Test::Less(operand) => format!("{column} < {}", sql.operand(operand)),
            Test::LessOrEqual(operand) => format!("{column} <= {}", sql.operand(operand)),
            Test::Greater(operand) => format!("{column} > {}", sql.operand(operand)),
            Test::GreaterOrEqual(operand) => format!("{column} >= {}", sql.operand(operand)),
            Test::IsNull(true) => format!("{column} IS NULL"),
            Test::IsNull(false) => format!("{column} IS NOT NULL"),
            Test::Text(test) if is_text => text_test(&column, test, sql),
            Test::Text(test) => text_test(&format!("CAST({column} AS TEXT)"), test, sql),
            Test::Matches(pattern) => {
                let ids = self.matching(kind, filter.field, pattern)?;
                let list = self.session().id_list(&sql.text(&ids));
                format!("{x}.id IN ({list})")
            }
            Test::Held(role) => self.held_on(standing, x, *role, sql),
        })
    }

    /// The ids of all objects of a kind whose field a pattern matches, as one text that
    /// [`super::session::Session::id_list`] reads.
    ///
    /// The databases have engines of their own, with other rules and without a bound on their time.
    fn matching(&self, kind: Kind, field: Field, pattern: &Pattern) -> Result<String> {
        let column =
            column(kind, field, "x").ok_or_else(|| Error::invalid("filter", Rule::Required))?;
        let statement = format!(
            "SELECT x.id, CAST({column} AS TEXT) FROM {} x WHERE {column} IS NOT NULL",
            table(kind)?
        );
        let mut ids = String::new();
        self.session().rows(&statement, &[], |row| {
            self.still_in_list_time()?;
            if pattern.matches(&row.at::<String>(1)?) {
                if !ids.is_empty() {
                    ids.push(',');
                }
                ids.push_str(&row.at::<i64>(0)?.to_string());
            }
            Ok(())
        })?;
        Ok(ids)
    }

    /// Whether somebody holds a role, or one that it comes with, on an object called `x`.
    fn held_on(&self, standing: &Standing, x: &str, role: Role, sql: &mut Sql) -> String {
        let reads = role.implies().is_empty();
        if standing.is_superuser || (reads && standing.is_system_auditor) {
            return TRUE.to_owned();
        }
        match role.kind() {
            ResourceKind::Organization | ResourceKind::Team => {
                let held = standing.holdings.iter().filter(|holding| holding.role == role);
                let ids: Vec<i64> = held.map(|holding| holding.resource_id).collect();
                format!("{x}.id IN ({})", sql.ints(&ids))
            }
            kind => {
                let now = sql.int(self.now().as_micros());
                let (user, groups) =
                    (sql.int(standing.user_id), sql.ints(&standing.held_role_ids()));
                let enough: Vec<String> = Role::on(kind)
                    .filter(|held| *held == role || held.implies().contains(&role))
                    .map(|held| sql.text(held.word()))
                    .collect();
                // What another dialect gave counts as reading here.
                let given_here = match reads {
                    true => "",
                    false => " AND g.dialect = 'awx'",
                };
                format!(
                    "{x}.id IN (SELECT g.resource_id FROM grants g JOIN roles r ON r.id = g.role_id \
                     WHERE g.resource_kind = '{}' AND r.name IN ({}) \
                     AND (g.user_id = {user} OR g.group_role_id IN ({groups})) \
                     AND g.ended IS NULL AND g.valid_until > {now}{given_here})",
                    kind.word(),
                    enough.join(", ")
                )
            }
        }
    }
}

/// The empty text is in every text. The length is a number of characters, so it can stand in the statement.
pub(in crate::store) fn text_test(column: &str, test: &TextTest, sql: &mut Sql) -> String {
    if test.text.is_empty() && test.place != Place::Whole {
        return format!("{column} IS NOT NULL");
    }
    let length = test.text.chars().count();
    // LOWER of a column changes ASCII only, on both databases; of a parameter PostgreSQL changes more.
    let (column, text) = match test.case_blind {
        true => (format!("LOWER({column})"), sql.text(&test.text.to_ascii_lowercase())),
        false => (column.to_owned(), sql.text(&test.text)),
    };
    match test.place {
        Place::Whole => format!("{column} = {text}"),
        Place::Anywhere => format!("REPLACE({column}, {text}, '') <> {column}"),
        Place::Start => format!("SUBSTR({column}, 1, {length}) = {text}"),
        Place::End => format!(
            "LENGTH({column}) >= {length} AND SUBSTR({column}, LENGTH({column}) - {length} + 1) = {text}"
        ),
    }
}
