//! The trait of all aggregate state, and what it is given to work with.

use std::cmp::Ordering;
use std::ops::Range;

use super::catalog::Output;
use crate::column::Column;
use crate::value::{Value, compare_floats};
use crate::view::Slot;

/// A cell of a pivot: a row group crossed with a column group. Cells are dense, so state lives in plain vectors.
pub type CellId = u32;

/// The order of rows by primary key.
pub trait KeyOrder {
    /// Compares the keys of two live rows.
    fn compare(&self, a: Slot, b: Slot) -> Ordering;

    /// Whether that is the order of slots, which saves the comparing.
    fn is_slot_order(&self) -> bool {
        false
    }
}

/// The order of a table whose rows lie in key order: that of slots.
#[derive(Debug, Clone, Copy, Default)]
pub struct SlotOrder;

impl KeyOrder for SlotOrder {
    fn compare(&self, a: Slot, b: Slot) -> Ordering {
        a.cmp(&b)
    }

    fn is_slot_order(&self) -> bool {
        true
    }
}

/// Rows of a bulk load.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// The first so many slots.
    All(usize),
    /// These slots.
    List(&'a [Slot]),
}

impl Rows<'_> {
    /// How many rows.
    pub fn len(self) -> usize {
        match self {
            Self::All(n) => n,
            Self::List(slots) => slots.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The slot of row `i`.
    #[inline]
    pub fn at(self, i: usize) -> Slot {
        match self {
            Self::All(_) => i as Slot,
            Self::List(slots) => slots[i],
        }
    }
}

/// The columns an accumulator reads, present and (during a step) former.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The aggregated column, by slot.
    pub value: &'a Column,
    /// The argument column, by slot; the aggregated one again where there is none.
    pub by: &'a Column,
    /// The former cells of `value`, by row of the old images.
    pub old_value: &'a Column,
    /// The former cells of `by`.
    pub old_by: &'a Column,
    /// The columns that row groups are made of, by slot, outermost first.
    pub groups: &'a [&'a Column],
    /// The order of rows.
    pub order: &'a dyn KeyOrder,
}

/// A row in a cell.
#[derive(Debug, Clone, Copy)]
pub struct Contribution {
    /// The cell: the deepest one or a total above it.
    pub cell: CellId,
    /// The row's slot.
    pub slot: Slot,
    /// Where its values are: the row of the old images for what left, the slot for what came.
    pub row: u32,
}

/// What one step does to the cells.
#[derive(Clone, Copy)]
pub struct CellStep<'a> {
    /// Rows that left cells, also when they come back with other values.
    pub removed: &'a [Contribution],
    /// Rows that came into cells.
    pub added: &'a [Contribution],
    /// All cells of the above, each once, the deepest first. Those without rows are cleared after the step.
    pub touched: &'a [CellId],
    /// The cells after the step.
    pub reader: &'a dyn CellReader,
}

/// The shape of the cells, for accumulators that must read a cell again.
pub trait CellReader {
    /// Whether rows lie in the cell itself rather than in cells below it.
    fn is_deepest(&self, cell: CellId) -> bool;
    /// Visits the cells that together hold the rows of this one, each row once.
    fn for_each_child(&self, cell: CellId, visit: &mut dyn FnMut(CellId));
    /// Visits all rows under the cell, in no particular order.
    fn for_each_row(&self, cell: CellId, visit: &mut dyn FnMut(Slot));
    /// The number of rows under the cell.
    fn n_rows(&self, cell: CellId) -> u32;
    /// Visits the cells of the child row groups in the same column group.
    fn for_each_row_child(&self, cell: CellId, visit: &mut dyn FnMut(CellId));
    /// The cell of the parent row group in the same column group.
    fn row_parent(&self, cell: CellId) -> Option<CellId>;
    /// Whether the cell's row group is of the deepest level.
    fn is_leaf_row(&self, cell: CellId) -> bool;
    /// How many cells there are, unused ones included.
    fn n_cells(&self) -> usize;
}

/// All rows of a bulk load, arranged so that the rows of every cell lie together.
#[derive(Debug, Default)]
pub struct Layout {
    /// Row slots. Each section holds every row once.
    pub slots: Vec<Slot>,
    /// The part of `slots` that a cell covers; empty for unused cells.
    pub ranges: Vec<Range<u32>>,
}

