//! The sentence of AWX for each broken rule.

use strongroom_core::credential_type::{
    Expected, InputRule, KeyFault, NamePattern, PathPart, Shown, TemplateFault, TemplateObject,
    UrlFault,
};
use strongroom_core::error::{FieldPath, RoleRefusal, Rule};
use strongroom_core::id::Kind;
use strongroom_core::registry::LocationFault;

use super::{error, python};

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
        Rule::Role(refusal) => role(*refusal).to_owned(),
        Rule::Location(fault) => location(*fault).to_owned(),
        Rule::Input(rule) => input(rule),
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
        LocationFault::Port => "must have a port from 1 to 65535 after the colon.",
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
        RoleRefusal::CheckoutNotHeld => "You cannot grant checkout without holding it",
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
        Kind::Organization => "Organization with this Name already exists.",
        Kind::User => "A user with that username already exists.",
        _ => "An object with these values already exists.",
    }
}

/// The sentence of a rule of inputs, or of a type's schema.
fn input(rule: &InputRule) -> String {
    match rule {
        InputRule::WrongKind { given, path, expected } if path.is_empty() => {
            format!("{} provided, expected {}", python::type_name(*given), word(*expected))
        }
        InputRule::WrongKind { given, path, expected } => {
            let given = match python::type_name(*given) {
                "dict" => "OrderedDict",
                other => other,
            };
            format!(
                "{given} provided in relative path {}, expected {}",
                path_text(path),
                word(*expected)
            )
        }
        InputRule::UnknownMembers { path, names, pattern } => {
            format!(
                "Schema validation error in relative path {} ({})",
                path_text(path),
                unknown(names, *pattern)
            )
        }
        InputRule::MissingMember { name } => format!("'{name}' is a required property"),
        InputRule::NotAVariableName { given } => format!("{given} is an invalid variable name"),
        InputRule::NotOneOf { given, choices } => {
            format!("{} is not one of {}", shown(given), python::list(choices))
        }
        InputRule::EmptyList => "[] should be non-empty".to_owned(),
        InputRule::RepeatedItems { given } => {
            format!("{} has non-unique elements", python::repr(given))
        }
        InputRule::ReservedFieldId => "\"tower\" is a reserved field name".to_owned(),
        InputRule::RepeatedFieldId { id } => format!("field IDs must be unique ({id})"),
        InputRule::DefaultKind { given, expected } => {
            format!("{} is not a {}", python::plain(given), word(*expected))
        }
        InputRule::NotForBoolean { member, id } => {
            format!("{member} not allowed for boolean type ({id})")
        }
        InputRule::DependenciesManagedOnly => {
            "'dependencies' is not supported for custom credentials.".to_owned()
        }
        InputRule::AskManagedOnly => {
            "'ask_at_runtime' is not supported for custom credentials.".to_owned()
        }
        InputRule::NotAscii { given } => {
            format!("{} does not match '^[\\x00-\\x7f]*$'", python::quoted(given))
        }
        InputRule::NotAnExtraVariable { given } => {
            format!("{} is not valid under any of the given schemas", python::repr(given))
        }
        InputRule::MixedFiles => {
            "Must use multi-file syntax when injecting multiple files".to_owned()
        }
        InputRule::EnvironmentPrefix { name } => format!(
            "Environment variable {name} may affect Ansible configuration so its use is not allowed in credentials."
        ),
        InputRule::EnvironmentReserved { name } => {
            format!("Environment variable {name} is not allowed to be used in credentials.")
        }
        InputRule::Template { section, key, fault } => template(section.word(), key, fault),
        InputRule::MaskReserved { field } => {
            format!("$encrypted$ is a reserved keyword, and cannot be used for {field}.")
        }
        InputRule::SecretNotText { given } => {
            format!("secret values must be of type string, not {}", python::type_name(*given))
        }
        InputRule::UnknownInputs { names } => additional(names),
        InputRule::NotOfType { given, expected } => {
            format!("{} is not of type '{}'", shown(given), word(*expected))
        }
        InputRule::Url(fault) => format!("Invalid URL: {}", url(fault)),
        InputRule::VaultIdCharacter => "@ is not an allowed character".to_owned(),
        InputRule::Key(fault) => key(*fault).to_owned(),
        InputRule::NeedsField { label } => format!("cannot be set unless \"{label}\" is set"),
        InputRule::PassphraseMissing => "must be set when SSH key is encrypted.".to_owned(),
        InputRule::PassphraseUnwanted => {
            "should not be set when SSH key is not encrypted.".to_owned()
        }
        InputRule::VaultIdFixed => {
            "Vault IDs cannot be changed once they have been created.".to_owned()
        }
        InputRule::EnterAgain { changed } => {
            format!("must be entered again because {changed} changed.")
        }
    }
}

fn word(expected: Expected) -> &'static str {
    match expected {
        Expected::Object => "dict",
        Expected::List => "array",
        Expected::Text => "string",
        Expected::Boolean => "boolean",
    }
}

fn shown(value: &Shown) -> String {
    match value {
        Shown::Value(value) => python::repr(value),
        Shown::Hidden => HIDDEN.to_owned(),
    }
}

fn path_text(path: &[PathPart]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| match part {
            PathPart::Member(name) => python::quoted(name),
            PathPart::Index(index) => index.to_string(),
        })
        .collect();
    format!("[{}]", parts.join(", "))
}

