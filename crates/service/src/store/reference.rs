//! Where credentials are used.

use std::collections::BTreeMap;

use super::directory::{by_ref, id_list, identity};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::access::{Dialect, Permission, ResourceKind, decide};
use strongroom_core::error::UseCount;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Credential, Reference};
use strongroom_core::{Error, Result};

/// A use by an object of this store, written in the change that makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnUse<'a> {
    pub(crate) credential_id: i64,
    /// The dialect to which the object belongs.
    pub(crate) consumer: Dialect,
    /// The kind of object, and which one.
    pub(crate) object: (Kind, i64),
    /// How the object is called where it is shown.
    pub(crate) name: &'a str,
    pub(crate) by: Option<i64>,
}

impl ReadTx<'_> {
    /// Every registered use of a credential, in the order of registration.
    pub(crate) fn references_to(&self, credential_id: i64) -> Result<Vec<Reference>> {
        let sql = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 ORDER BY id"
        );
        self.session().rows(&sql, &[credential_id.into()], reference)
    }

    /// The uses of these credentials that one consumer registered.
    pub(crate) fn references_from(
        &self,
        consumer: &str,
        credential_ids: &[i64],
    ) -> Result<Vec<Reference>> {
        let mut found = Vec::new();
        for chunk in credential_ids.chunks(IDS_AT_ONCE) {
            let (list, mut values) = id_list(chunk);
            values.push(consumer.into());
            let sql = format!(
                "SELECT {REFERENCE} FROM credential_references WHERE credential_id IN ({list}) AND consumer = ${}",
                values.len()
            );
            found.extend(self.session().rows(&sql, &values, reference)?);
        }
        Ok(found)
    }

    /// One use of a credential.
    pub(crate) fn reference(&self, credential_id: i64, wanted: &Ref) -> Result<Option<Reference>> {
        let (column, value) = by_ref(wanted);
        let sql = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 AND {column} = $2"
        );
        self.session().row(&sql, &[credential_id.into(), value], reference)
    }

    /// How many uses of a credential one user has registered.
    pub(crate) fn count_references_by(&self, credential_id: i64, user_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM credential_references WHERE credential_id = $1 AND made_by = $2 \
                   AND object_kind IS NULL";
        self.session().one(sql, &[credential_id.into(), user_id.into()], |row| row.at(0))
    }

    /// The uses that count, by kind: those by objects of this store, and those whose maker still holds *use* on
    /// the credential.
    pub(crate) fn effective_uses(&self, credential: &Credential) -> Result<Vec<UseCount>> {
        let id = credential.identity.id;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut makers: BTreeMap<i64, bool> = BTreeMap::new();
        for reference in self.references_to(id)? {
            let counts_here = match (&reference.object, makers.get(&reference.made_by)) {
                (Some(_), _) => true,
                (None, Some(known)) => *known,
                (None, None) => {
                    let holds_use = self.holds_use(reference.made_by, id)?;
                    makers.insert(reference.made_by, holds_use);
                    holds_use
                }
            };
            if counts_here {
                *counts.entry(reference.kind).or_insert(0) += 1;
            }
        }
        Ok(in_order(counts))
    }

    fn holds_use(&self, user_id: i64, credential_id: i64) -> Result<bool> {
        let standing = self.standing_of(user_id)?;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[credential_id])?;
        let held = held.get(&credential_id).map(Vec::as_slice).unwrap_or_default();
        Ok(decide(&standing, Dialect::Native, Permission::Use, held).is_yes())
    }
}

