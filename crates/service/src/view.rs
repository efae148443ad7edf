//! What a use-case gives back to be shown: an object with the names and rights that go with it.

use std::collections::BTreeMap;

use strongroom_core::access::{Capabilities, Dialect};
use strongroom_core::audit::{Operation, Outcome, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::credential_type::CredentialType;
use strongroom_core::record::{
    Application, Credential, Identity, InputSource, JobTemplate, Organization, RoleOn, Stamp, Team,
    Token, User,
};

/// A user as other objects mention him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSummary {
    /// His id.
    pub id: i64,
    /// His user name.
    pub username: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl From<&User> for UserSummary {
    fn from(user: &User) -> Self {
        Self {
            id: user.identity.id,
            username: user.username.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
        }
    }
}

/// A named object as other objects mention it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
}

/// A credential type as a credential mentions it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSummary {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its kind.
    pub kind: String,
    /// The stable word of a managed type.
    pub namespace: Option<String>,
}

/// Who owns a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A user who holds its admin role by name.
    User(UserSummary),
    /// The organization.
    Organization(Summary),
    /// A team whose administrators administer it.
    Team(Summary),
}

/// A credential, masked.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialView {
    /// The credential: plain values and which secrets are set.
    pub credential: Credential,
    /// Its type.
    pub credential_type: TypeSummary,
    /// The organization that owns it.
    pub organization: Option<Summary>,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// The roles on it.
    pub roles: Vec<RoleOn>,
    /// Its owners, users first.
    pub owners: Vec<Owner>,
    /// What the caller may do with it.
    pub capabilities: Capabilities,
    /// The number of its state, raised by every change of its members.
    pub revision: u64,
    /// For each secret that is set, a keyed digest of its value; only for those who may change it.
    pub fingerprints: Option<BTreeMap<String, String>>,
}

/// An organization with what is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationView {
    /// The organization.
    pub organization: Organization,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// The roles on it.
    pub roles: Vec<RoleOn>,
    /// How many of each it has.
    pub counts: OrganizationCounts,
    /// Whether the caller may change it.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// What an organization has, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrganizationCounts {
    /// Members by name.
    pub users: i64,
    /// Administrators by name.
    pub admins: i64,
    /// Teams.
    pub teams: i64,
    /// Job templates.
    pub job_templates: i64,
}

/// A team with what is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamView {
    /// The team.
    pub team: Team,
    /// Its organization.
    pub organization: Summary,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// The roles on it.
    pub roles: Vec<RoleOn>,
    /// Whether the caller may change it.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// A user with what the caller may do with him.
#[derive(Debug, Clone, PartialEq)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// Whether the caller may change him.
    pub may_change: bool,
    /// Whether the caller may delete him.
    pub may_delete: bool,
}

/// A credential type with its row.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialTypeView {
    /// Its identity.
    pub identity: Identity,
    /// The type.
    pub credential_type: CredentialType,
    /// Free text.
    pub description: String,
    /// Times and makers.
    pub stamp: Stamp,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// Whether the caller may change it.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// A token with its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// The token.
    pub token: Token,
    /// Whose it is.
    pub user: UserSummary,
    /// The application that was given it.
    pub application: Option<Summary>,
}

/// An OAuth application with what is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationView {
    /// The application.
    pub application: Application,
    /// Its organization.
    pub organization: Summary,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// How many tokens it was given.
    pub token_count: i64,
    /// The first of them: id and scope.
    pub tokens: Vec<(i64, String)>,
    /// Whether the caller may change and delete it.
    pub may_change: bool,
}

/// A role with the object it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    /// The role.
    pub role: RoleOn,
    /// The name of the object; absent for the two system roles.
    pub resource_name: Option<String>,
}

/// A credential as what uses it mentions it, whether or not the caller may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSummary {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its type.
    pub credential_type: TypeSummary,
}

/// An input source with the two credentials that it joins.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSourceView {
    /// The input source.
    pub input_source: InputSource,
    /// The credential that gets the value.
    pub target: CredentialSummary,
    /// The credential that fetches it.
    pub source: CredentialSummary,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// Whether the caller may change it, which takes *use* on the source too.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// A job template with what is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobTemplateView {
    /// The job template.
    pub job_template: JobTemplate,
    /// Its organization, if it has one.
    pub organization: Option<Summary>,
    /// Who made it, if that user still exists.
    pub created_by: Option<UserSummary>,
    /// Who changed it last, if that user still exists.
    pub modified_by: Option<UserSummary>,
    /// The roles on it.
    pub roles: Vec<RoleOn>,
    /// The credentials attached to it, by name.
    pub credentials: Vec<CredentialSummary>,
    /// Whether the caller may change it.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditView {
    /// Its id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What was done or tried.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// At whose door.
    pub dialect: Dialect,
    /// The request's id.
    pub request_id: String,
    /// Where it came from.
    pub source: String,
    /// Who did it: id and name at that time.
    pub actor_id: Option<i64>,
    /// His name at that time, or the name that was claimed.
    pub actor_name: String,
    /// The token that was used.
    pub token_id: Option<i64>,
    /// The objects it touched, the main one first.
    pub objects: Vec<Touched>,
    /// The organization whose auditors may read it.
    pub organization_id: Option<i64>,
    /// The relation that was tied or undone, or why.
    pub reason: String,
    /// The changes, as stored: a list of `{member, old, new}`.
    pub changes: serde_json::Value,
    /// How many alike events it stands for.
    pub times: i64,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The elements.
    pub items: Vec<T>,
    /// How many there are in all, when that was asked for.
    pub total: Option<i64>,
}
