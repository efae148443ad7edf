//! Lists: pages, links to the next and the previous one, and the envelope.

use std::future::Future;

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use strongroom_core::Error;
use strongroom_service::list::{Field, ListRequest, Operand, Paging};
use strongroom_service::view::Page;

use super::call::Call;
use super::error::{AwxError, Outcome};
use super::model::Model;
use super::query::Query;
use super::reply::shown;
use super::{filter, held};

/// An element of a list, written already.
pub(super) type Element = Box<RawValue>;

/// Writes an element.
pub(super) fn element(object: &impl Serialize) -> Outcome<Element> {
    Ok(to_raw_value(object).map_err(Error::internal)?)
}

/// A list as it is sent.
#[derive(Debug, Serialize)]
struct Envelope {
    count: i64,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Element>,
}

/// A list that was not counted.
#[derive(Debug, Serialize)]
struct Uncounted {
    results: Vec<Element>,
}

/// The page that was asked for of a list that the store filters, orders and cuts.
pub(super) async fn page<T, F, R>(
    call: &Call,
    model: &Model,
    fetch: F,
    render: impl Fn(&T) -> Outcome<Element>,
) -> Outcome<Response>
where
    F: Fn(ListRequest) -> R,
    R: Future<Output = strongroom_core::Result<Page<T>>>,
{
    let wanted = Wanted::read(&call.query)?;
    let request = ListRequest {
        filters: filter::filters(model, &call.query)?,
        order: filter::order(model, &call.query)?,
        paging: Paging::Offset { limit: wanted.size, offset: 0 },
        count: wanted.counted,
    };
    let number = match wanted.number {
        Number::At(number) => number,
        Number::Last => {
            let paging = Paging::Offset { limit: 1, offset: 0 };
            let counted = fetch(ListRequest { paging, count: true, ..request.clone() }).await?;
            pages(counted.total.unwrap_or_default(), wanted.size)
        }
    };
    let offset = (number - 1).saturating_mul(wanted.size);
    let found =
        fetch(ListRequest { paging: Paging::Offset { limit: wanted.size, offset }, ..request })
            .await?;
    let results = found.items.iter().map(render).collect::<Outcome<_>>()?;
    envelope(call, &wanted, number, found.total, results)
}

/// The page that was asked for of a short list that is there as a whole, in its own order.
///
/// `value` tells the value of a field; what it does not know is null.
pub(super) fn whole<T>(
    call: &Call,
    model: &Model,
    elements: &[T],
    value: impl Fn(&T, Field) -> Option<Operand>,
    render: impl Fn(&T) -> Outcome<Element>,
) -> Outcome<Response> {
    let wanted = Wanted::read(&call.query)?;
    let filters = filter::filters(model, &call.query)?;
    let order = filter::order(model, &call.query)?;
    let mut admitted: Vec<&T> = elements
        .iter()
        .filter(|element| held::admits(&filters, |field| value(element, field)))
        .collect();
    admitted.sort_by(|one, other| {
        held::compare(&order, |field| (value(one, field), value(other, field)))
    });
    let total = i64::try_from(admitted.len()).unwrap_or(i64::MAX);
    let number = match wanted.number {
        Number::At(number) => number,
        Number::Last => pages(total, wanted.size),
    };
    let skip = usize::try_from((number - 1).saturating_mul(wanted.size)).unwrap_or(usize::MAX);
    let take = usize::try_from(wanted.size).unwrap_or(usize::MAX);
    let results = admitted.into_iter().skip(skip).take(take).map(render).collect::<Outcome<_>>()?;
    envelope(call, &wanted, number, wanted.counted.then_some(total), results)
}

fn envelope(
    call: &Call,
    wanted: &Wanted,
    number: i64,
    total: Option<i64>,
    results: Vec<Element>,
) -> Outcome<Response> {
    let Some(count) = total.filter(|_| wanted.counted) else {
        return Ok(shown(&Uncounted { results }));
    };
    let last = pages(count, wanted.size);
    if last < number {
        return Err(no_such_page());
    }
    let link = |number: i64| {
        let mut changes = vec![("page", number.to_string())];
        if wanted.capped {
            changes.push(("page_size", MAX_SIZE.to_string()));
        }
        format!("{}?{}", call.path, call.query.with(&changes))
    };
    Ok(shown(&Envelope {
        count,
        next: (number < last).then(|| link(number + 1)),
        previous: (1 < number).then(|| link(number - 1)),
        results,
    }))
}

/// How many pages so many elements fill; an empty list has one.
fn pages(count: i64, size: i64) -> i64 {
    (count.max(1) - 1) / size.max(1) + 1
}

/// What a query says about pages.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    number: Number,
    size: i64,
    capped: bool,
    counted: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Number {
    At(i64),
    Last,
}

impl Wanted {
    fn read(query: &Query) -> Outcome<Self> {
        let number = match query.get("page").map(str::trim) {
            None | Some("") => Number::At(1),
            Some("last") => Number::Last,
            Some(text) => match text.parse::<i64>() {
                Ok(number) if 0 < number => Number::At(number),
                _ => return Err(no_such_page()),
            },
        };
        let size = match query.get("page_size").map(|text| text.trim().parse::<i64>()) {
            None => DEFAULT_SIZE,
            Some(Ok(size)) if size < 1 => DEFAULT_SIZE,
            Some(Ok(size)) => size,
            Some(Err(_)) => return Err(AwxError::bad_request("Invalid page size.")),
        };
        let counted = query.get("count_disabled").is_none_or(str::is_empty);
        Ok(Self { number, size: size.min(MAX_SIZE), capped: MAX_SIZE < size, counted })
    }
}

fn no_such_page() -> AwxError {
    AwxError::Detail(StatusCode::NOT_FOUND, "Invalid page.".to_owned())
}

const DEFAULT_SIZE: i64 = 25;
/// The most elements of a page.
pub(super) const MAX_SIZE: i64 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(query: &str) -> Option<(Number, i64, bool)> {
        Wanted::read(&Query::parse(query))
            .ok()
            .map(|wanted| (wanted.number, wanted.size, wanted.capped))
    }

    #[test]
    fn sizes_and_numbers_are_read_as_recorded() {
        for (query, expected) in [
            ("", Some((Number::At(1), 25, false))),
            ("page=&page_size=0", Some((Number::At(1), 25, false))),
            ("page=last&page_size=-3", Some((Number::Last, 25, false))),
            ("page=2&page_size=500", Some((Number::At(2), 200, true))),
            ("page=0", None),
            ("page=x", None),
            ("page_size=", None),
            ("page_size=abc", None),
        ] {
            assert_eq!(wanted(query), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn the_last_page_holds_the_last_element(count in 0_i64..10_000, size in 1_i64..200) {
            let last = pages(count, size);
            prop_assert!((last - 1) * size < count.max(1));
            prop_assert!(count <= last * size);
        }
    }
}
