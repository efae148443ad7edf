//! The parameters of a list: which it takes, what is wrong with them, and the query that they mean.

use std::collections::BTreeMap;

use http::Uri;
use percent_encoding::percent_decode_str;
use strongroom_core::id::Guid;
use strongroom_core::platform::{LabelSelector, SelectorFault};
use strongroom_service::platform::query::{
    Comparison, Order, PlatformFilter, PlatformQuery, Related, TextField, TimeField,
};

use super::error::CfError;
use super::words::{brief, titled};

/// What a list takes.
#[derive(Debug)]
pub(super) struct ListSpec {
    /// Its parameters besides the pages and times, in the order in which faults tell them.
    pub(super) parameters: &'static [(&'static str, Meaning)],
    /// The fields of its order.
    pub(super) orders: &'static [&'static str],
    /// The related objects that can be included.
    pub(super) includes: &'static [&'static str],
}

/// What a parameter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Guids of the objects themselves.
    Guids,
    /// Guids of what the objects belong to.
    Related(Related),
    /// Texts.
    Texts(TextField),
    /// Some of these words.
    Words(TextField, &'static [&'static str]),
    /// Locations, whose hosts are compared in lower case.
    Locations,
    /// Parts of user names.
    Containing,
    /// A word that all of them have.
    Always(&'static str),
    /// Kinds of lifecycle.
    Lifecycles,
    /// Stacks.
    Stacks,
    /// Labels.
    Labels,
    /// Related objects to include.
    Include,
}

/// A list that is asked for.
#[derive(Debug)]
pub(super) struct Listing {
    /// The query.
    pub(super) query: PlatformQuery,
    /// The related objects to include.
    pub(super) include: Vec<String>,
    /// The parameters to repeat in links, the page aside.
    pub(super) repeated: BTreeMap<String, String>,
}

impl Listing {
    /// Reads the parameters of a list; all that is wrong is told at once.
    pub(super) fn read(uri: &Uri, spec: &ListSpec) -> Result<Self, CfError> {
        let mut reader = Reader {
            spec,
            faults: Vec::new(),
            query: PlatformQuery::default(),
            include: Vec::new(),
        };
        let given: BTreeMap<String, String> =
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        reader.refuse_unknown(&given);
        for (name, value) in &given {
            reader.parameter(name, value);
        }
        if !reader.faults.is_empty() {
            return Err(CfError::Query(reader.faults));
        }
        let mut repeated = given;
        if let Some(order) = repeated.get_mut("order_by")
            && !order.starts_with('-')
        {
            *order = format!("+{}", order.trim_start_matches(['+', ' ']));
        }
        repeated.insert("per_page".to_owned(), reader.query.page.per_page.to_string());
        repeated.remove("page");
        Ok(Self { query: reader.query, include: reader.include, repeated })
    }
}

struct Reader<'a> {
    spec: &'a ListSpec,
    faults: Vec<String>,
    query: PlatformQuery,
    include: Vec<String>,
}

