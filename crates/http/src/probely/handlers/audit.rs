//! The account's part of the audit log, as a table with commas.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode, Uri};
use strongroom_service::AccountAuditRow;

use super::Answer;
use crate::probely::auth::Caller;
use crate::probely::email;
use crate::probely::query::Query;
use crate::probely::wire::time;

pub(in crate::probely) async fn export(Caller { room, actor }: Caller, uri: Uri) -> Answer {
    let query = Query::read(&uri).audit()?;
    let rows = room.list_account_audit(&actor, query).await?;
    let mut text = format!("{}\r\n", COLUMNS.join(","));
    for row in &rows {
        let AccountAuditRow { at, action, model, object_id, field, old, new, .. } = row;
        let at = time(*at);
        let cells = [who(row), &at, *action, *model, object_id, field, old, new];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    Ok(table(text))
}

/// The address, where it is one that is shown anywhere here, else the user name.
fn who(row: &AccountAuditRow) -> &str {
    match email::shown(&row.user_email) {
        "" => &row.user_name,
        address => address,
    }
}

fn table(text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"auditlog.csv\"")),
    ];
    (StatusCode::OK, headers, Body::from(text)).into_response()
}

/// A cell that no spreadsheet takes for a formula, quoted where it must be.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

const COLUMNS: [&str; 8] = [
    "user_email",
    "date",
    "action",
    "object_model",
    "object_id",
    "field",
    "old_value",
    "new_value",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_leaves_its_place() {
        for (text, shown) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "'\t=1"),
            ("\r\n", "\"'\r\n\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }
}
