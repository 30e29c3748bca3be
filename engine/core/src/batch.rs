//! Validated input for a table: what ingest makes and `Table::apply` takes.
//!
//! A batch has been checked and converted in full, so applying it cannot fail. Its columns have exactly the types of
//! the table's columns, with dictionaries of their own.

use crate::column::{Bitmap, Column};

/// One column of a batch.
#[derive(Debug, Clone)]
pub struct BatchColumn {
    /// The column's position in the table's schema.
    pub position: usize,
    /// Its cells, of the table column's type.
    pub data: Column,
    /// Which cells were given. A cell that was not given keeps what the row had; a given null clears it. `None`: all.
    pub given: Option<Bitmap>,
}

/// How the rows of a batch are addressed.
#[derive(Debug, Clone, Default)]
pub enum Keys {
    /// By the index column among the columns (null where it is missing), or appended if the table has no index.
    #[default]
    Implied,
    /// By `__INDEX__`: index values, or row numbers (`Int64`) of a table without index, where null appends.
    Explicit(Column),
}

/// Rows to upsert or append.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The number of rows, also when there are no columns.
    pub n_rows: usize,
    /// The given columns, ascending by position, each at most once.
    pub columns: Vec<BatchColumn>,
    /// How rows are addressed.
    pub keys: Keys,
}

impl Batch {
    /// Takes every null for a cell that was not given, so that a later row of the same key keeps what an earlier one
    /// had: data that a table is made of cannot clear anything.
    pub fn nulls_are_missing(&mut self) {
        for column in &mut self.columns {
            let data = &column.data;
            if column.given.is_none() && data.null_count() > 0 {
                let mut given = Bitmap::filled(data.len(), true);
                (0..data.len())
                    .filter(|&row| data.is_null(row))
                    .for_each(|row| given.set(row, false));
                column.given = Some(given);
            }
        }
    }
}
