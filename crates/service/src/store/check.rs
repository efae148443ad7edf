//! The access checks: the only way from an id to an object, and the only source of permits.

use std::collections::BTreeMap;

use super::FOREVER;
use super::credential::{CredentialRow, TypeRow};
use super::grant::{GrantRow, RolesAndGrants, holdings_among};
use super::tx::{Permit, Proves, ReadTx, WriteTx, proof};
use crate::actor::Actor;
use strongroom_core::access::{
    Capabilities, Decision, Dialect, DialectSet, Holding, Permission, Reason, ResourceKind, Role,
    Standing, decide,
};
use strongroom_core::audit::Touched;
use strongroom_core::clock::Timestamp;
use strongroom_core::credential_type::ROBOT_NAMESPACE;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{
    Application, Credential, InputSource, JobTemplate, Organization, Placement, Team, Token, User,
};
use strongroom_core::{Error, Result};

impl<'tx> ReadTx<'tx> {
    /// A credential that the actor may do `P` to.
    pub(crate) fn credential<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, CredentialRow)> {
        let (permit, row, _) = self.credential_on_grounds(actor, reference)?;
        Ok((permit, row))
    }

    /// A credential that the actor may do `P` to, with the grants by which that was decided.
    pub(crate) fn credential_on_grounds<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, CredentialRow, Grounds)> {
        let row = self.credential_row(reference)?;
        let id = row.credential.identity.id;
        let standing = self.standing(actor)?;
        let mut grounds = Grounds::of(self.roles_and_grants(ResourceKind::Credential, &[id])?);
        let grants = &grounds.on_credential.grants;
        let mut held = holdings_among(&standing, grants).remove(&id).unwrap_or_default();
        if !standing.reads_everything() {
            let grants = self.grants_on_placements_of(id)?;
            grounds.end_with(&grants);
            // What somebody holds on a placement is to read the credential, and no more.
            let read_only = |holding: Holding| Holding { reach: DialectSet::NONE, ..holding };
            let through_placements = holdings_among(&standing, &grants).into_values().flatten();
            held.extend(through_placements.map(read_only));
        }
        let decision = on_credential(&standing, actor, P::PERMISSION, &row, &held);
        let name = row.credential.name.clone();
        let object = Touched { kind: Kind::Credential, id, name };
        let owner = row.credential.organization_id;
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, row, grounds))
    }

    /// What the actor may do with each of these credentials.
    pub(crate) fn capabilities(
        &self,
        actor: &Actor,
        rows: &[CredentialRow],
    ) -> Result<BTreeMap<i64, Capabilities>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.credential.identity.id).collect();
        let grants = match self.standing(actor)?.is_superuser {
            true => Vec::new(),
            false => self.grants_on(ResourceKind::Credential, &ids)?,
        };
        self.capabilities_among(actor, rows, &grants)
    }

    /// The same, with the grants on these credentials at hand.
    pub(crate) fn capabilities_among(
        &self,
        actor: &Actor,
        rows: &[CredentialRow],
        grants: &[GrantRow],
    ) -> Result<BTreeMap<i64, Capabilities>> {
        let standing = self.standing(actor)?;
        let held = holdings_among(&standing, grants);
        let of = |row: &CredentialRow| {
            let id = row.credential.identity.id;
            let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
            let robot = row.credential.managed
                && row.credential_type.namespace.as_deref() == Some(ROBOT_NAMESPACE);
            let may = |permission| {
                actor.may_write()
                    && !robot
                    && on_credential(&standing, actor, permission, row, held).is_yes()
            };
            let changeable = !row.credential.managed;
            let capabilities = Capabilities {
                edit: changeable && may(Permission::Change),
                delete: changeable && may(Permission::Delete),
                copy: may(Permission::Copy),
                use_it: may(Permission::Use),
            };
            (id, capabilities)
        };
        Ok(rows.iter().map(of).collect())
    }

    /// Whether the actor may delete the credential, or a placement of it, in some dialect.
    pub(crate) fn deletes_somewhere(&self, actor: &Actor, credential_id: i64) -> Result<bool> {
        let standing = self.standing(actor)?;
        let on = self.holdings_on(&standing, ResourceKind::Credential, &[credential_id])?;
        let on_placements =
            holdings_among(&standing, &self.grants_on_placements_of(credential_id)?);
        let held: Vec<Holding> =
            on.into_values().chain(on_placements.into_values()).flatten().collect();
        let may =
            |dialect: &Dialect| decide(&standing, *dialect, Permission::Delete, &held).is_yes();
        Ok(actor.may_write() && Dialect::ALL.iter().any(may))
    }

    /// The grants on every placement of a credential.
    fn grants_on_placements_of(&self, credential_id: i64) -> Result<Vec<GrantRow>> {
        let placements = self.placements_of(credential_id)?;
        let ids: Vec<i64> = placements.iter().map(|placement| placement.identity.id).collect();
        self.grants_on(ResourceKind::Placement, &ids)
    }

    /// A placement in a dialect that the actor may do `P` to there.
    pub(crate) fn placement_in<P: Proves>(
        &self,
        actor: &Actor,
        dialect: Dialect,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Placement)> {
        let placement = self.placement_row(dialect, reference)?;
        let id = placement.identity.id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::Placement, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = decide(&standing, dialect, P::PERMISSION, held);
        let name = placement.scope.word().to_owned();
        let object = Touched { kind: Kind::Placement, id, name };
        let owner = self.organization_of_scope(&placement.scope)?;
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, placement))
    }

    /// An organization that the actor may do `P` to.
    pub(crate) fn organization<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Organization)> {
        let organization = self.organization_row(reference)?;
        let id = organization.identity.id;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Organization, id);
        let decision = decide(&standing, actor.dialect(), P::PERMISSION, held);
        let object = Touched { kind: Kind::Organization, id, name: organization.name.clone() };
        Ok((self.decided(actor, P::PERMISSION, decision, object, Some(id))?, organization))
    }

    /// A team that the actor may do `P` to.
    pub(crate) fn team<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Team)> {
        let team = self.team_row(reference)?;
        let id = team.identity.id;
        let standing = self.standing(actor)?;
        let decision = if P::PERMISSION == Permission::Read && standing.sees_all_people() {
            Decision::Yes(Reason::Everybody)
        } else {
            decide(&standing, actor.dialect(), P::PERMISSION, standing.on(ResourceKind::Team, id))
        };
        let object = Touched { kind: Kind::Team, id, name: team.name.clone() };
        let owner = Some(team.organization_id);
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, team))
    }

    /// A job template that the actor may do `P` to.
    pub(crate) fn job_template<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, JobTemplate)> {
        let template = self.job_template_row(reference)?;
        let id = template.identity.id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::JobTemplate, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = decide(&standing, actor.dialect(), P::PERMISSION, held);
        let object = Touched { kind: Kind::JobTemplate, id, name: template.name.clone() };
        let owner = template.organization_id;
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, template))
    }

    /// An input source of a credential that the actor may do `P` to.
    pub(crate) fn input_source<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, InputSource)> {
        let found = self.input_source_row(reference)?;
        let of_target = |error| match error {
            Error::NotFound(_) => Error::NotFound(Kind::InputSource),
            Error::Hidden(_) => Error::Hidden(Kind::InputSource),
            other => other,
        };
        let (permit, _) =
            self.credential::<P>(actor, &Ref::Serial(found.target_id)).map_err(of_target)?;
        Ok((self.permit(found.identity.id, permit.reason().clone()), found))
    }

    /// A credential type; everybody who is known reads all of them.
    pub(crate) fn type_to_read(
        &self,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Read>, TypeRow)> {
        let row = self.type_row(reference)?;
        Ok((self.permit(row.identity.id, Reason::Everybody), row))
    }

    /// A credential type for a system administrator to change or delete.
    pub(crate) fn credential_type<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, TypeRow)> {
        let row = self.type_row(reference)?;
        let standing = self.standing(actor)?;
        let decision = match decide(&standing, actor.dialect(), P::PERMISSION, []) {
            Decision::No { .. } => Decision::No { readable: true },
            yes @ Decision::Yes(_) => yes,
        };
        let object =
            Touched { kind: Kind::CredentialType, id: row.identity.id, name: row.name.clone() };
        Ok((self.decided(actor, P::PERMISSION, decision, object, None)?, row))
    }

    /// What only a system administrator may do, such as making an organization.
    pub(crate) fn administrator(
        &self,
        actor: &Actor,
        kind: Kind,
    ) -> Result<Permit<'tx, proof::Change>> {
        let standing = self.standing(actor)?;
        let decision = match decide(&standing, actor.dialect(), Permission::Change, []) {
            Decision::No { .. } => Decision::No { readable: true },
            yes @ Decision::Yes(_) => yes,
        };
        let object = Touched { kind, id: 0, name: String::new() };
        self.decided(actor, Permission::Change, decision, object, None)
    }

    /// A token that the actor may change and end.
    pub(crate) fn token_of(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<(Permit<'tx, proof::Delete>, Token)> {
        let token = self.token(id)?.ok_or(Error::NotFound(Kind::Token))?;
        let decision = self.on_token(actor, Permission::Delete, &token)?;
        let object = Touched { kind: Kind::Token, id, name: token.name.clone() };
        Ok((self.decided(actor, Permission::Delete, decision, object, None)?, token))
    }

    /// A token that the actor may see: one that he may end, or whose application belongs to an organization that he
    /// audits.
    pub(crate) fn token_to_read(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<(Permit<'tx, proof::Read>, Token)> {
        let token = self.token(id)?.ok_or(Error::NotFound(Kind::Token))?;
        let decision = self.on_token(actor, Permission::Read, &token)?;
        let object = Touched { kind: Kind::Token, id, name: token.name.clone() };
        Ok((self.decided(actor, Permission::Read, decision, object, None)?, token))
    }

    /// The decision on a token: its owner's, a system administrator's, or that of whoever administers its
    /// application.
    fn on_token(&self, actor: &Actor, permission: Permission, token: &Token) -> Result<Decision> {
        let standing = self.standing(actor)?;
        if actor.user_id == Some(token.user_id) {
            return Ok(Decision::Yes(Reason::Own));
        }
        let organization = match token.application_id {
            Some(id) => self.applications_by_id(&[id])?.first().map(|one| one.organization_id),
            None => None,
        };
        let held = organization.into_iter().flat_map(|organization| {
            standing.on(ResourceKind::Organization, organization).filter(|held| {
                matches!(held.role, Role::OrganizationAdmin | Role::OrganizationAuditor)
            })
        });
        // Whoever audits the system reads what people did, not the keys with which they did it.
        Ok(match decide(&standing, actor.dialect(), permission, held) {
            Decision::Yes(Reason::SystemAuditor) => Decision::No { readable: false },
            Decision::No { .. } if standing.is_system_auditor => Decision::No { readable: false },
            other => other,
        })
    }

    /// An application that the actor may do `P` to: members of its organization read it, its administrators do the
    /// rest.
    pub(crate) fn application<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Application)> {
        let application = self.application_row(reference)?;
        let owner = application.organization_id;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Organization, owner).filter(|held| {
            P::PERMISSION != Permission::Read || held.role == Role::OrganizationMember
        });
        let decision = decide(&standing, actor.dialect(), P::PERMISSION, held);
        let decision = match decision {
            Decision::No { .. } => {
                let is_member = standing.holds(Role::OrganizationMember, owner);
                Decision::No { readable: is_member || standing.reads_everything() }
            }
            yes @ Decision::Yes(_) => yes,
        };
        let id = application.identity.id;
        let object = Touched { kind: Kind::Application, id, name: application.name.clone() };
        Ok((self.decided(actor, P::PERMISSION, decision, object, Some(owner))?, application))
    }

    /// The permit, or the refusal that fits what the actor may see.
    pub(crate) fn decided<P: Proves>(
        &self,
        actor: &Actor,
        permission: Permission,
        decision: Decision,
        object: Touched,
        owner: Option<i64>,
    ) -> Result<Permit<'tx, P>> {
        let readable = match decision {
            Decision::Yes(reason) => return Ok(self.permit(object.id, reason)),
            Decision::No { readable } => readable,
        };
        let kind = object.kind;
        self.note_refusal(actor, permission, object, owner);
        if readable {
            return Err(Error::forbidden());
        }
        let standing = self.standing(actor)?;
        match owner {
            Some(organization) if standing.belongs_to(organization) => Err(Error::Hidden(kind)),
            _ => Err(Error::NotFound(kind)),
        }
    }
}

