//! The activity stream: the audit log as AWX tells it.
//!
//! The log holds what was changed; what AWX shows beside it of the objects and the actor is what they are now,
//! and only what the caller may read. An object that is gone is no longer linked.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use strongroom_core::Result;
use strongroom_core::access::Dialect;
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::id::Kind;
use strongroom_service::ActivityScope;
use strongroom_service::list::{Field, Filter, Group, ListRequest, Operand, Test};
use strongroom_service::view::{AuditView, Page};

use super::call::Call;
use super::error::Outcome;
use super::linked::{Linked, linked};
use super::model::{self, Info, Model};
use super::reply::shown;
use super::wire::Members;
use super::{
    application, credential, credential_type, input_source, job_template, list, organization, role,
    team, time, token, user,
};

/// An entry as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::AuditEntry,
    word: "activity_stream",
    label: "Activity Stream",
    collection: "activity_stream",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        Info::shown("timestamp", "datetime", "Timestamp"),
        Info::shown("operation", "choice", "Operation")
            .choices(&[
                ("create", "Entity Created"),
                ("update", "Entity Updated"),
                ("delete", "Entity Deleted"),
                ("associate", "Entity Associated with another Entity"),
                ("disassociate", "Entity was Disassociated with another Entity"),
            ])
            .help("The action taken with respect to the given object(s)."),
        Info::shown("changes", "json", "Changes").help("A summary of the new and changed values"),
        Info::shown("object1", "string", "Object1")
            .help("For create, update, and delete events this is the object type."),
        Info::shown("object2", "string", "Object2")
            .help("Unpopulated for create, update, and delete events."),
        Info::shown("object_association", "field", "Object association").computed(),
        Info::shown("action_node", "string", "Action node"),
        Info::shown("object_type", "field", "Object type").computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("timestamp", Field::Created),
        ("operation", Field::Operation),
        ("object1", Field::ObjectKind),
        ("actor", Field::Actor),
    ],
    closed: &["changes"],
    searched: &[("changes", Field::Changes)],
    roles: &[],
};

#[derive(Debug, Serialize)]
struct Wire {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Members<Value>,
    summary_fields: Members<Value>,
    timestamp: String,
    operation: &'static str,
    changes: Members<Value>,
    object1: &'static str,
    object2: &'static str,
    object_association: &'static str,
    action_node: String,
    object_type: &'static str,
}

fn wire(entry: &AuditView, linked: &Linked, node: &str) -> Wire {
    let tie = Tie::of(entry);
    let (related, summary_fields) = links(entry, linked);
    let word = |touched: Option<&Touched>| touched.map_or("", |touched| word(touched.kind));
    let (object1, object2) = match &tie {
        Some(tie) => (word(Some(tie.first)), word(Some(tie.second))),
        None => (word(entry.objects.first()), ""),
    };
    Wire {
        id: entry.id,
        r#type: MODEL.word,
        url: MODEL.url(entry.id),
        related,
        summary_fields,
        timestamp: time::text(entry.at),
        operation: operation(entry.operation),
        changes: match &tie {
            Some(tie) => tie.changes(operation(entry.operation)),
            None => changes(entry),
        },
        object1,
        object2,
        object_association: tie.as_ref().map_or("", |tie| tie.association),
        action_node: node.to_owned(),
        object_type: tie.and_then(|tie| tie.resource).map_or("", |resource| word(Some(resource))),
    }
}

/// What is shown of the objects that are still there, and of whoever did it.
fn links(entry: &AuditView, linked: &Linked) -> (Members<Value>, Members<Value>) {
    let mut paths: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let mut summaries: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    for touched in &entry.objects {
        let (Some(model), Some(summary)) =
            (model_of(touched.kind), linked.summary(touched.kind, touched.id))
        else {
            continue;
        };
        paths.entry(model.word).or_default().push(json!(model.url(touched.id)));
        summaries.entry(model.word).or_default().push(summary.clone());
    }
    let actor = entry.actor_id.and_then(|id| Some((id, linked.summary(Kind::User, id)?)));
    let related =
        Members::default().with_some("actor", actor.map(|(id, _)| json!(user::MODEL.url(id))));
    let summary = match actor {
        Some((_, summary)) => summary.clone(),
        None => {
            json!({"id": null, "username": entry.actor_name, "first_name": "", "last_name": ""})
        }
    };
    let related =
        paths.into_iter().fold(related, |all, (word, paths)| all.with(word, json!(paths)));
    let summaries = summaries
        .into_iter()
        .fold(Members::default(), |all, (word, list)| all.with(word, json!(list)));
    (related, summaries.with("actor", summary))
}

/// A role given to somebody or taken away, or two objects tied or parted.
struct Tie<'a> {
    first: &'a Touched,
    first_id: i64,
    second: &'a Touched,
    second_id: i64,
    /// The object on which the role stands, where it is a role.
    resource: Option<&'a Touched>,
    association: &'static str,
    relationship: &'static str,
}

