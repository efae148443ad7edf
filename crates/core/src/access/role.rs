//! The whole table of roles: on what each stands, which it implies there, and what it permits.

use super::dialect::Dialect;

/// What a role stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// The whole store.
    System,
    /// An organization.
    Organization,
    /// A team.
    Team,
    /// A space of a platform.
    Space,
    /// A credential.
    Credential,
    /// A placement of a credential in a dialect.
    Placement,
    /// A job template.
    JobTemplate,
    /// A target of a scanner.
    Target,
    /// A domain of an account.
    Domain,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::System,
        Self::Organization,
        Self::Team,
        Self::Space,
        Self::Credential,
        Self::Placement,
        Self::JobTemplate,
        Self::Target,
        Self::Domain,
    ];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Organization => "organization",
            Self::Team => "team",
            Self::Space => "space",
            Self::Credential => "credential",
            Self::Placement => "placement",
            Self::JobTemplate => "job_template",
            Self::Target => "target",
            Self::Domain => "domain",
        }
    }

    /// The kind of a word of the store.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether holders of its roles can be a group that grants name, and so belong to a user's standing.
    pub const fn forms_groups(self) -> bool {
        matches!(self, Self::System | Self::Organization | Self::Team | Self::Space)
    }
}

/// What can be permitted on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See it, secrets masked.
    Read,
    /// Attach it, refer to it, let a consumer use it.
    Use,
    /// Receive the values of its secrets.
    Checkout,
    /// Change it.
    Change,
    /// Delete it.
    Delete,
    /// Give roles on it.
    Grant,
    /// Make a copy of it, which is to read it and to create where it belongs.
    Copy,
    /// Create credentials in the organization, or for the team, through AWX or the native API.
    CreateCredentials,
    /// Read the organization's audit entries.
    ReadAudit,
    /// Run a job template.
    Execute,
    /// Create job templates in the organization.
    CreateJobTemplates,
    /// Create, change and delete placements of the organization or space in Cloud Foundry.
    ManagePlacements,
    /// Create spaces of the organization, give its roles of the platform and label it there.
    ManageSpaces,
    /// Create, change and delete apps of the space.
    ManageApps,
    /// See and create Probely credentials of the account.
    ProbelyAccount,
    /// See, change and delete other people's Probely credentials of the account or team.
    ManageProbelyCredentials,
    /// Read the account's Probely audit log.
    ReadProbelyAudit,
    /// See the organization's registries and robots.
    ReadRegistries,
    /// Mint, remove and rotate robots, administer registries.
    ManageRegistries,
}

/// Every role there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the row of the table with its name")]
pub enum Role {
    SystemAdministrator,
    SystemAuditor,
    CloudFoundryUser,
    OrganizationAdmin,
    OrganizationCredentialAdmin,
    OrganizationAuditor,
    OrganizationMember,
    OrganizationRead,
    OrganizationExecute,
    OrganizationApproval,
    OrganizationProjectAdmin,
    OrganizationInventoryAdmin,
    OrganizationWorkflowAdmin,
    OrganizationNotificationAdmin,
    OrganizationJobTemplateAdmin,
    OrganizationExecutionEnvironmentAdmin,
    OrganizationCheckout,
    ProbelyMember,
    ProbelyManageCredentials,
    ProbelyAuditLog,
    CatalogMember,
    CatalogRegistryAdmin,
    CloudFoundryOrganizationUser,
    CloudFoundryOrganizationManager,
    CloudFoundryOrganizationAuditor,
    CloudFoundryBillingManager,
    CloudFoundrySpaceMember,
    TeamAdmin,
    TeamMember,
    TeamRead,
    TeamCheckout,
    TeamProbelyManageCredentials,
    SpaceDeveloper,
    SpaceManager,
    SpaceAuditor,
    SpaceSupporter,
    SpaceOfManager,
    CredentialAdmin,
    CredentialUse,
    CredentialRead,
    CredentialCheckout,
    PlacementManage,
    PlacementUse,
    PlacementRead,
    JobTemplateAdmin,
    JobTemplateExecute,
    JobTemplateRead,
    TargetManage,
    TargetRead,
    DomainManage,
    DomainRead,
}

/// One row of the table.
#[derive(Debug)]
struct Row {
    role: Role,
    kind: ResourceKind,
    word: &'static str,
    home: Dialect,
    /// Roles on the same object that come with it, all of them.
    implies: &'static [Role],
    permits: &'static [Permission],
}

