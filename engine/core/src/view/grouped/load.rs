//! Building a grouped view in bulk.
//!
//! Rows get dense group numbers in columnar passes ([`super::coding`]), the trees grow from one row of each group, every
//! accumulator takes all rows into the deepest cells in one tight loop, and totals are added up layer by layer.

use std::ops::Range;
use std::rc::Rc;

use super::Grouped;
use super::axis::{Axis, NONE, NodeId, ROOT};
use super::coding::{Coded, code, pair};
use super::grid::{Grid, Reading};
use super::members::Members;
use super::plan::{GroupedPlan, Level};
use super::states::States;
use crate::aggregate::{CellId, KeyOrder, Layout, Rows};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::schema::DataType;
use crate::view::{ColumnRef, Columns, SplitRollup};

/// The columns behind the levels of an axis.
pub(super) fn columns_of<'a>(levels: &[Level], columns: &Columns<'a>) -> Vec<&'a Column> {
    levels
        .iter()
        .map(|level| columns.get(level.column))
        .collect()
}

/// The deepest levels an axis may have.
const MAX_LEVELS: usize = 100;

impl GroupedPlan {
    /// By depth of the column axis: whether the view has a use for cells of that depth.
    fn kept_depths(&self, states: &States) -> Vec<bool> {
        let depth = self.split_by.len();
        let mut kept = vec![self.split_rollup == SplitRollup::Rollup; depth + 1];
        kept[depth] = true;
        let readouts = || {
            let sorts = states.row_sorts.iter().chain(&states.column_sorts);
            states
                .measures
                .iter()
                .copied()
                .chain(sorts.filter_map(|sort| sort.readout))
        };
        if states.row_sorts.iter().any(|sort| sort.readout.is_some())
            || readouts().any(|readout| readout.is_of_total())
        {
            kept[0] = true;
        }
        if readouts().any(|readout| readout.is_of_parent())
            || states
                .column_sorts
                .iter()
                .any(|sort| sort.readout.is_some())
        {
            kept.fill(true);
        }
        kept
    }
}

/// The cells of a bulk load, the deepest one of each row, how many rows those have, and the way up.
type Loaded = (Grid, Vec<CellId>, Vec<u32>, Vec<Layer>);

/// The rows of each group a bulk load has.
fn count_ids(ids: &[u32], n: usize) -> Vec<u32> {
    let mut counts = vec![0; n];
    for &id in ids {
        counts[id as usize] += 1;
    }
    counts
}

impl Grouped {
    /// Builds a view of `rows`, those that pass the filter, in any order. `n_slots` is the number of slots of the
    /// table, `order` that of its keys.
    ///
    /// # Errors
    /// [`Error::Limit`] if there are more cells than the plan allows.
    pub fn build(
        plan: Rc<GroupedPlan>,
        columns: &Columns<'_>,
        rows: Rows<'_>,
        n_slots: usize,
        order: &dyn KeyOrder,
    ) -> Result<Self> {
        if plan.group_by.len().max(plan.split_by.len()) > MAX_LEVELS {
            return Err(Error::limit(format!(
                "a view groups by at most {MAX_LEVELS} columns"
            )));
        }
        let dtype_of = |column: ColumnRef| -> DataType { columns.get(column).dtype() };
        let states = States::new(&plan, dtype_of);
        let kept = plan.kept_depths(&states);
        let row_columns = columns_of(plan.row_levels(), columns);
        let split_columns = columns_of(&plan.split_by, columns);

        let coded = code(&row_columns, rows);
        let mut row_axis = Axis::new(row_columns.len(), !Self::is_flat(&plan));
        row_axis.grow(&row_columns, &coded.firsts);
        let first_leaf = NodeId::from(!row_columns.is_empty());
        let (grid, cells, counts, layers) = if split_columns.is_empty() {
            let mut grid = Grid::new(row_axis, Axis::new(0, true), kept, plan.max_cells);
            let mut cells = coded.ids;
            if first_leaf > 0 {
                cells.iter_mut().for_each(|cell| *cell += first_leaf);
            }
            let counts = count_ids(&cells, grid.n_cells());
            for (node, &count) in counts.iter().enumerate() {
                grid.rows.set_rows(node as NodeId, count);
            }
            let layers = row_layers(&grid.rows);
            (grid, cells, counts, layers)
        } else {
            Self::split(&plan, row_axis, coded, &split_columns, rows, kept)?
        };
        grid.check()?;

        let mut view = Self {
            cell_of: Vec::new(),
            members: Members::default(),
            shown_columns: std::cell::OnceCell::new(),
            marks: vec![false; grid.n_cells()],
            grid,
            states,
            plan,
        };
        view.grid.rows.roll_up_rows();
        view.arrange_by_key(columns);
        view.load_states(columns, &cells, rows, &counts, &layers, order);
        view.cell_of = match rows {
            Rows::All(_) => {
                let mut cells = cells;
                cells.resize(n_slots, NONE);
                cells
            }
            Rows::List(slots) => {
                let mut cell_of = vec![NONE; n_slots];
                for (&slot, cell) in slots.iter().zip(cells) {
                    cell_of[slot as usize] = cell;
                }
                cell_of
            }
        };
        view.arrange_by_value(columns);
        Ok(view)
    }

