//! The sentence of AWX for each broken rule.

use strongroom_core::error::{AttachRule, FieldPath, InputSourceRule, RoleRefusal, Rule};
use strongroom_core::id::Kind;
use strongroom_core::registry::LocationFault;

use super::{error, input_words, python};

/// The sentence of a rule broken at a member.
pub(super) fn sentence(field: &FieldPath, rule: &Rule) -> String {
    match rule {
        Rule::Required => "This field is required.".to_owned(),
        // Null is read as the empty text there, and the column then says so in its own words.
        Rule::Null if is_text(field) => "This field cannot be blank.".to_owned(),
        Rule::Null if *field == FieldPath::Member("kind") => {
            "\"\" is not a valid choice.".to_owned()
        }
        Rule::Null => "This field may not be null.".to_owned(),
        Rule::Blank => "This field may not be blank.".to_owned(),
        Rule::NotText => "Not a valid string.".to_owned(),
        Rule::NotBoolean => "Must be a valid boolean.".to_owned(),
        Rule::NotInteger => "A valid integer is required.".to_owned(),
        Rule::TooLong { max } if *field == FieldPath::Member("password") => {
            format!("Password max length is {max}")
        }
        Rule::TooLong { max } => format!("Ensure this field has no more than {max} characters."),
        Rule::TooSmall { min } => format!("Ensure this value is greater than or equal to {min}."),
        Rule::NulCharacter => "Null characters are not allowed.".to_owned(),
        Rule::NotAChoice { given } | Rule::NotARole { given } => {
            format!("\"{given}\" is not a valid choice.")
        }
        Rule::UnknownObject { given } => format!("Invalid pk \"{given}\" - object does not exist."),
        Rule::NotAnId { given } => {
            format!("Incorrect type. Expected pk value, received {}.", python::type_name(*given))
        }
        Rule::NotUnique { kind } => not_unique(*kind).to_owned(),
        Rule::UsernameCharacters => USERNAME_CHARACTERS.to_owned(),
        Rule::NotAnEmail => "Enter a valid email address.".to_owned(),
        Rule::PasswordRequired => "Password required for new User.".to_owned(),
        Rule::ServiceAccountPassword => "Service accounts have no password.".to_owned(),
        Rule::TokenScope => TOKEN_SCOPE.to_owned(),
        Rule::OwnerMissing => "Missing 'user', 'team', or 'organization'.".to_owned(),
        Rule::OwnerAmbiguous { given } => format!(
            "Only one of 'user', 'team', or 'organization' should be provided, received {} fields.",
            given.join(", ")
        ),
        Rule::GalaxyOwner => "Galaxy credentials must be owned by an Organization.".to_owned(),
        Rule::CredentialTypeInUse => CREDENTIAL_TYPE_IN_USE.to_owned(),
        Rule::CustomTypeKind { given } => format!("Must be 'cloud' or 'net', not {given}"),
        Rule::NotAFutureTime => "Enter a time in the future.".to_owned(),
        // The one such member that AWX has.
        Rule::AdministratorOnly => "Cannot change max_hosts.".to_owned(),
        Rule::Placed => "The credential is placed in another dialect.".to_owned(),
        Rule::NoSuchObject { kind } => {
            format!("{} matching query does not exist.", error::model(*kind))
        }
        Rule::NotARelatedObject { member } => format!("Bad data found in related field {member}."),
        Rule::CopyName { original } => format!(
            "The original object is already named {original}, a copy from it cannot have the same name."
        ),
        Rule::NotAMapping => NOT_A_MAPPING.to_owned(),
        Rule::InputSource(rule) => input_source(rule),
        Rule::Attach(rule) => attach(rule),
        Rule::Role(refusal) => role(*refusal).to_owned(),
        Rule::Location(fault) => location(*fault).to_owned(),
        // Registries, robots, placements and the objects of the platform are made elsewhere.
        Rule::Hosted(_)
        | Rule::Robot(_)
        | Rule::Platform(_)
        | Rule::Scan(_)
        | Rule::Image(_)
        | Rule::ExactlyOne { .. }
        | Rule::ClientId
        | Rule::NotShared
        | Rule::DoesNotFit
        | Rule::NoRoleThere { .. }
        | Rule::StaysHidden => "Not a valid value.".to_owned(),
        Rule::Input(rule) => input_words::sentence(rule),
    }
}

/// Why a host cannot be the location of a registry, which another dialect asks for where it is placed.
fn location(fault: LocationFault) -> &'static str {
    match fault {
        LocationFault::Blank => "This field may not be blank.",
        LocationFault::TooLong => "Ensure this field has no more than 255 characters.",
        LocationFault::Scheme => "must not begin with a scheme.",
        LocationFault::Space => "must not contain white space or control characters.",
        LocationFault::EmptyPart => "must not end in a slash or have an empty part.",
        LocationFault::Digest => "must not name an image by digest.",
        LocationFault::Host => "must begin with a host name or an address.",
        LocationFault::Path => {
            "must have a path of letters, digits, '.', '_' and '-', each part with a letter or digit at both ends."
        }
        LocationFault::Port => "must have a port from 1 to 65535 after the colon.",
    }
}

