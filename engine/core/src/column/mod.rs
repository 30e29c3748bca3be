//! Typed, contiguous storage of one column.
//!
//! A column is a vector of one of four storages ([`Storage`]) and, for all but text, an optional validity bitmap. Text
//! is dictionary codes, of which 0 is null. Under every null lies a zero, so kernels may read before they test. Hot
//! loops take the slices ([`Column::ints`] and its like); [`Column::value`] is for everything else.

mod bitmap;
mod builder;
mod dictionary;
mod interner;

use std::cmp::Ordering;
use std::rc::Rc;

pub use bitmap::Bitmap;
pub use builder::{ColumnBuilder, Values};
pub use dictionary::{Dictionary, NULL_CODE};
pub use interner::Interner;

use crate::hash::HashMap;
use crate::schema::{DataType, Storage};
use crate::value::{Value, compare_floats};

/// Flips between the numeric value of a `UInt64` and the signed integer that holds it, whose order is the same.
#[inline]
pub const fn flip_u64(bits: u64) -> i64 {
    (bits ^ (1 << 63)) as i64
}

/// The value of a `UInt64` cell from the signed integer that holds it.
#[inline]
pub const fn unflip_u64(held: i64) -> u64 {
    held as u64 ^ (1 << 63)
}

/// Codes into a shared dictionary.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// One code a row; 0 is null.
    pub codes: Vec<u32>,
    /// The texts. Shared with slices for the time of one answer: a column that grows makes its own copy if a slice
    /// still holds it.
    pub dictionary: Rc<Dictionary>,
}

/// The values of a column.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named as the storages")]
pub enum Data {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Text),
}

/// One typed column.
#[derive(Debug, Clone)]
pub struct Column {
    dtype: DataType,
    data: Data,
    /// `None`: no nulls. Always `None` for text.
    validity: Option<Bitmap>,
}

impl Column {
    /// An empty column with room for `capacity` rows.
    pub fn with_capacity(dtype: DataType, capacity: usize) -> Self {
        let data = match dtype.storage() {
            Storage::Bool => Data::Bool(Vec::with_capacity(capacity)),
            Storage::Int => Data::Int(Vec::with_capacity(capacity)),
            Storage::Float => Data::Float(Vec::with_capacity(capacity)),
            Storage::Text => Data::Text(Text {
                codes: Vec::with_capacity(capacity),
                dictionary: Rc::default(),
            }),
        };
        Self {
            dtype,
            data,
            validity: None,
        }
    }

    /// An empty column.
    pub fn new(dtype: DataType) -> Self {
        Self::with_capacity(dtype, 0)
    }

    /// A column of finished parts. `data` must be of the type's storage and hold zeros under nulls; a bitmap without
    /// nulls is dropped.
    pub fn from_parts(dtype: DataType, data: Data, validity: Option<Bitmap>) -> Self {
        let column = Self {
            dtype,
            data,
            validity: validity.filter(|bitmap| !bitmap.all()),
        };
        debug_assert_eq!(column.storage(), dtype.storage());
        debug_assert!(
            column
                .validity
                .as_ref()
                .is_none_or(|bitmap| bitmap.len() == column.len())
        );
        column
    }

    /// A column of `n` nulls.
    pub fn nulls(dtype: DataType, n: usize) -> Self {
        let mut column = Self::with_capacity(dtype, n);
        column.extend_nulls(n);
        column
    }

    /// The exact type.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// Gives the same values another exact type of the same storage; the caller has checked that they fit.
    pub fn set_dtype(&mut self, dtype: DataType) {
        debug_assert_eq!(self.dtype.storage(), dtype.storage());
        self.dtype = dtype;
    }

