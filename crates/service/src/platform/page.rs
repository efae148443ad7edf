//! One page of a list, whether its filters are in the statement or look into documents.

use strongroom_core::Result;
use strongroom_core::id::Kind;

use super::query::PlatformQuery;
use crate::actor::Actor;
use crate::store::ReadTx;
use crate::view::Page;

/// The rows of the page that is asked for, and how many pass in all.
///
/// `load` gives the rows of ids in their order; `keep` decides by documents, and is asked only when the query
/// looks into them.
pub(super) fn page<T>(
    tx: &ReadTx<'_>,
    actor: &Actor,
    kind: Kind,
    query: &PlatformQuery,
    load: impl Fn(&[i64]) -> Result<Vec<T>>,
    keep: impl Fn(&T) -> bool,
) -> Result<Page<T>> {
    if !query.looks_into_documents() {
        let (ids, total) = tx.platform_ids(actor, kind, query, Some(query.page))?;
        return Ok(Page { items: load(&ids)?, total: Some(total) });
    }
    let (ids, _) = tx.platform_ids(actor, kind, query, None)?;
    let mut rows = load(&ids)?;
    rows.retain(keep);
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(query.page.skipped()).unwrap_or(usize::MAX);
    let wanted = usize::try_from(query.page.per_page).unwrap_or(usize::MAX);
    let items = rows.into_iter().skip(skipped).take(wanted).collect();
    Ok(Page { items, total: Some(total) })
}
