//! JSON by rows, as one array or one object a line.

use super::JsonOptions;
use super::columns::{write_keys, write_list};
use super::json::{write_text, write_value};
use super::names::header;
use crate::slice::Slice;

/// The member names of every row, each already as JSON text with its colon.
fn member_names(slice: &Slice<'_>) -> Vec<Vec<u8>> {
    slice
        .columns
        .iter()
        .map(|column| {
            let mut name = Vec::new();
            write_text(&header(column, column.name), &mut name);
            name.push(b':');
            name
        })
        .collect()
}

fn write_row(
    slice: &Slice<'_>,
    i: usize,
    names: &[Vec<u8>],
    options: &JsonOptions,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    let start = out.len();
    let member = |name: &[u8], out: &mut Vec<u8>| {
        if out.len() > start {
            out.push(b',');
        }
        out.extend_from_slice(name);
    };
    if let Some(paths) = &slice.row_paths {
        member(b"\"__ROW_PATH__\":", out);
        write_list(paths.path(i), options.formatted, out);
    }
    if options.id {
        match (&slice.row_paths, &slice.keys) {
            (Some(paths), _) => {
                member(b"\"__ID__\":", out);
                write_list(paths.path(i), options.formatted, out);
            }
            (None, Some(keys)) => {
                member(b"\"__ID__\":", out);
                write_keys(&keys[i], options.formatted, out);
            }
            (None, None) => {}
        }
    }
    if let Some(keys) = slice.keys.as_ref().filter(|_| options.index) {
        member(b"\"__INDEX__\":", out);
        write_keys(&keys[i], options.formatted, out);
    }
    for (column, name) in slice.columns.iter().zip(names) {
        member(name, out);
        write_value(column.value(i), options.formatted, out);
    }
    out.push(b'}');
}

/// How many rows to write: none of a flat view without columns, which has nothing to say about them.
fn n_rows(slice: &Slice<'_>) -> usize {
    if slice.columns.is_empty() && slice.row_paths.is_none() {
        0
    } else {
        slice.n_rows
    }
}

/// The slice as one JSON array of objects, UTF-8.
pub fn to_rows(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let names = member_names(slice);
    let mut out = vec![b'['];
    for i in 0..n_rows(slice) {
        if i > 0 {
            out.push(b',');
        }
        write_row(slice, i, &names, options, &mut out);
    }
    out.push(b']');
    out
}

/// The slice as one JSON object a line, without a line end after the last, UTF-8.
pub fn to_ndjson(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let names = member_names(slice);
    let mut out = Vec::new();
    for i in 0..n_rows(slice) {
        if i > 0 {
            out.push(b'\n');
        }
        write_row(slice, i, &names, options, &mut out);
    }
    out
}
