//! Growing a column in bulk: what every input format fills.
//!
//! The builder hands out its plain vectors, so a decoder extends them without a match per cell, and tells the builder
//! afterwards which of the new rows are null. Text goes through an [`Interner`].

use std::rc::Rc;

use super::{Bitmap, Column, Data, Interner, NULL_CODE, Text};
use crate::schema::{DataType, Storage};

/// Values that are still growing.
#[derive(Clone)]
#[expect(missing_docs, reason = "named as the storages")]
pub enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    /// Codes and what gives them.
    Text(Vec<u32>, Box<Interner>),
}

impl Values {
    fn new(storage: Storage, capacity: usize) -> Self {
        match storage {
            Storage::Bool => Self::Bool(Vec::with_capacity(capacity)),
            Storage::Int => Self::Int(Vec::with_capacity(capacity)),
            Storage::Float => Self::Float(Vec::with_capacity(capacity)),
            Storage::Text => Self::Text(Vec::with_capacity(capacity), Box::default()),
        }
    }

    /// How many rows there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Text(codes, _) => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A column in the making.
#[derive(Clone)]
pub struct ColumnBuilder {
    dtype: DataType,
    /// The values. Whoever extends them keeps to the storage of the type, and puts a zero where it marks a null.
    pub values: Values,
    /// Covers the first `validity.len()` rows; rows beyond are valid. Never used for text.
    validity: Bitmap,
    any_null: bool,
}

impl ColumnBuilder {
    /// An empty builder with room for `capacity` rows.
    pub fn new(dtype: DataType, capacity: usize) -> Self {
        Self {
            dtype,
            values: Values::new(dtype.storage(), capacity),
            validity: Bitmap::default(),
            any_null: false,
        }
    }

    /// The exact type.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// The number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Another exact type of the same storage.
    pub fn set_dtype(&mut self, dtype: DataType) {
        debug_assert_eq!(self.dtype.storage(), dtype.storage());
        self.dtype = dtype;
    }

    /// Turns held integers into floats, with `convert`; nulls stay.
    pub fn ints_to_floats(&mut self, dtype: DataType, convert: impl Fn(i64) -> f64) {
        if let Values::Int(values) = &self.values {
            let mut floats: Vec<f64> = Vec::with_capacity(values.capacity());
            floats.extend(values.iter().map(|&held| convert(held)));
            if self.any_null {
                for (i, value) in floats.iter_mut().enumerate().take(self.validity.len()) {
                    if !self.validity.get(i) {
                        *value = 0.0;
                    }
                }
            }
            self.values = Values::Float(floats);
        }
        self.dtype = dtype;
    }

    /// Whether row `i` was marked as null.
    pub fn is_null(&self, i: usize) -> bool {
        match &self.values {
            Values::Text(codes, _) => codes[i] == NULL_CODE,
            _ => i < self.validity.len() && !self.validity.get(i),
        }
    }

    /// Appends `n` nulls.
    pub fn push_nulls(&mut self, n: usize) {
        if n == 0 {
            return;
        }
        let len = self.len();
        match &mut self.values {
            Values::Bool(values) => values.resize(len + n, false),
            Values::Int(values) => values.resize(len + n, 0),
            Values::Float(values) => values.resize(len + n, 0.0),
            Values::Text(codes, _) => return codes.resize(len + n, NULL_CODE),
        }
        self.any_null = true;
        self.validity.extend(len - self.validity.len(), true);
        self.validity.extend(n, false);
    }

    /// Marks rows from `start` to the end as null where `is_valid` has no bit, and clears what lies there.
    pub fn mask(&mut self, start: usize, is_valid: &Bitmap) {
        debug_assert_eq!(start + is_valid.len(), self.len());
        if is_valid.all() {
            return;
        }
        fn clear<T: Copy>(values: &mut [T], is_valid: &Bitmap, zero: T) {
            for (chunk, &word) in values.chunks_mut(64).zip(is_valid.words()) {
                if word == u64::MAX {
                    continue;
                }
                for (i, value) in chunk.iter_mut().enumerate() {
                    if word >> i & 1 == 0 {
                        *value = zero;
                    }
                }
            }
        }
        match &mut self.values {
            Values::Bool(values) => clear(&mut values[start..], is_valid, false),
            Values::Int(values) => clear(&mut values[start..], is_valid, 0),
            Values::Float(values) => clear(&mut values[start..], is_valid, 0.0),
            Values::Text(codes, _) => return clear(&mut codes[start..], is_valid, NULL_CODE),
        }
        self.any_null = true;
        // Whatever was noted about rows from `start` on is overruled.
        let mut validity = std::mem::take(&mut self.validity);
        validity.extend(start.saturating_sub(validity.len()), true);
        validity.extend(self.len() - validity.len(), true);
        for i in 0..is_valid.len() {
            if !is_valid.get(i) {
                validity.set(start + i, false);
            }
        }
        self.validity = validity;
    }

