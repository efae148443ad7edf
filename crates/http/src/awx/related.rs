//! Which relations of an object a filter can follow, and where a path of names leads.

use http::StatusCode;
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::id::Kind;
use strongroom_service::list::{Field, Path, Relation};

use super::activity::model_of;
use super::error::{AwxError, Outcome, model};
use super::filter::shortened;
use super::model::Model;

/// Where a path of names leads.
#[derive(Debug)]
pub(super) struct Reached<'a> {
    /// To the object that has the last name.
    pub(super) path: Path,
    /// The last name.
    pub(super) name: &'a str,
    /// The field of that name, if it is one.
    pub(super) field: Option<Field>,
    /// The relation of that name, if it is one, with the path to what it leads to.
    pub(super) relation: Option<(Relation, Path)>,
}

/// Follows the names from an object of the listed kind.
pub(super) fn reach<'a>(from: &'a Model, names: &[&'a str]) -> Outcome<Reached<'a>> {
    let mut current = from;
    let mut relations = Vec::new();
    let mut seen: Vec<(Kind, &str)> = Vec::new();
    let mut rest = names;
    while let [name, following @ ..] = rest {
        let name = if *name == "pk" { "id" } else { name };
        check_open(current, name, !relations.is_empty())?;
        let field = current.fields.iter().find(|(known, _)| *known == name).map(|(_, f)| *f);
        let relation = relation(current.kind, name);
        let path = Path::along(&relations).ok_or_else(|| looping(name))?;
        // The id of a related object stands in a column of this one.
        let ends = following.is_empty() || (field.is_some() && matches!(following, ["id" | "pk"]));
        if ends {
            let further = relation.map(|relation| {
                let all: Vec<Relation> = relations.iter().copied().chain([relation]).collect();
                Path::along(&all).map(|path| (relation, path)).ok_or_else(|| looping(name))
            });
            let further = further.transpose()?;
            if field.is_none() && further.is_none() {
                return Err(no_field(current, name));
            }
            return Ok(Reached { path, name, field, relation: further });
        }
        let Some((relation, target)) =
            relation.and_then(|found| Some((found, model_of(found.target())?)))
        else {
            return Err(match (field, following.first()) {
                (Some(_), Some(next)) => AwxError::bad_request(format!(
                    "No related model for field {}.",
                    shortened(next)
                )),
                _ => no_field(current, name),
            });
        };
        if seen.contains(&(current.kind, name)) {
            return Err(looping(name));
        }
        seen.push((current.kind, name));
        relations.push(relation);
        current = target;
        rest = following;
    }
    Err(no_field(from, ""))
}

/// The names of relations whose texts can be searched, as `OPTIONS` tells them.
pub(super) fn searchable(kind: Kind) -> Vec<String> {
    let mut names: Vec<String> = NAMES
        .iter()
        .filter(|name| relation(kind, name).is_some())
        .map(|name| format!("{name}__search"))
        .collect();
    names.sort_unstable();
    names
}

/// Refuses columns that hold secrets; inputs and injectors of types are open in the list of types only.
fn check_open(of: &Model, name: &str, is_related: bool) -> Outcome<()> {
    let is_document = matches!(name, "inputs" | "injectors");
    let is_closed = of.closed.contains(&name) || (is_document && is_related);
    if !is_closed {
        return Ok(());
    }
    let what = if is_document || name == "changes" || name == "metadata" {
        format!("field {name}")
    } else {
        name.to_owned()
    };
    Err(AwxError::Detail(StatusCode::FORBIDDEN, format!("Filtering on {what} is not allowed.")))
}

fn no_field(of: &Model, name: &str) -> AwxError {
    let name = shortened(name);
    AwxError::bad_request(format!("{} has no field named '{name}'", model(of.kind)))
}

fn looping(name: &str) -> AwxError {
    let name = shortened(name);
    AwxError::bad_request(format!("Loops not allowed in filters, detected on field {name}."))
}

/// The relation of that name of a kind of object.
fn relation(kind: Kind, name: &str) -> Option<Relation> {
    use Kind::{
        Application, AuditEntry, Credential, CredentialType, InputSource, JobTemplate,
        Organization, Role as RoleKind, Team, Token, User,
    };
    Some(match (kind, name) {
        (Credential | Team | JobTemplate | Application, "organization") => Relation::Organization,
        (Credential, "credential_type") => Relation::CredentialType,
        (
            Credential | CredentialType | Organization | Team | JobTemplate | InputSource
            | Application,
            "created_by",
        ) => Relation::CreatedBy,
        (
            Credential | CredentialType | Organization | Team | JobTemplate | InputSource
            | Application,
            "modified_by",
        ) => Relation::ModifiedBy,
        (Token, "user") => Relation::User,
        (Token, "application") => Relation::Application,
        (Organization, "teams") => Relation::Teams,
        (Organization | CredentialType | JobTemplate, "credentials") => Relation::Credentials,
        (InputSource, "target_credential") => Relation::Target,
        (InputSource, "source_credential") => Relation::Source,
        (Credential, "organization_galaxy_credentials") => Relation::GalaxyOrganizations,
        (Credential, "input_sources") => Relation::InputSources,
        (Credential, "target_input_sources") => Relation::TargetInputSources,
        (Credential | Organization, "jobtemplates" | "job_templates") => Relation::JobTemplates,
        (Organization, "applications") => Relation::Applications,
        (User, "roles") => Relation::Roles,
        (RoleKind, "members") => Relation::Members,
        (AuditEntry, "actor") => Relation::Actor,
        (AuditEntry, word) => {
            let touched = TOUCHED.iter().find(|(known, _)| *known == word);
            Relation::Touched(touched?.1)
        }
        (_, name) if name.ends_with("_role") => {
            let role = Role::from_word(resource(kind)?, name)?;
            return role.is_shown_in_awx().then_some(Relation::Role(role));
        }
        _ => return None,
    })
}

/// The kind of thing on which roles stand, for the kinds of object that have roles.
pub(super) const fn resource(kind: Kind) -> Option<ResourceKind> {
    match kind {
        Kind::Organization => Some(ResourceKind::Organization),
        Kind::Team => Some(ResourceKind::Team),
        Kind::Credential => Some(ResourceKind::Credential),
        Kind::JobTemplate => Some(ResourceKind::JobTemplate),
        _ => None,
    }
}

const TOUCHED: [(&str, Kind); 10] = [
    ("job_template", Kind::JobTemplate),
    ("credential_input_source", Kind::InputSource),
    ("credential", Kind::Credential),
    ("credential_type", Kind::CredentialType),
    ("organization", Kind::Organization),
    ("team", Kind::Team),
    ("user", Kind::User),
    ("role", Kind::Role),
    ("o_auth2_access_token", Kind::Token),
    ("o_auth2_application", Kind::Application),
];

/// Every name of a relation but those of roles.
const NAMES: [&str; 23] = [
    "organization_galaxy_credentials",
    "target_credential",
    "source_credential",
    "jobtemplates",
    "organization",
    "credential_type",
    "created_by",
    "modified_by",
    "user",
    "application",
    "teams",
    "credentials",
    "applications",
    "roles",
    "members",
    "actor",
    "credential",
    "team",
    "role",
    "o_auth2_access_token",
    "o_auth2_application",
    "input_sources",
    "target_input_sources",
];
