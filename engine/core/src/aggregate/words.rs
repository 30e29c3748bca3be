//! Values as 64-bit words.
//!
//! Words of numbers, booleans, days and instants lie in the order of the values. The word of a text is its code, so
//! equal words are equal texts, but their order must be looked up ([`compare`]). Null has no word.

use std::cmp::Ordering;

use crate::column::{Column, Data, Dictionary, NULL_CODE};
use crate::schema::{DataType, Storage};
use crate::value::Value;

const SIGN: u64 = 1 << 63;

/// The word of an integer as a column holds it.
#[inline]
pub(crate) const fn int_word(held: i64) -> u64 {
    held as u64 ^ SIGN
}

/// The word of a float: all NaN are one and least, -0 lies before 0.
#[inline]
pub(crate) fn float_word(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_nan() {
        0
    } else if bits & SIGN == 0 {
        bits | SIGN
    } else {
        !bits
    }
}

/// The float behind a word.
#[inline]
pub(crate) fn word_float(word: u64) -> f64 {
    if word == 0 {
        f64::NAN
    } else if word & SIGN == 0 {
        f64::from_bits(!word)
    } else {
        f64::from_bits(word & !SIGN)
    }
}

/// The word of a cell, `None` if it is null. Both zeros have one word if `unsigned_zero`.
#[inline]
pub(crate) fn word_at(column: &Column, row: usize, unsigned_zero: bool) -> Option<u64> {
    Some(match column.data() {
        Data::Text(text) => {
            let code = text.codes[row];
            return (code != NULL_CODE).then_some(code.into());
        }
        _ if column.is_null(row) => return None,
        Data::Bool(values) => values[row].into(),
        Data::Int(values) => int_word(values[row]),
        Data::Float(values) if unsigned_zero => float_word(values[row] + 0.0),
        Data::Float(values) => float_word(values[row]),
    })
}

/// The value behind a word of a column like `column`.
pub(crate) fn value_of(column: &Column, word: u64) -> Value<'_> {
    match column.data() {
        Data::Bool(_) => Value::Bool(word != 0),
        Data::Int(_) => column.int_value((word ^ SIGN) as i64),
        Data::Float(_) => Value::Float(word_float(word)),
        Data::Text(text) => Value::Text(text.dictionary.text(word as u32)),
    }
}

/// Compares the values behind two words of one column.
#[inline]
pub(crate) fn compare(dictionary: Option<&Dictionary>, a: u64, b: u64) -> Ordering {
    match dictionary {
        Some(dictionary) if a != b => {
            let (a, b) = (dictionary.text(a as u32), dictionary.text(b as u32));
            a.as_bytes().cmp(b.as_bytes())
        }
        _ => a.cmp(&b),
    }
}

/// The dictionary of a text column.
pub(crate) fn dictionary_of(column: &Column) -> Option<&Dictionary> {
    column.text().map(|text| &*text.dictionary)
}

/// Whether words of this type are as good as unlimited in number.
pub(crate) const fn is_float(dtype: DataType) -> bool {
    matches!(dtype.storage(), Storage::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lie_in_the_order_of_values() {
        let floats = [
            f64::NAN,
            f64::NEG_INFINITY,
            -1.5,
            -0.0,
            0.0,
            5e-324,
            2.0,
            f64::INFINITY,
        ];
        for pair in floats.windows(2) {
            assert!(float_word(pair[0]) < float_word(pair[1]));
        }
        for value in &floats[1..] {
            assert_eq!(word_float(float_word(*value)).to_bits(), value.to_bits());
        }
        assert!(int_word(i64::MIN) < int_word(-1) && int_word(-1) < int_word(0));
    }
}
