//! Robots: minted for a hosted registry, read, rotated, removed. Their passwords exist only as hashes.

pub(crate) mod expiring;
mod rotate;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use strongroom_core::access::position::CREDENTIAL_OF_ORGANIZATION;
use strongroom_core::access::{Dialect, ResourceKind};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::credential_type::ROBOT_NAMESPACE;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, Rule, UseCount, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::{PlacementScope, Registry};
use strongroom_core::robot::{Access, DAY_SECONDS, MOST_DAYS, RobotRule, Status, USUAL_DAYS};
use strongroom_core::{Error, Result};
use strongroom_seal::{random, token};

use crate::actor::Actor;
use crate::audit::{gone, made};
use crate::credential::Deleted;
use crate::registry::touched;
use crate::store::{
    Audited, NewCredential, NewPlacement, Permit, ReadTx, RobotRow, WriteTx, proof,
};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

pub use expiring::EndingRobot;
pub use rotate::RotationDraft;

/// What a request asks of a robot.
#[derive(Debug, Clone, Default)]
pub struct RobotDraft {
    /// What it is for.
    pub description: Member<String>,
    /// What it may do, or what is wrong with it; to pull everything when absent.
    pub access: Option<std::result::Result<Vec<Access>, Vec<Violation>>>,
    /// When it ends; in 365 days when absent, at most 730 days ahead.
    pub expires: Member<Timestamp>,
}

/// A robot that was just minted. Its password is shown this once.
#[derive(Debug)]
pub struct MintedRobot {
    /// The registry.
    pub registry: Guid,
    /// The robot.
    pub guid: Guid,
    /// Its user name.
    pub username: String,
    /// Its password.
    pub password: SecretString,
}

/// A robot as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotView {
    /// The id of its placement.
    pub placement_id: i64,
    /// Its identity, the same as its credential's.
    pub guid: Guid,
    /// Its user name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub access: Vec<Access>,
    /// When it was minted.
    pub created: Timestamp,
    /// The user name of whoever minted it; absent when that was on the host.
    pub created_by: Option<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was removed.
    pub removed: Option<Timestamp>,
    /// The user name of whoever removed it.
    pub removed_by: Option<String>,
    /// How it stands with it now.
    pub status: Status,
    /// When it last logged in, to the minute.
    pub last_used: Option<Timestamp>,
    /// When it was rotated.
    pub rotated: Option<Timestamp>,
    /// The robot that takes its place.
    pub successor: Option<Guid>,
    /// The robot whose place it takes.
    pub predecessor: Option<Guid>,
}

impl Strongroom {
    /// Mints a robot for a hosted registry, for whoever administers the registries of its organization.
    pub async fn mint_robot(
        &self,
        actor: &Actor,
        registry: &Ref,
        draft: RobotDraft,
    ) -> Result<MintedRobot> {
        let (by, registry) = (actor.clone(), registry.clone());
        let new = NewRobot::draw()?;
        let (guid, password) = (new.identity.0, new.password.text.clone());
        let username = new.name.clone();
        let registry = self
            .write(actor, move |tx| {
                let (permit, registry) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
                let wanted = checked(tx, &registry, draft.clone()).map_err(|error| {
                    told_refused(tx, &by, Operation::Create, &registry, None, error)
                })?;
                let mut entry = insert(tx, &by, &registry, &new, &wanted)?;
                entry.reason = permit.reason().to_string();
                Ok(Audited::new(registry.identity.guid, entry))
            })
            .await?;
        Ok(MintedRobot { registry, guid, username, password })
    }

