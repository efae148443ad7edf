//! Lists: pages, links to the next and the previous one, and the envelope.

use std::future::Future;

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use strongroom_core::Error;
use strongroom_service::list::{Field, Filter, ListRequest, Paging, Test};
use strongroom_service::view::Page;

use super::call::Call;
use super::error::{AwxError, Outcome};
use super::filter;
use super::model::Model;
use super::query::Query;
use super::reply::shown;

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

/// The same request, for the objects of these ids only.
pub(super) fn among(mut request: ListRequest, ids: &[i64]) -> ListRequest {
    request.filters.push(Filter::that(Field::Id, Test::Ids(ids.to_vec())));
    request
}

/// The page that was asked for of a list that never holds anything.
pub(super) fn empty(call: &Call, model: &Model) -> Outcome<Response> {
    let wanted = Wanted::read(&call.query)?;
    filter::filters(model, &call.query)?;
    filter::order(model, &call.query)?;
    let number = match wanted.number {
        Number::At(number) => number,
        Number::Last => 1,
    };
    envelope(call, &wanted, number, Some(0), Vec::new())
}

/// The page that was asked for of a short list that has an order of its own, which counts unless another is asked for.
pub(super) async fn in_given_order<T, F, R>(
    call: &Call,
    model: &Model,
    ids: &[i64],
    fetch: F,
    id_of: impl Fn(&T) -> i64,
    render: impl Fn(&T) -> Outcome<Element>,
) -> Outcome<Response>
where
    F: Fn(ListRequest) -> R,
    R: Future<Output = strongroom_core::Result<Page<T>>>,
{
    let wanted = Wanted::read(&call.query)?;
    let order = filter::order(model, &call.query)?;
    let is_ordered = !order.is_empty();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let request = ListRequest {
        filters: filter::filters(model, &call.query)?,
        order,
        paging: Paging::Offset { limit, offset: 0 },
        count: false,
    };
    let mut found = fetch(among(request, ids)).await?.items;
    if !is_ordered {
        found.sort_by_key(|item| ids.iter().position(|id| *id == id_of(item)));
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let number = match wanted.number {
        Number::At(number) => number,
        Number::Last => pages(total, wanted.size),
    };
    let skip = usize::try_from((number - 1).saturating_mul(wanted.size)).unwrap_or(usize::MAX);
    let take = usize::try_from(wanted.size).unwrap_or(usize::MAX);
    let results = found.iter().skip(skip).take(take).map(render).collect::<Outcome<_>>()?;
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
