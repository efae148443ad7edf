//! Who may administer whom, and what a token may be that another token makes.

use super::decide::decide;
use super::dialect::{Dialect, DialectSet};
use super::holding::Standing;
use super::role::{Permission, ResourceKind, Role};
use crate::clock::Timestamp;

/// What is known of a user whom somebody wants to administer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Administered {
    /// The user.
    pub user_id: i64,
    /// A system administrator or system auditor.
    pub has_system_flag: bool,
    /// Every organization that he belongs to, in whatever dialect.
    pub organizations: Vec<i64>,
    /// The checkout roles that he holds: role and object.
    pub checkout_roles: Vec<(Role, i64)>,
}

/// Whether somebody may set another's password, flags or e-mail, or delete him.
///
/// A system administrator may; else only who administers every organization that the user belongs to, of
/// which there must be one, and holds every checkout role that the user holds. Nobody but a system
/// administrator administers somebody with a system flag.
pub fn may_administer(standing: &Standing, user: &Administered) -> bool {
    if standing.is_superuser {
        return true;
    }
    let administers = |organization: &i64| standing.holds(Role::OrganizationAdmin, *organization);
    !user.has_system_flag
        && !user.organizations.is_empty()
        && user.organizations.iter().all(administers)
        && user.checkout_roles.iter().all(|(role, resource)| standing.holds(*role, *resource))
}

/// What a token may do at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBounds {
    /// The dialects it opens besides its own.
    pub dialects: DialectSet,
    /// The one organization it is bound to, if it is.
    pub organization_id: Option<i64>,
    /// Whether it may do more than read.
    pub writes: bool,
    /// When it ends.
    pub expires: Timestamp,
}

impl TokenBounds {
    /// What is left of these bounds for a token made with a token of the other bounds.
    ///
    /// Absent when the two are bound to different organizations: there is nothing that both may do.
    pub fn within(self, maker: &Self) -> Option<Self> {
        let organization_id = match (self.organization_id, maker.organization_id) {
            (Some(own), Some(makers)) if own != makers => return None,
            (own, makers) => own.or(makers),
        };
        Some(Self {
            dialects: self.dialects.both(maker.dialects),
            organization_id,
            writes: self.writes && maker.writes,
            expires: self.expires.min(maker.expires),
        })
    }

    /// Whether these bounds allow nothing that the others do not.
    pub fn is_within(&self, maker: &Self) -> bool {
        self.dialects.is_within(maker.dialects)
            && (maker.organization_id.is_none() || self.organization_id == maker.organization_id)
            && (!self.writes || maker.writes)
            && self.expires <= maker.expires
    }
}

/// Whether a key of a dialect that leads into one organization lets its holder in there. System administrators count
/// as members everywhere.
pub fn is_let_in(standing: &Standing, dialect: Dialect, organization: i64) -> bool {
    match dialect {
        Dialect::Probely => {
            standing.is_superuser || standing.holds(Role::ProbelyMember, organization)
        }
        Dialect::AppCatalog => {
            let held = standing.on(ResourceKind::Organization, organization);
            decide(standing, dialect, Permission::ReadRegistries, held).is_yes()
        }
        Dialect::Awx | Dialect::CloudFoundry | Dialect::Native => true,
    }
}

/// The dialects that a native token opens need an organization when one of these is among them.
pub const BOUND_TO_ORGANIZATION: [Dialect; 2] = [Dialect::Probely, Dialect::AppCatalog];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::holding::{GrantStep, Holding};
    use proptest::prelude::*;

    fn bounds() -> impl Strategy<Value = TokenBounds> {
        let dialects =
            proptest::collection::vec(proptest::sample::select(Dialect::ALL.to_vec()), 0..5);
        (dialects, proptest::option::of(1_i64..3), any::<bool>(), 0_i64..100).prop_map(
            |(dialects, organization_id, writes, expires)| TokenBounds {
                dialects: dialects.into_iter().collect(),
                organization_id,
                writes,
                expires: Timestamp::from_micros(expires),
            },
        )
    }

    proptest! {
        #[test]
        fn a_token_never_exceeds_its_maker(wanted in bounds(), maker in bounds()) {
            if let Some(made) = wanted.within(&maker) {
                prop_assert!(made.is_within(&maker));
                prop_assert!(made.dialects.is_within(wanted.dialects));
                prop_assert!(made.within(&maker) == Some(made));
            }
        }

        #[test]
        fn a_chain_of_tokens_only_narrows(first in bounds(), second in bounds(), third in bounds()) {
            let made = second.within(&first).and_then(|second| third.within(&second));
            if let Some(made) = made {
                prop_assert!(made.is_within(&first));
            }
        }
    }

    fn administrator_of(organizations: &[i64]) -> Standing {
        let holdings = organizations.iter().map(|id| {
            Holding::by_name(&GrantStep {
                grant_id: 1,
                role: Role::OrganizationAdmin,
                role_id: *id,
                resource_id: *id,
                organization_id: Some(*id),
                dialect: Dialect::Awx,
                by_position: false,
            })
        });
        Standing { user_id: 1, holdings: holdings.collect(), ..Standing::default() }
    }

    #[test]
    fn only_who_administers_every_organization_administers_the_user() {
        let user =
            Administered { user_id: 2, organizations: vec![1, 2], ..Administered::default() };
        assert!(may_administer(&administrator_of(&[1, 2, 3]), &user));
        assert!(!may_administer(&administrator_of(&[1]), &user));
        let stray = Administered { organizations: vec![], ..user.clone() };
        assert!(!may_administer(&administrator_of(&[1, 2]), &stray));
        let flagged = Administered { has_system_flag: true, ..user.clone() };
        assert!(!may_administer(&administrator_of(&[1, 2]), &flagged));
        let trusted =
            Administered { checkout_roles: vec![(Role::OrganizationCheckout, 1)], ..user };
        assert!(!may_administer(&administrator_of(&[1, 2]), &trusted));
    }
}
