//! One cell: null, equality, hash and the total order that sorting and grouping use.
//!
//! [`Value`] borrows its text and is made on the fly; [`Scalar`] owns it. Hot loops use neither, but work on the
//! slices of a [`crate::column::Column`].

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::schema::ColumnType;

/// One cell of a column, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// No value. There is one kind of null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number that fits 64 signed bits.
    Int(i64),
    /// A whole number of an unsigned 64-bit column.
    UInt(u64),
    /// A floating-point number, NaN and infinities included.
    Float(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01 00:00 UTC.
    Datetime(i64),
    /// UTF-8 text.
    Text(&'a str),
}

/// One cell, owned: keys of groups, bounds of filters, values of the wire.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in `Value`")]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Date(i32),
    Datetime(i64),
    Text(Rc<str>),
}

impl<'a> Value<'a> {
    /// Whether this is null.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value with its text copied.
    pub fn to_scalar(self) -> Scalar {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(v) => Scalar::Bool(v),
            Self::Int(v) => Scalar::Int(v),
            Self::UInt(v) => Scalar::UInt(v),
            Self::Float(v) => Scalar::Float(v),
            Self::Date(v) => Scalar::Date(v),
            Self::Datetime(v) => Scalar::Datetime(v),
            Self::Text(v) => Scalar::Text(v.into()),
        }
    }

    /// The number in it as a float: numbers as they are, booleans 0 or 1, dates and datetimes as milliseconds.
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Self::Bool(v) => Some(f64::from(u8::from(v))),
            Self::Int(v) => Some(v as f64),
            Self::UInt(v) => Some(v as f64),
            Self::Float(v) => Some(v),
            Self::Date(v) => Some(f64::from(v) * 86_400_000.0),
            Self::Datetime(v) => Some(v as f64),
            Self::Null | Self::Text(_) => None,
        }
    }

    /// The type a user sees, `None` for null.
    pub fn column_type(self) -> Option<ColumnType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => ColumnType::Boolean,
            Self::Int(_) | Self::UInt(_) => ColumnType::Integer,
            Self::Float(_) => ColumnType::Float,
            Self::Date(_) => ColumnType::Date,
            Self::Datetime(_) => ColumnType::Datetime,
            Self::Text(_) => ColumnType::String,
        })
    }

    /// Place among the types when values of different types meet.
    fn rank(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::UInt(_) | Self::Float(_) => 2,
            Self::Date(_) => 3,
            Self::Datetime(_) => 4,
            Self::Text(_) => 5,
        }
    }
}

impl Scalar {
    /// The same cell, borrowed.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(*v),
            Self::Int(v) => Value::Int(*v),
            Self::UInt(v) => Value::UInt(*v),
            Self::Float(v) => Value::Float(*v),
            Self::Date(v) => Value::Date(*v),
            Self::Datetime(v) => Value::Datetime(*v),
            Self::Text(v) => Value::Text(v),
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The order of floats: NaN first, then by number; the two zeros are equal.
pub fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Compares an integer with a float exactly, NaN being least.
fn compare_int_float(a: i128, b: f64) -> Ordering {
    if b.is_nan() {
        return Ordering::Greater;
    }
    // Outside this range the float is greater or less than every 64-bit integer.
    if b >= 36_893_488_147_419_103_232.0 {
        return Ordering::Less;
    }
    if b <= -36_893_488_147_419_103_232.0 {
        return Ordering::Greater;
    }
    let whole = b.trunc();
    a.cmp(&(whole as i128))
        .then_with(|| compare_floats(0.0, b - whole))
}

impl Ord for Value<'_> {
    /// Null is least, then NaN; numbers by value, text by bytes, false before true.
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
            (Value::Int(a), Value::Int(b)) => a.cmp(&b),
            (Value::UInt(a), Value::UInt(b)) => a.cmp(&b),
            (Value::Int(a), Value::UInt(b)) => i128::from(a).cmp(&i128::from(b)),
            (Value::UInt(a), Value::Int(b)) => i128::from(a).cmp(&i128::from(b)),
            (Value::Float(a), Value::Float(b)) => compare_floats(a, b),
            (Value::Int(a), Value::Float(b)) => compare_int_float(a.into(), b),
            (Value::UInt(a), Value::Float(b)) => compare_int_float(a.into(), b),
            (Value::Float(a), Value::Int(b)) => compare_int_float(b.into(), a).reverse(),
            (Value::Float(a), Value::UInt(b)) => compare_int_float(b.into(), a).reverse(),
            (Value::Date(a), Value::Date(b)) => a.cmp(&b),
            (Value::Datetime(a), Value::Datetime(b)) => a.cmp(&b),
            (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value<'_> {}

impl Hash for Value<'_> {
    /// Equal values hash alike: numbers by their float, so an integer meets an equal float.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.rank());
        match *self {
            Value::Null => {}
            Value::Bool(v) => state.write_u8(u8::from(v)),
            Value::Int(v) => state.write_u64((v as f64).to_bits()),
            Value::UInt(v) => state.write_u64((v as f64).to_bits()),
            Value::Float(v) if v.is_nan() => state.write_u64(f64::NAN.to_bits()),
            Value::Float(v) => state.write_u64((v + 0.0).to_bits()),
            Value::Date(v) => state.write_i32(v),
            Value::Datetime(v) => state.write_i64(v),
            Value::Text(v) => state.write(v.as_bytes()),
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.as_value() == other.as_value()
    }
}

impl Eq for Scalar {}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_value().cmp(&other.as_value())
    }
}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_value().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_least_then_nan_then_numbers() {
        let mut values = [
            Value::Float(1.0),
            Value::Null,
            Value::Float(f64::NAN),
            Value::Float(f64::NEG_INFINITY),
        ];
        values.sort();
        assert!(values[0].is_null());
        assert!(matches!(values[1], Value::Float(v) if v.is_nan()));
        assert_eq!(values[2], Value::Float(f64::NEG_INFINITY));
    }

    #[test]
    fn integers_and_floats_compare_exactly() {
        let big = (1_i64 << 53) + 1;
        assert!(Value::Int(big) > Value::Float((1_i64 << 53) as f64));
        assert_eq!(Value::Int(3), Value::Float(3.0));
        assert!(Value::UInt(u64::MAX) < Value::Float(f64::INFINITY));
        assert!(Value::Int(0) < Value::Float(0.5));
        assert!(Value::Int(0) > Value::Float(-0.5));
    }

    #[test]
    fn zeros_are_equal_and_hash_alike() {
        assert_eq!(Value::Float(0.0), Value::Float(-0.0));
        assert_eq!(
            crate::hash::hash_one(&Value::Float(0.0)),
            crate::hash::hash_one(&Value::Float(-0.0))
        );
    }
}
