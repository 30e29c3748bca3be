//! Conversions between types: `string`, `integer`, `float` of text, and the text form of every cell.

use std::fmt::Write as _;

use crate::ingest::time;
use crate::schema::DataType::{Float64, Int64, String as Text};
use crate::value::Value;

use super::math::float_to_int;
use super::{Argument, Function, Out, Resolution, cells, require, text_of};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "string",
        arity: (1, 1),
        resolve: string,
    },
    Function {
        name: "integer",
        arity: (1, 1),
        resolve: integer,
    },
    Function {
        name: "float",
        arity: (1, 1),
        resolve: float,
    },
];

fn string(arguments: &[Argument<'_>]) -> Resolution {
    cells(
        "string",
        vec![arguments[0].dtype],
        Text,
        |values, buffer| {
            write_value(values[0], buffer);
            Out::Text
        },
    )
}

/// Truncates numbers, reads text, and gives times in milliseconds.
fn integer(arguments: &[Argument<'_>]) -> Resolution {
    cells("integer", vec![arguments[0].dtype], Int64, |values, _| {
        let whole = match values[0] {
            Value::Null => None,
            Value::Bool(value) => Some(value.into()),
            Value::Int(value) | Value::Datetime(value) => Some(value),
            Value::UInt(value) => i64::try_from(value).ok(),
            Value::Float(value) => float_to_int(value),
            Value::Date(day) => Some(i64::from(day) * time::DAY_MS),
            Value::Text(text) => text
                .trim()
                .parse()
                .ok()
                .or_else(|| parse_number(text).and_then(float_to_int)),
        };
        whole.into()
    })
}

fn float(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text())?;
    cells("float", vec![Some(Text)], Float64, |values, _| {
        parse_number(text_of(values[0])).into()
    })
}

/// The finite number that a text is.
fn parse_number(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
}

/// Appends the text of a cell; nothing for null.
fn write_value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(itoa::Buffer::new().format(value)),
        Value::UInt(value) => out.push_str(itoa::Buffer::new().format(value)),
        Value::Float(value) => write_float(value, out),
        Value::Date(day) => time::format_date(day, out),
        Value::Datetime(ms) => time::format_datetime(ms, out),
        Value::Text(text) => out.push_str(text),
    }
}

/// The shortest digits that read back as the same number; an exponent of at least two digits where the number is
/// below 0.0001 or has more than 15 digits before the point.
fn write_float(value: f64, out: &mut String) {
    if value.is_nan() {
        return out.push_str("nan");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "inf" } else { "-inf" });
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e15).contains(&magnitude) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{value}");
        return;
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |exponent| ('-', exponent));
    let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_shortest() {
        for (value, expected) in [
            (7.0, "7"),
            (2.5, "2.5"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-07"),
            (100_000.0, "100000"),
            (1e15, "1e+15"),
            (123_456_789.5, "123456789.5"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let mut out = String::new();
            write_float(value, &mut out);
            assert_eq!(out, expected);
        }
    }
}
