//! The sentence of the native API for each broken rule, refusal and conflict.

use strongroom_core::access::Dialect;
use strongroom_core::credential_type::{
    Expected, InputRule, KeyFault, PathPart, Shown, TemplateFault, TemplateObject, UrlFault,
};
use strongroom_core::error::{Conflict, Refusal, RoleRefusal, Rule, ValueKind};
use strongroom_core::hosted::{HostedRule, Unhealthy};
use strongroom_core::registry::{ImageFault, LocationFault};
use strongroom_core::robot::RobotRule;

/// The sentence of a refusal.
pub(super) const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotPermitted => "No role of yours allows this.",
        Refusal::ManagedCredentialChange => "A managed credential is not changed.",
        Refusal::ManagedCredentialDelete => "A managed credential is not deleted.",
        Refusal::ManagedTypeChange => "A managed credential type is not changed.",
        Refusal::ManagedTypeDelete => "A managed credential type is not deleted.",
        Refusal::TypeInputsInUse => "The inputs of a type that credentials use stay as they are.",
        Refusal::TypeInUse => "A type that credentials use is not deleted.",
        Refusal::TeamOrganization => "A team stays in its organization.",
        Refusal::Username => "Only a system administrator renames a user.",
        Refusal::SuperuserFlag => "Only a system administrator makes or unmakes one.",
        Refusal::AuditorFlag => "Only a system administrator makes or unmakes a system auditor.",
        Refusal::UserDelete => "Nobody deletes himself, nor the last system administrator.",
        Refusal::ReadOnlyToken => "The token only reads.",
        Refusal::Suspended => "The organization or space is closed to writes.",
    }
}

/// The sentence of a conflict.
pub(super) fn conflict(conflict: &Conflict) -> String {
    match conflict {
        Conflict::CredentialInUse(_) => "The credential is in use.".to_owned(),
        Conflict::OrganizationInUse => {
            "The organization still has spaces or registries.".to_owned()
        }
        Conflict::Changed => "The object was changed since.".to_owned(),
        Conflict::RegistryInUse { robots } => {
            format!("The registry still has {robots} active robots; force the removal to end them.")
        }
        Conflict::FetchedElsewhere { fields } => format!(
            "Input sources fetch these fields from another system, which this server does not do: {}.",
            fields.join(", ")
        ),
        Conflict::TooManyReferences { limit } => {
            format!("You registered as many references to this credential as are kept: {limit}.")
        }
    }
}

/// The sentence of a broken rule.
pub(super) fn rule(rule: &Rule) -> String {
    let sentence = match rule {
        Rule::Required => "This member is required.",
        Rule::Null => "This member may not be null.",
        Rule::Blank => "This member may not be empty.",
        Rule::NotText => "A text is expected.",
        Rule::NotBoolean => "true or false is expected.",
        Rule::NotInteger => "An integer is expected.",
        Rule::TooLong { max } => return format!("At most {max} characters are allowed."),
        Rule::TooSmall { min } => return format!("At least {min} is expected."),
        Rule::NulCharacter => NUL,
        Rule::NotAChoice { given } => {
            return format!("\"{}\" is not one of the known words.", brief(given));
        }
        Rule::UnknownObject { given } => {
            return format!("No object \"{}\" is known.", brief(given));
        }
        Rule::NotAnId { given } => return format!("An id is expected, not {}.", kind(*given)),
        Rule::NotUnique { .. } => "Another object has this name already.",
        Rule::UsernameCharacters => "A user name holds letters, digits and @ . + - _ only.",
        Rule::NotAnEmail => "An e-mail address is expected.",
        Rule::PasswordRequired => "A new person needs a password.",
        Rule::ServiceAccountPassword => "Service accounts have no password.",
        Rule::TokenScope => "A scope is \"read\" or \"write\" or both.",
        Rule::OwnerMissing => "One of organization, team and user is needed.",
        Rule::OwnerAmbiguous { given } => {
            return format!(
                "Only one of organization, team and user is taken, not {}.",
                given.join(", ")
            );
        }
        Rule::GalaxyOwner => "A credential of this type belongs to an organization.",
        Rule::CredentialTypeInUse => "The type of a credential in use is not changed.",
        Rule::CustomTypeKind { given } => {
            return format!(
                "The kind of a custom type is \"cloud\" or \"net\", not \"{}\".",
                brief(given)
            );
        }
        Rule::NotAFutureTime => "A time in the future is expected, such as 2030-01-31T12:00:00Z.",
        Rule::AdministratorOnly => "Only a system administrator sets this.",
        Rule::Placed => "The credential is placed in another dialect, which fixes this.",
        Rule::NotShared => "The organization that owns the credential does not share it.",
        Rule::DoesNotFit => "A credential of this type has no place in this dialect.",
        Rule::NoRoleThere { dialect } => return no_role(*dialect),
        Rule::NoSuchObject { kind } => {
            return format!("No such {} is known.", kind.word().replace('_', " "));
        }
        Rule::NotARelatedObject { member } => {
            return format!("The member {member} names no object by its id.");
        }
        Rule::CopyName { .. } => "A copy needs a name of its own.",
        Rule::Role(refusal) => role(*refusal),
        Rule::NotARole { given } => {
            return format!("\"{}\" is no role that is given here.", brief(given));
        }
        Rule::Location(fault) => location(*fault),
        Rule::Image(fault) => image(*fault),
        Rule::ExactlyOne { of } => {
            return format!("Exactly one of {} is needed.", of.join(", "));
        }
        Rule::ClientId => {
            "A client's id holds letters, digits and - _ . only, begins with a letter or digit, and is no number."
        }
        Rule::Hosted(fault) => return hosted(*fault),
        // Targets, job templates, input sources and the objects of the platform are made in their dialects only.
        Rule::Platform(_)
        | Rule::Scan(_)
        | Rule::StaysHidden
        | Rule::NotAMapping
        | Rule::InputSource(_)
        | Rule::Attach(_) => "Not a valid value.",
        Rule::Robot(rule) => return robot(*rule),
        Rule::Input(rule) => return input(rule),
    };
    sentence.to_owned()
}

