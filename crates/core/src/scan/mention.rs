//! Credentials that a text mentions: `credentials://` and the id, anywhere in it.

use crate::id::ShortId;

/// What stands after each `credentials://` of a text: the whole run of Base58 characters, which is an id or refers
/// to nothing. Without such a character after it the word is plain text.
pub fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let found = rest.find(SCHEME)?;
            let after = &rest[found + SCHEME.len()..];
            let is_base58 = |letter: char| {
                u8::try_from(letter).is_ok_and(|byte| ShortId::ALPHABET.contains(&byte))
            };
            let end = after.find(|letter| !is_base58(letter)).unwrap_or(after.len());
            let (run, behind) = after.split_at(end);
            rest = behind;
            if !run.is_empty() {
                return Some(run);
            }
        }
    })
}

/// How a text refers to a credential.
pub fn written_uri(id: &ShortId) -> String {
    format!("{SCHEME}{id}")
}

const SCHEME: &str = "credentials://";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mention_is_the_whole_run_anywhere_in_the_text() {
        for (text, found) in [
            ("", &[][..]),
            ("credentials://", &[]),
            ("credentials:// 4DY4qGohso1r", &[]),
            ("CREDENTIALS://4DY4qGohso1r", &[]),
            ("credentials://4DY4qGohso1r", &["4DY4qGohso1r"]),
            ("Bearer credentials://4DY4qGohso1r", &["4DY4qGohso1r"]),
            ("credentials://4DY4qGohso1rX", &["4DY4qGohso1rX"]),
            ("credentials://4DY4qGohso1r0", &["4DY4qGohso1r"]),
            ("{\"a\":\"credentials://aaa\",\"b\":\"credentials://bbb\"}", &["aaa", "bbb"]),
            ("credentials://credentials://x", &["credentia"]),
            ("credentials://\u{e9}credentials://x", &["x"]),
        ] {
            assert_eq!(mentions(text).collect::<Vec<_>>(), found, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_uri_is_found_in_whatever_stands_around_it(
            before in "[ -~]{0,12}", after in "([^1-9A-Za-z].{0,12})?", id in "[1-9A-HJ-NP-Za-km-z]{12}",
        ) {
            let id: ShortId = id.parse().unwrap();
            let text = format!("{before}\n{}{after}", written_uri(&id));
            prop_assert!(mentions(&text).any(|run| run == id.as_str()));
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            for run in mentions(&text) {
                prop_assert!(!run.is_empty() && text.contains(run));
            }
        }
    }
}
