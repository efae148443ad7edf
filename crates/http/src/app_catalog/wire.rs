//! What the Catalog shows, member for member. What did not happen is left out, not null.

use serde::Serialize;
use serde_json::Value;
use strongroom_core::record::{Organization, User};
use strongroom_core::robot;
use strongroom_service::{RegistryView, RobotView};

use super::query::PageAsked;
use super::{time, words};
use crate::robot_access::Shown;

/// A page of a list.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "they are the members on the wire")]
pub(super) struct Page<T> {
    page: i64,
    page_size: i64,
    total_size: i64,
    total_pages: i64,
    items: Vec<T>,
}

impl<T> Page<T> {
    /// The page that was asked for, of a list of so many elements.
    pub(super) fn new(asked: PageAsked, total: i64, items: Vec<T>) -> Self {
        Self {
            page: asked.number,
            page_size: asked.size,
            total_size: total,
            total_pages: (total + asked.size - 1) / asked.size,
            items,
        }
    }
}

/// A registry.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own on the wire")]
pub(super) struct Registry {
    id: String,
    name: String,
    description: String,
    url: String,
    healthy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_at: Option<String>,
    hosted: bool,
    vmware_managed: bool,
    shared: bool,
    owned: bool,
    provider: String,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_by: Option<String>,
    application_count: u64,
    credentials_limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unhealthy_cause: Option<&'static str>,
    _links: Links,
}

#[derive(Debug, Serialize)]
struct Links {
    credentials: Link,
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
}

impl From<RegistryView> for Registry {
    fn from(view: RegistryView) -> Self {
        let registry = view.registry;
        let id = registry.identity.guid.to_string();
        let removed = registry.removed.map(|(at, _)| at);
        let stamp = registry.stamp;
        let updated = (stamp.modified != stamp.created).then_some(stamp.modified);
        Self {
            _links: Links {
                credentials: Link { href: format!("/v1/registries/{id}/credentials") },
            },
            id,
            name: registry.name,
            description: registry.description,
            url: registry.url,
            // Nothing is known against a hosted one: registries are not probed.
            healthy: view.unhealthy.is_none(),
            last_checked_at: (!registry.hosted).then(|| time::text(view.checked)),
            hosted: registry.hosted,
            vmware_managed: false,
            shared: false,
            owned: true,
            provider: registry.provider,
            created_at: time::text(registry.stamp.created),
            created_by: maker(view.created_by),
            updated_at: updated.map(time::text),
            updated_by: updated.map(|_| maker(view.updated_by)),
            removed_at: removed.map(time::text),
            removed_by: removed.map(|_| maker(view.removed_by)),
            application_count: 0,
            credentials_limit: registry.credentials_limit,
            unhealthy_cause: view.unhealthy.map(words::unhealthy),
        }
    }
}

/// A minted registry credential, never with its password.
#[derive(Debug, Serialize)]
pub(super) struct Robot {
    id: String,
    name: String,
    description: String,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_by: Option<String>,
    expires_at: String,
    status: &'static str,
    access: Vec<Shown>,
}

impl From<RobotView> for Robot {
    fn from(view: RobotView) -> Self {
        Self {
            id: view.guid.to_string(),
            name: view.name,
            description: view.description,
            created_at: time::text(view.created),
            created_by: maker(view.created_by),
            removed_at: view.removed.map(time::text),
            removed_by: view.removed.map(|_| maker(view.removed_by)),
            expires_at: time::text(view.expires),
            status: match view.status {
                robot::Status::Active => "ACTIVE",
                robot::Status::Expired => "EXPIRED",
                robot::Status::Removed => "REMOVED",
            },
            access: view.access.into_iter().map(Shown::from).collect(),
        }
    }
}

/// A user name; what nobody known did was done on the server's own host.
fn maker(name: Option<String>) -> String {
    name.unwrap_or_else(|| "host".to_owned())
}

/// A new registry credential, its password for the only time.
#[derive(Serialize)]
pub(super) struct Minted<'a> {
    /// The robot's user name.
    pub(super) username: &'a str,
    /// Its password.
    pub(super) password: &'a str,
}

/// What an API token is exchanged for.
#[derive(Serialize)]
pub(super) struct Exchanged<'a> {
    /// The bearer token.
    pub(super) access_token: &'a str,
    /// `bearer`.
    pub(super) token_type: &'static str,
    /// Seconds that it lives.
    pub(super) expires_in: i64,
    /// What it may do, separated by spaces.
    pub(super) scope: String,
    /// The API token that was sent.
    pub(super) refresh_token: &'a str,
    /// Always null.
    pub(super) id_token: Value,
}

/// A refused exchange, in the shape of its own.
#[derive(Debug, Serialize)]
pub(super) struct NotExchanged {
    /// Why.
    pub(super) message: &'static str,
    /// The status once more.
    #[serde(rename = "statusCode")]
    pub(super) status_code: u16,
}

/// What an access token stands for.
#[derive(Debug, Serialize)]
pub(super) struct Me {
    organization: Named,
    user: Person,
    service_id: String,
}

#[derive(Debug, Serialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Person {
    id: String,
    username: String,
    roles: Vec<String>,
}

impl Me {
    /// The account of a user in an organization, at the service of that id in that domain.
    pub(super) fn new(
        organization: Organization,
        user: User,
        domain: &str,
        service: String,
    ) -> Self {
        Self {
            organization: Named {
                id: organization.identity.guid.to_string(),
                name: organization.name,
            },
            user: Person {
                id: format!("{domain}:{}", user.identity.guid),
                username: user.username,
                roles: vec![format!("csp:{service}/becs:user")],
            },
            service_id: service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_pages_hold_the_whole_list_and_the_last_is_not_empty(total in 0_i64..1000, size in 1_i64..100) {
            let pages = Page::<()>::new(PageAsked { number: 1, size }, total, Vec::new()).total_pages;
            prop_assert!(total <= pages * size);
            prop_assert_eq!(pages == 0, total == 0);
            prop_assert!(pages == 0 || (pages - 1) * size < total);
        }
    }
}
