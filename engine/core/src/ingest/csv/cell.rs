//! One column of CSV: what its cells can be, and their values.

use super::cursor::Cursor;
use crate::column::{ColumnBuilder, Values};
use crate::error::{Error, Result};
use crate::ingest::number::{self, Number};
use crate::ingest::sink::{hold, parse_bool};
use crate::ingest::{time, type_name, widest};
use crate::schema::{DataType, Field};

/// What a cell is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but nulls.
    Null,
    /// An integer of 64 bits.
    Int,
    /// An integer of 64 unsigned bits.
    UInt,
    /// True or false, 1 or 0.
    Bool,
    /// A day.
    Date,
    /// A time of day, as seconds.
    Clock,
    /// An instant.
    Datetime,
    /// A float.
    Float,
    /// Text.
    Text,
}

/// The kinds in order of preference.
const KINDS: [Kind; 8] = [
    Kind::Int,
    Kind::UInt,
    Kind::Bool,
    Kind::Date,
    Kind::Clock,
    Kind::Datetime,
    Kind::Float,
    Kind::Text,
];

const fn bit(kind: Kind) -> u16 {
    1 << kind as u16
}

/// The kinds that fit all cells seen so far.
#[derive(Debug, Clone, Copy)]
pub struct Candidates {
    bits: u16,
    any: bool,
}

impl Default for Candidates {
    fn default() -> Self {
        Self {
            bits: u16::MAX,
            any: false,
        }
    }
}

impl Candidates {
    /// Takes a cell into account.
    pub fn see(&mut self, text: &str) {
        if !is_null(text) {
            self.any = true;
            // Once only text is left there is nothing to find out.
            if self.bits != bit(Kind::Text) {
                self.bits &= kinds_of(text);
            }
        }
    }

    /// The narrowest kind that fits.
    pub fn narrowest(&self) -> Kind {
        if !self.any {
            return Kind::Null;
        }
        KINDS
            .into_iter()
            .find(|&kind| self.bits & bit(kind) != 0)
            .unwrap_or(Kind::Text)
    }
}

/// The kinds that can hold a cell which is not null.
fn kinds_of(text: &str) -> u16 {
    let text_only = bit(Kind::Text);
    // A plus sign makes a float, as it does in the reference.
    let float_only = text.starts_with('+');
    match number::parse(text) {
        Some(Number::Int(_)) if float_only => return text_only | bit(Kind::Float),
        Some(Number::Int(value)) => {
            let mut bits = text_only | bit(Kind::Float) | bit(Kind::Int);
            if value >= 0 {
                bits |= bit(Kind::UInt);
            }
            if text == "0" || text == "1" {
                bits |= bit(Kind::Bool);
            }
            return bits;
        }
        Some(Number::Big(_)) => return text_only | bit(Kind::Float) | bit(Kind::UInt),
        Some(Number::Float(_)) => return text_only | bit(Kind::Float),
        None => {}
    }
    if parse_bool(text).is_some() {
        return text_only | bit(Kind::Bool);
    }
    if time::parse_clock(text).is_some() {
        return text_only | bit(Kind::Clock);
    }
    match time::parse_padded(text) {
        Some(time::Moment::Date(_)) if text.len() == 10 && text.as_bytes()[4] == b'-' => {
            text_only | bit(Kind::Date) | bit(Kind::Datetime)
        }
        Some(_) => text_only | bit(Kind::Datetime),
        None => text_only,
    }
}

/// The spellings of null.
fn is_null(text: &str) -> bool {
    matches!(
        text,
        "" | "null"
            | "NULL"
            | "NA"
            | "N/A"
            | "n/a"
            | "NaN"
            | "nan"
            | "-NaN"
            | "-nan"
            | "#N/A"
            | "#N/A N/A"
            | "#NA"
            | "1.#IND"
            | "-1.#IND"
            | "1.#QNAN"
            | "-1.#QNAN"
    )
}

/// What becomes of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Skipped,
    Inferred,
    Disproved,
    Declared,
}

/// One column being read.
pub struct Cells {
    position: usize,
    name: String,
    state: State,
    kind: Kind,
    /// The type that errors speak of.
    shown: DataType,
    builder: ColumnBuilder,
    /// The day that was read last, as text and as days.
    day: ([u8; 10], i64),
}

