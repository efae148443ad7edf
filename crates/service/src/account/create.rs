//! Making credentials in the account.

use secrecy::SecretString;
use serde_json::{Map, json};
use strongroom_core::access::{Dialect, Role};
use strongroom_core::audit::Operation;
use strongroom_core::credential_type::{CheckedInputs, SecretChange};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::PlacementScope;
use strongroom_core::{Error, Result};

use super::read::{VALUE, view};
use super::{AccountCredential, AccountCredentialDraft};
use crate::actor::Actor;
use crate::audit::{HIDDEN, made};
use crate::credential::Born;
use crate::placement::{entry_of, may_create, members};
use crate::store::{Holder, NewGrant, NewPlacement, ReadTx, WriteTx};
use crate::{Strongroom, draw_identity};

impl Strongroom {
    /// Makes a *Secret Text* of the account's organization and places it in the account or in a team of it. Its
    /// maker may change and delete it there.
    pub async fn create_account_credential(
        &self,
        actor: &Actor,
        draft: AccountCredentialDraft,
    ) -> Result<AccountCredential> {
        let (room, by) = (self.clone(), actor.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let organization = by.account()?;
            let wanted = checked(tx, &by, organization, draft.clone())?;
            let credential_id = room.insert_born(
                tx,
                &by,
                &Born {
                    identity: (guid, short_id),
                    name: &generated_name(&wanted.name, &short_id),
                    description: &wanted.description,
                    organization_id: Some(organization),
                    namespace: NAMESPACE,
                    inputs: &inputs(wanted.value),
                },
            )?;
            let id = tx.insert_placement(&NewPlacement {
                guid,
                short_id,
                credential_id,
                scope: wanted.scope,
                born_here: true,
                name: &wanted.name,
                location: None,
                is_sensitive: wanted.is_sensitive,
                metadata: &Map::new(),
                expires: None,
                by: by.user_id(),
            })?;
            give_to_creator(tx, &by, id)?;
            let placement = tx.placements_by_id(&[id])?.into_iter().next();
            let placement = placement.ok_or_else(|| Error::internal("a placement was expected"))?;
            let view = view(tx, &by, placement)?;
            let mut entry =
                entry_of(tx, &by, Operation::Create, &view.placement, &view.credential)?;
            entry.changes = members(&view.placement)
                .into_iter()
                .chain([("description", json!(view.description)), (VALUE, json!(HIDDEN))])
                .map(|(member, value)| made(member, value))
                .collect();
            room.told(tx, &by, view, vec![entry])
        })
        .await
    }
}

/// A new credential whose every rule is kept.
struct Wanted {
    name: String,
    description: String,
    scope: PlacementScope,
    is_sensitive: bool,
    value: SecretString,
}

fn checked(
    tx: &ReadTx<'_>,
    actor: &Actor,
    organization: i64,
    draft: AccountCredentialDraft,
) -> Result<Wanted> {
    if !may_create(tx, actor, &PlacementScope::Account(organization))? {
        return Err(Error::forbidden());
    }
    let mut faults: Vec<Violation> = Vec::new();
    let name = draft.name.require("name", &mut faults);
    let scope = scope(tx, actor, organization, draft.team, &mut faults)?;
    let description = draft.description.take("description", &mut faults).unwrap_or_default();
    let is_sensitive = draft.is_sensitive.take("is_sensitive", &mut faults).unwrap_or(true);
    let value = not_null(draft.value).require(VALUE, &mut faults).flatten();
    faultless(faults)?;
    let (Some(name), Some(value)) = (name, value) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    let scope = scope.unwrap_or(PlacementScope::Account(organization));
    Ok(Wanted { name, description, scope, is_sensitive, value })
}

/// The scope that a team, or none, gives; nothing when the request does not name the member.
///
/// A team that the actor neither belongs to nor manages is as unknown as one that does not exist.
pub(super) fn scope(
    tx: &ReadTx<'_>,
    actor: &Actor,
    organization: i64,
    team: Member<Option<ShortId>>,
    faults: &mut Vec<Violation>,
) -> Result<Option<PlacementScope>> {
    let Some(wanted) = team.take("team", faults) else { return Ok(None) };
    let Some(short_id) = wanted else { return Ok(Some(PlacementScope::Account(organization))) };
    if let Some(team) = tx.id_of(Kind::Team, &Ref::Short(short_id))?
        && tx.team_organization(team)? == organization
    {
        let scope = PlacementScope::AccountTeam { organization, team };
        if may_create(tx, actor, &scope)? {
            return Ok(Some(scope));
        }
    }
    let rule = Rule::UnknownObject { given: short_id.to_string() };
    faults.push(Violation::new("team", rule));
    Ok(None)
}

/// The same member, where null is no value.
pub(super) fn not_null<T>(member: Member<Option<T>>) -> Member<Option<T>> {
    member.check(|value| value.is_none().then_some(Rule::Null))
}

/// The inputs of a *Secret Text*. An empty value is one, unlike in AWX.
pub(super) fn inputs(value: SecretString) -> CheckedInputs {
    let secrets = [(VALUE.to_owned(), SecretChange::Set(value))];
    CheckedInputs { plain: Map::new(), secrets: secrets.into() }
}

/// How AWX shows a credential that nobody named there.
pub(super) fn generated_name(name: &str, short_id: &ShortId) -> String {
    format!("{name} {short_id}")
}

fn give_to_creator(tx: &mut WriteTx<'_>, actor: &Actor, placement_id: i64) -> Result<()> {
    let Some(user_id) = actor.user_id() else { return Ok(()) };
    let role = tx.role_on(Role::PlacementManage, placement_id)?;
    tx.insert_grant(&NewGrant {
        role,
        holder: Holder::User(user_id),
        dialect: Dialect::Probely,
        by_position: false,
        by: actor.user_id(),
    })?;
    Ok(())
}

/// The type of the account's credentials.
const NAMESPACE: &str = "strongroom_secret_text";
