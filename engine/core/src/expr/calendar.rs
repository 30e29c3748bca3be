//! Days and clock times from counts since 1970, and back, in the proleptic Gregorian calendar.

/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Year, month and day of month (both from 1) of a day counted from 1970-01-01.
pub(crate) fn civil(day: i64) -> (i64, i64, i64) {
    // Years are taken from March on, so that the leap day is the last of its year; 400 years have 146 097 days.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day counted from 1970-01-01 of a date; days past the end of the month run on into the next.
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The number of days of a month.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    day_number(next_year, next_month, 1) - day_number(year, month, 1)
}

/// Day of the week, Monday being 0.
pub(crate) fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// The week of the year by ISO 8601: weeks start on Monday, and the first has the year's first Thursday.
pub(crate) fn iso_week(day: i64) -> i64 {
    let thursday = day - weekday(day) + 3;
    let (year, _, _) = civil(thursday);
    (thursday - day_number(year, 1, 1)) / 7 + 1
}

/// `day` with the month moved by `months`, and the day of the month cut to what the new month has.
pub(crate) fn add_months(day: i64, months: i64) -> i64 {
    let (year, month, of_month) = civil(day);
    let total = year * 12 + month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    day_number(year, month, of_month.min(days_in_month(year, month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_round_trip_across_eras() {
        for day in (-1_000_000..1_000_000).step_by(37) {
            let (year, month, of_month) = civil(day);
            assert_eq!(day_number(year, month, of_month), day);
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(18_321), (2020, 2, 29));
    }

    #[test]
    fn weeks_follow_iso() {
        assert_eq!(weekday(0), 3);
        assert_eq!(iso_week(day_number(2021, 1, 3)), 53);
        assert_eq!(iso_week(day_number(2021, 1, 4)), 1);
        assert_eq!(iso_week(day_number(2019, 12, 30)), 1);
    }

    #[test]
    fn adding_months_stays_in_the_month() {
        assert_eq!(
            add_months(day_number(2020, 1, 31), 1),
            day_number(2020, 2, 29)
        );
        assert_eq!(
            add_months(day_number(2020, 3, 31), -13),
            day_number(2019, 2, 28)
        );
    }
}
