//! Organizations, users and teams: their rows.

use serde_json::{Map, Value as Json};

use super::row::{Row, Value};
use super::tx::{ReadTx, WriteTx};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{
    Identity, Organization, OrganizationSettings, PlacementScope, Stamp, Team, User,
};
use strongroom_core::text::fold;
use strongroom_core::{Error, Result};

/// An organization that has no row yet.
pub(crate) struct NewOrganization<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) max_hosts: i64,
    pub(crate) by: Option<i64>,
}

/// A user who has no row yet.
pub(crate) struct NewUser<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) username: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) is_superuser: bool,
    pub(crate) is_system_auditor: bool,
    pub(crate) service_organization_id: Option<i64>,
    /// A PHC string; service accounts have none.
    pub(crate) password_hash: Option<&'a str>,
    pub(crate) by: Option<i64>,
}

/// A team that has no row yet.
pub(crate) struct NewTeam<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) organization_id: i64,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) by: Option<i64>,
}

/// The condition and value by which a row is found.
pub(super) fn by_ref(reference: &Ref) -> (&'static str, Value<'_>) {
    match reference {
        Ref::Serial(id) => ("id", Value::Int(*id)),
        Ref::Guid(guid) => ("guid", guid.into()),
        Ref::Short(short_id) => ("short_id", short_id.into()),
    }
}

