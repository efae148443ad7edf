//! Spaces and apps of the platform: their rows.

use serde_json::{Map, Value as Json};

use super::directory::{by_ref, identity, object};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::access::ResourceKind;
use strongroom_core::access::position::{ORGANIZATION_OF_SPACE, SPACE_OF_ORGANIZATION};
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{App, Space};
use strongroom_core::text::fold;
use strongroom_core::{Error, Result};

/// A space that has no row yet.
pub(crate) struct NewSpace<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) organization_id: i64,
    pub(crate) name: &'a str,
    pub(crate) suspended: bool,
    pub(crate) metadata: &'a Map<String, Json>,
    pub(crate) by: Option<i64>,
}

/// An app that has no row yet.
pub(crate) struct NewApp<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) space_id: i64,
    pub(crate) name: &'a str,
    pub(crate) details: &'a Map<String, Json>,
    pub(crate) metadata: &'a Map<String, Json>,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    /// The row of a space.
    pub(super) fn space_row(&self, reference: &Ref) -> Result<Space> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {SPACE} FROM spaces WHERE {column} = $1");
        self.session().row(&sql, &[value], space)?.ok_or(Error::NotFound(Kind::Space))
    }

    /// The spaces of these ids.
    pub(crate) fn spaces_by_id(&self, ids: &[i64]) -> Result<Vec<Space>> {
        self.by_ids(SPACE, "spaces", ids, space)
    }

    /// The spaces of an organization, in the order they were made.
    pub(crate) fn spaces_of(&self, organization_id: i64) -> Result<Vec<Space>> {
        let sql = format!("SELECT {SPACE} FROM spaces WHERE organization_id = $1 ORDER BY id");
        self.session().rows(&sql, &[organization_id.into()], space)
    }

    /// The id of the space of that name in an organization.
    pub(crate) fn space_id_by_name(&self, organization_id: i64, name: &str) -> Result<Option<i64>> {
        let folded = fold(name);
        let sql = "SELECT id FROM spaces WHERE organization_id = $1 AND folded_name = $2";
        self.session().row(sql, &[organization_id.into(), (&folded).into()], |row| row.at(0))
    }

    /// The row of an app.
    pub(super) fn app_row(&self, reference: &Ref) -> Result<App> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {APP} FROM apps WHERE {column} = $1");
        self.session().row(&sql, &[value], app)?.ok_or(Error::NotFound(Kind::App))
    }

    /// The apps of these ids.
    pub(crate) fn apps_by_id(&self, ids: &[i64]) -> Result<Vec<App>> {
        self.by_ids(APP, "apps", ids, app)
    }

    /// The apps of a space, in the order they were made.
    pub(crate) fn apps_of(&self, space_id: i64) -> Result<Vec<App>> {
        let sql = format!("SELECT {APP} FROM apps WHERE space_id = $1 ORDER BY id");
        self.session().rows(&sql, &[space_id.into()], app)
    }

    /// The id of the app of that name in a space.
    pub(crate) fn app_id_by_name(&self, space_id: i64, name: &str) -> Result<Option<i64>> {
        let folded = fold(name);
        let sql = "SELECT id FROM apps WHERE space_id = $1 AND folded_name = $2";
        self.session().row(sql, &[space_id.into(), (&folded).into()], |row| row.at(0))
    }
}

impl WriteTx<'_> {
    /// Makes a space, its roles, and what its place in the organization gives.
    pub(crate) fn insert_space(&mut self, new: &NewSpace<'_>) -> Result<i64> {
        let now = self.now();
        let metadata = Json::from(new.metadata.clone()).to_string();
        let id = self.session().insert(
            "INSERT INTO spaces (guid, short_id, organization_id, name, folded_name, suspended, metadata, created, \
             modified, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.organization_id.into(),
                new.name.into(),
                (&fold(new.name)).into(),
                new.suspended.into(),
                (&metadata).into(),
                now.into(),
                now.into(),
                new.by.into(),
            ],
        )?;
        let roles = self.create_roles(ResourceKind::Space, id)?;
        self.insert_positions(SPACE_OF_ORGANIZATION, &roles, new.organization_id, new.by)?;
        let above = self.roles_on(ResourceKind::Organization, &[new.organization_id])?;
        self.insert_positions(ORGANIZATION_OF_SPACE, &above, id, new.by)?;
        Ok(id)
    }

    pub(super) fn update_space_row(&mut self, space: &Space) -> Result<()> {
        self.session().execute(
            "UPDATE spaces SET name = $2, folded_name = $3, suspended = $4, metadata = $5, modified = $6 \
             WHERE id = $1",
            &[
                space.identity.id.into(),
                (&space.name).into(),
                (&fold(&space.name)).into(),
                space.suspended.into(),
                (&Json::from(space.metadata.clone()).to_string()).into(),
                space.modified.into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes the row of a space whose apps and placements are gone already.
    pub(crate) fn bury_space(&mut self, space: &Space, by: Option<i64>) -> Result<()> {
        self.remove_roles(ResourceKind::Space, space.identity.id, by)?;
        self.bury(Kind::Space, &space.identity, &space.name, "", by)
    }

    pub(crate) fn insert_app(&mut self, new: &NewApp<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO apps (guid, short_id, space_id, name, folded_name, details, metadata, created, modified, \
             created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.space_id.into(),
                new.name.into(),
                (&fold(new.name)).into(),
                (&Json::from(new.details.clone()).to_string()).into(),
                (&Json::from(new.metadata.clone()).to_string()).into(),
                now.into(),
                now.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_app_row(&mut self, app: &App) -> Result<()> {
        self.session().execute(
            "UPDATE apps SET name = $2, folded_name = $3, details = $4, metadata = $5, modified = $6, state = $7 \
             WHERE id = $1",
            &[
                app.identity.id.into(),
                (&app.name).into(),
                (&fold(&app.name)).into(),
                (&Json::from(app.details.clone()).to_string()).into(),
                (&Json::from(app.metadata.clone()).to_string()).into(),
                app.modified.into(),
                (if app.is_started { STARTED } else { STOPPED }).into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes the row of an app whose placements are gone already, with its packages and uses.
    pub(crate) fn bury_app(&mut self, app: &App, by: Option<i64>) -> Result<()> {
        self.delete_uses_by(Kind::App, app.identity.id)?;
        self.delete_packages_of(app.identity.id)?;
        self.bury(Kind::App, &app.identity, &app.name, "", by)
    }
}

fn space(row: &Row<'_>) -> Result<Space> {
    Ok(Space {
        identity: identity(row, 0)?,
        organization_id: row.at(3)?,
        name: row.at(4)?,
        suspended: row.at(5)?,
        metadata: object(row, 6)?,
        created: row.at(7)?,
        modified: row.at(8)?,
    })
}

fn app(row: &Row<'_>) -> Result<App> {
    Ok(App {
        identity: identity(row, 0)?,
        space_id: row.at(3)?,
        name: row.at(4)?,
        details: object(row, 5)?,
        metadata: object(row, 6)?,
        created: row.at(7)?,
        modified: row.at(8)?,
        is_started: row.at::<String>(9)? == STARTED,
    })
}

const SPACE: &str =
    "id, guid, short_id, organization_id, name, suspended, metadata, created, modified";
const APP: &str = "id, guid, short_id, space_id, name, details, metadata, created, modified, state";
const STARTED: &str = "STARTED";
const STOPPED: &str = "STOPPED";
