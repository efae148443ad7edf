//! The one decision.

use super::dialect::Dialect;
use super::holding::{Holding, Standing};
use super::role::{Permission, ResourceKind, Role};

/// Yes or no, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is permitted.
    Yes(Reason),
    /// It is not. `readable` tells whether the object may at least be seen.
    No {
        /// Whether the object may be seen.
        readable: bool,
    },
}

impl Decision {
    /// Whether it is permitted.
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// Why something is permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// He administers the system.
    SystemAdministrator,
    /// He audits the system.
    SystemAuditor,
    /// A role that he holds, through these grants.
    Role {
        /// The role.
        role: Role,
        /// The object that it stands on.
        resource_id: i64,
        /// The grants from the user to the role.
        grants: Vec<i64>,
    },
    /// It is his own, such as his own user or token.
    Own,
    /// Everybody who is known may.
    Everybody,
    /// He typed every secret of the present version himself and still owns it.
    Typed,
    /// His use was granted by name and the organization lets that include checkout.
    UseIncludesCheckout,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SystemAdministrator => f.write_str("system administrator"),
            Self::SystemAuditor => f.write_str("system auditor"),
            Self::Own => f.write_str("own"),
            Self::Everybody => f.write_str("everybody"),
            Self::Typed => f.write_str("typed the value"),
            Self::UseIncludesCheckout => f.write_str("use includes checkout"),
            Self::Role { role, resource_id, grants } => {
                let path: Vec<String> = grants.iter().map(ToString::to_string).collect();
                let kind = role.kind().word();
                write!(f, "{} on {kind} {resource_id} by grants {}", role.word(), path.join(" > "))
            }
        }
    }
}

/// Whether somebody with this standing and these holdings on an object may do something to it.
///
/// `held` are his holdings on the object itself, through whatever chain; a holding whose reach lacks the
/// dialect of the request counts as *read* only.
pub fn decide<'a>(
    standing: &Standing,
    dialect: Dialect,
    permission: Permission,
    held: impl IntoIterator<Item = &'a Holding>,
) -> Decision {
    if standing.is_superuser && permission != Permission::Checkout {
        return Decision::Yes(Reason::SystemAdministrator);
    }
    if standing.is_system_auditor && AUDITOR.contains(&permission) {
        return Decision::Yes(Reason::SystemAuditor);
    }
    let mut readable = standing.reads_everything();
    for holding in held {
        if counts(holding, dialect, permission) {
            return Decision::Yes(Reason::Role {
                role: holding.role,
                resource_id: holding.resource_id,
                grants: holding.grants.clone(),
            });
        }
        readable = readable || holding.role.permits(Permission::Read);
    }
    Decision::No { readable }
}

fn counts(holding: &Holding, dialect: Dialect, permission: Permission) -> bool {
    let in_full = holding.reach.contains(dialect) || permission == Permission::Read;
    in_full && holding.role.permits(permission)
}

/// What a checkout depends on besides roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the store tells")]
pub struct CheckoutFacts {
    /// Who typed each secret of the present version; nobody where it was copied, restored or made.
    pub typed_by: Vec<Option<i64>>,
    /// The user owns it privately.
    pub owned_privately: bool,
    /// It was made through Probely and the user is a member of its account.
    pub in_account: bool,
    /// The organization's setting `use_includes_checkout`.
    pub use_includes_checkout: bool,
    /// The user is a member of the owning organization.
    pub member_of_owner: bool,
}

/// Whether somebody may receive the secrets of a credential.
pub fn decide_checkout<'a>(
    standing: &Standing,
    dialect: Dialect,
    held: impl IntoIterator<Item = &'a Holding> + Clone,
    facts: &CheckoutFacts,
) -> Decision {
    let by_role = decide(standing, dialect, Permission::Checkout, held.clone());
    let Decision::No { readable } = by_role else {
        return by_role;
    };
    let typed_all =
        !facts.typed_by.is_empty() && facts.typed_by.iter().all(|by| *by == Some(standing.user_id));
    if typed_all && (facts.owned_privately || facts.in_account) {
        return Decision::Yes(Reason::Typed);
    }
    let granted_use = || {
        held.into_iter().any(|holding| {
            counts(holding, dialect, Permission::Use)
                && !holding.by_position
                && matches!(holding.through, None | Some(ResourceKind::Team))
        })
    };
    if facts.use_includes_checkout && facts.member_of_owner && granted_use() {
        return Decision::Yes(Reason::UseIncludesCheckout);
    }
    Decision::No { readable }
}