impl<'a> Tie<'a> {
    /// The log names the object of the role, the holder and the role, in this order; else the two objects.
    fn of(entry: &'a AuditView) -> Option<Self> {
        if !matches!(entry.operation, Operation::Associate | Operation::Disassociate) {
            return None;
        }
        let (resource, holder, role) = match entry.objects.as_slice() {
            [resource, holder, role, ..] => (resource, holder, role),
            [first, second] => {
                let known = RELATIONS.iter().find(|(kind, ..)| *kind == first.kind);
                let (_, association, relationship) = known.copied()?;
                return Some(Self {
                    first,
                    first_id: first.id,
                    second,
                    second_id: second.id,
                    resource: None,
                    association,
                    relationship,
                });
            }
            _ => return None,
        };
        let (association, resource_of_role) = ("role", Some(resource));
        Some(match holder.kind {
            Kind::Team => Self {
                first: holder,
                first_id: holder.id,
                second: resource,
                second_id: role.id,
                resource: resource_of_role,
                association,
                relationship: "awx.main.models.rbac.Role_parents",
            },
            _ => Self {
                first: resource,
                first_id: resource.id,
                second: holder,
                second_id: holder.id,
                resource: resource_of_role,
                association,
                relationship: "awx.main.models.rbac.Role_members",
            },
        })
    }

    fn changes(&self, operation: &str) -> Members<Value> {
        Members::default()
            .with("object1", json!(word(self.first.kind)))
            .with("object1_pk", json!(self.first_id))
            .with("object2", json!(word(self.second.kind)))
            .with("object2_pk", json!(self.second_id))
            .with("action", json!(operation))
            .with("relationship", json!(self.relationship))
    }
}

/// The members that changed: both values of an update, one of anything else.
fn changes(entry: &AuditView) -> Members<Value> {
    let Some(object) = entry.objects.first() else {
        return Members::default();
    };
    let known = told(object.kind);
    let stored = entry.changes.as_array().map(Vec::as_slice).unwrap_or_default();
    let find = |name: &str| stored.iter().find(|change| change["member"] == name);
    let updates = matches!(entry.operation, Operation::Update | Operation::Restore);
    let mut members = Members::default();
    for name in known {
        let Some(change) = find(name) else { continue };
        let value = match updates {
            true => json!([change["old"], change["new"]]),
            false => change.get("new").or_else(|| change.get("old")).cloned().unwrap_or_default(),
        };
        members = members.with(name, value);
    }
    if updates {
        return members;
    }
    if object.kind == Kind::Token {
        members = members.with("token", json!("************"));
    }
    members.with("id", json!(object.id))
}

/// The members that AWX tells of a kind of object; what else the log holds is not AWX's.
const fn told(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Credential => &["name", "description", "organization", "credential_type", "inputs"],
        Kind::CredentialType => &["name", "description", "kind", "inputs", "injectors"],
        Kind::Organization => &["name", "description", "max_hosts"],
        Kind::Team => &["name", "description", "organization"],
        Kind::User => &[
            "username",
            "first_name",
            "last_name",
            "email",
            "is_superuser",
            "is_system_auditor",
            "password",
        ],
        Kind::Token => &["description", "scope", "application"],
        Kind::Application => &[
            "name",
            "description",
            "client_id",
            "client_type",
            "redirect_uris",
            "authorization_grant_type",
            "skip_authorization",
            "organization",
        ],
        Kind::JobTemplate => job_template::TOLD,
        Kind::InputSource => &[
            "description",
            "input_field_name",
            "metadata",
            "target_credential",
            "source_credential",
        ],
        _ => &[],
    }
}

/// What AWX knows of a kind of object.
pub(super) const fn model_of(kind: Kind) -> Option<&'static Model> {
    match kind {
        Kind::Credential => Some(&credential::MODEL),
        Kind::CredentialType => Some(&credential_type::MODEL),
        Kind::Organization => Some(&organization::MODEL),
        Kind::Team => Some(&team::MODEL),
        Kind::User => Some(&user::MODEL),
        Kind::Token => Some(&token::MODEL),
        Kind::Role => Some(&role::MODEL),
        Kind::JobTemplate => Some(&job_template::MODEL),
        Kind::Application => Some(&application::MODEL),
        Kind::InputSource => Some(&input_source::MODEL),
        _ => None,
    }
}

fn word(kind: Kind) -> &'static str {
    model_of(kind).map_or("", |model| model.word)
}

/// A restored version is an update to AWX, which knows no versions.
const fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Restore => Operation::Update.word(),
        other => other.word(),
    }
}

/// Only entries of objects that AWX knows: no references and placements, and of tokens only its own.
fn of_awx() -> Vec<Filter> {
    let text = |word: &str| Operand::Text(word.to_owned());
    let filter = |field, group, test| Filter { group, ..Filter::that(field, test) };
    let known = KNOWN.iter().map(|kind| text(kind.word())).collect();
    let other =
        KNOWN.iter().filter(|kind| **kind != Kind::Token).map(|kind| text(kind.word())).collect();
    vec![
        filter(Field::ObjectKind, Group::All, Test::OneOf(known)),
        filter(Field::ObjectKind, Group::Term(usize::MAX), Test::OneOf(other)),
        filter(Field::Dialect, Group::Term(usize::MAX), Test::Equals(text(Dialect::Awx.word()))),
    ]
}

