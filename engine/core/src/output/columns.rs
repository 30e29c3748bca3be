//! JSON by columns: `{"__ROW_PATH__": [...], "x": [...]}`.
//!
//! Each column is written by a loop of its storage, and the JSON of a text once per distinct value.

use super::JsonOptions;
use super::json::{write_float, write_int, write_text, write_value};
use super::names::header;
use crate::column::{Column, Data};
use crate::schema::DataType;
use crate::slice::{RowPaths, Rows, Slice};
use crate::value::{Scalar, Value};

/// Writes values as a JSON array.
pub(super) fn write_list<'a>(
    values: impl Iterator<Item = Value<'a>>,
    formatted: bool,
    out: &mut Vec<u8>,
) {
    out.push(b'[');
    for (i, value) in values.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_value(value, formatted, out);
    }
    out.push(b']');
}

/// Writes the primary keys under a row.
pub(super) fn write_keys(keys: &[Scalar], formatted: bool, out: &mut Vec<u8>) {
    write_list(keys.iter().map(Scalar::as_value), formatted, out);
}

/// Begins a member of the outer object.
fn begin(name: &str, out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
    write_text(name, out);
    out.push(b':');
    out.push(b'[');
}

fn write_paths(
    name: &str,
    paths: &RowPaths<'_>,
    n_rows: usize,
    formatted: bool,
    out: &mut Vec<u8>,
) {
    begin(name, out);
    for i in 0..n_rows {
        if i > 0 {
            out.push(b',');
        }
        write_list(paths.path(i), formatted, out);
    }
    out.push(b']');
}

/// Writes one member per row by `write`, separated by commas, `null` where the column is null.
fn write_cells(
    column: &Column,
    rows: &Rows,
    out: &mut Vec<u8>,
    mut write: impl FnMut(usize, &mut Vec<u8>),
) {
    for i in 0..rows.len() {
        if i > 0 {
            out.push(b',');
        }
        let row = rows.at(i);
        if column.is_null(row) {
            out.extend_from_slice(b"null");
        } else {
            write(row, out);
        }
    }
}

fn write_column(column: &Column, rows: &Rows, formatted: bool, out: &mut Vec<u8>) {
    let as_number = match column.dtype() {
        DataType::UInt64 | DataType::Date => false,
        DataType::Datetime => !formatted,
        _ => true,
    };
    match column.data() {
        Data::Float(values) => {
            write_cells(column, rows, out, |row, out| write_float(values[row], out))
        }
        Data::Int(values) if as_number => {
            write_cells(column, rows, out, |row, out| write_int(values[row], out));
        }
        Data::Text(text) if rows.len() > text.dictionary.len() => {
            let mut cells: Vec<Vec<u8>> = Vec::with_capacity(text.dictionary.len());
            cells.push(b"null".to_vec());
            cells.extend(text.dictionary.iter().map(|word| {
                let mut cell = Vec::with_capacity(word.len() + 2);
                write_text(word, &mut cell);
                cell
            }));
            for i in 0..rows.len() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&cells[text.codes[rows.at(i)] as usize]);
            }
        }
        _ => write_cells(column, rows, out, |row, out| {
            write_value(column.value(row), formatted, out)
        }),
    }
}

/// The slice as one JSON object of arrays, UTF-8.
pub fn to_columns(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let formatted = options.formatted;
    let mut out = Vec::with_capacity(16 + slice.n_rows * slice.columns.len() * 8);
    out.push(b'{');
    if let Some(paths) = slice.row_paths.as_ref().filter(|paths| paths.shown) {
        write_paths("__ROW_PATH__", paths, slice.n_rows, formatted, &mut out);
    }
    if options.id {
        match (&slice.row_paths, &slice.keys) {
            (Some(paths), _) => write_paths("__ID__", paths, slice.n_rows, formatted, &mut out),
            (None, Some(keys)) => write_all_keys("__ID__", keys, formatted, &mut out),
            (None, None) => {}
        }
    }
    for column in &slice.columns {
        begin(&header(column, column.name), &mut out);
        write_column(&column.data, &column.rows, formatted, &mut out);
        out.push(b']');
    }
    if let Some(keys) = slice.keys.as_ref().filter(|_| options.index) {
        write_all_keys("__INDEX__", keys, formatted, &mut out);
    }
    out.push(b'}');
    out
}

fn write_all_keys(name: &str, keys: &[Vec<Scalar>], formatted: bool, out: &mut Vec<u8>) {
    begin(name, out);
    for (i, keys) in keys.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_keys(keys, formatted, out);
    }
    out.push(b']');
}
