//! The tables that are listed, and the columns that a filter or an order can name.

use strongroom_core::access::ResourceKind;
use strongroom_core::id::Kind;
use strongroom_core::{Error, Result};

use crate::list::Field;

/// The table of a kind of object.
pub(super) fn table(kind: Kind) -> Result<&'static str> {
    Ok(match kind {
        Kind::Credential => "credentials",
        Kind::CredentialType => "credential_types",
        Kind::Organization => "organizations",
        Kind::Team => "teams",
        Kind::User => "users",
        Kind::Token => "tokens",
        Kind::AuditEntry => "audit_entries",
        Kind::Role => "roles",
        Kind::JobTemplate => "job_templates",
        Kind::InputSource => "credential_input_sources",
        Kind::Application => "applications",
        _ => return Err(Error::internal("no list of this kind of object")),
    })
}

/// The table of the objects on which roles stand.
pub(super) fn table_of_resource(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Organization => "organizations",
        ResourceKind::Team => "teams",
        ResourceKind::JobTemplate => "job_templates",
        _ => "credentials",
    }
}

/// The value of a field of an object called `x`, for the kinds of object that have it.
pub(super) fn column(kind: Kind, field: Field, x: &str) -> Option<String> {
    let column = column_of_x(kind, field)?;
    Some(if x == "x" { column.to_owned() } else { column.replace("x.", &format!("{x}.")) })
}

/// The column of a field in the table that goes by the name `x`.
#[expect(clippy::match_same_arms, reason = "a table with a row for each field of each kind")]
fn column_of_x(kind: Kind, field: Field) -> Option<&'static str> {
    use Kind::{
        Application, AuditEntry, Credential, CredentialType, InputSource, JobTemplate,
        Organization, Role, Team, Token, User,
    };
    Some(match (kind, field) {
        (_, Field::Id) => "x.id",
        (
            Credential | CredentialType | Organization | Team | JobTemplate | Application,
            Field::Name,
        ) => "x.name",
        (
            Credential | CredentialType | Organization | Team | JobTemplate | InputSource
            | Application,
            Field::Description,
        ) => "x.description",
        (Token, Field::Description) => "x.name",
        (
            Credential | CredentialType | Organization | Team | User | Token | JobTemplate
            | InputSource | Application,
            Field::Created,
        ) => "x.created",
        (
            Credential | CredentialType | Organization | Team | User | Token | JobTemplate
            | InputSource | Application,
            Field::Modified,
        ) => "x.modified",
        (
            Credential | CredentialType | Organization | Team | User | JobTemplate | InputSource
            | Application,
            Field::CreatedBy,
        ) => "x.created_by",
        (
            Credential | CredentialType | Organization | Team | JobTemplate | InputSource
            | Application,
            Field::ModifiedBy,
        ) => "x.modified_by",
        (InputSource, Field::Target) => "x.target_credential_id",
        (InputSource, Field::SourceCredential) => "x.source_credential_id",
        (InputSource, Field::InputField) => "x.input_field_name",
        (Credential | Team | JobTemplate | Application, Field::Organization) => "x.organization_id",
        (Team | Credential | JobTemplate | Application, Field::OrganizationName) => {
            "(SELECT o.name FROM organizations o WHERE o.id = x.organization_id)"
        }
        (Credential, Field::CredentialType) => "x.credential_type_id",
        (Credential | CredentialType, Field::Managed) => "x.managed",
        (CredentialType, Field::TypeKind) => "x.kind",
        (CredentialType, Field::TypeNamespace) => "x.namespace",
        (CredentialType, Field::Inputs) => "x.inputs",
        (CredentialType, Field::Injectors) => "x.injectors",
        (Application, Field::ClientId) => "x.client_id",
        (Application, Field::ClientType) => "x.client_type",
        (Application, Field::GrantType) => "x.grant_type",
        (Application, Field::RedirectUris) => "x.redirect_uris",
        (Application, Field::SkipAuthorization) => "x.skip_authorization",
        (Token, Field::Application) => "x.application_id",
        (User, Field::Username) => "x.username",
        (User, Field::FirstName) => "x.first_name",
        (User, Field::LastName) => "x.last_name",
        (User, Field::Email) => "x.email",
        (User, Field::IsSuperuser) => "x.is_superuser",
        (User, Field::IsSystemAuditor) => "x.is_system_auditor",
        (User, Field::LastLogin) => "x.last_login",
        (Organization, Field::MaxHosts) => "x.max_hosts",
        (Token, Field::User) => "x.user_id",
        (Token, Field::Scope) => "x.scope",
        (Token, Field::Expires) => "x.expires",
        (AuditEntry, Field::Created) => "x.at",
        (AuditEntry, Field::Operation) => "x.action",
        (AuditEntry, Field::Actor) => "x.actor_id",
        (AuditEntry, Field::Changes) => "x.changes",
        (AuditEntry, Field::ActorName) => "x.actor_name",
        (AuditEntry, Field::Dialect) => "x.dialect",
        (AuditEntry, Field::Outcome) => "x.outcome",
        (AuditEntry, Field::RequestId) => "x.request_id",
        (AuditEntry, Field::Source) => "x.source",
        (AuditEntry, Field::Organization) => "x.organization_id",
        (Role, Field::RoleField) => "x.name",
        (Role, Field::ResourceKind) => "x.resource_kind",
        (Role, Field::ResourceId) => "x.resource_id",
        (AuditEntry, Field::ObjectKind) => {
            "(SELECT a.kind FROM audit_objects a WHERE a.entry_id = x.id AND a.position = 0)"
        }
        _ => return None,
    })
}