    /// Makes the cells of a split view, and says which of them each row is in.
    fn split(
        plan: &GroupedPlan,
        row_axis: Axis,
        coded_rows: Coded,
        split_columns: &[&Column],
        rows: Rows<'_>,
        kept: Vec<bool>,
    ) -> Result<Loaded> {
        let coded_columns = code(split_columns, rows);
        let mut column_axis = Axis::new(
            split_columns.len(),
            plan.split_rollup == SplitRollup::Rollup,
        );
        column_axis.grow(split_columns, &coded_columns.firsts);
        let (n_rows, n_columns) = (coded_rows.firsts.len(), coded_columns.firsts.len());
        let first_leaf = NodeId::from(row_axis.n_levels() > 0);
        let (cells, pairs) = pair(coded_rows.ids, n_rows, &coded_columns.ids, n_columns);
        let deepest: Vec<_> = pairs
            .iter()
            .map(|&(row, column)| (row + first_leaf, column + 1))
            .collect();
        let counts = count_ids(&cells, deepest.len());
        let mut grid = Grid::new(row_axis, column_axis, kept, plan.max_cells);
        for (&(row, column), &count) in deepest.iter().zip(&counts) {
            let n = grid.rows.n_rows(row) + count;
            grid.rows.set_rows(row, n);
            let n = grid.columns.n_rows(column) + count;
            grid.columns.set_rows(column, n);
        }
        grid.columns.roll_up_rows();
        let layers = grid.fill(deepest, &counts)?;
        Ok((grid, cells, counts, layers))
    }

    /// Fills all accumulators.
    fn load_states(
        &mut self,
        columns: &Columns<'_>,
        cells: &[CellId],
        rows: Rows<'_>,
        counts: &[u32],
        layers: &[Layer],
        order: &dyn KeyOrder,
    ) {
        let n_cells = self.grid.n_cells();
        let mut layout = None;
        let groups = columns_of(self.plan.tree_levels(), columns);
        for state in &mut self.states.states {
            let inputs = state.inputs(columns, columns, &groups, order);
            state.accumulator.resize(n_cells);
            if state.accumulator.needs_layout() {
                let layout = layout.get_or_insert_with(|| self.grid.layout(cells, rows));
                state.accumulator.load(layout, &inputs);
                continue;
            }
            state.accumulator.insert_rows(cells, rows, counts, &inputs);
            for layer in layers {
                state
                    .accumulator
                    .roll_up(layer.from.clone(), &layer.into, &inputs);
            }
            state.accumulator.settle(&Reading {
                grid: &self.grid,
                members: &self.members,
                cell_of: &self.cell_of,
            });
        }
    }

    /// Orders both axes by their keys, or as far as no cells are needed for it.
    fn arrange_by_key(&mut self, columns: &Columns<'_>) {
        let Self {
            plan,
            grid,
            states,
            members,
            cell_of,
            ..
        } = self;
        let row_sorter = Self::row_sorter(plan, states, *columns);
        let column_sorter = Self::column_sorter(plan, states, *columns);
        for (sorter, is_row) in [(row_sorter, true), (column_sorter, false)] {
            let levels = sorter.levels;
            let mut axis = std::mem::take(if is_row {
                &mut grid.rows
            } else {
                &mut grid.columns
            });
            if !levels.is_empty() {
                let reading = Reading {
                    grid,
                    members,
                    cell_of,
                };
                axis.arrange(|axis, _, nodes| {
                    if !sorter.reads_cells() {
                        sorter.sort(axis, &reading, nodes);
                    }
                });
            }
            *(if is_row {
                &mut grid.rows
            } else {
                &mut grid.columns
            }) = axis;
        }
    }

