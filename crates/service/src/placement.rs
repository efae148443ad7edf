//! Placements as the native API makes and removes them, and what goes when an object goes that held them.

use serde_json::{Value, json};
use strongroom_core::access::{Dialect, Permission, ResourceKind, Role, decide};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, FieldPath, Rule, UseCount, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Credential, Placement, PlacementScope};
use strongroom_core::registry::Location;
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::audit::{gone, made};
use crate::credential::unknown;
use crate::store::{Audited, CredentialRow, NewPlacement, ReadTx, WriteTx, proof};
use crate::{Strongroom, credential, draw_identity};

/// What a request asks of a placement.
#[derive(Debug, Clone, Default)]
pub struct PlacementDraft {
    /// The dialect's word: `cloud_foundry` or `probely`.
    pub dialect: Member<String>,
    /// In Cloud Foundry: `foundation`, `organization`, `space` or `app`.
    pub scope: Member<String>,
    /// The organization, or the account's.
    pub organization: Member<Option<Ref>>,
    /// The space.
    pub space: Member<Option<Ref>>,
    /// The app.
    pub app: Member<Option<Ref>>,
    /// The team of the account; absent means the whole account.
    pub team: Member<Option<Ref>>,
}

impl Strongroom {
    /// Where a credential appears, for whoever may read it.
    pub async fn list_placements(&self, actor: &Actor, credential: &Ref) -> Result<Vec<Placement>> {
        let (actor, credential) = (actor.clone(), credential.clone());
        self.read(move |tx| {
            let (permit, _) = tx.credential::<proof::Read>(&actor, &credential)?;
            tx.placements_of(permit.id())
        })
        .await
    }

    /// Lets a credential appear in a dialect: takes *grant* on it, and the right to create there.
    pub async fn place_credential(
        &self,
        actor: &Actor,
        credential: &Ref,
        draft: PlacementDraft,
    ) -> Result<Placement> {
        let (by, credential) = (actor.clone(), credential.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Grant>(&by, &credential)?;
            let scope = checked_scope(tx, &by, draft.clone())?;
            check_place(tx, &by, &row, &scope)?;
            let location = fitting(tx, &row, &scope)?;
            let id = tx.insert_placement(&NewPlacement {
                guid,
                short_id,
                credential_id: permit.id(),
                scope,
                born_here: false,
                name: &row.credential.name,
                location: location.as_deref(),
                is_sensitive: true,
                metadata: &serde_json::Map::new(),
                expires: None,
                by: by.user_id(),
            })?;
            let placement = tx.placements_by_id(&[id])?.into_iter().next();
            let placement = placement.ok_or_else(|| Error::internal("a placement was expected"))?;
            let mut entry = entry_of(tx, &by, Operation::Create, &placement, &row.credential)?;
            entry.reason = permit.reason().to_string();
            entry.changes = members(&placement)
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(placement, entry))
        })
        .await
    }

    /// Takes a credential out of a dialect: whoever may grant on it may, and whoever may delete it there.
    ///
    /// A credential that was made through this placement and has no other goes with it. One in use stays:
    /// `CredentialInUse`.
    pub async fn remove_placement(
        &self,
        actor: &Actor,
        credential: &Ref,
        placement: &Ref,
    ) -> Result<()> {
        let (by, credential, wanted) = (actor.clone(), credential.clone(), placement.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Read>(&by, &credential)?;
            let all = tx.placements_of(permit.id())?;
            let found = all.into_iter().find(|one| match &wanted {
                Ref::Serial(id) => one.identity.id == *id,
                Ref::Guid(guid) => one.identity.guid == *guid,
                Ref::Short(short_id) => one.identity.short_id == *short_id,
            });
            let placement = found.ok_or(Error::NotFound(Kind::Placement))?;
            if row.credential.managed {
                return Err(Error::forbidden());
            }
            let on = Ref::Serial(permit.id());
            if !crate::store::permitted(tx.credential::<proof::Grant>(&by, &on))? {
                tx.placement_in::<proof::Delete>(&by, placement.dialect, &wanted)?;
            }
            let uses = tx.uses_of_placement(&placement, &row.credential)?;
            if !uses.is_empty() {
                return Err(Error::Conflict(Conflict::CredentialInUse(uses)));
            }
            let entries = remove(tx, &by, &placement)?;
            Ok(Audited::with_all((), entries))
        })
        .await
    }
}

