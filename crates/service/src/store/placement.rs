//! Placements: where credentials appear in the dialects.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::directory::{by_ref, identity, object, stamp};
use super::row::{Row, Value};
use super::tx::{ReadTx, WriteTx};
use strongroom_core::access::position::{
    PLACEMENT_OF_ACCOUNT, PLACEMENT_OF_ACCOUNT_TEAM, PLACEMENT_OF_FOUNDATION,
    PLACEMENT_OF_ORGANIZATION, PLACEMENT_OF_REGISTRY, PLACEMENT_OF_SPACE, PLACEMENT_OF_TEAM,
};
use strongroom_core::access::{Dialect, ResourceKind};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Placement, PlacementScope, RoleOn};
use strongroom_core::{Error, Result};

/// A placement that has no row yet.
pub(crate) struct NewPlacement<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) credential_id: i64,
    pub(crate) scope: PlacementScope,
    pub(crate) born_here: bool,
    pub(crate) name: &'a str,
    pub(crate) location: Option<&'a str>,
    pub(crate) is_sensitive: bool,
    pub(crate) metadata: &'a Map<String, Json>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    pub(super) fn placement_row(&self, dialect: Dialect, reference: &Ref) -> Result<Placement> {
        let (column, value) = by_ref(reference);
        let sql =
            format!("SELECT {PLACEMENT} FROM placements WHERE {column} = $1 AND dialect = $2");
        let found = self.session().row(&sql, &[value, dialect.word().into()], placement)?;
        found.ok_or(Error::NotFound(Kind::Placement))
    }

    /// The placements of these ids.
    pub(crate) fn placements_by_id(&self, ids: &[i64]) -> Result<Vec<Placement>> {
        self.by_ids(PLACEMENT, "placements", ids, placement)
    }

    /// When each of these credentials first ends somewhere that it was not removed from.
    pub(crate) fn first_ends(&self, credentials: &[i64]) -> Result<BTreeMap<i64, Timestamp>> {
        let mut found = BTreeMap::new();
        for chunk in credentials.chunks(super::directory::IDS_AT_ONCE) {
            let (list, values) = super::directory::id_list(chunk);
            let sql = format!(
                "SELECT credential_id, MIN(expires) FROM placements WHERE credential_id IN ({list}) \
                 AND expires IS NOT NULL AND removed IS NULL GROUP BY credential_id"
            );
            let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, row.at::<Timestamp>(1)?));
            found.extend(self.session().rows(&sql, &values, read)?);
        }
        Ok(found)
    }

    /// Every placement of a credential, in the order they were made.
    pub(crate) fn placements_of(&self, credential_id: i64) -> Result<Vec<Placement>> {
        self.placements_where("credential_id = $1", &[credential_id.into()])
    }

    /// Every placement that an object holds: a space, an app, a team, a registry, or an organization with
    /// all that is in it.
    pub(crate) fn placements_in(&self, kind: Kind, id: i64) -> Result<Vec<Placement>> {
        let filter = match kind {
            Kind::Space => {
                "space_id = $1 OR app_id IN (SELECT a.id FROM apps a WHERE a.space_id = $1)"
            }
            Kind::App => "app_id = $1",
            Kind::Team => "team_id = $1",
            Kind::Registry => "registry_id = $1",
            Kind::Organization => {
                "organization_id = $1 OR space_id IN (SELECT s.id FROM spaces s WHERE s.organization_id = $1) \
                 OR app_id IN (SELECT a.id FROM apps a JOIN spaces s ON s.id = a.space_id \
                 WHERE s.organization_id = $1)"
            }
            _ => return Err(Error::internal("no placements in this kind of object")),
        };
        self.placements_where(filter, &[id.into()])
    }

    /// The placement at a location of an owner, in Cloud Foundry, whatever the case of its letters.
    pub(crate) fn placement_at(
        &self,
        scope: &PlacementScope,
        location: &str,
    ) -> Result<Option<Placement>> {
        let owner = owner(scope);
        let folded = location.to_lowercase();
        let filter = "owner = $1 AND folded_location = $2 AND dialect = 'cloud_foundry'";
        let found = self.placements_where(filter, &[(&owner).into(), (&folded).into()])?;
        Ok(found.into_iter().next())
    }

    /// The placements of these owners in Cloud Foundry at one of these locations, in lower case, or at any; at most
    /// so many.
    pub(crate) fn placements_of_owners(
        &self,
        scopes: &[PlacementScope],
        folded: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<Placement>> {
        let owners: Vec<String> = scopes.iter().map(owner).collect();
        let mut values: Vec<Value<'_>> = owners.iter().map(Value::from).collect();
        values.extend(folded.unwrap_or_default().iter().map(Value::from));
        values.push(most.into());
        let list = |range: std::ops::RangeInclusive<usize>| {
            range.map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
        };
        let last = values.len();
        let mut filter =
            format!("dialect = 'cloud_foundry' AND owner IN ({})", list(1..=owners.len()));
        if folded.is_some_and(|folded| !folded.is_empty()) {
            let locations = list(owners.len() + 1..=last - 1);
            let _ = write!(filter, " AND folded_location IN ({locations})");
        }
        let sql =
            format!("SELECT {PLACEMENT} FROM placements WHERE {filter} ORDER BY id LIMIT ${last}");
        self.session().rows(&sql, &values, placement)
    }

    fn placements_where(&self, filter: &str, values: &[Value<'_>]) -> Result<Vec<Placement>> {
        let sql = format!("SELECT {PLACEMENT} FROM placements WHERE {filter} ORDER BY id");
        self.session().rows(&sql, values, placement)
    }

    /// Whether a credential has a placement in the dialect that was not removed.
    pub(crate) fn is_placed_in(&self, credential_id: i64, dialect: Dialect) -> Result<bool> {
        let placements = self.placements_of(credential_id)?;
        Ok(placements.iter().any(|one| one.dialect == dialect && one.removed.is_none()))
    }
}

impl WriteTx<'_> {
    /// Makes a placement, its roles, and what its position gives.
    pub(crate) fn insert_placement(&mut self, new: &NewPlacement<'_>) -> Result<i64> {
        let now = self.now();
        let columns = Columns::of(&new.scope);
        let metadata = Json::from(new.metadata.clone()).to_string();
        let folded = new.location.map(str::to_lowercase);
        let id = self.session().insert(
            "INSERT INTO placements (guid, short_id, credential_id, dialect, scope, organization_id, team_id, \
             space_id, app_id, registry_id, owner, born_here, name, location, is_sensitive, metadata, created, \
             modified, created_by, modified_by, expires, folded_location) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
             $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.credential_id.into(),
                new.scope.dialect().word().into(),
                new.scope.word().into(),
                columns.organization.into(),
                columns.team.into(),
                columns.space.into(),
                columns.app.into(),
                columns.registry.into(),
                (&owner(&new.scope)).into(),
                new.born_here.into(),
                new.name.into(),
                new.location.into(),
                new.is_sensitive.into(),
                (&metadata).into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
                new.expires.into(),
                folded.as_ref().into(),
            ],
        )?;
        let roles = self.create_roles(ResourceKind::Placement, id)?;
        self.place_positions(&roles, &new.scope, new.by)?;
        Ok(id)
    }

    /// Writes what the place gives on a placement, whose roles these are.
    fn place_positions(
        &mut self,
        on: &[RoleOn],
        scope: &PlacementScope,
        by: Option<i64>,
    ) -> Result<()> {
        match *scope {
            PlacementScope::Foundation => self.insert_positions(PLACEMENT_OF_FOUNDATION, on, 0, by),
            PlacementScope::Organization(organization) => {
                self.insert_positions(PLACEMENT_OF_ORGANIZATION, on, organization, by)
            }
            PlacementScope::Space(space) => {
                self.insert_positions(PLACEMENT_OF_SPACE, on, space, by)
            }
            PlacementScope::App(app) => {
                let space = self.space_of_app(app)?;
                self.insert_positions(PLACEMENT_OF_SPACE, on, space, by)
            }
            PlacementScope::Account(organization) => {
                self.insert_positions(PLACEMENT_OF_ACCOUNT, on, organization, by)
            }
            PlacementScope::AccountTeam { organization, team } => {
                self.insert_positions(PLACEMENT_OF_ACCOUNT_TEAM, on, organization, by)?;
                self.insert_positions(PLACEMENT_OF_TEAM, on, team, by)
            }
            PlacementScope::Registry { organization, .. } => {
                self.insert_positions(PLACEMENT_OF_REGISTRY, on, organization, by)
            }
        }
    }

    /// Moves a Probely placement between its account and the account's teams.
    pub(crate) fn move_placement(
        &mut self,
        placement: &Placement,
        scope: PlacementScope,
        by: Option<i64>,
    ) -> Result<()> {
        let id = placement.identity.id;
        match placement.scope {
            PlacementScope::Account(organization) => {
                self.end_positions(PLACEMENT_OF_ACCOUNT, id, organization, by)?;
            }
            PlacementScope::AccountTeam { organization, team } => {
                self.end_positions(PLACEMENT_OF_ACCOUNT_TEAM, id, organization, by)?;
                self.end_positions(PLACEMENT_OF_TEAM, id, team, by)?;
            }
            _ => return Err(Error::internal("only placements of an account move")),
        }
        let columns = Columns::of(&scope);
        self.session().execute(
            "UPDATE placements SET scope = $2, organization_id = $3, team_id = $4, owner = $5 WHERE id = $1",
            &[
                id.into(),
                scope.word().into(),
                columns.organization.into(),
                columns.team.into(),
                (&owner(&scope)).into(),
            ],
        )?;
        let roles = self.roles_on(ResourceKind::Placement, &[id])?;
        self.place_positions(&roles, &scope, by)
    }

    /// Writes the members of a placement that its dialect can change.
    pub(super) fn update_placement_row(&mut self, placement: &Placement) -> Result<()> {
        let metadata = Json::from(placement.metadata.clone()).to_string();
        let folded = placement.location.as_deref().map(str::to_lowercase);
        let (removed, removed_by) =
            placement.removed.map_or((None, None), |(at, by)| (Some(at), by));
        self.session().execute(
            "UPDATE placements SET name = $2, location = $3, is_sensitive = $4, metadata = $5, modified = $6, \
             modified_by = $7, expires = $8, removed = $9, removed_by = $10, folded_location = $11 WHERE id = $1",
            &[
                placement.identity.id.into(),
                (&placement.name).into(),
                placement.location.as_ref().into(),
                placement.is_sensitive.into(),
                (&metadata).into(),
                placement.stamp.modified.into(),
                placement.stamp.modified_by.into(),
                placement.expires.into(),
                removed.into(),
                removed_by.into(),
                folded.as_ref().into(),
            ],
        )?;
        Ok(())
    }

    /// Writes the location at which a placement stands, after its credential moved.
    pub(crate) fn relocate_placement(&mut self, id: i64, location: &str) -> Result<()> {
        let now = self.now();
        let folded = location.to_lowercase();
        let sql = "UPDATE placements SET location = $2, folded_location = $3, modified = $4 WHERE id = $1";
        let values = [id.into(), location.into(), (&folded).into(), now.into()];
        self.session().execute(sql, &values)?;
        Ok(())
    }

    /// Deletes a placement and every grant on it.
    pub(crate) fn delete_placement_row(&mut self, id: i64, by: Option<i64>) -> Result<()> {
        self.remove_roles(ResourceKind::Placement, id, by)?;
        let sql = "DELETE FROM credential_references WHERE placement_id = $1";
        self.session().execute(sql, &[id.into()])?;
        let now = self.now();
        self.session().execute(
            "INSERT INTO tombstones (kind, id, guid, short_id, name, details, deleted, deleted_by) \
             SELECT 'placement', id, guid, short_id, name, '', $2, $3 FROM placements WHERE id = $1",
            &[id.into(), now.into(), by.into()],
        )?;
        self.session().execute("DELETE FROM placements WHERE id = $1", &[id.into()])?;
        Ok(())
    }

    /// Every Probely placement of a credential hides the value from now on, because it was set elsewhere.
    pub(crate) fn hide_placements_of(&mut self, credential_id: i64) -> Result<()> {
        let sql = "UPDATE placements SET is_sensitive = $2 WHERE credential_id = $1 AND dialect = 'probely'";
        self.session().execute(sql, &[credential_id.into(), true.into()])?;
        Ok(())
    }
}

