//! Functions that pick one of their arguments; `check` has given all of them one type.

use std::cmp::Ordering;

use crate::schema::DataType::{self, Float64};
use crate::value::{Value, compare_floats};

use super::{Body, Out, Resolved};

/// The least or greatest argument. `strict`: null if one is null, else nulls are passed over.
pub(in crate::expr) fn pick(
    name: &'static str,
    n: usize,
    dtype: DataType,
    greatest: bool,
    strict: bool,
) -> Resolved {
    let body = if dtype == Float64 && n == 2 && strict {
        Body::Float2(if greatest { f64::max } else { f64::min })
    } else {
        Body::Cells(Box::new(move |values, buffer| {
            let wanted = if greatest {
                Ordering::Greater
            } else {
                Ordering::Less
            };
            let mut best = Value::Null;
            for &value in values {
                if !value.is_null() && (best.is_null() || compare(value, best) == wanted) {
                    best = value;
                }
            }
            out(best, buffer)
        }))
    };
    Resolved {
        name,
        variant: "",
        arguments: vec![Some(dtype); n],
        dtype,
        strict,
        body,
    }
}

fn compare(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => compare_floats(a, b),
        _ => a.cmp(&b),
    }
}

/// A cell as the result of a call.
pub(in crate::expr) fn out(value: Value<'_>, buffer: &mut String) -> Out {
    match value {
        Value::Null => Out::Null,
        Value::Bool(value) => Out::Bool(value),
        Value::Int(value) => Out::Int(value),
        Value::UInt(value) => i64::try_from(value).ok().into(),
        Value::Float(value) => Out::Float(value),
        Value::Date(day) => Out::Date(day),
        Value::Datetime(ms) => Out::Datetime(ms),
        Value::Text(text) => {
            buffer.push_str(text);
            Out::Text
        }
    }
}
