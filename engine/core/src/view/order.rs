//! The order of flat rows: sort columns first, then the table's row order.

use std::cmp::Ordering;

use super::step::{ColumnRef, Columns, Slot};
use crate::column::{Column, Data};
use crate::schema::DataType;
use crate::sort::{SortKeys, sort_positions};
use crate::table::Table;
use crate::value::compare_floats;

/// One sort of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSort {
    /// The column to sort by.
    pub column: ColumnRef,
    /// By magnitude.
    pub absolute: bool,
    /// Greatest first. Ties keep the row order all the same.
    pub descending: bool,
}

impl RowSort {
    fn compare(&self, column: &Column, a: usize, b: usize) -> Ordering {
        let order = if self.absolute {
            compare_magnitudes(column, a, b)
        } else {
            column.compare(a, b)
        };
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

/// Compares two rows by all sorts, then by key.
pub fn compare_rows(
    sorts: &[RowSort],
    columns: Columns<'_>,
    table: &Table,
    a: Slot,
    b: Slot,
) -> Ordering {
    sorts
        .iter()
        .map(|sort| sort.compare(columns.get(sort.column), a as usize, b as usize))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| table.compare_keys(a, b))
}

/// Sorts slots that are in row order.
pub fn sort_slots(sorts: &[RowSort], columns: Columns<'_>, slots: &[Slot]) -> Vec<Slot> {
    let keys: Vec<SortKeys> = sorts
        .iter()
        .flat_map(|sort| {
            let column = columns.get(sort.column);
            SortKeys::of_column(column, slots, sort.absolute, sort.descending)
        })
        .collect();
    sort_positions(slots.len(), &keys)
        .into_iter()
        .map(|at| slots[at as usize])
        .collect()
}

/// Whether row `a` of one column and row `b` of another one of the same dictionary hold the same cell. NaN is the same
/// as NaN.
pub fn same_cell(one: &Column, a: usize, other: &Column, b: usize) -> bool {
    if one.is_null(a) || other.is_null(b) {
        return one.is_null(a) == other.is_null(b);
    }
    match (one.data(), other.data()) {
        (Data::Bool(x), Data::Bool(y)) => x[a] == y[b],
        (Data::Int(x), Data::Int(y)) => x[a] == y[b],
        (Data::Float(x), Data::Float(y)) => compare_floats(x[a], y[b]).is_eq(),
        (Data::Text(x), Data::Text(y)) => x.codes[a] == y.codes[b],
        _ => false,
    }
}

fn compare_magnitudes(column: &Column, a: usize, b: usize) -> Ordering {
    match (column.is_null(a), column.is_null(b)) {
        (false, false) => match column.data() {
            Data::Int(values) if column.dtype() != DataType::UInt64 => {
                values[a].unsigned_abs().cmp(&values[b].unsigned_abs())
            }
            Data::Float(values) => compare_floats(values[a].abs(), values[b].abs()),
            _ => column.compare(a, b),
        },
        (a, b) => b.cmp(&a),
    }
}