/// The owner columns of a scope.
#[derive(Default)]
struct Columns {
    organization: Option<i64>,
    team: Option<i64>,
    space: Option<i64>,
    app: Option<i64>,
    registry: Option<i64>,
}

impl Columns {
    fn of(scope: &PlacementScope) -> Self {
        let none = Self::default();
        match *scope {
            PlacementScope::Foundation => none,
            PlacementScope::Organization(id) | PlacementScope::Account(id) => {
                Self { organization: Some(id), ..none }
            }
            PlacementScope::Space(id) => Self { space: Some(id), ..none },
            PlacementScope::App(id) => Self { app: Some(id), ..none },
            PlacementScope::AccountTeam { organization, team } => {
                Self { organization: Some(organization), team: Some(team), ..none }
            }
            PlacementScope::Registry { organization, registry } => {
                Self { organization: Some(organization), registry: Some(registry), ..none }
            }
        }
    }
}

/// Scope and owner as one text.
fn owner(scope: &PlacementScope) -> String {
    let word = scope.word();
    match *scope {
        PlacementScope::Foundation => word.to_owned(),
        PlacementScope::Organization(id)
        | PlacementScope::Space(id)
        | PlacementScope::App(id)
        | PlacementScope::Account(id)
        | PlacementScope::AccountTeam { team: id, .. }
        | PlacementScope::Registry { registry: id, .. } => format!("{word}:{id}"),
    }
}