/// The grants by which something on a credential was decided.
#[derive(Debug)]
pub(crate) struct Grounds {
    /// The roles and grants on the credential itself.
    pub(crate) on_credential: RolesAndGrants,
    /// When the first of all the grants ends.
    pub(crate) until: Timestamp,
}

impl Grounds {
    fn of(on_credential: RolesAndGrants) -> Self {
        let mut grounds = Self { on_credential: RolesAndGrants::default(), until: FOREVER };
        grounds.end_with(&on_credential.grants);
        grounds.on_credential = on_credential;
        grounds
    }

    fn end_with(&mut self, grants: &[GrantRow]) {
        let ends = grants.iter().map(|grant| grant.valid_until);
        self.until = ends.fold(self.until, Timestamp::min);
    }
}

/// Changes of checked objects, each with the permit that it needs.
impl<'tx> WriteTx<'tx> {
    pub(crate) fn save_credential(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        credential: &Credential,
        new_version: bool,
    ) -> Result<()> {
        same(permit.id(), credential.identity.id)?;
        self.update_credential_row(credential, new_version)
    }

    /// The row as it is now.
    pub(crate) fn credential_row_after(
        &self,
        permit: &Permit<'tx, proof::Change>,
    ) -> Result<CredentialRow> {
        self.credential_row(&Ref::Serial(permit.id()))
    }

