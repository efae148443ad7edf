//! Packages: the images that apps are to run, and the passwords that came with them.

use serde_json::{Map, Value as Json};

use super::directory::{by_ref, identity, object};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::Result;
use strongroom_core::id::{Guid, Ref, ShortId};
use strongroom_core::record::Package;

/// A package that has no row yet.
pub(crate) struct NewPackage<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) app_id: i64,
    pub(crate) image: &'a str,
    pub(crate) username: Option<&'a str>,
    pub(crate) sealed_password: Option<&'a [u8]>,
    pub(crate) metadata: &'a Map<String, Json>,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    /// The row of a package.
    pub(super) fn package_row(&self, reference: &Ref) -> Result<Option<Package>> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {PACKAGE} FROM packages WHERE {column} = $1");
        self.session().row(&sql, &[value], package)
    }

    /// The packages of these ids.
    pub(crate) fn packages_by_id(&self, ids: &[i64]) -> Result<Vec<Package>> {
        self.by_ids(PACKAGE, "packages", ids, package)
    }

    /// The package of an app that was made last.
    pub(crate) fn latest_package_of(&self, app_id: i64) -> Result<Option<Package>> {
        let sql =
            format!("SELECT {PACKAGE} FROM packages WHERE app_id = $1 ORDER BY id DESC LIMIT 1");
        self.session().row(&sql, &[app_id.into()], package)
    }

    /// The sealed password of a package, until it became the app's credential.
    pub(crate) fn sealed_package_password(&self, id: i64) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT sealed FROM package_passwords WHERE package_id = $1";
        self.session().row(sql, &[id.into()], |row| row.at(0))
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_package(&mut self, new: &NewPackage<'_>) -> Result<i64> {
        let now = self.now();
        let id = self.session().insert(
            "INSERT INTO packages (guid, short_id, app_id, image, username, metadata, created, modified, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.app_id.into(),
                new.image.into(),
                new.username.into(),
                (&Json::from(new.metadata.clone()).to_string()).into(),
                now.into(),
                now.into(),
                new.by.into(),
            ],
        )?;
        if let Some(sealed) = new.sealed_password {
            self.require_active_key(sealed)?;
            let sql = "INSERT INTO package_passwords (package_id, sealed) VALUES ($1, $2)";
            self.session().execute(sql, &[id.into(), sealed.into()])?;
        }
        Ok(id)
    }

    pub(super) fn update_package_row(&mut self, package: &Package) -> Result<()> {
        self.session().execute(
            "UPDATE packages SET metadata = $2, modified = $3 WHERE id = $1",
            &[
                package.identity.id.into(),
                (&Json::from(package.metadata.clone()).to_string()).into(),
                package.modified.into(),
            ],
        )?;
        Ok(())
    }

    /// Wipes the password of a package, which is the app's own credential from now on.
    pub(crate) fn wipe_package_password(&mut self, id: i64) -> Result<()> {
        let sql = "DELETE FROM package_passwords WHERE package_id = $1";
        self.session().execute(sql, &[id.into()])?;
        Ok(())
    }

    pub(super) fn delete_package_row(&mut self, id: i64) -> Result<()> {
        self.wipe_package_password(id)?;
        self.session().execute("DELETE FROM packages WHERE id = $1", &[id.into()])?;
        Ok(())
    }

    /// Deletes the packages of an app that goes.
    pub(super) fn delete_packages_of(&mut self, app_id: i64) -> Result<()> {
        let sql = "DELETE FROM package_passwords WHERE package_id IN (SELECT id FROM packages WHERE app_id = $1)";
        self.session().execute(sql, &[app_id.into()])?;
        self.session().execute("DELETE FROM packages WHERE app_id = $1", &[app_id.into()])?;
        Ok(())
    }
}

fn package(row: &Row<'_>) -> Result<Package> {
    Ok(Package {
        identity: identity(row, 0)?,
        app_id: row.at(3)?,
        image: row.at(4)?,
        username: row.at(5)?,
        metadata: object(row, 6)?,
        created: row.at(7)?,
        modified: row.at(8)?,
    })
}

const PACKAGE: &str = "id, guid, short_id, app_id, image, username, metadata, created, modified";
