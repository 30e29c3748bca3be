//! The cells of one column as text, with what can be decided once per column decided beforehand.
//!
//! A text is escaped once per distinct value if it is likely to come again. Days repeat from row to row, so the last
//! one written is kept.

use std::borrow::Cow;

use super::json;
use super::number::{write_csv_float, write_csv_float32, write_int, write_json_float, write_uint};
use crate::column::{Bitmap, Column, Data, Text, unflip_u64};
use crate::ingest::time;
use crate::schema::DataType;

/// How cells are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// JSON with dates as milliseconds.
    Json,
    /// JSON with dates as text.
    JsonFormatted,
    /// CSV: nothing for null, dates as text without quotes.
    Csv,
}

/// Writes cells of one column.
pub struct CellWriter<'a> {
    cells: Cells<'a>,
    validity: Option<&'a Bitmap>,
    null: &'static [u8],
}

/// The cells by how they are written.
enum Cells<'a> {
    Bool(&'a [bool]),
    Int(&'a [i64]),
    UInt(&'a [i64]),
    JsonFloat(&'a [f64]),
    CsvFloat(&'a [f64]),
    CsvFloat32(&'a [f64]),
    /// Days, as milliseconds.
    DayNumber(&'a [i64]),
    /// Days as text, within quotes or not.
    Day(&'a [i64], Quotes, Days),
    /// Instants as text.
    Instant(&'a [i64], Quotes, Days),
    /// Texts that are written when they come.
    Text(&'a Text, Spelling),
    /// The finished texts by code.
    Finished(&'a [u32], Finished),
}

/// What stands around a text.
type Quotes = &'static [u8];

/// Texts that were written beforehand, one after the other.
struct Finished {
    bytes: Vec<u8>,
    /// Where the text of each code ends.
    ends: Vec<u32>,
}

/// The day that was written last.
#[derive(Default)]
struct Days {
    day: Option<i64>,
    text: Vec<u8>,
}

impl Days {
    fn write(&mut self, day: i64, out: &mut Vec<u8>) {
        if self.day != Some(day) {
            self.day = Some(day);
            self.text.clear();
            // Columns hold days of 32 bits, and instants reach not as far.
            let days = day.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            time::write_date(days, &mut self.text);
        }
        out.extend_from_slice(&self.text);
    }
}

impl<'a> CellWriter<'a> {
    /// A writer for about `n_cells` cells of `column`.
    pub fn new(column: &'a Column, spelling: Spelling, n_cells: usize) -> Self {
        let quotes: Quotes = if spelling == Spelling::Csv {
            b""
        } else {
            b"\""
        };
        let null: &[u8] = if spelling == Spelling::Csv {
            b""
        } else {
            b"null"
        };
        let cells = match (column.data(), column.dtype()) {
            (Data::Bool(values), _) => Cells::Bool(values),
            (Data::Float(values), _) if spelling != Spelling::Csv => Cells::JsonFloat(values),
            (Data::Float(values), DataType::Float32) => Cells::CsvFloat32(values),
            (Data::Float(values), _) => Cells::CsvFloat(values),
            (Data::Int(values), DataType::UInt64) => Cells::UInt(values),
            (Data::Int(values), DataType::Date) if spelling == Spelling::Json => {
                Cells::DayNumber(values)
            }
            (Data::Int(values), DataType::Date) => Cells::Day(values, quotes, Days::default()),
            (Data::Int(values), DataType::Datetime) if spelling != Spelling::Json => {
                Cells::Instant(values, quotes, Days::default())
            }
            (Data::Int(values), _) => Cells::Int(values),
            (Data::Text(text), _) if n_cells > text.dictionary.len() => {
                Cells::Finished(&text.codes, Finished::new(text, spelling, null))
            }
            (Data::Text(text), _) => Cells::Text(text, spelling),
        };
        Self {
            cells,
            validity: column.validity(),
            null,
        }
    }

    /// Writes the cell of `row`.
    #[inline]
    pub fn write(&mut self, row: usize, out: &mut Vec<u8>) {
        if self.validity.is_some_and(|bitmap| !bitmap.get(row)) {
            return out.extend_from_slice(self.null);
        }
        match &mut self.cells {
            Cells::Bool(values) => {
                out.extend_from_slice(if values[row] { b"true" } else { b"false" })
            }
            Cells::Int(values) => write_int(values[row], out),
            Cells::UInt(values) => write_uint(unflip_u64(values[row]), out),
            Cells::JsonFloat(values) => write_json_float(values[row], out),
            Cells::CsvFloat(values) => write_csv_float(values[row], out),
            Cells::CsvFloat32(values) => write_csv_float32(values[row] as f32, out),
            Cells::DayNumber(values) => write_int(values[row] * time::DAY_MS, out),
            Cells::Day(values, quotes, days) => {
                out.extend_from_slice(quotes);
                days.write(values[row], out);
                out.extend_from_slice(quotes);
            }
            Cells::Instant(values, quotes, days) => {
                let ms = values[row];
                out.extend_from_slice(quotes);
                if ms.unsigned_abs() < 1 << 56 {
                    days.write(ms.div_euclid(time::DAY_MS), out);
                    time::write_clock(ms.rem_euclid(time::DAY_MS), out);
                } else {
                    time::write_datetime(ms, out);
                }
                out.extend_from_slice(quotes);
            }
            Cells::Text(text, spelling) => match text.codes[row] {
                0 => out.extend_from_slice(self.null),
                code => write_text(text.dictionary.text(code), *spelling, out),
            },
            Cells::Finished(codes, finished) => {
                out.extend_from_slice(finished.text(codes[row] as usize));
            }
        }
    }
}

impl Finished {
    fn new(text: &Text, spelling: Spelling, null: &[u8]) -> Self {
        let mut bytes = null.to_vec();
        let mut ends = Vec::with_capacity(text.dictionary.len());
        ends.push(bytes.len() as u32);
        for word in text.dictionary.iter() {
            write_text(word, spelling, &mut bytes);
            ends.push(bytes.len() as u32);
        }
        Self { bytes, ends }
    }

    #[inline]
    fn text(&self, code: usize) -> &[u8] {
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start as usize..self.ends[code] as usize]
    }
}

fn write_text(text: &str, spelling: Spelling, out: &mut Vec<u8>) {
    if spelling == Spelling::Csv {
        write_quoted(text, out);
    } else {
        json::write_text(text, out);
    }
}

/// Writes text as CSV has it: in quotes, which are doubled within.
pub fn write_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let doubled = if text.contains('"') {
        Cow::Owned(text.replace('"', "\"\""))
    } else {
        Cow::Borrowed(text)
    };
    out.extend_from_slice(doubled.as_bytes());
    out.push(b'"');
}
