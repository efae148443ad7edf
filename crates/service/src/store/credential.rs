//! Credentials, their versions and sealed values, and credential types: their rows.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::directory::{IDS_AT_ONCE, by_ref, id_list, identity, object, stamp};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use crate::view::{Summary, TypeSummary, UserSummary};
use strongroom_core::access::Dialect;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Credential, Identity, Stamp, Version};
use strongroom_core::{Error, Result};

/// A credential with the names of what it points at.
#[derive(Debug, Clone)]
pub(crate) struct CredentialRow {
    pub(crate) credential: Credential,
    pub(crate) credential_type: TypeSummary,
    pub(crate) organization: Option<Summary>,
    pub(crate) created_by: Option<UserSummary>,
    pub(crate) modified_by: Option<UserSummary>,
    /// Raised by every change of the row.
    pub(crate) revision: u64,
}

/// A credential that has no row yet.
pub(crate) struct NewCredential<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) name: &'a str,
    pub(crate) named: bool,
    pub(crate) description: &'a str,
    pub(crate) organization_id: Option<i64>,
    pub(crate) credential_type_id: i64,
    pub(crate) managed: bool,
    pub(crate) born_in: Dialect,
    pub(crate) inputs: &'a Map<String, Json>,
    pub(crate) secrets: &'a BTreeMap<String, u64>,
    pub(crate) by: Option<i64>,
}

/// A sealed value on its way into the store.
#[derive(Debug, Clone)]
pub(crate) struct SealedInput {
    pub(crate) field: String,
    pub(crate) bytes: Vec<u8>,
    /// A keyed digest of the value.
    pub(crate) fingerprint: String,
    /// Who typed it, if somebody did.
    pub(crate) typed_by: Option<i64>,
}

/// A credential type as stored.
#[derive(Debug, Clone)]
pub(crate) struct TypeRow {
    pub(crate) identity: Identity,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) managed: bool,
    pub(crate) inputs: Json,
    pub(crate) injectors: Json,
    pub(crate) stamp: Stamp,
}

