//! What AWX answers when something is wrong: status, body and the few headers that belong to it.

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use strongroom_core::error::{AttachRule, Conflict, FieldPath, Refusal, Rule, UseCount, Violation};
use strongroom_core::id::Kind;
use strongroom_core::{Error, Result};

use super::reply::json_response;
use super::words;
use crate::facts::RequestFacts;
use crate::fault::{Fault, TOO_SLOW};

/// The outcome of a handler.
pub(super) type Outcome<T> = std::result::Result<T, AwxError>;

/// Why a handler has no answer.
#[derive(Debug)]
pub(super) enum AwxError {
    /// A use-case said no.
    Core(Error),
    /// A plain sentence under `detail`.
    Detail(StatusCode, String),
    /// A plain sentence under `msg`.
    Message(&'static str),
    /// A path that leads nowhere.
    UnknownPath,
}

impl From<Error> for AwxError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl AwxError {
    /// 400 with a sentence under `detail`.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::Detail(StatusCode::BAD_REQUEST, detail.into())
    }

    /// 404 with the plain sentence.
    pub(super) fn not_found() -> Self {
        Self::Detail(StatusCode::NOT_FOUND, "Not found.".to_owned())
    }

    /// 403 with the plain sentence.
    pub(super) fn forbidden() -> Self {
        Self::Core(Error::forbidden())
    }

    /// One rule broken at one member.
    pub(super) fn invalid(field: &'static str, rule: Rule) -> Self {
        Self::Core(Error::invalid(field, rule))
    }

    /// 400, because a body names an object of this kind that does not exist.
    pub(super) fn no_match(kind: Kind) -> Self {
        Self::bad_request(format!("{} matching query does not exist.", model(kind)))
    }

    /// Turns "not found" into a bad request, because a body named the object and not the path.
    ///
    /// What the path names is `of`; a missing one stays a 404.
    pub(super) fn named_in_body(self, of: Kind) -> Self {
        match self {
            Self::Core(Error::NotFound(kind)) if kind != of => Self::no_match(kind),
            other => other,
        }
    }

    /// Turns "hidden" into "not found", because the path named the object by its name.
    pub(super) fn named_in_path(self) -> Self {
        match self {
            Self::Core(Error::Hidden(_)) => Self::not_found(),
            other => other,
        }
    }
}

/// Reads a use-case's outcome as that of a call whose body names the object.
pub(super) fn in_body<T>(outcome: Result<T>, of: Kind) -> Outcome<T> {
    outcome.map_err(|error| AwxError::from(error).named_in_body(of))
}

impl IntoResponse for AwxError {
    fn into_response(self) -> Response {
        match self {
            Self::Core(error) => render(&error),
            Self::Detail(status, detail) => json_response(status, &json!({"detail": detail})),
            Self::Message(message) => {
                json_response(StatusCode::BAD_REQUEST, &json!({"msg": message}))
            }
            Self::UnknownPath => {
                json_response(StatusCode::NOT_FOUND, &json!({"detail": UNKNOWN_PATH}))
            }
        }
    }
}

/// The answer to an error of a use-case.
pub(crate) fn render(error: &Error) -> Response {
    match error {
        Error::Unauthenticated => unauthenticated(),
        Error::Throttled { seconds } => {
            let detail = format!("Request was throttled. Expected available in {seconds} seconds.");
            retry(StatusCode::TOO_MANY_REQUESTS, &detail, *seconds)
        }
        Error::Forbidden(refusal) => detail(StatusCode::FORBIDDEN, refused(*refusal)),
        Error::Hidden(_) => detail(StatusCode::FORBIDDEN, NOT_PERMITTED),
        Error::NotFound(kind) => detail(StatusCode::NOT_FOUND, &missing(*kind)),
        Error::Invalid(violations) => json_response(StatusCode::BAD_REQUEST, &invalid(violations)),
        Error::Conflict(conflict) => conflicting(conflict),
        Error::TooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, Fault::TooLarge.sentence()),
        Error::TooSlow => detail(StatusCode::BAD_REQUEST, TOO_SLOW),
        Error::Unavailable(source) | Error::StorageFull(source) => {
            tracing::warn!(error = &**source as &dyn std::error::Error, "the store cannot answer");
            let fault = Fault::Unavailable { retry_after: 1 };
            retry(fault.status(), fault.sentence(), 1)
        }
        Error::Internal(source) => {
            tracing::error!(error = &**source as &dyn std::error::Error, "internal error");
            detail(StatusCode::INTERNAL_SERVER_ERROR, "A server error has occurred.")
        }
    }
}

