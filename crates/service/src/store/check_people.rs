//! The access checks on people: who sees whom, and who administers whom.

use super::tx::{Permit, ReadTx, proof};
use crate::actor::Actor;
use strongroom_core::Result;
use strongroom_core::access::people::{Administered, may_administer};
use strongroom_core::access::{Decision, Permission, Reason, Role};
use strongroom_core::audit::Touched;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::User;

impl<'tx> ReadTx<'tx> {
    /// A user whom the actor may see.
    pub(crate) fn user_to_read(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Read>, User)> {
        let user = self.user_row(reference)?;
        let decision = match self.sees_user(actor, &user)? {
            true => Decision::Yes(Reason::Everybody),
            false => Decision::No { readable: false },
        };
        Ok((self.decided(actor, Permission::Read, decision, touched_user(&user), None)?, user))
    }

    /// A user whom the actor administers, or who is the actor himself.
    pub(crate) fn user_to_change(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Change>, User)> {
        let user = self.user_row(reference)?;
        let decision = if actor.user_id == Some(user.identity.id) {
            Decision::Yes(Reason::Own)
        } else {
            self.administers(actor, &user)?
        };
        Ok((self.decided(actor, Permission::Change, decision, touched_user(&user), None)?, user))
    }

    /// A user whom the actor may delete; nobody deletes himself.
    pub(crate) fn user_to_delete(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Delete>, User)> {
        let user = self.user_row(reference)?;
        let decision = if actor.user_id == Some(user.identity.id) {
            Decision::No { readable: true }
        } else {
            self.administers(actor, &user)?
        };
        Ok((self.decided(actor, Permission::Delete, decision, touched_user(&user), None)?, user))
    }

    /// Whether the actor may set another user's password, flags or e-mail, or delete him.
    pub(crate) fn administers(&self, actor: &Actor, user: &User) -> Result<Decision> {
        let standing = self.standing(actor)?;
        if may_administer(&standing, &self.administered(user)?) {
            let reason = match standing.is_superuser {
                true => Reason::SystemAdministrator,
                false => Reason::Everybody,
            };
            return Ok(Decision::Yes(reason));
        }
        Ok(Decision::No { readable: self.sees_user(actor, user)? })
    }

    /// What decides who administers a user.
    pub(crate) fn administered(&self, user: &User) -> Result<Administered> {
        let user_id = user.identity.id;
        let theirs = self.standing_of(user_id)?;
        let mut organizations: Vec<i64> =
            theirs.holdings.iter().filter_map(|holding| holding.organization_id).collect();
        organizations.extend(user.service_organization_id);
        organizations.sort_unstable();
        organizations.dedup();
        let by_name = self.grants_to_user(user_id)?;
        let on_credentials = by_name
            .iter()
            .filter(|grant| grant.role.role == Role::CredentialCheckout)
            .map(|grant| (grant.role.role, grant.role.resource_id));
        let checkout_roles = theirs
            .holdings
            .iter()
            .filter(|holding| {
                matches!(holding.role, Role::OrganizationCheckout | Role::TeamCheckout)
            })
            .map(|holding| (holding.role, holding.resource_id))
            .chain(on_credentials)
            .collect();
        Ok(Administered {
            user_id,
            has_system_flag: user.is_superuser || user.is_system_auditor,
            organizations,
            checkout_roles,
        })
    }
}

fn touched_user(user: &User) -> Touched {
    Touched { kind: Kind::User, id: user.identity.id, name: user.username.clone() }
}
