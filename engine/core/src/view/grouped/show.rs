//! What one client sees of a grouped view: rows, columns, paths and cells of a viewport.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use super::axis::{Axis, NodeId, ROOT};
use super::expansion::{Expansion, Shown};
use super::follow::GroupedChanges;
use super::{Grouped, Measure};
use crate::aggregate::{CellId, KeyOrder, Outcome};
use crate::column::{Column, Data, Text};
use crate::schema::{DataType, Storage};
use crate::slice::{RowPaths, Rows, Slice, SliceColumn, SliceOptions, Viewport};
use crate::value::{Scalar, Value};
use crate::view::{Columns, GroupRollup, Slot, SplitRollup};

/// What reading a view needs of its table.
#[derive(Clone, Copy)]
pub struct Source<'a, 'k> {
    /// The columns, present cells.
    pub columns: Columns<'a>,
    /// The primary key of a row.
    pub key: &'k dyn Fn(Slot) -> Scalar,
    /// The order of primary keys.
    pub order: &'k dyn KeyOrder,
}

fn clamp(range: &Range<usize>, len: usize) -> Range<usize> {
    let end = range.end.min(len);
    range.start.min(end)..end
}

impl Grouped {
    /// How many rows a client with this expansion sees.
    pub fn n_rows(&self, expansion: &Expansion) -> usize {
        if self.grid.rows.n_levels() == 0 {
            1
        } else {
            Shown::new(&self.grid.rows, expansion).len()
        }
    }

    /// How many data columns there are.
    pub fn n_columns(&self) -> usize {
        self.shown_columns().len() * self.plan.n_shown
    }

    /// The column groups shown, in order: the total alone without splits.
    fn shown_columns(&self) -> &[NodeId] {
        self.shown_columns.get_or_init(|| {
            fn visit(axis: &Axis, node: NodeId, inner: bool, found: &mut Vec<NodeId>) {
                if axis.is_leaf(node) || inner {
                    found.push(node);
                }
                axis.children(node)
                    .for_each(|child| visit(axis, child, inner, found));
            }
            let mut found = Vec::new();
            let inner = self.plan.split_rollup == SplitRollup::Rollup;
            visit(&self.grid.columns, ROOT, inner, &mut found);
            found
        })
    }

    /// The column group and measure of a data column.
    fn data_column(&self, at: usize) -> (NodeId, usize) {
        let width = self.plan.n_shown;
        (self.shown_columns()[at / width], at % width)
    }

    /// The path of a column group.
    fn column_path(&self, column: NodeId, columns: &Columns<'_>) -> Vec<Scalar> {
        let axis = &self.grid.columns;
        (1..=axis.depth(column))
            .map(|depth| {
                let level = columns.get(self.plan.split_by[depth - 1].column);
                axis.value(axis.ancestor(column, depth), level).to_scalar()
            })
            .collect()
    }

    /// The headers of a range of data columns: the split values above each, outermost first, and its name.
    pub fn column_paths(
        &self,
        range: &Range<usize>,
        columns: &Columns<'_>,
    ) -> Vec<(Vec<Scalar>, &str)> {
        clamp(range, self.n_columns())
            .map(|at| {
                let (column, measure) = self.data_column(at);
                (
                    self.column_path(column, columns),
                    &*self.plan.measures[measure].name,
                )
            })
            .collect()
    }

    /// Opens the group in a row of the view. The number of rows that come.
    pub fn expand(&self, expansion: &mut Expansion, row: usize) -> usize {
        let axis = &self.grid.rows;
        let Some(&node) = Shown::new(axis, expansion)
            .nodes(row..row.saturating_add(1))
            .first()
        else {
            return 0;
        };
        if !axis.shows_inner() || !expansion.open(axis, node) {
            return 0;
        }
        Shown::new(axis, expansion).len_below(node)
    }

    /// Closes the group in a row of the view. The number of rows that go.
    pub fn collapse(&self, expansion: &mut Expansion, row: usize) -> usize {
        let axis = &self.grid.rows;
        let shown = Shown::new(axis, expansion);
        let Some(&node) = shown.nodes(row..row.saturating_add(1)).first() else {
            return 0;
        };
        let rows = shown.len_below(node);
        if axis.shows_inner() && expansion.close(axis, node) {
            rows
        } else {
            0
        }
    }