/// The answer to a request that no handler answers.
pub(crate) fn fault(fault: &Fault, facts: &RequestFacts) -> Response {
    let sentence = match fault {
        Fault::UnknownPath => UNKNOWN_PATH.to_owned(),
        Fault::WrongMethod { .. } => format!("Method \"{}\" not allowed.", facts.method),
        Fault::MissingSlash { .. } => return fault.status().into_response(),
        other => other.sentence().to_owned(),
    };
    detail(fault.status(), &sentence)
}

/// 401 with the way to log in.
fn unauthenticated() -> Response {
    let mut response = detail(StatusCode::UNAUTHORIZED, UNAUTHENTICATED);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    response
}

fn retry(status: StatusCode, sentence: &str, seconds: u32) -> Response {
    let mut response = detail(status, sentence);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn detail(status: StatusCode, sentence: &str) -> Response {
    json_response(status, &json!({"detail": sentence}))
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotPermitted | Refusal::ReadOnlyToken | Refusal::Suspended => NOT_PERMITTED,
        Refusal::ManagedCredentialChange => "Modifications not allowed for managed credentials",
        Refusal::ManagedCredentialDelete => "Deletion not allowed for managed credentials",
        Refusal::ManagedTypeChange => "Modifications not allowed for managed credential types",
        Refusal::ManagedTypeDelete => "Deletion not allowed for managed credential types",
        Refusal::TypeInputsInUse => {
            "Modifications to inputs are not allowed for credential types that are in use"
        }
        Refusal::TypeInUse => "Credential types that are in use cannot be deleted",
        Refusal::TeamOrganization => "Unable to change organization on a team.",
        Refusal::Username => "Cannot change username.",
        Refusal::SuperuserFlag => "Cannot change is_superuser.",
        Refusal::AuditorFlag => "Cannot change is_system_auditor.",
        Refusal::UserDelete => "Cannot delete user.",
    }
}

/// The sentence for a path that names nothing, or nothing that the caller may know of.
fn missing(kind: Kind) -> String {
    format!("No {} matches the given query.", model(kind))
}

/// The name of a kind of object in sentences.
pub(super) const fn model(kind: Kind) -> &'static str {
    match kind {
        Kind::Credential => "Credential",
        Kind::CredentialType => "CredentialType",
        Kind::Organization => "Organization",
        Kind::Team => "Team",
        Kind::User => "User",
        Kind::Role => "Role",
        Kind::Token => "OAuth2AccessToken",
        Kind::Application => "OAuth2Application",
        Kind::AuditEntry => "ActivityStream",
        Kind::JobTemplate => "JobTemplate",
        Kind::InputSource => "CredentialInputSource",
        _ => "Object",
    }
}

fn conflicting(conflict: &Conflict) -> Response {
    let (status, sentence) = match conflict {
        Conflict::CredentialInUse(uses) => {
            (StatusCode::CONFLICT, format!("Credential is in use: {}.", counted(uses)))
        }
        Conflict::OrganizationInUse => {
            (StatusCode::CONFLICT, "Organization still has spaces or registries.".to_owned())
        }
        Conflict::Changed => {
            (StatusCode::PRECONDITION_FAILED, "The credential was changed since.".to_owned())
        }
        Conflict::RegistryInUse { robots } => {
            (StatusCode::CONFLICT, format!("The registry still has {robots} active credentials."))
        }
        Conflict::FetchedElsewhere { fields } => {
            (StatusCode::CONFLICT, format!("Fetched from another system: {}.", fields.join(", ")))
        }
        Conflict::TooManyReferences { limit } => {
            (StatusCode::CONFLICT, format!("No more than {limit} references are kept."))
        }
    };
    detail(status, &sentence)
}

/// Uses as a sentence lists them: `2 job templates, 1 input source`.
pub(super) fn counted(uses: &[UseCount]) -> String {
    let counted: Vec<String> = uses
        .iter()
        .map(|used| {
            let kind: String = used.kind.chars().filter(|c| !c.is_control()).collect();
            let kind = kind.replace('_', " ");
            format!("{} {kind}{}", used.count, if used.count == 1 { "" } else { "s" })
        })
        .collect();
    counted.join(", ")
}

