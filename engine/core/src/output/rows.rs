//! JSON by rows, as one array or one object a line.

use super::JsonOptions;
use super::columns::{write_keys, write_list};
use super::json::write_text;
use super::names::header;
use super::writer::CellWriter;
use crate::slice::{Rows, Slice};

/// One member of every row.
struct Member<'a> {
    /// Its name as JSON text with its colon.
    name: Vec<u8>,
    rows: &'a Rows,
    cells: CellWriter<'a>,
}

fn members<'a>(slice: &'a Slice<'_>, options: &JsonOptions) -> Vec<Member<'a>> {
    slice
        .columns
        .iter()
        .map(|column| {
            let mut name = Vec::new();
            write_text(&header(column, column.name), &mut name);
            name.push(b':');
            Member {
                name,
                rows: &column.rows,
                cells: CellWriter::new(&column.data, options.spelling(), slice.n_rows),
            }
        })
        .collect()
}

fn write_row(
    slice: &Slice<'_>,
    i: usize,
    members: &mut [Member<'_>],
    options: &JsonOptions,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    let start = out.len();
    // A total that is split shows no path, as in the reference, one that is not does.
    let is_split = || slice.columns.iter().any(|column| !column.path.is_empty());
    if let Some(paths) = slice
        .row_paths
        .as_ref()
        .filter(|paths| paths.shown || !is_split())
    {
        out.extend_from_slice(b"\"__ROW_PATH__\":");
        write_list(paths.path(i), options.formatted, out);
        out.push(b',');
    }
    if options.id {
        out.extend_from_slice(b"\"__ID__\":");
        match (&slice.row_paths, &slice.keys) {
            (Some(paths), _) => write_list(paths.path(i), options.formatted, out),
            (None, Some(keys)) => write_keys(&keys[i], options.formatted, out),
            (None, None) => out.extend_from_slice(b"null"),
        }
        out.push(b',');
    }
    if let Some(keys) = slice.keys.as_ref().filter(|_| options.index) {
        out.extend_from_slice(b"\"__INDEX__\":");
        write_keys(&keys[i], options.formatted, out);
        out.push(b',');
    }
    for member in members {
        out.extend_from_slice(&member.name);
        member.cells.write(member.rows.at(i), out);
        out.push(b',');
    }
    // The comma after the last member becomes the end.
    if out.len() > start {
        out.pop();
    }
    out.push(b'}');
}

/// How many rows to write: none of a flat view without columns, unless ids are asked for.
fn n_rows(slice: &Slice<'_>) -> usize {
    if slice.columns.is_empty() && slice.row_paths.is_none() && slice.keys.is_none() {
        0
    } else {
        slice.n_rows
    }
}

/// Writes all rows with `separator` between them.
fn write_rows(slice: &Slice<'_>, options: &JsonOptions, separator: u8, out: &mut Vec<u8>) {
    let mut members = members(slice, options);
    let width: usize = members.iter().map(|member| member.name.len() + 10).sum();
    out.reserve(n_rows(slice) * width);
    for i in 0..n_rows(slice) {
        if i > 0 {
            out.push(separator);
        }
        write_row(slice, i, &mut members, options, out);
    }
}

/// The slice as one JSON array of objects, UTF-8.
pub fn to_rows(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let mut out = vec![b'['];
    write_rows(slice, options, b',', &mut out);
    out.push(b']');
    out
}

/// The slice as one JSON object a line, without a line end after the last, UTF-8.
pub fn to_ndjson(slice: &Slice<'_>, options: &JsonOptions) -> Vec<u8> {
    let mut out = Vec::new();
    write_rows(slice, options, b'\n', &mut out);
    out
}
