//! The sentences of the dialect: those of the framework that its clients know.

use strongroom_core::error::{Conflict, FieldPath, Rule, ValueKind, Violation};

/// No token at all.
pub(super) const NOT_PROVIDED: &str = "Authentication credentials were not provided.";
/// A token that opens nothing here.
pub(super) const INCORRECT: &str = "Incorrect authentication credentials.";
/// The scheme word alone.
pub(super) const NO_CREDENTIALS: &str = "Invalid Authorization header. No credentials provided.";
/// A token in several pieces.
pub(super) const SPACES: &str =
    "Invalid Authorization header. Credentials string should not contain spaces.";
/// Visible, but not to be changed.
pub(super) const FORBIDDEN: &str = "You do not have permission to perform this action.";
/// Absent or hidden.
pub(super) const NOT_FOUND: &str = "Not found.";
/// The server's own fault.
pub(super) const UNEXPECTED: &str = "Unexpected error while handling your request.";
/// A login that nobody can tell the cause of.
pub(super) const NO_LOGIN: &str = "Unable to log in with provided credentials.";
/// A token that is not one for the login endpoints.
pub(super) const NO_TOKEN: &str = "Invalid or expired token.";
/// A page that is not there.
pub(super) const NO_PAGE: &str = "Invalid page.";

/// The member that an error stands under, and the sentence.
pub(super) fn violation(violation: &Violation) -> (&str, String) {
    let member = match &violation.field {
        FieldPath::Whole => "non_field_errors",
        FieldPath::Member(member) | FieldPath::Inner(member, _) => member,
    };
    (member, rule(&violation.rule))
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Required => "This field is required.".to_owned(),
        Rule::Null => "This field may not be null.".to_owned(),
        Rule::Blank => "This field may not be blank.".to_owned(),
        Rule::NotText => "Not a valid string.".to_owned(),
        Rule::NotBoolean => "Must be a valid boolean.".to_owned(),
        Rule::NulCharacter => "Null characters are not allowed.".to_owned(),
        Rule::TooLong { max } => format!("Ensure this field has no more than {max} characters."),
        Rule::UnknownObject { given } => {
            format!("Invalid pk \"{}\" - object does not exist.", brief(given))
        }
        Rule::NotAnId { given } => {
            format!("Incorrect type. Expected pk value, received {}.", type_name(*given))
        }
        Rule::NotAChoice { given } => format!("\"{}\" is not a valid choice.", brief(given)),
        _ => "Invalid value.".to_owned(),
    }
}

/// Why the present state does not allow it.
pub(super) fn conflict(conflict: &Conflict) -> String {
    match conflict {
        Conflict::CredentialInUse(uses) => {
            let count: u64 = uses.iter().map(|of| of.count).sum();
            let places = if count == 1 { "place" } else { "places" };
            format!("This credential is in use in {count} {places}.")
        }
        _ => "The present state does not allow this.".to_owned(),
    }
}

/// The kind of a value, as the framework names it.
pub(super) const fn type_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "NoneType",
        ValueKind::Boolean => "bool",
        ValueKind::Integer => "int",
        ValueKind::Float => "float",
        ValueKind::Text => "str",
        ValueKind::List => "list",
        ValueKind::Object => "dict",
    }
}

/// The beginning of what a client sent, for a sentence.
pub(super) fn brief(given: &str) -> String {
    given.chars().take(64).collect()
}
