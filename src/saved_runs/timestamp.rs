//! A point in time, written as ISO 8601 in UTC: `2026-11-24T03:04:05.678Z`.
//!
//! The crates `time` and `jiff` would add 19 and 64 kB (gzip, measured natively) for these two conversions.

use crate::core::query::shorten;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 UTC, as returned by a browser's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The end of the year 9999. Times outside of 1970 to 9999 are written as the nearest time in that range.
    const LAST: i64 = 253_402_300_799_999;

    /// Returns the seconds from an earlier time to this one.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1000.0
    }

    /// Returns the time for the name of a file: `2026-11-24-030405`.
    pub fn in_file_name(self) -> String {
        let text = self.to_string();
        text.chars().take(19).filter(|c| *c != ':').map(|c| if c == 'T' { '-' } else { c }).collect()
    }

    /// Reads the format of [`Display`](std::fmt::Display). Returns `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok().map(i64::from);
        let day = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hours, minutes, seconds, ms) =
            (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
        let time = Self(day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms);
        // A text with an invalid date, such as February 31, differs from the valid date that it gives.
        (time.to_string() == text).then_some(time)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.0.clamp(0, Self::LAST);
        let (year, month, day) = civil_from_days(ms.div_euclid(DAY_MS));
        let ms = ms.rem_euclid(DAY_MS);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1000)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let (shown, example) = (shorten(&text), Self::default());
            de::Error::custom(format!("\"{shown}\" is not a time such as {example}"))
        })
    }
}

/// Returns the days since 1970-01-01 in the Gregorian calendar. Internally, years start in March, so that the
/// leap day is the last day of a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Returns the year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // The estimate of the year is too high by at most one.
    let mut year = 1970 + days / 365;
    while days_from_civil(year, 1, 1) > days {
        year -= 1;
    }
    let mut month = 1;
    while month < 12 && days_from_civil(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use crate::saved_runs::timestamp::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_written_as_iso_8601() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_489_445_678, "2026-11-24T03:04:05.678Z"),
            (Timestamp::LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp(ms)));
        }
        for text in ["", "2026-02-30T00:00:00.000Z", "2026-11-24", "2026-11-24T03:04:05.678+01", "ä26-11-24T"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp(1_795_489_445_678).in_file_name(), "2026-11-24-030405");
    }

    proptest! {
        #[test]
        fn any_time_reads_as_it_was_written(ms in 0..=Timestamp::LAST) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(ms).to_string()), Some(Timestamp(ms)));
        }
    }
}
