//! A [`Slice`](crate::slice::Slice) in, bytes of an output format out.
//!
//! `json` and `number` cells as text - `writer` the cells of one column, fast - `columns` and `rows` the JSON forms -
//! `csv` - `arrow` an IPC stream - `names` how columns are headed. A format reads nothing but the slice, so it is the same for every kind of view.

mod arrow;
mod columns;
mod csv;
pub mod json;
mod names;
mod number;
mod rows;
mod writer;

pub use arrow::{Compression, column_to_arrow, to_arrow};
pub use columns::to_columns;
pub use csv::to_csv;
pub use names::{GroupNames, write_path_value};
pub use rows::{to_ndjson, to_rows};

/// What the JSON forms show beside the cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// `__ID__`: the primary key of a flat row, the path of a grouped one.
    pub id: bool,
    /// `__INDEX__`: the primary keys under the row.
    pub index: bool,
    /// Dates and datetimes as text instead of milliseconds.
    pub formatted: bool,
}

impl JsonOptions {
    /// How cells are spelled under these options.
    fn spelling(&self) -> writer::Spelling {
        if self.formatted {
            writer::Spelling::JsonFormatted
        } else {
            writer::Spelling::Json
        }
    }
}
