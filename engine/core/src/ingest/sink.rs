//! Where cells of JSON go: one sink a column, which infers a type as it fills or converts to a given one.
//!
//! The first value that is not null decides; numbers may grow from integer to float. When later cells turn a column
//! into text, what the numbers looked like is gone, so the sink only notes that ([`Sink::must_be_text`]) and the
//! caller reads the input once more with that column as text from the start. A column of datetimes that all show
//! midnight is one of dates.

use std::rc::Rc;

use super::number::{self, Number};
use super::time::{self, Moment};
use crate::column::{Bitmap, ColumnBuilder, Interner, Values, flip_u64, unflip_u64};
use crate::error::{Error, Result};
use crate::schema::{ColumnType, DataType, Field};

/// A cell as it was read.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
}

/// How a sink treats its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nobody wants the column.
    Ignored,
    /// No value yet.
    Unknown,
    /// The type came from the first value and may be promoted.
    Inferred,
    /// The type is that of the table's column.
    Declared,
    /// The type was inferred wrongly; cells are only counted.
    Restart,
}

/// One column being filled.
pub struct Sink {
    name: Rc<str>,
    mode: Mode,
    builder: ColumnBuilder,
    /// Whether all datetimes of an inferred column so far show midnight.
    midnights: bool,
    /// Which rows were given, where the mode is declared and some were not; covers the first rows only.
    given: Bitmap,
    any_missing: bool,
}

impl Sink {
    /// A column whose type is to be inferred.
    pub fn inferring(name: &str) -> Self {
        Self::new(name, Mode::Unknown, DataType::String)
    }

    /// A column that was found to be text.
    pub fn text(name: &str) -> Self {
        Self::new(name, Mode::Inferred, DataType::String)
    }

    /// A column of a known type.
    pub fn declared(name: &str, dtype: DataType) -> Self {
        Self::new(name, Mode::Declared, dtype)
    }

    /// A column whose cells are dropped.
    pub fn ignored(name: &str) -> Self {
        Self::new(name, Mode::Ignored, DataType::String)
    }

    fn new(name: &str, mode: Mode, dtype: DataType) -> Self {
        Self {
            name: name.into(),
            mode,
            builder: ColumnBuilder::new(dtype, 0),
            midnights: true,
            given: Bitmap::default(),
            any_missing: false,
        }
    }

    /// The column's name.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether cells are dropped.
    pub fn is_ignored(&self) -> bool {
        self.mode == Mode::Ignored
    }

    /// Whether the input must be read again with this column as text.
    pub fn must_be_text(&self) -> bool {
        self.mode == Mode::Restart
    }

    /// Whether row `row` has a cell.
    pub fn has_row(&self, row: usize) -> bool {
        self.builder.len() > row
    }

    /// Fills up to `rows` rows with cells that were not given.
    pub fn pad(&mut self, rows: usize) {
        let len = self.builder.len();
        if len < rows && self.mode != Mode::Ignored {
            self.given.extend(len - self.given.len(), true);
            self.given.extend(rows - len, false);
            self.any_missing = true;
            self.builder.push_nulls(rows - len);
        }
    }

    /// Puts the last cell into `n` more rows.
    pub fn repeat_last(&mut self, n: usize) {
        if self.mode != Mode::Ignored {
            self.builder.repeat_last(n);
        }
    }

    /// Puts a cell into `row`. Rows before it that have none stay missing; a cell that is there already is replaced.
    ///
    /// # Errors
    /// If the cell does not go with the column; the text names both.
    #[inline]
    pub fn push(&mut self, row: usize, cell: Cell<'_>) -> Result<()> {
        let len = self.builder.len();
        if len != row {
            if self.mode == Mode::Ignored {
                return Ok(());
            }
            if len < row {
                self.pad(row);
            } else {
                self.builder.pop();
            }
        }
        // What most cells are comes first.
        let dtype = self.builder.dtype();
        match (&mut self.builder.values, cell, self.mode) {
            (Values::Text(codes, interner), Cell::Text(text), Mode::Declared | Mode::Inferred) => {
                codes.push(interner.intern(text));
                Ok(())
            }
            (Values::Float(values), Cell::Number(Number::Float(value)), Mode::Inferred) => {
                values.push(value);
                Ok(())
            }
            (Values::Int(values), Cell::Number(Number::Int(value)), Mode::Inferred)
                if dtype == DataType::Int64 =>
            {
                values.push(value);
                Ok(())
            }
            _ => self.push_slow(row, cell),
        }
    }