/// What an aggregate says of one cell.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as the values")]
pub enum Outcome<'a> {
    Null,
    Truth(bool),
    /// A whole number that may not fit 64 bits.
    Int(i128),
    Float(f64),
    Value(Value<'a>),
    Text(String),
}

impl<'a> From<Value<'a>> for Outcome<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Truth(v),
            Value::Int(v) => Self::Int(v.into()),
            Value::UInt(v) => Self::Int(v.into()),
            Value::Float(v) => Self::Float(v),
            other => Self::Value(other),
        }
    }
}

impl Outcome<'_> {
    /// The order of sorts: null is least; by magnitude if `absolute`. Both are of one aggregate.
    pub fn compare(&self, other: &Self, absolute: bool) -> Ordering {
        match (self, other) {
            (Self::Truth(a), Self::Truth(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) if absolute => a.unsigned_abs().cmp(&b.unsigned_abs()),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) if absolute => compare_floats(a.abs(), b.abs()),
            (Self::Float(a), Self::Float(b)) => compare_floats(*a, *b),
            (Self::Value(a), Self::Value(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            // A product may pass from whole numbers to floats as it grows.
            (Self::Int(a), Self::Float(b)) => {
                Self::Float(*a as f64).compare(&Self::Float(*b), absolute)
            }
            (Self::Float(a), Self::Int(b)) => {
                Self::Float(*a).compare(&Self::Float(*b as f64), absolute)
            }
            (a, b) => (*a != Self::Null).cmp(&(*b != Self::Null)),
        }
    }
}

/// State of one family of aggregates on one column (or two) for all cells.
///
/// Cells come into being with [`Self::resize`] and after [`Self::clear`]: empty. Bulk loads first insert all rows
/// into the deepest cells, then roll up layer by layer; [`Self::load`] is the other way, for state that cannot be
/// rolled up.
pub trait Accumulator {
    /// Makes room for `n_cells`; new ones are empty.
    fn resize(&mut self, n_cells: usize);

    /// Empties a cell whose rows are gone.
    fn clear(&mut self, cell: CellId);

    /// Inserts rows into cells: `cells[i]` takes row `i`. `counts` is the number of rows of each of the deepest cells.
    fn insert_rows(
        &mut self,
        cells: &[CellId],
        rows: Rows<'_>,
        counts: &[u32],
        inputs: &Inputs<'_>,
    );

    /// Adds each cell of `from` to the cell beside it in `into`.
    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], inputs: &Inputs<'_>);

    /// Called once after all layers were rolled up.
    fn settle(&mut self, _reader: &dyn CellReader) {}

    /// Whether bulk loads go through [`Self::load`] rather than insertion.
    fn needs_layout(&self) -> bool {
        false
    }

    /// Tells which output will be read, before anything is loaded.
    fn register(&mut self, _output: Output) {}

    /// Loads all cells from rows that lie together.
    fn load(&mut self, _layout: &Layout, _inputs: &Inputs<'_>) {}

    /// Follows a step.
    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>);

    /// What an output says of a cell. `value` is the aggregated column.
    fn outcome<'a>(
        &'a self,
        output: Output,
        cell: CellId,
        value: &'a Column,
        reader: &dyn CellReader,
    ) -> Outcome<'a>;

    /// Bytes held on the heap.
    fn heap_size(&self) -> usize;
}

/// Visits cell and row of every row that is not null, rows of a bulk load.
#[inline(always)]
pub(super) fn for_each_valid(
    column: &Column,
    cells: &[CellId],
    rows: Rows<'_>,
    mut visit: impl FnMut(CellId, usize),
) {
    match (rows, column.validity()) {
        (Rows::All(_), None) => {
            for (row, &cell) in cells.iter().enumerate() {
                visit(cell, row);
            }
        }
        (Rows::List(slots), None) => {
            for (&slot, &cell) in slots.iter().zip(cells) {
                visit(cell, slot as usize);
            }
        }
        (Rows::All(_), Some(validity)) => {
            for (row, &cell) in cells.iter().enumerate() {
                if validity.get(row) {
                    visit(cell, row);
                }
            }
        }
        (Rows::List(slots), Some(validity)) => {
            for (&slot, &cell) in slots.iter().zip(cells) {
                if validity.get(slot as usize) {
                    visit(cell, slot as usize);
                }
            }
        }
    }
}