impl Reader<'_> {
    fn refuse_unknown(&mut self, given: &BTreeMap<String, String>) {
        let is_known = |name: &str| {
            COMMON.contains(&name)
                || time_field(name).is_some()
                || self.spec.parameters.iter().any(|(known, _)| *known == name)
        };
        let unknown: Vec<String> = given
            .keys()
            .filter(|name| !is_known(name))
            .map(|name| format!("'{}'", brief(name)))
            .collect();
        if unknown.is_empty() {
            return;
        }
        let valid = COMMON
            .into_iter()
            .chain(TIMES)
            .chain(self.spec.parameters.iter().map(|(name, _)| *name));
        let valid: Vec<String> = valid.map(|name| format!("'{name}'")).collect();
        self.faults.push(format!(
            "Unknown query parameter(s): {}. Valid parameters are: {}",
            unknown.join(", "),
            valid.join(", ")
        ));
    }

    fn parameter(&mut self, name: &str, value: &str) {
        match name {
            "page" => self.query.page.number = self.number(name, value, None),
            "per_page" => self.query.page.per_page = self.number(name, value, Some(MOST_PER_PAGE)),
            "order_by" => self.order(value),
            _ => match time_field(name) {
                Some((base, field, operator)) => self.time(base, field, operator, value),
                None => self.filter(name, value),
            },
        }
    }

    fn number(&mut self, name: &str, value: &str, most: Option<i64>) -> i64 {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        // What is beyond all numbers is still a number, and too great.
        let number = digits.then(|| value.parse().unwrap_or(i64::MAX)).filter(|number| 0 < *number);
        let Some(number) = number else {
            self.faults.push(format!("{} must be a positive integer", titled(name)));
            return 1;
        };
        if let Some(most) = most
            && most < number
        {
            self.faults.push(format!("{} must be between 1 and {most}", titled(name)));
        }
        number
    }

    fn order(&mut self, value: &str) {
        let (field, descending) = match value.strip_prefix('-') {
            Some(field) => (field, true),
            // A plus sign that was not encoded arrives as the space that it means in a form.
            None => (value.strip_prefix(['+', ' ']).unwrap_or(value), false),
        };
        if !self.spec.orders.contains(&field) {
            let orders: Vec<String> =
                self.spec.orders.iter().map(|order| format!("'{order}'")).collect();
            self.faults.push(format!("Order by can only be: {}", orders.join(", ")));
            return;
        }
        self.query.order = match field {
            "created_at" => Some(Order::Time(TimeField::Created, descending)),
            "updated_at" => Some(Order::Time(TimeField::Updated, descending)),
            "name" => Some(Order::Name(descending)),
            "state" => Some(Order::State(descending)),
            _ => None,
        };
    }

    fn time(&mut self, base: &str, field: TimeField, operator: Option<&str>, value: &str) {
        let name = titled(base);
        let comparison = match operator {
            None => None,
            Some(operator) => match COMPARISONS.iter().find(|(word, _)| *word == operator) {
                Some((_, comparison)) => Some(*comparison),
                None => {
                    let operator = brief(operator);
                    self.faults.push(format!("{name} Invalid relational operator: '{operator}'"));
                    return;
                }
            },
        };
        let seconds: Option<Vec<i64>> = list(value).iter().map(|text| second(text)).collect();
        let Some(seconds) = seconds.filter(|seconds| !seconds.is_empty()) else {
            self.faults.push(format!(
                "{name} has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'"
            ));
            return;
        };
        let filter = match (comparison, seconds.as_slice()) {
            (None, _) => PlatformFilter::Times(field, seconds),
            (Some(comparison), [second]) => PlatformFilter::Compared(field, comparison, *second),
            (Some(_), _) => {
                self.faults.push(format!(
                    "{name} only accepts one value when using a relational operator"
                ));
                return;
            }
        };
        self.query.filters.push(filter);
    }

    fn filter(&mut self, name: &str, value: &str) {
        let known = self.spec.parameters.iter().find(|(known, _)| *known == name);
        let Some((_, meaning)) = known else { return };
        let values = || list(value);
        let guids = || values().iter().filter_map(|text| text.parse::<Guid>().ok()).collect();
        let filter = match *meaning {
            Meaning::Guids => PlatformFilter::Guids(guids()),
            Meaning::Related(related) => PlatformFilter::Related(related, guids()),
            Meaning::Texts(field) => PlatformFilter::Texts(field, values()),
            Meaning::Words(field, words) => {
                if values().iter().any(|value| !words.contains(&value.as_str())) {
                    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                    self.faults.push(format!("{} can only be: {}", titled(name), words.join(", ")));
                }
                PlatformFilter::Texts(field, values())
            }
            Meaning::Locations => {
                let locations = values().iter().map(|text| lowered_host(text)).collect();
                PlatformFilter::Texts(TextField::Location, locations)
            }
            Meaning::Containing => PlatformFilter::Containing(values()),
            Meaning::Always(word) => match values().iter().any(|value| value == word) {
                true => return,
                false => PlatformFilter::Nothing,
            },
            Meaning::Lifecycles => {
                self.query.lifecycles = Some(values());
                return;
            }
            Meaning::Stacks => {
                self.query.stacks = Some(values());
                return;
            }
            Meaning::Labels => return self.labels(value),
            Meaning::Include => return self.included(values()),
        };
        self.query.filters.push(filter);
    }

    fn labels(&mut self, value: &str) {
        match LabelSelector::read(value) {
            Ok(selector) => self.query.labels = selector,
            Err(fault) => self.faults.push(match fault {
                SelectorFault::Missing => "Missing label_selector value".to_owned(),
                SelectorFault::Invalid => "Invalid label_selector value".to_owned(),
                SelectorFault::TooMany { max } => {
                    format!("Too many label_selector requirements (maximum is {max})")
                }
            }),
        }
    }

    fn included(&mut self, values: Vec<String>) {
        let wrong = values.iter().find(|value| !self.spec.includes.contains(&value.as_str()));
        if let Some(wrong) = wrong {
            let valid: Vec<String> =
                self.spec.includes.iter().map(|name| format!("'{name}'")).collect();
            self.faults.push(format!(
                "Invalid included resource: '{}'. Valid included resources are: {}",
                brief(wrong),
                valid.join(", ")
            ));
        }
        self.include = values;
    }
}

/// The values between commas, each decoded once more, so that a value can hold a comma. An empty text has none.
fn list(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let decoded =
        value.split(',').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned());
    // No text of the store holds a NUL character, and not every database takes one.
    decoded.filter(|text| !text.contains('\0')).collect()
}

/// `created_ats[lt]` as the parameter, its field and the operator.
fn time_field(name: &str) -> Option<(&str, TimeField, Option<&str>)> {
    let (base, operator) = match name.split_once('[') {
        Some((base, rest)) => (base, Some(rest.strip_suffix(']')?)),
        None => (name, None),
    };
    let field = match base {
        "created_ats" => TimeField::Created,
        "updated_ats" => TimeField::Updated,
        _ => return None,
    };
    Some((base, field, operator))
}