    fn storage(&self) -> Storage {
        match self.data {
            Data::Bool(_) => Storage::Bool,
            Data::Int(_) => Storage::Int,
            Data::Float(_) => Storage::Float,
            Data::Text(_) => Storage::Text,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Bool(values) => values.len(),
            Data::Int(values) => values.len(),
            Data::Float(values) => values.len(),
            Data::Text(text) => text.codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, whatever the storage.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The validity bitmap of a column that is not text, `None` if it has no nulls.
    pub fn validity(&self) -> Option<&Bitmap> {
        self.validity.as_ref()
    }

    /// Whether row `i` is null.
    #[inline]
    pub fn is_null(&self, i: usize) -> bool {
        match &self.data {
            Data::Text(text) => text.codes[i] == NULL_CODE,
            _ => self.validity.as_ref().is_some_and(|bitmap| !bitmap.get(i)),
        }
    }

    /// How many rows are null.
    pub fn null_count(&self) -> usize {
        match &self.data {
            Data::Text(text) => text.codes.iter().filter(|&&code| code == NULL_CODE).count(),
            _ => self
                .validity
                .as_ref()
                .map_or(0, |bitmap| bitmap.len() - bitmap.count_ones()),
        }
    }

    /// The integers as held: numbers, days or milliseconds (`UInt64` flipped). `None` for another storage.
    pub fn ints(&self) -> Option<&[i64]> {
        if let Data::Int(values) = &self.data {
            Some(values)
        } else {
            None
        }
    }

    /// The floats. `None` for another storage.
    pub fn floats(&self) -> Option<&[f64]> {
        if let Data::Float(values) = &self.data {
            Some(values)
        } else {
            None
        }
    }

    /// The booleans. `None` for another storage.
    pub fn bools(&self) -> Option<&[bool]> {
        if let Data::Bool(values) = &self.data {
            Some(values)
        } else {
            None
        }
    }

    /// The codes and dictionary. `None` for another storage.
    pub fn text(&self) -> Option<&Text> {
        if let Data::Text(text) = &self.data {
            Some(text)
        } else {
            None
        }
    }

    /// The cell at row `i`.
    pub fn value(&self, i: usize) -> Value<'_> {
        if self.is_null(i) {
            return Value::Null;
        }
        match &self.data {
            Data::Bool(values) => Value::Bool(values[i]),
            Data::Int(values) => self.int_value(values[i]),
            Data::Float(values) => Value::Float(values[i]),
            Data::Text(text) => Value::Text(text.dictionary.text(text.codes[i])),
        }
    }

    /// What a held integer means under this column's type.
    pub fn int_value(&self, held: i64) -> Value<'static> {
        match self.dtype {
            DataType::Date => Value::Date(held as i32),
            DataType::Datetime => Value::Datetime(held),
            DataType::UInt64 => Value::UInt(unflip_u64(held)),
            _ => Value::Int(held),
        }
    }

    /// Appends a cell. The value must be of the column's type, or null: conversion is the caller's work.
    ///
    /// # Panics
    /// If the value is of another type, which a checked batch or plan rules out.
    pub fn push(&mut self, value: Value<'_>) {
        if value.is_null() {
            return self.extend_nulls(1);
        }
        match (&mut self.data, value) {
            (Data::Bool(values), Value::Bool(v)) => values.push(v),
            (Data::Int(values), Value::Int(v) | Value::Datetime(v)) => values.push(v),
            (Data::Int(values), Value::Date(v)) => values.push(v.into()),
            (Data::Int(values), Value::UInt(v)) => values.push(flip_u64(v)),
            (Data::Float(values), Value::Float(v)) => values.push(v),
            (Data::Text(text), Value::Text(v)) => {
                let code = match text.dictionary.find(v) {
                    Some(code) => code,
                    None => Rc::make_mut(&mut text.dictionary).intern(v),
                };
                text.codes.push(code);
            }
            (_, value) => unreachable!("a value {value:?} in a column of type {:?}", self.dtype),
        }
        if let Some(bitmap) = &mut self.validity {
            bitmap.push(true);
        }
    }

    /// Makes this and `source` read their codes from this column's dictionary, which learns the texts of `source`.
    pub fn adopt_codes(&mut self, source: &mut Column) {
        let translation = self.translate_codes(source);
        if let (Data::Text(text), false) = (&mut source.data, translation.is_same()) {
            (text.codes.iter_mut()).for_each(|code| *code = translation.of(*code));
        }
        source.share_dictionary(self);
    }

    /// Appends row `i` of `source`, whose codes are codes of this column's dictionary.
    pub fn push_row(&mut self, source: &Column, i: usize) {
        let is_null = source.is_null(i);
        match (&mut self.data, &source.data) {
            (Data::Text(to), Data::Text(from)) => return to.codes.push(from.codes[i]),
            _ if is_null => return self.extend_nulls(1),
            (Data::Bool(to), Data::Bool(from)) => to.push(from[i]),
            (Data::Int(to), Data::Int(from)) => to.push(from[i]),
            (Data::Float(to), Data::Float(from)) => to.push(from[i]),
            _ => unreachable!("columns of one type have one storage"),
        }
        if let Some(bitmap) = &mut self.validity {
            bitmap.push(true);
        }
    }

