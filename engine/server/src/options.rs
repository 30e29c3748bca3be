//! What a host may set: limits of the server, rights and dialect of a session.
//!
//! Both come in as JSON from the fronts. Unknown names are errors, so that a mistyped limit is not silently the default.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Settings of a whole server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerOptions {
    /// The limits that every request meets.
    pub limits: Limits,
}

/// Limits with safe defaults. An error that comes of one names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request.
    pub message_size: usize,
    /// Nesting of JSON input.
    pub json_depth: usize,
    /// Rows of one input, after lists are flattened.
    pub input_rows: usize,
    /// Bytes that decompressing one Arrow input may produce.
    pub decompressed_bytes: usize,
    /// Bytes of the text of one expression.
    pub expression_bytes: usize,
    /// How deep parentheses, calls and blocks of an expression may nest; 150 at most.
    pub expression_depth: usize,
    /// Steps that loops of one expression may take, however few rows there are.
    pub expression_steps: u64,
    /// Further steps for each row.
    pub expression_steps_per_row: u64,
    /// Bytes of new text that one evaluation of an expression may make.
    pub expression_text_bytes: usize,
    /// Rows of one answer.
    pub answer_rows: usize,
    /// Cells of one answer.
    pub answer_cells: usize,
    /// Cells of one pivot: groups times occupied split columns.
    pub pivot_cells: usize,
    /// Views of one session.
    pub views_per_session: usize,
    /// Subscriptions of one session.
    pub subscriptions_per_session: usize,
    /// Tables of the server.
    pub tables: usize,
    /// Bytes of all tables together.
    pub table_bytes: usize,
    /// Bytes that the engine may use in all: tables, views, requests and answers. What would go beyond is refused by an
    /// estimate, before memory runs out.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 1 << 30,
            json_depth: 128,
            input_rows: 1 << 27,
            decompressed_bytes: 1 << 31,
            expression_bytes: 64 << 10,
            expression_depth: 150,
            expression_steps: 10_000_000,
            expression_steps_per_row: 1_000,
            expression_text_bytes: 256 << 20,
            answer_rows: 100_000_000,
            answer_cells: 200_000_000,
            pivot_cells: 50_000_000,
            views_per_session: 10_000,
            subscriptions_per_session: 100_000,
            tables: 100_000,
            table_bytes: 3 << 30,
            memory: 15 << 28,
        }
    }
}

/// What a session may do. The default is everything: a host that hands sessions to strangers says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    /// Make tables and joins.
    pub create: bool,
    /// Update and replace rows.
    pub update: bool,
    /// Remove rows, and clear a table.
    pub remove: bool,
    /// Delete tables.
    pub delete: bool,
}

impl Default for Permissions {
    fn default() -> Self {
        Self {
            create: true,
            update: true,
            remove: true,
            delete: true,
        }
    }
}

/// A condition that every row shown to a session meets: column, operator, operand.
pub type RowCondition = (String, String, serde_json::Value);

/// Settings of one session.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionOptions {
    /// What it may do.
    pub permissions: Permissions,
    /// For each table named, the rows it may see. A table that is not named is seen whole.
    pub row_filter: BTreeMap<String, Vec<RowCondition>>,
    /// `5.5` or `5.6`; without it the dialect is found out from what the session sends.
    pub dialect: Option<String>,
}