    pub(crate) fn save_placement(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        placement: &Placement,
    ) -> Result<()> {
        same(permit.id(), placement.identity.id)?;
        self.update_placement_row(placement)
    }

    pub(crate) fn save_organization(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        organization: &Organization,
    ) -> Result<()> {
        same(permit.id(), organization.identity.id)?;
        self.update_organization_row(organization)
    }

    pub(crate) fn save_team(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        team: &Team,
    ) -> Result<()> {
        same(permit.id(), team.identity.id)?;
        self.update_team_row(team)
    }

    pub(crate) fn save_user(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        user: &User,
        password_hash: Option<&str>,
    ) -> Result<()> {
        same(permit.id(), user.identity.id)?;
        self.update_user_row(user)?;
        match password_hash {
            Some(hash) => self.set_password_hash(user.identity.id, hash),
            None => Ok(()),
        }
    }

    pub(crate) fn save_type(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        row: &TypeRow,
    ) -> Result<()> {
        same(permit.id(), row.identity.id)?;
        self.update_type_row(row)
    }

    pub(crate) fn save_job_template(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        template: &JobTemplate,
    ) -> Result<()> {
        same(permit.id(), template.identity.id)?;
        self.update_job_template_row(template)
    }

    pub(crate) fn attach_credential(
        &mut self,
        template: &Permit<'tx, proof::Change>,
        credential: &Permit<'tx, proof::Use>,
    ) -> Result<()> {
        self.insert_attachment(template.id(), credential.id())
    }

