//! The order of siblings: sorts by measures or keys, then the key.

use std::cmp::Ordering;

use super::axis::{Axis, NodeId, ROOT};
use super::grid::Reading;
use super::plan::Level;
use super::states::{SortRule, States};
use crate::aggregate::{CellId, Outcome};
use crate::column::{Column, Dictionary};
use crate::view::Columns;

/// Orders the nodes of one axis.
#[derive(Clone, Copy)]
pub(super) struct Sorter<'a> {
    pub(super) levels: &'a [Level],
    pub(super) rules: &'a [SortRule],
    pub(super) states: &'a States,
    pub(super) columns: Columns<'a>,
    /// Finds the cell whose value decides, for a node.
    pub(super) cell_of: fn(&Reading<'_>, NodeId) -> Option<CellId>,
}

/// The total over all splits of a row group.
pub(super) fn row_total(reading: &Reading<'_>, node: NodeId) -> Option<CellId> {
    reading.grid.find(node, ROOT)
}

/// The total over all rows of a column group.
pub(super) fn column_total(reading: &Reading<'_>, node: NodeId) -> Option<CellId> {
    reading.grid.find(ROOT, node)
}

impl<'a> Sorter<'a> {
    fn key_column(&self, axis: &Axis, node: NodeId) -> &'a Column {
        self.columns.get(self.levels[axis.depth(node) - 1].column)
    }

    fn outcome(&self, rule: &SortRule, reading: &Reading<'_>, node: NodeId) -> Outcome<'a> {
        match (rule.readout, (self.cell_of)(reading, node)) {
            (Some(readout), Some(cell)) => {
                self.states
                    .sort_outcome(readout, cell, &self.columns, reading)
            }
            _ => Outcome::Null,
        }
    }

    /// Whether the order of siblings depends on the values of cells.
    pub(super) fn reads_cells(&self) -> bool {
        self.rules.iter().any(|rule| rule.readout.is_some())
    }

    /// Compares two siblings.
    pub(super) fn compare(
        &self,
        axis: &Axis,
        reading: &Reading<'_>,
        a: NodeId,
        b: NodeId,
    ) -> Ordering {
        let column = self.key_column(axis, a);
        for rule in self.rules {
            let depth = axis.depth(a);
            let order = match rule.level {
                Some(level) if depth > level + 1 => Ordering::Equal,
                Some(level) if depth == level + 1 => axis.compare_keys(a, b, column),
                _ => self
                    .outcome(rule, reading, a)
                    .compare(&self.outcome(rule, reading, b), rule.absolute),
            };
            let order = if rule.descending {
                order.reverse()
            } else {
                order
            };
            if order.is_ne() {
                return order;
            }
        }
        axis.compare_keys(a, b, column)
    }

    /// Sorts siblings.
    pub(super) fn sort(&self, axis: &Axis, reading: &Reading<'_>, nodes: &mut Vec<NodeId>) {
        let Some(&first) = nodes.first() else {
            return;
        };
        let column = self.key_column(axis, first);
        let depth = axis.depth(first);
        sort_by_key(axis, column, nodes);
        // The sort by keys stands; stable sorts by the less and less minor rules go on top.
        for rule in self.rules.iter().rev() {
            match rule.level {
                Some(level) if depth > level + 1 => {}
                Some(level) if depth == level + 1 => {
                    if rule.descending {
                        nodes.sort_by(|&a, &b| axis.compare_keys(b, a, column));
                    } else {
                        nodes.sort_by(|&a, &b| axis.compare_keys(a, b, column));
                    }
                }
                _ => self.sort_by_rule(rule, reading, nodes),
            }
        }
    }

    fn sort_by_rule(&self, rule: &SortRule, reading: &Reading<'_>, nodes: &mut [NodeId]) {
        let mut decorated: Vec<(Outcome<'a>, NodeId)> = nodes
            .iter()
            .map(|&node| (self.outcome(rule, reading, node), node))
            .collect();
        decorated.sort_by(|a, b| {
            let order = a.0.compare(&b.0, rule.absolute);
            if rule.descending {
                order.reverse()
            } else {
                order
            }
        });
        for (node, (_, sorted)) in nodes.iter_mut().zip(decorated) {
            *node = sorted;
        }
    }
}

/// Sorts siblings by their keys, ascending.
fn sort_by_key(axis: &Axis, column: &Column, nodes: &mut Vec<NodeId>) {
    let ranks = column
        .text()
        .filter(|text| text.dictionary.len() <= nodes.len() * 8 + 1024)
        .map(|text| text.dictionary.ranks());
    if let (None, Some(text)) = (ranks, column.text()) {
        let text = |node: NodeId| {
            axis.key(node)
                .map(|code| Dictionary::text(&text.dictionary, code as u32).as_bytes())
        };
        nodes.sort_unstable_by(|&a, &b| text(a).cmp(&text(b)));
        return;
    }
    let mut keyed: Vec<(u64, NodeId)> = Vec::with_capacity(nodes.len());
    let mut null = None;
    for &node in &*nodes {
        match (axis.key(node), ranks) {
            (None, _) => null = Some(node),
            (Some(code), Some(ranks)) => keyed.push((ranks[code as usize].into(), node)),
            (Some(word), None) => keyed.push((word, node)),
        }
    }
    if !keyed.is_sorted() {
        keyed.sort_unstable();
    }
    nodes.clear();
    nodes.extend(null);
    nodes.extend(keyed.into_iter().map(|(_, node)| node));
}