impl Role {
    /// Every role.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.role)
    }

    /// The roles that stand on a kind of object.
    pub fn on(kind: ResourceKind) -> impl Iterator<Item = Self> {
        TABLE.iter().filter(move |row| row.kind == kind).map(|row| row.role)
    }

    /// What it stands on.
    pub fn kind(self) -> ResourceKind {
        self.row().kind
    }

    /// The word that the store keeps; unique among the roles on one kind of object.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The role of a word on a kind of object.
    pub fn from_word(kind: ResourceKind, word: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.kind == kind && row.word == word).map(|row| row.role)
    }

    /// The dialect whose documentation says what it means.
    pub fn home(self) -> Dialect {
        self.row().home
    }

    /// Roles on the same object that come with it, itself not among them.
    pub fn implies(self) -> &'static [Self] {
        self.row().implies
    }

    /// What it permits on its object where it counts in full.
    pub fn permits(self, permission: Permission) -> bool {
        self.row().permits.contains(&permission)
    }

    /// Whether it is one of the roles that AWX shows on its object.
    pub fn is_shown_in_awx(self) -> bool {
        self.home() == Dialect::Awx
    }

    fn row(self) -> &'static Row {
        // The table is in the order of the enum, which a test holds fast.
        &TABLE[self as usize]
    }
}

macro_rules! table {
    ($($role:ident $kind:ident $word:literal $home:ident [$($implied:ident)*] [$($permission:ident)*])*) => {
        &[$(Row {
            role: Role::$role,
            kind: ResourceKind::$kind,
            word: $word,
            home: Dialect::$home,
            implies: &[$(Role::$implied),*],
            permits: &[$(Permission::$permission),*],
        }),*]
    };
}