impl ReadTx<'_> {
    pub(super) fn credential_row(&self, reference: &Ref) -> Result<CredentialRow> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {CREDENTIAL} FROM {CREDENTIAL_TABLES} WHERE c.{column} = $1");
        self.session().row(&sql, &[value], credential_row)?.ok_or(Error::NotFound(Kind::Credential))
    }

    pub(crate) fn credential_rows(&self, ids: &[i64]) -> Result<Vec<CredentialRow>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql =
                format!("SELECT {CREDENTIAL} FROM {CREDENTIAL_TABLES} WHERE c.id IN ({list})");
            found.extend(self.session().rows(&sql, &values, credential_row)?);
        }
        Ok(found)
    }

    /// The id of the credential that has this name by AWX's rule of uniqueness.
    pub(crate) fn credential_id_by_name(
        &self,
        organization_id: i64,
        name: &str,
        credential_type_id: i64,
    ) -> Result<Option<i64>> {
        self.session().row(
            "SELECT id FROM credentials WHERE organization_id = $1 AND name = $2 AND credential_type_id = $3 AND named",
            &[organization_id.into(), name.into(), credential_type_id.into()],
            |row| row.at(0),
        )
    }

    /// The id of the oldest credential of that name and type, in the organization or without one.
    pub(crate) fn credential_id_named(
        &self,
        organization_id: Option<i64>,
        name: &str,
        credential_type_id: i64,
    ) -> Result<Option<i64>> {
        if let Some(organization) = organization_id {
            return self.credential_id_by_name(organization, name, credential_type_id);
        }
        let sql = "SELECT id FROM credentials WHERE organization_id IS NULL AND name = $1 \
                   AND credential_type_id = $2 ORDER BY id LIMIT 1";
        self.session().row(sql, &[name.into(), credential_type_id.into()], |row| row.at(0))
    }

    /// The ids of an organization's credentials.
    pub(crate) fn credential_ids_of(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM credentials WHERE organization_id = $1 ORDER BY id";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// A sealed value of a credential.
    pub(crate) fn sealed_input(
        &self,
        credential_id: i64,
        field: &str,
        version: u64,
    ) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT sealed FROM sealed_inputs WHERE credential_id = $1 AND field = $2 AND version = $3";
        self.session().row(
            sql,
            &[credential_id.into(), field.into(), number(version)?.into()],
            |row| row.at(0),
        )
    }

    /// The fingerprints of the present secrets of these credentials, by credential and field.
    pub(crate) fn fingerprints(
        &self,
        credentials: &[&Credential],
    ) -> Result<BTreeMap<i64, BTreeMap<String, String>>> {
        let mut found: BTreeMap<i64, BTreeMap<String, String>> = BTreeMap::new();
        let ids: Vec<i64> = credentials.iter().map(|one| one.identity.id).collect();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql = format!(
                "SELECT credential_id, field, version, fingerprint FROM sealed_inputs \
                 WHERE credential_id IN ({list}) AND fingerprint IS NOT NULL"
            );
            let rows = self.session().rows(&sql, &values, |row| {
                Ok((row.at::<i64>(0)?, row.at(1)?, row.at::<i64>(2)?.unsigned_abs(), row.at(3)?))
            })?;
            for (id, field, version, fingerprint) in rows {
                let of: Option<&&Credential> =
                    credentials.iter().find(|credential| credential.identity.id == id);
                if of.is_some_and(|of| of.secrets.get::<String>(&field) == Some(&version)) {
                    found.entry(id).or_default().insert(field, fingerprint);
                }
            }
        }
        Ok(found)
    }

    /// A credential's kept versions, newest first.
    pub(crate) fn versions_of(&self, credential_id: i64) -> Result<Vec<Version>> {
        let sql = "SELECT number, credential_type_id, inputs, secrets, created, created_by \
                   FROM credential_versions WHERE credential_id = $1 ORDER BY number DESC";
        self.session().rows(sql, &[credential_id.into()], |row| {
            Ok(Version {
                number: row.at::<i64>(0)?.unsigned_abs(),
                credential_type_id: row.at(1)?,
                inputs: object(row, 2)?,
                secrets: secrets(row, 3)?,
                created: row.at(4)?,
                created_by: row.at(5)?,
            })
        })
    }

    /// The row of a credential type.
    pub(crate) fn type_row(&self, reference: &Ref) -> Result<TypeRow> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {TYPE} FROM credential_types WHERE {column} = $1");
        self.session().row(&sql, &[value], type_row)?.ok_or(Error::NotFound(Kind::CredentialType))
    }

    /// The rows of these credential types.
    pub(crate) fn type_rows(&self, ids: &[i64]) -> Result<Vec<TypeRow>> {
        self.by_ids(TYPE, "credential_types", ids, type_row)
    }

    /// The id of the credential type of that name and kind.
    pub(crate) fn type_id_by_name(&self, name: &str, kind: &str) -> Result<Option<i64>> {
        let sql = "SELECT id FROM credential_types WHERE name = $1 AND kind = $2";
        self.session().row(sql, &[name.into(), kind.into()], |row| row.at(0))
    }

    /// The id of the managed credential type of that namespace.
    pub(crate) fn type_id_by_namespace(&self, namespace: &str) -> Result<Option<i64>> {
        let sql = "SELECT id FROM credential_types WHERE namespace = $1 AND managed";
        self.session().row(sql, &[namespace.into()], |row| row.at(0))
    }

    /// Whether any credential is of that type.
    pub(crate) fn type_is_used(&self, type_id: i64) -> Result<bool> {
        let sql = "SELECT id FROM credentials WHERE credential_type_id = $1 LIMIT 1";
        Ok(self.session().row(sql, &[type_id.into()], |row| row.at::<i64>(0))?.is_some())
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_credential(&mut self, new: &NewCredential<'_>) -> Result<i64> {
        self.mark_relisting();
        let now = self.now();
        let (inputs, secrets) = documents(new.inputs, new.secrets);
        let id = self.session().insert(
            "INSERT INTO credentials (guid, short_id, name, named, description, organization_id, credential_type_id, \
             managed, born_in, inputs, secrets, version, created, modified, created_by, modified_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.name.into(),
                new.named.into(),
                new.description.into(),
                new.organization_id.into(),
                new.credential_type_id.into(),
                new.managed.into(),
                new.born_in.word().into(),
                (&inputs).into(),
                (&secrets).into(),
                1_i64.into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
            ],
        )?;
        self.insert_version(id, 1, new.credential_type_id, (&inputs, &secrets), new.by)?;
        Ok(id)
    }

    /// The credential that was just inserted.
    pub(crate) fn credential_row_after_insert(&self, id: i64) -> Result<CredentialRow> {
        self.credential_row(&Ref::Serial(id))
    }

    pub(super) fn update_credential_row(
        &mut self,
        credential: &Credential,
        new_version: bool,
    ) -> Result<()> {
        let (inputs, secrets) = documents(&credential.inputs, &credential.secrets);
        let id = credential.identity.id;
        self.mark_relisting();
        self.session().execute(
            "UPDATE credentials SET name = $2, named = $3, description = $4, organization_id = $5, \
             credential_type_id = $6, inputs = $7, secrets = $8, version = $9, modified = $10, modified_by = $11, \
             revision = revision + 1 WHERE id = $1",
            &[
                id.into(),
                (&credential.name).into(),
                credential.named.into(),
                (&credential.description).into(),
                credential.organization_id.into(),
                credential.credential_type_id.into(),
                (&inputs).into(),
                (&secrets).into(),
                number(credential.version)?.into(),
                credential.stamp.modified.into(),
                credential.stamp.modified_by.into(),
            ],
        )?;
        if !new_version {
            return Ok(());
        }
        let documents = (inputs.as_str(), secrets.as_str());
        let type_id = credential.credential_type_id;
        self.insert_version(
            id,
            credential.version,
            type_id,
            documents,
            credential.stamp.modified_by,
        )?;
        self.forget_old_versions(id)
    }

    fn insert_version(
        &mut self,
        credential_id: i64,
        version: u64,
        credential_type_id: i64,
        (inputs, secrets): (&str, &str),
        by: Option<i64>,
    ) -> Result<()> {
        let now = self.now();
        self.session().execute(
            "INSERT INTO credential_versions (credential_id, number, credential_type_id, inputs, secrets, created, \
             created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                credential_id.into(),
                number(version)?.into(),
                credential_type_id.into(),
                inputs.into(),
                secrets.into(),
                now.into(),
                by.into(),
            ],
        )?;
        Ok(())
    }

    /// Keeps the newest versions and only the sealed values that they still need.
    fn forget_old_versions(&mut self, credential_id: i64) -> Result<()> {
        let versions = self.versions_of(credential_id)?;
        let (kept, old) = versions.split_at(versions.len().min(VERSIONS_KEPT));
        if old.is_empty() {
            return Ok(());
        }
        for version in old {
            let sql = "DELETE FROM credential_versions WHERE credential_id = $1 AND number = $2";
            self.session().execute(sql, &[credential_id.into(), number(version.number)?.into()])?;
        }
        let sql = "SELECT field, version FROM sealed_inputs WHERE credential_id = $1";
        let stored = self.session().rows(sql, &[credential_id.into()], |row| {
            Ok((row.at::<String>(0)?, row.at::<i64>(1)?.unsigned_abs()))
        })?;
        for (field, version) in stored {
            if kept.iter().any(|kept| kept.secrets.get(&field) == Some(&version)) {
                continue;
            }
            let sql = "DELETE FROM sealed_inputs WHERE credential_id = $1 AND field = $2 AND version = $3";
            self.session()
                .execute(sql, &[credential_id.into(), (&field).into(), number(version)?.into()])?;
        }
        Ok(())
    }

    pub(crate) fn insert_sealed(
        &mut self,
        credential_id: i64,
        version: u64,
        input: &SealedInput,
    ) -> Result<()> {
        self.require_active_key(&input.bytes)?;
        self.session().execute(
            "INSERT INTO sealed_inputs (credential_id, field, version, sealed, typed_by, fingerprint) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                credential_id.into(),
                (&input.field).into(),
                number(version)?.into(),
                input.bytes.as_slice().into(),
                input.typed_by.into(),
                (&input.fingerprint).into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes everything that hangs on a credential; the row itself is buried by the caller.
    pub(crate) fn delete_credential_parts(&mut self, credential_id: i64) -> Result<()> {
        self.mark_relisting();
        self.delete_input_sources_around(credential_id)?;
        for sql in [
            "DELETE FROM job_template_credentials WHERE credential_id = $1",
            "DELETE FROM organization_galaxy_credentials WHERE credential_id = $1",
            "DELETE FROM sealed_inputs WHERE credential_id = $1",
            "DELETE FROM credential_versions WHERE credential_id = $1",
            "DELETE FROM credential_references WHERE credential_id = $1",
            "DELETE FROM robots WHERE credential_id = $1",
        ] {
            self.session().execute(sql, &[credential_id.into()])?;
        }
        Ok(())
    }

    pub(crate) fn insert_type(&mut self, row: &TypeRow) -> Result<i64> {
        let (inputs, injectors) = (row.inputs.to_string(), row.injectors.to_string());
        self.session().insert(
            "INSERT INTO credential_types (guid, short_id, name, description, kind, namespace, managed, inputs, \
             injectors, created, modified, created_by, modified_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                (&row.identity.guid).into(),
                (&row.identity.short_id).into(),
                (&row.name).into(),
                (&row.description).into(),
                (&row.kind).into(),
                row.namespace.as_ref().into(),
                row.managed.into(),
                (&inputs).into(),
                (&injectors).into(),
                row.stamp.created.into(),
                row.stamp.modified.into(),
                row.stamp.created_by.into(),
                row.stamp.modified_by.into(),
            ],
        )
    }

    pub(super) fn update_type_row(&mut self, row: &TypeRow) -> Result<()> {
        let (inputs, injectors) = (row.inputs.to_string(), row.injectors.to_string());
        self.session().execute(
            "UPDATE credential_types SET name = $2, description = $3, kind = $4, inputs = $5, injectors = $6, \
             modified = $7, modified_by = $8 WHERE id = $1",
            &[
                row.identity.id.into(),
                (&row.name).into(),
                (&row.description).into(),
                (&row.kind).into(),
                (&inputs).into(),
                (&injectors).into(),
                row.stamp.modified.into(),
                row.stamp.modified_by.into(),
            ],
        )?;
        Ok(())
    }
}

