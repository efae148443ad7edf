//! Filters and orders on elements that are in memory, with the meaning that they have in the store.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use strongroom_service::list::{Field, Filter, Group, Operand, Order, Place, Test, TextTest};

/// Whether an element meets the conditions; `value` tells the value of a field, or that it is null.
pub(super) fn admits(filters: &[Filter], value: impl Fn(Field) -> Option<Operand>) -> bool {
    let mut any: BTreeMap<Option<usize>, bool> = BTreeMap::new();
    for filter in filters {
        let holds = meets(&filter.test, value(filter.field).as_ref()) != filter.negated;
        match filter.group {
            Group::All if !holds => return false,
            Group::All => {}
            Group::Any => *any.entry(None).or_default() |= holds,
            Group::Term(number) => *any.entry(Some(number)).or_default() |= holds,
        }
    }
    any.into_values().all(|one_holds| one_holds)
}

/// How two elements stand to each other; `values` tells the values of both, null after everything else.
pub(super) fn compare(
    order: &[Order],
    values: impl Fn(Field) -> (Option<Operand>, Option<Operand>),
) -> Ordering {
    let ordered = order.iter().map(|order| {
        let (one, other) = values(order.field);
        let ordering = match (&one, &other) {
            (Some(one), Some(other)) => compare_values(one, other).unwrap_or(Ordering::Equal),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        if order.descending { ordering.reverse() } else { ordering }
    });
    ordered.fold(Ordering::Equal, Ordering::then)
}

/// Nothing but the test for null holds of null.
fn meets(test: &Test, value: Option<&Operand>) -> bool {
    let Some(value) = value else {
        return *test == Test::IsNull(true);
    };
    let is = |operand: &Operand, wanted: &[Ordering]| {
        compare_values(value, operand).is_some_and(|ordering| wanted.contains(&ordering))
    };
    match test {
        Test::Equals(operand) => value == operand,
        Test::OneOf(operands) => operands.contains(value),
        Test::Less(operand) => is(operand, &[Ordering::Less]),
        Test::LessOrEqual(operand) => is(operand, &[Ordering::Less, Ordering::Equal]),
        Test::Greater(operand) => is(operand, &[Ordering::Greater]),
        Test::GreaterOrEqual(operand) => is(operand, &[Ordering::Greater, Ordering::Equal]),
        Test::IsNull(null) => !null,
        Test::Text(test) => match value {
            Operand::Text(text) => has(text, test),
            Operand::Int(_) | Operand::Bool(_) => false,
        },
    }
}

fn has(text: &str, test: &TextTest) -> bool {
    let (text, part) = match test.case_blind {
        true => (text.to_ascii_lowercase(), test.text.to_ascii_lowercase()),
        false => (text.to_owned(), test.text.clone()),
    };
    match test.place {
        Place::Whole => text == part,
        Place::Anywhere => text.contains(&part),
        Place::Start => text.starts_with(&part),
        Place::End => text.ends_with(&part),
    }
}

fn compare_values(one: &Operand, other: &Operand) -> Option<Ordering> {
    match (one, other) {
        (Operand::Int(one), Operand::Int(other)) => Some(one.cmp(other)),
        (Operand::Bool(one), Operand::Bool(other)) => Some(one.cmp(other)),
        (Operand::Text(one), Operand::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(group: Group, test: Test) -> Filter {
        Filter { field: Field::Name, negated: false, group, test }
    }

    fn name(text: &str) -> impl Fn(Field) -> Option<Operand> {
        let text = text.to_owned();
        move |_| Some(Operand::Text(text.clone()))
    }

    #[test]
    fn all_plain_conditions_hold_and_one_of_each_group() {
        let equals = |text: &str| Test::Equals(Operand::Text(text.to_owned()));
        let any = [filter(Group::Any, equals("a")), filter(Group::Any, equals("b"))];
        assert!(admits(&any, name("b")));
        assert!(!admits(&any, name("c")));
        let all = [filter(Group::All, equals("a")), filter(Group::All, Test::IsNull(false))];
        assert!(admits(&all, name("a")));
        assert!(!admits(&all, |_| None));
        let not = [Filter { negated: true, ..filter(Group::All, equals("a")) }];
        assert!(admits(&not, |_| None));
    }

    #[test]
    fn texts_are_found_with_and_without_regard_to_case() {
        let part =
            |place, case_blind| Test::Text(TextTest { place, case_blind, text: "SH".to_owned() });
        for (test, expected) in [
            (part(Place::Anywhere, true), true),
            (part(Place::Anywhere, false), false),
            (part(Place::End, true), true),
            (part(Place::Start, true), false),
            (part(Place::Whole, true), false),
        ] {
            assert_eq!(admits(&[filter(Group::All, test)], name("ssh")), expected);
        }
    }
}
