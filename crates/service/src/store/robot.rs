//! Robots: the placements of minted registry credentials, with what each may do and the hash it logs in by.

use serde_json::{Value as Json, json};

use super::registry::removal;
use super::row::{Row, Value};
use super::tx::{Permit, ReadTx, WriteTx, proof};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Ref};
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
}

impl ReadTx<'_> {
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

    /// How many robots of a registry are live now.
    pub(crate) fn live_robots(&self, registry_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM placements WHERE registry_id = $1 AND removed IS NULL AND expires > $2";
        self.session().one(sql, &[registry_id.into(), self.now().into()], |row| row.at(0))
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
    p.expires, p.removed, p.removed_by";
const TABLES: &str = "placements p JOIN credentials c ON c.id = p.credential_id \
    JOIN robots r ON r.credential_id = p.credential_id";

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
