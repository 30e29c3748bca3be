//! The operators over whole columns: which loop of `kernels` runs for which storage, and what becomes of nulls.

use std::rc::Rc;

use super::ast::{Arith, Compare, Logic};
use super::eval::Values;
use super::graph::Type;
use super::kernels::{self, Operand};
use super::{calendar, scalar};
use crate::column::{Column, Data, NULL_CODE, unflip_u64};
use crate::schema::{DataType, Storage};
use crate::value::Scalar;

/// Truth values without nulls.
pub(super) fn bool_column<'a>(values: Vec<bool>) -> Values<'a> {
    Column::from_parts(DataType::Boolean, Data::Bool(values), None).into()
}

/// The values in another type; null where they do not fit.
pub(super) fn convert<'a>(values: &Values<'a>, from: Type, to: Type, n: usize) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(scalar::convert(value.as_value(), to)),
        Values::Each(column) => column,
    };
    let Some(to) = to else {
        return values.clone();
    };
    let validity = column.validity().cloned();
    let data = match (column.data(), to.storage()) {
        (Data::Bool(values), Storage::Float) => {
            Data::Float(kernels::unary(values, |value| f64::from(u8::from(value))))
        }
        (Data::Bool(values), Storage::Int) => Data::Int(kernels::unary(values, i64::from)),
        (Data::Int(values), Storage::Float) => {
            let mut floats = match from {
                Some(DataType::UInt64) => kernels::unary(values, |held| unflip_u64(held) as f64),
                Some(DataType::Date) => {
                    kernels::unary(values, |day| (day * calendar::DAY_MS) as f64)
                }
                _ => kernels::unary(values, |value| value as f64),
            };
            kernels::zero_nulls(&mut floats, validity.as_ref());
            Data::Float(floats)
        }
        (Data::Int(values), Storage::Int) => match from {
            Some(DataType::UInt64) => {
                let (values, validity) = kernels::fallible(
                    Operand::Slice(values),
                    Operand::One(0),
                    n,
                    validity,
                    |held, _| {
                        let value = i64::try_from(unflip_u64(held));
                        (value.unwrap_or_default(), value.is_ok())
                    },
                );
                return Column::from_parts(to, Data::Int(values), validity).into();
            }
            Some(DataType::Date) if matches!(to, DataType::Datetime | DataType::Int64) => {
                Data::Int(kernels::unary(values, |day| day * calendar::DAY_MS))
            }
            _ => Data::Int(values.clone()),
        },
        // Rare pairs go cell by cell.
        _ => {
            let mut result = Column::with_capacity(to, n);
            (0..n).for_each(|i| result.push(scalar::convert(column.value(i), Some(to)).as_value()));
            return result.into();
        }
    };
    Column::from_parts(to, data, validity).into()
}

/// Truth values without nulls.
pub(super) fn truth<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(Scalar::Bool(scalar::truth(value.as_value()))),
        Values::Each(column) => column,
    };
    // Under a null lies a zero, which is false as well.
    let zero = if column.dtype() == DataType::UInt64 {
        crate::column::flip_u64(0)
    } else {
        0
    };
    bool_column(match column.data() {
        Data::Bool(_) if column.validity().is_none() => return values.clone(),
        Data::Bool(values) => values.clone(),
        Data::Int(values) if matches!(column.dtype(), DataType::Date | DataType::Datetime) => {
            let mut known = vec![true; values.len()];
            kernels::zero_nulls(&mut known, column.validity());
            known
        }
        Data::Int(values) => {
            let mut known = kernels::unary(values, |value| value != zero);
            kernels::zero_nulls(&mut known, column.validity());
            known
        }
        Data::Float(values) => kernels::unary(values, |value| value != 0.0),
        Data::Text(text) => kernels::unary(&text.codes, |code| code != NULL_CODE),
    })
}

/// Where the values are null.
pub(super) fn is_null<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(Scalar::Bool(value.is_null())),
        Values::Each(column) => column,
    };
    bool_column(match column.text() {
        Some(text) => kernels::unary(&text.codes, |code| code == NULL_CODE),
        None => {
            let mut nulls = vec![false; column.len()];
            kernels::for_each_null(column.validity(), |i| nulls[i] = true);
            nulls
        }
    })
}

/// Numbers with their sign changed.
pub(super) fn negate<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(scalar::negate(value)),
        Values::Each(column) => column,
    };
    let validity = column.validity().cloned();
    match column.data() {
        Data::Float(values) => {
            let mut values = kernels::unary(values, |value| -value);
            kernels::zero_nulls(&mut values, validity.as_ref());
            Column::from_parts(DataType::Float64, Data::Float(values), validity).into()
        }
        Data::Int(values) => {
            let n = values.len();
            let (values, validity) = kernels::fallible(
                Operand::Slice(values),
                Operand::One(0),
                n,
                validity,
                |value, _| {
                    let (negated, overflow) = value.overflowing_neg();
                    (negated, !overflow)
                },
            );
            Column::from_parts(DataType::Int64, Data::Int(values), validity).into()
        }
        _ => Values::One(Scalar::Null),
    }
}

