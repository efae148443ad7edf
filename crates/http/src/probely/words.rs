//! The sentences of the dialect: those of the framework that its clients know.

use strongroom_core::error::{Conflict, FieldPath, Rule, ValueKind, Violation};
use strongroom_core::scan::ScanRule;

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

/// The member that an error stands under, where inside of it, and the sentence.
pub(super) fn violation(violation: &Violation) -> (&str, &str, String) {
    let (member, inner) = match &violation.field {
        FieldPath::Whole => ("non_field_errors", ""),
        FieldPath::Member(member) => (*member, ""),
        FieldPath::Inner(member, inner) => (*member, inner.as_str()),
    };
    (member, inner, rule(&violation.rule))
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
        Rule::NotInteger => "A valid integer is required.".to_owned(),
        Rule::NotUnique { .. } => "This field must be unique.".to_owned(),
        Rule::NotAFutureTime => {
            "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DD, \
             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
                .to_owned()
        }
        Rule::StaysHidden => {
            "This server does not show hidden values: set a new value to show it.".to_owned()
        }
        Rule::Scan(rule) => scan_rule(rule),
        Rule::NotAChoice { given } => format!("\"{}\" is not a valid choice.", brief(given)),
        _ => "Invalid value.".to_owned(),
    }
}

fn scan_rule(rule: &ScanRule) -> String {
    match rule {
        ScanRule::Address => "Enter a valid URL.".to_owned(),
        ScanRule::UnknownCredential { given } => {
            format!("Credential \"{}\" does not exist.", brief(given))
        }
        ScanRule::NothingKept => "There is no stored value to keep.".to_owned(),
        ScanRule::NotAnObject => "Invalid data. Expected a dictionary.".to_owned(),
        ScanRule::NotAList => "Expected a list of items.".to_owned(),
        ScanRule::TooMany { max } => {
            format!("Ensure this field has no more than {max} elements.")
        }
        ScanRule::NotANumber => "The number is not allowed.".to_owned(),
        ScanRule::TwoLogins => "Form login and sequence login cannot both be active.".to_owned(),
        ScanRule::TeamHasCredentials { count: 1 } => "This team still has a credential.".to_owned(),
        ScanRule::TeamHasCredentials { count } => {
            format!("This team still has {count} credentials.")
        }
        ScanRule::Duplicate => "A target with this URL already exists.".to_owned(),
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
