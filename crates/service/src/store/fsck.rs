//! What can be wrong with rows as such.

use std::collections::{BTreeMap, BTreeSet};

use super::Store;
use super::row::Row;
use super::tx::ReadTx;
use strongroom_core::{Error, Result};

impl Store {
    /// What the embedded database finds wrong with its own file; nothing on PostgreSQL.
    pub(crate) async fn structure(&self) -> Result<Vec<String>> {
        if self.is_shared() {
            return Ok(Vec::new());
        }
        let told = self.read(|tx| {
            let sql = "SELECT integrity_check FROM pragma_integrity_check";
            let found = tx.session().rows(sql, &[], |row| row.at::<String>(0));
            // Damage can be such that the check itself fails.
            Ok(found.unwrap_or_else(|error| vec![causes(&error)]))
        });
        let mut found = told.await.outcome?;
        found.retain(|line| line != "ok");
        Ok(found)
    }
}

impl ReadTx<'_> {
    /// Secrets that a credential or a version names and that are not there, and sealed values that none names.
    pub(crate) fn loose_ends(&self) -> Result<Vec<String>> {
        let session = self.session();
        let mut there: BTreeMap<i64, BTreeSet<(String, i64)>> = BTreeMap::new();
        let sql = "SELECT credential_id, field, version FROM sealed_inputs";
        let read =
            |row: &Row<'_>| Ok((row.at::<i64>(0)?, (row.at::<String>(1)?, row.at::<i64>(2)?)));
        for (credential, value) in session.rows(sql, &[], read)? {
            there.entry(credential).or_default().insert(value);
        }
        let mut unnamed = there.clone();
        let mut found = Vec::new();
        for (what, sql) in [
            ("credential", "SELECT id, secrets FROM credentials"),
            ("a version of credential", "SELECT credential_id, secrets FROM credential_versions"),
        ] {
            let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, row.at::<String>(1)?));
            for (id, secrets) in session.rows(sql, &[], read)? {
                let Ok(secrets) = serde_json::from_str::<BTreeMap<String, i64>>(&secrets) else {
                    found.push(format!("{what} {id}: which secrets it has cannot be read"));
                    continue;
                };
                for value in secrets {
                    let is_there = there.get(&id).is_some_and(|values| values.contains(&value));
                    if !is_there {
                        let (field, version) = &value;
                        found.push(format!("{what} {id}: version {version} of {field} is missing"));
                    }
                    unnamed.entry(id).or_default().remove(&value);
                }
            }
        }
        let unnamed = unnamed.into_iter().flat_map(|(id, values)| {
            values.into_iter().map(move |(field, version)| {
                format!("credential {id}: nothing names version {version} of {field}")
            })
        });
        found.extend(unnamed);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
