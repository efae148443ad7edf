//! The audit log: how entries are made from changes, and its views.

use serde_json::{Value, json};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::list::{Field, Filter, ListRequest, Order, Paging};
use crate::store::{Condition, CredentialRow, ListQuery, ReadTx, proof};
use crate::view::{AuditView, Page};

/// Which entries of the activity stream a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityScope {
    /// All that the caller may read.
    All,
    /// Of those, what touches this object, which the caller must be able to read.
    Touching(Kind, Ref),
}

/// Which entries of the whole log are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditQuery {
    /// The last id already seen; 0 begins at the start.
    pub after: i64,
    /// The most entries, from 1 to 200.
    pub limit: i64,
    /// Conditions on the fields of an entry.
    pub filters: Vec<Filter>,
    /// Only entries that touch this object, which may be gone.
    pub touching: Option<(Kind, i64)>,
}

impl Strongroom {
    /// A page of changes that were carried out: what an activity stream shows.
    pub async fn list_activity(
        &self,
        actor: &Actor,
        scope: ActivityScope,
        request: ListRequest,
    ) -> Result<Page<AuditView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let mut conditions = vec![Condition::Done];
            if let ActivityScope::Touching(kind, reference) = &scope {
                conditions
                    .push(Condition::Touching(*kind, readable(tx, &actor, *kind, reference)?));
            }
            page(tx, &actor, &request, &conditions)
        })
        .await
    }

    /// One entry of the activity stream.
    pub async fn read_activity(&self, actor: &Actor, id: i64) -> Result<AuditView> {
        let actor = actor.clone();
        self.read(move |tx| {
            let request = ListRequest {
                filters: vec![crate::list::Filter::equals(
                    Field::Id,
                    crate::list::Operand::Int(id),
                )],
                count: false,
                ..ListRequest::default()
            };
            let found = page(tx, &actor, &request, &[Condition::Done])?;
            found.items.into_iter().next().ok_or(strongroom_core::Error::NotFound(Kind::AuditEntry))
        })
        .await
    }

    /// A page of the whole log, refusals and failures included, in the order of entries.
    ///
    /// System administrators and auditors see all, administrators and auditors of an organization its entries;
    /// for whoever reads none it is `Forbidden`.
    pub async fn list_audit(&self, actor: &Actor, query: AuditQuery) -> Result<Page<AuditView>> {
        self.refusals_written().await?;
        let actor = actor.clone();
        self.read(move |tx| {
            tx.require_some_log(&actor)?;
            let request = ListRequest {
                filters: query.filters.clone(),
                paging: Paging::After { limit: query.limit, after: query.after },
                count: false,
                ..ListRequest::default()
            };
            let touching = query.touching.map(|(kind, id)| Condition::Touching(kind, id));
            page(tx, &actor, &request, touching.as_slice())
        })
        .await
    }

    /// The position of the first link of the chain that does not hold; none when the log is whole.
    pub async fn first_broken_audit_link(&self) -> Result<Option<i64>> {
        self.0.store.link_audit().await?;
        self.0.store.first_broken_audit_link().await
    }
}

fn page(
    tx: &ReadTx<'_>,
    actor: &Actor,
    request: &ListRequest,
    conditions: &[Condition],
) -> Result<Page<AuditView>> {
    let query = ListQuery {
        kind: Kind::AuditEntry,
        request,
        conditions,
        default_order: &[Order::by(Field::Id)],
    };
    let listed = tx.list(actor, &query)?;
    let items = in_order(&listed.ids, tx.audit_views(&listed.ids)?, |view| view.id);
    Ok(Page { items, total: listed.total })
}

/// The id of an object that the actor may read.
fn readable(tx: &ReadTx<'_>, actor: &Actor, kind: Kind, reference: &Ref) -> Result<i64> {
    Ok(match kind {
        Kind::Credential => tx.credential::<proof::Read>(actor, reference)?.0.id(),
        Kind::Organization => tx.organization::<proof::Read>(actor, reference)?.0.id(),
        Kind::Team => tx.team::<proof::Read>(actor, reference)?.0.id(),
        Kind::JobTemplate => tx.job_template::<proof::Read>(actor, reference)?.0.id(),
        Kind::User => tx.user_to_read(actor, reference)?.0.id(),
        Kind::CredentialType => tx.type_to_read(reference)?.0.id(),
        Kind::Token => {
            let id = tx.token_id(reference)?.ok_or(Error::NotFound(Kind::Token))?;
            tx.token_to_read(actor, id)?.0.id()
        }
        Kind::Application => tx.application::<proof::Read>(actor, reference)?.0.id(),
        _ => return Err(strongroom_core::Error::NotFound(kind)),
    })
}

/// An entry of a change of one object, its changes still to be told.
pub(crate) fn changed(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    object: Touched,
) -> Entry {
    actor.entry(tx.now(), operation, object)
}

/// The entry of a new credential: its members, and of its inputs only that there are some.
pub(crate) fn created(tx: &ReadTx<'_>, actor: &Actor, row: &CredentialRow) -> Entry {
    let credential = &row.credential;
    let id = credential.identity.id;
    let name = credential.name.clone();
    let mut entry =
        changed(tx, actor, Operation::Create, Touched { kind: Kind::Credential, id, name });
    entry.organization_id = credential.organization_id;
    entry.changes =
        members_of(row).into_iter().map(|(member, value)| made(member, value)).collect();
    entry
}

/// The members of a credential that its entries tell, as the activity stream spells them.
pub(crate) fn members_of(row: &CredentialRow) -> Vec<(&'static str, Value)> {
    let credential = &row.credential;
    let organization = row.organization.as_ref().map(|o| format!("{}-{}", o.name, o.id));
    let credential_type = format!("{}-{}", row.credential_type.name, row.credential_type.id);
    vec![
        ("name", json!(credential.name)),
        ("description", json!(credential.description)),
        ("organization", json!(organization)),
        ("credential_type", json!(credential_type)),
        ("managed", json!(credential.managed)),
        ("inputs", json!(HIDDEN)),
    ]
}

/// A member that has a value from now on.
pub(crate) fn made(member: &'static str, value: Value) -> Change {
    Change { member, old: None, new: Some(value) }
}

/// A member that had a value until now.
pub(crate) fn gone(member: &'static str, value: Value) -> Change {
    Change { member, old: Some(value), new: None }
}

/// A change for each member whose value differs.
pub(crate) fn differences(
    old: Vec<(&'static str, Value)>,
    new: Vec<(&'static str, Value)>,
) -> Vec<Change> {
    let pairs = old.into_iter().zip(new);
    let changed = pairs.filter(|((_, old), (_, new))| old != new);
    changed
        .map(|((member, old), (_, new))| Change { member, old: Some(old), new: Some(new) })
        .collect()
}

/// What stands for a value that the log never tells.
pub(crate) const HIDDEN: &str = "hidden";