fn credential_row(row: &Row<'_>) -> Result<CredentialRow> {
    let born_in: String = row.at(9)?;
    let credential = Credential {
        identity: identity(row, 0)?,
        name: row.at(3)?,
        named: row.at(4)?,
        description: row.at(5)?,
        organization_id: row.at(6)?,
        credential_type_id: row.at(7)?,
        managed: row.at(8)?,
        born_in: Dialect::from_word(&born_in).ok_or_else(|| Error::internal("unknown dialect"))?,
        inputs: object(row, 10)?,
        secrets: secrets(row, 11)?,
        version: row.at::<i64>(12)?.unsigned_abs(),
        stamp: stamp(row, 13)?,
    };
    let organization = match credential.organization_id {
        Some(id) => Some(Summary { id, name: row.at(21)?, description: row.at(22)? }),
        None => None,
    };
    Ok(CredentialRow {
        credential_type: TypeSummary {
            id: credential.credential_type_id,
            name: row.at(17)?,
            description: row.at(18)?,
            kind: row.at(19)?,
            namespace: row.at(20)?,
        },
        organization,
        created_by: user_summary(row, 23)?,
        modified_by: user_summary(row, 27)?,
        revision: row.at::<i64>(31)?.unsigned_abs(),
        credential,
    })
}