async fn fetch(call: &Call, scope: ActivityScope, mut request: ListRequest) -> Result<Page<Shown>> {
    spell(&mut request.filters);
    request.filters.extend(of_awx());
    let page = call.room.list_activity(&call.actor, scope, request).await?;
    let linked = std::sync::Arc::new(linked(call, &page.items).await?);
    let items = page
        .items
        .into_iter()
        .map(|entry| Shown { entry, linked: std::sync::Arc::clone(&linked) })
        .collect();
    Ok(Page { items, total: page.total })
}

/// AWX and the log have different words for some kinds of object.
fn spell(filters: &mut [Filter]) {
    for filter in filters.iter_mut().filter(|filter| filter.field == Field::ObjectKind) {
        let operands = match &mut filter.test {
            Test::Equals(operand) => std::slice::from_mut(operand),
            Test::OneOf(operands) => operands.as_mut_slice(),
            _ => continue,
        };
        for operand in operands {
            for (model, kind) in [
                (&token::MODEL, Kind::Token),
                (&application::MODEL, Kind::Application),
                (&input_source::MODEL, Kind::InputSource),
            ] {
                if *operand == Operand::Text(model.word.to_owned()) {
                    *operand = Operand::Text(kind.word().to_owned());
                }
            }
        }
    }
}

/// An entry with what is shown beside it.
struct Shown {
    entry: AuditView,
    linked: std::sync::Arc<Linked>,
}

async fn listed(call: &Call, scope: ActivityScope) -> Outcome<Response> {
    let fetch = |request| fetch(call, scope.clone(), request);
    list::page(call, &MODEL, fetch, |shown| {
        list::element(&wire(&shown.entry, &shown.linked, &call.node))
    })
    .await
}

async fn touching(call: &Call, kind: Kind) -> Outcome<Response> {
    let id = call.target(kind).await?;
    listed(call, ActivityScope::Touching(kind, id)).await
}

/// `GET /api/v2/activity_stream/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    listed(&call, ActivityScope::All).await
}

/// `GET /api/v2/activity_stream/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.number(Kind::AuditEntry)?;
    let filters = vec![Filter::equals(Field::Id, Operand::Int(id))];
    let request = ListRequest { filters, count: false, ..ListRequest::default() };
    let page = fetch(&call, ActivityScope::All, request).await?;
    let entry = page.items.first().ok_or(strongroom_core::Error::NotFound(Kind::AuditEntry))?;
    Ok(shown(&wire(&entry.entry, &entry.linked, &call.node)))
}

/// `GET /api/v2/organizations/{id}/activity_stream/`
pub(super) async fn of_organization(call: Call) -> Outcome<Response> {
    touching(&call, Kind::Organization).await
}

/// `GET /api/v2/teams/{id}/activity_stream/`
pub(super) async fn of_team(call: Call) -> Outcome<Response> {
    touching(&call, Kind::Team).await
}

/// `GET /api/v2/users/{id}/activity_stream/`
pub(super) async fn of_user(call: Call) -> Outcome<Response> {
    touching(&call, Kind::User).await
}

/// `GET /api/v2/credentials/{id}/activity_stream/`
pub(super) async fn of_credential(call: Call) -> Outcome<Response> {
    touching(&call, Kind::Credential).await
}

/// `GET /api/v2/job_templates/{id}/activity_stream/`
pub(super) async fn of_job_template(call: Call) -> Outcome<Response> {
    touching(&call, Kind::JobTemplate).await
}

/// `GET /api/v2/credential_types/{id}/activity_stream/`
pub(super) async fn of_credential_type(call: Call) -> Outcome<Response> {
    touching(&call, Kind::CredentialType).await
}

/// `GET /api/v2/applications/{id}/activity_stream/`
pub(super) async fn of_application(call: Call) -> Outcome<Response> {
    touching(&call, Kind::Application).await
}

/// `GET /api/v2/tokens/{id}/activity_stream/`
pub(super) async fn of_token(call: Call) -> Outcome<Response> {
    let id = call.number(Kind::Token)?;
    listed(&call, ActivityScope::Touching(Kind::Token, id.into())).await
}

/// What ties two objects that are no holder and no role: the first object's kind, and AWX's words for it.
const RELATIONS: [(Kind, &str, &str); 2] = [
    (
        Kind::JobTemplate,
        "credentials",
        "awx.main.models.unified_jobs.UnifiedJobTemplate_credentials",
    ),
    (Kind::Organization, "", "awx.main.models.organization.OrganizationGalaxyCredentialMembership"),
];

/// The kinds of object that AWX has entries of.
const KNOWN: [Kind; 9] = [
    Kind::InputSource,
    Kind::JobTemplate,
    Kind::Application,
    Kind::Credential,
    Kind::CredentialType,
    Kind::Organization,
    Kind::Team,
    Kind::User,
    Kind::Token,
];