    /// Compares the cells of two rows: null is least, then NaN; numbers by value, text by bytes.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        match &self.data {
            Data::Text(text) => {
                let text_at = |row: usize| {
                    let code = text.codes[row];
                    (code != NULL_CODE).then(|| text.dictionary.text(code).as_bytes())
                };
                if text.codes[a] == text.codes[b] {
                    return Ordering::Equal;
                }
                text_at(a).cmp(&text_at(b))
            }
            _ => match (self.is_null(a), self.is_null(b)) {
                (false, false) => match &self.data {
                    Data::Bool(values) => values[a].cmp(&values[b]),
                    Data::Int(values) => values[a].cmp(&values[b]),
                    Data::Float(values) => compare_floats(values[a], values[b]),
                    Data::Text(_) => Ordering::Equal,
                },
                (a, b) => b.cmp(&a),
            },
        }
    }

    /// Appends `n` nulls.
    pub fn extend_nulls(&mut self, n: usize) {
        if n == 0 {
            return;
        }
        let len = self.len();
        match &mut self.data {
            Data::Bool(values) => values.resize(len + n, false),
            Data::Int(values) => values.resize(len + n, 0),
            Data::Float(values) => values.resize(len + n, 0.0),
            Data::Text(text) => return text.codes.resize(len + n, NULL_CODE),
        }
        self.validity
            .get_or_insert_with(|| Bitmap::filled(len, true))
            .extend(n, false);
    }

    /// Makes row `i` null.
    pub fn set_null(&mut self, i: usize) {
        let len = self.len();
        match &mut self.data {
            Data::Bool(values) => values[i] = false,
            Data::Int(values) => values[i] = 0,
            Data::Float(values) => values[i] = 0.0,
            Data::Text(text) => return text.codes[i] = NULL_CODE,
        }
        self.validity
            .get_or_insert_with(|| Bitmap::filled(len, true))
            .set(i, false);
    }

    /// How the codes of `source` read in this column's dictionary, which learns the texts that are new to it.
    fn translate_codes(&mut self, source: &Column) -> Translation {
        let (Data::Text(own), Data::Text(other)) = (&mut self.data, &source.data) else {
            return Translation::Same;
        };
        if Rc::ptr_eq(&own.dictionary, &other.dictionary) {
            return Translation::Same;
        }
        if own.dictionary.is_empty() && own.codes.iter().all(|&code| code == NULL_CODE) {
            own.dictionary = Rc::clone(&other.dictionary);
            return Translation::Same;
        }
        let mut intern = |text: &str| match own.dictionary.find(text) {
            Some(code) => code,
            // Only a new text may cost a copy of a dictionary that is shared.
            None => Rc::make_mut(&mut own.dictionary).intern(text),
        };
        if other.codes.len() * 4 < other.dictionary.len() {
            // A few rows that bring a large dictionary along.
            let mut codes = HashMap::with_hasher(Default::default());
            codes.insert(NULL_CODE, NULL_CODE);
            for &code in &other.codes {
                (codes.entry(code)).or_insert_with(|| intern(other.dictionary.text(code)));
            }
            return Translation::Some(codes);
        }
        let mut codes = Vec::with_capacity(other.dictionary.len());
        codes.push(NULL_CODE);
        codes.extend(other.dictionary.iter().map(intern));
        Translation::All(codes)
    }

    /// Makes this text column read its codes with the dictionary of `source`, whose codes they are. Nothing for other
    /// storages.
    pub fn share_dictionary(&mut self, source: &Column) {
        if let (Data::Text(own), Data::Text(other)) = (&mut self.data, &source.data) {
            own.dictionary = Rc::clone(&other.dictionary);
        }
    }

    /// Lets go of a text column's dictionary and keeps the codes, so that the dictionary may grow without a copy.
    /// Cells must not be read before [`Self::share_dictionary`] gives it back.
    pub fn forget_dictionary(&mut self) {
        if let Data::Text(text) = &mut self.data {
            text.dictionary = Rc::default();
        }
    }

    /// Whether a text column's dictionary has become large beside the column: most of its texts are in no row.
    pub fn wants_compaction(&self) -> bool {
        const SLACK: usize = 1 << 16;
        (self.text()).is_some_and(|text| text.dictionary.len() > 2 * text.codes.len() + SLACK)
    }

    /// Gives a text column a dictionary of the texts that are in some row. Codes change.
    pub fn compact_dictionary(&mut self) {
        let Data::Text(text) = &mut self.data else {
            return;
        };
        let mut dictionary = Dictionary::default();
        let mut codes = vec![NULL_CODE; text.dictionary.len()];
        for code in &mut text.codes {
            let old = *code;
            if old != NULL_CODE && codes[old as usize] == NULL_CODE {
                codes[old as usize] = dictionary.intern(text.dictionary.text(old));
            }
            *code = codes[old as usize];
        }
        text.dictionary = Rc::new(dictionary);
    }

    /// Appends all rows of `source`, whose codes are codes of this column's dictionary, known here or not.
    pub fn append_codes(&mut self, source: &Column) {
        match (&mut self.data, &source.data) {
            (Data::Text(to), Data::Text(from)) => to.codes.extend_from_slice(&from.codes),
            _ => self.append(source),
        }
    }

    /// Appends all rows of `source`, a column of the same type.
    pub fn append(&mut self, source: &Column) {
        debug_assert_eq!(self.dtype.storage(), source.dtype.storage());
        let len = self.len();
        let translation = self.translate_codes(source);
        match (&mut self.data, &source.data) {
            (Data::Bool(to), Data::Bool(from)) => to.extend_from_slice(from),
            (Data::Int(to), Data::Int(from)) => to.extend_from_slice(from),
            (Data::Float(to), Data::Float(from)) => to.extend_from_slice(from),
            (Data::Text(to), Data::Text(from)) => {
                if translation.is_same() {
                    to.codes.extend_from_slice(&from.codes);
                } else {
                    let codes = from.codes.iter().map(|&code| translation.of(code));
                    to.codes.extend(codes);
                }
            }
            _ => unreachable!("columns of one type have one storage"),
        }
        match (&mut self.validity, &source.validity) {
            (None, None) => {}
            (Some(own), None) => own.extend(source.len(), true),
            (own, Some(other)) => {
                let own = own.get_or_insert_with(|| Bitmap::filled(len, true));
                own.extend(source.len(), true);
                for i in 0..other.len() {
                    if !other.get(i) {
                        own.set(len + i, false);
                    }
                }
            }
        }
    }

    /// Writes rows of `source` over rows of this column: `rows` are pairs (to, from). Both columns have one type.
    pub fn scatter(&mut self, source: &Column, rows: impl Iterator<Item = (usize, usize)> + Clone) {
        let translation = self.translate_codes(source);
        match (&mut self.data, &source.data) {
            (Data::Bool(to), Data::Bool(from)) => rows.clone().for_each(|(i, j)| to[i] = from[j]),
            (Data::Int(to), Data::Int(from)) => rows.clone().for_each(|(i, j)| to[i] = from[j]),
            (Data::Float(to), Data::Float(from)) => rows.clone().for_each(|(i, j)| to[i] = from[j]),
            (Data::Text(to), Data::Text(from)) => {
                return if translation.is_same() {
                    rows.for_each(|(i, j)| to.codes[i] = from.codes[j]);
                } else {
                    rows.for_each(|(i, j)| to.codes[i] = translation.of(from.codes[j]));
                };
            }
            _ => unreachable!("columns of one type have one storage"),
        }
        match (&mut self.validity, &source.validity) {
            (None, None) => {}
            (Some(own), None) => rows.for_each(|(i, _)| own.set(i, true)),
            (own, Some(other)) => {
                let len = match &self.data {
                    Data::Bool(values) => values.len(),
                    Data::Int(values) => values.len(),
                    Data::Float(values) => values.len(),
                    Data::Text(text) => text.codes.len(),
                };
                let own = own.get_or_insert_with(|| Bitmap::filled(len, true));
                rows.for_each(|(i, j)| own.set(i, other.get(j)));
            }
        }
    }

    /// The rows at `rows`, in that order, in a new column that shares the dictionary.
    pub fn gather(&self, rows: &[u32]) -> Column {
        let data = match &self.data {
            Data::Bool(values) => Data::Bool(rows.iter().map(|&i| values[i as usize]).collect()),
            Data::Int(values) => Data::Int(rows.iter().map(|&i| values[i as usize]).collect()),
            Data::Float(values) => Data::Float(rows.iter().map(|&i| values[i as usize]).collect()),
            Data::Text(text) => Data::Text(Text {
                codes: rows.iter().map(|&i| text.codes[i as usize]).collect(),
                dictionary: Rc::clone(&text.dictionary),
            }),
        };
        let validity = self.validity.as_ref().map(|bitmap| {
            let mut validity = Bitmap::filled(rows.len(), false);
            for (to, &i) in rows.iter().enumerate() {
                if bitmap.get(i as usize) {
                    validity.set(to, true);
                }
            }
            validity
        });
        Self::from_parts(self.dtype, data, validity)
    }

    /// Gives back memory that growth set aside.
    pub fn shrink_to_fit(&mut self) {
        match &mut self.data {
            Data::Bool(values) => values.shrink_to_fit(),
            Data::Int(values) => values.shrink_to_fit(),
            Data::Float(values) => values.shrink_to_fit(),
            Data::Text(text) => text.codes.shrink_to_fit(),
        }
    }

    /// About the most bytes that appending the rows of `source` asks for: buffers that are full are copied to twice the
    /// room.
    pub fn growth(&self, source: &Column) -> usize {
        let n = source.len();
        let data = match &self.data {
            Data::Bool(values) => growth(values.len(), values.capacity(), n),
            Data::Int(values) => 8 * growth(values.len(), values.capacity(), n),
            Data::Float(values) => 8 * growth(values.len(), values.capacity(), n),
            Data::Text(text) => {
                let codes = 4 * growth(text.codes.len(), text.codes.capacity(), n);
                let texts = source.text().map_or(0, |text| {
                    let (n_texts, bytes) = (text.dictionary.len(), text.dictionary.text_bytes());
                    self.text()
                        .map_or(0, |own| own.dictionary.growth(n_texts, bytes))
                });
                codes + texts
            }
        };
        let validity = growth(self.len(), self.len().next_power_of_two(), n) / 8;
        data + validity
    }

    /// Bytes held on the heap, the dictionary included.
    pub fn heap_size(&self) -> usize {
        let data = match &self.data {
            Data::Bool(values) => values.capacity(),
            Data::Int(values) => values.capacity() * 8,
            Data::Float(values) => values.capacity() * 8,
            Data::Text(text) => text.codes.capacity() * 4 + text.dictionary.heap_size(),
        };
        data + self.validity.as_ref().map_or(0, Bitmap::heap_size)
    }
}