    /// The part of the view in a viewport.
    pub fn slice<'a>(
        &'a self,
        expansion: &Expansion,
        source: &Source<'a, '_>,
        viewport: &Viewport,
        options: SliceOptions,
    ) -> Slice<'a> {
        let axis = &self.grid.rows;
        let nodes = if axis.n_levels() == 0 {
            vec![ROOT; clamp(&viewport.rows, 1).len()]
        } else {
            let shown = Shown::new(axis, expansion);
            if options.leaves_only && axis.shows_inner() {
                let leaves: Vec<NodeId> = shown
                    .nodes(0..shown.len())
                    .into_iter()
                    .filter(|&node| axis.is_leaf(node))
                    .collect();
                leaves[clamp(&viewport.rows, leaves.len())].to_vec()
            } else {
                shown.nodes(clamp(&viewport.rows, shown.len()))
            }
        };
        let mut slice = self.cells(&nodes, &viewport.columns, &source.columns);
        slice.keys = options.keys.then(|| {
            nodes
                .iter()
                .map(|&node| self.keys_under(node, source))
                .collect()
        });
        slice
    }

    /// The rows among `changes` that a client sees, in view order, with all data columns.
    pub fn changed_slice<'a>(
        &'a self,
        expansion: &Expansion,
        columns: &Columns<'a>,
        changes: &GroupedChanges,
    ) -> Slice<'a> {
        let axis = &self.grid.rows;
        let shown = Shown::new(axis, expansion);
        let mut rows: Vec<(usize, NodeId)> = changes
            .rows
            .iter()
            .filter(|&&node| node == ROOT || axis.n_rows(node) > 0)
            .filter_map(|&node| {
                let row = if axis.n_levels() == 0 {
                    0
                } else {
                    shown.row_of(node)?
                };
                Some((row, node))
            })
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let nodes: Vec<NodeId> = rows.into_iter().map(|(_, node)| node).collect();
        self.cells(&nodes, &(0..usize::MAX), columns)
    }

    /// Paths and cells of row groups.
    fn cells<'a>(
        &'a self,
        nodes: &[NodeId],
        range: &Range<usize>,
        columns: &Columns<'a>,
    ) -> Slice<'a> {
        let data = clamp(range, self.n_columns()).map(|at| {
            let (column, measure) = self.data_column(at);
            let cells: Vec<Option<CellId>> = nodes
                .iter()
                .map(|&row| self.grid.find(row, column))
                .collect();
            let Measure { name, zone, .. } = &self.plan.measures[measure];
            SliceColumn {
                path: self.column_path(column, columns),
                name,
                zone: zone.as_deref(),
                aggregate: Some(self.plan.measures[measure].aggregate.name()),
                data: Cow::Owned(self.measure_column(measure, &cells, columns)),
                rows: Rows::Range(0..nodes.len()),
            }
        });
        Slice {
            n_rows: nodes.len(),
            columns: data.collect(),
            row_paths: Some(self.row_paths(nodes, columns)),
            keys: None,
        }
    }

    fn row_paths<'a>(&'a self, nodes: &[NodeId], columns: &Columns<'_>) -> RowPaths<'a> {
        let axis = &self.grid.rows;
        let levels = self
            .plan
            .group_by
            .iter()
            .enumerate()
            .map(|(level, grouped)| {
                let column = columns.get(grouped.column);
                let at_level = nodes.iter().map(|&node| {
                    (axis.depth(node) > level).then(|| axis.ancestor(node, level + 1))
                });
                if let Some(text) = column.text() {
                    // Codes are good as they are: nothing is looked up or copied.
                    let codes = at_level
                        .map(|node| node.and_then(|node| axis.key(node)).unwrap_or(0) as u32)
                        .collect();
                    let dictionary = Rc::clone(&text.dictionary);
                    return Column::from_parts(
                        column.dtype(),
                        Data::Text(Text { codes, dictionary }),
                        None,
                    );
                }
                let mut keys = Column::with_capacity(column.dtype(), nodes.len());
                for node in at_level {
                    keys.push(node.map_or(Value::Null, |node| axis.value(node, column)));
                }
                keys
            })
            .collect();
        RowPaths {
            names: self
                .plan
                .group_by
                .iter()
                .map(|level| &*level.name)
                .collect(),
            levels,
            depths: nodes.iter().map(|&node| axis.depth(node) as u32).collect(),
            shown: self.plan.group_rollup != GroupRollup::Total || !self.plan.group_by.is_empty(),
        }
    }

    /// The primary keys under a row group, descending.
    fn keys_under(&self, node: NodeId, source: &Source<'_, '_>) -> Vec<Scalar> {
        let mut slots = Vec::new();
        let mut add = |cell: CellId| {
            self.grid.for_each_deepest(cell, &mut |deepest| {
                self.members
                    .for_each(&self.cell_of, deepest, &mut |slot| slots.push(slot));
            });
        };
        if self.grid.pairs.is_none() {
            add(node);
        } else {
            let axis = &self.grid.columns;
            for column in (0..axis.n_nodes() as NodeId).filter(|&node| axis.is_leaf(node)) {
                if let Some(cell) = self.grid.find(node, column) {
                    add(cell);
                }
            }
        }
        slots.sort_unstable_by(|&a, &b| source.order.compare(b, a));
        slots.into_iter().map(source.key).collect()
    }

    /// One measure of some cells, `None` being cells without rows.
    fn measure_column(
        &self,
        measure: usize,
        cells: &[Option<CellId>],
        columns: &Columns<'_>,
    ) -> Column {
        let readout = self.states.measures[measure];
        let reading = self.reading();
        let outcomes = cells.iter().map(|cell| match cell {
            Some(cell) => self.states.outcome(readout, *cell, columns, &reading),
            None => Outcome::Null,
        });
        column_of(self.plan.measures[measure].aggregate.result, outcomes)
    }

    /// The least and greatest value of the measures called `name`, over the deepest groups that the client sees.
    /// `None` if no shown measure has this name.
    pub fn min_max(
        &self,
        name: &str,
        expansion: &Expansion,
        columns: &Columns<'_>,
    ) -> Option<(Scalar, Scalar)> {
        let measure = self.plan.measures[..self.plan.n_shown]
            .iter()
            .position(|measure| &*measure.name == name)?;
        let axis = &self.grid.rows;
        let shown = Shown::new(axis, expansion);
        let mut nodes = shown.nodes(0..shown.len());
        let deepest = nodes
            .iter()
            .map(|&node| axis.depth(node))
            .max()
            .unwrap_or(0);
        nodes.retain(|&node| node != ROOT && axis.depth(node) == deepest);
        let mut least = Scalar::Null;
        let mut greatest = Scalar::Null;
        let leaves = self
            .shown_columns()
            .iter()
            .filter(|&&column| self.grid.columns.is_leaf(column));
        for &column in leaves {
            let cells: Vec<_> = nodes
                .iter()
                .map(|&row| self.grid.find(row, column))
                .collect();
            let values = self.measure_column(measure, &cells, columns);
            for row in 0..values.len() {
                let value = values.value(row);
                if value.is_null() {
                    continue;
                }
                if least.is_null() || value < least.as_value() {
                    least = value.to_scalar();
                }
                if greatest.is_null() || value > greatest.as_value() {
                    greatest = value.to_scalar();
                }
            }
        }
        Some((least, greatest))
    }
}

