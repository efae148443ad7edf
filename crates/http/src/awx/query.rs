//! The query of a call.

/// The parameters in the order in which they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the text after the question mark.
    pub(super) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Every parameter.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter; of several the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().filter(|(given, _)| *given == name).last().map(|(_, value)| value)
    }

    /// The query with some parameters set, sorted by name and encoded.
    pub(super) fn with(&self, changes: &[(&str, String)]) -> String {
        let mut parameters: Vec<(&str, &str)> = self
            .iter()
            .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name))
            .collect();
        parameters.extend(changes.iter().map(|(name, value)| (*name, value.as_str())));
        parameters.sort_by_key(|(name, _)| *name);
        let written: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        written.join("&")
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, ESCAPED).to_string().replace("%20", "+")
}

const ESCAPED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_are_sorted_and_encoded() {
        let query = Query::parse("page=2&order_by=name,-id&page_size=2&name=a%20b&name=c");
        assert_eq!(query.get("name"), Some("c"));
        assert_eq!(
            query.with(&[("page", "3".to_owned())]),
            "name=a+b&name=c&order_by=name%2C-id&page=3&page_size=2"
        );
    }

    proptest! {
        #[test]
        fn a_link_says_what_was_asked(pairs in proptest::collection::vec((".{0,6}", ".{0,6}"), 0..5)) {
            let mut pairs: Vec<(String, String)> = pairs;
            let query = Query(pairs.clone());
            pairs.sort_by(|one, other| one.0.cmp(&other.0));
            prop_assert_eq!(Query::parse(&query.with(&[])), Query(pairs));
        }
    }
}
