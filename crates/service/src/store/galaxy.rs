//! The Galaxy credentials of organizations, in their order.

use super::tx::{ReadTx, WriteTx};
use strongroom_core::Result;

impl ReadTx<'_> {
    /// The ids of an organization's Galaxy credentials, in their order.
    pub(crate) fn galaxy_credential_ids(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT credential_id FROM organization_galaxy_credentials WHERE organization_id = $1 \
                   ORDER BY position";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// Whether a credential is among an organization's Galaxy credentials.
    pub(crate) fn is_galaxy_credential(
        &self,
        organization_id: i64,
        credential_id: i64,
    ) -> Result<bool> {
        let sql = "SELECT credential_id FROM organization_galaxy_credentials \
                   WHERE organization_id = $1 AND credential_id = $2";
        let values = [organization_id.into(), credential_id.into()];
        Ok(self.session().row(sql, &values, |row| row.at::<i64>(0))?.is_some())
    }
}

impl WriteTx<'_> {
    /// Puts a credential after those that the organization has.
    pub(super) fn insert_galaxy_credential(
        &mut self,
        organization_id: i64,
        credential_id: i64,
    ) -> Result<()> {
        let sql = "INSERT INTO organization_galaxy_credentials (organization_id, credential_id, position) \
                   SELECT $1, $2, COALESCE(MAX(position), 0) + 1 FROM organization_galaxy_credentials \
                   WHERE organization_id = $1";
        self.session().execute(sql, &[organization_id.into(), credential_id.into()])?;
        Ok(())
    }

    /// Takes a credential away; tells whether it was there.
    pub(super) fn delete_galaxy_credential(
        &mut self,
        organization_id: i64,
        credential_id: i64,
    ) -> Result<bool> {
        let sql = "DELETE FROM organization_galaxy_credentials \
                   WHERE organization_id = $1 AND credential_id = $2";
        let values = [organization_id.into(), credential_id.into()];
        Ok(0 < self.session().execute(sql, &values)?)
    }
}
