//! What the parts of a view see of one step: touched rows, before and after, with the filter already decided.

use crate::column::{Bitmap, Column};

/// A row's place in its table; stable while the row lives.
pub type Slot = u32;

/// In [`Step::before`]: the slot held no row before the step.
pub const ABSENT: u32 = u32::MAX;

/// A column that a plan refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnRef {
    /// The table column at this position of its schema.
    Table(usize),
    /// The expression or window column at this position of the plan's computed columns.
    Computed(usize),
}

/// The columns a view reads: those of the table and those it computes, indexed by the same rows.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// One column per column of the table's schema.
    pub table: &'a [Column],
    /// One column per computed column of the plan.
    pub computed: &'a [Column],
}

impl<'a> Columns<'a> {
    /// The column behind a reference.
    pub fn get(&self, column: ColumnRef) -> &'a Column {
        match column {
            ColumnRef::Table(position) => &self.table[position],
            ColumnRef::Computed(position) => &self.computed[position],
        }
    }
}

/// One step of a view. Each touched row appears once.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The touched slots.
    pub slots: &'a [Slot],
    /// For each touched slot the row of `old` that holds its former cells, or [`ABSENT`].
    pub before: &'a [u32],
    /// Whether the row was in the view: it existed and passed the filter.
    pub was: &'a Bitmap,
    /// Whether the row is in the view now.
    pub is: &'a Bitmap,
    /// Former cells, indexed by `before`.
    pub old: Columns<'a>,
    /// Present cells, indexed by slot.
    pub new: Columns<'a>,
}
