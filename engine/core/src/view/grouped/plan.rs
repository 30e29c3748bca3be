//! What a grouped view is asked to compute: columns already resolved, aggregates already checked.

use std::rc::Rc;

use crate::aggregate::Aggregate;
use crate::view::{ColumnRef, GroupRollup, SplitRollup};

/// A column that rows or columns are grouped by.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its name.
    pub name: Rc<str>,
    /// Where its cells are.
    pub column: ColumnRef,
}

/// A column that is aggregated.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name.
    pub name: Rc<str>,
    /// The time zone to write in Arrow output.
    pub zone: Option<Rc<str>>,
    /// Where its cells are.
    pub column: ColumnRef,
    /// The second column of aggregates that read one.
    pub by: Option<ColumnRef>,
    /// What is computed of it.
    pub aggregate: Aggregate,
}

/// What groups are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// The measure at this position, shown or not. Rows go by the total over all splits, columns by that over all rows.
    Measure(usize),
    /// The grouped column of this level of the same axis: by key on its own level; above it by the value that all
    /// rows of the group share, null if they differ.
    Level(usize),
}

/// One order of groups. Ties go to the next, and at last to the key, ascending.
#[derive(Debug, Clone, Copy)]
pub struct GroupSort {
    /// What decides.
    pub key: SortKey,
    /// Whether the greatest comes first. Nulls are least.
    pub descending: bool,
    /// Whether numbers go by magnitude.
    pub absolute: bool,
}

/// Everything a [`super::Grouped`] needs to know.
#[derive(Debug, Clone)]
pub struct GroupedPlan {
    /// Row groups, outermost first. May be empty: one total row.
    pub group_by: Vec<Level>,
    /// Column groups, outermost first.
    pub split_by: Vec<Level>,
    /// All measures: those shown, in view order, then those that only sort.
    pub measures: Vec<Measure>,
    /// How many of the measures are shown.
    pub n_shown: usize,
    /// The order of row groups within their parent.
    pub row_sorts: Vec<GroupSort>,
    /// The order of column groups within their parent.
    pub column_sorts: Vec<GroupSort>,
    /// Which rows are shown.
    pub group_rollup: GroupRollup,
    /// Which columns are shown.
    pub split_rollup: SplitRollup,
    /// Building or stepping fails beyond this many non-empty cells, totals included.
    pub max_cells: usize,
}

impl GroupedPlan {
    /// The levels through whose tree a total is read by aggregates that depend on the order of rows. A cell of a split
    /// view is read in the order of keys, whatever groups lie below it.
    pub(super) fn tree_levels(&self) -> &[Level] {
        if self.split_by.is_empty() {
            self.row_levels()
        } else {
            &[]
        }
    }

    /// The levels that row groups are made of: none if only the total is shown.
    pub(super) fn row_levels(&self) -> &[Level] {
        if self.group_rollup == GroupRollup::Total {
            &[]
        } else {
            &self.group_by
        }
    }
}
