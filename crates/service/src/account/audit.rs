//! The audit log as the account's people read it: changes of its objects, a row for each field.

use std::collections::BTreeMap;

use serde_json::Value;
use strongroom_core::access::{Decision, Permission, ResourceKind, decide};
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::{FieldPath, Rule};
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::scan::ScanRule;
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::HIDDEN;
use crate::store::{ReadTx, proof};
use crate::view::AuditView;

/// Which rows are asked for. What is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountAuditQuery {
    /// By one of these users; an id that names nobody names nothing.
    pub users: Vec<String>,
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Before this time.
    pub end: Option<Timestamp>,
    /// Of the object with this id.
    pub object_id: Option<String>,
    /// Of objects of this model.
    pub model: Option<String>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAuditRow {
    /// The address of who did it, else his name.
    pub user_email: String,
    /// When.
    pub at: Timestamp,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// What kind of object it is.
    pub model: &'static str,
    /// Its id.
    pub object_id: String,
    /// The field of an update.
    pub field: String,
    /// What it was; empty for what is never told.
    pub old: String,
    /// What it is.
    pub new: String,
}

impl Strongroom {
    /// The rows, oldest first, for whoever may read the account's audit log. At most 100,000.
    pub async fn list_account_audit(
        &self,
        actor: &Actor,
        query: AccountAuditQuery,
    ) -> Result<Vec<AccountAuditRow>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let account = actor.account()?;
            let standing = tx.standing(&actor)?;
            let held = standing.on(ResourceKind::Organization, account);
            let decision =
                match decide(&standing, actor.dialect(), Permission::ReadProbelyAudit, held) {
                    Decision::No { .. } => Decision::No { readable: true },
                    yes @ Decision::Yes(_) => yes,
                };
            let object = Touched { kind: Kind::Organization, id: account, name: String::new() };
            let reads = Permission::ReadProbelyAudit;
            tx.decided::<proof::Read>(&actor, reads, decision, object, Some(account))?;
            rows(tx, account, &query)
        })
        .await
    }
}

fn rows(tx: &ReadTx<'_>, account: i64, query: &AccountAuditQuery) -> Result<Vec<AccountAuditRow>> {
    let mut actors = Vec::new();
    for user in &query.users {
        if let Ok(id) = user.parse::<ShortId>() {
            actors.extend(tx.id_of(Kind::User, &Ref::Short(id))?);
        }
    }
    if actors.is_empty() && !query.users.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let entries = tx.account_entries(account, (query.start, query.end), &actors, after)?;
        let Some(last) = entries.last() else { return Ok(rows) };
        after = last.id;
        add(tx, &entries, query, &mut rows)?;
        if MOST_ROWS < rows.len() {
            let rule = Rule::Scan(ScanRule::TooMany { max: MOST_ROWS });
            return Err(Error::invalid(FieldPath::Whole, rule));
        }
    }
}

/// Adds the rows of some entries.
fn add(
    tx: &ReadTx<'_>,
    entries: &[AuditView],
    query: &AccountAuditQuery,
    rows: &mut Vec<AccountAuditRow>,
) -> Result<()> {
    let mut wanted: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for entry in entries {
        if let Some((kind, _)) = model_of(entry) {
            wanted.entry(kind).or_default().extend(entry.objects.first().map(|object| object.id));
        }
        for change in changes(entry).filter(|change| change["member"] == "team") {
            let teams = [&change["old"], &change["new"]].into_iter().filter_map(Value::as_i64);
            wanted.entry(Kind::Team).or_default().extend(teams);
        }
    }
    let mut ids: BTreeMap<(Kind, i64), String> = BTreeMap::new();
    for (kind, of_kind) in wanted {
        let found = tx.short_ids_of(kind, &of_kind)?;
        ids.extend(found.into_iter().map(|(id, short_id)| ((kind, id), short_id.to_string())));
    }
    let people: Vec<i64> = entries.iter().filter_map(|entry| entry.actor_id).collect();
    let people = tx.mentioned(&people)?;
    for entry in entries {
        let Some((kind, model)) = model_of(entry) else { continue };
        let Some(object) = entry.objects.first() else { continue };
        let object_id = ids.get(&(kind, object.id)).cloned().unwrap_or_default();
        let other_object = query.object_id.as_ref().is_some_and(|id| *id != object_id);
        if other_object || query.model.as_ref().is_some_and(|word| word != model) {
            continue;
        }
        let address = entry.actor_id.and_then(|id| people.get(&id)).map(|one| one.email.clone());
        let address = address.filter(|address| !address.is_empty());
        let row = AccountAuditRow {
            user_email: address.unwrap_or_else(|| entry.actor_name.clone()),
            at: entry.at,
            action: action_of(entry.operation),
            model,
            object_id,
            field: String::new(),
            old: String::new(),
            new: String::new(),
        };
        if row.action != "update" {
            rows.push(row);
            continue;
        }
        for change in changes(entry) {
            let text = |side: &str| match (&change[side], &change["member"]) {
                (Value::Number(id), member) if member == "team" => {
                    let id = id.as_i64().unwrap_or_default();
                    ids.get(&(Kind::Team, id)).cloned().unwrap_or_default()
                }
                (value, _) => told(value),
            };
            rows.push(AccountAuditRow {
                field: change["member"].as_str().unwrap_or_default().to_owned(),
                old: text("old"),
                new: text("new"),
                ..row.clone()
            });
        }
    }
    Ok(())
}

/// The kind of an entry's object and its model here, where it is one of the account's.
fn model_of(entry: &AuditView) -> Option<(Kind, &'static str)> {
    let object = entry.objects.first()?;
    let model = match object.kind {
        Kind::Placement if object.name.starts_with("probely ") => "credential",
        Kind::Target => "scope",
        Kind::Domain => "domain",
        Kind::Team => "team",
        Kind::Sequence => "sequence",
        Kind::ExtraHost => "asset",
        _ => return None,
    };
    Some((object.kind, model))
}

const fn action_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Delete => "delete",
        _ => "update",
    }
}

fn changes(entry: &AuditView) -> impl Iterator<Item = &Value> {
    entry.changes.as_array().into_iter().flatten()
}

/// A value as the product writes it; what is never told is empty.
fn told(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) if text == HIDDEN => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const MOST_ROWS: usize = 100_000;
