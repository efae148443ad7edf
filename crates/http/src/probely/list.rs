//! The envelope of every list.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use strongroom_service::view::Page;

use super::error::ProbelyError;
use super::query::{Wanted, no_page};
use crate::answer::{self, JSON};

#[derive(Serialize)]
struct Envelope<T> {
    count: i64,
    page_total: i64,
    page: i64,
    length: i64,
    results: Vec<T>,
}

/// A page in its envelope: 404 for one beyond the last. An empty list has one page.
pub(super) fn shown<'a, T, E: Serialize>(
    page: &'a Page<T>,
    wanted: Wanted,
    render: impl Fn(&'a T) -> E,
) -> Result<Response, ProbelyError> {
    let count = page.total.unwrap_or_default();
    let page_total = pages(count, wanted.length);
    if page_total < wanted.page {
        return Err(no_page());
    }
    let results = page.items.iter().map(render).collect();
    let Wanted { page, length } = wanted;
    let envelope = Envelope { count, page_total, page, length, results };
    Ok(answer::json(StatusCode::OK, JSON, &envelope))
}

/// How many pages so many elements fill.
const fn pages(count: i64, length: i64) -> i64 {
    if count <= 0 { 1 } else { (count - 1) / length + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_page_holds_the_last_element(count in 0_i64..10_000, length in 1_i64..=1000) {
            let last = pages(count, length);
            prop_assert!((last - 1) * length < count.max(1));
            prop_assert!(count <= last * length);
        }
    }
}