/// Why an input source cannot join two credentials.
fn input_source(rule: &InputSourceRule) -> String {
    match rule {
        InputSourceRule::TargetIsExternal => "Target must be a non-external credential".to_owned(),
        InputSourceRule::SourceIsNotExternal => "Source must be an external credential".to_owned(),
        InputSourceRule::UnknownField { fields } => format!(
            "Input field must be defined on target credential (options are {}).",
            fields.join(", ")
        ),
    }
}

/// Why a credential cannot be attached.
fn attach(rule: &AttachRule) -> String {
    match rule {
        AttachRule::Repeated { type_name, vault_id: None } => {
            format!("Cannot assign multiple {type_name} credentials.")
        }
        AttachRule::Repeated { type_name, vault_id: Some(id) } => {
            format!("Cannot assign multiple {type_name} (id={id}) credentials.")
        }
        AttachRule::Kind { kind } => format!("Cannot assign a Credential of kind `{kind}`."),
        AttachRule::NotGalaxy { type_name } => {
            format!("Credential must be a Galaxy credential, not {type_name}.")
        }
    }
}

/// Why a role is not given to a holder.
fn role(refusal: RoleRefusal) -> &'static str {
    match refusal {
        RoleRefusal::ParticipationToTeam => {
            "You cannot assign an Organization participation role as a child role for a Team."
        }
        RoleRefusal::SystemRoleToTeam => "You cannot grant system-level permissions to a team.",
        RoleRefusal::UserOutsideOrganization => {
            "You cannot grant credential access to a user not in the credentials' organization"
        }
        RoleRefusal::PrivateCredential => {
            "You cannot grant private credential access to another user"
        }
        RoleRefusal::TeamOutsideOrganization => {
            "You cannot grant credential access to a team when the Organization field isn't set, or belongs to a \
             different organization"
        }
    }
}

/// The text members that must say something.
fn is_text(field: &FieldPath) -> bool {
    matches!(field, FieldPath::Member("name" | "username"))
}

fn not_unique(kind: Kind) -> &'static str {
    match kind {
        Kind::Credential => {
            "Credential with this Organization, Name and Credential type already exists."
        }
        Kind::CredentialType => "Credential type with this Name and Kind already exists.",
        Kind::Team => "Team with this Organization and Name already exists.",
        Kind::Application => "Application with this Name and Organization already exists.",
        Kind::Organization => "Organization with this Name already exists.",
        Kind::User => "A user with that username already exists.",
        Kind::InputSource => {
            "Credential input source with this Target credential and Input field name already exists."
        }
        Kind::JobTemplate => {
            "JobTemplate with this (organization, name) combination already exists."
        }
        _ => "An object with these values already exists.",
    }
}

const NOT_A_MAPPING: &str =
    "Cannot parse as JSON (error: not a mapping) or YAML (error: not a mapping).";
const USERNAME_CHARACTERS: &str = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
const TOKEN_SCOPE: &str =
    "Must be a simple space-separated string with allowed scopes ['read', 'write'].";
const CREDENTIAL_TYPE_IN_USE: &str = "You cannot change the credential type of the credential, as it may break the \
     functionality of the resources using it.";

#[cfg(test)]
mod tests {
    use super::*;
    use strongroom_core::error::ValueKind;

    #[test]
    fn plain_members_are_worded_as_recorded() {
        for (field, rule, text) in [
            ("name", Rule::Required, "This field is required."),
            ("name", Rule::Null, "This field cannot be blank."),
            ("organization", Rule::Null, "This field may not be null."),
            ("name", Rule::Blank, "This field may not be blank."),
            ("kind", Rule::Null, "\"\" is not a valid choice."),
            ("password", Rule::TooLong { max: 128 }, "Password max length is 128"),
            (
                "name",
                Rule::TooLong { max: 512 },
                "Ensure this field has no more than 512 characters.",
            ),
            (
                "user",
                Rule::UnknownObject { given: "99".to_owned() },
                "Invalid pk \"99\" - object does not exist.",
            ),
            (
                "user",
                Rule::NotAnId { given: ValueKind::Text },
                "Incorrect type. Expected pk value, received str.",
            ),
            (
                "kind",
                Rule::CustomTypeKind { given: "ssh".to_owned() },
                "Must be 'cloud' or 'net', not ssh",
            ),
        ] {
            assert_eq!(sentence(&field.into(), &rule), text);
        }
    }
}
