//! The parameters behind the question mark. One that is not known is ignored; a known one is never clamped.

use std::collections::BTreeMap;

use http::Uri;

use super::error::{Refusal, Wrong};

/// Parameters as given, and what is wrong with those that were asked for.
#[derive(Debug)]
pub(super) struct Parameters {
    given: BTreeMap<String, String>,
    wrong: Vec<Wrong>,
}

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageAsked {
    /// Its number, from 1.
    pub(super) number: i64,
    /// The most elements on it.
    pub(super) size: i64,
}

impl PageAsked {
    /// The most elements, and how many are skipped.
    pub(super) const fn part(self) -> (i64, i64) {
        (self.size, (self.number - 1).saturating_mul(self.size))
    }
}

impl Parameters {
    /// The parameters of a request.
    pub(super) fn read(uri: &Uri) -> Self {
        let mut given = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let known = KNOWN.contains(&name.as_ref());
            if known && given.insert(name.to_string(), value.to_string()).is_some() {
                wrong.push(Wrong::new(name, "It is given twice."));
            }
        }
        Self { given, wrong }
    }

    /// Which page is asked for: the first of twenty unless told.
    pub(super) fn page(&mut self) -> PageAsked {
        PageAsked {
            number: self
                .integer("page", i64::MAX, "An integer from 1 on is expected.")
                .unwrap_or(1),
            size: self
                .integer("page_size", MOST, "An integer from 1 to 100 is expected.")
                .unwrap_or(USUAL),
        }
    }

    /// A condition that is true or false, if one is given.
    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.given.get(name)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.refuse(name, "true or false is expected."),
        }
    }

    /// A text, if one is given.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.given.get(name)?.clone();
        if text.contains('\0') {
            return self.refuse(name, "NUL characters are not allowed.");
        }
        Some(text)
    }

    /// Nothing when all that was asked for could be read, else every fault.
    pub(super) fn faultless(self) -> Result<(), Refusal> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Refusal::Unreadable(self.wrong)) }
    }

    fn integer(&mut self, name: &str, most: i64, expected: &str) -> Option<i64> {
        let text = self.given.get(name)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number && (1..=most).contains(&number) => Some(number),
            _ => self.refuse(name, expected),
        }
    }

    fn refuse<T>(&mut self, name: &str, message: &str) -> Option<T> {
        if self.wrong.iter().all(|wrong| wrong.field != name) {
            self.wrong.push(Wrong::new(name, message));
        }
        None
    }
}

/// Every parameter that some list knows.
const KNOWN: [&str; 8] =
    ["page", "page_size", "removed", "provider", "hosted", "vmware_managed", "shared", "owned"];
const USUAL: i64 = 20;
const MOST: i64 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(query: &str) -> Option<(i64, i64)> {
        let mut parameters = Parameters::read(&Uri::try_from(format!("/x?{query}")).ok()?);
        let page = parameters.page();
        parameters.faultless().ok().map(|()| (page.number, page.size))
    }

    #[test]
    fn a_page_is_read_or_refused_and_never_clamped() {
        for (query, read) in [
            ("", Some((1, 20))),
            ("page=3&page_size=100", Some((3, 100))),
            ("page=9223372036854775807", Some((i64::MAX, 20))),
            ("other=x", Some((1, 20))),
            ("other=x&other=y", Some((1, 20))),
            ("page=0", None),
            ("page=-1", None),
            ("page=%2B1", None),
            ("page=", None),
            ("page=1.0", None),
            ("page=9223372036854775808", None),
            ("page_size=0", None),
            ("page_size=101", None),
            ("page=1&page=2", None),
        ] {
            assert_eq!(page(query), read, "{query}");
        }
    }

    #[test]
    fn a_condition_is_true_or_false() {
        for (query, read) in [
            ("", Some(None)),
            ("removed=true", Some(Some(true))),
            ("removed=false", Some(Some(false))),
            ("removed=True", None),
            ("removed=1", None),
            ("removed=", None),
        ] {
            let mut parameters = Parameters::read(&Uri::try_from(format!("/x?{query}")).unwrap());
            let removed = parameters.boolean("removed");
            assert_eq!(parameters.faultless().ok().map(|()| removed), read, "{query}");
        }
    }

    #[test]
    fn every_fault_is_told_once() {
        let uri = Uri::from_static("/x?page=0&page=0&page_size=x&removed=x&provider=%00");
        let mut parameters = Parameters::read(&uri);
        parameters.page();
        parameters.boolean("removed");
        parameters.text("provider");
        let Err(Refusal::Unreadable(wrong)) = parameters.faultless() else { unreachable!() };
        let fields: Vec<&str> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["page", "page_size", "removed", "provider"]);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_part_keeps_its_limits(query in "[a-z_=&0-9%]{0,40}") {
            let Ok(uri) = Uri::try_from(format!("/x?{query}")) else { return Ok(()) };
            let (limit, offset) = Parameters::read(&uri).page().part();
            prop_assert!((1..=MOST).contains(&limit) && 0 <= offset);
        }
    }
}
