//! Teams of the account, as administrators of its organization make, change and delete them. Who is in them is said
//! elsewhere.

use strongroom_core::audit::Operation;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, ShortId};
use strongroom_core::record::Team;
use strongroom_core::scan::ScanRule;
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::audit::{differences, made};
use crate::store::{Audited, NewTeam};
use crate::{Strongroom, draw_identity, team};

/// What a request asks of a team.
#[derive(Debug, Clone, Default)]
pub struct AccountTeamDraft {
    /// Its name, unique in the account after folding.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
}

impl Strongroom {
    /// Makes a team of the account.
    pub async fn create_account_team(
        &self,
        actor: &Actor,
        draft: AccountTeamDraft,
    ) -> Result<Team> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, organization) = tx.account_administrator(&by)?;
            let organization_id = organization.identity.id;
            let draft = draft.clone();
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let description =
                draft.description.take("description", &mut faults).unwrap_or_default();
            faultless(faults)?;
            team::check_name(tx, organization_id, &name, None)?;
            let new = NewTeam {
                guid,
                short_id,
                organization_id,
                name: &name,
                description: &description,
                by: by.user_id(),
            };
            let id = team::insert(tx, &new)?;
            let team = tx.teams_by_id(&[id])?.into_iter().next();
            let team = team.ok_or_else(|| Error::internal("a team was expected"))?;
            let mut entry = team::entry(tx, &by, Operation::Create, &team);
            entry.reason = permit.reason().to_string();
            entry.changes = team::members(tx, &team)?
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(team, entry))
        })
        .await
    }

    /// Changes the members of a team that the draft names.
    pub async fn update_account_team(
        &self,
        actor: &Actor,
        short_id: ShortId,
        draft: AccountTeamDraft,
    ) -> Result<Team> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let (permit, old) = tx.account_team_to_change(&by, &short_id)?;
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            faultless(faults)?;
            team::check_name(tx, old.organization_id, &new.name, Some(permit.id()))?;
            let changes = differences(team::members(tx, &old)?, team::members(tx, &new)?);
            if changes.is_empty() {
                return Ok(Audited::unchanged(old));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_team(&permit, &new)?;
            let mut entry = team::entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(new, entry))
        })
        .await
    }

    /// Deletes a team that has no credentials of the account.
    pub async fn delete_account_team(&self, actor: &Actor, short_id: ShortId) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let (permit, found) = tx.account_team_to_change(&by, &short_id)?;
            let count = tx.placements_in(Kind::Team, permit.id())?.len();
            if 0 < count {
                let rule = Rule::Scan(ScanRule::TeamHasCredentials { count });
                return Err(Error::invalid(FieldPath::Whole, rule));
            }
            let mut entries = team::remove(tx, &by, &found)?;
            if let Some(first) = entries.first_mut() {
                first.reason = permit.reason().to_string();
            }
            Ok(Audited::with_all((), entries))
        })
        .await
    }
}
