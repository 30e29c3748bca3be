//! Dates and datetimes as text: the one grammar that input, filters and expressions share, and the one output form.
//!
//! Everything is UTC. A day is `i32` days, an instant `i64` milliseconds, both since 1970-01-01. Accepted are
//!
//! - days: `2020-01-31`, `2020/1/31`, `01/31/2020` (month first);
//! - clock times after a day and one space or `T`: `10:30`, `10:30:05`, `10:30:05.123456` (kept to the millisecond),
//!   followed by nothing, `Z` or an offset (`+02:00`, `-0500`, `+02`);
//! - `1/31/2020, 1:30:05 PM`;
//! - except in CSV, whose columns are inferred by a narrower rule (see [`parse_padded`]), also `2020 1 31`, `01-31-2020`
//!   and clock times without leading zeros (`7:30`);
//! - where a day is wanted (see [`parse_date`]) also `20200131`.
//!
//! Days that the calendar does not have are refused.

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// What a text denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A calendar day, in days since 1970-01-01.
    Date(i32),
    /// An instant, in milliseconds since 1970-01-01 00:00 UTC.
    Datetime(i64),
}

/// Reads a day or an instant, whichever the text is.
pub fn parse(text: &str) -> Option<Moment> {
    read(text, true).map(|(moment, _)| moment)
}

/// As [`parse`], where clock times must have their leading zeros, and days no blanks: what a CSV file calls a time.
pub fn parse_padded(text: &str) -> Option<Moment> {
    read(text, false).map(|(moment, _)| moment)
}

/// Whether a text denotes an instant whose clock, as it is written, shows midnight.
pub fn shows_midnight(text: &str) -> bool {
    matches!(read(text, true), Some((Moment::Datetime(_), 0)))
}

/// What a text denotes, and the milliseconds since midnight that its clock shows.
fn read(text: &str, lenient: bool) -> Option<(Moment, i64)> {
    let mut scanner = Scanner(text.as_bytes());
    let (days, slashes) = scanner.day(lenient)?;
    if scanner.0.is_empty() {
        return Some((Moment::Date(days), 0));
    }
    let (clock, offset) = if scanner.eat(b',') {
        // Only the month-first form has a clock with AM and PM.
        if !slashes || !scanner.eat(b' ') {
            return None;
        }
        (scanner.clock_12()?, 0)
    } else if scanner.eat(b' ') || scanner.eat(b'T') {
        (scanner.clock_24(lenient)?, scanner.offset()?)
    } else {
        return None;
    };
    let ms = i64::from(days) * DAY_MS + clock - offset;
    scanner
        .0
        .is_empty()
        .then_some((Moment::Datetime(ms), clock))
}

/// The day of a text that denotes a day or an instant, in days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    match parse(text) {
        Some(Moment::Date(days)) => Some(days),
        Some(Moment::Datetime(ms)) => Some(day_of(ms)),
        None => compact_day(text.as_bytes()),
    }
}

/// The instant of a text that denotes an instant or a day (its midnight), in milliseconds since 1970-01-01.
pub fn parse_datetime(text: &str) -> Option<i64> {
    match parse(text)? {
        Moment::Date(days) => Some(i64::from(days) * DAY_MS),
        Moment::Datetime(ms) => Some(ms),
    }
}

/// Reads a bare clock time (`10:30:05`) as seconds since midnight.
pub fn parse_clock(text: &str) -> Option<i32> {
    let mut scanner = Scanner(text.as_bytes());
    let ms = scanner.clock_24(false)?;
    (text.len() >= 8 && scanner.0.is_empty() && ms % 1000 == 0).then_some((ms / 1000) as i32)
}

