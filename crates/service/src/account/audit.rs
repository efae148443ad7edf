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

use super::read::VALUE;
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::HIDDEN;
use crate::store::{ReadTx, Stay, proof};
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
    /// The address of who did it; empty where none is known.
    pub user_email: String,
    /// His user name, as it was then.
    pub user_name: String,
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
    let behind: Vec<i64> = entries.iter().filter_map(credential_of).collect();
    let stays = tx.probely_stays(&behind)?;
    let mut wanted: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for entry in entries {
        for subject in subjects(entry, &stays) {
            wanted.entry(subject.kind).or_default().push(subject.id);
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
        for Subject { kind, id, model, is_behind } in subjects(entry, &stays) {
            let object_id = ids.get(&(kind, id)).cloned().unwrap_or_default();
            let other_object = query.object_id.as_ref().is_some_and(|id| *id != object_id);
            if other_object || query.model.as_ref().is_some_and(|word| word != model) {
                continue;
            }
            let address = entry.actor_id.and_then(|id| people.get(&id));
            let row = AccountAuditRow {
                user_email: address.map(|one| one.email.clone()).unwrap_or_default(),
                user_name: entry.actor_name.clone(),
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
                let member = change["member"].as_str().unwrap_or_default();
                let Some(field) = field(member, is_behind) else { continue };
                rows.push(AccountAuditRow {
                    field: field.to_owned(),
                    old: text("old"),
                    new: text("new"),
                    ..row.clone()
                });
            }
        }
    }
    Ok(())
}

/// An object of the account that an entry is about.
struct Subject {
    kind: Kind,
    id: i64,
    model: &'static str,
    /// The entry is about the credential that stands there: it was changed through another dialect.
    is_behind: bool,
}

/// The objects of the account that an entry is about.
fn subjects(entry: &AuditView, stays: &[Stay]) -> Vec<Subject> {
    let Some(object) = entry.objects.first() else { return Vec::new() };
    let model = match object.kind {
        Kind::Placement if object.name.starts_with("probely ") => CREDENTIAL,
        Kind::Target => "scope",
        Kind::Domain => "domain",
        Kind::Team => "team",
        Kind::Sequence => "sequence",
        Kind::ExtraHost => "asset",
        Kind::Credential => {
            let here = stays.iter().filter(|stay| stay.holds(object.id, entry));
            let subject = |stay: &Stay| Subject {
                kind: Kind::Placement,
                id: stay.placement_id,
                model: CREDENTIAL,
                is_behind: true,
            };
            return here.map(subject).collect();
        }
        _ => return Vec::new(),
    };
    vec![Subject { kind: object.kind, id: object.id, model, is_behind: false }]
}

/// The credential that an entry is about.
fn credential_of(entry: &AuditView) -> Option<i64> {
    entry.objects.first().filter(|object| object.kind == Kind::Credential).map(|object| object.id)
}

impl Stay {
    /// Whether the credential stood in the account when it was changed. What goes with a credential is gone with its
    /// own entry.
    fn holds(&self, credential_id: i64, entry: &AuditView) -> bool {
        self.credential_id == credential_id
            && Some(self.account) == entry.organization_id
            && self.from < entry.id
            && self.until.is_none_or(|until| entry.id < until)
    }
}

/// A member's name here. Of a credential behind, what is its own in the other dialect is not told.
fn field(member: &str, is_behind: bool) -> Option<&str> {
    match (member, is_behind) {
        ("inputs", true) => Some(VALUE),
        ("description", true) | (_, false) => Some(member),
        (_, true) => None,
    }
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
/// The model of a credential.
const CREDENTIAL: &str = "credential";