impl Cells {
    /// A column of a guessed kind, which may prove wrong.
    pub fn inferred(position: usize, name: &str, kind: Kind) -> Self {
        let dtype = match kind {
            Kind::Int => DataType::Int64,
            Kind::UInt => DataType::UInt64,
            Kind::Bool => DataType::Boolean,
            Kind::Date => DataType::Date,
            Kind::Clock => DataType::Int64,
            Kind::Datetime => DataType::Datetime,
            Kind::Float => DataType::Float64,
            Kind::Null | Kind::Text => DataType::String,
        };
        Self::new(position, name, State::Inferred, kind, dtype)
    }

    /// A column of a known type; a cell that does not fit is an error.
    pub fn declared(position: usize, name: &str, field: &Field) -> Self {
        let dtype = widest(field);
        let kind = match dtype {
            DataType::Boolean => Kind::Bool,
            DataType::UInt64 => Kind::UInt,
            DataType::Float32 | DataType::Float64 => Kind::Float,
            DataType::Date => Kind::Date,
            DataType::Datetime => Kind::Datetime,
            DataType::String => Kind::Text,
            _ => Kind::Int,
        };
        Self {
            shown: field.dtype,
            ..Self::new(position, name, State::Declared, kind, dtype)
        }
    }

    /// A column that nobody wants.
    pub fn skipped(position: usize, name: &str) -> Self {
        Self::new(position, name, State::Skipped, Kind::Text, DataType::String)
    }

    fn new(position: usize, name: &str, state: State, kind: Kind, dtype: DataType) -> Self {
        Self {
            position,
            name: name.to_owned(),
            state,
            kind,
            shown: dtype,
            builder: ColumnBuilder::new(dtype, 0),
            day: ([0; 10], 0),
        }
    }

    /// Whether a cell did not fit the guess.
    pub fn is_disproved(&self) -> bool {
        self.state == State::Disproved
    }

    /// The column; `None` if nobody wants it.
    pub fn finish(self) -> Option<ColumnBuilder> {
        (self.state != State::Skipped).then_some(self.builder)
    }

    /// Reads the next field into this column.
    #[inline]
    pub fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let narrow = self.builder.dtype();
        match (&mut self.builder.values, self.kind) {
            _ if matches!(self.state, State::Skipped | State::Disproved) => {
                return cursor.field().map(drop);
            }
            (Values::Int(values), Kind::Int) if narrow == DataType::Int64 => {
                let scanned = number::scan(cursor.rest());
                if scanned.n_whole > 0
                    && scanned.is_integer()
                    && let Some(field) = cursor.take_if_field(scanned.len)
                {
                    if let Number::Int(value) = scanned.value(field) {
                        values.push(value);
                        return Ok(());
                    }
                    let text = String::from_utf8_lossy(field).into_owned();
                    return self.push(cursor, &text);
                }
            }
            (Values::Float(values), Kind::Float) if narrow == DataType::Float64 => {
                let scanned = number::scan(cursor.rest());
                if scanned.has_digits()
                    && let Some(field) = cursor.take_if_field(scanned.len)
                {
                    values.push(scanned.float(field));
                    return Ok(());
                }
            }
            (Values::Int(values), Kind::Datetime) => {
                if let Some((ms, len)) = plain_datetime(cursor.rest(), &mut self.day)
                    && cursor.take_if_field(len).is_some()
                {
                    values.push(ms);
                    return Ok(());
                }
            }
            (Values::Text(codes, interner), Kind::Text) => {
                codes.push(interner.intern(&cursor.field()?));
                return Ok(());
            }
            _ => {}
        }
        let field = cursor.field()?;
        self.push(cursor, &field)
    }

    /// Adds a cell the slow way. The cursor is past it.
    fn push(&mut self, cursor: &Cursor<'_>, text: &str) -> Result<()> {
        let dtype = self.builder.dtype();
        if self.kind != Kind::Text && is_null(text) {
            self.builder.push_nulls(1);
            return Ok(());
        }
        let disproves = self.state == State::Inferred && kinds_of(text) & bit(self.kind) == 0;
        let parsed = match (&mut self.builder.values, self.kind) {
            _ if disproves => None,
            (Values::Int(values), kind) => {
                parse_held(text, kind, dtype).map(|value| values.push(value))
            }
            (Values::Bool(values), _) => match text {
                "1" => Some(true),
                "0" => Some(false),
                _ => parse_bool(text),
            }
            .map(|value| values.push(value)),
            (Values::Float(values), _) => number::parse(text).map(|number| {
                let value = match number {
                    Number::Int(value) => value as f64,
                    Number::Big(value) => value as f64,
                    Number::Float(value) => value,
                };
                values.push(if dtype == DataType::Float32 {
                    f64::from(value as f32)
                } else {
                    value
                });
            }),
            (Values::Text(codes, interner), _) => {
                codes.push(interner.intern(text));
                Some(())
            }
        };
        match parsed {
            Some(()) => Ok(()),
            None if self.state == State::Inferred => {
                self.state = State::Disproved;
                self.builder = ColumnBuilder::new(DataType::String, 0);
                Ok(())
            }
            None => Err(self.refuse(cursor, text)),
        }
    }

    fn refuse(&self, cursor: &Cursor<'_>, text: &str) -> Error {
        let to = match self.shown {
            DataType::Float64 => "double",
            DataType::Float32 => "float",
            DataType::Datetime => "timestamp[ms]",
            DataType::Date => "date32[day]",
            dtype => type_name(dtype),
        };
        Error::input(format!(
            "Invalid: In CSV column #{}: CSV conversion error to {to}: invalid value '{text}' (column \"{}\", line {})",
            self.position,
            self.name,
            cursor.line()
        ))
    }
}

