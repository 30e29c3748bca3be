//! CSV: a header line, then one line a row; text quoted, numbers and dates bare, null nothing at all.

use super::names::{GroupNames, headers, write_plain_float};
use crate::column::{Column, Data};
use crate::ingest::time;
use crate::slice::Slice;
use crate::value::Value;

fn write_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        out.extend_from_slice(&rest.as_bytes()[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

fn write_cell(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Text(text) => write_quoted(text, out),
        Value::Float(number) => write_plain_float(number, out),
        Value::Date(days) => time::write_date(days, out),
        Value::Datetime(ms) => time::write_datetime(ms, out),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) => {
            super::json::write_value(value, false, out)
        }
    }
}

/// The quoted form of every text of a column, by code; `None` if writing them one by one is less work.
fn quoted_texts(column: &Column, n_rows: usize) -> Option<Vec<Vec<u8>>> {
    let Data::Text(text) = column.data() else {
        return None;
    };
    if n_rows <= text.dictionary.len() {
        return None;
    }
    let mut cells = Vec::with_capacity(text.dictionary.len());
    cells.push(Vec::new());
    cells.extend(text.dictionary.iter().map(|word| {
        let mut cell = Vec::with_capacity(word.len() + 2);
        write_quoted(word, &mut cell);
        cell
    }));
    Some(cells)
}

/// The slice as CSV, UTF-8. A slice without any column is empty text.
pub fn to_csv(slice: &Slice<'_>, names: GroupNames) -> Vec<u8> {
    let (groups, data) = headers(slice, names);
    let mut out = Vec::with_capacity(64 + slice.n_rows * (slice.columns.len() + groups.len()) * 8);
    if groups.is_empty() && data.is_empty() {
        return out;
    }
    for (i, header) in groups.iter().chain(&data).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_quoted(header, &mut out);
    }
    out.push(b'\n');
    let levels: &[Column] = slice.row_paths.as_ref().map_or(&[], |paths| &paths.levels);
    let texts: Vec<_> = slice
        .columns
        .iter()
        .map(|column| quoted_texts(&column.data, slice.n_rows))
        .collect();
    for i in 0..slice.n_rows {
        let start = out.len();
        for level in levels {
            write_cell(level.value(i), &mut out);
            out.push(b',');
        }
        for (column, texts) in slice.columns.iter().zip(&texts) {
            match (texts, column.data.text()) {
                (Some(cells), Some(text)) => {
                    out.extend_from_slice(&cells[text.codes[column.rows.at(i)] as usize]);
                }
                _ => write_cell(column.value(i), &mut out),
            }
            out.push(b',');
        }
        // The comma after the last cell becomes the line end.
        debug_assert!(out.len() > start);
        out.pop();
        out.push(b'\n');
    }
    out
}
