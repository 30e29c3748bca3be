//! The cells of a pivot: which pairs of a row group and a column group hold rows.
//!
//! Without `split_by` the cells are the row groups themselves. With it they are pairs, made only where there are rows:
//! for each deepest cell also its totals over the row groups above and over those column groups above that the view
//! has a use for.

use hashbrown::HashTable;

use super::axis::{Axis, NONE, NodeId, ROOT};
use super::load::Layer;
use super::members::Members;
use crate::aggregate::{CellId, CellReader};
use crate::error::{Error, Result};
use crate::hash::hash_one;
use crate::view::Slot;

/// The pairs of a split view.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) rows: Vec<NodeId>,
    pub(super) columns: Vec<NodeId>,
    /// The cell of the parent row group in the same column group.
    row_up: Vec<CellId>,
    /// The cell of the next column group above that is kept, in the same row group.
    column_up: Vec<CellId>,
    n_rows: Vec<u32>,
    index: HashTable<CellId>,
    free: Vec<CellId>,
}

/// Two axes and the cells between them.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    pub(super) pairs: Option<Pairs>,
    /// By depth of the column axis: whether cells of that depth are kept.
    kept: Vec<bool>,
    max_cells: usize,
}

impl Grid {
    pub(super) fn new(rows: Axis, columns: Axis, kept: Vec<bool>, max_cells: usize) -> Self {
        let pairs = (columns.n_levels() > 0).then(Pairs::default);
        Self {
            rows,
            columns,
            pairs,
            kept,
            max_cells,
        }
    }

    /// How many cells there are, totals included.
    pub(super) fn n_live_cells(&self) -> usize {
        self.pairs.as_ref().map_or(self.rows.n_live(), |pairs| {
            pairs.rows.len() - pairs.free.len()
        })
    }

    /// Fails if there are too many cells.
    pub(super) fn check(&self) -> Result<()> {
        if self.n_live_cells() > self.max_cells {
            return Err(Error::limit(format!(
                "the pivot has more than {} cells; filter it, group by fewer columns, or raise the limit `pivot_cells` \
                 in the server's options",
                self.max_cells
            )));
        }
        Ok(())
    }

    /// The row group of a cell.
    #[inline]
    pub(super) fn row_of(&self, cell: CellId) -> NodeId {
        self.pairs
            .as_ref()
            .map_or(cell, |pairs| pairs.rows[cell as usize])
    }

    /// The column group of a cell.
    #[inline]
    pub(super) fn column_of(&self, cell: CellId) -> NodeId {
        self.pairs
            .as_ref()
            .map_or(ROOT, |pairs| pairs.columns[cell as usize])
    }

    /// The cell above in the row axis, [`NONE`] at the total.
    #[inline]
    pub(super) fn row_up(&self, cell: CellId) -> CellId {
        match &self.pairs {
            None => self.rows.parents()[cell as usize],
            Some(pairs) => pairs.row_up[cell as usize],
        }
    }

    /// The cell above in the column axis, [`NONE`] if none is kept.
    #[inline]
    pub(super) fn column_up(&self, cell: CellId) -> CellId {
        self.pairs
            .as_ref()
            .map_or(NONE, |pairs| pairs.column_up[cell as usize])
    }

    /// The cell of two groups, if it holds rows.
    pub(super) fn find(&self, row: NodeId, column: NodeId) -> Option<CellId> {
        match &self.pairs {
            None => (self.rows.n_rows(row) > 0).then_some(row),
            Some(pairs) => pairs
                .index
                .find(hash_one(&(row, column)), |&cell| {
                    pairs.rows[cell as usize] == row && pairs.columns[cell as usize] == column
                })
                .copied(),
        }
    }

    /// The next column group above that is kept.
    fn kept_above(&self, column: NodeId) -> Option<NodeId> {
        let mut column = column;
        while column != ROOT {
            column = self.columns.parent(column);
            if self.kept[self.columns.depth(column)] {
                return Some(column);
            }
        }
        None
    }

    /// The cell of two groups, made if there is none, along with all totals above it.
    pub(super) fn ensure(&mut self, row: NodeId, column: NodeId) -> CellId {
        if let Some(cell) = self.find(row, column) {
            return cell;
        }
        if self.pairs.is_none() {
            return row;
        }
        let row_up = if row == ROOT {
            NONE
        } else {
            self.ensure(self.rows.parent(row), column)
        };
        let column_up = self
            .kept_above(column)
            .map_or(NONE, |above| self.ensure(row, above));
        let pairs = self.pairs.as_mut().expect("checked above");
        let cell = if let Some(cell) = pairs.free.pop() {
            let at = cell as usize;
            pairs.rows[at] = row;
            pairs.columns[at] = column;
            pairs.row_up[at] = row_up;
            pairs.column_up[at] = column_up;
            pairs.n_rows[at] = 0;
            cell
        } else {
            pairs.rows.push(row);
            pairs.columns.push(column);
            pairs.row_up.push(row_up);
            pairs.column_up.push(column_up);
            pairs.n_rows.push(0);
            pairs.rows.len() as CellId - 1
        };
        let Pairs {
            index,
            rows,
            columns,
            ..
        } = pairs;
        index.insert_unique(hash_one(&(row, column)), cell, |&other| {
            hash_one(&(rows[other as usize], columns[other as usize]))
        });
        cell
    }