    fn push_slow(&mut self, row: usize, cell: Cell<'_>) -> Result<()> {
        match self.mode {
            Mode::Ignored => Ok(()),
            Mode::Restart => {
                self.builder.push_nulls(1);
                Ok(())
            }
            _ if matches!(cell, Cell::Null) => {
                self.builder.push_nulls(1);
                Ok(())
            }
            Mode::Unknown => {
                self.mode = Mode::Inferred;
                let nulls = self.builder.len();
                self.builder = ColumnBuilder::new(type_of(cell), nulls + 1);
                self.builder.push_nulls(nulls);
                self.infer(row, cell)
            }
            Mode::Inferred => self.infer(row, cell),
            Mode::Declared => self.convert(row, cell),
        }
    }

    /// Adds a cell to a column whose type may still be promoted.
    fn infer(&mut self, row: usize, cell: Cell<'_>) -> Result<()> {
        // A string that is a number or a truth value counts as that.
        let dtype = self.builder.dtype();
        let cell = match (dtype, cell) {
            (DataType::String, _) => return self.convert(row, cell),
            (DataType::Boolean, Cell::Text(text)) => match parse_bool(text) {
                Some(value) => Cell::Bool(value),
                None => return self.restart(text),
            },
            (DataType::Int64 | DataType::UInt64 | DataType::Float64, Cell::Text(text)) => {
                match number::parse(text) {
                    Some(number) => Cell::Number(number),
                    None => return self.restart(text),
                }
            }
            (DataType::Datetime, _) if self.midnights => {
                self.midnights = match cell {
                    Cell::Text(text) => {
                        time::shows_midnight(text)
                            || matches!(time::parse(text), Some(Moment::Date(_)))
                    }
                    Cell::Number(Number::Int(ms)) => ms % time::DAY_MS == 0,
                    _ => false,
                };
                cell
            }
            _ => cell,
        };
        match (dtype, cell) {
            (DataType::Int64, Cell::Number(Number::Big(_))) => {
                let negative = match &self.builder.values {
                    Values::Int(values) => values.iter().any(|&value| value < 0),
                    _ => false,
                };
                if negative {
                    self.builder
                        .ints_to_floats(DataType::Float64, |held| held as f64);
                } else {
                    self.int64_to_uint64();
                }
                self.convert(row, cell)
            }
            (DataType::Int64, Cell::Number(Number::Float(_))) => {
                self.builder
                    .ints_to_floats(DataType::Float64, |held| held as f64);
                self.convert(row, cell)
            }
            (DataType::UInt64, Cell::Number(number)) => {
                if matches!(number, Number::Float(_) | Number::Int(i64::MIN..0)) {
                    self.builder
                        .ints_to_floats(DataType::Float64, |held| unflip_u64(held) as f64);
                }
                self.convert(row, cell)
            }
            // Truth values and numbers mix where the numbers are 0 and 1, in either order.
            (DataType::Int64, Cell::Bool(_)) => {
                if let Values::Int(values) = &self.builder.values
                    && values.iter().all(|&value| value == 0 || value == 1)
                {
                    self.ints_to_bools();
                }
                self.convert(row, cell)
            }
            (DataType::Boolean, Cell::Number(Number::Int(value))) if value != 0 && value != 1 => {
                Err(self.refuse(row, cell, "Expected bool, found 3"))
            }
            _ => self.convert(row, cell),
        }
    }

    fn restart(&mut self, text: &str) -> Result<()> {
        // An empty string among numbers is a missing number.
        if !text.is_empty() {
            self.mode = Mode::Restart;
        }
        self.builder.push_nulls(1);
        Ok(())
    }

    fn int64_to_uint64(&mut self) {
        let nulls: Vec<usize> = self.builder.nulls_from(0).collect();
        if let Values::Int(values) = &mut self.builder.values {
            for value in values.iter_mut() {
                *value = flip_u64(*value as u64);
            }
            for i in nulls {
                values[i] = 0;
            }
        }
        self.builder.set_dtype(DataType::UInt64);
    }

    fn ints_to_bools(&mut self) {
        let mut bools = ColumnBuilder::new(DataType::Boolean, self.builder.len());
        for i in 0..self.builder.len() {
            let is_null = self.builder.is_null(i);
            match (&mut bools.values, &self.builder.values) {
                (Values::Bool(to), Values::Int(from)) if !is_null => to.push(from[i] != 0),
                _ => bools.push_nulls(1),
            }
        }
        self.builder = bools;
    }

