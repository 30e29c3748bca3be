//! Columns as Arrow arrays: validity, values, and dictionaries of the texts that occur.

use super::body::Body;
use crate::column::{Bitmap, Column, Data, NULL_CODE, Text, unflip_u64};
use crate::schema::DataType;
use crate::slice::Rows;

/// How many values are encoded before they are appended at once.
const BLOCK: usize = 256;

/// The texts of a column that occur in some rows, and their numbers in the dictionary that is written. Texts that do
/// not occur stay out: a reader may not be meant to see them.
pub struct Occurring {
    /// The codes that occur, ascending.
    codes: Vec<u32>,
    /// The number of each code; empty if all codes occur, so that it is the code less one.
    numbers: Vec<u32>,
    any_null: bool,
}

impl Occurring {
    /// Looks through the codes of `rows`.
    pub fn of(text: &Text, rows: &Rows) -> Self {
        let n_codes = text.dictionary.len();
        let mut occurs = vec![false; n_codes];
        match rows {
            Rows::Range(range) => {
                for &code in &text.codes[range.clone()] {
                    occurs[code as usize] = true;
                }
            }
            Rows::List(list) => {
                for &row in &**list {
                    occurs[text.codes[row as usize] as usize] = true;
                }
            }
        }
        let any_null = occurs[NULL_CODE as usize];
        occurs[NULL_CODE as usize] = false;
        let codes: Vec<u32> = (0_u32..)
            .zip(&occurs)
            .filter_map(|(code, &occurs)| occurs.then_some(code))
            .collect();
        let mut numbers = Vec::new();
        if codes.len() + 1 < n_codes {
            numbers = vec![0; n_codes];
            for (number, &code) in (0_u32..).zip(&codes) {
                numbers[code as usize] = number;
            }
        }
        Self {
            codes,
            numbers,
            any_null,
        }
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Adds the texts themselves.
    pub fn add_texts<'a>(&'a self, text: &'a Text, body: &mut Body<'a>) {
        let texts = || self.codes.iter().map(|&code| text.dictionary.text(code));
        let n_bytes: usize = texts().map(str::len).sum();
        body.node(self.codes.len(), 0);
        body.buffer(0, |_| {});
        body.buffer(self.codes.len() * 4 + 4, move |out| {
            let mut end = 0_i32;
            out.extend_from_slice(&end.to_le_bytes());
            for text in texts() {
                end += text.len() as i32;
                out.extend_from_slice(&end.to_le_bytes());
            }
        });
        body.buffer(n_bytes, move |out| {
            texts().for_each(|text| out.extend_from_slice(text.as_bytes()));
        });
    }

    fn add_numbers<'a>(&'a self, codes: &'a [u32], rows: &'a Rows, body: &mut Body<'a>) {
        if self.numbers.is_empty() {
            // Null becomes number 0, as good as any.
            add_values(codes, rows, body, |code| {
                code.saturating_sub(1).to_le_bytes()
            });
        } else {
            add_values(codes, rows, body, |code| {
                self.numbers[code as usize].to_le_bytes()
            });
        }
    }
}

/// Adds the cells of a column. `occurring` belongs to a column of text.
pub fn add_column<'a>(
    column: &'a Column,
    rows: &'a Rows,
    occurring: Option<&'a Occurring>,
    body: &mut Body<'a>,
) {
    add_validity(column, rows, occurring, body);
    match (column.data(), column.dtype()) {
        (Data::Bool(values), _) => {
            let n = rows.len();
            body.buffer(n.div_ceil(8), move |out| {
                write_bits(n, |i| values[rows.at(i)], out)
            });
        }
        (Data::Float(values), DataType::Float32) => {
            add_values(values, rows, body, |value| (value as f32).to_le_bytes());
        }
        (Data::Float(values), _) => add_values(values, rows, body, f64::to_le_bytes),
        (Data::Text(text), _) => {
            if let Some(occurring) = occurring {
                occurring.add_numbers(&text.codes, rows, body);
            }
        }
        // Values fit their type: ingest and aggregates see to it.
        (Data::Int(values), DataType::Int8 | DataType::UInt8) => {
            add_values(values, rows, body, |value| [value as u8]);
        }
        (Data::Int(values), DataType::Int16 | DataType::UInt16) => {
            add_values(values, rows, body, |value| (value as u16).to_le_bytes());
        }
        (Data::Int(values), DataType::Int32 | DataType::UInt32 | DataType::Date) => {
            add_values(values, rows, body, |value| (value as u32).to_le_bytes());
        }
        (Data::Int(values), DataType::UInt64) => {
            add_values(values, rows, body, |held| unflip_u64(held).to_le_bytes());
        }
        (Data::Int(values), _) => add_values(values, rows, body, i64::to_le_bytes),
    }
}

/// Adds the validity of a column's rows: nothing at all if none is null.
fn add_validity<'a>(
    column: &'a Column,
    rows: &'a Rows,
    occurring: Option<&Occurring>,
    body: &mut Body<'a>,
) {
    let n = rows.len();
    let may_be_null = match occurring {
        Some(occurring) => occurring.any_null,
        None => column.validity().is_some(),
    };
    let n_nulls = if may_be_null {
        (0..n).filter(|&i| column.is_null(rows.at(i))).count()
    } else {
        0
    };
    body.node(n, n_nulls);
    if n_nulls == 0 {
        return body.buffer(0, |_| {});
    }
    body.buffer(n.div_ceil(8), move |out| match (column.validity(), rows) {
        (Some(validity), Rows::Range(range)) if range.start.is_multiple_of(64) => {
            write_words(validity, range.start / 64, n, out);
        }
        _ => write_bits(n, |i| !column.is_null(rows.at(i)), out),
    });
}

/// Writes `n` bits that begin with a word of a bitmap.
fn write_words(bitmap: &Bitmap, first: usize, n: usize, out: &mut Vec<u8>) {
    let end = out.len() + n.div_ceil(8);
    for word in &bitmap.words()[first..first + n.div_ceil(64)] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(end);
    // Bits of rows after the last are none of the reader's business.
    if let (Some(last), rest @ 1..) = (out.last_mut(), n % 8) {
        *last &= (1 << rest) - 1;
    }
}

fn write_bits(n: usize, bit: impl Fn(usize) -> bool, out: &mut Vec<u8>) {
    for start in (0..n).step_by(8) {
        let byte =
            (start..n.min(start + 8)).fold(0, |byte, i| byte | u8::from(bit(i)) << (i - start));
        out.push(byte);
    }
}

/// Adds one value of fixed width a row.
fn add_values<'a, T: Copy, const N: usize>(
    values: &'a [T],
    rows: &'a Rows,
    body: &mut Body<'a>,
    encode: impl Fn(T) -> [u8; N] + 'a,
) {
    body.buffer(rows.len() * N, move |out| {
        let mut block = [[0; N]; BLOCK];
        match rows {
            Rows::Range(range) => {
                for values in values[range.clone()].chunks(BLOCK) {
                    for (to, &value) in block.iter_mut().zip(values) {
                        *to = encode(value);
                    }
                    out.extend_from_slice(block[..values.len()].as_flattened());
                }
            }
            Rows::List(list) => {
                for rows in list.chunks(BLOCK) {
                    for (to, &row) in block.iter_mut().zip(rows) {
                        *to = encode(values[row as usize]);
                    }
                    out.extend_from_slice(block[..rows.len()].as_flattened());
                }
            }
        }
    });
}
