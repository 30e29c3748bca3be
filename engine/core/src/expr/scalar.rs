//! Operations on single cells: what constant folding and the row interpreter share.
//!
//! The checker has made the operands fit, so an operand of an unexpected type can only be null.

use super::ast::{Arith, Compare, Logic};
use super::functions::{Body, Out, Resolved, float_to_int};
use super::graph::{Op, Type};
use crate::error::{Error, Result};
use crate::schema::{DataType, Storage};
use crate::value::{Scalar, Value};

/// Arithmetic on two integers or two floats.
pub(super) fn arith(op: Arith, a: &Scalar, b: &Scalar) -> Scalar {
    match (a, b) {
        (Scalar::Int(a), Scalar::Int(b)) => int_arith(op, *a, *b).map_or(Scalar::Null, Scalar::Int),
        (Scalar::Float(a), Scalar::Float(b)) => {
            float_arith(op, *a, *b).map_or(Scalar::Null, Scalar::Float)
        }
        _ => Scalar::Null,
    }
}

/// `+ - *` of integers; null when 64 bits cannot hold the result.
pub(super) fn int_arith(op: Arith, a: i64, b: i64) -> Option<i64> {
    match op {
        Arith::Add => a.checked_add(b),
        Arith::Subtract => a.checked_sub(b),
        Arith::Multiply => a.checked_mul(b),
        Arith::Divide | Arith::Remainder | Arith::Power => None,
    }
}

/// Arithmetic of floats; a division by zero and an undefined power are null.
#[inline]
pub(super) fn float_arith(op: Arith, a: f64, b: f64) -> Option<f64> {
    match op {
        Arith::Add => Some(a + b),
        Arith::Subtract => Some(a - b),
        Arith::Multiply => Some(a * b),
        Arith::Divide => (b != 0.0).then(|| a / b),
        Arith::Remainder => (b != 0.0).then(|| a % b),
        Arith::Power => Some(power(a, b)).filter(|power| power.is_finite()),
    }
}

/// A power; small whole exponents by multiplication, which is exact where it can be.
#[inline]
pub(super) fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { libm::pow(a, b) }
}

/// A comparison that is never null: null equals only null, and is neither less nor greater than anything.
pub(super) fn compare(op: Compare, a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => op.holds(std::cmp::Ordering::Equal),
        (Value::Null, _) | (_, Value::Null) => op == Compare::NotEqual,
        // NaN is unequal to everything, itself included.
        (Value::Float(a), Value::Float(b)) => a
            .partial_cmp(&b)
            .map_or(op == Compare::NotEqual, |order| op.holds(order)),
        _ => op.holds(a.cmp(&b)),
    }
}

/// Null is false, a number is true unless it is zero, everything else is true.
pub(super) fn truth(value: Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => value,
        Value::Int(value) => value != 0,
        Value::UInt(value) => value != 0,
        Value::Float(value) => value != 0.0,
        Value::Date(_) | Value::Datetime(_) | Value::Text(_) => true,
    }
}

/// A cell as another type; null where it does not fit.
pub(super) fn convert(value: Value<'_>, to: Type) -> Scalar {
    let Some(to) = to else {
        return value.to_scalar();
    };
    match (value, to) {
        (Value::Date(day), DataType::Datetime | DataType::Int64) => {
            let ms = i64::from(day) * super::calendar::DAY_MS;
            if to == DataType::Int64 {
                Scalar::Int(ms)
            } else {
                Scalar::Datetime(ms)
            }
        }
        (Value::Datetime(ms), DataType::Int64) => Scalar::Int(ms),
        (Value::Bool(value), DataType::Int64) => Scalar::Int(value.into()),
        (Value::UInt(value), DataType::Int64) => {
            i64::try_from(value).map_or(Scalar::Null, Scalar::Int)
        }
        (Value::Float(value), DataType::UInt64) => {
            let fits = value.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&value);
            if fits {
                Scalar::UInt(value as u64)
            } else {
                Scalar::Null
            }
        }
        (Value::Float(value), _) if to.storage() == Storage::Int => {
            if value.fract() == 0.0 {
                float_to_int(value).map_or(Scalar::Null, Scalar::Int)
            } else {
                Scalar::Null
            }
        }
        (_, DataType::Float64) => value.as_f64().map_or(Scalar::Null, Scalar::Float),
        _ => value.to_scalar(),
    }
}

