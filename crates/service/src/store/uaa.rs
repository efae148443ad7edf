//! What the platform's token endpoints keep besides tokens: clients, and the refresh tokens of each login.

use super::directory::{by_ref, id_list, identity};
use super::row::Row;
use super::tx::{Permit, ReadTx, WriteTx, proof};
use crate::actor::Actor;
use strongroom_core::access::Permission;
use strongroom_core::audit::Touched;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Identity, User};
use strongroom_core::{Error, Result};

/// A client of the token endpoints.
#[derive(Debug, Clone)]
pub(crate) struct UaaClientRow {
    pub(crate) identity: Identity,
    /// Its service account.
    pub(crate) user_id: i64,
    /// What its tokens carry at the most.
    pub(crate) scope: String,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// A client that has no row yet.
pub(crate) struct NewUaaClient<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) user_id: i64,
    pub(crate) hash: &'a [u8],
    pub(crate) scope: &'a str,
    pub(crate) by: Option<i64>,
}

/// A refresh token as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshRow {
    /// The login that it belongs to.
    pub(crate) token_id: i64,
    /// When it was used up.
    pub(crate) spent: Option<Timestamp>,
    /// Whether what it bought was used up as well.
    pub(crate) succeeded: bool,
}

impl<'tx> ReadTx<'tx> {
    /// The client with that secret.
    pub(crate) fn uaa_client_by_hash(&self, hash: &[u8]) -> Result<Option<UaaClientRow>> {
        let sql = format!("SELECT {CLIENT} FROM uaa_clients WHERE hash = $1");
        self.session().row(&sql, &[hash.into()], client)
    }

    /// The client of a service account.
    pub(crate) fn uaa_client_of(&self, user_id: i64) -> Result<Option<UaaClientRow>> {
        let sql = format!("SELECT {CLIENT} FROM uaa_clients WHERE user_id = $1");
        self.session().row(&sql, &[user_id.into()], client)
    }

    /// The clients of some organizations, or all, behind that id, in the order they were made.
    pub(crate) fn uaa_clients_after(
        &self,
        organizations: Option<&[i64]>,
        (limit, after): (i64, i64),
    ) -> Result<Vec<UaaClientRow>> {
        let (list, mut values) = id_list(organizations.unwrap_or_default());
        let within = match organizations {
            Some([]) => return Ok(Vec::new()),
            Some(_) => format!(
                "user_id IN (SELECT u.id FROM users u WHERE u.service_organization_id IN ({list})) AND"
            ),
            None => {
                values.clear();
                String::new()
            }
        };
        let next = values.len() + 1;
        values.push(after.into());
        values.push(limit.into());
        let sql = format!(
            "SELECT {CLIENT} FROM uaa_clients WHERE {within} id > ${next} ORDER BY id LIMIT ${}",
            next + 1
        );
        self.session().rows(&sql, &values, client)
    }

    /// A client whose service account the actor administers.
    pub(crate) fn uaa_client(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Change>, UaaClientRow, User)> {
        let (row, user) = self.uaa_client_row(reference)?;
        let decision = self.administers(actor, &user)?;
        let name = user.username.clone();
        let object = Touched { kind: Kind::UaaClient, id: row.identity.id, name };
        let owner = user.service_organization_id;
        Ok((self.decided(actor, Permission::Change, decision, object, owner)?, row, user))
    }

    /// A client that the actor may see: one that he administers, or any when he reads everything.
    pub(crate) fn uaa_client_to_read(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(UaaClientRow, User)> {
        if self.standing(actor)?.reads_everything() {
            return self.uaa_client_row(reference);
        }
        let (_, row, user) = self.uaa_client(actor, reference)?;
        Ok((row, user))
    }

    fn uaa_client_row(&self, reference: &Ref) -> Result<(UaaClientRow, User)> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {CLIENT} FROM uaa_clients WHERE {column} = $1");
        let missing = || Error::NotFound(Kind::UaaClient);
        let row = self.session().row(&sql, &[value], client)?.ok_or_else(missing)?;
        let user = self.users_by_id(&[row.user_id])?.into_iter().next().ok_or_else(missing)?;
        Ok((row, user))
    }

    /// A refresh token, used up or not.
    pub(crate) fn refresh_token(&self, hash: &[u8]) -> Result<Option<RefreshRow>> {
        let sql = "SELECT token_id, spent, EXISTS (SELECT 1 FROM refresh_tokens next \
                   WHERE next.token_id = r.token_id AND next.created >= r.spent AND next.spent IS NOT NULL \
                   AND next.hash <> r.hash) FROM refresh_tokens r WHERE hash = $1";
        self.session().row(sql, &[hash.into()], |row| {
            Ok(RefreshRow { token_id: row.at(0)?, spent: row.at(1)?, succeeded: row.at(2)? })
        })
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_uaa_client(&mut self, new: &NewUaaClient<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO uaa_clients (guid, short_id, user_id, hash, scope, created, modified, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.user_id.into(),
                new.hash.into(),
                new.scope.into(),
                now.into(),
                now.into(),
                new.by.into(),
            ],
        )
    }

    /// Gives a client another secret, by which it logs in from now on.
    pub(crate) fn renew_uaa_client(
        &mut self,
        permit: &Permit<'_, proof::Change>,
        hash: &[u8],
    ) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "UPDATE uaa_clients SET hash = $2, modified = $3 WHERE id = $1",
            &[permit.id().into(), hash.into(), now.into()],
        )?;
        Ok(())
    }

    /// Deletes the client of a user who goes, if he is one.
    pub(super) fn delete_uaa_client_of(&mut self, user_id: i64) -> Result<()> {
        self.session().execute("DELETE FROM uaa_clients WHERE user_id = $1", &[user_id.into()])?;
        Ok(())
    }

    /// Adds a refresh token to a login.
    pub(crate) fn insert_refresh_token(&mut self, hash: &[u8], token_id: i64) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "INSERT INTO refresh_tokens (hash, token_id, created) VALUES ($1, $2, $3)",
            &[hash.into(), token_id.into(), now.into()],
        )?;
        Ok(())
    }

    /// Notes a refresh token as used up, unless it is so already.
    pub(crate) fn spend_refresh_token(&mut self, hash: &[u8]) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "UPDATE refresh_tokens SET spent = $2 WHERE hash = $1 AND spent IS NULL",
            &[hash.into(), now.into()],
        )?;
        Ok(())
    }

    /// Forgets the refresh tokens of a login.
    pub(super) fn delete_refresh_tokens_of(&mut self, token_id: i64) -> Result<()> {
        self.session()
            .execute("DELETE FROM refresh_tokens WHERE token_id = $1", &[token_id.into()])?;
        Ok(())
    }
}

fn client(row: &Row<'_>) -> Result<UaaClientRow> {
    Ok(UaaClientRow {
        identity: identity(row, 0)?,
        user_id: row.at(3)?,
        scope: row.at(4)?,
        created: row.at(5)?,
        modified: row.at(6)?,
    })
}

const CLIENT: &str = "id, guid, short_id, user_id, scope, created, modified";
