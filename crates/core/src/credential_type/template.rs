//! The template engine: sandboxed by what it is, bounded by fuel and by the size of its output.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::rule::{TemplateFault, TemplateObject};

/// Renders any number of templates within one budget of work and output.
pub(super) struct Engine<'t> {
    environment: Environment<'t>,
    fuel: u64,
    room: usize,
}

impl<'t> Engine<'t> {
    /// An engine in which an undefined name is an error and errors say which name it was.
    ///
    /// Only for sample values: the errors of this engine may hold parts of what it works on.
    fn strict() -> Self {
        let mut engine = Self::with(UndefinedBehavior::Strict);
        engine.environment.set_debug(true);
        engine
    }

    /// An engine in which an undefined name is empty.
    pub(super) fn lenient() -> Self {
        Self::with(UndefinedBehavior::Lenient)
    }

    fn with(undefined: UndefinedBehavior) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(undefined);
        environment.set_debug(false);
        environment.set_recursion_limit(RECURSION_LIMIT);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        // It would print every value, secrets included.
        environment.remove_global("debug");
        Self { environment, fuel: FUEL, room: OUTPUT_LIMIT }
    }

    /// The text of a template.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::OutOfFuel`] when the work, [`ErrorKind::WriteFailure`] when the output gets too large.
    pub(super) fn render(&mut self, template: &'t str, context: &Value) -> Result<String, Error> {
        self.environment.set_fuel(Some(self.fuel));
        let mut output = Bounded { text: Vec::new(), room: self.room };
        let template = self.environment.template_from_str(template)?;
        let captured = template.render_captured_to(context.clone(), &mut output)?;
        let used = captured.state().fuel_levels().map_or(0, |(used, _)| used);
        self.fuel = self.fuel.saturating_sub(used + FUEL_PER_TEMPLATE);
        self.room = output.room;
        String::from_utf8(output.text)
            .map_err(|error| Error::from(ErrorKind::WriteFailure).with_source(error.utf8_error()))
    }
}

/// Output that ends with an error when there is no more room.
struct Bounded {
    text: Vec<u8>,
    room: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The names that templates see besides the fields: `tower` and, if a file is not named, its path.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    unnamed: Option<Value>,
    named: BTreeMap<String, Value>,
}

impl Paths {
    /// Adds the path of the file with that label, `template` or `template.` and a name.
    pub(super) fn add(&mut self, label: &str, path: &str) {
        match label.split_once('.') {
            None => self.unnamed = Some(Value::from(path)),
            Some((_, name)) => {
                self.named.insert(name.to_owned(), Value::from(path));
            }
        }
    }

    /// The value of `tower`. The first flag is raised when a template prints `tower`, the second when it prints
    /// `tower.filename` and there is no unnamed file.
    pub(super) fn tower(&self, printed: &[Arc<AtomicBool>; 2]) -> Value {
        let [tower, filename] = printed;
        let files = self.unnamed.clone().unwrap_or_else(|| {
            Value::from_object(Namespace {
                members: self.named.clone(),
                printed: Arc::clone(filename),
            })
        });
        let members = BTreeMap::from([("filename".to_owned(), files)]);
        Value::from_object(Namespace { members, printed: Arc::clone(tower) })
    }
}

/// An object that has members but no text of its own.
#[derive(Debug)]
struct Namespace {
    members: BTreeMap<String, Value>,
    printed: Arc<AtomicBool>,
}

impl Object for Namespace {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.members.get(key.as_str()?).cloned()
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.printed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Tries templates with a sample value for every field.
pub(super) struct Trial<'t> {
    engine: Engine<'t>,
    context: Value,
    printed: [Arc<AtomicBool>; 2],
}

impl<'t> Trial<'t> {
    /// For these fields and these labels of files.
    pub(super) fn new(field_ids: &[String], labels: &[&str]) -> Self {
        let mut paths = Paths::default();
        for label in labels {
            paths.add(label, "EXAMPLE_FILENAME");
        }
        let printed = [Arc::default(), Arc::default()];
        let fields = field_ids.iter().map(|id| (id.clone(), Value::from("EXAMPLE")));
        let context: BTreeMap<String, Value> =
            fields.chain([("tower".to_owned(), paths.tower(&printed))]).collect();
        Self { engine: Engine::strict(), context: Value::from(context), printed }
    }

    /// Why the template cannot be used.
    pub(super) fn fault(&mut self, template: &'t str) -> Option<TemplateFault> {
        let rendered = self.engine.render(template, &self.context);
        let [tower, filename] = &self.printed;
        if filename.load(Ordering::Relaxed) {
            return Some(TemplateFault::NoUnnamedFile);
        }
        if tower.load(Ordering::Relaxed) {
            return Some(TemplateFault::BareTower);
        }
        rendered.err().map(|error| fault(&error))
    }
}

fn fault(error: &Error) -> TemplateFault {
    let detail = error.detail().unwrap_or_default();
    if let Some(expression) = undefined_expression(detail) {
        return undefined(expression);
    }
    match error.kind() {
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => TemplateFault::TooCostly,
        ErrorKind::UnknownFunction => match detail.strip_suffix(" is unknown") {
            Some(name) => TemplateFault::UndefinedName(name.to_owned()),
            None => TemplateFault::Syntax(detail.to_owned()),
        },
        ErrorKind::UnknownMethod => match detail.rsplit_once(' ') {
            Some((_, name)) => undefined_member(TemplateObject::Value, name),
            None => TemplateFault::Syntax(detail.to_owned()),
        },
        kind if detail.is_empty() => TemplateFault::Syntax(kind.to_string()),
        _ => TemplateFault::Syntax(detail.to_owned()),
    }
}

/// The engine names the undefined expression between backticks.
fn undefined_expression(detail: &str) -> Option<&str> {
    let (before, _) = detail.split_once("` is undefined")?;
    before.split_once('`').map(|(_, expression)| expression)
}

fn undefined(expression: &str) -> TemplateFault {
    let Some(at) = expression.rfind(['.', '[']) else {
        return TemplateFault::UndefinedName(expression.to_owned());
    };
    let object = match &expression[..at] {
        "tower" => TemplateObject::Tower,
        "tower.filename" => TemplateObject::Files,
        _ => TemplateObject::Value,
    };
    undefined_member(object, expression[at..].trim_matches(['.', '[', ']', '\'', '"']))
}

fn undefined_member(object: TemplateObject, member: &str) -> TemplateFault {
    let member = member.to_owned();
    if member.starts_with('_') && object == TemplateObject::Value {
        TemplateFault::Unsafe { member }
    } else {
        TemplateFault::UndefinedMember { object, member }
    }
}

/// The work that all templates of one type may take together: one unit is an instruction or 64 bytes of data.
const FUEL: u64 = 400_000;
/// What reading a template costs, so that a document of very many small ones ends too.
const FUEL_PER_TEMPLATE: u64 = 10;
/// The most that all templates of one type may put out together, in bytes.
pub(super) const OUTPUT_LIMIT: usize = 1 << 20;
/// How deep templates may nest calls, so that they fit the stack of any thread.
const RECURSION_LIMIT: usize = 50;

#[cfg(test)]
mod tests;