    /// Orders the axes whose order goes by values of cells.
    fn arrange_by_value(&mut self, columns: &Columns<'_>) {
        let row_sorter = Self::row_sorter(&self.plan, &self.states, *columns);
        let column_sorter = Self::column_sorter(&self.plan, &self.states, *columns);
        for (sorter, is_row) in [(row_sorter, true), (column_sorter, false)] {
            if !sorter.reads_cells() {
                continue;
            }
            let axis = if is_row {
                &self.grid.rows
            } else {
                &self.grid.columns
            };
            let sorted: Vec<(NodeId, Vec<NodeId>)> = (0..axis.n_nodes() as NodeId)
                .filter(|&node| {
                    axis.family(node)
                        .is_some_and(|family| !family.children.is_empty())
                })
                .map(|node| {
                    let mut children: Vec<NodeId> = axis.children(node).collect();
                    sorter.sort(axis, &self.reading(), &mut children);
                    (node, children)
                })
                .collect();
            let axis = if is_row {
                &mut self.grid.rows
            } else {
                &mut self.grid.columns
            };
            for (node, children) in sorted {
                axis.set_children(node, children);
            }
        }
    }
}

/// A range of cells and the cells they are added up into.
pub(super) struct Layer {
    pub(super) from: Range<CellId>,
    pub(super) into: Vec<CellId>,
}

/// The layers of a row axis just grown, the deepest first.
fn row_layers(axis: &Axis) -> Vec<Layer> {
    let n = axis.n_nodes() as NodeId;
    let mut starts: Vec<NodeId> = Vec::new();
    let mut node = 1;
    // Leaves come first, then the inner nodes level by level.
    while node < n {
        starts.push(node);
        let depth = axis.depth(node);
        while node < n && axis.depth(node) == depth {
            node += 1;
        }
    }
    let mut layers: Vec<Layer> = starts
        .iter()
        .enumerate()
        .map(|(i, &start)| {
            let end = starts.get(i + 1).copied().unwrap_or(n);
            Layer {
                from: start..end,
                into: axis.parents()[start as usize..end as usize].to_vec(),
            }
        })
        .collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(axis.depth(layer.from.start)));
    layers
}

impl Grid {
    /// Arranges the rows of a bulk load so that the rows of every cell lie together: once for each kept depth of the
    /// column axis, by column group and then in the order of the row tree.
    fn layout(&self, cells: &[CellId], rows: Rows<'_>) -> Layout {
        let n_cells = self.n_cells();
        let mut layout = Layout {
            slots: Vec::new(),
            ranges: vec![0..0; n_cells],
        };
        let ranks = leaf_ranks(&self.rows);
        let mut above: Vec<CellId> = (0..n_cells as CellId).collect();
        loop {
            // The cells of leaf rows at this depth of the column axis, by column group and row.
            let mut section: Vec<CellId> = (0..n_cells as CellId)
                .filter(|&cell| self.n_rows(cell) > 0 && self.is_deepest(cell))
                .map(|cell| above[cell as usize])
                .collect();
            section.sort_unstable_by_key(|&cell| {
                (self.column_of(cell), ranks[self.row_of(cell) as usize])
            });
            section.dedup();
            let base = layout.slots.len() as u32;
            let mut cursors = vec![0; n_cells];
            let mut at = base;
            for &cell in &section {
                let end = at + self.n_rows(cell);
                cursors[cell as usize] = at;
                let mut up = cell;
                while up != NONE {
                    let range = &mut layout.ranges[up as usize];
                    if range.end == range.start {
                        range.start = at;
                    }
                    range.end = end;
                    up = self.row_up(up);
                }
                at = end;
            }
            layout.slots.resize(at as usize, 0);
            for (i, &cell) in cells.iter().enumerate() {
                let cursor = &mut cursors[above[cell as usize] as usize];
                layout.slots[*cursor as usize] = rows.at(i);
                *cursor += 1;
            }
            if section
                .first()
                .is_none_or(|&cell| self.column_up(cell) == NONE)
            {
                return layout;
            }
            for cell in &mut above {
                if *cell != NONE {
                    *cell = self.column_up(*cell);
                }
            }
        }
    }
}

/// The place of each leaf in the order of the tree; indexed by node.
fn leaf_ranks(axis: &Axis) -> Vec<u32> {
    fn visit(axis: &Axis, node: NodeId, next: &mut u32, ranks: &mut [u32]) {
        ranks[node as usize] = *next;
        if axis.is_leaf(node) {
            *next += 1;
        } else {
            axis.children(node)
                .for_each(|child| visit(axis, child, next, ranks));
        }
    }
    let mut ranks = vec![0; axis.n_nodes()];
    visit(axis, ROOT, &mut 0, &mut ranks);
    ranks
}
