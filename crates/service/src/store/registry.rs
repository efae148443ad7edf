//! Container registries: their rows.

use std::collections::BTreeMap;

use super::directory::{by_ref, id_list, identity, stamp};
use super::row::{Row, Value};
use super::tx::{Permit, ReadTx, WriteTx, proof};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Registry, RegistryCredential};
use strongroom_core::text::fold;
use strongroom_core::{Error, Result};

/// A registry that has no row yet.
pub(crate) struct NewRegistry<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) organization_id: i64,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) url: &'a str,
    pub(crate) provider: &'a str,
    /// The name of its token service, which makes it a hosted one.
    pub(crate) service: Option<&'a str>,
    pub(crate) credentials_limit: i64,
    pub(crate) credential: Option<RegistryCredential>,
    pub(crate) containers_organization: Option<&'a str>,
    pub(crate) charts_organization: Option<&'a str>,
    pub(crate) by: Option<i64>,
}

/// Which registries a list is about. What is absent does not matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistryFilter<'a> {
    /// Those of these organizations.
    pub(crate) organizations: Option<&'a [i64]>,
    /// Those of this product.
    pub(crate) provider: Option<&'a str>,
    /// Those for which robots are minted, or the others.
    pub(crate) hosted: Option<bool>,
    /// Those that were removed, or the others.
    pub(crate) removed: Option<bool>,
}

impl ReadTx<'_> {
    /// The row of a registry, if there is one.
    pub(super) fn registry_row(&self, reference: &Ref) -> Result<Option<Registry>> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {REGISTRY} FROM registries WHERE {column} = $1");
        self.session().row(&sql, &[value], registry)
    }

    /// The registries of these ids, those that were removed too.
    pub(crate) fn registries_by_id(&self, ids: &[i64]) -> Result<Vec<Registry>> {
        self.by_ids(REGISTRY, "registries", ids, registry)
    }

    /// Registries in the order of their names, and how many there are in all.
    pub(crate) fn registries_by_name(
        &self,
        filter: &RegistryFilter<'_>,
        (limit, offset): (i64, i64),
    ) -> Result<(Vec<Registry>, i64)> {
        let (conditions, mut values) = conditions(filter);
        let count = format!("SELECT COUNT(*) FROM registries WHERE {conditions}");
        let total = self.session().one(&count, &values, |row| row.at(0))?;
        values.extend([Value::Int(limit), Value::Int(offset)]);
        let (limit, offset) = (values.len() - 1, values.len());
        let sql = format!(
            "SELECT {REGISTRY} FROM registries WHERE {conditions} ORDER BY name, id LIMIT ${limit} OFFSET ${offset}"
        );
        Ok((self.session().rows(&sql, &values, registry)?, total))
    }

    /// Registries in the order they were made, after an id.
    pub(crate) fn registries_after(
        &self,
        filter: &RegistryFilter<'_>,
        (limit, after): (i64, i64),
    ) -> Result<Vec<Registry>> {
        let (conditions, mut values) = conditions(filter);
        values.extend([Value::Int(after), Value::Int(limit)]);
        let (after, limit) = (values.len() - 1, values.len());
        let sql = format!(
            "SELECT {REGISTRY} FROM registries WHERE {conditions} AND id > ${after} ORDER BY id LIMIT ${limit}"
        );
        self.session().rows(&sql, &values, registry)
    }

    /// The id of the registry of that name in an organization that was not removed.
    pub(crate) fn registry_id_by_name(
        &self,
        organization_id: i64,
        name: &str,
    ) -> Result<Option<i64>> {
        let folded = fold(name);
        let sql = "SELECT id FROM registries WHERE organization_id = $1 AND folded_name = $2 AND removed IS NULL";
        self.session().row(sql, &[organization_id.into(), (&folded).into()], |row| row.at(0))
    }

    /// The id of the registry whose token service has that name and was not removed.
    pub(crate) fn registry_id_by_service(&self, service: &str) -> Result<Option<i64>> {
        let sql = "SELECT id FROM registries WHERE service = $1 AND removed IS NULL";
        self.session().row(sql, &[service.into()], |row| row.at(0))
    }

    /// The names of users, also of those who are gone.
    pub(crate) fn usernames_ever(
        &self,
        ids: impl IntoIterator<Item = Option<i64>>,
    ) -> Result<BTreeMap<i64, String>> {
        let mut ids: Vec<i64> = ids.into_iter().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names: BTreeMap<i64, String> = self.names(Kind::User, &ids)?.into_iter().collect();
        ids.retain(|id| !names.contains_key(id));
        if ids.is_empty() {
            return Ok(names);
        }
        let (list, mut values) = id_list(&ids);
        values.push(Kind::User.word().into());
        let kind = values.len();
        let sql =
            format!("SELECT id, name FROM tombstones WHERE id IN ({list}) AND kind = ${kind}");
        names.extend(self.session().rows(&sql, &values, |row| Ok((row.at(0)?, row.at(1)?)))?);
        Ok(names)
    }
}