    /// Builds the pairs of a bulk load: the deepest ones are given and get the ids 0.., totals follow. The answer is
    /// the layers in the order they are to be added up: up the row axis for the deepest column groups, then across.
    pub(super) fn fill(
        &mut self,
        deepest: Vec<(NodeId, NodeId)>,
        counts: &[u32],
    ) -> Result<Vec<Layer>> {
        let mut ranges = Vec::new();
        let mut layer = deepest;
        while !layer.is_empty() {
            let start = self.n_ids() as u32;
            self.append(&layer)?;
            let range = start..self.n_ids() as u32;
            ranges.push((range.clone(), false));
            layer = self.layer_above(range, |grid, (row, column)| {
                (row != ROOT).then(|| (grid.rows.parent(row), column))
            });
        }
        let mut below = 0..self.n_ids() as u32;
        while !below.is_empty() {
            let layer = self.layer_above(below.clone(), |grid, (row, column)| {
                Some((row, grid.kept_above(column)?))
            });
            ranges.push((below, true));
            let start = self.n_ids() as u32;
            self.append(&layer)?;
            below = start..self.n_ids() as u32;
        }
        self.link(counts);
        Ok(ranges
            .into_iter()
            .filter_map(|(from, across)| {
                let up = |cell| {
                    if across {
                        self.column_up(cell)
                    } else {
                        self.row_up(cell)
                    }
                };
                let into: Vec<CellId> = from.clone().map(up).collect();
                (!into.contains(&NONE)).then_some(Layer { from, into })
            })
            .collect())
    }

    fn n_ids(&self) -> usize {
        self.pairs.as_ref().map_or(0, |pairs| pairs.rows.len())
    }

    fn append(&mut self, layer: &[(NodeId, NodeId)]) -> Result<()> {
        let pairs = self.pairs.get_or_insert_default();
        for &(row, column) in layer {
            let cell = pairs.rows.len() as CellId;
            pairs.rows.push(row);
            pairs.columns.push(column);
            let Pairs {
                index,
                rows,
                columns,
                ..
            } = &mut *pairs;
            index.insert_unique(hash_one(&(row, column)), cell, |&other| {
                hash_one(&(rows[other as usize], columns[other as usize]))
            });
        }
        self.check()
    }

    /// The distinct pairs that the cells of a range are added up into.
    fn layer_above(
        &self,
        below: std::ops::Range<u32>,
        up: impl Fn(&Self, (NodeId, NodeId)) -> Option<(NodeId, NodeId)>,
    ) -> Vec<(NodeId, NodeId)> {
        let Some(pairs) = &self.pairs else {
            return Vec::new();
        };
        let mut layer: Vec<_> = below
            .filter_map(|cell| {
                up(
                    self,
                    (pairs.rows[cell as usize], pairs.columns[cell as usize]),
                )
            })
            .collect();
        layer.sort_unstable();
        layer.dedup();
        layer
    }

    /// Links all cells with those above and counts their rows.
    fn link(&mut self, counts: &[u32]) {
        let n = self.n_ids();
        let ups: Vec<(CellId, CellId)> = (0..n as CellId)
            .map(|cell| {
                let (row, column) = (self.row_of(cell), self.column_of(cell));
                let row_up = if row == ROOT {
                    NONE
                } else {
                    self.find(self.rows.parent(row), column).unwrap_or(NONE)
                };
                let column_up = self
                    .kept_above(column)
                    .and_then(|above| self.find(row, above))
                    .unwrap_or(NONE);
                (row_up, column_up)
            })
            .collect();
        let Some(pairs) = &mut self.pairs else {
            return;
        };
        pairs.row_up = ups.iter().map(|up| up.0).collect();
        pairs.column_up = ups.iter().map(|up| up.1).collect();
        pairs.n_rows = vec![0; n];
        for (cell, &count) in counts.iter().enumerate() {
            self.count(cell as CellId, count as i32);
        }
    }

    /// Visits a deepest cell and all its totals.
    #[inline]
    pub(super) fn for_each_up(&self, cell: CellId, mut visit: impl FnMut(CellId)) {
        let mut across = cell;
        while across != NONE {
            let mut up = across;
            while up != NONE {
                visit(up);
                up = self.row_up(up);
            }
            across = self.column_up(across);
        }
    }