    /// Detaching takes no right on the credential.
    pub(crate) fn detach_credential(
        &mut self,
        template: &Permit<'tx, proof::Change>,
        credential_id: i64,
    ) -> Result<bool> {
        self.delete_attachment(template.id(), credential_id)
    }

    pub(crate) fn save_input_source(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        source: &InputSource,
    ) -> Result<()> {
        same(permit.id(), source.identity.id)?;
        self.update_input_source_row(source)
    }

    /// Whoever may change the target may take its input sources away.
    pub(crate) fn delete_input_source(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
    ) -> Result<()> {
        self.delete_input_source_row(permit.id())
    }

    pub(crate) fn add_galaxy_credential(
        &mut self,
        organization: &Permit<'tx, proof::Change>,
        credential: &Permit<'tx, proof::Use>,
    ) -> Result<()> {
        self.insert_galaxy_credential(organization.id(), credential.id())
    }

    /// Taking a Galaxy credential away takes no right on it.
    pub(crate) fn remove_galaxy_credential(
        &mut self,
        organization: &Permit<'tx, proof::Change>,
        credential_id: i64,
    ) -> Result<bool> {
        self.delete_galaxy_credential(organization.id(), credential_id)
    }

    pub(crate) fn delete_type(
        &mut self,
        permit: &Permit<'tx, proof::Delete>,
        row: &TypeRow,
        by: Option<i64>,
    ) -> Result<()> {
        same(permit.id(), row.identity.id)?;
        self.bury(Kind::CredentialType, &row.identity, &row.name, "", by)
    }