fn placement(row: &Row<'_>) -> Result<Placement> {
    let dialect: String = row.at(4)?;
    let removed: Option<Timestamp> = row.at(20)?;
    let removed_by: Option<i64> = row.at(21)?;
    Ok(Placement {
        identity: identity(row, 0)?,
        credential_id: row.at(3)?,
        dialect: Dialect::from_word(&dialect).ok_or_else(|| Error::internal("unknown dialect"))?,
        scope: scope(row)?,
        born_here: row.at(11)?,
        name: row.at(12)?,
        location: row.at(13)?,
        is_sensitive: row.at(14)?,
        metadata: object(row, 15)?,
        stamp: stamp(row, 16)?,
        expires: row.at(22)?,
        removed: removed.map(|at| (at, removed_by)),
    })
}

fn scope(row: &Row<'_>) -> Result<PlacementScope> {
    let broken = || Error::internal("a placement without its owner");
    let id = |index| row.at::<Option<i64>>(index)?.ok_or_else(broken);
    Ok(match row.at::<String>(5)?.as_str() {
        "foundation" => PlacementScope::Foundation,
        "organization" => PlacementScope::Organization(id(6)?),
        "space" => PlacementScope::Space(id(8)?),
        "app" => PlacementScope::App(id(9)?),
        "account" => PlacementScope::Account(id(6)?),
        "team" => PlacementScope::AccountTeam { organization: id(6)?, team: id(7)? },
        "registry" => PlacementScope::Registry { organization: id(6)?, registry: id(10)? },
        _ => return Err(Error::internal("unknown scope of a placement")),
    })
}

const PLACEMENT: &str = "id, guid, short_id, credential_id, dialect, scope, organization_id, team_id, space_id, \
    app_id, registry_id, born_here, name, location, is_sensitive, metadata, created, modified, created_by, \
    modified_by, removed, removed_by, expires";
