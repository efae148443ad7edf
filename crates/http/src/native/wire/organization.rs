//! Organizations, their users, and roles given on things.

use serde::Serialize;
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::record;
use strongroom_service::GrantView;
use strongroom_service::view::{OrganizationView, UserView};

use super::{Ids, time};

/// A grant of a role.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Grant {
    id: i64,
    guid: String,
    role: String,
    user: Option<i64>,
    team: Option<i64>,
    group: Option<Group>,
    dialect: &'static str,
    by_position: bool,
    valid_from: String,
    granted_by: Option<i64>,
}

/// The holders of another role than membership in a team.
#[derive(Debug, Serialize)]
struct Group {
    role: String,
    on: &'static str,
    id: i64,
}

/// An organization.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Organization {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    description: String,
    created: String,
    modified: String,
}

/// What an organization allows.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Settings {
    protect_used: bool,
    use_includes_checkout: bool,
    share_across_organizations: bool,
}

/// A user.
#[derive(Debug, Serialize)]
pub(in crate::native) struct User {
    #[serde(flatten)]
    ids: Ids,
    username: String,
    admin: bool,
}

impl From<GrantView> for Grant {
    fn from(view: GrantView) -> Self {
        let (team, group) = match view.group {
            Some((role, ResourceKind::Team, id)) if role == Role::TeamMember.word() => {
                (Some(id), None)
            }
            Some((role, on, id)) => (None, Some(Group { role, on: on.word(), id })),
            None => (None, None),
        };
        Self {
            id: view.id,
            guid: view.guid.to_string(),
            role: view.role,
            user: view.user_id,
            team,
            group,
            dialect: view.dialect.word(),
            by_position: view.by_position,
            valid_from: time(view.valid_from),
            granted_by: view.granted_by,
        }
    }
}

impl From<OrganizationView> for Organization {
    fn from(view: OrganizationView) -> Self {
        let organization = view.organization;
        Self {
            ids: organization.identity.into(),
            name: organization.name,
            description: organization.description,
            created: time(organization.stamp.created),
            modified: time(organization.stamp.modified),
        }
    }
}

impl From<record::OrganizationSettings> for Settings {
    fn from(settings: record::OrganizationSettings) -> Self {
        Self {
            protect_used: settings.protect_used,
            use_includes_checkout: settings.use_includes_checkout,
            share_across_organizations: settings.share_across_organizations,
        }
    }
}

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        let user = view.user;
        Self { ids: user.identity.into(), username: user.username, admin: user.is_superuser }
    }
}
