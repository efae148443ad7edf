//! The rules of a custom type's injectors.

use serde_json::{Map, Value};

use super::rule::{Expected, InputRule, NamePattern, PathPart, Section};
use super::schema::{below, is_kind, is_variable_name};
use super::template::Trial;

/// What is wrong with the injectors. Templates are tried only when the ids of the fields are known.
pub(super) fn faults(document: &Value, field_ids: Option<&[String]>) -> Vec<InputRule> {
    let mut faults = Vec::new();
    shape(document, &mut faults);
    match (document, field_ids) {
        (Value::Object(injectors), Some(ids)) if faults.is_empty() => {
            faults.extend(meaning_fault(injectors, ids));
        }
        _ => {}
    }
    faults
}

fn shape(document: &Value, faults: &mut Vec<InputRule>) {
    if !is_kind(document, Expected::Object, &[], faults) {
        return;
    }
    let is_section = |name: &str| Section::ALL.iter().any(|section| section.word() == name);
    names(document, &[], None, is_section, faults);
    for section in Section::ALL {
        if let Some(value) = document.get(section.word()) {
            section_shape(section, value, faults);
        }
    }
}

fn section_shape(section: Section, value: &Value, faults: &mut Vec<InputRule>) {
    let path = below(&[], section.word());
    if !is_kind(value, Expected::Object, &path, faults) {
        return;
    }
    let (pattern, is_name): (_, fn(&str) -> bool) = pattern(section);
    for (name, value) in value.as_object().into_iter().flatten() {
        if is_name(name) {
            value_shape(section, value, &below(&path, name), faults);
        }
    }
    names(value, &path, Some(pattern), is_name, faults);
}

fn value_shape(section: Section, value: &Value, path: &[PathPart], faults: &mut Vec<InputRule>) {
    match section {
        Section::File => {
            is_kind(value, Expected::Text, path, faults);
        }
        Section::Env => {
            if is_kind(value, Expected::Text, path, faults)
                && let Some(text) = value.as_str()
                && !text.is_ascii()
            {
                faults.push(InputRule::NotAscii { given: text.to_owned() });
            }
        }
        Section::ExtraVars => {
            if !is_extra_variable(value) {
                faults.push(InputRule::NotAnExtraVariable { given: value.clone() });
            }
        }
    }
}

fn is_extra_variable(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Array(_) => true,
        Value::Object(object) => {
            object.iter().all(|(name, value)| is_extra_name(name) && is_extra_variable(value))
        }
        _ => false,
    }
}

fn names(
    document: &Value,
    path: &[PathPart],
    pattern: Option<NamePattern>,
    is_name: impl Fn(&str) -> bool,
    faults: &mut Vec<InputRule>,
) {
    let members = document.as_object().into_iter().flat_map(Map::keys);
    let mut names: Vec<String> = members.filter(|name| !is_name(name)).cloned().collect();
    if !names.is_empty() {
        names.sort();
        faults.push(InputRule::UnknownMembers { path: path.to_vec(), names, pattern });
    }
}

fn pattern(section: Section) -> (NamePattern, fn(&str) -> bool) {
    match section {
        Section::File => (NamePattern::File, is_file_label),
        Section::Env => (NamePattern::Environment, is_variable_name),
        Section::ExtraVars => (NamePattern::ExtraVariable, is_extra_name),
    }
}

fn is_file_label(label: &str) -> bool {
    match label.strip_prefix("template") {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(is_variable_name),
        None => false,
    }
}

fn is_extra_name(name: &str) -> bool {
    is_variable_name(&name.replace(['{', '}'], "_"))
}

/// The first fault of injectors whose shape is right, in the order of the document.
fn meaning_fault(injectors: &Map<String, Value>, field_ids: &[String]) -> Option<InputRule> {
    let labels = labels(injectors);
    if 1 < labels.len() && labels.contains(&"template") {
        return Some(InputRule::MixedFiles);
    }
    let mut trial = Trial::new(field_ids, &labels);
    for (word, value) in injectors {
        let section = Section::ALL.into_iter().find(|section| section.word() == word)?;
        if section == Section::Env
            && let Some(fault) = environment_fault(value)
        {
            return Some(fault);
        }
        if let Some(fault) = section_fault(&mut trial, section, value) {
            return Some(fault);
        }
    }
    None
}

/// The labels of the files: `template`, or `template.` and a name.
fn labels(injectors: &Map<String, Value>) -> Vec<&str> {
    let files = injectors.get(Section::File.word()).and_then(Value::as_object);
    files.into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

fn environment_fault(variables: &Value) -> Option<InputRule> {
    let mut names = variables.as_object()?.keys().cloned();
    names.find_map(|name| match name.as_str() {
        prefixed if prefixed.starts_with("ANSIBLE_") => Some(InputRule::EnvironmentPrefix { name }),
        reserved if RESERVED.contains(&reserved) => Some(InputRule::EnvironmentReserved { name }),
        _ => None,
    })
}

fn section_fault<'t>(
    trial: &mut Trial<'t>,
    section: Section,
    value: &'t Value,
) -> Option<InputRule> {
    value.as_object()?.iter().find_map(|(key, value)| {
        if section == Section::ExtraVars {
            tried(trial, section, key, key).or_else(|| node_fault(trial, key, value))
        } else {
            tried(trial, section, key, value.as_str()?)
        }
    })
}

/// Keys and leaves of extra variables are templates.
fn node_fault<'t>(trial: &mut Trial<'t>, key: &str, node: &'t Value) -> Option<InputRule> {
    match node {
        Value::String(template) => tried(trial, Section::ExtraVars, key, template),
        Value::Array(list) => list.iter().find_map(|node| node_fault(trial, key, node)),
        Value::Object(object) => object.iter().find_map(|(name, node)| {
            tried(trial, Section::ExtraVars, key, name).or_else(|| node_fault(trial, name, node))
        }),
        _ => None,
    }
}

fn tried<'t>(
    trial: &mut Trial<'t>,
    section: Section,
    key: &str,
    template: &'t str,
) -> Option<InputRule> {
    let fault = trial.fault(template)?;
    Some(InputRule::Template { section, key: key.to_owned(), fault })
}

/// Environment variables that belong to the job runner.
const RESERVED: [&str; 19] = [
    "VIRTUAL_ENV",
    "PATH",
    "PYTHONPATH",
    "JOB_ID",
    "INVENTORY_ID",
    "INVENTORY_SOURCE_ID",
    "INVENTORY_UPDATE_ID",
    "AD_HOC_COMMAND_ID",
    "REST_API_URL",
    "REST_API_TOKEN",
    "MAX_EVENT_RES",
    "CALLBACK_QUEUE",
    "CALLBACK_CONNECTION",
    "CACHE",
    "JOB_CALLBACK_DEBUG",
    "INVENTORY_HOSTVARS",
    "AWX_HOST",
    "PROJECT_REVISION",
    "SUPERVISOR_CONFIG_PATH",
];
