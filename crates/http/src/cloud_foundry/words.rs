//! The platform's sentence for each broken rule. A sentence begins with the name of its member.

use strongroom_core::error::{FieldPath, Rule, UseCount, Violation};
use strongroom_core::id::Kind;
use strongroom_core::platform::metadata::{Part, TextFault};
use strongroom_core::platform::{MetadataFault, PlatformRule};
use strongroom_core::registry::{ImageFault, LocationFault};
use strongroom_service::platform::PLATFORM_ROLES;

/// The sentence of a broken rule.
pub(super) fn sentence(violation: &Violation) -> String {
    if let Rule::Platform(rule) = &violation.rule {
        return platform(&violation.field, rule);
    }
    let member = member(&violation.field);
    match &violation.rule {
        Rule::Required | Rule::Null | Rule::Blank | Rule::PasswordRequired => {
            format!("{member} can't be blank")
        }
        Rule::NotText => format!("{member} must be a string"),
        Rule::NotBoolean => format!("{member} must be a boolean"),
        Rule::TooLong { max } => format!("{member} is too long (maximum is {max} characters)"),
        Rule::NulCharacter => format!("{member} must not contain a null character"),
        Rule::Location(fault) => format!("{member} {}", location(*fault)),
        Rule::Image(fault) => format!("{member} {}", image(*fault)),
        Rule::NotARole { .. } => {
            let words: Vec<String> =
                PLATFORM_ROLES.iter().map(|role| format!("\"{}\"", role.word())).collect();
            format!("{member} must be one of the allowed types [{}]", words.join(", "))
        }
        Rule::NotAChoice { given } => {
            format!("{member} '{}' is not one that is known", brief(given))
        }
        _ => format!("{member} is invalid"),
    }
}

fn platform(field: &FieldPath, rule: &PlatformRule) -> String {
    let member = member(field);
    match rule {
        PlatformRule::UnknownMembers { given } => {
            let names: Vec<String> = given.iter().map(|name| format!("'{}'", brief(name))).collect();
            let text = format!("Unknown field(s): {}", names.join(", "));
            if *field == FieldPath::Whole { text } else { format!("{member} {text}") }
        }
        PlatformRule::NotAnObject => match field {
            FieldPath::Member("relationships") => {
                "Relationships 'relationships' is not an object".to_owned()
            }
            _ => format!("{member} must be an object"),
        },
        PlatformRule::NotTexts => format!("{member} must be a list of strings"),
        PlatformRule::RelationshipShape => {
            let name = match field {
                FieldPath::Inner(_, name) => name.as_str(),
                _ => "relationship",
            };
            format!(
                "{member} must be structured like this: \"{name}: {{\"data\": {{\"guid\": \"valid-guid\"}}}}\""
            )
        }
        PlatformRule::RelationshipsEmpty => {
            format!("{member} 'relationships' must include one or more valid relationships")
        }
        PlatformRule::OneOwner => {
            format!("{member} must name only one of organization, space and app")
        }
        PlatformRule::OutOfReach { kind } => {
            let word = word(*kind);
            format!("Invalid {word}. Ensure that the {word} exists and you have access to it.")
        }
        PlatformRule::NoSuchUser { username, origin } => format!(
            "No user exists with the username '{}' and origin '{}'.",
            brief(username),
            brief(origin)
        ),
        PlatformRule::Taken { kind, name } => taken(*kind, name),
        PlatformRule::TakenAtChange { kind: Kind::Space, name, within } => {
            format!("Organization '{within}' already contains a space with name '{name}'.")
        }
        PlatformRule::TakenAtChange { name, .. } => {
            format!("Organization name '{name}' is already taken.")
        }
        PlatformRule::RoleHeld { username, role, on } => format!(
            "User '{username}' already has '{}' role in {} '{on}'.",
            role.word(),
            role.kind().word()
        ),
        PlatformRule::NoRoleInOrganization => {
            "Users cannot be assigned roles in a space if they do not have a role in that space's organization."
                .to_owned()
        }
        PlatformRule::RolesInSpaces => {
            "Cannot delete organization_user role while user has roles in spaces in that organization."
                .to_owned()
        }
        PlatformRule::NothingToStart => "Assign a droplet before starting this app.".to_owned(),
        PlatformRule::OnlyOneOf { words } => {
            let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            format!("{member} must be one of {}", words.join(", "))
        }
        PlatformRule::Metadata(fault) => metadata(fault),
        PlatformRule::TooManyLabels { added, max } => {
            format!("Failed to add {added} labels because it would exceed maximum of {max}")
        }
        PlatformRule::TooManyAnnotations { added, max } => {
            format!("Failed to add {added} annotations because it would exceed maximum of {max}")
        }
    }
}

/// What a new app tells that came with environment variables.
pub(super) const VARIABLES_NOT_KEPT: &str =
    "The environment variables are not kept: nothing runs here that would read them.";

