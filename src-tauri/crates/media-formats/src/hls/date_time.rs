//! Calendar time, without a clock or time zones.

use std::fmt;

/// Milliseconds since 1970-01-01 UTC, displayed as ISO 8601 with milliseconds: `2026-11-22T18:10:00.123Z`. HLS program
/// dates and DASH availability times are both written so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcTime(
    /// Unix time in milliseconds.
    pub i64,
);

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY_MS: i64 = 86_400_000;
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let of_day_ms = self.0.rem_euclid(DAY_MS);
        let (seconds, ms) = (of_day_ms / 1000, of_day_ms % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// Year, month and day of the Gregorian calendar for a count of days since 1970-01-01. Years are counted from March
/// in eras of 400, so that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    const DAYS_FROM_MARCH_0000: i64 = 719_468;
    let days = days + DAYS_FROM_MARCH_0000;
    let of_era = days.rem_euclid(ERA_DAYS);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + 400 * days.div_euclid(ERA_DAYS) + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times() {
        // as printed by GNU date -u -d @N
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599_500, "2024-12-31T23:59:59.500Z"),
            (1_795_371_000_123, "2026-11-22T18:10:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(UtcTime(unix_ms).to_string(), text);
        }
    }

    proptest! {
        /// Text of equal length sorts as time does, which a wrong month or leap day would break.
        #[test]
        fn later_times_sort_later(a in 0i64..253_402_300_800_000, step in 1i64..200_000_000) {
            let (earlier, later) = (UtcTime(a).to_string(), UtcTime(a + step).to_string());
            prop_assert!(earlier < later || later.len() > earlier.len(), "{} {}", earlier, later);
        }

        #[test]
        fn any_time_is_safe(ms in any::<i64>()) {
            prop_assert!(UtcTime(ms).to_string().ends_with('Z'));
        }
    }
}