fn no_role(dialect: Dialect) -> String {
    let (name, roles) = match dialect {
        Dialect::Probely => ("Probely", "probely_member"),
        Dialect::AppCatalog => ("the Application Catalog", "catalog_member"),
        other => (other.word(), "a role"),
    };
    format!(
        "The token would open nothing: its user has no role in this organization that lets him into {name}, such as \
         {roles}."
    )
}

const fn role(refusal: RoleRefusal) -> &'static str {
    match refusal {
        RoleRefusal::ParticipationToTeam => {
            "A team is no member or administrator of an organization."
        }
        RoleRefusal::SystemRoleToTeam => "A team holds no role on the whole system.",
        RoleRefusal::UserOutsideOrganization => {
            "The user is outside the organization that owns the credential."
        }
        RoleRefusal::PrivateCredential => {
            "Roles on a private credential are given by system administrators only."
        }
        RoleRefusal::TeamOutsideOrganization => {
            "The team is outside the organization that owns the credential."
        }
    }
}

const fn image(fault: ImageFault) -> &'static str {
    match fault {
        ImageFault::Blank => "The reference to an image may not be empty.",
        ImageFault::TooLong => "The reference to an image has at most 1024 characters.",
        ImageFault::Scheme => "The reference to an image has no scheme.",
        ImageFault::Space => "The reference to an image has no white space.",
        ImageFault::EmptyPart => "The reference to an image has no empty part.",
        ImageFault::Host => "The reference to an image begins with something that is no host.",
        ImageFault::Path => "The reference to an image has an element that no repository has.",
        ImageFault::LongLocation => {
            "The reference to an image names a registry by more than 255 characters."
        }
        ImageFault::Tag => "The reference to an image ends in something that is no tag or digest.",
    }
}

const fn location(fault: LocationFault) -> &'static str {
    match fault {
        LocationFault::Blank => "The location of a registry may not be empty.",
        LocationFault::TooLong => "The location of a registry has at most 255 characters.",
        LocationFault::Scheme => "The location of a registry has no scheme.",
        LocationFault::Space => "The location of a registry has no white space.",
        LocationFault::EmptyPart => {
            "The location of a registry has no empty part and no slash at its end."
        }
        LocationFault::Digest => "The location of a registry names no image by digest.",
        LocationFault::Host => "The location of a registry begins with a host.",
        LocationFault::Path => {
            "The path in the location of a registry has an element that no repository has."
        }
        LocationFault::Port => "The port in the location of a registry is not a port.",
    }
}