/// Removes a placement, whoever decided so, and with it the credential that was born there and has no other.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    placement: &Placement,
) -> Result<Vec<Entry>> {
    let mut entries = unplace(tx, actor, placement)?;
    if placement.born_here && tx.placements_of(placement.credential_id)?.is_empty() {
        for row in tx.credential_rows(&[placement.credential_id])? {
            entries.push(credential::remove(tx, actor, &row)?);
        }
    }
    Ok(entries)
}

/// Removes a placement and leaves its credential with whoever else owns it.
pub(crate) fn unplace(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    placement: &Placement,
) -> Result<Vec<Entry>> {
    let rows = tx.credential_rows(&[placement.credential_id])?;
    let Some(row) = rows.into_iter().next() else { return Ok(Vec::new()) };
    let mut entry = entry_of(tx, actor, Operation::Delete, placement, &row.credential)?;
    entry.changes =
        members(placement).into_iter().map(|(member, value)| gone(member, value)).collect();
    tx.delete_placement_row(placement.identity.id, actor.user_id())?;
    Ok(vec![entry])
}

/// What went with an object: the entries that tell of it, and what used the credentials among it.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// The uses, counted by kind.
    pub(crate) uses: Vec<UseCount>,
}

impl Removed {
    /// Adds what went with another object.
    pub(crate) fn add(&mut self, other: Self) {
        self.entries.extend(other.entries);
        for one in other.uses {
            match self.uses.iter_mut().find(|known| known.kind == one.kind) {
                Some(known) => known.count += one.count,
                None => self.uses.push(one),
            }
        }
    }
}

/// Removes every placement that an object holds, because the object goes, with the credentials that were born
/// there and have no other.
///
/// `CredentialInUse` when one of them is used and its organization protects used ones.
pub(crate) fn remove_all_in(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    kind: Kind,
    id: i64,
) -> Result<Removed> {
    let mut removed = Removed::default();
    for placement in tx.placements_in(kind, id)? {
        let uses = uses_that_go(tx, &placement)?;
        if !uses.is_empty() && tx.protects_used(tx.organization_of_scope(&placement.scope)?)? {
            return Err(Error::Conflict(Conflict::CredentialInUse(uses)));
        }
        let mut entries = remove(tx, actor, &placement)?;
        for entry in &mut entries {
            entry.changes.extend(
                uses.iter().map(|of| gone("used_by", json!({"kind": of.kind, "count": of.count}))),
            );
        }
        removed.add(Removed { entries, uses });
    }
    Ok(removed)
}

/// The uses of the credential that goes with a placement; none when it stays.
pub(crate) fn uses_that_go(tx: &ReadTx<'_>, placement: &Placement) -> Result<Vec<UseCount>> {
    if !placement.born_here || tx.placements_of(placement.credential_id)?.len() != 1 {
        return Ok(Vec::new());
    }
    match tx.credential_rows(&[placement.credential_id])?.into_iter().next() {
        Some(row) => tx.effective_uses(&row.credential),
        None => Ok(Vec::new()),
    }
}

/// The entry of a change of a placement; its credential is the second object.
pub(crate) fn entry_of(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    placement: &Placement,
    credential: &Credential,
) -> Result<Entry> {
    let id = placement.identity.id;
    let name = format!("{} {}", placement.dialect.word(), placement.scope.word());
    let mut entry = actor.entry(tx.now(), operation, Touched { kind: Kind::Placement, id, name });
    entry.objects.push(Touched {
        kind: Kind::Credential,
        id: credential.identity.id,
        name: credential.name.clone(),
    });
    entry.organization_id = match tx.organization_of_scope(&placement.scope)? {
        Some(organization) => Some(organization),
        None => credential.organization_id,
    };
    Ok(entry)
}

