//! Filters and orders of a query, as conditions on fields.
//!
//! A name that AWX knows and this server cannot ask by is refused like one that nobody knows: a list that
//! ignored it would show too much.

use strongroom_core::clock::Timestamp;
use strongroom_service::list::{
    Field, FieldType, Filter, Group, Operand, Order, Place, Test, TextTest,
};

use super::error::{AwxError, Outcome, model};
use super::model::Model;
use super::query::Query;
use super::read::{Read, integer};
use super::time;

/// The conditions of a query.
pub(super) fn filters(model: &Model, query: &Query) -> Outcome<Vec<Filter>> {
    let mut filters = Vec::new();
    for (name, value) in query.iter() {
        match name {
            "search" => filters.extend(search(model, value, &filters)?),
            "type" => filters.extend(only_type(model, value)),
            "role_level" => return Err(role_level(model, value)),
            name if RESERVED.contains(&name) => {}
            name => filters.push(filter(model, name, value)?),
        }
    }
    Ok(filters)
}

/// The order of a query; what it leaves open the list itself decides.
pub(super) fn order(model: &Model, query: &Query) -> Outcome<Vec<Order>> {
    let wanted = query.get("order_by").or_else(|| query.get("order")).unwrap_or_default();
    let names = wanted.split(',').filter(|name| !name.is_empty());
    names
        .map(|name| {
            let bare = name.strip_prefix('-').unwrap_or(name);
            let field = field(model, &bare.split("__").collect::<Vec<_>>())?;
            Ok(Order { field, descending: bare.len() < name.len() })
        })
        .collect()
}

fn filter(model: &Model, name: &str, value: &str) -> Outcome<Filter> {
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
    // All relations here lead to one object, so conditions that are chained hold like any others.
    let name = name.strip_prefix("chain__").unwrap_or(name);
    let (name, group) =
        name.strip_prefix("or__").map_or((name, Group::All), |name| (name, Group::Any));
    let (name, negated) = name.strip_prefix("not__").map_or((name, false), |name| (name, true));
    let mut path: Vec<&str> = name.split("__").collect();
    let lookup = match path.last() {
        Some(last) if LOOKUPS.contains(last) && path.len() > 1 => path.pop().unwrap_or(EXACT),
        _ => EXACT,
    };
    let column = path.last().copied().unwrap_or_default();
    let field = field(model, &path)?;
    Ok(Filter { field, negated, group, test: test(field, column, lookup, value)? })
}

/// The field that a path of names leads to.
fn field(model: &Model, path: &[&str]) -> Outcome<Field> {
    let name = path.join("__");
    if let Some(closed) = path.iter().find(|part| model.closed.contains(part)) {
        return Err(AwxError::Detail(
            http::StatusCode::FORBIDDEN,
            format!("Filtering on {} is not allowed.", closed_name(closed)),
        ));
    }
    if let Some((_, field)) = model.fields.iter().find(|(known, _)| *known == name) {
        return Ok(*field);
    }
    Err(AwxError::bad_request(match path {
        [first, .., last] if model.fields.iter().any(|(known, _)| known == first) => {
            format!("No related model for field {}.", shortened(last))
        }
        [first, ..] => no_field(model, first),
        [] => no_field(model, ""),
    }))
}

/// Members with rules of their own are fields, columns that hold a secret are not even that.
fn closed_name(name: &str) -> String {
    if name == "password" { name.to_owned() } else { format!("field {name}") }
}

fn no_field(of: &Model, name: &str) -> String {
    format!("{} has no field named '{}'", model(of.kind), shortened(name))
}

fn test(field: Field, column: &str, lookup: &str, value: &str) -> Outcome<Test> {
    if lookup == "isnull" {
        return Ok(Test::IsNull(boolean(value)?));
    }
    if lookup == "in" {
        if value.is_empty() {
            return Err(AwxError::bad_request("cannot provide empty value for __in"));
        }
        let values = value.split(',').map(|value| operand(field, column, value));
        return Ok(Test::OneOf(values.collect::<Outcome<_>>()?));
    }
    let is_text = field.field_type() == FieldType::Text;
    if let Some((_, place, case_blind)) = TEXT_LOOKUPS.iter().find(|(name, ..)| *name == lookup) {
        if !is_text {
            return Err(unsupported(field, lookup));
        }
        let text = value.to_owned();
        return Ok(Test::Text(TextTest { place: *place, case_blind: *case_blind, text }));
    }
    if field.field_type() == FieldType::Id
        && ["none", "null"].contains(&value.to_ascii_lowercase().as_str())
    {
        return Ok(Test::IsNull(true));
    }
    let operand = |value| operand(field, column, value);
    match lookup {
        "exact" => Ok(Test::Equals(operand(value)?)),
        "lt" => Ok(Test::Less(operand(value)?)),
        "lte" => Ok(Test::LessOrEqual(operand(value)?)),
        "gt" => Ok(Test::Greater(operand(value)?)),
        "gte" => Ok(Test::GreaterOrEqual(operand(value)?)),
        _ => Err(unsupported(field, lookup)),
    }
}

fn operand(field: Field, column: &str, value: &str) -> Outcome<Operand> {
    let value_text = value;
    match field.field_type() {
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

fn unsupported(field: Field, lookup: &str) -> AwxError {
    let kind = match field.field_type() {
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
            field: *field,
            negated: false,
            group: Group::Term(taken + number),
            test: Test::Text(TextTest {
                place: Place::Anywhere,
                case_blind: true,
                text: term.clone(),
            }),
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
    (!named).then(|| Filter {
        field: Field::Id,
        negated: false,
        group: Group::All,
        test: Test::OneOf(Vec::new()),
    })
}

fn role_level(of: &Model, value: &str) -> AwxError {
    if of.roles.is_empty() {
        return AwxError::bad_request(
            "Cannot apply role_level filter to this list because its model does not use roles for access control.",
        );
    }
    if of.roles.contains(&value) {
        return AwxError::bad_request("Filtering by role_level is not supported.");
    }
    AwxError::bad_request(format!("{} has no role named '{}'", model(of.kind), shortened(value)))
}

/// At most so much of what was sent is shown again.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

const EXACT: &str = "exact";
const LOOKUPS: [&str; 17] = [
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
    "search",
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
                field: Field::Name,
                negated: true,
                group: Group::Any,
                test: Test::Text(TextTest {
                    place: Place::Anywhere,
                    case_blind: true,
                    text: "a".to_owned(),
                }),
            },
            Filter {
                field: Field::Organization,
                negated: false,
                group: Group::All,
                test: Test::IsNull(true),
            },
            Filter {
                field: Field::Id,
                negated: false,
                group: Group::All,
                test: Test::OneOf(vec![Operand::Int(1), Operand::Int(2)]),
            },
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