    /// Counts rows of a deepest cell in or out, in it and in all its totals. Without splits the row axis counts.
    pub(super) fn count(&mut self, cell: CellId, by: i32) {
        let Some(pairs) = &mut self.pairs else {
            return;
        };
        let mut across = cell;
        while across != NONE {
            let mut up = across;
            while up != NONE {
                let n = &mut pairs.n_rows[up as usize];
                *n = n.wrapping_add_signed(by);
                up = pairs.row_up[up as usize];
            }
            across = pairs.column_up[across as usize];
        }
    }

    /// Gives up a pair without rows.
    pub(super) fn free_pair(&mut self, cell: CellId) {
        if let Some(pairs) = &mut self.pairs {
            let hash = hash_one(&(pairs.rows[cell as usize], pairs.columns[cell as usize]));
            if let Ok(entry) = pairs.index.find_entry(hash, |&other| other == cell) {
                entry.remove();
                pairs.free.push(cell);
            }
        }
    }

    /// How deep a cell lies: cells are added up into cells of lesser height.
    pub(super) fn height(&self, cell: CellId) -> usize {
        self.rows.depth(self.row_of(cell)) + self.columns.depth(self.column_of(cell))
    }

    /// Rows under a cell.
    #[inline]
    pub(super) fn n_rows(&self, cell: CellId) -> u32 {
        match &self.pairs {
            None => self.rows.n_rows(cell),
            Some(pairs) => pairs.n_rows[cell as usize],
        }
    }

    /// How many cell ids there are.
    pub(super) fn n_cells(&self) -> usize {
        match &self.pairs {
            None => self.rows.n_nodes(),
            Some(pairs) => pairs.rows.len(),
        }
    }

    /// The cells that add up to this one: below it in the column axis for totals over columns, else in the row axis.
    fn for_each_child(&self, cell: CellId, visit: &mut dyn FnMut(CellId)) {
        let (row, column) = (self.row_of(cell), self.column_of(cell));
        if self.pairs.is_none() {
            self.rows.children(row).for_each(visit);
        } else if self.columns.is_leaf(column) {
            self.rows
                .children(row)
                .filter_map(|child| self.find(child, column))
                .for_each(visit);
        } else {
            self.for_each_kept_below(column, &mut |below| {
                if let Some(cell) = self.find(row, below) {
                    visit(cell);
                }
            });
        }
    }

    fn for_each_kept_below(&self, column: NodeId, visit: &mut dyn FnMut(NodeId)) {
        for child in self.columns.children(column) {
            if self.kept[self.columns.depth(child)] {
                visit(child);
            } else {
                self.for_each_kept_below(child, visit);
            }
        }
    }

    /// Whether rows lie in the cell itself.
    pub(super) fn is_deepest(&self, cell: CellId) -> bool {
        self.rows.is_leaf(self.row_of(cell)) && self.columns.is_leaf(self.column_of(cell))
    }

    /// Visits the deepest cells under a cell.
    pub(super) fn for_each_deepest(&self, cell: CellId, visit: &mut dyn FnMut(CellId)) {
        if self.is_deepest(cell) {
            visit(cell);
        } else {
            self.for_each_child(cell, &mut |child| self.for_each_deepest(child, visit));
        }
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.rows.heap_size()
            + self.columns.heap_size()
            + self.pairs.as_ref().map_or(0, |pairs| {
                pairs.rows.capacity() * 20 + pairs.index.capacity() * 5
            })
    }
}

/// The cells together with the rows in them.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) grid: &'a Grid,
    pub(super) members: &'a Members,
    /// The deepest cell of each slot.
    pub(super) cell_of: &'a [CellId],
}

impl CellReader for Reading<'_> {
    fn is_deepest(&self, cell: CellId) -> bool {
        self.grid.is_deepest(cell)
    }

    fn for_each_child(&self, cell: CellId, visit: &mut dyn FnMut(CellId)) {
        self.grid.for_each_child(cell, visit);
    }

    fn for_each_row(&self, cell: CellId, visit: &mut dyn FnMut(Slot)) {
        self.grid.for_each_deepest(cell, &mut |deepest| {
            self.members.for_each(self.cell_of, deepest, visit);
        });
    }

    fn n_rows(&self, cell: CellId) -> u32 {
        self.grid.n_rows(cell)
    }

    fn for_each_row_child(&self, cell: CellId, visit: &mut dyn FnMut(CellId)) {
        let column = self.grid.column_of(cell);
        self.grid
            .rows
            .children(self.grid.row_of(cell))
            .filter_map(|child| self.grid.find(child, column))
            .for_each(visit);
    }

    fn row_parent(&self, cell: CellId) -> Option<CellId> {
        let up = self.grid.row_up(cell);
        (up != NONE).then_some(up)
    }

    fn is_leaf_row(&self, cell: CellId) -> bool {
        self.grid.rows.is_leaf(self.grid.row_of(cell))
    }

    fn n_cells(&self) -> usize {
        self.grid.n_cells()
    }
}
