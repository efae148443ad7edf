//! Times as AWX writes and reads them.

use jiff::Timestamp as Moment;
use strongroom_core::clock::Timestamp;

/// `2018-02-01T08:00:00.123456Z`; the fraction is missing when it is exactly zero.
pub(super) fn text(at: Timestamp) -> String {
    match Moment::from_microsecond(at.as_micros()) {
        Ok(moment) if moment.subsec_microsecond() == 0 => format!("{moment:.0}"),
        Ok(moment) => format!("{moment:.6}"),
        // No moment of the calendar lies there; the year 9999 ends before.
        Err(_) => "9999-12-31T23:59:59.999999Z".to_owned(),
    }
}

/// Microseconds since 1970 of a date, or of a date and time with or without a zone.
pub(super) fn parse(value: &str) -> Option<i64> {
    let value = value.trim();
    if let Ok(moment) = value.parse::<Moment>() {
        return Some(moment.as_microsecond());
    }
    // A time without a zone is UTC, and so is a date, which means its first moment.
    let civil: jiff::civil::DateTime = value.parse().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fraction_is_missing_when_it_is_zero() {
        for (micros, expected) in [
            (1_517_472_000_000_000, "2018-02-01T08:00:00Z"),
            (1_517_472_000_000_000 + 1, "2018-02-01T08:00:00.000001Z"),
            (1_517_472_000_120_000, "2018-02-01T08:00:00.120000Z"),
        ] {
            assert_eq!(text(Timestamp::from_micros(micros)), expected);
        }
    }

    #[test]
    fn dates_with_and_without_times_are_read() {
        let day = Some(1_517_443_200_000_000);
        for value in
            ["2018-02-01", "2018-02-01 00:00", "2018-02-01T00:00:00Z", "2018-02-01T01:00:00+01:00"]
        {
            assert_eq!(parse(value), day, "{value}");
        }
        assert_eq!(parse("yesterday"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in 0_i64..4_000_000_000_000_000) {
            prop_assert_eq!(parse(&text(Timestamp::from_micros(micros))), Some(micros));
        }
    }
}