/// What a system auditor may do to anything.
const AUDITOR: [Permission; 4] = [
    Permission::Read,
    Permission::ReadAudit,
    Permission::ReadRegistries,
    Permission::ReadProbelyAudit,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::holding::GrantStep;
    use proptest::prelude::*;

    const PERMISSIONS: [Permission; 7] = [
        Permission::Read,
        Permission::Use,
        Permission::Checkout,
        Permission::Change,
        Permission::Delete,
        Permission::Grant,
        Permission::CreateCredentials,
    ];

    fn role() -> impl Strategy<Value = Role> {
        proptest::sample::select(Role::all().collect::<Vec<_>>())
    }

    fn dialect() -> impl Strategy<Value = Dialect> {
        proptest::sample::select(Dialect::ALL.to_vec())
    }

    fn step() -> impl Strategy<Value = GrantStep> {
        (role(), dialect(), any::<bool>(), 1_i64..4).prop_map(|(role, dialect, by_position, id)| {
            GrantStep {
                grant_id: id,
                role,
                role_id: id,
                resource_id: 1,
                organization_id: Some(1),
                dialect,
                by_position,
            }
        })
    }

    /// A holding at the end of one to three steps.
    fn holding() -> impl Strategy<Value = Holding> {
        proptest::collection::vec(step(), 1..4).prop_map(|steps| {
            let mut holding = Holding::by_name(&steps[0]);
            for step in &steps[1..] {
                holding = holding.step(step);
            }
            holding
        })
    }

    fn nobody() -> Standing {
        Standing { user_id: 7, ..Standing::default() }
    }

    proptest! {
        #[test]
        fn more_grants_never_remove_a_right(
            held in proptest::collection::vec(holding(), 0..5),
            more in holding(),
            dialect in dialect(),
        ) {
            let mut all = held.clone();
            all.push(more);
            for permission in PERMISSIONS {
                let before = decide(&nobody(), dialect, permission, &held);
                let after = decide(&nobody(), dialect, permission, &all);
                prop_assert!(!before.is_yes() || after.is_yes());
                let seen = |decision: &Decision| !matches!(decision, Decision::No { readable: false });
                prop_assert!(!seen(&before) || seen(&after));
            }
        }

        #[test]
        fn a_lost_holding_never_adds_a_right(
            held in proptest::collection::vec(holding(), 1..5),
            lost in 0_usize..5,
            dialect in dialect(),
        ) {
            let mut left = held.clone();
            left.remove(lost % held.len());
            for permission in PERMISSIONS {
                let after = decide(&nobody(), dialect, permission, &left).is_yes();
                prop_assert!(!after || decide(&nobody(), dialect, permission, &held).is_yes());
            }
        }

        #[test]
        fn a_step_never_counts_where_the_one_before_did_not(first in step(), second in step()) {
            let start = Holding::by_name(&first);
            let reach = start.step(&second).reach;
            prop_assert!(reach.is_within(second.reach()));
            // Whoever is a member of a team is one for every dialect.
            prop_assert!(reach.is_within(start.reach) || first.role == Role::TeamMember);
        }

        #[test]
        fn a_grant_of_one_dialect_gives_only_read_in_another(first in step(), dialect in dialect()) {
            let holding = Holding::by_name(&first);
            let foreign = dialect != first.dialect && dialect != Dialect::Native
                && dialect != first.role.home();
            if foreign {
                for permission in PERMISSIONS.into_iter().filter(|p| *p != Permission::Read) {
                    prop_assert!(!decide(&nobody(), dialect, permission, [&holding]).is_yes());
                }
            }
        }

        #[test]
        fn checkout_comes_only_from_the_checkout_role(held in proptest::collection::vec(holding(), 0..5)) {
            let yes = decide(&nobody(), Dialect::Native, Permission::Checkout, &held).is_yes();
            prop_assert!(!yes || held.iter().any(|h| h.role == Role::CredentialCheckout));
        }

        #[test]
        fn nobody_checks_out_what_somebody_else_typed(
            others in proptest::collection::vec(proptest::option::of(8_i64..20), 1..4),
        ) {
            let facts = CheckoutFacts { typed_by: others, owned_privately: true, in_account: true, ..CheckoutFacts::default() };
            prop_assert!(!decide_checkout(&nobody(), Dialect::Native, &[], &facts).is_yes());
        }
    }

    #[test]
    fn without_a_grant_nothing_is_seen() {
        for dialect in Dialect::ALL {
            for permission in PERMISSIONS {
                let decision = decide(&nobody(), dialect, permission, &[]);
                assert_eq!(decision, Decision::No { readable: false });
            }
        }
    }

    #[test]
    fn what_probely_gives_a_team_counts_there_for_members_that_awx_made() {
        let step = |role, dialect, by_position| GrantStep {
            grant_id: 1,
            role,
            role_id: 1,
            resource_id: 1,
            organization_id: Some(1),
            dialect,
            by_position,
        };
        let member = Holding::by_name(&step(Role::TeamMember, Dialect::Awx, false));
        let placed = member.step(&step(Role::PlacementUse, Dialect::Probely, true));
        let uses = |dialect| decide(&nobody(), dialect, Permission::Use, [&placed]).is_yes();
        assert!(uses(Dialect::Probely));
        assert!(!uses(Dialect::Awx) && !uses(Dialect::Native) && !uses(Dialect::CloudFoundry));
        let joined = member.step(&step(Role::ProbelyMember, Dialect::Native, false));
        let joins = decide(&nobody(), Dialect::Probely, Permission::ProbelyAccount, [&joined]);
        assert!(joins.is_yes(), "an account membership that was given to the team");
    }

    #[test]
    fn a_system_administrator_may_do_all_but_check_out() {
        let administrator = Standing { is_superuser: true, ..nobody() };
        for permission in PERMISSIONS {
            let yes = decide(&administrator, Dialect::Awx, permission, &[]).is_yes();
            assert_eq!(yes, permission != Permission::Checkout);
        }
    }

    #[test]
    fn whoever_typed_every_secret_and_still_owns_it_may_check_it_out() {
        let facts = CheckoutFacts {
            typed_by: vec![Some(7), Some(7)],
            owned_privately: true,
            ..CheckoutFacts::default()
        };
        assert!(decide_checkout(&nobody(), Dialect::Native, &[], &facts).is_yes());
        let copied = CheckoutFacts { typed_by: vec![Some(7), None], ..facts.clone() };
        assert!(!decide_checkout(&nobody(), Dialect::Native, &[], &copied).is_yes());
        let lost = CheckoutFacts { owned_privately: false, ..facts };
        assert!(!decide_checkout(&nobody(), Dialect::Native, &[], &lost).is_yes());
    }

    #[test]
    fn the_organization_administrator_manages_cloud_foundry_placements_there_only() {
        let step = GrantStep {
            grant_id: 1,
            role: Role::OrganizationAdmin,
            role_id: 1,
            resource_id: 1,
            organization_id: Some(1),
            dialect: Dialect::Awx,
            by_position: false,
        };
        let manager = Holding::by_name(&step).implied(Role::CloudFoundryOrganizationManager, 2);
        let may =
            |dialect| decide(&nobody(), dialect, Permission::ManagePlacements, [&manager]).is_yes();
        assert!(may(Dialect::CloudFoundry));
        assert!(!may(Dialect::Awx) && !may(Dialect::Native) && !may(Dialect::Probely));
    }
}
