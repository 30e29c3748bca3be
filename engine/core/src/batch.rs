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