    /// A page of a registry's robots in the order they were minted, for whoever may read the registry;
    /// `removed` tells whether only those that were removed, or only the others.
    pub async fn list_robots(
        &self,
        actor: &Actor,
        registry: &Ref,
        removed: Option<bool>,
        (limit, offset): (i64, i64),
    ) -> Result<Page<RobotView>> {
        let (actor, registry) = (actor.clone(), registry.clone());
        self.read(move |tx| {
            let (permit, _) = tx.registry::<proof::ReadRegistries>(&actor, &registry)?;
            let (rows, total) = tx.robots_of(permit.id(), removed, (limit, offset))?;
            Ok(Page { items: views(tx, rows)?, total: Some(total) })
        })
        .await
    }

    /// One robot of a registry.
    pub async fn read_robot(
        &self,
        actor: &Actor,
        registry: &Ref,
        robot: &Ref,
    ) -> Result<RobotView> {
        let (actor, registry, robot) = (actor.clone(), registry.clone(), robot.clone());
        self.read(move |tx| {
            let (_, registry) = tx.registry::<proof::ReadRegistries>(&actor, &registry)?;
            let (_, row) = tx.robot::<proof::Read>(&actor, &registry, &robot)?;
            let views = views(tx, vec![row])?;
            views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
        })
        .await
    }

    /// Removes a robot: it opens nothing from now on and its hash is gone, its record stays.
    ///
    /// `NotFound` for one that was removed before. `force` removes one in use too, unless its organization protects
    /// used ones: `CredentialInUse`.
    pub async fn remove_robot(
        &self,
        actor: &Actor,
        registry: &Ref,
        robot: &Ref,
        force: bool,
    ) -> Result<Deleted> {
        let (by, registry, robot) = (actor.clone(), registry.clone(), robot.clone());
        self.write(actor, move |tx| {
            let (_, registry) = tx.registry::<proof::ReadRegistries>(&by, &registry)?;
            let (permit, row) = tx.robot::<proof::Delete>(&by, &registry, &robot)?;
            let refused = |error| {
                let row = Some(&row);
                told_refused(tx, &by, Operation::Delete, &registry, row, error)
            };
            if row.removed.is_some() {
                return Err(refused(Error::NotFound(Kind::Placement)));
            }
            let uses = uses(tx, &row)?;
            let is_protected = || tx.protects_used(Some(registry.organization_id));
            if !uses.is_empty() && (!force || is_protected()?) {
                return Err(refused(Error::Conflict(Conflict::CredentialInUse(uses))));
            }
            tx.retire_robot(&permit, &row, by.user_id())?;
            let mut entry = removal(tx, &by, &registry, &row);
            entry.reason = permit.reason().to_string();
            entry.changes.extend(uses.iter().map(used_by));
            Ok(Audited::new(Deleted { uses }, entry))
        })
        .await
    }
}

/// Removes every robot of a registry that goes, and tells of each.
pub(crate) fn retire_all<'tx>(
    tx: &mut WriteTx<'tx>,
    actor: &Actor,
    permit: &Permit<'tx, proof::ManageRegistries>,
    registry: &Registry,
) -> Result<Vec<Entry>> {
    let removed = tx.retire_robots(permit, actor.user_id())?;
    Ok(removed.iter().map(|row| removal(tx, actor, registry, row)).collect())
}

fn removal(tx: &ReadTx<'_>, actor: &Actor, registry: &Registry, row: &RobotRow) -> Entry {
    let mut entry = entry_of(tx, actor, Operation::Delete, registry, row);
    entry.changes = members(row).into_iter().map(|(member, value)| gone(member, value)).collect();
    entry
}

/// What is drawn for a robot before it is known whether it may be.
struct NewRobot {
    identity: (Guid, strongroom_core::id::ShortId),
    name: String,
    password: token::Token,
}

impl NewRobot {
    fn draw() -> Result<Self> {
        let unique = random::request_id().map_err(Error::internal)?;
        let unique = unique.get(..NAME_DIGITS).unwrap_or(&unique);
        Ok(Self {
            identity: draw_identity()?,
            name: format!("{NAME_PREFIX}{unique}"),
            password: token::Token::generate_plain().map_err(Error::internal)?,
        })
    }
}

