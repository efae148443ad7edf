//! Robots: the placements of minted registry credentials, with what each may do and the hash it logs in by.

use serde_json::{Value as Json, json};

use super::registry::removal;
use super::row::{Row, Value};
use super::tx::{Permit, ReadTx, WriteTx, proof};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Ref};
use strongroom_core::record::Registry;
use strongroom_core::robot::{Access, Action};
use strongroom_core::{Error, Result};

/// A robot as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RobotRow {
    pub(crate) placement_id: i64,
    pub(crate) credential_id: i64,
    pub(crate) guid: Guid,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) access: Vec<Access>,
    pub(crate) created: Timestamp,
    pub(crate) created_by: Option<i64>,
    pub(crate) expires: Timestamp,
    pub(crate) removed: Option<(Timestamp, Option<i64>)>,
    pub(crate) last_used: Option<Timestamp>,
    pub(crate) rotated: Option<Timestamp>,
    pub(crate) successor: Option<Guid>,
    pub(crate) predecessor: Option<Guid>,
}

/// What decides whether a robot logs in, and to what.
#[derive(Debug, Clone)]
pub(crate) struct RobotLogin {
    pub(crate) placement_id: i64,
    pub(crate) credential_id: i64,
    pub(crate) name: String,
    /// Absent once it was removed.
    pub(crate) hash: Option<Vec<u8>>,
    pub(crate) access: Vec<Access>,
    pub(crate) expires: Timestamp,
    /// The robot or its registry was removed.
    pub(crate) is_removed: bool,
    /// The name of the registry's token service.
    pub(crate) service: String,
    pub(crate) organization_id: i64,
    pub(crate) last_used: Option<Timestamp>,
}

/// Robots that end soon, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// All.
    pub(crate) all: i64,
    /// Those that were not told of yet.
    pub(crate) untold: i64,
}

impl ReadTx<'_> {
    /// The robot of a user name, if there ever was one. For a name that none has the next one is read too, so that
    /// looking for it takes as long.
    pub(crate) fn robot_login(&self, name: &str) -> Result<Option<RobotLogin>> {
        let sql = "SELECT p.id, p.credential_id, p.name, r.hash, r.access, p.expires, p.removed, g.removed, \
                   g.service, g.organization_id, r.last_used FROM placements p \
                   JOIN robots r ON r.credential_id = p.credential_id JOIN registries g ON g.id = p.registry_id \
                   WHERE p.dialect = 'app_catalog' AND p.name >= $1 ORDER BY p.name LIMIT 1";
        let found = self.session().row(sql, &[name.into()], login)?;
        Ok(found.filter(|login| login.name == name))
    }

    /// A robot of a registry, if it has one of that identity.
    pub(super) fn robot_row(&self, registry_id: i64, reference: &Ref) -> Result<Option<RobotRow>> {
        let (column, value) = super::directory::by_ref(reference);
        let sql =
            format!("SELECT {ROBOT} FROM {TABLES} WHERE p.{column} = $1 AND p.registry_id = $2");
        self.session().row(&sql, &[value, registry_id.into()], robot)
    }

    /// Robots of a registry in the order they were minted, and how many there are in all.
    pub(crate) fn robots_of(
        &self,
        registry_id: i64,
        removed: Option<bool>,
        (limit, offset): (i64, i64),
    ) -> Result<(Vec<RobotRow>, i64)> {
        let condition =
            removed.map_or(String::new(), |removed| format!(" AND p.{}", removal(removed)));
        let count = format!("SELECT COUNT(*) FROM {TABLES} WHERE p.registry_id = $1{condition}");
        let total = self.session().one(&count, &[registry_id.into()], |row| row.at(0))?;
        let sql = format!(
            "SELECT {ROBOT} FROM {TABLES} WHERE p.registry_id = $1{condition} ORDER BY p.created, p.id \
             LIMIT $2 OFFSET $3"
        );
        let values = [registry_id.into(), limit.into(), offset.into()];
        Ok((self.session().rows(&sql, &values, robot)?, total))
    }

    /// How many robots of a registry are live now. One whose place was just taken does not count beside the one that
    /// took it, so that a registry with as many as it allows can be rotated.
    pub(crate) fn live_robots(&self, registry_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM placements p WHERE p.registry_id = $1 AND p.removed IS NULL AND p.expires > $2 \
                   AND NOT EXISTS (SELECT 1 FROM robots r JOIN placements s ON s.credential_id = r.successor_id \
                   JOIN robots n ON n.credential_id = r.successor_id WHERE r.credential_id = p.credential_id \
                   AND s.removed IS NULL AND s.expires > $2 AND n.successor_id IS NULL)";
        self.session().one(sql, &[registry_id.into(), self.now().into()], |row| row.at(0))
    }

    /// Robots that end until then and have no successor, in the order they were minted, with their registries.
    pub(crate) fn ending_robots(
        &self,
        until: Timestamp,
        organizations: Option<&[i64]>,
        (limit, after): (i64, i64),
    ) -> Result<Vec<(Registry, RobotRow)>> {
        let mut values: Vec<Value<'_>> =
            vec![self.now().into(), until.into(), after.into(), limit.into()];
        let within = match organizations {
            None => String::new(),
            Some(ids) => {
                let list: Vec<String> = ids
                    .iter()
                    .map(|id| {
                        values.push((*id).into());
                        format!("${}", values.len())
                    })
                    .collect();
                match list.is_empty() {
                    true => return Ok(Vec::new()),
                    false => format!(" AND p.organization_id IN ({})", list.join(", ")),
                }
            }
        };
        let condition = format!("{ENDING} AND p.id > $3{within} ORDER BY p.id LIMIT $4");
        self.with_registries(&condition, &values)
    }

    /// Robots that end until then, have no successor and were not told of.
    pub(crate) fn untold_ending_robots(
        &self,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<(Registry, RobotRow)>> {
        let condition = format!("{ENDING} AND r.warned IS NULL ORDER BY p.id LIMIT $3");
        self.with_registries(&condition, &[self.now().into(), until.into(), limit.into()])
    }

    /// How many robots end until then and have no successor.
    pub(crate) fn count_ending_robots(&self, until: Timestamp) -> Result<Ending> {
        let sql = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN r.warned IS NULL THEN 1 END) FROM {TABLES} WHERE {ENDING}"
        );
        let values = [self.now().into(), until.into()];
        self.session().one(&sql, &values, |row| Ok(Ending { all: row.at(0)?, untold: row.at(1)? }))
    }

    fn with_registries(
        &self,
        condition: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<(Registry, RobotRow)>> {
        let sql = format!("SELECT {ROBOT}, p.registry_id FROM {TABLES} WHERE {condition}");
        let rows = self
            .session()
            .rows(&sql, values, |row| Ok((robot(row)?, row.at::<Option<i64>>(ROBOT_COLUMNS)?)))?;
        let mut found = Vec::new();
        for (row, registry) in rows {
            let registry = registry.ok_or_else(|| Error::internal("a robot without a registry"))?;
            let registry = self.registry_row(&Ref::Serial(registry))?;
            found.push((
                registry.ok_or_else(|| Error::internal("a robot without a registry"))?,
                row,
            ));
        }
        Ok(found)
    }
}

