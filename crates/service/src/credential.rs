//! Credentials: made, read, changed, copied, deleted.
//!
//! Secrets are sealed inside apply: a sealed value is bound to its version, and only the transaction knows
//! which that will be. Sealing takes microseconds and can be done again.

mod born;
mod create;
mod delete;
mod lookup;
mod update;
mod values;
mod version;

pub(crate) use born::Born;
pub(crate) use create::of_body;
pub(crate) use delete::remove;
pub use lookup::{LookupDraft, LookupTest};
pub(crate) use values::{present_type, unknown};

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::{Map, Value};
use strongroom_core::access::Door;
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::Member;
use strongroom_core::error::{Conflict, UseCount};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::list::{Field, ListRequest, Order};
use crate::store::{Condition, CredentialRow, Lasting, ListQuery, ReadTx, Recent, proof};
use crate::view::{CredentialView, Owner, Page};

/// What a request asks of a credential.
#[derive(Clone, Default)]
pub struct CredentialDraft {
    /// Its name.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// Its type.
    pub credential_type: Member<Ref>,
    /// Its inputs as a whole, secrets among them.
    pub inputs: Member<Map<String, Value>>,
    /// The organization that owns it.
    pub organization: Member<Option<Ref>>,
    /// The team that owns it; only when it is made.
    pub team: Member<Option<Ref>>,
    /// The user who owns it; only when it is made.
    pub user: Member<Option<Ref>>,
    /// The dialect's exact text for "keep the stored secret", if it has one.
    pub mask: Option<&'static str>,
    /// The states in which the change is wanted; nothing to a new credential.
    pub expected: Expected,
}

/// What decides how a credential looks, while nothing changes: which it is, who looks, with which key, at which door.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    reference: Ref,
    user_id: Option<i64>,
    token_id: Option<i64>,
    door: Door,
}

/// A credential as somebody saw it at a door, and the answer that was made of it there.
///
/// It is kept until the store changes, so whoever sees it again at that door is sent the same answer.
#[derive(Debug)]
pub struct SeenCredential {
    view: CredentialView,
    answer: OnceLock<Bytes>,
}

impl SeenCredential {
    const fn new(view: CredentialView) -> Self {
        Self { view, answer: OnceLock::new() }
    }

    /// The answer that was made before, or else the one that is made now.
    pub fn answer<E>(
        &self,
        make: impl FnOnce(&CredentialView) -> std::result::Result<Bytes, E>,
    ) -> std::result::Result<Bytes, E> {
        match self.answer.get() {
            Some(made) => Ok(made.clone()),
            None => make(&self.view).map(|made| self.answer.get_or_init(|| made).clone()),
        }
    }
}

impl std::ops::Deref for SeenCredential {
    type Target = CredentialView;

    fn deref(&self) -> &CredentialView {
        &self.view
    }
}

/// The states of a credential in which a change of it is still wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// In any.
    #[default]
    Any,
    /// In one of these: the credential's id and the number of its state.
    OneOf(Vec<(i64, u64)>),
}

impl Expected {
    /// Refuses a change that was wanted in another state.
    fn check(&self, row: &CredentialRow) -> Result<()> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(states) if states.contains(&(row.credential.identity.id, row.revision)) => {
                Ok(())
            }
            Self::OneOf(_) => Err(Error::Conflict(Conflict::Changed)),
        }
    }
}

impl CredentialDraft {
    /// Whether the request names nothing at all.
    fn is_empty(&self) -> bool {
        self.name.is_absent()
            && self.description.is_absent()
            && self.credential_type.is_absent()
            && self.inputs.is_absent()
            && self.organization.is_absent()
            && self.team.is_absent()
            && self.user.is_absent()
    }
}

impl std::fmt::Debug for CredentialDraft {
    /// The inputs hold secrets, so none of them is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialDraft").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where a new credential's owner is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerDoor {
    /// In the body.
    Body,
    /// In the path: a user. Owners in the body are ignored.
    User(Ref),
    /// In the path: a team. Owners in the body are ignored.
    Team(Ref),
    /// In the path: an organization. Owners in the body are ignored.
    Organization(Ref),
    /// The credential is made to be attached to something: an organization owns it, or nobody.
    Attached,
}

/// Which credentials a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialScope {
    /// All that the caller may read.
    All,
    /// Of those, what this user can read too.
    OfUser(Ref),
    /// Of those, what this team holds admin or use on.
    OfTeam(Ref),
    /// Of those, what this organization owns.
    OfOrganization(Ref),
    /// Of those, what has this type.
    OfType(Ref),
    /// Of those, what was there already and nobody used or referred to since.
    UnusedSince(Timestamp),
}

/// What a deletion took with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The uses that the credential had, counted by kind.
    pub uses: Vec<UseCount>,
}

