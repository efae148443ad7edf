//! Filters and orders of a query, as conditions on fields.
//!
//! A name that AWX knows and this server cannot ask by is refused like one that nobody knows: a list that
//! ignored it would show too much.

use strongroom_core::access::Role;
use strongroom_core::clock::Timestamp;
use strongroom_service::list::{
    Field, FieldType, Filter, Group, Operand, Order, Path, Pattern, Place, Relation, Test, TextTest,
};

use super::activity::model_of;
use super::error::{AwxError, Outcome, model};
use super::model::Model;
use super::query::Query;
use super::read::{Read, integer};
use super::related::{reach, resource};
use super::time;

/// The conditions of a query.
pub(super) fn filters(model: &Model, query: &Query) -> Outcome<Vec<Filter>> {
    let mut filters = Vec::new();
    let mut related = RelatedSearch::default();
    for (name, value) in query.iter() {
        match name {
            "search" => filters.extend(search(model, value, &filters)?),
            "type" => filters.extend(only_type(model, value)),
            "role_level" => filters.push(role_level(model, value)?),
            name if RESERVED.contains(&name) => {}
            name => match name.strip_suffix("__search") {
                Some(relation) => related.add(model, relation, value)?,
                None => filters.push(filter(model, name, value)?),
            },
        }
    }
    filters.extend(related.filters());
    Ok(filters)
}

/// The order of a query; what it leaves open the list itself decides.
pub(super) fn order(model: &Model, query: &Query) -> Outcome<Vec<Order>> {
    let wanted = query.get("order_by").or_else(|| query.get("order")).unwrap_or_default();
    let names = wanted.split(',').filter(|name| !name.is_empty());
    names
        .map(|name| {
            let bare = name.strip_prefix('-').unwrap_or(name);
            let reached = reach(model, &bare.split("__").collect::<Vec<_>>())?;
            let (path, field) = match (reached.field, reached.relation) {
                (Some(field), _) => (reached.path, field),
                (None, Some((_, path))) => (path, Field::Id),
                (None, None) => (reached.path, Field::Id),
            };
            if path.relations().any(Relation::is_many) {
                return Err(AwxError::bad_request(format!(
                    "Ordering by {} is not allowed.",
                    shortened(bare)
                )));
            }
            Ok(Order { path, field, descending: bare.len() < name.len() })
        })
        .collect()
}

fn filter(model: &Model, name: &str, value: &str) -> Outcome<Filter> {
    check(name, value)?;
    let (name, group) = match (name.strip_prefix("chain__"), name.strip_prefix("or__")) {
        (Some(name), _) => (name, Group::Alone),
        (None, Some(name)) => (name, Group::Any),
        (None, None) => (name, Group::All),
    };
    let (name, negated) = name.strip_prefix("not__").map_or((name, false), |name| (name, true));
    let mut names: Vec<&str> = name.split("__").collect();
    let lookup = match names.last() {
        Some(last) if LOOKUPS.contains(last) && names.len() > 1 => names.pop().unwrap_or(EXACT),
        _ => EXACT,
    };
    if names == [""] {
        return Err(AwxError::bad_request("Query string field name not provided."));
    }
    let reached = reach(model, &names)?;
    let plain = |path, field, test| Filter { path, field, negated, group, test };
    if let Some(field) = reached.field {
        let test = test(field, field.field_type(), reached.name, lookup, value)?;
        return Ok(plain(reached.path, field, test));
    }
    let (_, path) = reached.relation.ok_or_else(AwxError::not_found)?;
    // What a relation leads to is asked for by its id, and is null where it leads nowhere.
    Ok(match test(Field::Id, FieldType::Id, reached.name, lookup, value)? {
        Test::IsNull(null) => {
            Filter { negated: negated != null, ..plain(path, Field::Id, Test::IsNull(false)) }
        }
        test => plain(path, Field::Id, test),
    })
}

