//! Filter operands, converted to the type of the column that they are compared with.
//!
//! The wire knows null, booleans, doubles and text. Numbers may come as text, dates and datetimes as text or as
//! milliseconds. What cannot be converted is an error of the view's configuration.

use crate::column::flip_u64;
use crate::error::{Error, Result};
use crate::ingest::time;
use crate::schema::{ColumnType, DataType};
use crate::value::Scalar;

/// An operand as its column sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Null,
    /// False or true, or a number beside both, as 0 and 1.
    Bool(f64),
    Number(Number),
    /// Days.
    Date(i32),
    /// Milliseconds.
    Datetime(i64),
    Text(std::rc::Rc<str>),
}

/// A number for a numeric column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(v) => v as f64,
            Self::Float(v) => v,
        }
    }

    /// The whole number, if it is one.
    pub fn whole(self) -> Option<i128> {
        match self {
            Self::Whole(v) => Some(v),
            Self::Float(v) if v.fract() == 0.0 && v.abs() < 1e38 => Some(v as i128),
            Self::Float(_) => None,
        }
    }

    /// The greatest whole number that is not above it, saturated; `None` for NaN.
    pub fn floor(self) -> Option<i128> {
        match self {
            Self::Whole(v) => Some(v),
            Self::Float(v) if v.is_nan() => None,
            Self::Float(v) => Some(v.floor() as i128),
        }
    }

    /// The least whole number that is not below it, saturated; `None` for NaN.
    pub fn ceil(self) -> Option<i128> {
        match self {
            Self::Whole(v) => Some(v),
            Self::Float(v) if v.is_nan() => None,
            Self::Float(v) => Some(v.ceil() as i128),
        }
    }
}

impl Operand {
    /// Converts an operand for a column of this type.
    pub fn new(column: &str, dtype: DataType, operand: &Scalar) -> Result<Self> {
        if operand.is_null() {
            return Ok(Self::Null);
        }
        let misfit = || {
            Error::config(format!(
                "Filter on column `{column}` of type {} cannot take {}",
                dtype.column_type(),
                describe(operand)
            ))
        };
        let number = match operand {
            Scalar::Bool(v) => Some(f64::from(u8::from(*v))),
            Scalar::Text(_) => None,
            other => other.as_value().as_f64(),
        };
        match (dtype.column_type(), operand) {
            (ColumnType::Integer | ColumnType::Float, Scalar::Int(v)) => {
                Ok(Self::Number(Number::Whole((*v).into())))
            }
            (ColumnType::Integer | ColumnType::Float, Scalar::Text(text)) => {
                parse_number(text).map(Self::Number).ok_or_else(misfit)
            }
            (ColumnType::Integer | ColumnType::Float, _) => number
                .map(|v| Self::Number(Number::Float(v)))
                .ok_or_else(misfit),
            (ColumnType::Boolean, Scalar::Text(text)) => match text.trim() {
                "true" | "True" | "TRUE" => Ok(Self::Bool(1.0)),
                "false" | "False" | "FALSE" => Ok(Self::Bool(0.0)),
                other => match parse_number(other) {
                    Some(number) => Ok(Self::Bool(number.as_f64())),
                    None => Err(misfit()),
                },
            },
            (ColumnType::Boolean, _) => number.map(Self::Bool).ok_or_else(misfit),
            (ColumnType::String, Scalar::Text(text)) => Ok(Self::Text(text.clone())),
            // The text is the reference's.
            (ColumnType::String, Scalar::Float(_)) => {
                Err(Error::config("Unsupported double type: 19"))
            }
            (ColumnType::String, _) => Err(misfit()),
            (ColumnType::Date, Scalar::Text(text)) => {
                time::parse_date(text).map(Self::Date).ok_or_else(bad_date)
            }
            (ColumnType::Date, Scalar::Date(day)) => Ok(Self::Date(*day)),
            (ColumnType::Date, Scalar::Float(ms)) if ms.is_finite() => {
                Ok(Self::Date(time::day_of(*ms as i64)))
            }
            (ColumnType::Datetime, Scalar::Text(text)) => time::parse_datetime(text)
                .map(Self::Datetime)
                .ok_or_else(bad_date),
            (ColumnType::Datetime, Scalar::Datetime(ms)) => Ok(Self::Datetime(*ms)),
            (ColumnType::Datetime, Scalar::Float(ms)) if ms.is_finite() => {
                Ok(Self::Datetime(*ms as i64))
            }
            (ColumnType::Date | ColumnType::Datetime, _) => Err(bad_date()),
        }
    }

    /// How `get_config` shows it: numbers and datetimes as floats, dates as text.
    pub fn echo(&self) -> Scalar {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(v) if *v == 0.0 || *v == 1.0 => Scalar::Bool(*v == 1.0),
            Self::Bool(v) => Scalar::Float(*v),
            Self::Number(number) => Scalar::Float(number.as_f64()),
            Self::Date(day) => {
                let mut text = String::new();
                time::format_date(*day, &mut text);
                Scalar::Text(text.into())
            }
            Self::Datetime(ms) => Scalar::Float(*ms as f64),
            Self::Text(text) => Scalar::Text(text.clone()),
        }
    }

    /// For columns held as integers: the number that it is compared as.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Date(day) => Some(Number::Whole((*day).into())),
            Self::Datetime(ms) => Some(Number::Whole((*ms).into())),
            Self::Bool(v) => Some(Number::Float(*v)),
            Self::Null | Self::Text(_) => None,
        }
    }
}

fn bad_date() -> Error {
    Error::config("Invalid date format")
}

fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse()
        .map(Number::Whole)
        .or_else(|_| text.parse().map(Number::Float))
        .ok()
}

fn describe(operand: &Scalar) -> String {
    match operand {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(v) => format!("the boolean {v}"),
        Scalar::Int(v) => format!("the number {v}"),
        Scalar::UInt(v) => format!("the number {v}"),
        Scalar::Float(v) => format!("the number {v}"),
        Scalar::Date(v) => format!("day {v}"),
        Scalar::Datetime(v) => format!("instant {v}"),
        Scalar::Text(v) => format!("the text \"{v}\""),
    }
}

/// The held form of a whole number in an integer column, moved to the nearest one that exists.
pub(super) fn held(dtype: DataType, value: i128) -> i64 {
    if dtype == DataType::UInt64 {
        flip_u64(value.clamp(0, u64::MAX.into()) as u64)
    } else {
        value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

/// The range of whole numbers that a column of this type can hold in memory.
pub(super) fn held_range(dtype: DataType) -> (i128, i128) {
    match dtype {
        DataType::UInt64 => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}
