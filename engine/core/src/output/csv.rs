//! CSV: a header line, then one line a row; text quoted, numbers and dates bare, null nothing at all.

use super::names::{GroupNames, headers};
use super::writer::{CellWriter, Spelling, write_quoted};
use crate::column::Column;
use crate::slice::{Rows, Slice};

/// The slice as CSV, UTF-8. A slice without any column is empty text.
pub fn to_csv(slice: &Slice<'_>, names: GroupNames) -> Vec<u8> {
    let (groups, data) = headers(slice, names);
    let n_columns = groups.len() + data.len();
    let mut out = Vec::with_capacity(64 + slice.n_rows * n_columns * 10);
    if n_columns == 0 {
        return out;
    }
    for header in groups.iter().chain(&data) {
        write_quoted(header, &mut out);
        out.push(b',');
    }
    end_line(&mut out);
    let all_rows = Rows::Range(0..slice.n_rows);
    let levels: &[Column] = slice.row_paths.as_ref().map_or(&[], |paths| &paths.levels);
    let levels = levels.iter().map(|level| (level, &all_rows));
    let columns = slice
        .columns
        .iter()
        .map(|column| (&*column.data, &column.rows));
    let mut writers: Vec<(CellWriter<'_>, &Rows)> = levels
        .chain(columns)
        .map(|(column, rows)| (CellWriter::new(column, Spelling::Csv, slice.n_rows), rows))
        .collect();
    for i in 0..slice.n_rows {
        for (cells, rows) in &mut writers {
            cells.write(rows.at(i), &mut out);
            out.push(b',');
        }
        end_line(&mut out);
    }
    out
}

/// The comma after the last cell becomes the line end.
fn end_line(out: &mut [u8]) {
    if let Some(last) = out.last_mut() {
        *last = b'\n';
    }
}