/// Refuses names and values that no filter has.
fn check(name: &str, value: &str) -> Outcome<()> {
    if name.is_empty() {
        return Err(AwxError::bad_request("Query string field name not provided."));
    }
    if !name.is_ascii() {
        let name = shortened(name);
        return Err(AwxError::bad_request(format!(
            "{name} is not an allowed field name. Must be ascii encodable."
        )));
    }
    if value.contains('\0') {
        return Err(AwxError::bad_request("Null characters are not allowed."));
    }
    Ok(())
}

/// Searches through relations: one of the texts must be found somewhere, or all of them when the first parameter
/// has a comma.
#[derive(Default)]
struct RelatedSearch {
    all: bool,
    terms: Vec<(String, Vec<(Path, Field)>)>,
}

impl RelatedSearch {
    fn add(&mut self, model: &Model, name: &str, value: &str) -> Outcome<()> {
        check(name, value)?;
        let reached = reach(model, &name.split("__").collect::<Vec<_>>())?;
        let Some((relation, path)) = reached.relation else {
            return Err(AwxError::bad_request(format!("{} is not searchable", shortened(name))));
        };
        let target = model_of(relation.target()).map(|target| target.fields).unwrap_or_default();
        let texts: Vec<(Path, Field)> = target
            .iter()
            .filter(|(name, _)| SEARCHED.contains(name))
            .map(|(_, field)| (path, *field))
            .collect();
        self.all |= value.contains(',');
        for term in value.split(',') {
            let known = self.terms.iter_mut().find(|(known, _)| known == term);
            match known {
                Some((_, fields)) => fields.extend(texts.iter().copied()),
                None => self.terms.push((term.to_owned(), texts.clone())),
            }
        }
        Ok(())
    }

    fn filters(self) -> impl Iterator<Item = Filter> {
        let all = self.all;
        self.terms.into_iter().enumerate().flat_map(move |(number, (text, fields))| {
            let group = Group::Term(RELATED_TERMS + if all { number } else { 0 });
            fields.into_iter().map(move |(path, field)| Filter {
                path,
                field,
                negated: false,
                group,
                test: containing(&text),
            })
        })
    }
}

fn containing(text: &str) -> Test {
    let text = text.to_owned();
    Test::Text(TextTest { place: Place::Anywhere, case_blind: true, text })
}

fn test(field: Field, kind: FieldType, name: &str, lookup: &str, value: &str) -> Outcome<Test> {
    if lookup == "isnull" {
        return Ok(Test::IsNull(boolean(value)?));
    }
    if lookup == "in" {
        if value.is_empty() {
            return Err(AwxError::bad_request("cannot provide empty value for __in"));
        }
        let values = value.split(',').map(|value| operand(kind, name, value));
        return Ok(Test::OneOf(values.collect::<Outcome<_>>()?));
    }
    if lookup == "iexact" && kind != FieldType::Text {
        return Err(AwxError::bad_request(format!(
            "{name} is not a text field and cannot be filtered by case-insensitive search"
        )));
    }
    let as_text = match kind {
        FieldType::Text => true,
        FieldType::Integer => {
            if TEXT_LOOKUPS.iter().any(|(name, ..)| *name == lookup) {
                operand(kind, name, value)?;
            }
            true
        }
        FieldType::Id | FieldType::Boolean | FieldType::Time => false,
    };
    if let Some((_, place, case_blind)) = TEXT_LOOKUPS.iter().find(|(name, ..)| *name == lookup) {
        if !as_text {
            return Err(unsupported(kind, lookup));
        }
        let text = value.to_owned();
        return Ok(Test::Text(TextTest { place: *place, case_blind: *case_blind, text }));
    }
    if let "regex" | "iregex" = lookup {
        if !as_text {
            return Err(unsupported(kind, lookup));
        }
        let pattern = Pattern::new(value, lookup == "iregex").map_err(AwxError::bad_request)?;
        return Ok(Test::Matches(pattern));
    }
    if kind == FieldType::Id && ["none", "null"].contains(&value.to_ascii_lowercase().as_str()) {
        return Ok(Test::IsNull(true));
    }
    let operand = |value| operand(kind, name, value);
    debug_assert!(field.field_type() == kind || kind == FieldType::Id);
    match lookup {
        "exact" => Ok(Test::Equals(operand(value)?)),
        "lt" => Ok(Test::Less(operand(value)?)),
        "lte" => Ok(Test::LessOrEqual(operand(value)?)),
        "gt" => Ok(Test::Greater(operand(value)?)),
        "gte" => Ok(Test::GreaterOrEqual(operand(value)?)),
        _ => Err(unsupported(kind, lookup)),
    }
}

