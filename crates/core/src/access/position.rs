//! What a position gives, written as grants to groups when a thing is made.

use super::dialect::Dialect;
use super::role::Role;

/// A grant to be written: the role on the new thing, and the role whose holders get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionGrant {
    /// The role on the new thing.
    pub role: Role,
    /// The role, on the parent, whose holders get it.
    pub holders: Role,
    /// The dialect whose documentation gives it.
    pub dialect: Dialect,
}

/// On a credential, for the organization that owns it.
pub const CREDENTIAL_OF_ORGANIZATION: &[PositionGrant] = &[
    awx(Role::CredentialAdmin, Role::OrganizationCredentialAdmin),
    awx(Role::CredentialRead, Role::OrganizationAuditor),
    native(Role::CredentialCheckout, Role::OrganizationCheckout),
];

/// On a credential, for the team that owns it.
pub const CREDENTIAL_OF_TEAM: &[PositionGrant] = &[
    awx(Role::CredentialAdmin, Role::TeamAdmin),
    awx(Role::CredentialUse, Role::TeamMember),
    native(Role::CredentialCheckout, Role::TeamCheckout),
];

/// On a team, for its organization.
pub const TEAM_OF_ORGANIZATION: &[PositionGrant] = &[
    awx(Role::TeamAdmin, Role::OrganizationAdmin),
    awx(Role::TeamRead, Role::OrganizationAuditor),
    awx(Role::TeamRead, Role::OrganizationMember),
];

/// On a job template, for its organization.
pub const JOB_TEMPLATE_OF_ORGANIZATION: &[PositionGrant] = &[
    awx(Role::JobTemplateAdmin, Role::OrganizationAdmin),
    awx(Role::JobTemplateAdmin, Role::OrganizationJobTemplateAdmin),
    awx(Role::JobTemplateExecute, Role::OrganizationExecute),
    awx(Role::JobTemplateRead, Role::OrganizationAuditor),
];

/// On a placement of the whole foundation, for everybody known to the platform.
pub const PLACEMENT_OF_FOUNDATION: &[PositionGrant] =
    &[cloud_foundry(Role::PlacementUse, Role::CloudFoundryUser)];

/// On a placement of an organization.
pub const PLACEMENT_OF_ORGANIZATION: &[PositionGrant] = &[
    cloud_foundry(Role::PlacementManage, Role::CloudFoundryOrganizationManager),
    cloud_foundry(Role::PlacementUse, Role::CloudFoundryOrganizationUser),
    cloud_foundry(Role::PlacementUse, Role::CloudFoundryOrganizationAuditor),
    cloud_foundry(Role::PlacementUse, Role::CloudFoundryBillingManager),
];

/// On a placement of a whole account.
pub const PLACEMENT_OF_ACCOUNT: &[PositionGrant] = &[
    probely(Role::PlacementManage, Role::ProbelyManageCredentials),
    probely(Role::PlacementUse, Role::ProbelyMember),
];

/// On a placement of a team of an account, for the account.
pub const PLACEMENT_OF_ACCOUNT_TEAM: &[PositionGrant] =
    &[probely(Role::PlacementManage, Role::ProbelyManageCredentials)];

/// On a placement of a team of an account, for the team.
pub const PLACEMENT_OF_TEAM: &[PositionGrant] = &[
    probely(Role::PlacementManage, Role::TeamProbelyManageCredentials),
    probely(Role::PlacementUse, Role::TeamMember),
];

/// On a target of a whole account.
pub const TARGET_OF_ACCOUNT: &[PositionGrant] = &[
    probely(Role::TargetManage, Role::ProbelyManageCredentials),
    probely(Role::TargetRead, Role::ProbelyMember),
];

/// On a target of teams of an account, for the account.
pub const TARGET_OF_ACCOUNT_TEAM: &[PositionGrant] =
    &[probely(Role::TargetManage, Role::ProbelyManageCredentials)];

/// On a target of teams of an account, for one of the teams.
pub const TARGET_OF_TEAM: &[PositionGrant] = &[
    probely(Role::TargetManage, Role::TeamProbelyManageCredentials),
    probely(Role::TargetRead, Role::TeamMember),
];

