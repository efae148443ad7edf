//! Where credentials are used: by things of the store, which say so in their own change, and by systems outside
//! of it, which register themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::{by_ref, id_list, identity};
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use crate::actor::Actor;
use crate::draw_identity;
use strongroom_core::access::{Dialect, Permission, ResourceKind, decide};
use strongroom_core::audit::{Operation, Outcome};
use strongroom_core::clock::Timestamp;
use strongroom_core::consumer::{Consumer, ConsumerKind, Use};
use strongroom_core::error::UseCount;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Credential, LastUse, Placement, Reference};
use strongroom_core::scan::ScanKind;
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

/// What a change of a consumer did to its uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UsesChanged {
    /// Those that are new.
    pub(crate) linked: Vec<Use>,
    /// Those that are no more.
    pub(crate) unlinked: Vec<Use>,
}

impl ReadTx<'_> {
    /// Every use of a credential, in the order of registration.
    pub(crate) fn references_to(&self, credential_id: i64) -> Result<Vec<Reference>> {
        let sql = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 ORDER BY id"
        );
        let found = self.session().rows(&sql, &[credential_id.into()], reference)?;
        self.with_names(found)
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
        self.with_names(found)
    }

    /// Of these uses, those that the actor may see, whoever may read the credential. What registered itself is
    /// seen with the credential; a thing of the store by whoever may see the thing.
    pub(crate) fn references_seen(
        &self,
        actor: &Actor,
        references: Vec<Reference>,
    ) -> Result<Vec<Reference>> {
        let mut wanted: BTreeMap<Kind, BTreeSet<i64>> = BTreeMap::new();
        for (kind, id) in references.iter().filter_map(|reference| reference.object) {
            wanted.entry(kind).or_default().insert(id);
        }
        let mut seen = BTreeSet::new();
        for kind in ConsumerKind::ALL {
            let Some(ids) = wanted.remove(&kind.kind()) else { continue };
            let ids: Vec<i64> = ids.into_iter().collect();
            let of_kind = self.consumers_seen(actor, kind, &ids)?;
            seen.extend(of_kind.into_iter().map(|id| (kind.kind(), id)));
        }
        let is_seen =
            |reference: &Reference| reference.object.is_none_or(|object| seen.contains(&object));
        Ok(references.into_iter().filter(is_seen).collect())
    }

    /// Of these things of one kind, those that the actor may see.
    fn consumers_seen(&self, actor: &Actor, kind: ConsumerKind, ids: &[i64]) -> Result<Vec<i64>> {
        let standing = self.standing(actor)?;
        if standing.reads_everything() {
            return Ok(ids.to_vec());
        }
        let mut seen = Vec::new();
        match kind {
            ConsumerKind::Target => seen = self.scan_seen(actor, ScanKind::Target, ids)?,
            ConsumerKind::Domain => seen = self.scan_seen(actor, ScanKind::Domain, ids)?,
            ConsumerKind::JobTemplate => {
                let held = self.holdings_on(&standing, ResourceKind::JobTemplate, ids)?;
                seen =
                    held.into_iter().filter(|(_, on)| !on.is_empty()).map(|(id, _)| id).collect();
            }
            ConsumerKind::InputSource => seen = self.input_sources_seen(&standing, ids)?,
            ConsumerKind::App => {
                for id in ids {
                    let space = self.space_of_app(*id)?;
                    if standing.on(ResourceKind::Space, space).next().is_some() {
                        seen.push(*id);
                    }
                }
            }
            ConsumerKind::PrivateRegistry => {
                for registry in self.registries_by_id(ids)? {
                    let held = standing.on(ResourceKind::Organization, registry.organization_id);
                    let reads = Permission::ReadRegistries;
                    if decide(&standing, Dialect::AppCatalog, reads, held).is_yes() {
                        seen.push(registry.identity.id);
                    }
                }
            }
        }
        Ok(seen)
    }

    /// The uses with the present names and the short ids of the things that they are by.
    fn with_names(&self, mut references: Vec<Reference>) -> Result<Vec<Reference>> {
        let mut known: BTreeMap<(Kind, i64), (ShortId, Option<String>)> = BTreeMap::new();
        for kind in ConsumerKind::ALL.map(ConsumerKind::kind) {
            let objects = references.iter().filter_map(|reference| reference.object);
            let ids: Vec<i64> = objects.filter(|(of, _)| *of == kind).map(|(_, id)| id).collect();
            let (columns, table) = match kind {
                Kind::JobTemplate => ("id, short_id, name", "job_templates"),
                Kind::InputSource => ("id, short_id, NULL", "credential_input_sources"),
                Kind::App => ("id, short_id, name", "apps"),
                Kind::Registry => ("id, short_id, name", "registries"),
                _ => ("id, short_id, name", "scan_objects"),
            };
            let read = |row: &Row<'_>| Ok((row.at::<i64>(0)?, (row.at(1)?, row.at(2)?)));
            let found = self.by_ids(columns, table, &ids, read)?;
            known.extend(found.into_iter().map(|(id, told)| ((kind, id), told)));
        }
        for reference in &mut references {
            let Some((short_id, name)) = reference.object.and_then(|object| known.get(&object))
            else {
                continue;
            };
            reference.object_short_id = Some(*short_id);
            if let Some(name) = name {
                reference.name.clone_from(name);
            }
        }
        Ok(references)
    }

    /// One use of a credential.
    pub(crate) fn reference(&self, credential_id: i64, wanted: &Ref) -> Result<Option<Reference>> {
        let (column, value) = by_ref(wanted);
        let sql = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE credential_id = $1 AND {column} = $2"
        );
        let found = self.session().rows(&sql, &[credential_id.into(), value], reference)?;
        Ok(self.with_names(found)?.into_iter().next())
    }

    /// How many uses of a credential one user has registered.
    pub(crate) fn count_references_by(&self, credential_id: i64, user_id: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM credential_references \
                   WHERE credential_id = $1 AND made_by = $2 AND object_kind IS NULL";
        self.session().one(sql, &[credential_id.into(), user_id.into()], |row| row.at(0))
    }

    /// The uses that count, by kind: by things of the store, and those whose maker still holds *use*.
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

    /// The uses that would be undone if a placement went, by kind: all of its credential where that goes with it.
    pub(crate) fn uses_of_placement(
        &self,
        placement: &Placement,
        credential: &Credential,
    ) -> Result<Vec<UseCount>> {
        let id = placement.credential_id;
        if placement.born_here && self.placements_of(id)?.len() == 1 {
            return self.effective_uses(credential);
        }
        let sql = "SELECT kind, COUNT(*) FROM credential_references \
                   WHERE placement_id = $1 GROUP BY kind ORDER BY kind";
        self.session().rows(sql, &[placement.identity.id.into()], |row| {
            Ok(UseCount { kind: row.at(0)?, count: row.at::<i64>(1)?.unsigned_abs() })
        })
    }

    fn holds_use(&self, user_id: i64, credential_id: i64) -> Result<bool> {
        let standing = self.standing_of(user_id)?;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[credential_id])?;
        let held = held.get(&credential_id).map(Vec::as_slice).unwrap_or_default();
        Ok(decide(&standing, Dialect::Native, Permission::Use, held).is_yes())
    }

    /// When a value of the credential last left or was logged in with, as the audit log and the robots know.
    pub(crate) fn last_use(&self, credential: &Credential) -> Result<Option<LastUse>> {
        let id = credential.identity.id;
        let sql = format!(
            "SELECT e.at, e.actor_id, e.actor_name, e.dialect FROM audit_objects o \
             JOIN audit_entries e ON e.id = o.entry_id WHERE o.kind = 'credential' AND o.id = $1 \
             AND e.action = '{}' AND e.outcome = '{}' ORDER BY o.entry_id DESC LIMIT 1",
            Operation::Release.word(),
            Outcome::Done.word(),
        );
        let released = self.session().row(&sql, &[id.into()], |row| {
            let dialect: String = row.at(3)?;
            Ok(LastUse {
                at: row.at(0)?,
                user_id: row.at(1)?,
                name: row.at(2)?,
                dialect: Dialect::from_word(&dialect)
                    .ok_or_else(|| Error::internal("unknown dialect"))?,
            })
        })?;
        let sql = "SELECT last_used FROM robots WHERE credential_id = $1";
        let read = |row: &Row<'_>| row.at::<Option<Timestamp>>(0);
        let logged_in = self.session().row(sql, &[id.into()], read)?.flatten().map(|at| LastUse {
            at,
            user_id: None,
            name: credential.name.clone(),
            dialect: Dialect::AppCatalog,
        });
        Ok(released.into_iter().chain(logged_in).max_by_key(|used| used.at))
    }

    fn references_of(&self, kind: ConsumerKind, id: i64) -> Result<Vec<Reference>> {
        let sql = format!(
            "SELECT {REFERENCE} FROM credential_references WHERE object_kind = $1 AND object_id = $2 ORDER BY id"
        );
        self.session().rows(&sql, &[kind.kind().word().into(), id.into()], reference)
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
             AND kind = $3 AND name = $4 AND key = $5 AND placement_id = $6"
        );
        let (consumer, kind, name, key) = (&new.consumer, &new.kind, &new.name, &new.key);
        let placement = new.placement_id.unwrap_or(NO_PLACEMENT);
        let values = [
            new.credential_id.into(),
            consumer.into(),
            kind.into(),
            name.into(),
            key.into(),
            placement.into(),
        ];
        if let Some(existing) = self.session().row(&found, &values, reference)? {
            return Ok((existing, false));
        }
        let now = self.now();
        let made = self.session().one(
            &format!(
                "INSERT INTO credential_references (guid, short_id, credential_id, consumer, kind, name, key, \
                 object_kind, object_id, placement_id, made_by, created) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING {REFERENCE}"
            ),
            &[
                guid.into(),
                short_id.into(),
                new.credential_id.into(),
                consumer.into(),
                kind.into(),
                name.into(),
                key.into(),
                new.object.map(|(kind, _)| kind.word()).into(),
                new.object.map(|(_, id)| id).into(),
                placement.into(),
                new.made_by.into(),
                now.into(),
            ],
            reference,
        )?;
        Ok((made, true))
    }

    /// Writes what a consumer uses from now on, and nothing else. Whether the actor may *use* each of these
    /// credentials is the consumer's to check; what it used already stays as it was registered.
    pub(crate) fn set_uses(
        &mut self,
        actor: &Actor,
        consumer: &Consumer,
        uses: impl IntoIterator<Item = Use>,
    ) -> Result<UsesChanged> {
        let mut wanted: BTreeSet<Use> = uses.into_iter().collect();
        let mut changed = UsesChanged::default();
        for old in self.references_of(consumer.kind, consumer.id)? {
            let used = used(&old);
            if !wanted.remove(&used) {
                self.delete_reference(old.identity.id)?;
                changed.unlinked.push(used);
            }
        }
        for new in wanted {
            let (guid, short_id) = draw_identity()?;
            let row = Reference {
                identity: strongroom_core::record::Identity { id: 0, guid, short_id },
                credential_id: new.credential_id,
                consumer: consumer.kind.dialect().word().to_owned(),
                kind: consumer.kind.word().to_owned(),
                name: consumer.short_id.to_string(),
                key: new.key.clone(),
                object: Some((consumer.kind.kind(), consumer.id)),
                object_short_id: Some(consumer.short_id),
                placement_id: new.placement_id,
                made_by: actor.user_id().unwrap_or_default(),
                created: self.now(),
            };
            self.insert_reference(&guid, &short_id, &row)?;
            changed.linked.push(new);
        }
        Ok(changed)
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
             created, object_kind, object_id, placement_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
                NO_PLACEMENT.into(),
            ],
        )?;
        Ok(())
    }

    /// Notes the placement through which an object of this store uses what it uses; the use ends with it.
    pub(crate) fn note_placement_of_uses(
        &mut self,
        (kind, id): (Kind, i64),
        placement_id: i64,
    ) -> Result<()> {
        let sql = "UPDATE credential_references SET placement_id = $3 WHERE object_kind = $1 AND object_id = $2";
        self.session().execute(sql, &[kind.word().into(), id.into(), placement_id.into()])?;
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

fn used(reference: &Reference) -> Use {
    Use {
        credential_id: reference.credential_id,
        placement_id: reference.placement_id,
        key: reference.key.clone(),
    }
}

fn reference(row: &Row<'_>) -> Result<Reference> {
    let object = match (row.at::<Option<String>>(8)?, row.at::<Option<i64>>(9)?) {
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
        object,
        object_short_id: None,
        placement_id: Some(row.at(10)?).filter(|id| *id != NO_PLACEMENT),
        made_by: row.at(11)?,
        created: row.at(12)?,
    })
}

const REFERENCE: &str = "id, guid, short_id, credential_id, consumer, kind, name, key, object_kind, object_id, \
    placement_id, made_by, created";
/// Stands for no placement where a null would not count in the rule of uniqueness.
const NO_PLACEMENT: i64 = 0;
const IDS_AT_ONCE: usize = 256;