/// The members of a placement that its entries tell.
pub(crate) fn members(placement: &Placement) -> Vec<(&'static str, Value)> {
    vec![
        ("dialect", json!(placement.dialect.word())),
        ("scope", json!(placement.scope.word())),
        ("name", json!(placement.name)),
        ("location", json!(placement.location)),
        ("is_sensitive", json!(placement.is_sensitive)),
        ("metadata", Value::from(Value::from(placement.metadata.clone()).to_string())),
    ]
}

/// Whether the actor has the dialect's own right to create there.
pub(crate) fn may_create(tx: &ReadTx<'_>, actor: &Actor, scope: &PlacementScope) -> Result<bool> {
    let standing = tx.standing(actor)?;
    let dialect = scope.dialect();
    let (kind, id, permission) = match *scope {
        PlacementScope::Foundation => return Ok(standing.is_superuser),
        PlacementScope::Organization(id) => {
            (ResourceKind::Organization, id, Permission::ManagePlacements)
        }
        PlacementScope::Space(id) => (ResourceKind::Space, id, Permission::ManagePlacements),
        PlacementScope::App(id) => {
            (ResourceKind::Space, tx.space_of_app(id)?, Permission::ManagePlacements)
        }
        PlacementScope::Account(id) => (ResourceKind::Organization, id, Permission::ProbelyAccount),
        PlacementScope::AccountTeam { organization, team } => {
            let member = decide(
                &standing,
                dialect,
                Permission::ProbelyAccount,
                standing.on(ResourceKind::Organization, organization),
            );
            let in_team = standing.holds(Role::TeamMember, team)
                || standing.holds(Role::TeamProbelyManageCredentials, team)
                || standing.holds(Role::ProbelyManageCredentials, organization);
            return Ok(standing.is_superuser || (member.is_yes() && in_team));
        }
        PlacementScope::Registry { organization, .. } => {
            (ResourceKind::Organization, organization, Permission::ManageRegistries)
        }
    };
    let decision = decide(&standing, dialect, permission, standing.on(kind, id));
    Ok(decision.is_yes())
}

fn checked_scope(tx: &ReadTx<'_>, actor: &Actor, draft: PlacementDraft) -> Result<PlacementScope> {
    let mut faults: Vec<Violation> = Vec::new();
    let word = draft.dialect.require("dialect", &mut faults);
    let wanted = draft.scope.take("scope", &mut faults);
    let organization = draft.organization.take("organization", &mut faults).flatten();
    let space = draft.space.take("space", &mut faults).flatten();
    let app = draft.app.take("app", &mut faults).flatten();
    let team = draft.team.take("team", &mut faults).flatten();
    faultless(faults)?;
    let found = |kind, member, reference: Option<&Ref>| match reference {
        Some(reference) => visible(tx, actor, kind, member, reference),
        None => Err(Error::invalid(member, Rule::Required)),
    };
    let word = word.unwrap_or_default();
    match (Dialect::from_word(&word), wanted.as_deref()) {
        (Some(Dialect::CloudFoundry), Some("foundation")) => Ok(PlacementScope::Foundation),
        (Some(Dialect::CloudFoundry), Some("organization")) => {
            found(Kind::Organization, "organization", organization.as_ref())
                .map(PlacementScope::Organization)
        }
        (Some(Dialect::CloudFoundry), Some("space")) => {
            found(Kind::Space, "space", space.as_ref()).map(PlacementScope::Space)
        }
        (Some(Dialect::CloudFoundry), Some("app")) => {
            found(Kind::App, "app", app.as_ref()).map(PlacementScope::App)
        }
        (Some(Dialect::CloudFoundry), None) => Err(Error::invalid("scope", Rule::Required)),
        (Some(Dialect::CloudFoundry), Some(other)) => {
            Err(Error::invalid("scope", Rule::NotAChoice { given: other.to_owned() }))
        }
        (Some(Dialect::Probely), _) => {
            let organization = found(Kind::Organization, "organization", organization.as_ref())?;
            match team {
                None => Ok(PlacementScope::Account(organization)),
                Some(reference) => {
                    let team = visible(tx, actor, Kind::Team, "team", &reference)?;
                    if tx.team_organization(team)? != organization {
                        return Err(Error::invalid("team", unknown(&reference)));
                    }
                    Ok(PlacementScope::AccountTeam { organization, team })
                }
            }
        }
        _ => Err(Error::invalid("dialect", Rule::NotAChoice { given: word })),
    }
}

