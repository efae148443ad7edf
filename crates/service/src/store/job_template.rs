//! Job templates and the credentials attached to them.

use std::collections::BTreeMap;

use super::directory::{by_ref, id_list, identity, object, stamp};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use serde_json::{Map, Value as Json};
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::JobTemplate;
use strongroom_core::{Error, Result};

/// A job template that has no row yet.
pub(crate) struct NewJobTemplate<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) organization_id: Option<i64>,
    pub(crate) details: &'a Map<String, Json>,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    /// The row of a job template, for whoever has already decided that it may be seen.
    pub(super) fn job_template_row(&self, reference: &Ref) -> Result<JobTemplate> {
        let (column, value) = by_ref(reference);
        let sql = format!("SELECT {TEMPLATE} FROM job_templates WHERE {column} = $1");
        self.session().row(&sql, &[value], template)?.ok_or(Error::NotFound(Kind::JobTemplate))
    }

    /// The job templates of these ids.
    pub(crate) fn job_templates_by_id(&self, ids: &[i64]) -> Result<Vec<JobTemplate>> {
        self.by_ids(TEMPLATE, "job_templates", ids, template)
    }

    /// The id of the job template of that name in an organization, or among those without one.
    pub(crate) fn job_template_id_by_name(
        &self,
        organization_id: Option<i64>,
        name: &str,
    ) -> Result<Option<i64>> {
        let sql =
            "SELECT id FROM job_templates WHERE COALESCE(organization_id, 0) = $1 AND name = $2";
        let room = organization_id.unwrap_or_default();
        self.session().row(sql, &[room.into(), name.into()], |row| row.at(0))
    }

    /// The ids of an organization's job templates.
    pub(crate) fn job_template_ids_of(&self, organization_id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM job_templates WHERE organization_id = $1 ORDER BY id";
        self.session().rows(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// How many job templates an organization has.
    pub(crate) fn count_job_templates_of(&self, organization_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM job_templates WHERE organization_id = $1";
        self.session().one(sql, &[organization_id.into()], |row| row.at(0))
    }

    /// The ids of the credentials attached to each of these job templates, by name.
    pub(crate) fn credentials_attached_to(
        &self,
        template_ids: &[i64],
    ) -> Result<BTreeMap<i64, Vec<i64>>> {
        let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for chunk in template_ids.chunks(IDS_AT_ONCE) {
            let (list, values) = id_list(chunk);
            let sql = format!(
                "SELECT a.job_template_id, a.credential_id FROM job_template_credentials a \
                 JOIN credentials c ON c.id = a.credential_id WHERE a.job_template_id IN ({list}) \
                 ORDER BY c.name, c.id"
            );
            let pairs =
                self.session().rows(&sql, &values, |row| Ok((row.at::<i64>(0)?, row.at(1)?)))?;
            for (template, credential) in pairs {
                found.entry(template).or_default().push(credential);
            }
        }
        Ok(found)
    }
}

impl WriteTx<'_> {
    pub(crate) fn insert_job_template(&mut self, new: &NewJobTemplate<'_>) -> Result<i64> {
        let now = self.now();
        let details = Json::from(new.details.clone()).to_string();
        self.session().insert(
            "INSERT INTO job_templates (guid, short_id, name, description, organization_id, details, created, \
             modified, created_by, modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&new.guid).into(),
                (&new.short_id).into(),
                new.name.into(),
                new.description.into(),
                new.organization_id.into(),
                (&details).into(),
                now.into(),
                now.into(),
                new.by.into(),
                new.by.into(),
            ],
        )
    }

    pub(super) fn update_job_template_row(&mut self, changed: &JobTemplate) -> Result<()> {
        let id = changed.identity.id;
        let details = Json::from(changed.details.clone()).to_string();
        self.session().execute(
            "UPDATE job_templates SET name = $2, description = $3, organization_id = $4, details = $5, \
             modified = $6, modified_by = $7 WHERE id = $1",
            &[
                id.into(),
                (&changed.name).into(),
                (&changed.description).into(),
                changed.organization_id.into(),
                (&details).into(),
                changed.stamp.modified.into(),
                changed.stamp.modified_by.into(),
            ],
        )?;
        self.rename_uses_by(Kind::JobTemplate, id, &changed.name)
    }

    pub(super) fn insert_attachment(&mut self, template_id: i64, credential_id: i64) -> Result<()> {
        let sql =
            "INSERT INTO job_template_credentials (job_template_id, credential_id) VALUES ($1, $2)";
        self.session().execute(sql, &[template_id.into(), credential_id.into()])?;
        Ok(())
    }

    /// Detaches a credential; tells whether it was attached.
    pub(super) fn delete_attachment(
        &mut self,
        template_id: i64,
        credential_id: i64,
    ) -> Result<bool> {
        let sql = "DELETE FROM job_template_credentials WHERE job_template_id = $1 AND credential_id = $2";
        Ok(0 < self.session().execute(sql, &[template_id.into(), credential_id.into()])?)
    }

    /// Deletes a job template; its credentials stay.
    pub(crate) fn bury_job_template(
        &mut self,
        template: &JobTemplate,
        by: Option<i64>,
    ) -> Result<()> {
        let id = template.identity.id;
        self.delete_uses_by(Kind::JobTemplate, id)?;
        let sql = "DELETE FROM job_template_credentials WHERE job_template_id = $1";
        self.session().execute(sql, &[id.into()])?;
        self.bury(Kind::JobTemplate, &template.identity, &template.name, "", by)
    }
}

fn template(row: &Row<'_>) -> Result<JobTemplate> {
    Ok(JobTemplate {
        identity: identity(row, 0)?,
        name: row.at(3)?,
        description: row.at(4)?,
        organization_id: row.at(5)?,
        details: object(row, 6)?,
        stamp: stamp(row, 7)?,
    })
}

const TEMPLATE: &str = "id, guid, short_id, name, description, organization_id, details, created, modified, \
    created_by, modified_by";
const IDS_AT_ONCE: usize = 256;
