//! What a job gets: files, environment and variables, made of a credential's values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::{Error, ErrorKind, Value as Cell};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::CredentialType;
use super::field::{Field, FieldKind, Format};
use super::rule::Section;
use super::template::{Engine, Paths};

/// What stands for a secret value in the masked copy.
pub const MASKED: &str = "**********";

/// What a job gets, and the same to show.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// With the values.
    pub secret: RenderedSecrets,
    /// With [`MASKED`] for every secret value.
    pub masked: Rendered,
}

/// What a job gets.
#[derive(Debug, Clone)]
pub struct RenderedSecrets {
    /// For each file its label and its content. Files are of mode 0600.
    pub files: Vec<(String, SecretString)>,
    /// The environment variables.
    pub env: Vec<(String, SecretString)>,
    /// The variables of the playbook as a JSON text, which is YAML too; the file is of mode 0400. None when the
    /// type has none.
    pub extra_vars: Option<SecretString>,
}

/// What a job gets, without secrets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// For each file its label and its content.
    pub files: Vec<(String, String)>,
    /// The environment variables.
    pub env: Vec<(String, String)>,
    /// The variables of the playbook.
    pub extra_vars: Map<String, Value>,
}

/// A template that cannot be rendered. Nothing of its values is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderFault {
    /// The kind of injector.
    pub section: Section,
    /// Its key there.
    pub key: String,
    /// Whether it ran out of its budget of work or output, or failed otherwise.
    pub cause: RenderCause,
}

/// Why a template cannot be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderCause {
    /// It takes too much work.
    TooCostly,
    /// All together put out more than 1 MiB.
    TooLarge,
    /// It cannot be read or does something that its values do not allow.
    Failed,
}

impl fmt::Display for RenderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "injector {} of {}: {:?}", self.key, self.section.word(), self.cause)
    }
}

impl std::error::Error for RenderFault {}

/// Renders the injectors of a type: files first, then environment, then variables.
///
/// `plain` and `secrets` are the values of the credential. `path_of` says where the file with a label will be.
///
/// # Errors
/// The first template that fails or breaks the limits of work and output.
pub fn render(
    kind: &CredentialType,
    plain: &Map<String, Value>,
    secrets: &BTreeMap<String, SecretString>,
    path_of: &dyn Fn(&str) -> String,
) -> Result<Rendering, RenderFault> {
    let open =
        Pass::new(kind, plain, path_of, |id| secrets.get(id).map(ExposeSecret::expose_secret))
            .run()?;
    let masked = Pass::new(kind, plain, path_of, |id| secrets.get(id).map(|_| MASKED)).run()?;
    Ok(Rendering { secret: sealed(open), masked })
}

fn sealed(open: Rendered) -> RenderedSecrets {
    let guard = |list: Vec<(String, String)>| {
        list.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect()
    };
    RenderedSecrets {
        files: guard(open.files),
        env: guard(open.env),
        extra_vars: (!open.extra_vars.is_empty())
            .then(|| SecretString::from(Value::Object(open.extra_vars).to_string())),
    }
}

/// One way through all templates.
struct Pass<'t> {
    injectors: &'t Map<String, Value>,
    engine: Engine<'t>,
    names: BTreeMap<String, Cell>,
    paths: Paths,
    path_of: &'t dyn Fn(&str) -> String,
}

impl<'t> Pass<'t> {
    fn new<'s>(
        kind: &'t CredentialType,
        plain: &Map<String, Value>,
        path_of: &'t dyn Fn(&str) -> String,
        secret: impl Fn(&str) -> Option<&'s str>,
    ) -> Self {
        let names = kind.fields.iter().filter_map(|field| {
            let cell = match secret(&field.id) {
                Some(text) => text_cell(field, text),
                None => plain_cell(field, plain.get(&field.id)),
            };
            Some((field.id.clone(), cell?))
        });
        Self {
            injectors: &kind.injectors,
            engine: Engine::lenient(),
            names: names.collect(),
            paths: Paths::default(),
            path_of,
        }
    }

    fn run(mut self) -> Result<Rendered, RenderFault> {
        let mut rendered = Rendered::default();
        for (label, template) in self.templates(Section::File) {
            let content = self.text(Section::File, label, template)?;
            self.paths.add(label, &(self.path_of)(label));
            rendered.files.push((label.to_owned(), content));
        }
        for (name, template) in self.templates(Section::Env) {
            rendered.env.push((name.to_owned(), self.text(Section::Env, name, template)?));
        }
        if let Some(Value::Object(variables)) = self.injectors.get(Section::ExtraVars.word()) {
            rendered.extra_vars = self.object(variables)?;
        }
        Ok(rendered)
    }

    fn templates(&self, section: Section) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        let object = self.injectors.get(section.word()).and_then(Value::as_object);
        let pairs = object.into_iter().flatten();
        pairs.filter_map(|(key, template)| Some((key.as_str(), template.as_str()?)))
    }

    fn object(
        &mut self,
        object: &'t Map<String, Value>,
    ) -> Result<Map<String, Value>, RenderFault> {
        let mut rendered = Map::new();
        for (name, node) in object {
            let key = self.text(Section::ExtraVars, name, name)?;
            let node = self.node(name, node)?;
            rendered.insert(key, node);
        }
        Ok(rendered)
    }

    fn node(&mut self, key: &str, node: &'t Value) -> Result<Value, RenderFault> {
        match node {
            Value::String(template) => {
                self.text(Section::ExtraVars, key, template).map(Value::String)
            }
            Value::Array(list) => list
                .iter()
                .map(|node| self.node(key, node))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Value::Object(object) => self.object(object).map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    fn text(
        &mut self,
        section: Section,
        key: &str,
        template: &'t str,
    ) -> Result<String, RenderFault> {
        let mut names = self.names.clone();
        let printed = [Arc::default(), Arc::default()];
        names.insert("tower".to_owned(), self.paths.tower(&printed));
        let rendered = self.engine.render(template, &Cell::from(names));
        rendered.map_err(|error| RenderFault { section, key: key.to_owned(), cause: cause(&error) })
    }
}

fn cause(error: &Error) -> RenderCause {
    match error.kind() {
        ErrorKind::OutOfFuel => RenderCause::TooCostly,
        ErrorKind::WriteFailure => RenderCause::TooLarge,
        _ => RenderCause::Failed,
    }
}

/// An absent boolean is false; an empty text is not there.
fn plain_cell(field: &Field, given: Option<&Value>) -> Option<Cell> {
    match given {
        None => (field.kind == FieldKind::Boolean).then(|| Cell::from(false)),
        Some(Value::String(text)) => text_cell(field, text),
        Some(value) => Some(cell(value)),
    }
}

fn text_cell(field: &Field, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return None;
    }
    // Tools refuse a key without its last newline.
    if field.format == Some(Format::SshPrivateKey) && !text.ends_with('\n') {
        return Some(Cell::from(format!("{text}\n")));
    }
    Some(Cell::from(text))
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::from(()),
        Value::Bool(flag) => Cell::from(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Cell::from(number),
            (None, Some(number)) => Cell::from(number),
            (None, None) => Cell::from(number.as_f64()),
        },
        Value::String(text) => Cell::from(text.as_str()),
        Value::Array(list) => list.iter().map(cell).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.clone(), cell(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests;
