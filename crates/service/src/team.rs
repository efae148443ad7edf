//! Teams.

use serde_json::{Value, json};
use strongroom_core::access::position::TEAM_OF_ORGANIZATION;
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Refusal, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::Team;
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::credential::{of_body, unknown};
use crate::list::{Field, ListRequest, Order};
use crate::store::{Audited, Condition, ListQuery, NewTeam, ReadTx, WriteTx, proof};
use crate::view::{Page, TeamView};
use crate::{Strongroom, draw_identity, placement};

/// What a request asks of a team.
#[derive(Debug, Clone, Default)]
pub struct TeamDraft {
    /// Unique in the organization after folding.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// The organization, for good.
    pub organization: Member<Ref>,
}

/// Which teams a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamScope {
    /// All that the caller may read.
    All,
    /// Of those, the teams of this organization.
    OfOrganization(Ref),
    /// Of those, what this user is a member of by name.
    OfUser(Ref),
}

impl Strongroom {
    /// A page of teams.
    pub async fn list_teams(
        &self,
        actor: &Actor,
        scope: TeamScope,
        request: ListRequest,
    ) -> Result<Page<TeamView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                TeamScope::All => Vec::new(),
                TeamScope::OfOrganization(organization) => {
                    let (permit, _) = tx.organization::<proof::Read>(&actor, organization)?;
                    vec![Condition::OfOrganization(permit.id())]
                }
                TeamScope::OfUser(user) => {
                    let (permit, _) = tx.user_to_read(&actor, user)?;
                    vec![Condition::HeldByUser(permit.id(), Role::TeamMember)]
                }
            };
            let query = ListQuery {
                kind: Kind::Team,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::OrganizationName), Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = in_order(&listed.ids, tx.teams_by_id(&listed.ids)?, |row| row.identity.id);
            Ok(Page { items: tx.team_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One team.
    pub async fn read_team(&self, actor: &Actor, reference: &Ref) -> Result<TeamView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, team) = tx.team::<proof::Read>(&actor, &reference)?;
            view(tx, &actor, team)
        })
        .await
    }

    /// Makes a team in an organization that the caller administers.
    pub async fn create_team(&self, actor: &Actor, draft: TeamDraft) -> Result<TeamView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            check_right(tx, &by, &draft)?;
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let description =
                draft.description.take("description", &mut faults).unwrap_or_default();
            let organization_id = match draft.organization.require("organization", &mut faults) {
                Some(reference) => {
                    let found = tx.id_of(Kind::Organization, &reference)?;
                    if found.is_none() {
                        faults.push(Violation::new("organization", unknown(&reference)));
                    }
                    found.unwrap_or_default()
                }
                None => 0,
            };
            faultless(faults)?;
            check_name(tx, organization_id, &name, None)?;
            let by_id = by.user_id();
            let new = NewTeam {
                guid,
                short_id,
                organization_id,
                name: &name,
                description: &description,
                by: by_id,
            };
            let id = insert(tx, &new)?;
            let (_, team) = tx.team::<proof::Read>(&by, &Ref::Serial(id))?;
            let mut entry = entry(tx, &by, Operation::Create, &team);
            entry.changes = members(tx, &team)?
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(view(tx, &by, team)?, entry))
        })
        .await
    }

    /// Changes a team; its organization stays.
    pub async fn update_team(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: TeamDraft,
    ) -> Result<TeamView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.team::<proof::Change>(&by, &reference)?;
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            if let Some(organization) = draft.organization.take("organization", &mut faults)
                && tx.id_of(Kind::Organization, &organization)? != Some(old.organization_id)
            {
                return Err(Error::Forbidden(Refusal::TeamOrganization));
            }
            faultless(faults)?;
            check_name(tx, old.organization_id, &new.name, Some(permit.id()))?;
            let changes = differences(members(tx, &old)?, members(tx, &new)?);
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, &by, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_team(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, &by, new)?, entry))
        })
        .await
    }

    /// Deletes a team; its grants end, its credentials stay with the organization.
    pub async fn delete_team(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, team) = tx.team::<proof::Delete>(&by, &reference)?;
            let reason = permit.reason().to_string();
            let mut entries = remove(tx, &by, &team)?;
            if let Some(first) = entries.first_mut() {
                first.reason = reason;
            }
            Ok(Audited::with_all((), entries))
        })
        .await
    }
}

