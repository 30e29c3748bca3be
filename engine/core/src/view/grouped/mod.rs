//! Grouped views: rows grouped by `group_by`, columns by `split_by`, and aggregates in the cells between.
//!
//! [`Grouped`] is the part that all clients of one view share: two trees of groups (`axis`), the cells that hold rows
//! (`grid`), the state of the aggregates (`states`), and for each slot of the table the cell it is in. It is built
//! in columnar passes (`load`) and follows the table by steps (`follow`); a stepped view equals one built anew.
//! What differs from client to client is which groups are open: an [`Expansion`], brought along whenever rows are
//! counted or read (`show`).
//!
//! A step costs the touched rows times the levels, and the order of what it touches; aggregates that cannot undo a row
//! read the touched cells again. Reading costs the viewport. Memory goes with the cells that hold rows, plus four bytes
//! a slot; views that must know which rows a group has add twelve more when they first need it.
//!
//! What it leaves to others: the filter and computed columns (they arrive decided, in a [`crate::view::Step`]), names
//! and types of a configuration (a [`GroupedPlan`] is checked already), and output formats.
//!
//! One thing is asked of the table: the codes of a text column keep their meaning from step to step. Whoever renumbers
//! a dictionary must have the view built anew.

mod axis;
mod coding;
mod expansion;
mod follow;
mod grid;
mod load;
mod members;
mod order;
mod plan;
mod show;
mod siblings;
mod states;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::rc::Rc;

pub use axis::{NodeId, ROOT};
pub use expansion::Expansion;
pub use follow::GroupedChanges;
pub use plan::{GroupSort, GroupedPlan, Level, Measure, SortKey};
pub use show::Source;

use self::grid::{Grid, Reading};
use self::members::Members;
use self::order::{Sorter, column_total, row_total};
use self::states::States;
use crate::aggregate::CellId;
use crate::view::{Columns, GroupRollup};

/// The shared computation of a grouped view.
pub struct Grouped {
    plan: Rc<GroupedPlan>,
    grid: Grid,
    states: States,
    /// The deepest cell each slot is in.
    cell_of: Vec<CellId>,
    members: Members,
    /// The column groups shown, in view order; listed when first asked for after they changed.
    shown_columns: OnceCell<Vec<NodeId>>,
    /// Room for marking cells; all false between steps.
    marks: Vec<bool>,
}

impl std::fmt::Debug for Grouped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grouped")
            .field("plan", &self.plan)
            .field("n_cells", &self.n_cells())
            .finish_non_exhaustive()
    }
}

impl Grouped {
    /// What it computes.
    pub fn plan(&self) -> &GroupedPlan {
        &self.plan
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            grid: &self.grid,
            members: &self.members,
            cell_of: &self.cell_of,
        }
    }

    fn row_sorter<'a>(
        plan: &'a GroupedPlan,
        states: &'a States,
        columns: Columns<'a>,
    ) -> Sorter<'a> {
        Sorter {
            levels: plan.row_levels(),
            rules: &states.row_sorts,
            states,
            columns,
            cell_of: row_total,
        }
    }

    fn column_sorter<'a>(
        plan: &'a GroupedPlan,
        states: &'a States,
        columns: Columns<'a>,
    ) -> Sorter<'a> {
        Sorter {
            levels: &plan.split_by,
            rules: &states.column_sorts,
            states,
            columns,
            cell_of: column_total,
        }
    }

    /// Whether only the deepest groups have rows.
    fn is_flat(plan: &GroupedPlan) -> bool {
        plan.group_rollup == GroupRollup::Flat && !plan.group_by.is_empty()
    }

    /// How many cells hold rows, totals included.
    pub fn n_cells(&self) -> usize {
        self.grid.n_live_cells()
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.grid.heap_size()
            + self.states.heap_size()
            + self.cell_of.capacity() * 4
            + self.members.heap_size()
            + self.marks.capacity()
    }
}