fn unknown(names: &[String], pattern: Option<NamePattern>) -> String {
    let Some(pattern) = pattern else {
        return additional(names);
    };
    let expression = match pattern {
        NamePattern::File => r"^template(\\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$",
        NamePattern::Environment => "^[a-zA-Z_]+[a-zA-Z0-9_]*$",
        NamePattern::ExtraVariable => r"^[a-zA-Z_\\{\\}]+[a-zA-Z0-9_\\{\\}]*$",
    };
    let (names, verb) = (quoted_names(names), if names.len() == 1 { "does" } else { "do" });
    format!("{names} {verb} not match any of the regexes: '{expression}'")
}

fn additional(names: &[String]) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    format!("Additional properties are not allowed ({} {verb} unexpected)", quoted_names(names))
}

fn quoted_names(names: &[String]) -> String {
    names.iter().map(|name| python::quoted(name)).collect::<Vec<_>>().join(", ")
}

fn template(section: &str, key: &str, fault: &TemplateFault) -> String {
    let unreadable = |text: &str| {
        format!("Syntax error rendering template for {key} inside of {section} ({text})")
    };
    match fault {
        TemplateFault::UndefinedName(name) => {
            format!("{key} uses an undefined field ({} is undefined)", python::quoted(name))
        }
        TemplateFault::UndefinedMember { object, member } => format!(
            "{key} uses an undefined field ({} has no attribute {})",
            python::quoted(object_name(*object)),
            python::quoted(member)
        ),
        TemplateFault::NoUnnamedFile => format!(
            "{key} uses an undefined field (Must define unnamed file injector in order to reference `tower.filename`.)"
        ),
        TemplateFault::BareTower => format!(
            "{key} uses an undefined field (Cannot directly reference reserved `tower` namespace container.)"
        ),
        TemplateFault::Syntax(text) => unreadable(text),
        TemplateFault::Unsafe { member } => {
            format!(
                "Encountered unsafe code execution: access to attribute {} is unsafe.",
                python::quoted(member)
            )
        }
        TemplateFault::TooCostly => unreadable("the template takes too much work"),
    }
}

fn object_name(object: TemplateObject) -> &'static str {
    match object {
        TemplateObject::Value => "str object",
        TemplateObject::Tower => "TowerNamespace object",
        TemplateObject::Files => "EnvFileNamespace object",
    }
}

fn url(fault: &UrlFault) -> String {
    match fault {
        UrlFault::NoScheme => "Missing url scheme (http, https, etc.)".to_owned(),
        UrlFault::NoHost(Shown::Value(value)) => python::plain(value),
        UrlFault::NoHost(Shown::Hidden) => HIDDEN.to_owned(),
        UrlFault::Brackets => "Invalid IPv6 URL".to_owned(),
        UrlFault::Lookalike(host) => {
            format!("netloc {} contains invalid characters under NFKC normalization", shown(host))
        }
    }
}

fn key(fault: KeyFault) -> &'static str {
    match fault {
        KeyFault::Frame => "Invalid certificate or key: <hidden>...",
        KeyFault::KeyKind => "Invalid private key: unsupported type \"<hidden>\"",
        KeyFault::BlockKind => "Unsupported PEM object type: \"<hidden>\"",
        KeyFault::Base64 => "Invalid base64-encoded data",
        KeyFault::NoPrivateKey => "At least one private key is required.",
    }
}

const HIDDEN: &str = "<hidden>";
const USERNAME_CHARACTERS: &str = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
const TOKEN_SCOPE: &str =
    "Must be a simple space-separated string with allowed scopes ['read', 'write'].";
const CREDENTIAL_TYPE_IN_USE: &str = "You cannot change the credential type of the credential, as it may break the \
     functionality of the resources using it.";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use strongroom_core::credential_type::Section;
    use strongroom_core::error::ValueKind;

    fn said(rule: InputRule) -> String {
        sentence(&"inputs".into(), &Rule::Input(rule))
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

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

    #[test]
    fn inputs_are_worded_as_recorded() {
        let path = vec![
            PathPart::Member("fields".to_owned()),
            PathPart::Index(0),
            PathPart::Member("label".to_owned()),
        ];
        for (rule, text) in [
            (
                InputRule::WrongKind {
                    given: ValueKind::Text,
                    path: vec![],
                    expected: Expected::Object,
                },
                "str provided, expected dict",
            ),
            (
                InputRule::WrongKind { given: ValueKind::Integer, path, expected: Expected::Text },
                "int provided in relative path ['fields', 0, 'label'], expected string",
            ),
            (
                InputRule::UnknownMembers {
                    path: vec![],
                    names: names(&["feelds"]),
                    pattern: None,
                },
                "Schema validation error in relative path [] (Additional properties are not allowed ('feelds' was \
                 unexpected))",
            ),
            (
                InputRule::UnknownMembers {
                    path: vec![PathPart::Member("file".to_owned())],
                    names: names(&["tmpl"]),
                    pattern: Some(NamePattern::File),
                },
                "Schema validation error in relative path ['file'] ('tmpl' does not match any of the regexes: \
                 '^template(\\\\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$')",
            ),
            (
                InputRule::UnknownInputs { names: names(&["a", "b"]) },
                "Additional properties are not allowed ('a', 'b' were unexpected)",
            ),
            (
                InputRule::NotOfType { given: Shown::Value(json!(5)), expected: Expected::Text },
                "5 is not of type 'string'",
            ),
            (
                InputRule::NotOneOf { given: Shown::Hidden, choices: names(&["eu", "us"]) },
                "<hidden> is not one of ['eu', 'us']",
            ),
            (
                InputRule::Template {
                    section: Section::Env,
                    key: "A".to_owned(),
                    fault: TemplateFault::UndefinedName("nope".to_owned()),
                },
                "A uses an undefined field ('nope' is undefined)",
            ),
        ] {
            assert_eq!(said(rule), text);
        }
    }
}
