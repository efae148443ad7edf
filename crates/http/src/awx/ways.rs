//! The ways in which users reach an object, as access lists show them.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Serialize;
use strongroom_core::Error;
use strongroom_core::access::Role;
use strongroom_core::id::Kind;
use strongroom_core::record::RoleOn;
use strongroom_service::UserScope;
use strongroom_service::view::UserView;

use super::call::Call;
use super::error::Outcome;
use super::role::resource_model;
use super::wire::{Resource, role_words};
use super::{list, user};

/// The ways in which a user reaches the object.
#[derive(Default)]
struct Reaching {
    direct: Vec<Way>,
    indirect: Vec<Way>,
}

/// One way: a role that somebody holds, and what it gives on the object.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Way {
    role: Held,
    descendant_roles: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Held {
    id: Option<i64>,
    name: &'static str,
    description: String,
    #[serde(flatten)]
    on: Option<On>,
    #[serde(flatten)]
    team: Option<Through>,
    user_capabilities: Unattach,
}

/// The object on which a role stands.
#[derive(Debug, Clone, Serialize)]
struct On {
    resource_name: String,
    resource_type: &'static str,
    related: BTreeMap<&'static str, String>,
}

/// The team through which a role is held.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Through {
    /// Its id.
    #[serde(rename = "team_id")]
    pub(super) id: i64,
    /// Its name.
    #[serde(rename = "team_name")]
    pub(super) name: String,
    /// The name of its organization.
    #[serde(rename = "team_organization_name")]
    pub(super) organization: String,
}

#[derive(Debug, Clone, Serialize)]
struct Unattach {
    unattach: bool,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    resource: Resource,
    direct_access: &'a [Way],
    indirect_access: &'a [Way],
}

impl Way {
    /// A role that stands on a named object, and what it gives on the object of the list.
    pub(super) fn of(
        on: RoleOn,
        name: &str,
        unattach: bool,
        team: Option<Through>,
        given: &[Role],
    ) -> Self {
        let (words, description) = role_words(on.role);
        let model = resource_model(on.role.kind());
        let mut descendants: Vec<&'static str> = given
            .iter()
            .flat_map(|role| std::iter::once(role).chain(role.implies()))
            .filter(|role| role.is_shown_in_awx())
            .map(|role| role.word())
            .collect();
        descendants.sort_unstable();
        descendants.dedup();
        Self {
            role: Held {
                id: Some(on.id),
                name: words,
                description,
                on: model.map(|model| On {
                    resource_name: name.to_owned(),
                    resource_type: model.word,
                    related: BTreeMap::from([(model.word, model.url(on.resource_id))]),
                }),
                team,
                user_capabilities: Unattach { unattach },
            },
            descendant_roles: descendants,
        }
    }

    /// A role on the whole system, and what it gives on the object of the list.
    pub(super) fn of_system(role: Role, given: impl Iterator<Item = Role>) -> Self {
        let (name, description) = role_words(role);
        let user_capabilities = Unattach { unattach: false };
        let role = Held { id: None, name, description, on: None, team: None, user_capabilities };
        Self { role, descendant_roles: given.map(Role::word).collect() }
    }
}

/// Users, each once.
#[derive(Default)]
pub(super) struct People(BTreeMap<i64, Reaching>);

impl People {
    fn entry(&mut self, user: &UserView) -> &mut Reaching {
        self.0.entry(user.user.identity.id).or_default()
    }

    /// A way that counts as direct.
    pub(super) fn add_direct(&mut self, user: &UserView, way: Way) {
        self.entry(user).direct.push(way);
    }

    /// A way through a role that stands elsewhere.
    pub(super) fn add_indirect(&mut self, user: &UserView, way: Way) {
        self.entry(user).indirect.push(way);
    }

    /// The page of the list that was asked for.
    pub(super) async fn rendered(self, call: &Call) -> Outcome<Response> {
        let ids: Vec<i64> = self.0.keys().copied().collect();
        let fetch =
            |request| call.room.list_users(&call.actor, UserScope::All, list::among(request, &ids));
        list::page(call, &user::MODEL, fetch, |view| {
            let Some(reaching) = self.0.get(&view.user.identity.id) else {
                return Err(Error::NotFound(Kind::User).into());
            };
            let summaries = Summaries {
                resource: user::resource(view),
                direct_access: &reaching.direct,
                indirect_access: &reaching.indirect,
            };
            list::element(&user::wire(view, false, summaries))
        })
        .await
    }
}