    /// As [`Self::mask`], where no bitmap means that nothing is null.
    pub fn clear_nulls(&mut self, start: usize, is_valid: Option<&Bitmap>) {
        if let Some(is_valid) = is_valid {
            self.mask(start, is_valid);
        }
    }

    /// Appends a column of the same storage, not text; rows that are not in `is_valid` become null.
    pub fn extend_from(&mut self, source: &Column, is_valid: Option<&Bitmap>) {
        let start = self.len();
        match (&mut self.values, source.data()) {
            (Values::Bool(to), Data::Bool(from)) => to.extend_from_slice(from),
            (Values::Int(to), Data::Int(from)) => to.extend_from_slice(from),
            (Values::Float(to), Data::Float(from)) => to.extend_from_slice(from),
            _ => return,
        }
        match (source.validity(), is_valid) {
            (Some(validity), Some(is_valid)) => {
                let mut both = validity.clone();
                both.intersect(is_valid);
                self.mask(start, &both);
            }
            (validity, is_valid) => self.clear_nulls(start, validity.or(is_valid)),
        }
    }

    /// The rows from `start` on that were marked as null.
    pub fn nulls_from(&self, start: usize) -> impl Iterator<Item = usize> + '_ {
        let end = if self.any_null { self.len() } else { start };
        (start..end).filter(|&i| self.is_null(i))
    }

    /// Takes away the last row.
    pub fn pop(&mut self) {
        match &mut self.values {
            Values::Bool(values) => drop(values.pop()),
            Values::Int(values) => drop(values.pop()),
            Values::Float(values) => drop(values.pop()),
            Values::Text(codes, _) => drop(codes.pop()),
        }
        let len = self.len();
        if self.validity.len() > len {
            self.validity.truncate(len);
        }
    }

    /// Appends the last row `n` times more.
    pub fn repeat_last(&mut self, n: usize) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        if self.is_null(last) {
            return self.push_nulls(n);
        }
        fn repeat<T: Copy>(values: &mut Vec<T>, n: usize) {
            if let Some(&value) = values.last() {
                values.resize(values.len() + n, value);
            }
        }
        match &mut self.values {
            Values::Bool(values) => repeat(values, n),
            Values::Int(values) => repeat(values, n),
            Values::Float(values) => repeat(values, n),
            Values::Text(codes, _) => repeat(codes, n),
        }
    }

    /// The column.
    pub fn finish(mut self) -> Column {
        let len = self.len();
        let validity = self.any_null.then(|| {
            self.validity.extend(len - self.validity.len(), true);
            self.validity
        });
        let data = match self.values {
            Values::Bool(values) => Data::Bool(values),
            Values::Int(values) => Data::Int(values),
            Values::Float(values) => Data::Float(values),
            Values::Text(codes, interner) => Data::Text(Text {
                codes,
                dictionary: Rc::new(interner.into_dictionary()),
            }),
        };
        Column::from_parts(self.dtype, data, validity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn nulls_come_by_push_and_by_mask() {
        let mut builder = ColumnBuilder::new(DataType::Int64, 0);
        let Values::Int(values) = &mut builder.values else {
            panic!("integers are held as integers")
        };
        values.extend([1, 2, 3]);
        builder.push_nulls(1);
        let Values::Int(values) = &mut builder.values else {
            panic!("integers are held as integers")
        };
        values.extend([5, 6]);
        let mut is_valid = Bitmap::filled(2, true);
        is_valid.set(0, false);
        builder.mask(4, &is_valid);
        builder.repeat_last(1);
        let column = builder.finish();
        let cells: Vec<_> = (0..7).map(|i| column.value(i)).collect();
        assert_eq!(
            cells,
            [
                Value::Int(1),
                Value::Int(2),
                Value::Int(3),
                Value::Null,
                Value::Null,
                Value::Int(6),
                Value::Int(6)
            ]
        );
        assert_eq!(column.ints().map(|ints| ints[4]), Some(0));
    }

    #[test]
    fn a_popped_null_leaves_no_trace() {
        let mut builder = ColumnBuilder::new(DataType::Float64, 0);
        builder.push_nulls(1);
        builder.pop();
        if let Values::Float(values) = &mut builder.values {
            values.push(1.0);
        }
        let column = builder.finish();
        assert_eq!(column.value(0), Value::Float(1.0));
    }
}