fn operand(kind: FieldType, column: &str, value: &str) -> Outcome<Operand> {
    let value_text = value;
    match kind {
        FieldType::Text => Ok(Operand::Text(value.to_owned())),
        FieldType::Boolean => Ok(Operand::Bool(boolean(value)?)),
        FieldType::Integer => match integer(&value.into()) {
            Read::Integer(number) => Ok(Operand::Int(number)),
            // No row holds a number that large, nor one that small.
            Read::Beyond(_) => Ok(Operand::Int(i64::MIN)),
            Read::Other => Err(AwxError::bad_request(format!(
                "[\"“{}” value must be an integer.\"]",
                shortened(value_text)
            ))),
        },
        FieldType::Id => match integer(&value.into()) {
            Read::Integer(id) => Ok(Operand::Int(id)),
            Read::Beyond(_) => Ok(Operand::Int(i64::MIN)),
            Read::Other => Err(AwxError::bad_request(format!(
                "Invalid {column} id: {}",
                shortened(value_text)
            ))),
        },
        FieldType::Time => match time::parse(value) {
            Some(at) => Ok(Operand::from(Timestamp::from_micros(at))),
            None => Err(AwxError::bad_request(format!(
                "[\"“{}” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.\"]",
                shortened(value_text)
            ))),
        },
    }
}

fn boolean(value: &str) -> Outcome<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" => Ok(true),
        "false" | "0" | "f" => Ok(false),
        _ => Err(AwxError::bad_request(format!(
            "Unable to convert \"{}\" to boolean",
            shortened(value)
        ))),
    }
}

fn unsupported(kind: FieldType, lookup: &str) -> AwxError {
    let kind = match kind {
        FieldType::Integer => "IntegerField",
        FieldType::Id => "ForeignKey",
        FieldType::Boolean => "BooleanField",
        FieldType::Text => "CharField",
        FieldType::Time => "DateTimeField",
    };
    AwxError::bad_request(format!(
        "Unsupported lookup '{lookup}' for {kind} or join on the field not permitted."
    ))
}

/// Every term must be found in one of the fields.
fn search(model: &Model, value: &str, before: &[Filter]) -> Outcome<Vec<Filter>> {
    if value.contains('\0') {
        return Err(AwxError::bad_request("Null characters are not allowed."));
    }
    let taken = before.len();
    let in_fields = |(number, term): (usize, String)| {
        model.searched.iter().map(move |(_, field)| Filter {
            group: Group::Term(taken + number),
            ..Filter::that(*field, containing(&term))
        })
    };
    let terms = terms(value);
    if model.searched.is_empty() && !terms.is_empty() {
        return Err(AwxError::bad_request("search is not searchable"));
    }
    Ok(terms.into_iter().enumerate().flat_map(in_fields).collect())
}