fn user_summary(row: &Row<'_>, first: usize) -> Result<Option<UserSummary>> {
    let Some(id) = row.at::<Option<i64>>(first)? else {
        return Ok(None);
    };
    Ok(Some(UserSummary {
        id,
        username: row.at(first + 1)?,
        first_name: row.at(first + 2)?,
        last_name: row.at(first + 3)?,
    }))
}

fn type_row(row: &Row<'_>) -> Result<TypeRow> {
    Ok(TypeRow {
        identity: identity(row, 0)?,
        name: row.at(3)?,
        description: row.at(4)?,
        kind: row.at(5)?,
        namespace: row.at(6)?,
        managed: row.at(7)?,
        inputs: row.at(8)?,
        injectors: row.at(9)?,
        stamp: stamp(row, 10)?,
    })
}

fn secrets(row: &Row<'_>, index: usize) -> Result<BTreeMap<String, u64>> {
    serde_json::from_value(row.at(index)?).map_err(Error::internal)
}

fn documents(inputs: &Map<String, Json>, secrets: &BTreeMap<String, u64>) -> (String, String) {
    (Json::from(inputs.clone()).to_string(), serde_json::json!(secrets).to_string())
}

fn number(version: u64) -> Result<i64> {
    i64::try_from(version).map_err(Error::internal)
}

const CREDENTIAL: &str = "c.id, c.guid, c.short_id, c.name, c.named, c.description, c.organization_id, \
    c.credential_type_id, c.managed, c.born_in, c.inputs, c.secrets, c.version, c.created, c.modified, c.created_by, \
    c.modified_by, t.name, t.description, t.kind, t.namespace, o.name, o.description, \
    cb.id, cb.username, cb.first_name, cb.last_name, mb.id, mb.username, mb.first_name, mb.last_name, c.revision";
const CREDENTIAL_TABLES: &str = "credentials c JOIN credential_types t ON t.id = c.credential_type_id \
    LEFT JOIN organizations o ON o.id = c.organization_id \
    LEFT JOIN users cb ON cb.id = c.created_by LEFT JOIN users mb ON mb.id = c.modified_by";
const TYPE: &str = "id, guid, short_id, name, description, kind, namespace, managed, inputs, injectors, created, \
    modified, created_by, modified_by";
/// How many versions of a credential are kept, the present one included.
const VERSIONS_KEPT: usize = 10;