#[rustfmt::skip]
const TABLE: &[Row] = table! {
    SystemAdministrator System "system_administrator" Awx [] [Read]
    SystemAuditor System "system_auditor" Awx [] [Read]
    CloudFoundryUser System "cloud_foundry_user" CloudFoundry [] []

    OrganizationAdmin Organization "admin_role" Awx
        [OrganizationCredentialAdmin OrganizationMember OrganizationRead OrganizationExecute OrganizationApproval
         OrganizationProjectAdmin OrganizationInventoryAdmin OrganizationWorkflowAdmin OrganizationNotificationAdmin
         OrganizationJobTemplateAdmin OrganizationExecutionEnvironmentAdmin
         CloudFoundryOrganizationManager ProbelyMember ProbelyManageCredentials ProbelyAuditLog
         CatalogMember CatalogRegistryAdmin]
        [Read Change Delete Grant CreateCredentials CreateJobTemplates ReadAudit]
    OrganizationCredentialAdmin Organization "credential_admin_role" Awx [OrganizationRead] [Read CreateCredentials]
    OrganizationAuditor Organization "auditor_role" Awx [OrganizationRead] [Read ReadAudit]
    OrganizationMember Organization "member_role" Awx [OrganizationRead] [Read]
    OrganizationRead Organization "read_role" Awx [] [Read]
    OrganizationExecute Organization "execute_role" Awx [OrganizationRead] [Read]
    OrganizationApproval Organization "approval_role" Awx [OrganizationRead] [Read]
    OrganizationProjectAdmin Organization "project_admin_role" Awx [OrganizationRead] [Read]
    OrganizationInventoryAdmin Organization "inventory_admin_role" Awx [OrganizationRead] [Read]
    OrganizationWorkflowAdmin Organization "workflow_admin_role" Awx [OrganizationRead] [Read]
    OrganizationNotificationAdmin Organization "notification_admin_role" Awx [OrganizationRead] [Read]
    OrganizationJobTemplateAdmin Organization "job_template_admin_role" Awx [OrganizationRead] [Read CreateJobTemplates]
    OrganizationExecutionEnvironmentAdmin Organization "execution_environment_admin_role" Awx [OrganizationRead] [Read]
    OrganizationCheckout Organization "checkout" Native [] [Read]
    ProbelyMember Organization "probely_member" Probely [] [Read ProbelyAccount]
    ProbelyManageCredentials Organization "probely_manage_credentials" Probely [] [Read ManageProbelyCredentials]
    ProbelyAuditLog Organization "probely_audit_log" Probely [] [Read ReadProbelyAudit]
    CatalogMember Organization "catalog_member" AppCatalog [] [Read ReadRegistries]
    CatalogRegistryAdmin Organization "catalog_registry_admin" AppCatalog [CatalogMember] [Read ReadRegistries ManageRegistries]
    CloudFoundryOrganizationUser Organization "organization_user" CloudFoundry [] [Read]
    CloudFoundryOrganizationManager Organization "organization_manager" CloudFoundry [] [Read ManagePlacements ManageSpaces]
    CloudFoundryOrganizationAuditor Organization "organization_auditor" CloudFoundry [] [Read]
    CloudFoundryBillingManager Organization "organization_billing_manager" CloudFoundry [] [Read]
    CloudFoundrySpaceMember Organization "space_member" CloudFoundry [] [Read]

    TeamAdmin Team "admin_role" Awx [TeamMember TeamRead] [Read Change Delete Grant CreateCredentials]
    TeamMember Team "member_role" Awx [TeamRead] [Read]
    TeamRead Team "read_role" Awx [] [Read]
    TeamCheckout Team "checkout" Native [] [Read]
    TeamProbelyManageCredentials Team "probely_manage_credentials" Probely [] [Read ManageProbelyCredentials]

    SpaceDeveloper Space "space_developer" CloudFoundry [] [Read ManagePlacements ManageApps]
    SpaceManager Space "space_manager" CloudFoundry [] [Read Change Grant]
    SpaceAuditor Space "space_auditor" CloudFoundry [] [Read]
    SpaceSupporter Space "space_supporter" CloudFoundry [] [Read]
    SpaceOfManager Space "organization_manager" CloudFoundry [] [Read Change Delete Grant]

    CredentialAdmin Credential "admin_role" Awx [CredentialUse CredentialRead] [Read Use Change Delete Grant]
    CredentialUse Credential "use_role" Awx [CredentialRead] [Read Use]
    CredentialRead Credential "read_role" Awx [] [Read]
    CredentialCheckout Credential "checkout" Native [] [Read Checkout]

    PlacementManage Placement "manage" CloudFoundry [PlacementUse PlacementRead] [Read Use Change Delete]
    PlacementUse Placement "use" CloudFoundry [PlacementRead] [Read Use]
    PlacementRead Placement "read" CloudFoundry [] [Read]

    JobTemplateAdmin JobTemplate "admin_role" Awx [JobTemplateExecute JobTemplateRead] [Read Execute Change Delete Grant]
    JobTemplateExecute JobTemplate "execute_role" Awx [JobTemplateRead] [Read Execute]
    JobTemplateRead JobTemplate "read_role" Awx [] [Read]

    TargetManage Target "manage" Probely [TargetRead] [Read Change Delete]
    TargetRead Target "read" Probely [] [Read]

    DomainManage Domain "manage" Probely [DomainRead] [Read Change Delete]
    DomainRead Domain "read" Probely [] [Read]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_words_are_unique_per_kind() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.role as usize, index, "{:?}", row.role);
            assert_eq!(Role::from_word(row.kind, row.word), Some(row.role));
        }
    }

    #[test]
    fn implied_roles_stand_on_the_same_object_and_are_all_listed() {
        for role in Role::all() {
            for implied in role.implies() {
                assert_eq!(implied.kind(), role.kind(), "{role:?} {implied:?}");
                for further in implied.implies() {
                    assert!(role.implies().contains(further), "{role:?} lacks {further:?}");
                }
            }
        }
    }

    #[test]
    fn a_role_permits_what_the_roles_of_its_dialect_permit_that_come_with_it() {
        for role in Role::all() {
            for implied in role.implies().iter().filter(|implied| implied.home() == role.home()) {
                for permission in implied.row().permits {
                    assert!(
                        role.permits(*permission),
                        "{role:?} lacks {permission:?} of {implied:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_role_of_a_dialect_gives_checkout() {
        for role in Role::all().filter(|role| role.permits(Permission::Checkout)) {
            assert_eq!(role.home(), Dialect::Native, "{role:?}");
        }
    }

    #[test]
    fn admin_holds_use_and_use_holds_read() {
        for role in Role::on(ResourceKind::Credential) {
            for (more, less) in [
                (Permission::Change, Permission::Use),
                (Permission::Use, Permission::Read),
                (Permission::Checkout, Permission::Read),
            ] {
                assert!(!role.permits(more) || role.permits(less), "{role:?} {more:?} {less:?}");
            }
        }
    }
}