/// What a robot is to be, every rule kept.
struct Wanted {
    description: String,
    access: Vec<Access>,
    expires: Timestamp,
}

fn checked(tx: &ReadTx<'_>, registry: &Registry, draft: RobotDraft) -> Result<Wanted> {
    if registry.removed.is_some() {
        return Err(Error::NotFound(Kind::Registry));
    }
    let mut faults: Vec<Violation> = Vec::new();
    if !registry.hosted {
        faults.push(Violation::new("registry_id", Rule::Robot(RobotRule::NotHosted)));
    }
    let description = draft.description.require("description", &mut faults);
    let access = match draft.access {
        None => vec![Access::pull_everything()],
        Some(Ok(access)) => access,
        Some(Err(wrong)) => {
            faults.extend(wrong);
            Vec::new()
        }
    };
    let now = tx.now();
    let within = |at: &Timestamp| lifetime_fault(now, *at);
    let expires = draft.expires.check(within).take("expires_at", &mut faults);
    faultless(faults)?;
    let limit = registry.credentials_limit;
    if limit <= tx.live_robots(registry.identity.id)? {
        return Err(Error::invalid("registry_id", Rule::Robot(RobotRule::LimitReached { limit })));
    }
    Ok(Wanted {
        description: description.unwrap_or_default(),
        access,
        expires: expires.unwrap_or_else(|| now.plus_seconds(USUAL_DAYS * DAY_SECONDS)),
    })
}

fn lifetime_fault(now: Timestamp, expires: Timestamp) -> Option<Rule> {
    if expires <= now {
        return Some(Rule::NotAFutureTime);
    }
    let too_long = now.plus_seconds(MOST_DAYS * DAY_SECONDS) < expires;
    too_long.then_some(Rule::Robot(RobotRule::LivesTooLong { days: MOST_DAYS }))
}

/// Writes credential, placement and robot, and tells of them in one entry.
fn insert(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    registry: &Registry,
    new: &NewRobot,
    wanted: &Wanted,
) -> Result<Entry> {
    let (guid, short_id) = new.identity;
    let organization = registry.organization_id;
    let type_id = tx.type_id_by_namespace(ROBOT_NAMESPACE)?;
    let credential_id = tx.insert_credential(&NewCredential {
        guid,
        short_id,
        name: &new.name,
        named: false,
        description: &wanted.description,
        organization_id: Some(organization),
        credential_type_id: type_id.ok_or_else(|| Error::internal("no type for robots"))?,
        managed: true,
        // Wherever it is minted, it is the Catalog's.
        born_in: Dialect::AppCatalog,
        inputs: &Map::from_iter([("username".to_owned(), json!(new.name))]),
        // It is set, but there is nothing sealed that could be opened.
        secrets: &BTreeMap::from([("password".to_owned(), 1)]),
        by: actor.user_id(),
    })?;
    let roles = tx.create_roles(ResourceKind::Credential, credential_id)?;
    tx.insert_positions(CREDENTIAL_OF_ORGANIZATION, &roles, organization, actor.user_id())?;
    tx.insert_placement(&NewPlacement {
        guid,
        short_id,
        credential_id,
        scope: PlacementScope::Registry { organization, registry: registry.identity.id },
        born_here: true,
        name: &new.name,
        location: None,
        is_sensitive: true,
        metadata: &Map::new(),
        expires: Some(wanted.expires),
        by: actor.user_id(),
    })?;
    tx.insert_robot(credential_id, &new.password.hash, &wanted.access)?;
    let (_, row) = tx.robot::<proof::Read>(actor, registry, &Ref::Guid(guid))?;
    let mut entry = entry_of(tx, actor, Operation::Create, registry, &row);
    entry.changes = members(&row).into_iter().map(|(member, value)| made(member, value)).collect();
    Ok(entry)
}