impl ReadTx<'_> {
    /// The row of an organization, for whoever has already decided that it may be seen.
    pub(super) fn organization_row(&self, reference: &Ref) -> Result<Organization> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {ORGANIZATION} FROM organizations WHERE {column} = $1");
        self.session().row(&sql, &[value], organization)?.ok_or(Error::NotFound(Kind::Organization))
    }

    /// The id of the organization of that name.
    pub(crate) fn organization_id_by_name(&self, name: &str) -> Result<Option<i64>> {
        let folded = fold(name);
        let sql = "SELECT id FROM organizations WHERE folded_name = $1";
        self.session().row(sql, &[(&folded).into()], |row| row.at(0))
    }

    /// The row of a user.
    pub(super) fn user_row(&self, reference: &Ref) -> Result<User> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {USER} FROM users WHERE {column} = $1");
        self.session().row(&sql, &[value], user)?.ok_or(Error::NotFound(Kind::User))
    }

    /// The user of that name, and the hash of his password.
    pub(crate) fn user_by_name(&self, username: &str) -> Result<Option<(User, Option<String>)>> {
        let folded = fold(username);
        let sql = format!("SELECT {USER}, password_hash FROM users WHERE folded_name = $1");
        self.session().row(&sql, &[(&folded).into()], |row| Ok((user(row)?, row.at(USER_COLUMNS)?)))
    }

    /// The users of these ids that still exist.
    pub(crate) fn users_by_id(&self, ids: &[i64]) -> Result<Vec<User>> {
        self.by_ids(USER, "users", ids, user)
    }

    /// The organizations of these ids.
    pub(crate) fn organizations_by_id(&self, ids: &[i64]) -> Result<Vec<Organization>> {
        self.by_ids(ORGANIZATION, "organizations", ids, organization)
    }

    /// The teams of these ids.
    pub(crate) fn teams_by_id(&self, ids: &[i64]) -> Result<Vec<Team>> {
        self.by_ids(TEAM, "teams", ids, team)
    }

    /// The row of a team.
    pub(super) fn team_row(&self, reference: &Ref) -> Result<Team> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {TEAM} FROM teams WHERE {column} = $1");
        self.session().row(&sql, &[value], team)?.ok_or(Error::NotFound(Kind::Team))
    }

    /// The id of the team of that name in an organization.
    pub(crate) fn team_id_by_name(&self, organization_id: i64, name: &str) -> Result<Option<i64>> {
        let folded = fold(name);
        let sql = "SELECT id FROM teams WHERE organization_id = $1 AND folded_name = $2";
        self.session().row(sql, &[organization_id.into(), (&folded).into()], |row| row.at(0))
    }

    /// The ids of an organization's teams.
    pub(crate) fn team_ids_of(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM teams WHERE organization_id = $1 ORDER BY id";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// How many teams an organization has.
    pub(crate) fn count_teams_of(&self, organization_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM teams WHERE organization_id = $1";
        self.session().one(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// The names of these objects of one kind.
    pub(crate) fn names(&self, kind: Kind, ids: &[i64]) -> Result<Vec<(i64, String)>> {
        let (columns, table) = match kind {
            Kind::User => ("id, username", "users"),
            Kind::Organization => ("id, name", "organizations"),
            Kind::Team => ("id, name", "teams"),
            Kind::Credential => ("id, name", "credentials"),
            Kind::CredentialType => ("id, name", "credential_types"),
            Kind::JobTemplate => ("id, name", "job_templates"),
            Kind::Space => ("id, name", "spaces"),
            Kind::Application => ("id, name", "applications"),
            Kind::App => ("id, name", "apps"),
            _ => return Err(Error::internal("this kind of object has no name")),
        };
        self.by_ids(columns, table, ids, |row| Ok((row.at(0)?, row.at(1)?)))
    }

    /// The id of the object of that identity, whether or not anybody may see it.
    pub(crate) fn id_of(&self, kind: Kind, reference: &Ref) -> Result<Option<i64>> {
        let table = match kind {
            Kind::User => "users",
            Kind::Organization => "organizations",
            Kind::Team => "teams",
            Kind::Credential => "credentials",
            Kind::CredentialType => "credential_types",
            Kind::JobTemplate => "job_templates",
            Kind::Space => "spaces",
            Kind::App => "apps",
            Kind::Registry => "registries",
            Kind::Application => "applications",
            _ => return Err(Error::internal("no such table of identities")),
        };
        let (column, value) = by_ref(reference);
        self.session().row(
            &format!("SELECT id FROM {table} WHERE {column} = $1"),
            &[value],
            |row| row.at(0),
        )
    }

    /// The organization of a team.
    pub(crate) fn team_organization(&self, team_id: i64) -> Result<i64> {
        let sql = "SELECT organization_id FROM teams WHERE id = $1";
        self.session().one(sql, &[team_id.into()], |row| row.at(0))
    }

    /// The organization that an object belongs to, if it belongs to one.
    pub(crate) fn organization_of(&self, kind: Kind, id: i64) -> Result<Option<i64>> {
        let sql = match kind {
            Kind::Organization => return Ok(Some(id)),
            Kind::Team => "SELECT organization_id FROM teams WHERE id = $1",
            Kind::Space => "SELECT organization_id FROM spaces WHERE id = $1",
            Kind::Credential => "SELECT organization_id FROM credentials WHERE id = $1",
            Kind::JobTemplate => "SELECT organization_id FROM job_templates WHERE id = $1",
            _ => return Ok(None),
        };
        Ok(self.session().row(sql, &[id.into()], |row| row.at::<Option<i64>>(0))?.flatten())
    }

    /// The organization of a space.
    pub(crate) fn space_organization(&self, space_id: i64) -> Result<i64> {
        let sql = "SELECT organization_id FROM spaces WHERE id = $1";
        self.session().one(sql, &[space_id.into()], |row| row.at(0))
    }

    /// The space of an app.
    pub(crate) fn space_of_app(&self, app_id: i64) -> Result<i64> {
        self.session()
            .one("SELECT space_id FROM apps WHERE id = $1", &[app_id.into()], |row| row.at(0))
    }

    /// The organization in which a placement stands, if it stands in one.
    pub(crate) fn organization_of_scope(&self, scope: &PlacementScope) -> Result<Option<i64>> {
        Ok(match *scope {
            PlacementScope::Foundation => None,
            PlacementScope::Organization(id)
            | PlacementScope::Account(id)
            | PlacementScope::AccountTeam { organization: id, .. }
            | PlacementScope::Registry { organization: id, .. } => Some(id),
            PlacementScope::Space(space) => Some(self.space_organization(space)?),
            PlacementScope::App(app) => Some(self.space_organization(self.space_of_app(app)?)?),
        })
    }

    /// Whether the organization, if there is one, protects credentials in use.
    pub(crate) fn protects_used(&self, organization_id: Option<i64>) -> Result<bool> {
        let Some(id) = organization_id else { return Ok(false) };
        let sql = "SELECT protect_used FROM organizations WHERE id = $1";
        Ok(self.session().row(sql, &[id.into()], |row| row.at(0))?.unwrap_or(false))
    }

    /// Whether roles on an organization's credentials may be given outside it.
    pub(crate) fn shares_across_organizations(&self, organization_id: i64) -> Result<bool> {
        let sql = "SELECT share_across_organizations FROM organizations WHERE id = $1";
        Ok(self.session().row(sql, &[organization_id.into()], |row| row.at(0))?.unwrap_or(false))
    }

    /// Whether an organization has spaces, or hosted registries that were not removed.
    pub(crate) fn has_spaces_or_registries(&self, organization_id: i64) -> Result<bool> {
        let sql = "SELECT (SELECT COUNT(*) FROM spaces WHERE organization_id = $1) \
                   + (SELECT COUNT(*) FROM registries WHERE organization_id = $1 AND hosted AND removed IS NULL)";
        Ok(0 < self.session().one(sql, &[organization_id.into()], |row| row.at::<i64>(0))?)
    }

    /// The ids of an organization's service accounts.
    pub(crate) fn service_account_ids_of(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM users WHERE service_organization_id = $1 ORDER BY id";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// How many enabled system administrators there are who are people.
    pub(crate) fn superuser_count(&self) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM users WHERE is_superuser AND enabled AND service_organization_id IS NULL";
        self.session().one(sql, &[], |row| row.at(0))
    }

    /// The rows of a table with these ids.
    pub(super) fn by_ids<T>(
        &self,
        columns: &str,
        table: &str,
        ids: &[i64],
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql = format!("SELECT {columns} FROM {table} WHERE id IN ({list})");
            found.extend(self.session().rows(&sql, &values, &read)?);
        }
        Ok(found)
    }
}

/// Placeholders and values for `IN`, padded to a power of two so that few statements are prepared.
pub(super) fn id_list(ids: &[i64]) -> (String, Vec<Value<'static>>) {
    let wanted = ids.len().max(1).next_power_of_two();
    let mut values: Vec<Value<'static>> = ids.iter().map(|id| Value::Int(*id)).collect();
    values.resize(wanted, ids.last().map_or(Value::Int(0), |id| Value::Int(*id)));
    let list: Vec<String> = (1..=wanted).map(|n| format!("${n}")).collect();
    (list.join(", "), values)
}

impl WriteTx<'_> {
    pub(crate) fn insert_organization(&mut self, new: &NewOrganization<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO organizations (guid, short_id, name, folded_name, description, max_hosts, protect_used, \
             use_includes_checkout, share_across_organizations, created, modified, created_by, modified_by, \
             suspended, metadata) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.name.into(),
                (&fold(new.name)).into(),
                new.description.into(),
                new.max_hosts.into(),
                false.into(),
                false.into(),
                false.into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
                false.into(),
                "{}".into(),
            ],
        )
    }

    pub(super) fn update_organization_row(&mut self, organization: &Organization) -> Result<()> {
        let settings = organization.settings;
        self.session().execute(
            "UPDATE organizations SET name = $2, folded_name = $3, description = $4, max_hosts = $5, \
             protect_used = $6, use_includes_checkout = $7, share_across_organizations = $8, modified = $9, \
             modified_by = $10, suspended = $11, metadata = $12 WHERE id = $1",
            &[
                organization.identity.id.into(),
                (&organization.name).into(),
                (&fold(&organization.name)).into(),
                (&organization.description).into(),
                organization.max_hosts.into(),
                settings.protect_used.into(),
                settings.use_includes_checkout.into(),
                settings.share_across_organizations.into(),
                organization.stamp.modified.into(),
                organization.stamp.modified_by.into(),
                organization.suspended.into(),
                (&Json::from(organization.metadata.clone()).to_string()).into(),
            ],
        )?;
        Ok(())
    }

    pub(crate) fn insert_user(&mut self, new: &NewUser<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO users (guid, short_id, username, folded_name, first_name, last_name, email, is_superuser, \
             is_system_auditor, service_organization_id, password_hash, enabled, created, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.username.into(),
                (&fold(new.username)).into(),
                new.first_name.into(),
                new.last_name.into(),
                new.email.into(),
                new.is_superuser.into(),
                new.is_system_auditor.into(),
                new.service_organization_id.into(),
                new.password_hash.into(),
                true.into(),
                now.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_user_row(&mut self, user: &User) -> Result<()> {
        self.mark_revoking();
        self.session().execute(
            "UPDATE users SET username = $2, folded_name = $3, first_name = $4, last_name = $5, email = $6, \
             is_superuser = $7, is_system_auditor = $8, enabled = $9, modified = $10 WHERE id = $1",
            &[
                user.identity.id.into(),
                (&user.username).into(),
                (&fold(&user.username)).into(),
                (&user.first_name).into(),
                (&user.last_name).into(),
                (&user.email).into(),
                user.is_superuser.into(),
                user.is_system_auditor.into(),
                user.enabled.into(),
                user.modified.into(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn set_password_hash(&mut self, user_id: i64, hash: &str) -> Result<()> {
        self.mark_revoking();
        let sql = "UPDATE users SET password_hash = $2 WHERE id = $1";
        self.session().execute(sql, &[user_id.into(), hash.into()])?;
        Ok(())
    }

    /// Notes that a session or token was issued, or a password first used from a source.
    pub(crate) fn note_login(&mut self, user_id: i64, at: Timestamp) -> Result<()> {
        let sql = "UPDATE users SET last_login = $2 WHERE id = $1";
        self.session().execute(sql, &[user_id.into(), at.into()])?;
        Ok(())
    }

    pub(crate) fn insert_team(&mut self, new: &NewTeam<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO teams (guid, short_id, organization_id, name, folded_name, description, created, modified, \
             created_by, modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.organization_id.into(),
                new.name.into(),
                (&fold(new.name)).into(),
                new.description.into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_team_row(&mut self, team: &Team) -> Result<()> {
        self.session().execute(
            "UPDATE teams SET name = $2, folded_name = $3, description = $4, modified = $5, modified_by = $6 \
             WHERE id = $1",
            &[
                team.identity.id.into(),
                (&team.name).into(),
                (&fold(&team.name)).into(),
                (&team.description).into(),
                team.stamp.modified.into(),
                team.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }

    /// The user that was just inserted.
    pub(crate) fn user_row_after_insert(&self, id: i64) -> Result<User> {
        self.user_row(&Ref::Serial(id))
    }

    /// Ends every token of a user.
    pub(crate) fn delete_tokens_of_user(&mut self, user_id: i64) -> Result<()> {
        let sql = "DELETE FROM authorization_codes WHERE user_id = $1";
        self.session().execute(sql, &[user_id.into()])?;
        self.delete_tokens_where("user_id", user_id)
    }

    /// Deletes what is an organization's own besides its teams, spaces, credentials and service accounts.
    pub(super) fn delete_organization_parts(&mut self, id: i64) -> Result<()> {
        self.delete_tokens_where("organization_id", id)?;
        let sql = "DELETE FROM organization_galaxy_credentials WHERE organization_id = $1";
        self.session().execute(sql, &[id.into()])?;
        // A private registry may use a credential that went to another organization.
        let sql = "DELETE FROM credential_references WHERE object_kind = 'registry' AND object_id IN \
                   (SELECT id FROM registries WHERE organization_id = $1)";
        self.session().execute(sql, &[id.into()])?;
        let sql = "DELETE FROM registries WHERE organization_id = $1";
        self.session().execute(sql, &[id.into()])?;
        Ok(())
    }
}

/// A stored document that is an object.
pub(super) fn object(row: &Row<'_>, index: usize) -> Result<Map<String, Json>> {
    match row.at(index)? {
        Json::Object(map) => Ok(map),
        _ => Err(Error::internal("a stored document is not an object")),
    }
}

pub(super) fn identity(row: &Row<'_>, first: usize) -> Result<Identity> {
    Ok(Identity { id: row.at(first)?, guid: row.at(first + 1)?, short_id: row.at(first + 2)? })
}

pub(super) fn stamp(row: &Row<'_>, first: usize) -> Result<Stamp> {
    Ok(Stamp {
        created: row.at(first)?,
        modified: row.at(first + 1)?,
        created_by: row.at(first + 2)?,
        modified_by: row.at(first + 3)?,
    })
}

pub(super) fn organization(row: &Row<'_>) -> Result<Organization> {
    Ok(Organization {
        identity: identity(row, 0)?,
        name: row.at(3)?,
        description: row.at(4)?,
        max_hosts: row.at(5)?,
        settings: OrganizationSettings {
            protect_used: row.at(6)?,
            use_includes_checkout: row.at(7)?,
            share_across_organizations: row.at(8)?,
        },
        stamp: stamp(row, 9)?,
        suspended: row.at(13)?,
        metadata: object(row, 14)?,
    })
}

pub(super) fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        identity: identity(row, 0)?,
        username: row.at(3)?,
        first_name: row.at(4)?,
        last_name: row.at(5)?,
        email: row.at(6)?,
        is_superuser: row.at(7)?,
        is_system_auditor: row.at(8)?,
        service_organization_id: row.at(9)?,
        enabled: row.at(10)?,
        last_login: row.at(11)?,
        created: row.at(12)?,
        modified: row.at(13)?,
    })
}

pub(super) fn team(row: &Row<'_>) -> Result<Team> {
    Ok(Team {
        identity: identity(row, 0)?,
        organization_id: row.at(3)?,
        name: row.at(4)?,
        description: row.at(5)?,
        stamp: stamp(row, 6)?,
    })
}

pub(super) const ORGANIZATION: &str = "id, guid, short_id, name, description, max_hosts, protect_used, \
    use_includes_checkout, share_across_organizations, created, modified, created_by, modified_by, suspended, metadata";
pub(super) const USER: &str = "id, guid, short_id, username, first_name, last_name, email, is_superuser, \
    is_system_auditor, service_organization_id, enabled, last_login, created, modified";
/// How many columns `USER` names.
pub(super) const USER_COLUMNS: usize = 14;
pub(super) const TEAM: &str = "id, guid, short_id, organization_id, name, description, created, modified, \
    created_by, modified_by";
/// Ids in one statement, below the parameter limits of both databases.
pub(super) const IDS_AT_ONCE: usize = 256;
