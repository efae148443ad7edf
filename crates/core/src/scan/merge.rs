//! The next document of settings, from the present one and a request.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::ScanRule;
use super::mention::mentions;
use super::settings::{Initial, Setting, Shape};
use crate::error::{FieldPath, Rule, Violation};

/// Where a text stands in a document: names, without the position in a list, so that it survives another order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The names, joined by dots. Of several with one name in a list this is the same.
    pub key: String,
    /// Which of several with one name in a list it is, from 0.
    pub turn: usize,
}

impl Place {
    /// The field for which a text that stands here is sealed.
    pub fn field(&self) -> String {
        match self.turn {
            0 => self.key.clone(),
            turn => format!("{}{TURN}{turn}", self.key),
        }
    }
}

/// A text that is to be sealed.
#[derive(Debug)]
pub struct Literal {
    /// The field for which it is sealed.
    pub field: String,
    /// The text.
    pub text: SecretString,
}

/// A newly written text that mentions credentials, with where a fault in it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where it stands in the request.
    pub path: FieldPath,
    /// The text.
    pub text: String,
}

/// What came of a request.
#[derive(Debug, Default)]
pub struct Merged {
    /// The next document, with every member.
    pub document: Map<String, Value>,
    /// The texts that are new and sealed.
    pub literals: Vec<Literal>,
    /// The texts that are new and mention credentials.
    pub mentions: Vec<Mention>,
    /// The rules that the request breaks.
    pub faults: Vec<Violation>,
}

/// The next document: the members that the request names, over those of the present one, over the initial ones.
/// What the request names and no setting is, is ignored. A text that is sealed is marked with the version.
pub fn merge(
    settings: &'static [Setting],
    present: Option<&Map<String, Value>>,
    request: &Map<String, Value>,
    version: u64,
) -> Merged {
    let mut work = Work { version, root: "", out: Merged::default() };
    let document = work.object(settings, false, present, request, &mut Vec::new(), &[]);
    Merged { document, ..work.out }
}

/// The document as it is shown: the mask in place of every mark.
pub fn masked(document: &Map<String, Value>) -> Map<String, Value> {
    let shown = |(name, value): (&String, &Value)| (name.clone(), masked_value(value));
    document.iter().map(shown).collect()
}

fn masked_value(value: &Value) -> Value {
    match value {
        value if mark_of(value).is_some() => Value::from(MASK),
        Value::Object(members) => Value::Object(masked(members)),
        Value::Array(items) => items.iter().map(masked_value).collect(),
        other => other.clone(),
    }
}

/// The texts of a document that mention credentials, by place.
pub fn places(settings: &[Setting], document: &Map<String, Value>) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    walk(settings, document, "", &mut |place, value| {
        if let Some(text) = value.as_str().filter(|text| mentions(text).next().is_some()) {
            found.push((place, text.to_owned()));
        }
    });
    found
}

/// The sealed texts of a document: for each field the version that set it.
pub fn marks(settings: &[Setting], document: &Map<String, Value>) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    walk(settings, document, "", &mut |place, value| {
        if let Some(version) = mark_of(value) {
            found.insert(place.field(), version);
        }
    });
    found
}

/// Visits every text that may mention a credential or be sealed.
fn walk(
    settings: &[Setting],
    document: &Map<String, Value>,
    above: &str,
    visit: &mut impl FnMut(Place, &Value),
) {
    for setting in settings {
        let Some(value) = document.get(setting.name) else { continue };
        let key = format!("{above}{}", setting.name);
        match (&setting.shape, value) {
            (Shape::Mentioning { .. } | Shape::Secret { .. }, value) => {
                visit(Place { key, turn: 0 }, value);
            }
            (Shape::Named { .. }, Value::Array(items)) => {
                let mut turns = BTreeMap::new();
                for item in items {
                    let place = place_of(&key, name_of(item), &mut turns);
                    visit(place, &item["value"]);
                }
            }
            (Shape::Object { members, .. }, Value::Object(inner)) => {
                walk(members, inner, &format!("{key}."), visit);
            }
            _ => {}
        }
    }
}

fn name_of(item: &Value) -> &str {
    item["name"].as_str().unwrap_or_default()
}

fn place_of(key: &str, name: &str, turns: &mut BTreeMap<String, usize>) -> Place {
    let turn = turns.entry(name.to_owned()).or_insert(0);
    let place = Place { key: format!("{key}.{name}"), turn: *turn };
    *turn += 1;
    place
}