impl Strongroom {
    /// A page of credentials, masked. `NotFound` when the object that the scope names is not visible.
    pub async fn list_credentials(
        &self,
        actor: &Actor,
        scope: CredentialScope,
        request: ListRequest,
    ) -> Result<Page<CredentialView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = scope_conditions(tx, &actor, &scope)?;
            page(tx, &actor, &request, &conditions)
        })
        .await
    }

    /// A page of credentials that end somewhere before this time, those that ended already among them, each with
    /// the first time at which it ends.
    pub async fn list_expiring_credentials(
        &self,
        actor: &Actor,
        end: Timestamp,
        request: ListRequest,
    ) -> Result<Page<(CredentialView, Timestamp)>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let found = page(tx, &actor, &request, &[Condition::ExpiringBefore(end)])?;
            let id = |view: &CredentialView| view.credential.identity.id;
            let ids: Vec<i64> = found.items.iter().map(id).collect();
            let ends = tx.first_ends(&ids)?;
            let with_end = |view| Some((ends.get(&id(&view)).copied()?, view));
            let items = found.items.into_iter().filter_map(with_end);
            let items = items.map(|(end, view)| (view, end)).collect();
            Ok(Page { items, total: found.total })
        })
        .await
    }

    /// One credential, masked.
    pub async fn read_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<Arc<SeenCredential>> {
        let asked = Seen {
            reference: reference.clone(),
            user_id: actor.user_id(),
            token_id: actor.token_id(),
            door: actor.door(),
        };
        let moment = actor.let_in;
        let (actor, reference) = (actor.clone(), reference.clone());
        let find = move |tx: &ReadTx<'_>| {
            let (_, row, grounds) = tx.credential_on_grounds::<proof::Read>(&actor, &reference)?;
            let view = tx.credential_view_among(&actor, row, grounds.on_credential)?;
            Ok(Some(Lasting { value: Arc::new(SeenCredential::new(view)), until: grounds.until }))
        };
        let told = self.0.store.recall(&self.0.views, moment, asked, find).await;
        self.outcome(told)?.ok_or_else(|| Error::internal("a view was expected"))
    }

    /// Whether the caller may copy a credential that he may read.
    pub async fn may_copy_credential(&self, actor: &Actor, reference: &Ref) -> Result<bool> {
        Ok(self.read_credential(actor, reference).await?.capabilities.copy)
    }

    /// The users who administer a credential by name.
    pub async fn credential_owner_users(&self, actor: &Actor, reference: &Ref) -> Result<Vec<i64>> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            owners(tx, &actor, &reference, |owner| match owner {
                Owner::User(user) => Some(user.id),
                Owner::Organization(_) | Owner::Team(_) => None,
            })
        })
        .await
    }

    /// The teams that administer a credential.
    pub async fn credential_owner_teams(&self, actor: &Actor, reference: &Ref) -> Result<Vec<i64>> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            owners(tx, &actor, &reference, |owner| match owner {
                Owner::Team(team) => Some(team.id),
                Owner::Organization(_) | Owner::User(_) => None,
            })
        })
        .await
    }
}

fn owners(
    tx: &ReadTx<'_>,
    actor: &Actor,
    reference: &Ref,
    pick: impl Fn(&Owner) -> Option<i64>,
) -> Result<Vec<i64>> {
    let (_, row) = tx.credential::<proof::Read>(actor, reference)?;
    Ok(tx.credential_view(actor, row)?.owners.iter().filter_map(pick).collect())
}

fn page(
    tx: &ReadTx<'_>,
    actor: &Actor,
    request: &ListRequest,
    conditions: &[Condition],
) -> Result<Page<CredentialView>> {
    let query = ListQuery {
        kind: Kind::Credential,
        request,
        conditions,
        default_order: &[Order::by(Field::Name)],
    };
    let listed = tx.list(actor, &query)?;
    let rows =
        in_order(&listed.ids, tx.credential_rows(&listed.ids)?, |row| row.credential.identity.id);
    Ok(Page { items: tx.credential_views(actor, rows)?, total: listed.total })
}

fn scope_conditions(
    tx: &ReadTx<'_>,
    actor: &Actor,
    scope: &CredentialScope,
) -> Result<Vec<Condition>> {
    Ok(match scope {
        CredentialScope::All => Vec::new(),
        CredentialScope::OfUser(user) => {
            let (permit, _) = tx.user_to_read(actor, user)?;
            vec![Condition::ReachedByUser(permit.id())]
        }
        CredentialScope::OfTeam(team) => {
            let (permit, _) = tx.team::<proof::Read>(actor, team)?;
            vec![Condition::ReachedByTeam(permit.id())]
        }
        CredentialScope::OfOrganization(organization) => {
            let (permit, _) = tx.organization::<proof::Read>(actor, organization)?;
            vec![Condition::OfOrganization(permit.id())]
        }
        CredentialScope::OfType(credential_type) => {
            let (permit, _) = tx.type_to_read(credential_type)?;
            vec![Condition::OfType(permit.id())]
        }
        CredentialScope::UnusedSince(since) => vec![Condition::UnusedSince(*since)],
    })
}

/// Credentials that are kept as they were seen; one takes some kilobytes.
const VIEWS_HELD: usize = 2_048;

/// The memory of how credentials were seen lately.
pub(crate) fn views() -> Recent<Seen, Arc<SeenCredential>> {
    Recent::new(VIEWS_HELD)
}