/// A number with its sign changed.
pub(super) fn negate(value: &Scalar) -> Scalar {
    match value {
        Scalar::Int(value) => value.checked_neg().map_or(Scalar::Null, Scalar::Int),
        Scalar::Float(value) => Scalar::Float(-value),
        _ => Scalar::Null,
    }
}

/// Calls a function on cells that were converted to its argument types.
pub(super) fn call(
    function: &Resolved,
    values: &[Value<'_>],
    buffer: &mut String,
) -> Result<Scalar> {
    if function.strict && values.iter().any(|value| value.is_null()) {
        return Ok(Scalar::Null);
    }
    let number = |i: usize| values[i].as_f64().unwrap_or_default();
    let finite = |value: f64| {
        if value.is_finite() {
            Scalar::Float(value)
        } else {
            Scalar::Null
        }
    };
    Ok(match &function.body {
        Body::Float1(body) => finite(body(number(0))),
        Body::Float2(body) => finite(body(number(0), number(1))),
        Body::Int1(body) => {
            let held = match values[0] {
                Value::Int(value) | Value::Datetime(value) => Some(value),
                Value::Date(day) => Some(day.into()),
                _ => None,
            };
            match (held.and_then(body), function.dtype) {
                (None, _) => Scalar::Null,
                (Some(day), DataType::Date) => Scalar::Date(day as i32),
                (Some(ms), DataType::Datetime) => Scalar::Datetime(ms),
                (Some(value), _) => Scalar::Int(value),
            }
        }
        Body::Cells(body) => {
            buffer.clear();
            match body(values, buffer) {
                Out::Null => Scalar::Null,
                Out::Bool(value) => Scalar::Bool(value),
                Out::Int(value) => Scalar::Int(value),
                Out::Float(value) => Scalar::Float(value),
                Out::Date(value) => Scalar::Date(value),
                Out::Datetime(value) => Scalar::Datetime(value),
                Out::Text => Scalar::Text(buffer.as_str().into()),
                Out::TooLong => return Err(too_long(function.name)),
            }
        }
    })
}

/// The error of a call whose text is too long.
pub(super) fn too_long(name: &str) -> Error {
    let limit = super::functions::MAX_TEXT;
    Error::limit(format!(
        "expression: `{name}` makes a text of more than {limit} bytes"
    ))
}

/// The value of an operation on constants; `None` if it cannot be known before the program runs.
pub(super) fn fold(op: &Op, dtype: Type, operands: &[&Scalar]) -> Option<Scalar> {
    Some(match op {
        Op::Convert => convert(operands[0].as_value(), dtype),
        Op::Truth => Scalar::Bool(truth(operands[0].as_value())),
        Op::Not => Scalar::Bool(!truth(operands[0].as_value())),
        Op::Negate => negate(operands[0]),
        Op::Arith(op) => arith(*op, operands[0], operands[1]),
        Op::Compare(op) => {
            Scalar::Bool(compare(*op, operands[0].as_value(), operands[1].as_value()))
        }
        Op::Logic(op) => logic(
            *op,
            op.apply(truth(operands[0].as_value()), truth(operands[1].as_value())),
        ),
        Op::IsNull => Scalar::Bool(operands[0].is_null()),
        Op::Select => operands[if truth(operands[0].as_value()) { 1 } else { 2 }].clone(),
        Op::Call(function) => {
            let values: Vec<Value<'_>> = operands.iter().map(|value| value.as_value()).collect();
            // A text that is too long is reported when the program runs.
            call(function, &values, &mut String::new()).ok()?
        }
        Op::Const(_) | Op::Input(_) | Op::Key | Op::Now | Op::Random(_) | Op::Lookup(_) => {
            return None;
        }
    })
}

/// The result of logic as a cell: `&` and `|` give numbers.
pub(super) fn logic(op: Logic, result: bool) -> Scalar {
    match op {
        Logic::AndNumber | Logic::OrNumber => Scalar::Float(f64::from(u8::from(result))),
        _ => Scalar::Bool(result),
    }
}