/// The words of a search: parted by white space and commas, but for what stands in quotation marks.
fn terms(value: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quote = None;
    for character in value.chars() {
        match quote {
            Some(mark) if mark == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if character.is_whitespace() || character == ',' => terms.push(String::new()),
            Some(_) | None => push(&mut terms, character),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

fn push(terms: &mut [String], character: char) {
    if let Some(term) = terms.last_mut() {
        term.push(character);
    }
}

/// A list whose type is not among those named is empty.
fn only_type(model: &Model, value: &str) -> Option<Filter> {
    let named = value.split(',').any(|word| word.trim() == model.word);
    (!named).then(|| Filter::that(Field::Id, Test::Ids(Vec::new())))
}

/// Only what the caller holds that role on.
fn role_level(of: &Model, value: &str) -> Outcome<Filter> {
    if of.roles.is_empty() {
        return Err(AwxError::bad_request(
            "Cannot apply role_level filter to this list because its model does not use roles for access control.",
        ));
    }
    let known = of.roles.contains(&value).then(|| resource(of.kind)).flatten();
    let role = known.and_then(|kind| Role::from_word(kind, value)).ok_or_else(|| {
        let value = shortened(value);
        AwxError::bad_request(format!("{} has no role named '{value}'", model(of.kind)))
    })?;
    Ok(Filter::that(Field::Id, Test::Held(role)))
}

/// At most so much of what was sent is shown again.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What a search through a relation looks into, where the related kind of object has it.
const SEARCHED: [&str; 6] = ["username", "first_name", "last_name", "email", "name", "description"];
/// The groups of searches through relations, apart from those of the plain search.
const RELATED_TERMS: usize = 1 << 32;
const EXACT: &str = "exact";
const LOOKUPS: [&str; 16] = [
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "regex",
    "iregex",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "isnull",
];
const TEXT_LOOKUPS: [(&str, Place, bool); 7] = [
    ("iexact", Place::Whole, true),
    ("contains", Place::Anywhere, false),
    ("icontains", Place::Anywhere, true),
    ("startswith", Place::Start, false),
    ("istartswith", Place::Start, true),
    ("endswith", Place::End, false),
    ("iendswith", Place::End, true),
];
const RESERVED: [&str; 10] = [
    "page",
    "page_size",
    "format",
    "order",
    "order_by",
    "host_filter",
    "count_disabled",
    "no_truncate",
    "limit",
    "validate",
];

#[cfg(test)]
mod tests {
    use super::super::credential;
    use super::*;
    use proptest::prelude::*;

    fn said(query: &str) -> String {
        match filters(&credential::MODEL, &Query::parse(query)) {
            Err(AwxError::Detail(_, text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn prefixes_and_lookups_are_read() {
        let read = filters(
            &credential::MODEL,
            &Query::parse("or__not__name__icontains=a&organization=none&id__in=1,2"),
        );
        let expected = [
            Filter {
                path: Path::HERE,
                field: Field::Name,
                negated: true,
                group: Group::Any,
                test: Test::Text(TextTest {
                    place: Place::Anywhere,
                    case_blind: true,
                    text: "a".to_owned(),
                }),
            },
            Filter::that(Field::Organization, Test::IsNull(true)),
            Filter::that(Field::Id, Test::OneOf(vec![Operand::Int(1), Operand::Int(2)])),
        ];
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_asked_is_refused_in_so_many_words() {
        for (query, text) in [
            ("bogus=1", "Credential has no field named 'bogus'"),
            ("kind=ssh", "Credential has no field named 'kind'"),
            ("name__bogus=1", "No related model for field bogus."),
            ("inputs__icontains=root", "Filtering on field inputs is not allowed."),
            ("credential_type__inputs__icontains=x", "Filtering on field inputs is not allowed."),
            ("=1", "Query string field name not provided."),
            ("organization=abc", "Invalid organization id: abc"),
            ("id__in=", "cannot provide empty value for __in"),
            ("managed=maybe", "Unable to convert \"maybe\" to boolean"),
            ("id=abc", "[\"“abc” value must be an integer.\"]"),
            (
                "organization__regex=x",
                "Unsupported lookup 'regex' for ForeignKey or join on the field not permitted.",
            ),
            ("role_level=bogus", "Credential has no role named 'bogus'"),
            ("name=%00", "Null characters are not allowed."),
        ] {
            assert_eq!(said(query), text, "{query}");
        }
        let long = format!("managed={}", "x".repeat(500));
        assert!(said(&long).len() < 120);
    }

    #[test]
    fn a_search_parts_words_but_not_phrases() {
        assert_eq!(terms("a b,c"), ["a", "b", "c"]);
        assert_eq!(terms("\"a b\" 'c,d'"), ["a b", "c,d"]);
        assert!(terms(" , ").is_empty());
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "[a-z_=&,\"%0-9]{0,60}") {
            let query = Query::parse(&query);
            let read = filters(&credential::MODEL, &query);
            prop_assert!(read.is_ok() || matches!(read, Err(AwxError::Detail(..))));
            prop_assert!(order(&credential::MODEL, &query).is_ok() || query.get("order_by").is_some() || query.get("order").is_some());
        }
    }
}