    fn datetimes_to_dates(&mut self) {
        let mut days = ColumnBuilder::new(DataType::Date, self.builder.len());
        for i in 0..self.builder.len() {
            let is_null = self.builder.is_null(i);
            match (&mut days.values, &self.builder.values) {
                (Values::Int(to), Values::Int(from)) if !is_null => {
                    to.push(from[i].div_euclid(time::DAY_MS));
                }
                _ => days.push_nulls(1),
            }
        }
        self.builder = days;
    }

    /// Adds a cell, which is not null, to a column of a known type.
    fn convert(&mut self, row: usize, cell: Cell<'_>) -> Result<()> {
        let dtype = self.builder.dtype();
        if let Cell::Text("") = cell
            && dtype != DataType::String
        {
            self.builder.push_nulls(1);
            return Ok(());
        }
        match dtype.column_type() {
            ColumnType::Integer => {
                let value = self.to_integer(row, cell)?;
                if let Values::Int(values) = &mut self.builder.values {
                    values.push(value);
                }
            }
            ColumnType::Float => {
                let value = match cell {
                    Cell::Number(number) => to_float(number),
                    Cell::Text(text) => match number::parse(text) {
                        Some(number) => to_float(number),
                        None => return Err(self.refuse_text(row, text)),
                    },
                    _ => return Err(self.refuse(row, cell, "Expected double, found 2")),
                };
                if let Values::Float(values) = &mut self.builder.values {
                    values.push(if dtype == DataType::Float32 {
                        f64::from(value as f32)
                    } else {
                        value
                    });
                }
            }
            ColumnType::Boolean => {
                let value = match cell {
                    Cell::Bool(value) => Some(value),
                    Cell::Number(Number::Int(value)) => Some(value != 0),
                    Cell::Text(text) => parse_bool(text),
                    _ => None,
                };
                let Some(value) = value else {
                    let found = if matches!(cell, Cell::Text(_)) { 5 } else { 6 };
                    return Err(self.refuse(row, cell, &format!("Expected bool, found {found}")));
                };
                if let Values::Bool(values) = &mut self.builder.values {
                    values.push(value);
                }
            }
            ColumnType::Date | ColumnType::Datetime => {
                let value = match (dtype, cell) {
                    (DataType::Date, Cell::Text(text)) => time::parse_date(text).map(i64::from),
                    (DataType::Date, _) => to_milliseconds(cell, f64::floor)
                        .map(|ms| ms.div_euclid(time::DAY_MS))
                        .filter(|&days| i32::try_from(days).is_ok()),
                    (_, Cell::Text(text)) => time::parse_datetime(text),
                    _ => to_milliseconds(cell, f64::trunc),
                };
                let Some(value) = value else {
                    let to = if dtype == DataType::Date {
                        "date"
                    } else {
                        "time"
                    };
                    return Err(self.refuse(row, cell, &format!("Could not coerce to {to}")));
                };
                if let Values::Int(values) = &mut self.builder.values {
                    values.push(value);
                }
            }
            ColumnType::String => {
                if let Values::Text(codes, interner) = &mut self.builder.values {
                    codes.push(intern(interner, cell));
                }
            }
        }
        Ok(())
    }

    /// The integer that the column holds for a cell.
    fn to_integer(&self, row: usize, cell: Cell<'_>) -> Result<i64> {
        let dtype = self.builder.dtype();
        let number = match cell {
            Cell::Number(number) => number,
            Cell::Text(text) => number::parse(text).ok_or_else(|| self.refuse_text(row, text))?,
            _ => return Err(self.refuse(row, cell, "Expected int, found 2")),
        };
        let whole = match number {
            Number::Int(value) => i128::from(value),
            Number::Big(value) => i128::from(value),
            // NaN becomes a number that no column holds; the cast saturates.
            Number::Float(value) if value.is_nan() => i128::MAX,
            Number::Float(value) => value.trunc() as i128,
        };
        let (least, most) = dtype.int_range().unwrap_or((0, 0));
        if (least..=most).contains(&whole) {
            Ok(hold(whole, dtype))
        } else {
            Err(out_of_range(&self.name, shown(cell), row, dtype))
        }
    }

