//! A page of a list, with the links to the others.

use std::collections::BTreeMap;

use axum::response::Response;
use form_urlencoded::Serializer;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_service::view::Page;

use super::auth::Caller;
use super::error::JSON;
use super::query::Listing;
use super::wire::Link;
use crate::answer;

#[derive(Debug, Serialize)]
struct Document {
    pagination: Pagination,
    resources: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize, PartialEq)]
struct Pagination {
    total_results: i64,
    total_pages: i64,
    first: Link,
    last: Link,
    next: Option<Link>,
    previous: Option<Link>,
}

/// The page that was asked for of the list at a path.
pub(super) fn shown<T>(
    caller: &Caller,
    path: &str,
    listing: &Listing,
    found: Page<T>,
    included: Option<Map<String, Value>>,
    render: impl Fn(T) -> Value,
) -> Response {
    let total = found.total.unwrap_or_default();
    let asked = listing.query.page;
    let url = format!("{}{path}", caller.base);
    let pagination = pagination(&url, &listing.repeated, (asked.number, asked.per_page), total);
    let resources = found.items.into_iter().map(render).collect();
    answer::json(StatusCode::OK, JSON, &Document { pagination, resources, included })
}

fn pagination(
    url: &str,
    repeated: &BTreeMap<String, String>,
    (number, per_page): (i64, i64),
    total: i64,
) -> Pagination {
    let total_pages = (total.max(1) - 1) / per_page + 1;
    let link = |number: i64| {
        let mut parameters = repeated.clone();
        parameters.insert("page".to_owned(), number.to_string());
        let query = Serializer::new(String::new()).extend_pairs(&parameters).finish();
        Link::to(format!("{url}?{query}"))
    };
    Pagination {
        total_results: total,
        total_pages,
        first: link(1),
        last: link(total_pages),
        next: (number < total_pages).then(|| link(number + 1)),
        previous: (1 < number).then(|| link(number - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_repeat_what_was_asked_sorted_and_encoded() {
        let repeated = BTreeMap::from([
            ("label_selector".to_owned(), "foo in (bar)".to_owned()),
            ("guids".to_owned(), "a,b".to_owned()),
            ("order_by".to_owned(), "+created_at".to_owned()),
            ("per_page".to_owned(), "2".to_owned()),
        ]);
        let page = pagination("https://host/v3/x", &repeated, (2, 2), 5);
        let href = "https://host/v3/x?guids=a%2Cb&label_selector=foo+in+%28bar%29\
                    &order_by=%2Bcreated_at&page=3&per_page=2";
        assert_eq!(page.next, Some(Link::to(href.to_owned())));
        assert_eq!(page.next, Some(page.last));
        assert_eq!(page.previous, Some(page.first));
    }

    proptest! {
        #[test]
        fn there_is_a_next_page_exactly_where_elements_are_left(
            number in 1_i64..20, per_page in 1_i64..10, total in 0_i64..60,
        ) {
            let page = pagination("u", &BTreeMap::new(), (number, per_page), total);
            prop_assert!(1 <= page.total_pages);
            prop_assert_eq!(page.next.is_some(), number * per_page < total);
            prop_assert_eq!(page.previous.is_some(), 1 < number);
        }
    }
}
