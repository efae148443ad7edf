//! The sentence of AWX for each rule of credential inputs and of type schemas.

use strongroom_core::credential_type::{
    Expected, InputRule, KeyFault, NamePattern, PathPart, Shown, TemplateFault, TemplateObject,
    UrlFault,
};

use super::python;

/// The sentence of a rule of inputs, or of a type's schema.
pub(super) fn sentence(rule: &InputRule) -> String {
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
        InputRule::Url(fault) => url(fault),
        InputRule::VaultIdCharacter => "@ is not an allowed character".to_owned(),
        InputRule::Key(fault) => key(*fault).to_owned(),
        InputRule::MetadataRequired { type_name } => format!("required for {type_name}"),
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
        UrlFault::NoScheme => "Invalid URL: Missing url scheme (http, https, etc.)".to_owned(),
        UrlFault::NoHost(Shown::Value(value)) => format!("Invalid URL: {}", python::plain(value)),
        UrlFault::NoHost(Shown::Hidden) => format!("Invalid URL: {HIDDEN}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use strongroom_core::credential_type::Section;
    use strongroom_core::error::ValueKind;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
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
            assert_eq!(sentence(&rule), text);
        }
    }
}