    fn refuse_text(&self, row: usize, text: &str) -> Error {
        Error::input(format!(
            "Cannot append value of type string to column \"{}\" of type {} at index {row}: {text:?}",
            self.name,
            self.builder.dtype().column_type()
        ))
    }

    fn refuse(&self, row: usize, cell: Cell<'_>, reason: &str) -> Error {
        Error::input(format!(
            "{reason}: {} in column \"{}\" at index {row}",
            shown(cell),
            self.name
        ))
    }

    /// The finished column of `n_rows` rows and which cells were given; `None` if it was ignored.
    pub fn finish(mut self, n_rows: usize) -> Option<(ColumnBuilder, Option<Bitmap>)> {
        if self.mode == Mode::Ignored {
            return None;
        }
        self.pad(n_rows);
        if self.mode == Mode::Inferred
            && self.builder.dtype() == DataType::Datetime
            && self.midnights
        {
            self.datetimes_to_dates();
        }
        let given = self.any_missing.then(|| {
            self.given.extend(n_rows - self.given.len(), true);
            self.given
        });
        Some((self.builder, given))
    }

    /// The field of an inferred column: integers are as narrow as 32 bits and may widen.
    pub fn inferred_field(name: &str, builder: &ColumnBuilder) -> Field {
        let mut field = Field::new(name, builder.dtype());
        if let (DataType::Int64, Values::Int(values)) = (builder.dtype(), &builder.values) {
            field.widens = true;
            if super::fit_32_bits(values) {
                field.dtype = DataType::Int32;
            }
        }
        field
    }
}

/// The type that a first cell decides.
fn type_of(cell: Cell<'_>) -> DataType {
    match cell {
        Cell::Null => DataType::String,
        Cell::Bool(_) => DataType::Boolean,
        Cell::Number(Number::Int(_)) => DataType::Int64,
        Cell::Number(Number::Big(_)) => DataType::UInt64,
        Cell::Number(Number::Float(_)) => DataType::Float64,
        Cell::Text(text) => {
            if let Some(number) = number::parse(text) {
                return type_of(Cell::Number(number));
            }
            if parse_bool(text).is_some() {
                return DataType::Boolean;
            }
            match time::parse(text) {
                Some(Moment::Date(_)) => DataType::Date,
                Some(Moment::Datetime(_)) => DataType::Datetime,
                None => DataType::String,
            }
        }
    }
}

/// `true` and `false` in lower case, upper case or with a capital.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn to_float(number: Number) -> f64 {
    match number {
        Number::Int(value) => value as f64,
        Number::Big(value) => value as f64,
        Number::Float(value) => value,
    }
}

fn to_milliseconds(cell: Cell<'_>, round: fn(f64) -> f64) -> Option<i64> {
    match cell {
        Cell::Number(Number::Int(value)) => Some(value),
        // Within 2^63 the cast is exact.
        Cell::Number(Number::Float(value)) if value.abs() < 9e18 => Some(round(value) as i64),
        _ => None,
    }
}

fn intern(interner: &mut Interner, cell: Cell<'_>) -> u32 {
    match cell {
        Cell::Null => 0,
        Cell::Bool(value) => interner.intern(if value { "true" } else { "false" }),
        Cell::Number(Number::Int(value)) => interner.intern(itoa::Buffer::new().format(value)),
        Cell::Number(Number::Big(value)) => interner.intern(itoa::Buffer::new().format(value)),
        Cell::Number(Number::Float(value)) => interner.intern(&number::float_to_text(value)),
        Cell::Text(text) => interner.intern(text),
    }
}

/// A cell as an error shows it.
fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => "null".into(),
        Cell::Bool(value) => value.to_string(),
        Cell::Number(Number::Int(value)) => value.to_string(),
        Cell::Number(Number::Big(value)) => value.to_string(),
        Cell::Number(Number::Float(value)) => zmij::Buffer::new().format(value).to_owned(),
        Cell::Text(text) => format!("{text:?}"),
    }
}

/// An integer that fits `target`, as such a column holds it.
pub fn hold(value: i128, target: DataType) -> i64 {
    if target == DataType::UInt64 {
        flip_u64(value as u64)
    } else {
        value as i64
    }
}

/// The error for an integer beyond the type of its column.
pub fn out_of_range(
    name: &str,
    value: impl std::fmt::Display,
    row: usize,
    target: DataType,
) -> Error {
    Error::input(format!(
        "Value {value} at index {row} does not fit column \"{name}\" of type {}",
        super::type_name(target)
    ))
}
