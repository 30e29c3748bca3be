//! JSON by columns: `{"__ROW_PATH__": [...], "x": [...]}`.

use super::JsonOptions;
use super::json::{write_text, write_value};
use super::names::header;
use super::writer::CellWriter;
use crate::slice::{RowPaths, Slice};
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

/// Writes one member of the outer object: an array of `n` elements, each by `write`.
fn write_member(
    name: &str,
    n: usize,
    out: &mut Vec<u8>,
    mut write: impl FnMut(usize, &mut Vec<u8>),
) {
    if out.len() > 1 {
        out.push(b',');
    }
    write_text(name, out);
    out.extend_from_slice(b":[");
    for i in 0..n {
        write(i, out);
        out.push(b',');
    }
    // The comma after the last element becomes the end.
    if n > 0 {
        out.pop();
    }
    out.push(b']');
}

/// The slice as one JSON object of arrays, UTF-8.
pub fn to_columns(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let formatted = options.formatted;
    let n_rows = slice.n_rows;
    let mut out = Vec::with_capacity(16 + n_rows * slice.columns.len() * 8);
    out.push(b'{');
    let paths = slice.row_paths.as_ref();
    let write_paths = |name: &str, paths: &RowPaths<'_>, out: &mut Vec<u8>| {
        write_member(name, n_rows, out, |i, out| {
            write_list(paths.path(i), formatted, out)
        });
    };
    let write_all_keys = |name: &str, keys: &[Vec<Scalar>], out: &mut Vec<u8>| {
        write_member(name, keys.len(), out, |i, out| {
            write_keys(&keys[i], formatted, out)
        });
    };
    if let Some(paths) = paths.filter(|paths| paths.shown) {
        write_paths("__ROW_PATH__", paths, &mut out);
    }
    if let Some(paths) = paths.filter(|_| options.id) {
        write_paths("__ID__", paths, &mut out);
    }
    for column in &slice.columns {
        let mut cells = CellWriter::new(&column.data, options.spelling(), n_rows);
        let name = header(column, column.name);
        write_member(&name, n_rows, &mut out, |i, out| {
            cells.write(column.rows.at(i), out)
        });
    }
    if let Some(keys) = &slice.keys {
        if options.index {
            write_all_keys("__INDEX__", keys, &mut out);
        }
        if options.id && paths.is_none() {
            write_all_keys("__ID__", keys, &mut out);
        }
    }
    out.push(b'}');
    out
}
