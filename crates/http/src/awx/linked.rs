//! What is shown of the objects that entries touch, as they are now and as far as the caller may read them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use strongroom_core::Result;
use strongroom_core::id::Kind;
use strongroom_core::record::InputSource;
use strongroom_service::list::{Field, Filter, ListRequest, Paging, Test};
use strongroom_service::view::AuditView;
use strongroom_service::{ApplicationScope, CredentialScope, InputSourceScope, view};
use strongroom_service::{OrganizationScope, RoleScope, TeamScope, TokenScope, UserScope};

use super::call::Call;

/// The objects that are there, and a summary of each.
pub(super) struct Linked(BTreeMap<(Kind, i64), Value>);

impl Linked {
    /// What is shown of an object, if the caller may read it and it is still there.
    pub(super) fn summary(&self, kind: Kind, id: i64) -> Option<&Value> {
        self.0.get(&(kind, id))
    }
}

/// Looks up everything that the entries touch, with one list for each kind of object.
///
/// A list never refuses, so looking is no attempt that the log would have to hold.
pub(super) async fn linked(call: &Call, entries: &[AuditView]) -> Result<Linked> {
    let mut wanted: BTreeMap<Kind, BTreeSet<i64>> = BTreeMap::new();
    for entry in entries {
        for touched in &entry.objects {
            wanted.entry(touched.kind).or_default().insert(touched.id);
        }
        if let Some(actor) = entry.actor_id {
            wanted.entry(Kind::User).or_default().insert(actor);
        }
    }
    let mut found = BTreeMap::new();
    for (kind, ids) in wanted {
        let ids: Vec<i64> = ids.into_iter().collect();
        for chunk in ids.chunks(AT_ONCE) {
            let summaries = summaries(call, kind, chunk).await?;
            found.extend(summaries.into_iter().map(|(id, summary)| ((kind, id), summary)));
        }
    }
    Ok(Linked(found))
}

async fn summaries(call: &Call, kind: Kind, ids: &[i64]) -> Result<Vec<(i64, Value)>> {
    let (room, actor) = (&call.room, &call.actor);
    let request = with_ids(ids);
    Ok(match kind {
        Kind::Credential => {
            let page = room.list_credentials(actor, CredentialScope::All, request).await?;
            page.items
                .iter()
                .map(|item| (item.credential.identity.id, of_credential(item)))
                .collect()
        }
        Kind::CredentialType => {
            let page = room.list_credential_types(actor, request).await?;
            page.items.iter().map(|item| (item.identity.id, of_type(item))).collect()
        }
        Kind::Organization => {
            let page = room.list_organizations(actor, OrganizationScope::All, request).await?;
            let organizations = page.items.iter().map(|item| &item.organization);
            organizations
                .map(|item| {
                    (item.identity.id, named(item.identity.id, &item.name, &item.description))
                })
                .collect()
        }
        Kind::Team => {
            let page = room.list_teams(actor, TeamScope::All, request).await?;
            let teams = page.items.iter().map(|item| &item.team);
            teams
                .map(|item| {
                    (item.identity.id, named(item.identity.id, &item.name, &item.description))
                })
                .collect()
        }
        Kind::User => {
            let page = room.list_users(actor, UserScope::All, request).await?;
            page.items.iter().map(|item| (item.user.identity.id, of_user(item))).collect()
        }
        Kind::Token => {
            let page = room.list_tokens(actor, TokenScope::Awx, request).await?;
            page.items.iter().map(|item| (item.token.id, of_token(item))).collect()
        }
        Kind::JobTemplate => {
            let page = room.list_job_templates(actor, request).await?;
            let templates = page.items.iter().map(|item| &item.job_template);
            templates
                .map(|item| {
                    (item.identity.id, named(item.identity.id, &item.name, &item.description))
                })
                .collect()
        }
        Kind::Application => {
            let page = room.list_applications(actor, ApplicationScope::All, request).await?;
            let of = |item: &view::ApplicationView| {
                let application = &item.application;
                named(application.identity.id, &application.name, &application.description)
            };
            page.items.iter().map(|item| (item.application.identity.id, of(item))).collect()
        }
        Kind::InputSource => {
            let page = room.list_input_sources(actor, InputSourceScope::All, request).await?;
            let of = |source: &InputSource| json!({"id": source.identity.id, "description": source.description});
            let sources = page.items.iter().map(|item| &item.input_source);
            sources.map(|source| (source.identity.id, of(source))).collect()
        }
        Kind::Role => {
            let page = room.list_roles(actor, RoleScope::All, request).await?;
            let of = |item: &view::RoleView| json!({"id": item.role.id, "role_field": item.role.role.word()});
            page.items.iter().map(|item| (item.role.id, of(item))).collect()
        }
        _ => Vec::new(),
    })
}

/// A request for the objects of these ids.
pub(super) fn with_ids(ids: &[i64]) -> ListRequest {
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    ListRequest {
        filters: vec![Filter::that(Field::Id, Test::Ids(ids.to_vec()))],
        order: Vec::new(),
        paging: Paging::Offset { limit, offset: 0 },
        count: false,
    }
}

fn named(id: i64, name: &str, description: &str) -> Value {
    json!({"id": id, "name": name, "description": description})
}

fn of_credential(view: &view::CredentialView) -> Value {
    let credential = &view.credential;
    json!({
        "id": credential.identity.id,
        "name": credential.name,
        "description": credential.description,
        "kind": view.credential_type.namespace,
        "cloud": view.credential_type.kind == "cloud",
        "kubernetes": view.credential_type.kind == "kubernetes",
        "credential_type_id": credential.credential_type_id,
    })
}

fn of_type(view: &view::CredentialTypeView) -> Value {
    json!({
        "id": view.identity.id,
        "name": view.credential_type.name,
        "description": view.description,
        "kind": view.credential_type.kind,
        "managed": view.credential_type.managed,
    })
}

fn of_user(view: &view::UserView) -> Value {
    json!({
        "id": view.user.identity.id,
        "username": view.user.username,
        "first_name": view.user.first_name,
        "last_name": view.user.last_name,
    })
}

fn of_token(view: &view::TokenView) -> Value {
    json!({
        "id": view.token.id,
        "user_id": view.token.user_id,
        "description": view.token.name,
        "application_id": view.token.application_id,
        "scope": view.token.scope,
    })
}

/// How many ids stand in one statement.
const AT_ONCE: usize = 200;