/// The id of an object that the actor may see; a hidden one is as unknown as a missing one.
fn visible(
    tx: &ReadTx<'_>,
    actor: &Actor,
    kind: Kind,
    member: &'static str,
    reference: &Ref,
) -> Result<i64> {
    let standing = tx.standing(actor)?;
    let id = tx.id_of(kind, reference)?;
    let seen = |id: &i64| -> Result<bool> {
        let (resource, on) = match kind {
            Kind::Organization => (ResourceKind::Organization, *id),
            Kind::Team => (ResourceKind::Team, *id),
            Kind::Space => (ResourceKind::Space, *id),
            _ => (ResourceKind::Space, tx.space_of_app(*id)?),
        };
        Ok(standing.reads_everything() || standing.on(resource, on).next().is_some())
    };
    match id {
        Some(id) if seen(&id)? => Ok(id),
        _ => Err(Error::invalid(member, unknown(reference))),
    }
}

/// The dialect's own right, and the wall around the owning organization.
fn check_place(
    tx: &ReadTx<'_>,
    actor: &Actor,
    row: &CredentialRow,
    scope: &PlacementScope,
) -> Result<()> {
    if row.credential.managed {
        return Err(Error::forbidden());
    }
    if !may_create(tx, actor, scope)? {
        return Err(Error::forbidden());
    }
    tx.check_scope_open(actor, scope)?;
    let Some(owner) = row.credential.organization_id else { return Ok(()) };
    let outside = tx.organization_of_scope(scope)? != Some(owner);
    if outside && !tx.shares_across_organizations(owner)? {
        return Err(Error::invalid(FieldPath::Whole, Rule::NotShared));
    }
    Ok(())
}

/// Whether the credential fits the dialect; in Cloud Foundry, the location at which it stands there.
fn fitting(tx: &ReadTx<'_>, row: &CredentialRow, scope: &PlacementScope) -> Result<Option<String>> {
    let namespace = row.credential_type.namespace.as_deref();
    match scope.dialect() {
        Dialect::CloudFoundry if namespace == Some("registry") => {
            let location = placed_location(&row.credential)?;
            if tx.placement_at(scope, &location)?.is_some() {
                return Err(Error::invalid("location", Rule::NotUnique { kind: Kind::Placement }));
            }
            Ok(Some(location))
        }
        Dialect::Probely if namespace == Some("strongroom_secret_text") => Ok(None),
        _ => Err(Error::invalid("dialect", Rule::DoesNotFit)),
    }
}

/// The location of a *Container Registry* credential that has all that Cloud Foundry asks for.
pub(crate) fn placed_location(credential: &Credential) -> Result<String> {
    let text =
        |field: &str| credential.inputs.get(field).and_then(Value::as_str).unwrap_or_default();
    let location = text("host").parse::<Location>();
    let location = location.map_err(|fault| Error::invalid("host", Rule::Location(fault)))?;
    if text("username").is_empty() {
        return Err(Error::invalid("username", Rule::Blank));
    }
    if !credential.secrets.contains_key("password") {
        return Err(Error::invalid("password", Rule::Blank));
    }
    Ok(location.to_string())
}

impl<'tx> ReadTx<'tx> {
    /// A placement in the actor's own dialect that he may do `P` to.
    pub(crate) fn placement<P: crate::store::Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(crate::store::Permit<'tx, P>, Placement)> {
        self.placement_in(actor, actor.dialect(), reference)
    }
}