impl<'tx> WriteTx<'tx> {
    /// Keeps what a new robot may do and the hash of its password.
    pub(crate) fn insert_robot(
        &mut self,
        credential_id: i64,
        hash: &[u8],
        access: &[Access],
    ) -> Result<()> {
        let access = document(access);
        self.session().execute(
            "INSERT INTO robots (credential_id, hash, access) VALUES ($1, $2, $3)",
            &[credential_id.into(), hash.into(), (&access).into()],
        )?;
        Ok(())
    }

    /// Writes when a robot last logged in, unless a later time stands there.
    pub(crate) fn note_robot_use(&mut self, credential_id: i64, at: Timestamp) -> Result<()> {
        let sql = "UPDATE robots SET last_used = $2 WHERE credential_id = $1 AND (last_used IS NULL OR last_used < $2)";
        self.session().execute(sql, &[credential_id.into(), at.into()])?;
        Ok(())
    }

    /// Notes that the end of a robot was told of.
    pub(crate) fn note_warning(&mut self, robot: &RobotRow) -> Result<()> {
        let now = self.now();
        let sql = "UPDATE robots SET warned = $2 WHERE credential_id = $1";
        self.session().execute(sql, &[robot.credential_id.into(), now.into()])?;
        Ok(())
    }

    /// Ends a robot when its successor has had its time beside it.
    pub(crate) fn hand_over(
        &mut self,
        permit: &Permit<'tx, proof::Delete>,
        old: &RobotRow,
        successor_id: i64,
        ends: Timestamp,
    ) -> Result<()> {
        if permit.id() != old.placement_id {
            return Err(Error::internal("a permit for another object"));
        }
        let now = self.now();
        let session = self.session();
        session.execute(
            "UPDATE robots SET successor_id = $2, rotated = $3 WHERE credential_id = $1",
            &[old.credential_id.into(), successor_id.into(), now.into()],
        )?;
        let sql = "UPDATE placements SET expires = $2, modified = $3 WHERE id = $1";
        session.execute(sql, &[old.placement_id.into(), ends.into(), now.into()])?;
        Ok(())
    }

    /// Removes a robot: its hash and versions are gone, its record stays.
    pub(crate) fn retire_robot(
        &mut self,
        permit: &Permit<'tx, proof::Delete>,
        robot: &RobotRow,
        by: Option<i64>,
    ) -> Result<()> {
        if permit.id() != robot.placement_id {
            return Err(Error::internal("a permit for another object"));
        }
        self.wipe_robot(robot, by)
    }

    /// Removes every robot of a registry that goes; those that were live.
    pub(crate) fn retire_robots(
        &mut self,
        permit: &Permit<'tx, proof::ManageRegistries>,
        by: Option<i64>,
    ) -> Result<Vec<RobotRow>> {
        let (robots, _) = self.robots_of(permit.id(), Some(false), (i64::MAX, 0))?;
        for robot in &robots {
            self.wipe_robot(robot, by)?;
        }
        Ok(robots)
    }

