//! Points of time as the Catalog writes and reads them.

use strongroom_core::clock::Timestamp;

/// RFC 3339 in UTC with three digits of a second.
pub(super) fn text(at: Timestamp) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(3));
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}

/// Reads RFC 3339 and nothing beside it.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    if !is_rfc3339(text) {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// Whether the text has the form of RFC 3339, whatever its numbers say.
fn is_rfc3339(text: &str) -> bool {
    let Some((whole, rest)) = text.split_at_checked(WHOLE.len()) else { return false };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = fraction.len() - offset.len();
            if !(1..=9).contains(&digits) {
                return false;
            }
            offset
        }
        None => rest,
    };
    has_form(whole, WHOLE) && (rest.eq_ignore_ascii_case("z") || has_form(rest, "+00:00"))
}

/// Whether a digit stands wherever the form has one, and the form's own characters elsewhere.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(given, form): (u8, u8)| match form {
        b'0' => given.is_ascii_digit(),
        b'+' => matches!(given, b'+' | b'-'),
        other => given.eq_ignore_ascii_case(&other),
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

const WHOLE: &str = "0000-00-00T00:00:00";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_read_with_their_offset_and_written_in_utc() {
        for (given, written) in [
            ("2023-03-03T00:59:52.762Z", "2023-03-03T00:59:52.762Z"),
            ("2023-03-03t00:59:52z", "2023-03-03T00:59:52.000Z"),
            ("2023-03-03T01:59:52.7629+01:00", "2023-03-03T00:59:52.762Z"),
            ("2023-03-02T23:59:52-01:00", "2023-03-03T00:59:52.000Z"),
        ] {
            assert_eq!(read(given).map(text).as_deref(), Some(written), "{given}");
        }
        for bad in [
            "",
            "tomorrow",
            "2023-03-03",
            "2023-03-03T00:59Z",
            "2023-03-03 00:59:52Z",
            "2023-03-03T00:59:52",
            "2023-03-03T00:59:52.Z",
            "2023-03-03T00:59:52+01",
            "2023-03-03T00:59:52+01:00[Europe/Paris]",
            "2023-13-03T00:59:52Z",
            "2023-02-30T00:59:52Z",
            "+002023-03-03T00:59:52Z",
            "2023-03-03T00:59:5äZ",
            "1677862792",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_to_the_millisecond(millis in 0_i64..253_000_000_000_000) {
            let at = Timestamp::from_micros(millis * 1000);
            prop_assert_eq!(read(&text(at)), Some(at));
        }

        #[test]
        fn any_text_is_read_or_refused(given in ".{0,40}", digits in "[0-9TZ:.+-]{0,30}") {
            let _ = read(&given);
            let _ = read(&digits);
        }
    }
}