/// Outcomes as a column of type `dtype`. Whole numbers that do not fit it make a wider column, at last one of floats.
fn column_of<'a>(dtype: DataType, outcomes: impl Iterator<Item = Outcome<'a>>) -> Column {
    match dtype.storage() {
        Storage::Int if dtype.int_range().is_some() => int_column(dtype, outcomes.collect()),
        _ => {
            let mut column = Column::new(dtype);
            for outcome in outcomes {
                column.push(match &outcome {
                    Outcome::Null => Value::Null,
                    Outcome::Truth(v) => Value::Bool(*v),
                    Outcome::Int(v) => Value::Float(*v as f64),
                    Outcome::Float(v) => Value::Float(*v),
                    Outcome::Value(v) => *v,
                    Outcome::Text(v) => Value::Text(v),
                });
            }
            column
        }
    }
}

fn int_column(dtype: DataType, outcomes: Vec<Outcome<'_>>) -> Column {
    let mut least = 0;
    let mut greatest = 0;
    let mut whole = true;
    for outcome in &outcomes {
        match outcome {
            Outcome::Int(v) => {
                least = least.min(*v);
                greatest = greatest.max(*v);
            }
            Outcome::Float(_) => whole = false,
            _ => {}
        }
    }
    let fits = |dtype: DataType| {
        whole
            && dtype
                .int_range()
                .is_some_and(|(from, to)| from <= least && greatest <= to)
    };
    let dtype = [dtype, DataType::Int64, DataType::UInt64]
        .into_iter()
        .find(|&dtype| fits(dtype))
        .unwrap_or(DataType::Float64);
    let mut column = Column::with_capacity(dtype, outcomes.len());
    for outcome in outcomes {
        column.push(match (outcome, dtype) {
            (Outcome::Int(v), DataType::Float64) => Value::Float(v as f64),
            (Outcome::Float(v), _) => Value::Float(v),
            (Outcome::Int(v), DataType::UInt64) => Value::UInt(v as u64),
            (Outcome::Int(v), _) => Value::Int(v as i64),
            (Outcome::Truth(v), _) => Value::Int(v.into()),
            _ => Value::Null,
        });
    }
    column
}