/// The second since 1970 that a time names, in the one form that is taken.
fn second(text: &str) -> Option<i64> {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != 20 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    // The last days of the year 9999 are beyond what a timestamp holds, and after everything that is stored.
    let civil = text.strip_suffix('Z')?.parse::<jiff::civil::DateTime>().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).map(|at| at.timestamp());
    Some(at.unwrap_or(jiff::Timestamp::MAX).as_second())
}

/// A location with its host in lower case.
fn lowered_host(text: &str) -> String {
    match text.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.to_ascii_lowercase()),
        None => text.to_ascii_lowercase(),
    }
}

/// The parameters that every list takes, besides the times.
const COMMON: [&str; 3] = ["page", "per_page", "order_by"];
const TIMES: [&str; 2] = ["created_ats", "updated_ats"];
const MOST_PER_PAGE: i64 = 5000;
const COMPARISONS: [(&str, Comparison); 4] = [
    ("lt", Comparison::Less),
    ("lte", Comparison::LessOrEqual),
    ("gt", Comparison::Greater),
    ("gte", Comparison::GreaterOrEqual),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use strongroom_service::platform::query::PlatformPage;

    const SPEC: ListSpec = ListSpec {
        parameters: &[
            ("guids", Meaning::Guids),
            ("names", Meaning::Texts(TextField::Name)),
            ("scopes", Meaning::Words(TextField::Scope, &["app", "space"])),
            ("locations", Meaning::Locations),
            ("label_selector", Meaning::Labels),
            ("include", Meaning::Include),
        ],
        orders: &["created_at", "name"],
        includes: &["org"],
    };

    fn read(query: &str) -> Result<Listing, String> {
        let uri = Uri::try_from(format!("/v3/x?{query}")).map_err(|error| error.to_string())?;
        Listing::read(&uri, &SPEC).map_err(|error| match error {
            CfError::Query(faults) => faults.join(", "),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn parameters_are_read() {
        let listing = read(
            "page=2&per_page=7&order_by=-name&names=a,b%252Cc&created_ats%5Blt%5D=1970-01-01T00:00:09Z",
        );
        let listing = listing.unwrap();
        assert_eq!(listing.query.page, PlatformPage { number: 2, per_page: 7 });
        assert_eq!(listing.query.order, Some(Order::Name(true)));
        assert_eq!(
            listing.query.filters,
            [
                PlatformFilter::Compared(TimeField::Created, Comparison::Less, 9),
                PlatformFilter::Texts(TextField::Name, vec!["a".to_owned(), "b,c".to_owned()]),
            ]
        );
        let repeated: Vec<_> = listing.repeated.keys().map(String::as_str).collect();
        assert_eq!(repeated, ["created_ats[lt]", "names", "order_by", "per_page"]);
        for ascending in ["order_by=name", "order_by=+name", "order_by=%2Bname"] {
            let listing = read(ascending).unwrap();
            assert_eq!(listing.repeated["order_by"], "+name", "{ascending}");
            assert_eq!(listing.query.order, Some(Order::Name(false)), "{ascending}");
        }
        let hosts = read("locations=R.Example.COM/Team").unwrap().query.filters;
        let lowered = vec!["r.example.com/Team".to_owned()];
        assert_eq!(hosts, [PlatformFilter::Texts(TextField::Location, lowered)]);
        assert_eq!(read("guids=x").unwrap().query.filters, [PlatformFilter::Guids(Vec::new())]);
    }

    #[test]
    fn faults_are_told_in_the_platforms_words() {
        let lines: Vec<String> = [
            "foo=1&bar=2",
            "page=0",
            "page=",
            "page=-1",
            "page=x&per_page=y",
            "per_page=5001",
            "per_page=0",
            "order_by=guid",
            "created_ats=yesterday",
            "created_ats=",
            "created_ats=2026-01-01T00:00:00.0Z",
            "created_ats=2026-13-01T00:00:00Z",
            "created_ats[foo]=2026-01-01T00:00:00Z",
            "created_ats[lt]=2026-01-01T00:00:00Z,2026-01-01T00:00:00Z",
            "created_ats[lt=2026-01-01T00:00:00Z",
            "scopes=app,galaxy",
            "label_selector=",
            "label_selector=a%20in%20(b",
            "include=domain",
        ]
        .into_iter()
        .map(|query| format!("{query}: {}", read(query).unwrap_err()))
        .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_page_keeps_its_limits(query in "[a-z_=&0-9%+,\\[\\]-]{0,40}") {
            if let Ok(listing) = read(&query) {
                prop_assert!(1 <= listing.query.page.number);
                prop_assert!((1..=MOST_PER_PAGE).contains(&listing.query.page.per_page));
            }
        }

        #[test]
        fn values_survive_the_second_encoding(values in proptest::collection::vec("[a-z,% ]{1,6}", 1..4)) {
            let once = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let joined = values.iter().map(|value| once(value)).collect::<Vec<_>>().join(",");
            prop_assert_eq!(list(&joined), values);
        }

        #[test]
        fn only_the_one_form_of_a_time_is_read(text in "[0-9TZ:.-]{18,22}") {
            prop_assert!(second(&text).is_none() || text.len() == 20);
        }
    }
}
