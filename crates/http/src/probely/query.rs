//! The parameters behind the question mark. What is not known is ignored, as the framework does.

use std::collections::BTreeSet;

use http::StatusCode;
use http::Uri;
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::faultless;
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::ShortId;
use strongroom_core::scan::ScanKind;
use strongroom_service::{
    AccountAuditQuery, AccountField, AccountOrder, AccountPart, CredentialQuery, ScanQuery,
};

use super::error::ProbelyError;
use super::words;

/// The parameters of a request, decoded, in order.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Counted from 1.
    pub(super) page: i64,
    /// The most elements of a page.
    pub(super) length: i64,
}

impl Query {
    /// Reads the query of a request.
    pub(super) fn read(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Which page is asked for: 404 for one that can be none.
    pub(super) fn wanted(&self) -> Result<Wanted, ProbelyError> {
        let page = self.last("page").filter(|text| !text.is_empty());
        let page = page.map_or(Some(1), |text| text.trim().parse::<i64>().ok());
        let page = page.filter(|page| (1..=LAST_PAGE).contains(page)).ok_or_else(no_page)?;
        let length = self.last("length").and_then(|text| text.trim().parse::<i64>().ok());
        let length = length.filter(|length| 0 < *length).unwrap_or(USUAL).min(MOST);
        Ok(Wanted { page, length })
    }

    /// The part of a list by name that a page is.
    pub(super) fn part(&self, wanted: Wanted) -> AccountPart {
        let descending = self.order().any(|(name, descending)| name == "name" && descending);
        AccountPart {
            search: self.last("search").unwrap_or_default().trim().replace('\0', ""),
            descending,
            limit: wanted.length,
            offset: (wanted.page - 1).saturating_mul(wanted.length),
        }
    }

    /// What is asked of the list of credentials.
    pub(super) fn credentials(&self, wanted: Wanted) -> CredentialQuery {
        let mut order: Vec<AccountOrder> = Vec::new();
        for (name, descending) in self.order() {
            let field = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
            // A field that was named before decides nothing any more.
            let field = field.filter(|field| order.iter().all(|known| known.field != *field));
            order.extend(field.map(|field| AccountOrder { field, descending }));
        }
        CredentialQuery {
            ids: self.all("id"),
            teams: self.all("team"),
            is_sensitive: self.boolean("is_sensitive"),
            checks_ids: self.boolean("is_id_404_validation").unwrap_or(false),
            order,
            part: self.part(wanted),
        }
    }

    /// What is asked of a list of targets, sequences, extra hosts or domains.
    pub(super) fn scans(
        &self,
        kind: ScanKind,
        target: Option<ShortId>,
        wanted: Wanted,
    ) -> ScanQuery {
        let first = self.order().next().unwrap_or_default();
        let by_change = first.0 == "changed";
        ScanQuery {
            kind,
            target,
            ids: self.all("id"),
            labels: self.all("label").into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            all_labels: self.last("label_logical_operator").is_some_and(|word| word == "and"),
            checks_ids: self.boolean("is_id_404_validation").unwrap_or(false),
            by_change,
            descending: (by_change || first.0 == "name") && first.1,
            with_target: self.includes("target"),
            part: self.part(wanted),
        }
    }

    /// Whether an answer is to hold a part that it holds only when asked.
    pub(super) fn includes(&self, part: &str) -> bool {
        self.all("include").iter().any(|known| known == part)
    }

    /// What is asked of the audit log.
    pub(super) fn audit(&self) -> Result<AccountAuditQuery, ProbelyError> {
        let mut faults = Vec::new();
        let mut moment = |name: &'static str| {
            let text = self.last(name).map(str::trim).filter(|text| !text.is_empty())?;
            let read = point(text);
            if read.is_none() {
                faults.push(Violation::new(name, Rule::NotAFutureTime));
            }
            read
        };
        let (start, end) = (moment("start"), moment("end"));
        faultless(faults)?;
        Ok(AccountAuditQuery {
            users: self.all("user"),
            start,
            end,
            object_id: self.last("object_id").filter(|id| !id.is_empty()).map(str::to_owned),
            model: self.last("object_model").filter(|word| !word.is_empty()).map(str::to_owned),
        })
    }