/// How many elements a buffer gets room for when `n` more are appended; 0 if they fit.
pub(crate) fn growth(len: usize, capacity: usize, n: usize) -> usize {
    let wanted = len.saturating_add(n);
    if wanted <= capacity {
        0
    } else {
        wanted.max(capacity.saturating_mul(2))
    }
}

/// Codes of one dictionary as codes of another.
enum Translation {
    /// They are the same.
    Same,
    /// By code.
    All(Vec<u32>),
    /// Of the codes that occur.
    Some(HashMap<u32, u32>),
}

impl Translation {
    fn is_same(&self) -> bool {
        matches!(self, Self::Same)
    }

    #[inline]
    fn of(&self, code: u32) -> u32 {
        match self {
            Self::Same => code,
            Self::All(codes) => codes[code as usize],
            Self::Some(codes) => codes[&code],
        }
    }
}

/// Collects values of one type into a column.
pub fn column_of<'a>(dtype: DataType, values: impl IntoIterator<Item = Value<'a>>) -> Column {
    let mut column = Column::new(dtype);
    for value in values {
        column.push(value);
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_translates_codes_and_validity() {
        let mut a = column_of(DataType::String, [Value::Text("x"), Value::Null]);
        let b = column_of(DataType::String, [Value::Text("y"), Value::Text("x")]);
        a.append(&b);
        let texts: Vec<_> = (0..4).map(|i| a.value(i)).collect();
        assert_eq!(
            texts,
            [
                Value::Text("x"),
                Value::Null,
                Value::Text("y"),
                Value::Text("x")
            ]
        );

        let mut a = column_of(DataType::Int64, [Value::Int(1)]);
        a.append(&column_of(DataType::Int64, [Value::Null, Value::Int(2)]));
        assert_eq!(a.null_count(), 1);
        assert_eq!(a.value(2), Value::Int(2));
    }

    #[test]
    fn unsigned_order_survives_signed_storage() {
        let column = column_of(DataType::UInt64, [Value::UInt(u64::MAX), Value::UInt(0)]);
        let held = column.ints().expect("integers are held as integers");
        assert!(held[0] > held[1]);
        assert_eq!(column.value(0), Value::UInt(u64::MAX));
    }

    #[test]
    fn scatter_overwrites_values_and_nulls() {
        let mut a = column_of(
            DataType::Float64,
            [Value::Float(1.0), Value::Null, Value::Float(3.0)],
        );
        let b = column_of(DataType::Float64, [Value::Null, Value::Float(9.0)]);
        a.scatter(&b, [(0, 0), (1, 1)].into_iter());
        let cells: Vec<_> = (0..3).map(|i| a.value(i)).collect();
        assert_eq!(cells, [Value::Null, Value::Float(9.0), Value::Float(3.0)]);
    }
}