/// The day an instant falls on, clamped to the days there are.
pub fn day_of(ms: i64) -> i32 {
    ms.div_euclid(DAY_MS)
        .clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// `20200131`.
fn compact_day(text: &[u8]) -> Option<i32> {
    if text.len() != 8 {
        return None;
    }
    let mut scanner = Scanner(text);
    let (year, month, day) = (
        scanner.exactly(4)?,
        scanner.exactly(2)?,
        scanner.exactly(2)?,
    );
    days_from_civil(i64::from(year), month, day)
}

/// Days since 1970-01-01 of a day of the Gregorian calendar, `None` if there is no such day.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// The year, month and day of a number of days since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = (if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    }) as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Appends `YYYY-MM-DD`. Years outside 0 to 9999 take as many digits as they need, with a sign if negative.
pub fn format_date(days: i32, out: &mut String) {
    let mut buffer = Buffer::default();
    buffer.date(i64::from(days));
    out.push_str(buffer.as_str());
}

/// Appends `YYYY-MM-DD HH:MM:SS.mmm`.
pub fn format_datetime(ms: i64, out: &mut String) {
    let mut buffer = Buffer::default();
    buffer.datetime(ms);
    out.push_str(buffer.as_str());
}

/// As [`format_date`], into bytes.
pub fn write_date(days: i32, out: &mut Vec<u8>) {
    let mut buffer = Buffer::default();
    buffer.date(i64::from(days));
    out.extend_from_slice(buffer.as_str().as_bytes());
}

/// As [`format_datetime`], into bytes.
pub fn write_datetime(ms: i64, out: &mut Vec<u8>) {
    let mut buffer = Buffer::default();
    buffer.datetime(ms);
    out.extend_from_slice(buffer.as_str().as_bytes());
}

/// Appends ` HH:MM:SS.mmm` for milliseconds since midnight, with the blank that parts it from its day.
pub fn write_clock(ms: i64, out: &mut Vec<u8>) {
    let mut buffer = Buffer::default();
    buffer.clock(ms);
    out.extend_from_slice(buffer.as_str().as_bytes());
}

/// A small text on the stack; the longest datetime has 29 bytes.
#[derive(Default)]
struct Buffer {
    bytes: [u8; 32],
    len: usize,
}

impl Buffer {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// The last `width` digits of `value`.
    #[inline]
    fn digits(&mut self, value: u64, width: u32) {
        let mut rest = value as u32;
        let end = self.len + width as usize;
        for at in (self.len..end).rev() {
            self.bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.len = end;
    }

    fn date(&mut self, days: i64) {
        let (year, month, day) = civil_from_days(days);
        if year < 0 {
            self.push(b'-');
        }
        let year = year.unsigned_abs();
        self.digits(year, if year > 9999 { year.ilog10() + 1 } else { 4 });
        self.push(b'-');
        self.digits(month.into(), 2);
        self.push(b'-');
        self.digits(day.into(), 2);
    }

    fn datetime(&mut self, ms: i64) {
        self.date(ms.div_euclid(DAY_MS));
        self.clock(ms.rem_euclid(DAY_MS));
    }

    fn clock(&mut self, ms: i64) {
        let ms = ms as u64;
        self.push(b' ');
        self.digits(ms / 3_600_000, 2);
        self.push(b':');
        self.digits(ms / 60_000 % 60, 2);
        self.push(b':');
        self.digits(ms / 1000 % 60, 2);
        self.push(b'.');
        self.digits(ms % 1000, 3);
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("only ASCII is pushed")
    }
}

/// The rest of a text that is being read.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn after(&mut self, byte: u8) -> Option<&mut Self> {
        self.eat(byte).then_some(self)
    }

    /// From `least` to `most` digits, as many as there are.
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let n = self
            .0
            .iter()
            .take(most)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if n < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(n);
        self.0 = rest;
        Some(
            digits
                .iter()
                .fold(0, |value, byte| value * 10 + u32::from(byte - b'0')),
        )
    }

    fn exactly(&mut self, n: usize) -> Option<u32> {
        self.digits(n, n)
    }

    /// A day, and whether it was written month first with slashes.
    fn day(&mut self, lenient: bool) -> Option<(i32, bool)> {
        let digits = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 4 {
            let year = self.exactly(4)?;
            let separator = *self.0.first()?;
            let allowed: &[u8] = if lenient { b"-/ " } else { b"-/" };
            if !allowed.contains(&separator) {
                return None;
            }
            let month = self.after(separator)?.digits(1, 2)?;
            let day = self.after(separator)?.digits(1, 2)?;
            Some((days_from_civil(year.into(), month, day)?, false))
        } else if lenient && digits == 2 && self.0.get(2) == Some(&b'-') {
            let month = self.exactly(2)?;
            let day = self.after(b'-')?.exactly(2)?;
            let year = self.after(b'-')?.exactly(4)?;
            Some((days_from_civil(year.into(), month, day)?, false))
        } else {
            let month = self.digits(1, 2)?;
            let day = self.after(b'/')?.digits(1, 2)?;
            let year = self.after(b'/')?.exactly(4)?;
            Some((days_from_civil(year.into(), month, day)?, true))
        }
    }

    /// `HH:MM[:SS[.f+]]` in milliseconds; if lenient, each with one digit or two.
    fn clock_24(&mut self, lenient: bool) -> Option<i64> {
        let least = if lenient { 1 } else { 2 };
        let hour = self.digits(least, 2)?;
        let minute = self.after(b':')?.digits(least, 2)?;
        let mut ms = 0;
        if self.eat(b':') {
            let second = self.digits(least, 2)?;
            if second > 59 {
                return None;
            }
            ms = i64::from(second) * 1000;
            if self.eat(b'.') {
                ms += self.fraction()?;
            }
        }
        (hour < 24 && minute < 60)
            .then_some(i64::from(hour) * 3_600_000 + i64::from(minute) * 60_000 + ms)
    }

    /// Digits after the point, cut to milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        let n = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if n == 0 {
            return None;
        }
        let (digits, rest) = self.0.split_at(n);
        self.0 = rest;
        Some((0..3).fold(0, |ms, i| {
            ms * 10 + digits.get(i).map_or(0, |byte| i64::from(byte - b'0'))
        }))
    }

    /// `h:mm:ss AM` in milliseconds.
    fn clock_12(&mut self) -> Option<i64> {
        let hour = self.digits(1, 2)?;
        let minute = self.after(b':')?.exactly(2)?;
        let second = self.after(b':')?.exactly(2)?;
        self.after(b' ')?;
        let half = match self.0 {
            [b'A' | b'a', b'M' | b'm', rest @ ..] => {
                self.0 = rest;
                0
            }
            [b'P' | b'p', b'M' | b'm', rest @ ..] => {
                self.0 = rest;
                12
            }
            _ => return None,
        };
        ((1..=12).contains(&hour) && minute < 60 && second < 60).then_some(
            i64::from(hour % 12 + half) * 3_600_000
                + i64::from(minute) * 60_000
                + i64::from(second) * 1000,
        )
    }

    /// What must be taken off to get UTC, in milliseconds; 0 where nothing is written.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z' | b'z') => {
                self.0 = &self.0[1..];
                return Some(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.exactly(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.eat(b':');
            self.exactly(2)?
        };
        (hours < 24 && minutes < 60)
            .then_some(sign * (i64::from(hours) * 3_600_000 + i64::from(minutes) * 60_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        match parse(text) {
            None => out.push('-'),
            Some(Moment::Date(days)) => format_date(days, &mut out),
            Some(Moment::Datetime(ms)) => format_datetime(ms, &mut out),
        }
        out
    }

    #[test]
    fn days_are_read_in_their_three_forms() {
        for text in [
            "2020-01-02",
            "2020/01/02",
            "2020/1/2",
            "2020-1-2",
            "01/02/2020",
            "1/2/2020",
        ] {
            assert_eq!(shown(text), "2020-01-02", "{text}");
        }
        assert_eq!(parse_date("20200102"), parse_date("2020-01-02"));
        assert_eq!(parse_date("01-02-2020"), parse_date("2020-01-02"));
        assert_eq!(parse_date("2020-01-02 23:59:59"), parse_date("2020-01-02"));
    }

    #[test]
    fn only_csv_insists_on_leading_zeros() {
        for text in ["2020-01-02 7:05", "2020/1/2T7:5", "1/2/2020 07:5:00"] {
            assert_eq!(shown(text), "2020-01-02 07:05:00.000", "{text}");
            assert_eq!(parse_padded(text), None, "{text}");
        }
        for text in ["2020 01 02", "01-02-2020"] {
            assert_eq!(shown(text), "2020-01-02", "{text}");
            assert_eq!(parse_padded(text), None, "{text}");
        }
        assert!(shows_midnight("2020-01-02T00:00Z"));
        assert!(shows_midnight("2020-01-02 00:00:00+02:00"));
        assert!(!shows_midnight("2020-01-02 02:00:00+02:00"));
        assert!(!shows_midnight("2020-01-02"));
    }

    #[test]
    fn days_the_calendar_lacks_are_refused() {
        for text in [
            "2020-02-30",
            "13/02/2020",
            "2020-01",
            "2021-02-29",
            "2020-00-01",
            "2020-01-00",
            "1900-02-29",
            "2020-01/02",
            "20-01-02",
            "02-30-2020",
            "",
            "x",
            "2020",
            "12:30",
            "2020-01-02x",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(shown("2000-02-29"), "2000-02-29");
    }

    #[test]
    fn instants_are_read_with_fractions_and_offsets() {
        for (text, expected) in [
            ("2020-01-01 12:30:00", "2020-01-01 12:30:00.000"),
            ("2020-01-01T12:30", "2020-01-01 12:30:00.000"),
            ("2020-01-01T12:30:00Z", "2020-01-01 12:30:00.000"),
            ("2020-01-01T12:30:00.5+02:00", "2020-01-01 10:30:00.500"),
            ("2020-01-01 12:30:00.123456-0500", "2020-01-01 17:30:00.123"),
            ("2020/01/01 12:30:00", "2020-01-01 12:30:00.000"),
            ("01/02/2020 12:30:00", "2020-01-02 12:30:00.000"),
            ("1/2/2020, 1:30:05 PM", "2020-01-02 13:30:05.000"),
            ("1/2/2020, 12:00:00 AM", "2020-01-02 00:00:00.000"),
            ("1969-12-31 23:59:59.999", "1969-12-31 23:59:59.999"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for text in [
            "1/2/2020 12:30:00 PM",
            "2020-01-01 24:00:00",
            "2020-01-01 10:60",
            "2020-01-01 10:00:00.",
            "Jan 2 2020",
            "Thu, 02 Jan 2020 00:00:00 GMT",
            "20200102T030405",
            "2020-01-01 ",
            "2020-01-01T",
            "2020-01-01 10:00:00+2",
            "2020-01-01 10:00:00 +02:00",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_round_trips() {
        let mut text = String::new();
        let first = days_from_civil(1600, 1, 1).expect("a day");
        let last = days_from_civil(2400, 1, 1).expect("a day");
        for days in first..last {
            text.clear();
            format_date(days, &mut text);
            assert_eq!(parse(&text), Some(Moment::Date(days)));
        }
    }

    #[test]
    fn far_instants_format_without_panic() {
        let mut text = String::new();
        for ms in [i64::MIN, i64::MAX, 0, -1] {
            format_datetime(ms, &mut text);
        }
        format_date(i32::MIN, &mut text);
        format_date(i32::MAX, &mut text);
        assert!(text.contains("1969-12-31 23:59:59.999"));
    }

    #[test]
    fn clock_times_are_seconds() {
        assert_eq!(parse_clock("12:30:00"), Some(45_000));
        assert_eq!(parse_clock("12:30"), None);
    }
}
