//! OAuth applications: their rows, and what buys the next token.

use super::directory::{by_ref, identity, stamp};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Application, ClientType, GrantType};
use strongroom_core::{Error, Result};

/// An application that has no row yet.
pub(crate) struct NewApplication<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) organization_id: i64,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) sealed_secret: Option<&'a [u8]>,
    pub(crate) client_type: ClientType,
    pub(crate) grant_type: GrantType,
    pub(crate) redirect_uris: &'a str,
    pub(crate) skip_authorization: bool,
    pub(crate) by: Option<i64>,
}

/// What buys the next token: the token it goes with, and when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefreshRow {
    pub(crate) token_id: i64,
    pub(crate) expires: Timestamp,
}

/// What an application exchanges for a token.
#[derive(Debug, Clone)]
pub(crate) struct CodeRow {
    pub(crate) application_id: i64,
    pub(crate) user_id: i64,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) challenge: Option<String>,
    pub(crate) expires: Timestamp,
}

impl ReadTx<'_> {
    /// The row of an application.
    pub(super) fn application_row(&self, reference: &Ref) -> Result<Application> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {APPLICATION} FROM applications WHERE {column} = $1");
        let found = self.session().row(&sql, &[value], application)?;
        found.ok_or(Error::NotFound(Kind::Application))
    }

    /// The applications of these ids.
    pub(crate) fn applications_by_id(&self, ids: &[i64]) -> Result<Vec<Application>> {
        self.by_ids(APPLICATION, "applications", ids, application)
    }

    /// The application that calls itself so, and its sealed secret.
    pub(crate) fn application_of_client(
        &self,
        client_id: &str,
    ) -> Result<Option<(Application, Option<Vec<u8>>)>> {
        let sql =
            format!("SELECT {APPLICATION}, sealed_secret FROM applications WHERE client_id = $1");
        self.session()
            .row(&sql, &[client_id.into()], |row| Ok((application(row)?, row.at(COLUMNS)?)))
    }

    /// The id of the application of that name in an organization.
    pub(crate) fn application_id_by_name(
        &self,
        organization_id: i64,
        name: &str,
    ) -> Result<Option<i64>> {
        let sql = "SELECT id FROM applications WHERE organization_id = $1 AND name = $2";
        self.session().row(sql, &[organization_id.into(), name.into()], |row| row.at(0))
    }

    /// The ids of an organization's applications.
    pub(crate) fn application_ids_of(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM applications WHERE organization_id = $1 ORDER BY id";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// How many tokens an application was given, and the first of them: id and scope.
    pub(crate) fn tokens_given(&self, id: i64, most: i64) -> Result<(i64, Vec<(i64, String)>)> {
        let sql = "SELECT COUNT(*) FROM tokens WHERE application_id = $1";
        let count = self.session().one(sql, &[id.into()], |row| row.at(0))?;
        let sql = "SELECT id, scope FROM tokens WHERE application_id = $1 ORDER BY id LIMIT $2";
        let first = self
            .session()
            .rows(sql, &[id.into(), most.into()], |row| Ok((row.at(0)?, row.at(1)?)))?;
        Ok((count, first))
    }

    /// What goes with a token to buy the next one, by the hash of what is presented.
    pub(crate) fn refresh_by_hash(&self, hash: &[u8]) -> Result<Option<RefreshRow>> {
        let sql = "SELECT token_id, expires FROM token_refreshes WHERE hash = $1";
        self.session().row(sql, &[hash.into()], |row| {
            Ok(RefreshRow { token_id: row.at(0)?, expires: row.at(1)? })
        })
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_application(&mut self, new: &NewApplication<'_>) -> Result<i64> {
        if let Some(sealed) = new.sealed_secret {
            self.require_active_key(sealed)?;
        }
        let now = self.now();
        self.session().insert(
            "INSERT INTO applications (guid, short_id, organization_id, name, description, client_id, sealed_secret, \
             client_type, grant_type, redirect_uris, skip_authorization, created, modified, created_by, modified_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.organization_id.into(),
                new.name.into(),
                new.description.into(),
                new.client_id.into(),
                new.sealed_secret.into(),
                new.client_type.word().into(),
                new.grant_type.word().into(),
                new.redirect_uris.into(),
                new.skip_authorization.into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_application_row(&mut self, application: &Application) -> Result<()> {
        self.mark_revoking();
        self.session().execute(
            "UPDATE applications SET organization_id = $2, name = $3, description = $4, client_type = $5, \
             redirect_uris = $6, skip_authorization = $7, modified = $8, modified_by = $9 WHERE id = $1",
            &[
                application.identity.id.into(),
                application.organization_id.into(),
                (&application.name).into(),
                (&application.description).into(),
                application.client_type.word().into(),
                (&application.redirect_uris).into(),
                application.skip_authorization.into(),
                application.stamp.modified.into(),
                application.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes an application with its tokens and codes.
    pub(crate) fn remove_application(
        &mut self,
        application: &Application,
        by: Option<i64>,
    ) -> Result<()> {
        let id = application.identity.id;
        self.delete_tokens_where("application_id", id)?;
        let sql = "DELETE FROM authorization_codes WHERE application_id = $1";
        self.session().execute(sql, &[id.into()])?;
        self.bury(Kind::Application, &application.identity, &application.name, "", by)
    }

    /// Keeps a code until it is used or ends; those that ended go.
    pub(crate) fn insert_code(&mut self, hash: &[u8], code: &CodeRow) -> Result<()> {
        let now = self.now();
        let sql = "DELETE FROM authorization_codes WHERE expires <= $1";
        self.session().execute(sql, &[now.into()])?;
        self.session().execute(
            "INSERT INTO authorization_codes (hash, application_id, user_id, redirect_uri, scope, challenge, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                hash.into(),
                code.application_id.into(),
                code.user_id.into(),
                (&code.redirect_uri).into(),
                (&code.scope).into(),
                code.challenge.as_deref().into(),
                code.expires.into(),
            ],
        )?;
        Ok(())
    }

    /// Takes a code out of the store, so that it is used once.
    pub(crate) fn take_code(&mut self, hash: &[u8]) -> Result<Option<CodeRow>> {
        let sql = "DELETE FROM authorization_codes WHERE hash = $1 \
                   RETURNING application_id, user_id, redirect_uri, scope, challenge, expires";
        self.session().row(sql, &[hash.into()], |row| {
            Ok(CodeRow {
                application_id: row.at(0)?,
                user_id: row.at(1)?,
                redirect_uri: row.at(2)?,
                scope: row.at(3)?,
                challenge: row.at(4)?,
                expires: row.at(5)?,
            })
        })
    }

    /// Keeps what buys the next token after this one.
    pub(crate) fn insert_refresh(
        &mut self,
        token_id: i64,
        hash: &[u8],
        expires: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO token_refreshes (token_id, hash, expires) VALUES ($1, $2, $3)";
        self.session().execute(sql, &[token_id.into(), hash.into(), expires.into()])?;
        Ok(())
    }
}

fn application(row: &Row<'_>) -> Result<Application> {
    let (client_type, grant_type): (String, String) = (row.at(7)?, row.at(8)?);
    let unknown = || Error::internal("an unknown word in an application");
    Ok(Application {
        identity: identity(row, 0)?,
        organization_id: row.at(3)?,
        name: row.at(4)?,
        description: row.at(5)?,
        client_id: row.at(6)?,
        client_type: ClientType::from_word(&client_type).ok_or_else(unknown)?,
        grant_type: GrantType::from_word(&grant_type).ok_or_else(unknown)?,
        redirect_uris: row.at(9)?,
        skip_authorization: row.at(10)?,
        stamp: stamp(row, 11)?,
    })
}

const APPLICATION: &str = "id, guid, short_id, organization_id, name, description, client_id, client_type, \
    grant_type, redirect_uris, skip_authorization, created, modified, created_by, modified_by";
/// How many columns `APPLICATION` names.
const COLUMNS: usize = 15;
