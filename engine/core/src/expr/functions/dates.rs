//! Dates and datetimes: parts, truncation, arithmetic, making, parsing and formatting, in UTC or a named time zone.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::fmt::strtime::{self, BrokenDownTime};

use crate::ingest::time;
use crate::schema::DataType::{Date, Datetime, Float64, Int64, String as Text};
use crate::value::Value;

use super::super::calendar::{self, DAY_MS};
use super::super::graph::Type;
use super::math::float_to_int;
use super::units::{Unit, day_of};
use super::zones::Zone;
use super::{
    Argument, Body, Function, MAX_TEXT, Out, Reject, Resolution, Resolved, cells, float_of,
    require, text_of,
};

/// A whole-number part of a datetime, from its local milliseconds.
macro_rules! part {
    ($name:literal, $body:expr) => {
        Function {
            name: $name,
            arity: (1, 2),
            resolve: |arguments| {
                let zone = moment_and_zone(arguments)?;
                let part: fn(i64) -> i64 = $body;
                Ok(Resolved {
                    name: $name,
                    variant: "",
                    arguments: [Some(Datetime), Some(Text)][..arguments.len()].to_vec(),
                    dtype: Int64,
                    strict: true,
                    body: Body::Int1(Box::new(move |ms| Some(part(zone.local(ms))))),
                })
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    part!("year", |ms| calendar::civil(day_of(ms)).0),
    part!("quarter", |ms| (calendar::civil(day_of(ms)).1 + 2) / 3),
    part!("month", |ms| calendar::civil(day_of(ms)).1),
    part!("week_of_year", |ms| calendar::iso_week(day_of(ms))),
    part!("day", |ms| calendar::civil(day_of(ms)).2),
    part!("day_of_year", |ms| day_of(ms)
        - calendar::day_number(calendar::civil(day_of(ms)).0, 1, 1)
        + 1),
    part!("hour", |ms| ms.rem_euclid(DAY_MS) / 3_600_000),
    part!("minute", |ms| ms.rem_euclid(3_600_000) / 60_000),
    part!("second", |ms| ms.rem_euclid(60_000) / 1_000),
    part!("millisecond", |ms| ms.rem_euclid(1_000)),
    Function {
        name: "hour_of_day",
        arity: (1, 2),
        resolve: hour_of_day,
    },
    Function {
        name: "day_of_week",
        arity: (1, 2),
        resolve: day_of_week,
    },
    Function {
        name: "month_of_year",
        arity: (1, 2),
        resolve: month_of_year,
    },
    Function {
        name: "date",
        arity: (1, 3),
        resolve: date,
    },
    Function {
        name: "make_date",
        arity: (3, 3),
        resolve: make_date,
    },
    Function {
        name: "datetime",
        arity: (1, 1),
        resolve: datetime,
    },
    Function {
        name: "make_datetime",
        arity: (6, 7),
        resolve: make_datetime,
    },
    Function {
        name: "bucket",
        arity: (2, 2),
        resolve: bucket,
    },
    Function {
        name: "date_trunc",
        arity: (2, 3),
        resolve: date_trunc,
    },
    Function {
        name: "date_add",
        arity: (3, 4),
        resolve: date_add,
    },
    Function {
        name: "date_diff",
        arity: (3, 4),
        resolve: date_diff,
    },
    Function {
        name: "parse_date",
        arity: (1, 2),
        resolve: parse_date,
    },
    Function {
        name: "parse_datetime",
        arity: (1, 3),
        resolve: parse_datetime,
    },
    Function {
        name: "format_date",
        arity: (2, 3),
        resolve: format_date,
    },
];

/// Years that a date can be made in.
const YEARS: std::ops::RangeInclusive<f64> = 0.0..=9999.9;

/// The day of an instant, if a date can hold it.
fn date_of(ms: i64) -> Option<i64> {
    i32::try_from(day_of(ms)).ok().map(i64::from)
}

/// Checks a moment with an optional zone after it.
fn moment_and_zone(arguments: &[Argument<'_>]) -> Result<Zone, Reject> {
    require(arguments[0].is_temporal())?;
    Zone::of(arguments.get(1))
}

fn named(
    name: &'static str,
    dtype: crate::schema::DataType,
    arguments: &[Argument<'_>],
    text: fn(i64) -> String,
) -> Resolution {
    let zone = moment_and_zone(arguments)?;
    let types = [Some(Datetime), Some(Text)][..arguments.len()].to_vec();
    cells(name, types, dtype, move |values, buffer| match values[0] {
        Value::Datetime(ms) => {
            buffer.push_str(&text(zone.local(ms)));
            Out::Text
        }
        _ => Out::Null,
    })
}

fn hour_of_day(arguments: &[Argument<'_>]) -> Resolution {
    let zone = moment_and_zone(arguments)?;
    let types = [Some(Datetime), Some(Text)][..arguments.len()].to_vec();
    cells(
        "hour_of_day",
        types,
        Float64,
        move |values, _| match values[0] {
            Value::Datetime(ms) => {
                Out::Float((zone.local(ms).rem_euclid(DAY_MS) / 3_600_000) as f64)
            }
            _ => Out::Null,
        },
    )
}

fn day_of_week(arguments: &[Argument<'_>]) -> Resolution {
    const NAMES: [&str; 7] = [
        "2 Monday",
        "3 Tuesday",
        "4 Wednesday",
        "5 Thursday",
        "6 Friday",
        "7 Saturday",
        "1 Sunday",
    ];
    named("day_of_week", Text, arguments, |ms| {
        NAMES[calendar::weekday(day_of(ms)) as usize].to_owned()
    })
}

fn month_of_year(arguments: &[Argument<'_>]) -> Resolution {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    named("month_of_year", Text, arguments, |ms| {
        let month = calendar::civil(day_of(ms)).1;
        format!("{month:02} {}", NAMES[month as usize - 1])
    })
}

/// A day from year, month and day of month, of which the last may run into the next month if `lenient`.
fn make_day(year: f64, month: f64, day: f64, lenient: bool) -> Option<i64> {
    if !YEARS.contains(&year) || !(1.0..13.0).contains(&month) || !(1.0..32.0).contains(&day) {
        return None;
    }
    let (year, month, day) = (year as i64, month as i64, day as i64);
    (lenient || day <= calendar::days_in_month(year, month))
        .then(|| calendar::day_number(year, month, day))
}

fn day_result(day: Option<i64>) -> Out {
    day.map_or(Out::Null, |day| Out::Date(day as i32))
}

/// `date(year, month, day)`, or the day of a datetime.
fn date(arguments: &[Argument<'_>]) -> Resolution {
    if arguments.len() == 1 {
        require(arguments[0].is_temporal())?;
        return Ok(Resolved {
            name: "date",
            variant: "",
            arguments: vec![Some(Datetime)],
            dtype: Date,
            strict: true,
            body: Body::Int1(Box::new(date_of)),
        });
    }
    if arguments.len() == 2 {
        return Err(Reject::Because(
            "Failed parameter type check for function 'date', Expected 'TTT' call set: 'TT'".into(),
        ));
    }
    require(arguments.iter().all(Argument::is_numeric))?;
    cells("date", vec![Some(Float64); 3], Date, |values, _| {
        day_result(make_day(
            float_of(values[0]),
            float_of(values[1]),
            float_of(values[2]),
            true,
        ))
    })
}

fn make_date(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_numeric))?;
    cells("make_date", vec![Some(Float64); 3], Date, |values, _| {
        day_result(make_day(
            float_of(values[0]),
            float_of(values[1]),
            float_of(values[2]),
            false,
        ))
    })
}

fn datetime(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_numeric() || arguments[0].is_temporal())?;
    if arguments[0].is_temporal()
        || arguments[0]
            .dtype
            .is_some_and(|dtype| dtype.int_range().is_some())
    {
        let from = if arguments[0].is_temporal() {
            Datetime
        } else {
            Int64
        };
        return Ok(Resolved {
            name: "datetime",
            variant: "",
            arguments: vec![Some(from)],
            dtype: Datetime,
            strict: true,
            body: Body::Int1(Box::new(Some)),
        });
    }
    cells("datetime", vec![Some(Float64)], Datetime, |values, _| {
        float_to_int(float_of(values[0])).map_or(Out::Null, Out::Datetime)
    })
}

fn make_datetime(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[..6].iter().all(Argument::is_numeric))?;
    let zone = Zone::of(arguments.get(6))?;
    let mut types: Vec<Type> = vec![Some(Float64); 6];
    types.extend(arguments.get(6).map(|_| Some(Text)));
    cells("make_datetime", types, Datetime, move |values, _| {
        let number = |i: usize| float_of(values[i]);
        let clock_fits = (0.0..24.0).contains(&number(3))
            && (0.0..60.0).contains(&number(4))
            && (0.0..60.0).contains(&number(5));
        match make_day(number(0), number(1), number(2), false) {
            Some(day) if clock_fits => {
                let clock = number(3) as i64 * 3_600_000
                    + number(4) as i64 * 60_000
                    + (number(5) * 1_000.0) as i64;
                Out::Datetime(zone.instant(day * DAY_MS + clock))
            }
            _ => Out::Null,
        }
    })
}

/// `bucket(number, size)` and `bucket(moment, 'unit')`.
fn bucket(arguments: &[Argument<'_>]) -> Resolution {
    if arguments[0].is_temporal() {
        let unit = arguments[1]
            .text()
            .and_then(Unit::of_bucket)
            .ok_or(Reject::Types)?;
        let is_date = arguments[0].dtype == Some(Date);
        let from = if is_date { Date } else { Datetime };
        let body: Box<dyn Fn(i64) -> Option<i64>> = match (is_date, unit.is_calendar()) {
            (true, true) => Box::new(move |day| date_of(unit.floor(day * DAY_MS))),
            (true, false) => Box::new(Some),
            (false, true) => Box::new(move |ms| date_of(unit.floor(ms))),
            (false, false) => Box::new(move |ms| Some(unit.floor(ms))),
        };
        return Ok(Resolved {
            name: "bucket",
            variant: "",
            arguments: vec![Some(from), Some(Text)],
            dtype: if is_date || unit.is_calendar() {
                Date
            } else {
                Datetime
            },
            strict: true,
            body: Body::Int1(body),
        });
    }
    require(arguments.iter().all(Argument::is_numeric))?;
    if let (Some(Int64), Some(size)) = (arguments[0].dtype, arguments[1].whole()) {
        return Ok(Resolved {
            name: "bucket",
            variant: "",
            arguments: vec![Some(Int64); 2],
            dtype: Int64,
            strict: true,
            body: Body::Int1(Box::new(move |x| {
                // The quotient is rounded down whatever the signs, as `floor(x / size)` is.
                let quotient = x.checked_div(size)?;
                let inexact = x % size != 0 && (x < 0) != (size < 0);
                (quotient - i64::from(inexact)).checked_mul(size)
            })),
        });
    }
    Ok(Resolved {
        name: "bucket",
        variant: "",
        arguments: vec![Some(Float64); 2],
        dtype: Float64,
        strict: true,
        body: Body::Float2(|x, size| (x / size).floor() * size),
    })
}

/// The unit that an argument names.
fn unit(argument: &Argument<'_>) -> Result<Unit, Reject> {
    match argument.text() {
        Some(name) => Unit::of_name(name).ok_or_else(|| {
            Reject::Because(format!(
                "Type Error - unknown unit '{name}', expected millisecond, second, minute, hour, day, week, month, quarter or year"
            ))
        }),
        None => Err(Reject::Because("Type Error - a unit must be a constant text".into())),
    }
}

fn date_trunc(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_temporal())?;
    let unit = unit(&arguments[1])?;
    let zone = Zone::of(arguments.get(2))?;
    let is_date = arguments[0].dtype == Some(Date);
    let mut types = vec![arguments[0].dtype, Some(Text)];
    types.extend(arguments.get(2).map(|_| Some(Text)));
    let body: Box<dyn Fn(i64) -> Option<i64>> = if is_date {
        Box::new(move |day| date_of(unit.floor(day * DAY_MS)))
    } else {
        Box::new(move |ms| Some(zone.instant(unit.floor(zone.local(ms)))))
    };
    Ok(Resolved {
        name: "date_trunc",
        variant: "",
        arguments: types,
        dtype: if is_date { Date } else { Datetime },
        strict: true,
        body: Body::Int1(body),
    })
}

/// Days that an instant of a sane year can be on: 400 000 years around 1970.
const DAY_RANGE: std::ops::RangeInclusive<i64> = -146_097_000..=146_097_000;

fn date_add(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_temporal() && arguments[1].is_numeric())?;
    let unit = unit(&arguments[2])?;
    let zone = Zone::of(arguments.get(3))?;
    let stays_date = arguments[0].dtype == Some(Date) && unit.is_calendar();
    let mut types = vec![Some(Datetime), Some(Float64), Some(Text)];
    types.extend(arguments.get(3).map(|_| Some(Text)));
    cells(
        "date_add",
        types,
        if stays_date { Date } else { Datetime },
        move |values, _| {
            let (Value::Datetime(ms), Some(n)) = (values[0], float_to_int(float_of(values[1])))
            else {
                return Out::Null;
            };
            if !DAY_RANGE.contains(&day_of(ms)) {
                return Out::Null;
            }
            // Units below a day are lengths of time; from a day on they are steps of the calendar.
            let moved = if unit.is_calendar() {
                unit.add(zone.local(ms), n)
                    .filter(|&moved| DAY_RANGE.contains(&day_of(moved)))
                    .map(|moved| zone.instant(moved))
            } else {
                unit.add(ms, n)
                    .filter(|&moved| DAY_RANGE.contains(&day_of(moved)))
            };
            match moved {
                Some(moved) if stays_date => Out::Date(day_of(moved) as i32),
                Some(moved) => Out::Datetime(moved),
                None => Out::Null,
            }
        },
    )
}

fn date_diff(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_temporal() && arguments[1].is_temporal())?;
    let unit = unit(&arguments[2])?;
    let zone = Zone::of(arguments.get(3))?;
    let mut types = vec![Some(Datetime), Some(Datetime), Some(Text)];
    types.extend(arguments.get(3).map(|_| Some(Text)));
    cells("date_diff", types, Int64, move |values, _| {
        let (Value::Datetime(from), Value::Datetime(to)) = (values[0], values[1]) else {
            return Out::Null;
        };
        if !DAY_RANGE.contains(&day_of(from)) || !DAY_RANGE.contains(&day_of(to)) {
            return Out::Null;
        }
        if unit.is_calendar() {
            unit.between(zone.local(from), zone.local(to))
        } else {
            unit.between(from, to)
        }
        .into()
    })
}

/// A parsed text with a format.
fn broken_down(format: &str, text: &str) -> Option<BrokenDownTime> {
    BrokenDownTime::parse(format, text.trim()).ok()
}

fn parse_date(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    cells(
        "parse_date",
        vec![Some(Text); arguments.len()],
        Date,
        |values, _| {
            let text = text_of(values[0]);
            let day = match values.get(1) {
                None => time::parse_date(text),
                Some(&format) => broken_down(text_of(format), text)
                    .and_then(|parts| parts.to_date().ok())
                    .map(|date| {
                        calendar::day_number(
                            date.year().into(),
                            date.month().into(),
                            date.day().into(),
                        ) as i32
                    }),
            };
            day.map_or(Out::Null, Out::Date)
        },
    )
}

fn parse_datetime(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    let zone = Zone::of(arguments.get(2))?;
    cells(
        "parse_datetime",
        vec![Some(Text); arguments.len()],
        Datetime,
        move |values, _| {
            let text = text_of(values[0]);
            let Some(&format) = values.get(1) else {
                return time::parse_datetime(text).map_or(Out::Null, Out::Datetime);
            };
            let Some(parts) = broken_down(text_of(format), text) else {
                return Out::Null;
            };
            // An offset in the text is exact; without one the clock is that of the zone. A format without a time of day
            // gives midnight.
            if let Ok(instant) = parts.to_timestamp() {
                return Out::Datetime(instant.as_millisecond());
            }
            let clock = parts
                .to_datetime()
                .or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0)));
            match clock.and_then(|clock| clock.to_zoned_datetime(jiff::tz::TimeZone::UTC)) {
                Ok(clock) => Out::Datetime(zone.instant(clock.timestamp().as_millisecond())),
                Err(_) => Out::Null,
            }
        },
    )
}

fn format_date(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_temporal() && arguments[1].is_text())?;
    let zone: Rc<Zone> = Zone::of(arguments.get(2))?.into();
    if let Some(format) = arguments[1].text()
        && let Err(error) = strtime::format(
            format,
            &Timestamp::UNIX_EPOCH.to_zoned_datetime(zone.time_zone()),
        )
    {
        return Err(Reject::Because(format!(
            "Type Error - invalid date format '{format}': {error}"
        )));
    }
    let mut types = vec![Some(Datetime), Some(Text)];
    types.extend(arguments.get(2).map(|_| Some(Text)));
    cells("format_date", types, Text, move |values, buffer| {
        let Value::Datetime(ms) = values[0] else {
            return Out::Null;
        };
        let Ok(instant) = Timestamp::from_millisecond(ms) else {
            return Out::Null;
        };
        match strtime::format(
            text_of(values[1]),
            &instant.to_zoned_datetime(zone.time_zone()),
        ) {
            Ok(text) if text.len() > MAX_TEXT => Out::TooLong,
            Ok(text) => {
                buffer.push_str(&text);
                Out::Text
            }
            Err(_) => Out::Null,
        }
    })
}
