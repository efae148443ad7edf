//! What somebody holds, and through which grants.

use super::dialect::{Dialect, DialectSet};
use super::role::{ResourceKind, Role};

/// One grant that is valid now, as a step from its holder to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantStep {
    /// The grant.
    pub grant_id: i64,
    /// The role that it gives.
    pub role: Role,
    /// The row of that role.
    pub role_id: i64,
    /// The object that the role stands on.
    pub resource_id: i64,
    /// The organization of that object, if it has one.
    pub organization_id: Option<i64>,
    /// The dialect that gave it.
    pub dialect: Dialect,
    /// Written because of a position, not given to this holder by name.
    pub by_position: bool,
}

impl GrantStep {
    /// The dialects in which this step counts in full.
    ///
    /// There and in the native API; what Cloud Foundry and Probely give by position only there. A native
    /// grant of another dialect's own role counts in that dialect.
    pub fn reach(&self) -> DialectSet {
        let home = self.role.home();
        match self.dialect {
            Dialect::Native if matches!(home, Dialect::Probely | Dialect::AppCatalog) => {
                DialectSet::only(home).with(Dialect::Native)
            }
            Dialect::CloudFoundry | Dialect::Probely if self.by_position => {
                DialectSet::only(self.dialect)
            }
            dialect => DialectSet::only(dialect).with(Dialect::Native),
        }
    }
}

/// A role that somebody holds, and the chain of grants through which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The role.
    pub role: Role,
    /// The row of that role, where the store has one.
    pub role_id: i64,
    /// The object that the role stands on.
    pub resource_id: i64,
    /// The organization of that object, if it has one.
    pub organization_id: Option<i64>,
    /// Where it counts in full.
    pub reach: DialectSet,
    /// The last step was written because of a position.
    pub by_position: bool,
    /// The kind of group the last step went through; none when the user holds it by name.
    pub through: Option<ResourceKind>,
    /// The grants from the user to the role, in order.
    pub grants: Vec<i64>,
}

impl Holding {
    /// What a grant to the user himself gives.
    pub fn by_name(step: &GrantStep) -> Self {
        Self {
            role: step.role,
            role_id: step.role_id,
            resource_id: step.resource_id,
            organization_id: step.organization_id,
            reach: step.reach(),
            by_position: step.by_position,
            through: None,
            grants: vec![step.grant_id],
        }
    }

    /// What a grant to the holders of this role gives.
    #[must_use]
    pub fn step(&self, step: &GrantStep) -> Self {
        let mut grants = self.grants.clone();
        grants.push(step.grant_id);
        Self {
            role: step.role,
            role_id: step.role_id,
            resource_id: step.resource_id,
            organization_id: step.organization_id,
            reach: self.reach_of_members().both(step.reach()),
            by_position: step.by_position,
            through: Some(self.role.kind()),
            grants,
        }
    }

    /// Where what is given to the holders of this role can count.
    ///
    /// Teams are one set for all dialects: whom AWX made a member of one is a member for whatever is given to the team.
    fn reach_of_members(&self) -> DialectSet {
        match self.role {
            Role::TeamMember if self.reach.contains(Dialect::Awx) => DialectSet::ALL,
            _ => self.reach,
        }
    }

    /// A role on the same object that comes with this one.
    ///
    /// The administrator of an AWX organization administers it in the other dialects too; what comes with
    /// him there counts only there.
    #[must_use]
    pub fn implied(&self, role: Role, role_id: i64) -> Self {
        let (from, to) = (self.role.home(), role.home());
        let reach = if from == to {
            self.reach
        } else if self.reach.contains(from) {
            DialectSet::only(to)
        } else {
            DialectSet::NONE
        };
        Self { role, role_id, reach, ..self.clone() }
    }
}

/// Everything that a user holds on objects whose role holders can be a group, and what he is to the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user_id: i64,
    /// System administrator.
    pub is_superuser: bool,
    /// System auditor.
    pub is_system_auditor: bool,
    /// His roles on organizations, teams and spaces, implied ones included.
    pub holdings: Vec<Holding>,
}

impl Standing {
    /// System administrators and auditors read everything.
    pub fn reads_everything(&self) -> bool {
        self.is_superuser || self.is_system_auditor
    }

    /// Whoever administers or audits any organization sees all teams and people.
    pub fn sees_all_people(&self) -> bool {
        self.reads_everything()
            || self.holds_any(|holding| {
                matches!(holding.role, Role::OrganizationAdmin | Role::OrganizationAuditor)
            })
    }

    /// The rows of all roles held, by which grants to groups are found.
    pub fn held_role_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.holdings.iter().map(|holding| holding.role_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The objects of a kind on which any role is held.
    pub fn held_ids(&self, kind: ResourceKind) -> Vec<i64> {
        let held = self.holdings.iter().filter(|holding| holding.role.kind() == kind);
        let mut ids: Vec<i64> = held.map(|holding| holding.resource_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The holdings on one object.
    pub fn on(&self, kind: ResourceKind, resource_id: i64) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(move |holding| {
            holding.role.kind() == kind && holding.resource_id == resource_id
        })
    }

    /// Whether the role on the object is held, by whatever chain.
    pub fn holds(&self, role: Role, resource_id: i64) -> bool {
        self.on(role.kind(), resource_id).any(|holding| holding.role == role)
    }

    /// Whether the user has any role in an organization, its teams or its spaces.
    pub fn belongs_to(&self, organization_id: i64) -> bool {
        self.holds_any(|holding| holding.organization_id == Some(organization_id))
    }

    fn holds_any(&self, test: impl Fn(&Holding) -> bool) -> bool {
        self.holdings.iter().any(test)
    }
}