/// The integer that a column of type `dtype` holds for a cell.
fn parse_held(text: &str, kind: Kind, dtype: DataType) -> Option<i64> {
    match kind {
        Kind::Date => time::parse_date(text).map(i64::from),
        Kind::Datetime => time::parse_datetime(text).or_else(|| match number::parse(text)? {
            Number::Int(ms) => Some(ms),
            _ => None,
        }),
        Kind::Clock => time::parse_clock(text).map(i64::from),
        _ => {
            let whole = match number::parse(text)? {
                Number::Int(value) => i128::from(value),
                Number::Big(value) => i128::from(value),
                Number::Float(_) => return None,
            };
            let (least, most) = dtype.int_range()?;
            (least..=most).contains(&whole).then(|| hold(whole, dtype))
        }
    }
}

/// Reads `YYYY-MM-DD[T ]HH:MM:SS` with up to three digits of a fraction at the start of `bytes`, and tells how long it
/// is. `day` keeps the day that was read last.
#[inline]
fn plain_datetime(bytes: &[u8], day: &mut ([u8; 10], i64)) -> Option<(i64, usize)> {
    let date = bytes.first_chunk::<10>()?;
    let clock = bytes.get(10..)?.first_chunk::<9>()?;
    if *date != day.0 {
        let text = std::str::from_utf8(date).ok()?;
        match time::parse(text)? {
            time::Moment::Date(days) if date[4] == b'-' => *day = (*date, i64::from(days)),
            _ => return None,
        }
    }
    let two = |at: usize| -> Option<i64> {
        let (tens, ones) = (
            clock[at].wrapping_sub(b'0'),
            clock[at + 1].wrapping_sub(b'0'),
        );
        (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
    };
    let (hour, minute, second) = (two(1)?, two(4)?, two(7)?);
    if !matches!(clock[0], b' ' | b'T')
        || clock[3] != b':'
        || clock[6] != b':'
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut ms = (hour * 60 + minute) * 60_000 + second * 1000;
    let mut len = 19;
    if bytes.get(19) == Some(&b'.') {
        let mut unit = 100;
        len = 20;
        while unit > 0
            && let Some(digit) = bytes.get(len).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            ms += i64::from(digit) * unit;
            unit /= 10;
            len += 1;
        }
        if len == 20 {
            return None;
        }
    }
    Some((day.1 * time::DAY_MS + ms, len))
}
