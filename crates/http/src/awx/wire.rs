//! The pieces of which the objects on the wire are made.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::id::Guid;
use strongroom_core::record::RoleOn;
use strongroom_service::view;

use super::model::Model;

/// A member that is always null.
pub(super) type Null = ();

/// Members in the order in which they were put in.
#[derive(Debug)]
pub(super) struct Members<T>(Vec<(&'static str, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Members<T> {
    /// With one more member.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: T) -> Self {
        self.0.push((name, value));
        self
    }

    /// With one more member, if there is a value.
    #[must_use]
    pub(super) fn with_some(self, name: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl<T: Serialize> Serialize for Members<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Names and the paths to which they lead.
pub(super) type Links = Members<String>;

impl Links {
    /// The paths of those who made and last changed an object.
    pub(super) fn makers(
        created_by: Option<&view::UserSummary>,
        modified_by: Option<&view::UserSummary>,
    ) -> Self {
        let url = |user: &view::UserSummary| super::user::MODEL.url(user.id);
        Self::default()
            .with_some("created_by", created_by.map(url))
            .with_some("modified_by", modified_by.map(url))
    }

    /// With a path below the object for each of the names.
    #[must_use]
    pub(super) fn below(self, model: &Model, id: i64, names: &[&'static str]) -> Self {
        names.iter().fold(self, |links, name| links.with(name, model.below(id, name)))
    }

    /// Led by the path that names the object, which lists leave out.
    #[must_use]
    pub(super) fn led_by(mut self, named_url: Option<String>) -> Self {
        if let Some(url) = named_url {
            self.0.insert(0, ("named_url", url));
        }
        self
    }
}

/// A user as other objects mention him.
#[derive(Debug, Serialize)]
pub(super) struct UserSummary<'a> {
    id: i64,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
}

impl<'a> From<&'a view::UserSummary> for UserSummary<'a> {
    fn from(user: &'a view::UserSummary) -> Self {
        Self {
            id: user.id,
            username: &user.username,
            first_name: &user.first_name,
            last_name: &user.last_name,
        }
    }
}

/// A named object as other objects mention it.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    id: i64,
    name: &'a str,
    description: &'a str,
}

impl<'a> From<&'a view::Summary> for Named<'a> {
    fn from(object: &'a view::Summary) -> Self {
        Self { id: object.id, name: &object.name, description: &object.description }
    }
}

impl<'a> From<&'a view::TypeSummary> for Named<'a> {
    fn from(object: &'a view::TypeSummary) -> Self {
        Self { id: object.id, name: &object.name, description: &object.description }
    }
}

/// The identity that organizations, teams and users have beyond AWX.
#[derive(Debug, Serialize)]
pub(super) struct Resource {
    ansible_id: String,
    resource_type: &'static str,
}

impl Resource {
    /// The identity of an object of a shared kind.
    pub(super) fn new(guid: Guid, resource_type: &'static str) -> Self {
        Self { ansible_id: guid.to_string(), resource_type }
    }
}

/// What the caller may do with an object.
#[derive(Debug, Serialize)]
pub(super) struct EditDelete {
    /// Change it.
    pub(super) edit: bool,
    /// Delete it.
    pub(super) delete: bool,
}

/// A role on an object, as the object shows it.
#[derive(Debug, Serialize)]
pub(super) struct ObjectRole {
    description: String,
    name: &'static str,
    id: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    user_only: bool,
}

/// The roles on an object under their fields, in AWX's order.
pub(super) fn object_roles(roles: &[RoleOn]) -> Members<ObjectRole> {
    let known = ROLES.iter().filter_map(|words| {
        let on =
            roles.iter().find(|on| on.role.is_shown_in_awx() && on.role.word() == words.field)?;
        let organization = on.role.kind() == ResourceKind::Organization;
        Some((
            words.field,
            ObjectRole {
                description: words.description(on.role),
                name: words.name,
                id: on.id,
                user_only: organization && matches!(words.field, "admin_role" | "member_role"),
            },
        ))
    });
    Members(known.collect())
}

/// What a role is called, and what it is for.
pub(super) fn role_words(role: Role) -> (&'static str, String) {
    let words = ROLES.iter().find(|words| words.field == role.word());
    words.map_or((role.word(), String::new()), |words| (words.name, words.description(role)))
}

struct RoleWords {
    field: &'static str,
    name: &'static str,
    /// `%s` stands for the kind of object.
    description: &'static str,
}

impl RoleWords {
    fn description(&self, role: Role) -> String {
        let kind = match role.kind() {
            ResourceKind::JobTemplate => "job template",
            kind => kind.word(),
        };
        match (role.kind(), self.field) {
            (ResourceKind::JobTemplate, "execute_role") => "May run the job template".to_owned(),
            _ => self.description.replace("%s", kind),
        }
    }
}

const fn words(field: &'static str, name: &'static str, description: &'static str) -> RoleWords {
    RoleWords { field, name, description }
}

#[rustfmt::skip]
const ROLES: &[RoleWords] = &[
    words("admin_role", "Admin", "Can manage all aspects of the %s"),
    words("execute_role", "Execute", "May run any executable resources in the organization"),
    words("project_admin_role", "Project Admin", "Can manage all projects of the %s"),
    words("inventory_admin_role", "Inventory Admin", "Can manage all inventories of the %s"),
    words("credential_admin_role", "Credential Admin", "Can manage all credentials of the %s"),
    words("workflow_admin_role", "Workflow Admin", "Can manage all workflows of the %s"),
    words("notification_admin_role", "Notification Admin", "Can manage all notifications of the %s"),
    words("job_template_admin_role", "Job Template Admin", "Can manage all job templates of the %s"),
    words("execution_environment_admin_role", "Execution Environment Admin", "Can manage all execution environments of the %s"),
    words("auditor_role", "Auditor", "Can view all aspects of the %s"),
    words("member_role", "Member", "User is a member of the %s"),
    words("use_role", "Use", "Can use the %s in a job template"),
    words("read_role", "Read", "May view settings for the %s"),
    words("approval_role", "Approve", "Can approve or deny a workflow approval node"),
    words("system_administrator", "System Administrator", "Can manage all aspects of the system"),
    words("system_auditor", "System Auditor", "Can view all aspects of the system"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_awx_has_its_words() {
        for role in Role::all().filter(|role| role.is_shown_in_awx()) {
            let (name, description) = role_words(role);
            assert!(!description.is_empty() && !description.contains('%'), "{role:?}");
            assert_ne!(name, role.word());
        }
    }

    #[test]
    fn an_organizations_roles_stand_in_awxs_order() {
        let roles: Vec<RoleOn> =
            [Role::OrganizationRead, Role::OrganizationAdmin, Role::OrganizationCheckout]
                .into_iter()
                .zip(1..)
                .map(|(role, id)| RoleOn { id, role, resource_id: 1 })
                .collect();
        let shown = serde_json::to_string(&object_roles(&roles)).unwrap();
        assert_eq!(
            shown,
            "{\"admin_role\":{\"description\":\"Can manage all aspects of the organization\",\"name\":\"Admin\",\
             \"id\":2,\"user_only\":true},\"read_role\":{\"description\":\"May view settings for the organization\",\
             \"name\":\"Read\",\"id\":1}}"
        );
    }
}