fn hosted(rule: HostedRule) -> String {
    let sentence = match rule {
        HostedRule::Url => "An absolute address is expected, such as https://registry.example.com.",
        HostedRule::Service => {
            "A service is named by up to 255 visible ASCII characters, not quotes, commas and backslashes."
        }
        HostedRule::Fixed => "It stays as it was when the registry was made.",
        HostedRule::AuthoritySigns => {
            "Tokens are signed under this authority; let another one sign before."
        }
        HostedRule::TooManyAuthorities { max } => {
            return format!("There are as many authorities as are kept, {max}; remove one before.");
        }
        HostedRule::Credential(cause) => match cause {
            Unhealthy::CredentialGone => "The credential was deleted.",
            Unhealthy::CredentialOfAnotherType => "A Container Registry credential is expected.",
            Unhealthy::CredentialWithoutPassword => "The credential has no password.",
            Unhealthy::CredentialElsewhere => "The credential is for another host.",
            Unhealthy::CredentialOfAnotherOrganization => {
                "The credential belongs to another organization."
            }
        },
    };
    sentence.to_owned()
}

fn robot(rule: RobotRule) -> String {
    let sentence = match rule {
        RobotRule::NotHosted => "Robots are minted for hosted registries only.",
        RobotRule::LimitReached { limit } => {
            return format!("The registry has as many active robots as it allows: {limit}.");
        }
        RobotRule::Pattern => {
            "The name of a repository is expected, a prefix such as team/*, or * for all."
        }
        RobotRule::EmptyList => "At least one element is expected.",
        RobotRule::NotAList => "A list is expected.",
        RobotRule::NotAnObject => "An object is expected.",
        RobotRule::TooMany { max } => return format!("At most {max} elements are allowed."),
        RobotRule::Rotated => "The robot was rotated; rotate its successor.",
        RobotRule::NotActive => "The robot has ended; mint another.",
        RobotRule::OverlapTooLong { seconds } => {
            return format!("The robot ends in {seconds} seconds; the overlap cannot be longer.");
        }
        RobotRule::LivesTooLong { days } => {
            return format!("A robot ends at most {days} days ahead.");
        }
    };
    sentence.to_owned()
}

/// The sentence of a rule of inputs, or of a type's own schema.
fn input(rule: &InputRule) -> String {
    match rule {
        InputRule::WrongKind { given, path, expected } => {
            format!(
                "{}{} is expected, not {}.",
                place(path),
                expected_kind(*expected),
                kind(*given)
            )
        }
        InputRule::UnknownMembers { path, names, .. } => {
            format!("{}These members are not known: {}.", place(path), list(names))
        }
        InputRule::MissingMember { name } => format!("The member {name} is required."),
        InputRule::NotAVariableName { given } => {
            format!("\"{}\" is no variable name.", brief(given))
        }
        InputRule::NotOneOf { given, choices } => {
            format!("{} is none of {}.", shown(given), choices.join(", "))
        }
        InputRule::EmptyList => "The list may not be empty.".to_owned(),
        InputRule::RepeatedItems { .. } => "The list names something twice.".to_owned(),
        InputRule::ReservedFieldId => "The field id \"tower\" belongs to the templates.".to_owned(),
        InputRule::RepeatedFieldId { id } => format!("Two fields have the id \"{id}\"."),
        InputRule::DefaultKind { expected, .. } => {
            format!("The default of the field must be {}.", lower(expected_kind(*expected)))
        }
        InputRule::NotForBoolean { member, id } => {
            format!("The boolean field \"{id}\" cannot have the member {member}.")
        }
        InputRule::DependenciesManagedOnly => "Only managed types have dependencies.".to_owned(),
        InputRule::AskManagedOnly => {
            "Only managed types have fields asked for at run time.".to_owned()
        }
        InputRule::NotAscii { .. } => "Only ASCII characters are allowed.".to_owned(),
        InputRule::NotAnExtraVariable { .. } => {
            "A text, a list or an object of such is expected.".to_owned()
        }
        InputRule::MixedFiles => "A single file and named files exclude each other.".to_owned(),
        InputRule::EnvironmentPrefix { name } | InputRule::EnvironmentReserved { name } => {
            format!("The environment variable {name} is not given by credentials.")
        }
        InputRule::Template { section, key, fault } => {
            format!("The template {key} in {} {}.", section.word(), template(fault))
        }
        InputRule::MaskReserved { field } => format!("There is no value of {field} to keep."),
        InputRule::SecretNotText { given } => format!("A secret is a text, not {}.", kind(*given)),
        InputRule::UnknownInputs { names } => {
            format!("The type has no such fields: {}.", list(names))
        }
        InputRule::NotOfType { given, expected } => {
            format!("{} is expected, not {}.", expected_kind(*expected), shown(given))
        }
        InputRule::Url(fault) => url(fault).to_owned(),
        InputRule::VaultIdCharacter => "A vault id cannot hold @.".to_owned(),
        InputRule::Key(fault) => key(*fault).to_owned(),
        InputRule::MetadataRequired { type_name } => format!("{type_name} needs it."),
        InputRule::NeedsField { label } => {
            format!("It can be given only together with \"{label}\".")
        }
        InputRule::PassphraseMissing => "An encrypted key needs its passphrase.".to_owned(),
        InputRule::PassphraseUnwanted => {
            "A key that is not encrypted has no passphrase.".to_owned()
        }
        InputRule::VaultIdFixed => "The vault id stays as it was created.".to_owned(),
        InputRule::EnterAgain { changed } => {
            format!("It must be entered again because {changed} changed.")
        }
    }
}

