//! Units of time: their names, and flooring, adding and counting in them, on milliseconds of a local clock.

use super::super::calendar::{self, DAY_MS};

/// The day of an instant.
pub(super) fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// So many milliseconds.
    Fixed(i64),
    /// Weeks, which start on Monday.
    Week,
    /// So many months.
    Months(i64),
}

impl Unit {
    /// A unit by its English name, in the singular or plural.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        Some(match name.strip_suffix('s').unwrap_or(&name) {
            "millisecond" => Self::Fixed(1),
            "second" => Self::Fixed(1_000),
            "minute" => Self::Fixed(60_000),
            "hour" => Self::Fixed(3_600_000),
            "day" => Self::Fixed(DAY_MS),
            "week" => Self::Week,
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => return None,
        })
    }

    /// A unit of `bucket`: a letter after an optional multiple that divides the next greater unit.
    pub fn of_bucket(text: &str) -> Option<Self> {
        let letter = text.chars().last()?;
        let digits = &text[..text.len() - letter.len_utf8()];
        let n: i64 = if digits.is_empty() {
            1
        } else {
            digits.parse().ok().filter(|n| (1..=9_999).contains(n))?
        };
        let divides = |whole: i64| whole % n == 0;
        Some(match letter {
            's' if divides(60) => Self::Fixed(n * 1_000),
            'm' if divides(60) => Self::Fixed(n * 60_000),
            'h' if divides(24) => Self::Fixed(n * 3_600_000),
            'D' if n == 1 => Self::Fixed(DAY_MS),
            'W' if n == 1 => Self::Week,
            'M' if divides(12) => Self::Months(n),
            'Q' if n == 1 => Self::Months(3),
            'Y' => Self::Months(12 * n),
            _ => return None,
        })
    }

    /// Whether it is at least a day.
    pub fn is_calendar(self) -> bool {
        !matches!(self, Self::Fixed(ms) if ms < DAY_MS)
    }

    /// The start of the unit that a local time is in.
    pub fn floor(self, ms: i64) -> i64 {
        match self {
            Self::Fixed(length) => ms.div_euclid(length).saturating_mul(length),
            Self::Week => (day_of(ms) - calendar::weekday(day_of(ms))).saturating_mul(DAY_MS),
            Self::Months(n) => {
                let (year, month, _) = calendar::civil(day_of(ms));
                let months = (year * 12 + month - 1).div_euclid(n) * n;
                calendar::day_number(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
                    .saturating_mul(DAY_MS)
            }
        }
    }

    /// A local time so many units later.
    pub fn add(self, ms: i64, n: i64) -> Option<i64> {
        match self {
            Self::Fixed(length) => ms.checked_add(n.checked_mul(length)?),
            Self::Week => ms.checked_add(n.checked_mul(7 * DAY_MS)?),
            Self::Months(months) => {
                let months = n
                    .checked_mul(months)
                    .filter(|months| months.unsigned_abs() < 1 << 32)?;
                calendar::add_months(day_of(ms), months)
                    .checked_mul(DAY_MS)?
                    .checked_add(ms.rem_euclid(DAY_MS))
            }
        }
    }

    /// How many whole units lie between two local times.
    pub fn between(self, from: i64, to: i64) -> Option<i64> {
        match self {
            Self::Fixed(length) => Some(to.checked_sub(from)? / length),
            Self::Week => Some(to.checked_sub(from)? / (7 * DAY_MS)),
            Self::Months(n) => {
                let (from_year, from_month, _) = calendar::civil(day_of(from));
                let (to_year, to_month, _) = calendar::civil(day_of(to));
                let mut months = (to_year - from_year) * 12 + to_month - from_month;
                // The last month is not whole when the day or the clock has not been reached.
                let reached = Self::Months(1).add(from, months)?;
                if months > 0 && reached > to {
                    months -= 1;
                } else if months < 0 && reached < to {
                    months += 1;
                }
                Some(months / n)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_units_divide_the_next_unit() {
        assert_eq!(Unit::of_bucket("15m"), Some(Unit::Fixed(900_000)));
        assert_eq!(Unit::of_bucket("5h"), None);
        assert_eq!(Unit::of_bucket("3M"), Some(Unit::Months(3)));
        assert_eq!(Unit::of_bucket("5Y"), Some(Unit::Months(60)));
        assert_eq!(Unit::of_bucket("0m"), None);
        assert_eq!(Unit::of_bucket(""), None);
        assert_eq!(Unit::of_bucket("ä"), None);
    }

    #[test]
    fn whole_months_between_respect_the_clock() {
        let day = |year, month, day| calendar::day_number(year, month, day) * DAY_MS;
        let month = Unit::Months(1);
        assert_eq!(month.between(day(2020, 1, 31), day(2020, 2, 29)), Some(1));
        assert_eq!(month.between(day(2020, 1, 15), day(2020, 2, 14)), Some(0));
        assert_eq!(month.between(day(2020, 2, 14), day(2020, 1, 15)), Some(0));
        assert_eq!(month.between(day(2020, 3, 15), day(2020, 1, 15)), Some(-2));
        assert_eq!(
            Unit::Months(12).between(day(2019, 3, 1), day(2021, 2, 28)),
            Some(1)
        );
    }
}