/// Arithmetic on two columns of integers or of floats.
pub(super) fn arith<'a>(op: Arith, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    if a.is_null_constant() || b.is_null_constant() {
        return Values::One(Scalar::Null);
    }
    let validity = kernels::both(a.validity(), b.validity());
    let is_int = |values: &Values<'_>| match values {
        Values::One(value) => matches!(value, Scalar::Int(_)),
        Values::Each(column) => column.ints().is_some(),
    };
    if is_int(a) && is_int(b) {
        let (a, b) = (a.ints(), b.ints());
        let checked = |(value, overflow): (i64, bool)| (value, !overflow);
        let (values, validity) = match op {
            Arith::Add => {
                kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_add(b)))
            }
            Arith::Subtract => {
                kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_sub(b)))
            }
            _ => kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_mul(b))),
        };
        return Column::from_parts(DataType::Int64, Data::Int(values), validity).into();
    }
    let (a, b) = (a.floats(), b.floats());
    let nonzero_divisor = matches!(b, Operand::One(b) if b != 0.0);
    let mut values = match op {
        Arith::Add => kernels::binary(a, b, n, |a, b| a + b),
        Arith::Subtract => kernels::binary(a, b, n, |a, b| a - b),
        Arith::Multiply => kernels::binary(a, b, n, |a, b| a * b),
        Arith::Divide if nonzero_divisor => kernels::binary(a, b, n, |a, b| a / b),
        Arith::Power if matches!(b, Operand::One(2.0)) => kernels::binary(a, b, n, |a, _| a * a),
        Arith::Divide | Arith::Remainder | Arith::Power => {
            let (values, validity) = match op {
                Arith::Divide => kernels::fallible(a, b, n, validity, |a, b| (a / b, b != 0.0)),
                Arith::Remainder => kernels::fallible(a, b, n, validity, |a, b| (a % b, b != 0.0)),
                _ => kernels::fallible(a, b, n, validity, |a, b| {
                    let power = scalar::power(a, b);
                    (power, power.is_finite())
                }),
            };
            return Column::from_parts(DataType::Float64, Data::Float(values), validity).into();
        }
    };
    kernels::zero_nulls(&mut values, validity.as_ref());
    Column::from_parts(DataType::Float64, Data::Float(values), validity).into()
}

/// Logic on truth values.
pub(super) fn logic<'a>(op: Logic, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    let (a, b) = (a.bools(), b.bools());
    let results = match op {
        Logic::And | Logic::AndNumber => kernels::binary(a, b, n, |a, b| a & b),
        Logic::Or | Logic::OrNumber => kernels::binary(a, b, n, |a, b| a | b),
        Logic::Nand => kernels::binary(a, b, n, |a, b| !(a & b)),
        Logic::Nor => kernels::binary(a, b, n, |a, b| !(a | b)),
        Logic::Xor => kernels::binary(a, b, n, |a, b| a ^ b),
        Logic::Xnor => kernels::binary(a, b, n, |a, b| a == b),
    };
    match op {
        Logic::AndNumber | Logic::OrNumber => {
            let numbers = kernels::unary(&results, |result| f64::from(u8::from(result)));
            Column::from_parts(DataType::Float64, Data::Float(numbers), None).into()
        }
        _ => bool_column(results),
    }
}

/// A comparison, which is never null.
pub(super) fn compare<'a>(op: Compare, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    let column = match (a, b) {
        (Values::Each(column), _) | (_, Values::Each(column)) => column,
        (Values::One(a), Values::One(b)) => {
            return Values::One(Scalar::Bool(scalar::compare(
                op,
                a.as_value(),
                b.as_value(),
            )));
        }
    };
    if a.is_null_constant() || b.is_null_constant() {
        return bool_column(
            (0..n)
                .map(|i| scalar::compare(op, a.value(i), b.value(i)))
                .collect(),
        );
    }
    let mut results = match column.data() {
        Data::Bool(_) => kernels::compare(op, a.bools(), b.bools(), n),
        Data::Int(_) => kernels::compare(op, a.ints(), b.ints(), n),
        Data::Float(_) => kernels::compare(op, a.floats(), b.floats(), n),
        Data::Text(_) => return bool_column(compare_texts(op, a, b, n)),
    };
    kernels::settle_nulls(op, &mut results, a.validity(), b.validity());
    bool_column(results)
}

fn compare_texts<'v>(op: Compare, a: &'v Values<'_>, b: &'v Values<'_>, n: usize) -> Vec<bool> {
    let text = |values: &'v Values<'_>| match values {
        Values::Each(column) => column.text(),
        Values::One(_) => None,
    };
    let equality = matches!(op, Compare::Equal | Compare::NotEqual);
    match (text(a), text(b)) {
        (Some(left), Some(right))
            if equality && Rc::ptr_eq(&left.dictionary, &right.dictionary) =>
        {
            kernels::compare(
                op,
                Operand::Slice(&left.codes),
                Operand::Slice(&right.codes),
                n,
            )
        }
        (Some(_), Some(_)) | (None, None) => (0..n)
            .map(|i| scalar::compare(op, a.value(i), b.value(i)))
            .collect(),
        (None, Some(_)) => compare_texts(op.flipped(), b, a, n),
        (Some(column), None) => {
            let constant = match b {
                Values::One(Scalar::Text(constant)) => &**constant,
                _ => "",
            };
            if equality {
                // A text that was never interned has a code that no row has.
                let code = column.dictionary.find(constant).unwrap_or(u32::MAX);
                return kernels::compare(op, Operand::Slice(&column.codes), Operand::One(code), n);
            }
            let holds = |code: u32| {
                code != NULL_CODE
                    && op.holds(
                        column
                            .dictionary
                            .text(code)
                            .as_bytes()
                            .cmp(constant.as_bytes()),
                    )
            };
            if column.dictionary.len() > n {
                return kernels::unary(&column.codes, holds);
            }
            let by_code: Vec<bool> = (0..column.dictionary.len() as u32).map(holds).collect();
            kernels::unary(&column.codes, |code| by_code[code as usize])
        }
    }
}