    /// A boolean, in any of its spellings; anything else says nothing.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        let text = self.last(name)?.trim().to_ascii_lowercase();
        match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// The names in the wanted order, and whether each is greatest first.
    fn order(&self) -> impl Iterator<Item = (&str, bool)> {
        let names = self.last("ordering").unwrap_or_default().split(',').map(str::trim);
        names.map(|name| name.strip_prefix('-').map_or((name, false), |name| (name, true)))
    }

    fn last(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let found = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone()).collect()
    }
}

/// A date, which is its first moment in UTC, or a moment; in UTC where it names no zone.
fn point(text: &str) -> Option<Timestamp> {
    // A plus sign that a client did not encode arrives as a blank.
    let text = text.replace(' ', "+");
    let moment = match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let at = text.parse::<jiff::civil::DateTime>().ok()?;
            at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// 404 for a page that is not there.
pub(super) fn no_page() -> ProbelyError {
    ProbelyError::Detail(StatusCode::NOT_FOUND, words::NO_PAGE.to_owned())
}

/// The names by which credentials can be ordered.
const FIELDS: [(&str, AccountField); 6] = [
    ("name", AccountField::Name),
    ("created_at", AccountField::Created),
    ("updated_at", AccountField::Modified),
    ("changed", AccountField::Modified),
    ("is_sensitive", AccountField::IsSensitive),
    ("usage_count", AccountField::UsageCount),
];
const USUAL: i64 = 10;
const MOST: i64 = 1000;
/// No list is so long that a later page could be there.
const LAST_PAGE: i64 = i64::MAX / MOST;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(text: &str) -> Query {
        Query::read(&Uri::try_from(format!("/credentials/?{text}")).unwrap())
    }

    #[test]
    fn pages_and_lengths_are_read() {
        for (text, read) in [
            ("", Some((1, 10))),
            ("page=", Some((1, 10))),
            ("page=3&length=50", Some((3, 50))),
            ("length=0", Some((1, 10))),
            ("length=-5", Some((1, 10))),
            ("length=x", Some((1, 10))),
            ("length=5000", Some((1, 1000))),
            ("page=1&page=2", Some((2, 10))),
            ("page=0", None),
            ("page=-1", None),
            ("page=x", None),
            ("page=99999999999999999999", None),
        ] {
            let wanted = query(text).wanted().ok().map(|wanted| (wanted.page, wanted.length));
            assert_eq!(wanted, read, "{text}");
        }
    }

    #[test]
    fn booleans_have_the_spellings_of_two_languages() {
        for (text, read) in [
            ("x=True", Some(true)),
            ("x=TRUE", Some(true)),
            ("x=1", Some(true)),
            ("x=False", Some(false)),
            ("x=0", Some(false)),
            ("x=yes", None),
            ("x=", None),
            ("", None),
        ] {
            assert_eq!(query(text).boolean("x"), read, "{text}");
        }
    }

    #[test]
    fn an_order_that_is_not_known_is_ignored() {
        let wanted = Wanted { page: 2, length: 10 };
        let read = query("ordering=-changed,nothing,name&id=a&id=b&search=%20x%20");
        let read = read.credentials(wanted);
        assert_eq!(
            read.order,
            [
                AccountOrder { field: AccountField::Modified, descending: true },
                AccountOrder { field: AccountField::Name, descending: false },
            ]
        );
        assert_eq!(
            (read.ids, read.part.offset, read.part.search),
            (vec!["a".to_owned(), "b".to_owned()], 10, "x".to_owned())
        );
        assert!(query("ordering=-name").part(wanted).descending);
        let long = "-name,name,changed,updated_at,".repeat(1000);
        assert_eq!(query(&format!("ordering={long}")).credentials(wanted).order.len(), 2);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_a_page_keeps_its_limits(text in "[a-z0-9=&%+-]{0,40}") {
            if let Ok(wanted) = query(&text).wanted() {
                prop_assert!(0 < wanted.page && (1..=MOST).contains(&wanted.length));
                prop_assert!(0 <= query(&text).part(wanted).offset);
            }
        }
    }
}
