//! The access checks of the platform's own objects: spaces, apps, jobs, and what is closed to writes.

use super::job::JobRow;
use super::tx::{Permit, Proves, ReadTx, WriteTx, proof};
use crate::actor::Actor;
use strongroom_core::access::{Permission, ResourceKind, decide};
use strongroom_core::audit::Touched;
use strongroom_core::error::Refusal;
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::{App, Organization, Package, PlacementScope, Space};
use strongroom_core::{Error, Result};

impl<'tx> ReadTx<'tx> {
    /// A space that the actor may do `P` to.
    pub(crate) fn space<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Space)> {
        let space = self.space_row(reference)?;
        let id = space.identity.id;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Space, id);
        let decision = decide(&standing, actor.dialect(), P::PERMISSION, held);
        let object = Touched { kind: Kind::Space, id, name: space.name.clone() };
        let owner = Some(space.organization_id);
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, space))
    }

    /// An app that the actor may do `P` to, which his roles in its space decide.
    pub(crate) fn app<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, App)> {
        let app = self.app_row(reference)?;
        let standing = self.standing(actor)?;
        let held = standing.on(ResourceKind::Space, app.space_id);
        let decision = decide(&standing, actor.dialect(), P::PERMISSION, held);
        let object = Touched { kind: Kind::App, id: app.identity.id, name: app.name.clone() };
        let owner = Some(self.space_organization(app.space_id)?);
        Ok((self.decided(actor, P::PERMISSION, decision, object, owner)?, app))
    }

    /// A package whose app the actor may do `P` to.
    pub(crate) fn package<P: Proves>(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, P>, Package)> {
        let missing = || Error::NotFound(Kind::Package);
        let package = self.package_row(reference)?.ok_or_else(missing)?;
        let (app, _) = match self.app::<P>(actor, &Ref::Serial(package.app_id)) {
            Err(Error::NotFound(_) | Error::Hidden(_)) => return Err(missing()),
            other => other?,
        };
        Ok((self.permit(package.identity.id, app.reason().clone()), package))
    }

    /// A job that the actor started, or any for a system administrator.
    pub(crate) fn job(&self, actor: &Actor, guid: &Guid) -> Result<JobRow> {
        let job = self.job_row(guid)?.ok_or(Error::NotFound(Kind::Job))?;
        let own = job.user_id.is_some() && job.user_id == actor.user_id();
        if own || self.standing(actor)?.is_superuser {
            Ok(job)
        } else {
            Err(Error::NotFound(Kind::Job))
        }
    }

    /// Refuses a write where an organization is closed to writes; system administrators write all the same.
    pub(crate) fn check_open(&self, actor: &Actor, organization_id: i64) -> Result<()> {
        if self.standing(actor)?.is_superuser {
            return Ok(());
        }
        let organizations = self.organizations_by_id(&[organization_id])?;
        let Some(organization) = organizations.into_iter().find(|one| one.suspended) else {
            return Ok(());
        };
        let object =
            Touched { kind: Kind::Organization, id: organization_id, name: organization.name };
        self.note_refusal(actor, Permission::ManagePlacements, object, Some(organization_id));
        Err(Error::Forbidden(Refusal::Suspended))
    }

    /// Refuses a write in a space that is closed to writes, or whose organization is.
    pub(crate) fn check_space_open(&self, actor: &Actor, space: &Space) -> Result<()> {
        self.check_open(actor, space.organization_id)?;
        if !space.suspended || self.standing(actor)?.is_superuser {
            return Ok(());
        }
        let object = Touched { kind: Kind::Space, id: space.identity.id, name: space.name.clone() };
        self.note_refusal(actor, Permission::ManagePlacements, object, Some(space.organization_id));
        Err(Error::forbidden())
    }

    /// Refuses a write in a place of the platform that is closed to writes.
    pub(crate) fn check_scope_open(&self, actor: &Actor, scope: &PlacementScope) -> Result<()> {
        let space = match *scope {
            PlacementScope::Organization(id) => return self.check_open(actor, id),
            PlacementScope::Space(id) => id,
            PlacementScope::App(id) => self.space_of_app(id)?,
            _ => return Ok(()),
        };
        self.check_space_open(actor, &self.space_row(&Ref::Serial(space))?)
    }
}

/// Changes of checked objects, each with the permit that it needs.
impl<'tx> WriteTx<'tx> {
    pub(crate) fn save_space(
        &mut self,
        permit: &Permit<'tx, proof::Change>,
        space: &Space,
    ) -> Result<()> {
        same(permit.id(), space.identity.id)?;
        self.update_space_row(space)
    }

    pub(crate) fn save_app(
        &mut self,
        permit: &Permit<'tx, proof::ManageApps>,
        app: &App,
    ) -> Result<()> {
        same(permit.id(), app.identity.id)?;
        self.update_app_row(app)?;
        self.rename_uses_by(Kind::App, app.identity.id, &app.name)
    }

    pub(crate) fn save_package(
        &mut self,
        permit: &Permit<'tx, proof::ManageApps>,
        package: &Package,
    ) -> Result<()> {
        same(permit.id(), package.identity.id)?;
        self.update_package_row(package)
    }

    pub(crate) fn delete_package(&mut self, permit: &Permit<'tx, proof::ManageApps>) -> Result<()> {
        self.delete_package_row(permit.id())
    }

    /// Saves what the platform keeps of an organization: whether it is closed, its labels, and its name.
    pub(crate) fn save_organization_of_platform(
        &mut self,
        permit: &Permit<'tx, proof::ManageSpaces>,
        organization: &Organization,
    ) -> Result<()> {
        same(permit.id(), organization.identity.id)?;
        self.update_organization_row(organization)
    }
}

/// A permit for one object is no permit for another.
fn same(permitted: i64, id: i64) -> Result<()> {
    if permitted == id { Ok(()) } else { Err(Error::internal("a permit for another object")) }
}
