//! The parameters behind the question mark. One that is not known is refused: it would be ignored unnoticed.

use std::collections::BTreeMap;

use http::Uri;
use strongroom_service::list::{ListRequest, Paging};

use super::error::{NativeError, Wrong};

/// Parameters that an endpoint knows, as given.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// The id after which it begins; 0 is the beginning.
    pub(super) after: i64,
    /// The most elements.
    pub(super) limit: i64,
}

impl Parameters {
    /// Reads the query of an endpoint that knows these parameters.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, NativeError> {
        let mut given = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                wrong.push(Wrong::new(name, "Unknown parameter."));
            } else if given.insert(name.to_string(), value.to_string()).is_some() {
                wrong.push(Wrong::new(name, "Given twice."));
            }
        }
        if wrong.is_empty() { Ok(Self(given)) } else { Err(NativeError::Unreadable(wrong)) }
    }

    /// A switch, off unless given.
    pub(super) fn switch(&self, name: &str) -> Result<bool, NativeError> {
        match self.0.get(name).map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(unreadable(name, "true or false is expected.")),
        }
    }

    /// The value of a parameter, if it was given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// An integer within limits, if one is given.
    pub(super) fn integer(
        &self,
        name: &str,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, NativeError> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<i64>() {
            Ok(number) if is_number && (least..=most).contains(&number) => Ok(Some(number)),
            _ if most == i64::MAX => Err(unreadable(name, "A cursor of this list is expected.")),
            _ => Err(unreadable(name, format!("An integer from {least} to {most} is expected."))),
        }
    }
}

impl Part {
    /// Reads which part of a list is asked for.
    pub(super) fn read(uri: &Uri) -> Result<Self, NativeError> {
        Self::of(&Parameters::read(uri, PAGING)?)
    }

    /// The same of an endpoint that knows more parameters.
    pub(super) fn read_with(uri: &Uri, more: &[&str]) -> Result<(Self, Parameters), NativeError> {
        let parameters = Parameters::read(uri, &[PAGING, more].concat())?;
        Ok((Self::of(&parameters)?, parameters))
    }

    /// The same of a list that looks so many days back or ahead.
    pub(super) fn with_days(uri: &Uri, usual: i64) -> Result<(Self, i64), NativeError> {
        let (part, parameters) = Self::read_with(uri, &["days"])?;
        Ok((part, parameters.integer("days", 0, MOST_DAYS)?.unwrap_or(usual)))
    }

    /// The same of parameters that were read.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, NativeError> {
        Ok(Self {
            after: parameters.integer("after", 0, i64::MAX)?.unwrap_or(0),
            limit: parameters.integer("limit", 1, MOST)?.unwrap_or(USUAL),
        })
    }

    /// The request for it, and for one element more, which tells whether there is a next part.
    pub(super) fn request(self) -> ListRequest {
        ListRequest {
            paging: Paging::After { limit: self.limit + 1, after: self.after },
            count: false,
            ..ListRequest::default()
        }
    }
}

/// The refusal of a parameter.
pub(super) fn unreadable(name: &str, message: impl Into<String>) -> NativeError {
    NativeError::Unreadable(vec![Wrong::new(name, message)])
}

/// The parameters of every list.
const PAGING: &[&str] = &["after", "limit"];
const MOST: i64 = 200;
/// A hundred years.
const MOST_DAYS: i64 = 36_500;
const USUAL: i64 = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(query: &str) -> Option<(i64, i64)> {
        let uri = Uri::try_from(format!("/x?{query}")).ok()?;
        Part::read(&uri).ok().map(|part| (part.after, part.limit))
    }

    #[test]
    fn a_part_is_read_or_refused() {
        assert_eq!(Part::read(&Uri::from_static("/x")).ok().map(|part| part.limit), Some(50));
        for (query, read) in [
            ("", Some((0, 50))),
            ("after=7&limit=200", Some((7, 200))),
            ("limit=1", Some((0, 1))),
            ("limit=0", None),
            ("limit=201", None),
            ("limit=-1", None),
            ("limit=%2B5", None),
            ("limit=", None),
            ("after=x", None),
            ("after=99999999999999999999", None),
            ("after=1&after=2", None),
            ("page=2", None),
        ] {
            assert_eq!(part(query), read, "{query}");
        }
    }

    #[test]
    fn a_switch_is_true_or_false() {
        for (query, read) in [
            ("", Some(false)),
            ("force=true", Some(true)),
            ("force=false", Some(false)),
            ("force=1", None),
        ] {
            let uri = Uri::try_from(format!("/x?{query}")).unwrap();
            let parameters = Parameters::read(&uri, &["force"]).unwrap();
            assert_eq!(parameters.switch("force").ok(), read, "{query}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_part_keeps_its_limits(query in "[a-z=&0-9%]{0,30}") {
            if let Some((after, limit)) = part(&query) {
                prop_assert!(after >= 0 && (1..=MOST).contains(&limit));
            }
        }
    }
}