impl WriteTx<'_> {
    /// Registers a use; the same one again is found, not made. Tells whether it is new.
    pub(crate) fn insert_reference(
        &mut self,
        guid: &Guid,
        short_id: &ShortId,
        new: &Reference,
    ) -> Result<(Reference, bool)> {
        let found = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 AND consumer = $2 \
             AND kind = $3 AND name = $4 AND key = $5"
        );
        let (consumer, kind, name, key) = (&new.consumer, &new.kind, &new.name, &new.key);
        let values =
            [new.credential_id.into(), consumer.into(), kind.into(), name.into(), key.into()];
        if let Some(existing) = self.session().row(&found, &values, reference)? {
            return Ok((existing, false));
        }
        let now = self.now();
        let made = self.session().one(
            &format!(
                "INSERT INTO credential_references (guid, short_id, credential_id, consumer, kind, name, key, \
                 made_by, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {REFERENCE}"
            ),
            &[
                guid.into(),
                short_id.into(),
                new.credential_id.into(),
                consumer.into(),
                kind.into(),
                name.into(),
                key.into(),
                new.made_by.into(),
                now.into(),
            ],
            reference,
        )?;
        Ok((made, true))
    }

    /// Writes a use by an object of this store. A like one that a consumer registered makes way.
    pub(crate) fn insert_own_use(&mut self, new: &OwnUse<'_>) -> Result<()> {
        let (guid, short_id) = crate::draw_identity()?;
        let (kind, id) = (new.object.0.word(), new.object.1);
        let (consumer, key) = (new.consumer.word(), id.to_string());
        self.session().execute(
            "DELETE FROM credential_references WHERE credential_id = $1 AND consumer = $2 AND kind = $3 \
             AND name = $4 AND key = $5 AND object_kind IS NULL",
            &[
                new.credential_id.into(),
                consumer.into(),
                kind.into(),
                new.name.into(),
                (&key).into(),
            ],
        )?;
        let now = self.now();
        self.session().execute(
            "INSERT INTO credential_references (guid, short_id, credential_id, consumer, kind, name, key, made_by, \
             created, object_kind, object_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                (&guid).into(),
                (&short_id).into(),
                new.credential_id.into(),
                consumer.into(),
                kind.into(),
                new.name.into(),
                (&key).into(),
                new.by.unwrap_or_default().into(),
                now.into(),
                kind.into(),
                id.into(),
            ],
        )?;
        Ok(())
    }

    /// Deletes the use of one credential by an object of this store.
    pub(crate) fn delete_own_use(
        &mut self,
        credential_id: i64,
        (kind, id): (Kind, i64),
    ) -> Result<()> {
        let sql = "DELETE FROM credential_references WHERE object_kind = $1 AND object_id = $2 \
                   AND credential_id = $3";
        self.session().execute(sql, &[kind.word().into(), id.into(), credential_id.into()])?;
        Ok(())
    }

    /// Deletes every use by an object of this store.
    pub(crate) fn delete_uses_by(&mut self, kind: Kind, id: i64) -> Result<()> {
        let sql = "DELETE FROM credential_references WHERE object_kind = $1 AND object_id = $2";
        self.session().execute(sql, &[kind.word().into(), id.into()])?;
        Ok(())
    }

    /// Tells the uses by an object of this store by its new name.
    pub(crate) fn rename_uses_by(&mut self, kind: Kind, id: i64, name: &str) -> Result<()> {
        let of = "object_kind = $1 AND object_id = $2";
        let sql =
            format!("SELECT credential_id FROM credential_references WHERE {of} AND name <> $3");
        let values = [kind.word().into(), id.into(), name.into()];
        let used = self.session().rows(&sql, &values, |row| row.at::<i64>(0))?;
        let like = "DELETE FROM credential_references WHERE credential_id = $1 AND kind = $2 AND name = $3 \
                    AND key = $4 AND object_kind IS NULL";
        let key = id.to_string();
        for credential_id in used {
            self.session().execute(
                like,
                &[credential_id.into(), kind.word().into(), name.into(), (&key).into()],
            )?;
        }
        let sql = format!("UPDATE credential_references SET name = $3 WHERE {of}");
        self.session().execute(&sql, &values)?;
        Ok(())
    }

    pub(crate) fn delete_reference(&mut self, id: i64) -> Result<()> {
        self.session().execute("DELETE FROM credential_references WHERE id = $1", &[id.into()])?;
        Ok(())
    }
}

/// What is attached to job templates first, then what is fetched, then the rest by their names.
fn in_order(counts: BTreeMap<String, u64>) -> Vec<UseCount> {
    let rank = |kind: &str| {
        let first = [Kind::JobTemplate.word(), Kind::InputSource.word()];
        first.iter().position(|known| *known == kind).unwrap_or(first.len())
    };
    let mut uses: Vec<UseCount> =
        counts.into_iter().map(|(kind, count)| UseCount { kind, count }).collect();
    uses.sort_by_key(|used| rank(&used.kind));
    uses
}

fn reference(row: &Row<'_>) -> Result<Reference> {
    let object = match (row.at::<Option<String>>(10)?, row.at::<Option<i64>>(11)?) {
        (Some(word), Some(id)) => {
            let kind = Kind::from_word(&word);
            Some((kind.ok_or_else(|| Error::internal("unknown kind of object"))?, id))
        }
        _ => None,
    };
    Ok(Reference {
        identity: identity(row, 0)?,
        credential_id: row.at(3)?,
        consumer: row.at(4)?,
        kind: row.at(5)?,
        name: row.at(6)?,
        key: row.at(7)?,
        made_by: row.at(8)?,
        created: row.at(9)?,
        object,
    })
}

const REFERENCE: &str = "id, guid, short_id, credential_id, consumer, kind, name, key, made_by, created, \
    object_kind, object_id";
const IDS_AT_ONCE: usize = 256;