/// What a deletion tells whose credential was in use; nothing when it was not.
pub(super) fn credential_in_use(uses: &[UseCount]) -> Option<String> {
    told_uses(uses).map(|uses| format!("The registry credential was in use: {uses}"))
}

/// What a deletion tells that took credentials in use with it.
pub(super) fn credentials_in_use(uses: &[UseCount]) -> Option<String> {
    told_uses(uses).map(|uses| format!("Credentials that went with it were in use: {uses}"))
}

fn told_uses(uses: &[UseCount]) -> Option<String> {
    let uses: Vec<String> =
        uses.iter().map(|count| format!("{} {}", count.count, brief(&count.kind))).collect();
    (!uses.is_empty()).then(|| uses.join(", "))
}

fn taken(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Organization => format!("Organization '{name}' already exists."),
        Kind::Space => "Name must be unique per organization".to_owned(),
        Kind::App => format!("App with the name '{name}' already exists."),
        _ => format!("Location '{name}' already has a registry credential in this scope"),
    }
}

/// The member as sentences name it.
fn member(field: &FieldPath) -> String {
    match field {
        FieldPath::Whole => "Request".to_owned(),
        FieldPath::Member(member) => titled(member),
        FieldPath::Inner(member, inner) => format!("{} {}", titled(member), titled(inner)),
    }
}

/// `label_selector` as `Label selector`.
pub(super) fn titled(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut characters = spaced.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => spaced,
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => "organization",
        Kind::Space => "space",
        Kind::App => "app",
        Kind::User => "user",
        _ => "resource",
    }
}

const fn image(fault: ImageFault) -> &'static str {
    match fault {
        ImageFault::Blank => "can't be blank",
        ImageFault::TooLong => "is too long (maximum is 1024 characters)",
        ImageFault::Scheme => "must not contain a scheme such as https://",
        ImageFault::Space => "must not contain white space",
        ImageFault::EmptyPart => "must not contain an empty path element",
        ImageFault::Host => "must begin with a host name or be an image of Docker Hub",
        ImageFault::Path => "must not contain an invalid path element",
        ImageFault::LongLocation => "must not name a registry by more than 255 characters",
        ImageFault::Tag => "must not contain an invalid tag or digest",
    }
}

const fn location(fault: LocationFault) -> &'static str {
    match fault {
        LocationFault::Blank => "can't be blank",
        LocationFault::TooLong => "is too long (maximum is 255 characters)",
        LocationFault::Scheme => "must not contain a scheme such as https://",
        LocationFault::Space => "must not contain white space",
        LocationFault::EmptyPart => "must not contain an empty path element or end with a slash",
        LocationFault::Digest => "must not contain a digest",
        LocationFault::Host => "must begin with a host name",
        LocationFault::Path => "must not contain an invalid path element",
        LocationFault::Port => "must not contain an invalid port",
    }
}

fn metadata(fault: &MetadataFault) -> String {
    let part_word = |part: Part| match part {
        Part::Labels => "label",
        Part::Annotations => "annotation",
    };
    match fault {
        MetadataFault::NotAnObject => "Metadata must be an object".to_owned(),
        MetadataFault::PartNotAnObject(part) => {
            format!("Metadata '{}' is not an object", part.word())
        }
        MetadataFault::UnexpectedMembers(names) => {
            let names: Vec<String> =
                names.iter().map(|name| format!("'{}'", brief(name))).collect();
            format!("Metadata has unexpected field(s): {}", names.join(", "))
        }
        MetadataFault::Key(part, fault) => {
            format!("Metadata {} key error: {}", part_word(*part), text(fault))
        }
        MetadataFault::Value(part, fault) => {
            format!("Metadata {} value error: {}", part_word(*part), text(fault))
        }
    }
}

fn text(fault: &TextFault) -> String {
    match fault {
        TextFault::Empty => "key cannot be empty string".to_owned(),
        TextFault::Slashes => "key has more than one '/'".to_owned(),
        TextFault::PrefixNotDns(prefix) => {
            format!("prefix '{}' must be in valid dns format", brief(prefix))
        }
        TextFault::PrefixReserved(prefix) => format!("prefix '{}' is reserved", brief(prefix)),
        TextFault::Characters(text) => format!("'{}' contains invalid characters", brief(text)),
        TextFault::Edges(text) => {
            format!("'{}' starts or ends with invalid characters", brief(text))
        }
        TextFault::TooLong { text, max } => {
            let start: String = text.chars().take(8).collect();
            format!("'{start}...' is greater than {max} characters")
        }
        TextFault::NotText => "value must be a string".to_owned(),
        TextFault::Nul => "null characters are not allowed".to_owned(),
    }
}

/// The beginning of a text that a client sent, without control characters.
pub(super) fn brief(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(100).collect()
}