    fn wipe_robot(&mut self, robot: &RobotRow, by: Option<i64>) -> Result<()> {
        let (now, credential): (Value<'_>, Value<'_>) =
            (self.now().into(), robot.credential_id.into());
        let session = self.session();
        session.execute("UPDATE robots SET hash = NULL WHERE credential_id = $1", &[credential])?;
        session
            .execute("DELETE FROM credential_versions WHERE credential_id = $1", &[credential])?;
        session.execute(
            "UPDATE credentials SET secrets = '{}', modified = $2, modified_by = $3, revision = revision + 1 WHERE id = $1",
            &[credential, now, by.into()],
        )?;
        session.execute(
            "UPDATE placements SET removed = $2, removed_by = $3, modified = $2, modified_by = $3 WHERE id = $1",
            &[robot.placement_id.into(), now, by.into()],
        )?;
        self.mark_revoking();
        Ok(())
    }
}

fn login(row: &Row<'_>) -> Result<RobotLogin> {
    let (expires, service): (Option<Timestamp>, Option<String>) = (row.at(5)?, row.at(8)?);
    let removed: [Option<Timestamp>; 2] = [row.at(6)?, row.at(7)?];
    Ok(RobotLogin {
        placement_id: row.at(0)?,
        credential_id: row.at(1)?,
        name: row.at(2)?,
        hash: row.at(3)?,
        access: access(&row.at(4)?)?,
        expires: expires.ok_or_else(|| Error::internal("a robot that never ends"))?,
        is_removed: removed.iter().any(Option::is_some),
        service: service.ok_or_else(|| Error::internal("a hosted registry without a service"))?,
        organization_id: row.at(9)?,
        last_used: row.at(10)?,
    })
}

fn robot(row: &Row<'_>) -> Result<RobotRow> {
    let expires: Option<Timestamp> = row.at(8)?;
    let removed: Option<Timestamp> = row.at(9)?;
    let removed_by: Option<i64> = row.at(10)?;
    Ok(RobotRow {
        placement_id: row.at(0)?,
        credential_id: row.at(1)?,
        guid: row.at(2)?,
        name: row.at(3)?,
        description: row.at(4)?,
        access: access(&row.at(5)?)?,
        created: row.at(6)?,
        created_by: row.at(7)?,
        expires: expires.ok_or_else(|| Error::internal("a robot that never ends"))?,
        removed: removed.map(|at| (at, removed_by)),
        last_used: row.at(11)?,
        rotated: row.at(12)?,
        successor: row.at(13)?,
        predecessor: row.at(14)?,
    })
}

/// What a robot may do as the document that the store keeps.
fn document(access: &[Access]) -> String {
    let words = |actions: &[Action]| actions.iter().map(|action| action.word()).collect::<Vec<_>>();
    let one = |access: &Access| json!({"repositories": access.repositories.as_str(), "actions": words(&access.actions)});
    Json::from(access.iter().map(one).collect::<Vec<_>>()).to_string()
}

fn access(document: &Json) -> Result<Vec<Access>> {
    let broken = || Error::internal("what a robot may do cannot be read");
    let one = |item: &Json| {
        let repositories = item["repositories"].as_str()?.parse().ok()?;
        let actions = item["actions"].as_array()?.iter();
        let actions = actions.map(|word| word.as_str().and_then(Action::from_word));
        Some(Access { repositories, actions: actions.collect::<Option<_>>()? })
    };
    let items = document.as_array().ok_or_else(broken)?;
    items.iter().map(one).collect::<Option<_>>().ok_or_else(broken)
}

const ROBOT: &str = "p.id, p.credential_id, p.guid, p.name, c.description, r.access, p.created, p.created_by, \
    p.expires, p.removed, p.removed_by, r.last_used, r.rotated, s.guid, o.guid";
/// How many columns these are.
const ROBOT_COLUMNS: usize = 15;
const TABLES: &str = "placements p JOIN credentials c ON c.id = p.credential_id \
    JOIN robots r ON r.credential_id = p.credential_id LEFT JOIN credentials s ON s.id = r.successor_id \
    LEFT JOIN robots q ON q.successor_id = p.credential_id LEFT JOIN credentials o ON o.id = q.credential_id";
/// A live robot that ends between $1 and $2 and that nothing takes the place of.
const ENDING: &str = "p.dialect = 'app_catalog' AND p.removed IS NULL AND p.expires > $1 AND p.expires <= $2 \
    AND r.successor_id IS NULL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_robot_may_do_is_kept_as_it_was_given() {
        let kept = vec![
            Access::pull_everything(),
            Access {
                repositories: "team/*".parse().unwrap(),
                actions: vec![Action::Pull, Action::Push, Action::Delete],
            },
        ];
        let text = document(&kept);
        assert_eq!(access(&serde_json::from_str(&text).unwrap()).unwrap(), kept);
        assert!(access(&json!([{"repositories": "A", "actions": []}])).is_err());
        assert!(access(&json!({})).is_err());
    }
}