fn mark(version: u64) -> Value {
    json!({MARK: version})
}

fn mark_of(value: &Value) -> Option<u64> {
    match value {
        Value::Object(members) if members.len() == 1 => members.get(MARK)?.as_u64(),
        _ => None,
    }
}

/// A merge at work.
struct Work {
    version: u64,
    /// The setting of the document at which it is, by which faults are told.
    root: &'static str,
    out: Merged,
}

type Path = Vec<String>;

impl Work {
    fn field(&self, path: &[String]) -> FieldPath {
        match path {
            [] => FieldPath::Whole,
            [_] => FieldPath::Member(self.root),
            [_, inside @ ..] => FieldPath::Inner(self.root, inside.join(".")),
        }
    }

    fn object(
        &mut self,
        settings: &'static [Setting],
        open: bool,
        present: Option<&Map<String, Value>>,
        request: &Map<String, Value>,
        path: &mut Path,
        above: &[&'static str],
    ) -> Map<String, Value> {
        let mut document = Map::new();
        for setting in settings {
            path.push(setting.name.to_owned());
            if path.len() == 1 {
                self.root = setting.name;
            }
            let old = present.and_then(|present| present.get(setting.name));
            let given = request.get(setting.name);
            let value = self.member(setting, old, given, path, above);
            path.pop();
            document.insert(setting.name.to_owned(), value);
        }
        if open {
            let known = |name: &String| settings.iter().any(|setting| setting.name == name);
            let more = present.into_iter().flatten().chain(request);
            for (name, value) in more.filter(|(name, _)| !known(name)) {
                document.insert(name.clone(), unmarked(value));
            }
            if document.len() - settings.len() > MOST_UNKNOWN {
                self.fault(path, ScanRule::TooMany { max: MOST_UNKNOWN });
            }
        }
        document
    }

    fn member(
        &mut self,
        setting: &'static Setting,
        old: Option<&Value>,
        given: Option<&Value>,
        path: &mut Path,
        above: &[&'static str],
    ) -> Value {
        let keep = || old.cloned().unwrap_or_else(|| initial(setting));
        if let Shape::Object { members, open } = &setting.shape {
            let inside: Vec<&'static str> = above.iter().copied().chain([setting.name]).collect();
            let request = match given {
                Some(Value::Object(request)) => request,
                Some(Value::Null) if !setting.required => return initial(setting),
                Some(Value::Null) => {
                    self.broken(path, Rule::Null);
                    return keep();
                }
                Some(_) => {
                    self.fault(path, ScanRule::NotAnObject);
                    return keep();
                }
                None if old.is_none() && setting.required => {
                    self.broken(path, Rule::Required);
                    return Value::Null;
                }
                None => return keep(),
            };
            let old = old.and_then(Value::as_object);
            return self.object(members, *open, old, request, path, &inside).into();
        }
        let read = match given {
            None if old.is_none() && setting.required => Err(Rule::Required),
            None => return keep(),
            Some(Value::Null) if setting.required => Err(Rule::Null),
            Some(Value::Null) => return initial(setting),
            Some(given) => self.value(setting, old, given, path, above),
        };
        match read {
            Ok(value) => value,
            Err(rule) => {
                self.broken(path, rule);
                keep()
            }
        }
    }

    fn value(
        &mut self,
        setting: &'static Setting,
        old: Option<&Value>,
        given: &Value,
        path: &mut Path,
        above: &[&'static str],
    ) -> Result<Value, Rule> {
        let key = || above.iter().copied().chain([setting.name]).collect::<Vec<_>>().join(".");
        match &setting.shape {
            Shape::Text { max } => {
                let text = limited(text(given)?.trim().to_owned(), *max)?;
                if setting.required && text.is_empty() { Err(Rule::Blank) } else { Ok(text.into()) }
            }
            Shape::Mentioning { max } => {
                let text = limited(text(given)?.trim().to_owned(), *max)?;
                self.note(&text, old, path);
                Ok(text.into())
            }
            Shape::Secret { max } => {
                let place = Place { key: key(), turn: 0 };
                self.secret(&place, limited(text(given)?, *max)?, old, path)
            }
            Shape::Steps { max } => {
                let steps = match given {
                    Value::Array(_) | Value::Object(_) => given.to_string(),
                    other => text(other)?,
                };
                if steps.contains('\0') {
                    return Err(Rule::NulCharacter);
                }
                limited(steps, *max).map(Value::from)
            }
            Shape::Address => {
                let text = limited(text(given)?.trim().to_owned(), ADDRESS_LENGTH)?;
                if text.is_empty() && !setting.required {
                    return Ok(text.into());
                }
                if is_address(&text) { Ok(text.into()) } else { Err(Rule::Scan(ScanRule::Address)) }
            }
            Shape::Flag => flag(given),
            Shape::Choice(words) => {
                let text = text(given)?;
                let known = words.contains(&text.as_str());
                if known { Ok(text.into()) } else { Err(Rule::NotAChoice { given: text }) }
            }
            Shape::Number(numbers) => {
                let number = number(given)?;
                let known = numbers.contains(&number);
                if known { Ok(number.into()) } else { Err(Rule::Scan(ScanRule::NotANumber)) }
            }
            Shape::Range(least, most) => {
                let number = number(given)?;
                let fits = (*least..=*most).contains(&number);
                if fits { Ok(number.into()) } else { Err(Rule::Scan(ScanRule::NotANumber)) }
            }
            Shape::Texts => {
                let read = |item: &Value| limited(text(item)?, ADDRESS_LENGTH).map(Value::from);
                list(given)?.iter().map(read).collect()
            }
            Shape::Named { flags } => Ok(self.named(&key(), flags, old, list(given)?, path)),
            Shape::Object { .. } => Err(Rule::Scan(ScanRule::NotAnObject)),
        }
    }

    /// A list of names with values. A value that is kept is found by its name, not by its position.
    fn named(
        &mut self,
        key: &str,
        flags: &[(&'static str, bool)],
        old: Option<&Value>,
        given: &[Value],
        path: &mut Path,
    ) -> Value {
        let mut kept: BTreeMap<Place, &Value> = BTreeMap::new();
        let mut turns = BTreeMap::new();
        for item in old.and_then(Value::as_array).into_iter().flatten() {
            kept.insert(place_of(key, name_of(item), &mut turns), &item["value"]);
        }
        let mut turns = BTreeMap::new();
        let mut items = Vec::new();
        for (index, item) in given.iter().enumerate() {
            path.push(index.to_string());
            if item.is_object() {
                items.push(self.named_one(key, flags, &kept, item, &mut turns, path));
            } else {
                self.fault(path, ScanRule::NotAnObject);
            }
            path.pop();
        }
        items.into()
    }

    fn named_one(
        &mut self,
        key: &str,
        flags: &[(&'static str, bool)],
        kept: &BTreeMap<Place, &Value>,
        item: &Value,
        turns: &mut BTreeMap<String, usize>,
        path: &mut Path,
    ) -> Value {
        let mut made = Map::new();
        let name = match item.get("name") {
            None => Err(Rule::Required),
            Some(Value::Null) => Err(Rule::Null),
            Some(given) => text(given).and_then(|text| limited(text.trim().to_owned(), 255)),
        };
        let name = name.and_then(|name| match name.as_str() {
            "" => Err(Rule::Blank),
            text if text.contains(TURN) => Err(Rule::NotText),
            _ => Ok(name),
        });
        let name = name.unwrap_or_else(|rule| {
            self.inner_fault(path, "name", rule);
            String::new()
        });
        let place = place_of(key, &name, turns);
        made.insert("name".to_owned(), name.into());
        path.push("value".to_owned());
        let value = match item.get("value") {
            None | Some(Value::Null) => Ok(Value::from("")),
            Some(given) => text(given)
                .and_then(|text| limited(text, VALUE_LENGTH))
                .and_then(|text| self.secret(&place, text, kept.get(&place).copied(), path)),
        };
        let value = value.unwrap_or_else(|rule| {
            self.broken(path, rule);
            Value::from("")
        });
        path.pop();
        made.insert("value".to_owned(), value);
        for (flag_name, initially) in flags {
            let value = match item.get(*flag_name) {
                None | Some(Value::Null) => Ok(Value::from(*initially)),
                Some(given) => flag(given),
            };
            let value = value.unwrap_or_else(|rule| {
                self.inner_fault(path, flag_name, rule);
                Value::from(*initially)
            });
            made.insert((*flag_name).to_owned(), value);
        }
        made.into()
    }

    /// A text that may be a secret: kept when it is the mask, plain when it mentions a credential, else sealed.
    fn secret(
        &mut self,
        place: &Place,
        text: String,
        old: Option<&Value>,
        path: &[String],
    ) -> Result<Value, Rule> {
        if text == MASK {
            let kept = old.filter(|old| mark_of(old).is_some()).cloned();
            return kept.ok_or(Rule::Scan(ScanRule::NothingKept));
        }
        if text.is_empty() || mentions(&text).next().is_some() {
            self.note(&text, old, path);
            return Ok(text.into());
        }
        self.out.literals.push(Literal { field: place.field(), text: SecretString::from(text) });
        Ok(mark(self.version))
    }

    /// Notes a text that mentions credentials, unless it stands there already.
    fn note(&mut self, text: &str, old: Option<&Value>, path: &[String]) {
        let is_new = old.and_then(Value::as_str) != Some(text);
        if is_new && mentions(text).next().is_some() {
            let path = self.field(path);
            self.out.mentions.push(Mention { path, text: text.to_owned() });
        }
    }

    fn broken(&mut self, path: &[String], rule: Rule) {
        let field = self.field(path);
        self.out.faults.push(Violation::new(field, rule));
    }

    fn fault(&mut self, path: &[String], rule: ScanRule) {
        self.broken(path, Rule::Scan(rule));
    }

    fn inner_fault(&mut self, path: &mut Path, name: &str, rule: Rule) {
        path.push(name.to_owned());
        self.broken(path, rule);
        path.pop();
    }
}

/// The value without what would be taken for a mark.
fn unmarked(value: &Value) -> Value {
    match value {
        value if mark_of(value).is_some() => Value::Null,
        Value::Array(items) => items.iter().map(unmarked).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), unmarked(value))).collect(),
        ),
        other => other.clone(),
    }
}

fn initial(setting: &Setting) -> Value {
    match (setting.initial, &setting.shape) {
        (Initial::Null, _) => Value::Null,
        (Initial::True, _) => Value::from(true),
        (Initial::Is(text), _) => Value::from(text),
        (Initial::Count(number), _) => Value::from(number),
        (Initial::Blank, Shape::Flag) => Value::from(false),
        (Initial::Blank, Shape::Texts | Shape::Named { .. }) => json!([]),
        (Initial::Blank, Shape::Object { members, .. }) => {
            let each = members.iter().map(|inner| (inner.name.to_owned(), initial(inner)));
            Value::Object(each.collect())
        }
        (Initial::Blank, _) => Value::from(""),
    }
}

fn text(given: &Value) -> Result<String, Rule> {
    let text = match given {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Rule::NotText),
    };
    if text.contains('\0') { Err(Rule::NulCharacter) } else { Ok(text) }
}

fn limited(text: String, max: usize) -> Result<String, Rule> {
    if max < text.chars().count() { Err(Rule::TooLong { max }) } else { Ok(text) }
}

fn flag(given: &Value) -> Result<Value, Rule> {
    let word = match given {
        Value::Bool(flag) => return Ok((*flag).into()),
        Value::String(word) => word.trim().to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Rule::NotBoolean),
    };
    match word.as_str() {
        "true" | "1" | "on" | "yes" | "t" | "y" => Ok(true.into()),
        "false" | "0" | "off" | "no" | "f" | "n" => Ok(false.into()),
        _ => Err(Rule::NotBoolean),
    }
}

fn number(given: &Value) -> Result<i64, Rule> {
    let read = match given {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    read.ok_or(Rule::NotInteger)
}

fn list(given: &Value) -> Result<&[Value], Rule> {
    match given {
        Value::Array(items) if MOST_ITEMS < items.len() => {
            Err(Rule::Scan(ScanRule::TooMany { max: MOST_ITEMS }))
        }
        Value::Array(items) => Ok(items),
        _ => Err(Rule::Scan(ScanRule::NotAList)),
    }
}

/// Whether a text is the absolute address of a web site. One with a user name in it could hold a password.
fn is_address(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

/// What is shown in place of a sealed text, and keeps it when it is sent back.
const MASK: &str = "$encrypted$";
/// The member by which a mark is known.
const MARK: &str = "$sealed";
/// Stands between a field and the turn of a name that is there more than once; no name holds it.
const TURN: char = '\u{1f}';
const ADDRESS_LENGTH: usize = 2048;
const VALUE_LENGTH: usize = 16_384;
const MOST_ITEMS: usize = 200;
const MOST_UNKNOWN: usize = 100;

#[cfg(test)]
mod tests;
