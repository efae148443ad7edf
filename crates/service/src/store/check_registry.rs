//! The access checks on registries and their robots.
//!
//! Both count the roles of the Catalog wherever they are asked for. At the Catalog's own door the key names
//! the organization: whoever has no role there is refused, and what belongs to others is unknown.

use super::credential::CredentialRow;
use super::robot::RobotRow;
use super::tx::{Permit, Proves, ReadTx, proof};
use crate::actor::Actor;
use strongroom_core::access::{Decision, Dialect, Permission, ResourceKind, decide};
use strongroom_core::audit::Touched;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Organization, Registry, RegistryCredential};
use strongroom_core::{Error, Result};

impl<'tx> ReadTx<'tx> {
    /// An organization on whose registries the actor may do `P`.
    pub(crate) fn registry_organization<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Organization)> {
        let organization = self.organization_row(reference)?;
        let id = organization.identity.id;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Organization, id);
        let decision = decide(&standing, Dialect::AppCatalog, P::PERMISSION, held);
        let object = Touched { kind: Kind::Organization, id, name: organization.name.clone() };
        Ok((self.decided(actor, P::PERMISSION, decision, object, Some(id))?, organization))
    }

    /// The organization that the actor's key is bound to, on whose registries he may do `P`.
    pub(crate) fn own_registry_organization<P: Proves>(
        &self,
        actor: &Actor,
    ) -> Result<(Permit<'tx, P>, Organization)> {
        let id = actor.organization_id().ok_or_else(Error::forbidden)?;
        at_own_door(self.registry_organization(actor, &Ref::Serial(id)))
    }

    /// A registry to which the actor may do `P` by his roles in its organization.
    pub(crate) fn registry<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Registry)> {
        let found = self.registry_row(reference)?;
        if actor.dialect() != Dialect::AppCatalog {
            return self.permitted(actor, found.ok_or(Error::NotFound(Kind::Registry))?);
        }
        let own = actor.organization_id().ok_or_else(Error::forbidden)?;
        match found.filter(|registry| registry.organization_id == own) {
            Some(registry) => at_own_door(self.permitted(actor, registry)),
            None => {
                self.own_registry_organization::<proof::ReadRegistries>(actor)?;
                Err(Error::NotFound(Kind::Registry))
            }
        }
    }

    fn permitted<P: Proves>(
        &self,
        actor: &Actor,
        registry: Registry,
    ) -> Result<(Permit<'tx, P>, Registry)> {
        let standing = self.standing(actor)?;
        let owner = registry.organization_id;
        let held = standing.on(ResourceKind::Organization, owner);
        // A role in the organization that is none of the Catalog's does not even show its registries.
        let decision = match decide(&standing, Dialect::AppCatalog, P::PERMISSION, held) {
            Decision::No { .. } => {
                let held = standing.on(ResourceKind::Organization, owner);
                let reads =
                    decide(&standing, Dialect::AppCatalog, Permission::ReadRegistries, held);
                Decision::No { readable: reads.is_yes() }
            }
            yes @ Decision::Yes(_) => yes,
        };
        let (id, name) = (registry.identity.id, registry.name.clone());
        let object = Touched { kind: Kind::Registry, id, name };
        Ok((self.decided(actor, P::PERMISSION, decision, object, Some(owner))?, registry))
    }

    /// The credential that a registry refers to, for whoever may change it: made with the registry, the right to
    /// change the registry is the right to change it; else it takes the credential's own, as it counts natively.
    pub(crate) fn credential_of_registry(
        &self,
        actor: &Actor,
        permit: &Permit<'_, proof::ManageRegistries>,
        registry: &Registry,
        credential: RegistryCredential,
    ) -> Result<(Permit<'tx, proof::Change>, CredentialRow)> {
        if permit.id() != registry.identity.id || registry.credential != Some(credential) {
            return Err(Error::internal("a permit for another object"));
        }
        let row = self.credential_row(&Ref::Serial(credential.id))?;
        let is_own = row.credential.organization_id == Some(registry.organization_id);
        if credential.born_here && is_own {
            return Ok((self.permit(credential.id, permit.reason().clone()), row));
        }
        let standing = self.standing(actor)?;
        let id = credential.id;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = match decide(&standing, Dialect::Native, Permission::Change, held) {
            // Whoever may change the registry knows that it refers to something.
            Decision::No { .. } => Decision::No { readable: true },
            yes @ Decision::Yes(_) => yes,
        };
        let object = Touched { kind: Kind::Credential, id, name: row.credential.name.clone() };
        let owner = row.credential.organization_id;
        Ok((self.decided(actor, Permission::Change, decision, object, owner)?, row))
    }

    /// A credential that a registry is to refer to, for whoever may *use* it, which counts as it does natively: the
    /// Catalog has no role of its own on credentials.
    pub(crate) fn credential_for_registry(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Use>, CredentialRow)> {
        let row = self.credential_row(reference)?;
        let id = row.credential.identity.id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = decide(&standing, Dialect::Native, Permission::Use, held);
        Ok((self.decided_on(actor, Permission::Use, decision, &row.credential)?, row))
    }

    /// A credential by its id, unless it is gone; no check, because only that it is there is asked.
    pub(crate) fn credential_if_there(&self, id: i64) -> Result<Option<CredentialRow>> {
        Ok(self.credential_rows(&[id])?.into_iter().next())
    }

    /// A robot of a registry to which the actor may do `P`.
    pub(crate) fn robot<P: Proves>(
        &self,
        actor: &Actor,
        registry: &Registry,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, RobotRow)> {
        let found = self.robot_row(registry.identity.id, reference)?;
        let robot = found.ok_or(Error::NotFound(Kind::Placement))?;
        let id = robot.placement_id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::Placement, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = decide(&standing, Dialect::AppCatalog, P::PERMISSION, held);
        let object = Touched { kind: Kind::Placement, id, name: robot.name.clone() };
        let owner = Some(registry.organization_id);
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, robot))
    }
}

/// The organization is the key's own, so there is nothing to hide: who has no role there is refused.
fn at_own_door<T>(checked: Result<T>) -> Result<T> {
    checked.map_err(|error| match error {
        Error::NotFound(_) | Error::Hidden(_) => Error::forbidden(),
        other => other,
    })
}
