//! The pure computation of Sightline: typed columns, keyed tables and the views that follow them.
//!
//! Bytes come in through [`ingest`] as validated batches, a table turns each batch into a delta, views
//! step by deltas, and what a reader asks for leaves as a slice that an output format writes. Nothing here does I/O,
//! reads a clock, or knows the wire protocol.
//!
//! In reading order:
//! - [`value`] one cell
//! - [`schema`] types and fields
//! - [`mod@column`] typed storage
//! - [`batch`] validated input, and [`ingest`] bytes to a batch
//! - [`table`] keyed rows, row order and deltas
//! - [`sort`] bulk sorting
//! - [`expr`] computed columns, and [`window`] columns computed from other rows
//! - [`view`] queries that follow a table
//! - [`mod@slice`] what a view shows
//! - [`error`]
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod batch;
pub mod column;
pub mod error;
pub mod expr;
pub mod hash;
pub mod ingest;
pub mod output;
pub mod schema;
pub mod slice;
pub mod sort;
pub mod table;
pub mod value;
pub mod view;
pub mod window;

pub use error::{Error, Result};
pub use schema::{ColumnType, DataType, Field, Schema};
pub use value::{Scalar, Value};