const fn kind(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "a boolean",
        ValueKind::Integer => "an integer",
        ValueKind::Float => "a number",
        ValueKind::Text => "a text",
        ValueKind::List => "a list",
        ValueKind::Object => "an object",
    }
}

const fn expected_kind(expected: Expected) -> &'static str {
    match expected {
        Expected::Object => "An object",
        Expected::List => "A list",
        Expected::Text => "A text",
        Expected::Boolean => "true or false",
    }
}

fn list(names: &[String]) -> String {
    brief(&names.join(", "))
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// Where in the document, as the beginning of a sentence.
fn place(path: &[PathPart]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| match part {
            PathPart::Member(name) => name.clone(),
            PathPart::Index(index) => index.to_string(),
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!("At {}: ", parts.join(".")) }
}

fn shown(value: &Shown) -> String {
    match value {
        Shown::Value(value) => brief(&value.to_string()),
        Shown::Hidden => "the given value".to_owned(),
    }
}

fn template(fault: &TemplateFault) -> String {
    match fault {
        TemplateFault::UndefinedName(name) => format!("uses {name}, which is no field"),
        TemplateFault::UndefinedMember { object, member } => {
            format!("uses {member} of {}, which has no such member", object_name(*object))
        }
        TemplateFault::NoUnnamedFile => "uses tower.filename without an unnamed file".to_owned(),
        TemplateFault::BareTower => "uses tower, which is no value itself".to_owned(),
        TemplateFault::Syntax(text) => format!("cannot be read: {text}"),
        TemplateFault::Unsafe { member } => {
            format!("reaches for {member}, which templates must not touch")
        }
        TemplateFault::TooCostly => "takes too much work".to_owned(),
    }
}

const fn object_name(object: TemplateObject) -> &'static str {
    match object {
        TemplateObject::Value => "a value",
        TemplateObject::Tower => "tower",
        TemplateObject::Files => "tower.filename",
    }
}

const fn url(fault: &UrlFault) -> &'static str {
    match fault {
        UrlFault::NoScheme => "A URL with its scheme is expected, such as https://example.org.",
        UrlFault::NoHost(_) => "The URL has no host.",
        UrlFault::Brackets => "The brackets of the URL hold no IPv6 address.",
        UrlFault::Lookalike(_) => "The host of the URL holds characters that look like delimiters.",
    }
}

const fn key(fault: KeyFault) -> &'static str {
    match fault {
        KeyFault::Frame => "A private key in PEM blocks is expected.",
        KeyFault::KeyKind => "The private key is of a kind that is not supported.",
        KeyFault::BlockKind => "A block is neither private key nor certificate.",
        KeyFault::Base64 => "The body of a block is not base64.",
        KeyFault::NoPrivateKey => "At least one private key is needed.",
    }
}

/// The beginning of a text that came from outside, short enough for a sentence.
pub(super) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(SHOWN).collect();
    if brief.len() < text.len() {
        brief.push_str("...");
    }
    brief
}

/// How many characters of a given text a sentence repeats.
const SHOWN: usize = 64;
/// The sentence of a NUL character anywhere.
pub(super) const NUL: &str = "NUL characters are not allowed.";