    pub(crate) fn save_application(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        application: &Application,
    ) -> Result<()> {
        same(permit.id(), application.identity.id)?;
        self.update_application_row(application)
    }

    pub(crate) fn save_token(
        &mut self,
        permit: &Permit<'tx, proof::Delete>,
        token: &Token,
    ) -> Result<()> {
        same(permit.id(), token.id)?;
        self.update_token_row(token)
    }

    /// Deletes an organization whose teams, spaces, credentials and service accounts are gone already.
    pub(crate) fn delete_organization(
        &mut self,
        permit: &Permit<'tx, proof::Delete>,
        organization: &Organization,
        by: Option<i64>,
    ) -> Result<()> {
        let id = organization.identity.id;
        same(permit.id(), id)?;
        self.delete_organization_parts(id)?;
        self.remove_roles(ResourceKind::Organization, id, by)?;
        self.bury(Kind::Organization, &organization.identity, &organization.name, "", by)
    }
}

/// Whether something is permitted; a store that does not answer says neither yes nor no.
pub(crate) fn permitted<T>(checked: Result<T>) -> Result<bool> {
    match checked {
        Ok(_) => Ok(true),
        Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Hidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A permit for one object is no permit for another.
fn same(permitted: i64, id: i64) -> Result<()> {
    if permitted == id { Ok(()) } else { Err(Error::internal("a permit for another object")) }
}

/// The decision on one credential. A copy is made where the credential belongs: reading it is not enough.
fn on_credential(
    standing: &Standing,
    actor: &Actor,
    permission: Permission,
    row: &CredentialRow,
    held: &[Holding],
) -> Decision {
    let dialect = actor.dialect();
    if permission != Permission::Copy {
        return decide(standing, dialect, permission, held);
    }
    let read = decide(standing, dialect, Permission::Read, held);
    if !read.is_yes() || standing.is_superuser {
        return read;
    }
    let Some(organization) = row.credential.organization_id else {
        return Decision::No { readable: true };
    };
    let held = standing.on(ResourceKind::Organization, organization);
    match decide(standing, dialect, Permission::CreateCredentials, held) {
        Decision::No { .. } => Decision::No { readable: true },
        yes @ Decision::Yes(_) => yes,
    }
}
