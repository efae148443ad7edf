//! What remains of objects that were deleted: who or what an id once was.

use super::tx::WriteTx;
use strongroom_core::id::Kind;
use strongroom_core::record::{Credential, Identity, Team, User};
use strongroom_core::{Error, Result};

impl WriteTx<'_> {
    /// Deletes the row of a credential whose parts are gone already.
    pub(crate) fn bury_credential(
        &mut self,
        credential: &Credential,
        by: Option<i64>,
    ) -> Result<()> {
        self.bury(Kind::Credential, &credential.identity, &credential.name, "", by)
    }

    /// Deletes the row of a team.
    pub(crate) fn bury_team(&mut self, team: &Team, by: Option<i64>) -> Result<()> {
        self.bury(Kind::Team, &team.identity, &team.name, "", by)
    }

    /// Deletes the row of a user.
    pub(crate) fn bury_user(&mut self, user: &User, by: Option<i64>) -> Result<()> {
        self.mark_revoking();
        self.delete_uaa_client_of(user.identity.id)?;
        let details =
            serde_json::json!({"first_name": user.first_name, "last_name": user.last_name});
        self.bury(Kind::User, &user.identity, &user.username, &details.to_string(), by)
    }

    /// Leaves the name of an object that goes.
    pub(super) fn insert_tombstone(
        &mut self,
        kind: Kind,
        identity: &Identity,
        name: &str,
        details: &str,
        by: Option<i64>,
    ) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "INSERT INTO tombstones (kind, id, guid, short_id, name, details, deleted, deleted_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                kind.word().into(),
                identity.id.into(),
                (&identity.guid).into(),
                (&identity.short_id).into(),
                name.into(),
                details.into(),
                now.into(),
                by.into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes the row of an object and leaves a tombstone with its name.
    pub(super) fn bury(
        &mut self,
        kind: Kind,
        identity: &Identity,
        name: &str,
        details: &str,
        by: Option<i64>,
    ) -> Result<()> {
        self.insert_tombstone(kind, identity, name, details, by)?;
        let table = match kind {
            Kind::User => "users",
            Kind::Team => "teams",
            Kind::Organization => "organizations",
            Kind::CredentialType => "credential_types",
            Kind::Credential => "credentials",
            Kind::JobTemplate => "job_templates",
            Kind::Space => "spaces",
            Kind::App => "apps",
            Kind::Application => "applications",
            _ => return Err(Error::internal("this kind of object leaves no tombstone")),
        };
        self.delete_row(table, identity.id)
    }

    /// Deletes a row of a table and leaves a tombstone, for kinds that share a table.
    pub(super) fn bury_in(
        &mut self,
        table: &'static str,
        kind: Kind,
        identity: &Identity,
        name: &str,
        by: Option<i64>,
    ) -> Result<()> {
        self.insert_tombstone(kind, identity, name, "", by)?;
        self.delete_row(table, identity.id)
    }

    fn delete_row(&mut self, table: &'static str, id: i64) -> Result<()> {
        let sql = format!("DELETE FROM {table} WHERE id = $1");
        self.session().execute(&sql, &[id.into()])?;
        Ok(())
    }
}