/// The body that lists every violation: under its member, under the member inside it, or under a word that
/// stands for the whole object.
fn invalid(violations: &[Violation]) -> Value {
    if let Some((member, sentence)) = violations.iter().find_map(alone) {
        return json!({member: sentence});
    }
    let mut body = Map::new();
    for violation in violations {
        let sentence = Value::from(words::sentence(&violation.field, &violation.rule));
        match place(violation) {
            Place::Member(member) => push(body.entry(member), sentence),
            Place::Inner(member, inner) => {
                let entry = body.entry(member).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(members) = entry {
                    push(members.entry(inner), sentence);
                }
            }
        }
    }
    Value::Object(body)
}

/// A violation that is the whole answer: the request hangs on what it names.
fn alone(violation: &Violation) -> Option<(&'static str, String)> {
    let member = match &violation.rule {
        Rule::Role(_) | Rule::Attach(AttachRule::NotGalaxy { .. }) => "msg",
        Rule::Attach(_) => "error",
        Rule::NoSuchObject { .. } | Rule::NotARelatedObject { .. } => "detail",
        _ => return None,
    };
    Some((member, words::sentence(&violation.field, &violation.rule)))
}

enum Place<'a> {
    Member(&'static str),
    Inner(&'static str, &'a str),
}

fn place(violation: &Violation) -> Place<'_> {
    match (&violation.rule, &violation.field) {
        (Rule::OwnerMissing | Rule::OwnerAmbiguous { .. }, _) => Place::Member("detail"),
        (Rule::NotUnique { kind: Kind::Organization }, _) => Place::Member("name"),
        (Rule::NotUnique { kind: Kind::User }, _) => Place::Member("username"),
        (Rule::NotUnique { .. } | Rule::AdministratorOnly | Rule::CopyName { .. }, _)
        | (_, FieldPath::Whole) => Place::Member("__all__"),
        (_, FieldPath::Member(member)) => Place::Member(member),
        (_, FieldPath::Inner(member, inner)) => Place::Inner(member, inner),
    }
}

fn push(entry: serde_json::map::Entry<'_>, sentence: Value) {
    // Where the member holds faults of its own members, those say more than one about the whole.
    if let Value::Array(sentences) = entry.or_insert_with(|| Value::Array(Vec::new())) {
        sentences.push(sentence);
    }
}

const UNKNOWN_PATH: &str = "The requested resource could not be found.";
const NOT_PERMITTED: &str = "You do not have permission to perform this action.";
const UNAUTHENTICATED: &str = "Authentication credentials were not provided. To establish a login session, visit /api/login/.";
const CHALLENGE: &str = "Bearer realm=api authorization_url=/api/o/authorize/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_stands_under_its_member() {
        let violations = vec![
            Violation::new("name", Rule::Required),
            Violation::new("credential_type", Rule::Required),
            Violation::new(FieldPath::Inner("inputs", "username".to_owned()), Rule::NulCharacter),
        ];
        let expected = json!({
            "name": ["This field is required."],
            "credential_type": ["This field is required."],
            "inputs": {"username": ["Null characters are not allowed."]},
        });
        assert_eq!(invalid(&violations), expected);
    }

    #[test]
    fn rules_of_the_whole_object_have_places_of_their_own() {
        for (field, rule, expected) in [
            (
                FieldPath::Whole,
                Rule::OwnerMissing,
                json!({"detail": ["Missing 'user', 'team', or 'organization'."]}),
            ),
            (
                "name".into(),
                Rule::NotUnique { kind: Kind::Organization },
                json!({"name": ["Organization with this Name already exists."]}),
            ),
            (
                "name".into(),
                Rule::NotUnique { kind: Kind::Credential },
                json!({"__all__": [
                    "Credential with this Organization, Name and Credential type already exists."
                ]}),
            ),
            (
                "max_hosts".into(),
                Rule::AdministratorOnly,
                json!({"__all__": ["Cannot change max_hosts."]}),
            ),
            (
                FieldPath::Whole,
                Rule::NoSuchObject { kind: Kind::User },
                json!({"detail": "User matching query does not exist."}),
            ),
            (
                FieldPath::Whole,
                Rule::Role(strongroom_core::error::RoleRefusal::SystemRoleToTeam),
                json!({"msg": "You cannot grant system-level permissions to a team."}),
            ),
        ] {
            assert_eq!(invalid(&[Violation { field, rule }]), expected);
        }
    }

    #[test]
    fn uses_are_counted_in_words() {
        let used = |kind: &str, count| UseCount { kind: kind.to_owned(), count };
        assert_eq!(
            counted(&[used("job_template", 2), used("input source", 1)]),
            "2 job templates, 1 input source"
        );
    }
}
