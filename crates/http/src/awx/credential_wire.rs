//! Credentials on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_core::id::Kind;
use strongroom_service::list::Field;
use strongroom_service::view::{CredentialView, Owner};

use super::model::{self, Access, Info, Model, Start};
use super::wire::{Links, Members, Named, ObjectRole, UserSummary, object_roles};
use super::{MASK, credential_type, named, organization, team, time, user};

/// A credential as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::Credential,
    word: "credential",
    label: "Credential",
    collection: "credentials",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::NAME,
        model::DESCRIPTION,
        Info::of("organization", "id", "Organization", Access::Optional(Start::Null)).help(
            "Inherit permissions from organization roles. If provided on creation, do not give either user or team.",
        ),
        Info::of("credential_type", "id", "Credential Type", Access::Required).help(
            "Specify the type of credential you want to create. Refer to the documentation for details on each type.",
        ),
        Info::shown("managed", "boolean", "Managed"),
        Info::of("inputs", "json", "Inputs", Access::Optional(Start::Object))
            .help("Enter inputs using either JSON or YAML syntax. Refer to the documentation for example syntax."),
        Info::shown("kind", "field", "Kind").computed(),
        Info::shown("cloud", "field", "Cloud").computed(),
        Info::shown("kubernetes", "field", "Kubernetes").computed(),
        Info::shown("managed_by_tower", "boolean", "Managed by tower").computed(),
        Info::shown("version", "integer", "Version").computed(),
        Info::shown("fingerprints", "object", "Fingerprints").computed(),
        Info::of("user", "id", "User", Access::Write(Start::Null))
            .help(
                "Write-only field used to add user to owner role. If provided, do not give either team or \
                 organization. Only valid for creation.",
            )
            .computed(),
        Info::of("team", "id", "Team", Access::Write(Start::Null))
            .help(
                "Write-only field used to add team to owner role. If provided, do not give either user or \
                 organization. Only valid for creation.",
            )
            .computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("organization", Field::Organization),
        ("credential_type", Field::CredentialType),
        ("managed", Field::Managed),
    ],
    closed: &["inputs", "injectors"],
    searched: &[("description", Field::Description), ("name", Field::Name)],
    roles: &["admin_role", "use_role", "read_role"],
};

/// A credential on the wire.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the object")]
pub(super) struct Wire<'a> {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: Summaries<'a>,
    created: String,
    modified: String,
    name: &'a str,
    description: &'a str,
    organization: Option<i64>,
    credential_type: i64,
    managed: bool,
    managed_by_tower: bool,
    inputs: Map<String, Value>,
    kind: Option<&'a str>,
    cloud: bool,
    kubernetes: bool,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprints: Option<&'a BTreeMap<String, String>>,
}

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Named<'a>>,
    credential_type: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    object_roles: Members<ObjectRole>,
    user_capabilities: Capabilities,
    owners: Vec<OwnerWire>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the object")]
struct Capabilities {
    edit: bool,
    delete: bool,
    copy: bool,
    r#use: bool,
}

#[derive(Debug, Serialize)]
struct OwnerWire {
    id: i64,
    r#type: &'static str,
    name: String,
    description: String,
    url: String,
}

impl From<&Owner> for OwnerWire {
    fn from(owner: &Owner) -> Self {
        let (model, id, name, description) = match owner {
            Owner::User(user) => {
                let description = format!("{} {}", user.first_name, user.last_name);
                (&user::MODEL, user.id, user.username.clone(), description)
            }
            Owner::Organization(object) => {
                (&organization::MODEL, object.id, object.name.clone(), object.description.clone())
            }
            Owner::Team(object) => {
                (&team::MODEL, object.id, object.name.clone(), object.description.clone())
            }
        };
        Self { id, r#type: model.word, name, description, url: model.url(id) }
    }
}

/// A credential, with the path that names it or without.
pub(super) fn wire(view: &CredentialView, with_name: bool) -> Wire<'_> {
    let credential = &view.credential;
    let id = credential.identity.id;
    let capabilities = view.capabilities;
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related: related(view, with_name),
        summary_fields: Summaries {
            organization: view.organization.as_ref().map(Named::from),
            credential_type: Named::from(&view.credential_type),
            created_by: view.created_by.as_ref().map(UserSummary::from),
            modified_by: view.modified_by.as_ref().map(UserSummary::from),
            object_roles: object_roles(&view.roles),
            user_capabilities: Capabilities {
                edit: capabilities.edit,
                delete: capabilities.delete,
                copy: capabilities.copy,
                r#use: capabilities.use_it,
            },
            owners: view.owners.iter().map(OwnerWire::from).collect(),
        },
        created: time::text(credential.stamp.created),
        modified: time::text(credential.stamp.modified),
        name: &credential.name,
        description: &credential.description,
        organization: credential.organization_id,
        credential_type: credential.credential_type_id,
        managed: credential.managed,
        managed_by_tower: credential.managed,
        inputs: masked(view),
        kind: view.credential_type.namespace.as_deref(),
        cloud: view.credential_type.kind == "cloud",
        kubernetes: view.credential_type.kind == "kubernetes",
        version: credential.version,
        fingerprints: view.fingerprints.as_ref(),
    }
}

fn related(view: &CredentialView, with_name: bool) -> Links {
    let id = view.credential.identity.id;
    let named = with_name.then(|| {
        let of = &view.credential_type;
        let organization = view.organization.as_ref().map_or("", |organization| &organization.name);
        let segment =
            named::segment(&[&[&view.credential.name], &[&of.name, &of.kind], &[organization]]);
        format!("/api/v2/credentials/{segment}/")
    });
    Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
        .led_by(named)
        .with_some(
            "organization",
            view.credential.organization_id.map(|id| organization::MODEL.url(id)),
        )
        .below(
            &MODEL,
            id,
            &[
                "activity_stream",
                "access_list",
                "object_roles",
                "owner_users",
                "owner_teams",
                "copy",
                "input_sources",
            ],
        )
        .with("credential_type", credential_type::MODEL.url(view.credential.credential_type_id))
        .with_some("user", private_owner(&view.owners).map(|id| user::MODEL.url(id)))
}

/// The first user who owns it, unless an organization or a team does.
fn private_owner(owners: &[Owner]) -> Option<i64> {
    let mut users = owners.iter().map(|owner| match owner {
        Owner::User(user) => Some(user.id),
        Owner::Organization(_) | Owner::Team(_) => None,
    });
    let first = users.next()??;
    users.all(|user| user.is_some()).then_some(first)
}

/// The inputs with the mask in the place of every secret that is set.
fn masked(view: &CredentialView) -> Map<String, Value> {
    let credential = &view.credential;
    let secrets = credential.secrets.keys().map(|field| (field.clone(), Value::from(MASK)));
    secrets.chain(credential.inputs.clone()).collect()
}