fn uses(tx: &ReadTx<'_>, robot: &RobotRow) -> Result<Vec<UseCount>> {
    let rows = tx.credential_rows(&[robot.credential_id])?;
    let mut uses = Vec::new();
    for row in rows {
        uses.extend(tx.effective_uses(&row.credential)?);
    }
    Ok(uses)
}

fn views(tx: &ReadTx<'_>, rows: Vec<RobotRow>) -> Result<Vec<RobotView>> {
    let remover = |row: &RobotRow| row.removed.and_then(|(_, by)| by);
    let names = tx.usernames_ever(rows.iter().flat_map(|row| [row.created_by, remover(row)]))?;
    let name = |id: Option<i64>| id.and_then(|id| names.get(&id)).cloned();
    let now = tx.now();
    let view = |row: RobotRow| RobotView {
        placement_id: row.placement_id,
        last_used: row.last_used,
        rotated: row.rotated,
        successor: row.successor,
        predecessor: row.predecessor,
        status: Status::at(now, row.expires, row.removed.is_some()),
        created_by: name(row.created_by),
        removed: row.removed.map(|(at, _)| at),
        removed_by: name(remover(&row)),
        guid: row.guid,
        name: row.name,
        description: row.description,
        access: row.access,
        created: row.created,
        expires: row.expires,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The same error, once the log will tell that a rule refused to mint, rotate or remove a robot.
fn told_refused(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    registry: &Registry,
    robot: Option<&RobotRow>,
    error: Error,
) -> Error {
    let mut entry = match robot {
        Some(robot) => entry_of(tx, actor, operation, registry, robot),
        None => actor.entry(tx.now(), operation, touched(registry)),
    };
    entry.organization_id = Some(registry.organization_id);
    tx.note_broken_rule(entry, &error);
    error
}

/// The entry of a change of a robot; its credential is the second object, its registry the third.
fn entry_of(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    registry: &Registry,
    robot: &RobotRow,
) -> Entry {
    let object = |kind, id| Touched { kind, id, name: robot.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object(Kind::Placement, robot.placement_id));
    entry.objects.push(object(Kind::Credential, robot.credential_id));
    entry.objects.push(touched(registry));
    entry.organization_id = Some(registry.organization_id);
    entry
}

/// The members of a robot that its entries tell.
fn members(robot: &RobotRow) -> Vec<(&'static str, Value)> {
    let access: Vec<String> = robot.access.iter().map(told).collect();
    vec![
        ("name", json!(robot.name)),
        ("description", json!(robot.description)),
        ("access", json!(access.join("; "))),
        ("expires", json!(robot.expires.as_micros())),
    ]
}

fn told(access: &Access) -> String {
    let actions: Vec<&str> = access.actions.iter().map(|action| action.word()).collect();
    format!("{}: {}", access.repositories, actions.join(", "))
}

fn used_by(count: &UseCount) -> Change {
    gone("used_by", json!({"kind": count.kind, "count": count.count}))
}

/// What the names of robots begin with, as the Catalog spells them.
const NAME_PREFIX: &str = "robot$";
/// Hexadecimal digits after it, drawn at random.
const NAME_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_passwords_are_drawn_and_fit_the_catalog() {
        let (one, other) = (NewRobot::draw().unwrap(), NewRobot::draw().unwrap());
        assert_ne!(one.name, other.name);
        assert_ne!(one.password.hash, other.password.hash);
        let unique = one.name.strip_prefix("robot$").unwrap();
        assert!(unique.len() == 16 && unique.bytes().all(|b| b.is_ascii_hexdigit()), "{unique}");
    }

    proptest! {
        #[test]
        fn a_robot_ends_in_the_future_and_within_730_days(now in 0_i64..1 << 50, ahead in -1_000_i64..2_000) {
            let now = Timestamp::from_micros(now);
            let fault = lifetime_fault(now, now.plus_seconds(ahead * DAY_SECONDS));
            prop_assert_eq!(fault.is_none(), (1..=MOST_DAYS).contains(&ahead));
        }
    }
}