impl<'tx> WriteTx<'tx> {
    /// Makes a registry.
    pub(crate) fn insert_registry(&mut self, new: &NewRegistry<'_>) -> Result<i64> {
        let now = self.now();
        self.session().insert(
            "INSERT INTO registries (guid, short_id, organization_id, name, folded_name, description, url, provider, \
             hosted, service, credentials_limit, created, modified, created_by, modified_by, credential_id, \
             made_credential, containers_organization, charts_organization) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.organization_id.into(),
                new.name.into(),
                (&fold(new.name)).into(),
                new.description.into(),
                new.url.into(),
                new.provider.into(),
                new.service.is_some().into(),
                new.service.into(),
                new.credentials_limit.into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
                new.credential.map(|credential| credential.id).into(),
                new.credential.is_some_and(|credential| credential.born_here).into(),
                new.containers_organization.into(),
                new.charts_organization.into(),
            ],
        )
    }

    /// Writes the members of a registry that can change.
    pub(crate) fn save_registry(
        &mut self,
        permit: &Permit<'tx, proof::ManageRegistries>,
        registry: &Registry,
    ) -> Result<()> {
        same(permit, registry)?;
        let credential = registry.credential;
        self.session().execute(
            "UPDATE registries SET name = $2, folded_name = $3, description = $4, modified = $5, modified_by = $6, \
             credential_id = $7, made_credential = $8, url = $9, service = $10, credentials_limit = $11 WHERE id = $1",
            &[
                registry.identity.id.into(),
                (&registry.name).into(),
                (&fold(&registry.name)).into(),
                (&registry.description).into(),
                registry.stamp.modified.into(),
                registry.stamp.modified_by.into(),
                credential.map(|credential| credential.id).into(),
                credential.is_some_and(|credential| credential.born_here).into(),
                (&registry.url).into(),
                registry.service.as_deref().into(),
                registry.credentials_limit.into(),
            ],
        )?;
        Ok(())
    }

    /// Removes a registry; its record stays.
    pub(crate) fn retire_registry(
        &mut self,
        permit: &Permit<'tx, proof::ManageRegistries>,
        registry: &Registry,
        by: Option<i64>,
    ) -> Result<()> {
        same(permit, registry)?;
        let now = self.now();
        let sql = "UPDATE registries SET removed = $2, removed_by = $3 WHERE id = $1";
        self.session().execute(sql, &[registry.identity.id.into(), now.into(), by.into()])?;
        self.mark_revoking();
        Ok(())
    }
}

fn same(permit: &Permit<'_, proof::ManageRegistries>, registry: &Registry) -> Result<()> {
    match permit.id() == registry.identity.id {
        true => Ok(()),
        false => Err(Error::internal("a permit for another object")),
    }
}

/// The conditions of a filter, and their values.
fn conditions<'a>(filter: &RegistryFilter<'a>) -> (String, Vec<Value<'a>>) {
    let mut values: Vec<Value<'a>> = Vec::new();
    let mut all = vec!["id > 0".to_owned()];
    if let Some(organizations) = filter.organizations {
        let (list, ids) = id_list(organizations);
        all.push(format!("organization_id IN ({list})"));
        values.extend(ids);
    }
    if let Some(provider) = filter.provider {
        values.push(provider.into());
        all.push(format!("provider = ${}", values.len()));
    }
    if let Some(hosted) = filter.hosted {
        values.push(hosted.into());
        all.push(format!("hosted = ${}", values.len()));
    }
    all.extend(filter.removed.map(|removed| removal(removed).to_owned()));
    (all.join(" AND "), values)
}

/// The condition that a row was removed, or was not.
pub(super) const fn removal(removed: bool) -> &'static str {
    if removed { "removed IS NOT NULL" } else { "removed IS NULL" }
}

fn registry(row: &Row<'_>) -> Result<Registry> {
    let removed: Option<Timestamp> = row.at(15)?;
    let removed_by: Option<i64> = row.at(16)?;
    let (credential_id, born_here): (Option<i64>, bool) = (row.at(17)?, row.at(18)?);
    Ok(Registry {
        identity: identity(row, 0)?,
        organization_id: row.at(3)?,
        name: row.at(4)?,
        description: row.at(5)?,
        url: row.at(6)?,
        provider: row.at(7)?,
        hosted: row.at(8)?,
        service: row.at(9)?,
        credentials_limit: row.at(10)?,
        credential: credential_id.map(|id| RegistryCredential { id, born_here }),
        containers_organization: row.at(19)?,
        charts_organization: row.at(20)?,
        stamp: stamp(row, 11)?,
        removed: removed.map(|at| (at, removed_by)),
    })
}

const REGISTRY: &str = "id, guid, short_id, organization_id, name, description, url, provider, hosted, service, \
    credentials_limit, created, modified, created_by, modified_by, removed, removed_by, credential_id, \
    made_credential, containers_organization, charts_organization";
