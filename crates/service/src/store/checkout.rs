//! Who may receive the secrets of a credential, and what hangs on its placements.

use std::collections::BTreeMap;

use super::credential::CredentialRow;
use super::row::Row;
use super::tx::{Permit, ReadTx, proof};
use crate::actor::Actor;
use strongroom_core::access::{
    CheckoutFacts, Decision, Dialect, Permission, ResourceKind, Role, Standing, decide,
    decide_checkout,
};
use strongroom_core::audit::Touched;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Credential, Placement};
use strongroom_core::{Error, Result};

impl<'tx> ReadTx<'tx> {
    /// A credential whose secrets the actor may receive. Checkout is a native right, whichever door he came through.
    pub(crate) fn credential_to_check_out(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(Permit<'tx, proof::Checkout>, CredentialRow)> {
        let row = self.credential_row(reference)?;
        let decision = self.checkout_decision(actor, &row)?;
        let permit = self.decided_on(actor, Permission::Checkout, decision, &row.credential)?;
        Ok((permit, row))
    }

    /// Whether the actor may receive the secrets of a credential, for whoever only lists; no refusal is noted.
    pub(crate) fn may_check_out(&self, actor: &Actor, row: &CredentialRow) -> Result<bool> {
        Ok(self.checkout_decision(actor, row)?.is_yes())
    }

    fn checkout_decision(&self, actor: &Actor, row: &CredentialRow) -> Result<Decision> {
        let id = row.credential.identity.id;
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let facts = self.checkout_facts(&standing, &row.credential)?;
        Ok(match decide_checkout(&standing, Dialect::Native, held, &facts) {
            // Whoever sees it where it stands reads it, and so is told that he may not.
            Decision::No { readable: false } => {
                let placements = self.placements_of(id)?;
                let ids: Vec<i64> = placements.iter().map(|one| one.identity.id).collect();
                let seen = self.holdings_on(&standing, ResourceKind::Placement, &ids)?;
                Decision::No { readable: seen.values().any(|held| !held.is_empty()) }
            }
            decided => decided,
        })
    }

    /// The credential of a placement that the actor may change. Born there, the right to change the placement is
    /// the right to change it; born elsewhere, it takes the credential's own, which counts as it does natively.
    pub(crate) fn credential_behind(
        &self,
        actor: &Actor,
        permit: &Permit<'tx, proof::Change>,
        placement: &Placement,
    ) -> Result<(Permit<'tx, proof::Change>, CredentialRow)> {
        if permit.id() != placement.identity.id {
            return Err(Error::internal("a permit for another object"));
        }
        let row = self.credential_row(&Ref::Serial(placement.credential_id))?;
        let id = row.credential.identity.id;
        if placement.born_here {
            return Ok((self.permit(id, permit.reason().clone()), row));
        }
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::Credential, &[id])?;
        let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
        let decision = match decide(&standing, Dialect::Native, Permission::Change, held) {
            // Whoever may change its placement sees it.
            Decision::No { .. } => Decision::No { readable: true },
            yes @ Decision::Yes(_) => yes,
        };
        let permit = self.decided_on(actor, Permission::Change, decision, &row.credential)?;
        Ok((permit, row))
    }

    pub(super) fn decided_on<P: super::tx::Proves>(
        &self,
        actor: &Actor,
        permission: Permission,
        decision: Decision,
        credential: &Credential,
    ) -> Result<Permit<'tx, P>> {
        let id = credential.identity.id;
        let object = Touched { kind: Kind::Credential, id, name: credential.name.clone() };
        self.decided(actor, permission, decision, object, credential.organization_id)
    }

    fn checkout_facts(
        &self,
        standing: &Standing,
        credential: &Credential,
    ) -> Result<CheckoutFacts> {
        let typed_by = self.typists(credential)?;
        let Some(organization) = credential.organization_id else {
            let owned_privately = self.owns_privately(standing, credential.identity.id)?;
            return Ok(CheckoutFacts { typed_by, owned_privately, ..CheckoutFacts::default() });
        };
        let counts_as_member = |role| standing.is_superuser || standing.holds(role, organization);
        let settings = self.organizations_by_id(&[organization])?.into_iter().next();
        Ok(CheckoutFacts {
            typed_by,
            owned_privately: false,
            in_account: credential.born_in == Dialect::Probely
                && self.is_placed_in(credential.identity.id, Dialect::Probely)?
                && counts_as_member(Role::ProbelyMember),
            use_includes_checkout: settings.is_some_and(|of| of.settings.use_includes_checkout),
            member_of_owner: standing.holds(Role::OrganizationMember, organization),
        })
    }

    /// Whether the user himself administers a credential by name.
    fn owns_privately(&self, standing: &Standing, credential_id: i64) -> Result<bool> {
        let held = self.holdings_on(standing, ResourceKind::Credential, &[credential_id])?;
        let mut held = held.into_values().flatten();
        Ok(held.any(|holding| holding.role == Role::CredentialAdmin && holding.through.is_none()))
    }

    /// Who typed each secret of the present version; nobody where it was copied, restored or made.
    fn typists(&self, credential: &Credential) -> Result<Vec<Option<i64>>> {
        let sql = "SELECT field, version, typed_by FROM sealed_inputs WHERE credential_id = $1";
        let read = |row: &Row<'_>| {
            Ok(((row.at::<String>(0)?, row.at::<i64>(1)?.unsigned_abs()), row.at(2)?))
        };
        let rows = self.session().rows(sql, &[credential.identity.id.into()], read)?;
        let rows: BTreeMap<(String, u64), Option<i64>> = rows.into_iter().collect();
        let typist = |(field, version): (&String, &u64)| {
            rows.get(&(field.clone(), *version)).copied().flatten()
        };
        Ok(credential.secrets.iter().map(typist).collect())
    }
}