/// On a domain, for its account.
pub const DOMAIN_OF_ACCOUNT: &[PositionGrant] = &[
    probely(Role::DomainManage, Role::ProbelyManageCredentials),
    probely(Role::DomainRead, Role::ProbelyMember),
];

/// On a placement of a hosted registry, for its organization.
pub const PLACEMENT_OF_REGISTRY: &[PositionGrant] = &[
    app_catalog(Role::PlacementManage, Role::CatalogRegistryAdmin),
    app_catalog(Role::PlacementRead, Role::CatalogMember),
];

/// On a placement of a space, or of an app in it.
pub const PLACEMENT_OF_SPACE: &[PositionGrant] = &[
    cloud_foundry(Role::PlacementManage, Role::SpaceDeveloper),
    cloud_foundry(Role::PlacementUse, Role::SpaceManager),
    cloud_foundry(Role::PlacementUse, Role::SpaceAuditor),
    cloud_foundry(Role::PlacementUse, Role::SpaceSupporter),
];

/// On a space, for its organization: its managers run the space, and hold nothing on what is placed there.
pub const SPACE_OF_ORGANIZATION: &[PositionGrant] =
    &[cloud_foundry(Role::SpaceOfManager, Role::CloudFoundryOrganizationManager)];

/// On an organization, for one of its spaces: whoever has a role in the space sees the organization.
pub const ORGANIZATION_OF_SPACE: &[PositionGrant] = &[
    cloud_foundry(Role::CloudFoundrySpaceMember, Role::SpaceDeveloper),
    cloud_foundry(Role::CloudFoundrySpaceMember, Role::SpaceManager),
    cloud_foundry(Role::CloudFoundrySpaceMember, Role::SpaceAuditor),
    cloud_foundry(Role::CloudFoundrySpaceMember, Role::SpaceSupporter),
];

const fn awx(role: Role, holders: Role) -> PositionGrant {
    PositionGrant { role, holders, dialect: Dialect::Awx }
}

const fn native(role: Role, holders: Role) -> PositionGrant {
    PositionGrant { role, holders, dialect: Dialect::Native }
}

const fn probely(role: Role, holders: Role) -> PositionGrant {
    PositionGrant { role, holders, dialect: Dialect::Probely }
}

const fn app_catalog(role: Role, holders: Role) -> PositionGrant {
    PositionGrant { role, holders, dialect: Dialect::AppCatalog }
}

const fn cloud_foundry(role: Role, holders: Role) -> PositionGrant {
    PositionGrant { role, holders, dialect: Dialect::CloudFoundry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Permission, ResourceKind};

    #[test]
    fn positions_join_a_thing_with_a_group_and_give_no_more_than_documented() {
        for (grants, on) in [
            (CREDENTIAL_OF_ORGANIZATION, ResourceKind::Credential),
            (CREDENTIAL_OF_TEAM, ResourceKind::Credential),
            (TEAM_OF_ORGANIZATION, ResourceKind::Team),
            (JOB_TEMPLATE_OF_ORGANIZATION, ResourceKind::JobTemplate),
            (PLACEMENT_OF_FOUNDATION, ResourceKind::Placement),
            (PLACEMENT_OF_ORGANIZATION, ResourceKind::Placement),
            (PLACEMENT_OF_SPACE, ResourceKind::Placement),
            (PLACEMENT_OF_ACCOUNT, ResourceKind::Placement),
            (PLACEMENT_OF_ACCOUNT_TEAM, ResourceKind::Placement),
            (PLACEMENT_OF_TEAM, ResourceKind::Placement),
            (PLACEMENT_OF_REGISTRY, ResourceKind::Placement),
            (TARGET_OF_ACCOUNT, ResourceKind::Target),
            (TARGET_OF_ACCOUNT_TEAM, ResourceKind::Target),
            (TARGET_OF_TEAM, ResourceKind::Target),
            (DOMAIN_OF_ACCOUNT, ResourceKind::Domain),
            (SPACE_OF_ORGANIZATION, ResourceKind::Space),
            (ORGANIZATION_OF_SPACE, ResourceKind::Organization),
        ] {
            for grant in grants {
                assert_eq!(grant.role.kind(), on);
                assert!(grant.holders.kind().forms_groups());
                assert!(
                    !grant.role.permits(Permission::Checkout) || grant.holders.word() == "checkout",
                    "only the checkout role leads to checkout"
                );
            }
        }
    }
}