/// Inserts a team with its roles and what its organization's position gives.
pub(crate) fn insert(tx: &mut WriteTx<'_>, new: &NewTeam<'_>) -> Result<i64> {
    let id = tx.insert_team(new)?;
    let roles = tx.create_roles(ResourceKind::Team, id)?;
    tx.insert_positions(TEAM_OF_ORGANIZATION, &roles, new.organization_id, new.by)?;
    tx.forget_standing();
    Ok(id)
}

/// Removes a team, whoever decided so, and gives the entries that tell of it, its own first.
///
/// Its placements go, and never widen to its whole account.
pub(crate) fn remove(tx: &mut WriteTx<'_>, actor: &Actor, team: &Team) -> Result<Vec<Entry>> {
    let id = team.identity.id;
    let mut entries = Vec::new();
    for placement in tx.placements_in(Kind::Team, id)? {
        entries.extend(placement::unplace(tx, actor, &placement)?);
    }
    tx.forget_team_of_targets(id)?;
    tx.remove_roles(ResourceKind::Team, id, actor.user_id())?;
    tx.bury_team(team, actor.user_id())?;
    let mut entry = entry(tx, actor, Operation::Delete, team);
    entry.changes =
        members(tx, team)?.into_iter().map(|(member, value)| gone(member, value)).collect();
    entries.insert(0, entry);
    Ok(entries)
}

/// Whether the caller may make a team where the raw request says; an empty one tells only what is missing.
fn check_right(tx: &ReadTx<'_>, actor: &Actor, draft: &TeamDraft) -> Result<()> {
    let standing = tx.standing(actor)?;
    if standing.is_superuser {
        return Ok(());
    }
    match &draft.organization {
        Member::Given(organization) => {
            let allowed = tx.organization::<proof::Change>(actor, organization).map(|_| ());
            of_body(false, Kind::Organization, allowed)
        }
        Member::Bad(_) => {
            let rule = Rule::NotARelatedObject { member: "organization" };
            Err(Error::invalid(FieldPath::Whole, rule))
        }
        Member::Absent => {
            let empty = draft.name.is_absent() && draft.description.is_absent();
            let administers =
                standing.holdings.iter().any(|held| held.role == Role::OrganizationAdmin);
            if empty && administers { Ok(()) } else { Err(Error::forbidden()) }
        }
    }
}

fn view(tx: &ReadTx<'_>, actor: &Actor, team: Team) -> Result<TeamView> {
    let views = tx.team_views(actor, vec![team])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

pub(crate) fn check_name(
    tx: &ReadTx<'_>,
    organization_id: i64,
    name: &str,
    own: Option<i64>,
) -> Result<()> {
    match tx.team_id_by_name(organization_id, name)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid(FieldPath::Whole, Rule::NotUnique { kind: Kind::Team }))
        }
        _ => Ok(()),
    }
}

pub(crate) fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, team: &Team) -> Entry {
    let object = Touched { kind: Kind::Team, id: team.identity.id, name: team.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(team.organization_id);
    entry
}

/// The members that entries tell, as the activity stream spells them.
pub(crate) fn members(tx: &ReadTx<'_>, team: &Team) -> Result<Vec<(&'static str, Value)>> {
    let id = team.organization_id;
    let organization = tx.names(Kind::Organization, &[id])?.into_iter().next();
    let organization = organization.map(|(_, name)| format!("{name}-{id}"));
    Ok(vec![
        ("name", json!(team.name)),
        ("description", json!(team.description)),
        ("organization", json!(organization)),
    ])
}
