//! Stepping a grouped view: what a touched row gave is taken out, what it gives now is put in.

use std::cmp::Reverse;

use super::Grouped;
use super::axis::{Axis, NONE, NodeId, ROOT};
use super::grid::Reading;
use super::load::columns_of;
use crate::aggregate::{CellId, CellStep, Contribution, KeyOrder, Outcome};
use crate::error::Result;
use crate::hash::{HashMap, hash_one};
use crate::view::{Columns, Slot, Step};

/// What a step changed, for those who pass it on.
#[derive(Debug, Clone, Default)]
pub struct GroupedChanges {
    /// Row groups with a cell whose shown value may have changed.
    pub(super) rows: Vec<NodeId>,
}

impl GroupedChanges {
    /// Adds what an earlier step changed. Groups that are gone since are left out when rows are made of it.
    pub fn merge(&mut self, earlier: &Self) {
        self.rows.extend_from_slice(&earlier.rows);
    }

    /// Whether no group changed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A touched row: where it was and where it is.
#[derive(Clone, Copy)]
struct Move {
    slot: Slot,
    /// Its row in the old images.
    before: u32,
    from: CellId,
    to: CellId,
}

impl Grouped {
    /// Every row group, as after building anew.
    pub fn all_changes(&self) -> GroupedChanges {
        GroupedChanges {
            rows: (0..self.grid.rows.n_nodes() as NodeId).collect(),
        }
    }

    /// Follows a step. If `track`, the answer lists the row groups whose shown values changed.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if there are now more cells than the plan allows. The view is unusable then.
    pub fn step(
        &mut self,
        step: &Step<'_>,
        order: &dyn KeyOrder,
        track: bool,
    ) -> Result<GroupedChanges> {
        let mut made_rows = Vec::new();
        let mut made_columns = Vec::new();
        let moves = self.relocate(step, &mut made_rows, &mut made_columns);
        if moves.is_empty() {
            return Ok(GroupedChanges::default());
        }
        self.grid.check()?;
        self.marks.resize(self.grid.n_cells(), false);
        let (removed, added, touched) = self.contributions(&moves);
        for state in &mut self.states.states {
            state.accumulator.resize(self.grid.n_cells());
        }

        let signs = self.parent_signs(&touched, &step.new);
        let before = track.then(|| self.fingerprints(&touched, &step.new));
        self.place_made(&made_rows, &made_columns, &step.new);
        let cell_step = CellStep {
            removed: &removed,
            added: &added,
            touched: &touched,
            reader: &Reading {
                grid: &self.grid,
                members: &self.members,
                cell_of: &self.cell_of,
            },
        };
        let groups = columns_of(self.plan.tree_levels(), &step.new);
        for state in &mut self.states.states {
            let inputs = state.inputs(&step.new, &step.old, &groups, order);
            state.accumulator.step(&cell_step, &inputs);
        }
        let mut changes = GroupedChanges::default();
        if let Some(before) = before {
            // A new group is a change even if nothing but null is to be seen in it.
            changes.rows = made_rows;
            let after = self.fingerprints(&touched, &step.new);
            let resized = resized_cells(&removed, &added);
            changes
                .rows
                .extend(self.changed_rows(&touched, &before, &after, &resized));
            changes.rows.sort_unstable();
            changes.rows.dedup();
        }
        let columns_changed = self.bury(&moves, &touched) || !made_columns.is_empty();
        self.reorder_rows(&touched, &signs, &step.new);
        let columns_reordered = self.reorder_columns(&touched, &step.new);
        if columns_changed || columns_reordered {
            self.shown_columns.take();
        }
        Ok(changes)
    }

    /// Finds the new cell of every touched row and counts it there.
    fn relocate(
        &mut self,
        step: &Step<'_>,
        made_rows: &mut Vec<NodeId>,
        made_columns: &mut Vec<NodeId>,
    ) -> Vec<Move> {
        let row_columns = columns_of(self.plan.row_levels(), &step.new);
        let split_columns = columns_of(&self.plan.split_by, &step.new);
        let mut moves = Vec::with_capacity(step.slots.len());
        for (i, &slot) in step.slots.iter().enumerate() {
            let (was, is) = (step.was.get(i), step.is.get(i));
            if !was && !is {
                continue;
            }
            let at = slot as usize;
            if self.cell_of.len() <= at {
                self.cell_of.resize(at + 1, NONE);
            }
            let from = self.cell_of[at];
            debug_assert_eq!(from != NONE, was, "slot {slot} was in the view");
            let to = if !is {
                NONE
            } else if from != NONE
                && self
                    .grid
                    .rows
                    .holds(self.grid.row_of(from), &row_columns, at)
                && self
                    .grid
                    .columns
                    .holds(self.grid.column_of(from), &split_columns, at)
            {
                from
            } else {
                let row = self.grid.rows.locate(&row_columns, at, made_rows);
                let column = self.grid.columns.locate(&split_columns, at, made_columns);
                self.grid.ensure(row, column)
            };
            if from != to {
                self.cell_of[at] = to;
                self.members.follow(slot, from, to);
                if from != NONE {
                    self.count(from, -1);
                }
                if to != NONE {
                    self.count(to, 1);
                }
            }
            moves.push(Move {
                slot,
                before: step.before[i],
                from,
                to,
            });
        }
        moves
    }

    fn count(&mut self, cell: CellId, by: i32) {
        let (row, column) = (self.grid.row_of(cell), self.grid.column_of(cell));
        self.grid.rows.count(row, by);
        if self.grid.pairs.is_some() {
            self.grid.columns.count(column, by);
            self.grid.count(cell, by);
        }
    }

    /// What moves do to each cell, and all cells they touch, the deepest first.
    fn contributions(
        &mut self,
        moves: &[Move],
    ) -> (Vec<Contribution>, Vec<Contribution>, Vec<CellId>) {
        let depth = self.grid.rows.n_levels() + 1;
        let mut removed = Vec::with_capacity(moves.len() * depth);
        let mut added = Vec::with_capacity(moves.len() * depth);
        let mut touched = Vec::new();
        let (grid, marks) = (&self.grid, &mut self.marks);
        let mut touch = |cell: CellId| {
            if !std::mem::replace(&mut marks[cell as usize], true) {
                touched.push(cell);
            }
        };
        for &Move {
            slot,
            before,
            from,
            to,
        } in moves
        {
            if from != NONE {
                grid.for_each_up(from, |cell| {
                    touch(cell);
                    removed.push(Contribution {
                        cell,
                        slot,
                        row: before,
                    });
                });
            }
            if to != NONE {
                grid.for_each_up(to, |cell| {
                    touch(cell);
                    added.push(Contribution {
                        cell,
                        slot,
                        row: slot,
                    });
                });
            }
        }
        for &cell in &touched {
            self.marks[cell as usize] = false;
        }
        touched.sort_by_cached_key(|&cell| Reverse(self.grid.height(cell)));
        (removed, added, touched)
    }

    /// Puts new groups among their siblings: where they belong if keys decide, else at the end for the time being.
    fn place_made(&mut self, made_rows: &[NodeId], made_columns: &[NodeId], columns: &Columns<'_>) {
        for (made, is_row) in [(made_rows, true), (made_columns, false)] {
            for &node in made {
                self.place(node, is_row, columns, true);
            }
        }
    }

    fn place(&mut self, node: NodeId, is_row: bool, columns: &Columns<'_>, provisional: bool) {
        let Self {
            plan,
            grid,
            states,
            members,
            cell_of,
            ..
        } = self;
        let sorter = if is_row {
            Self::row_sorter(plan, states, *columns)
        } else {
            Self::column_sorter(plan, states, *columns)
        };
        let axis = if is_row { &grid.rows } else { &grid.columns };
        let at = if provisional && sorter.reads_cells() {
            None
        } else {
            let reading = Reading {
                grid,
                members,
                cell_of,
            };
            axis.seek(node, |other| sorter.compare(axis, &reading, other, node))
        };
        let axis = if is_row {
            &mut grid.rows
        } else {
            &mut grid.columns
        };
        axis.place(node, at);
    }

    /// For orders by shares of the parent: the sign of each touched parent's sum before the step.
    fn parent_signs(&self, touched: &[CellId], columns: &Columns<'_>) -> HashMap<NodeId, i8> {
        let mut signs = HashMap::default();
        for rule in &self.states.row_sorts {
            let Some(readout) = rule.readout else {
                continue;
            };
            if readout.is_of_parent() || readout.is_of_total() {
                for &cell in touched {
                    let row = self.grid.row_of(cell);
                    if self.grid.column_of(cell) == ROOT && !self.grid.rows.is_leaf(row) {
                        let sign = self
                            .states
                            .whole_sign(readout, cell, columns, &self.reading());
                        signs.insert(row, sign);
                    }
                }
            }
        }
        signs
    }

    /// A hash of all shown values of each touched cell.
    fn fingerprints(&self, touched: &[CellId], columns: &Columns<'_>) -> Vec<u64> {
        let reading = self.reading();
        touched
            .iter()
            .map(|&cell| {
                let mut hash = 0;
                for &readout in &self.states.measures[..self.plan.n_shown] {
                    let outcome = self.states.outcome(readout, cell, columns, &reading);
                    let part = match &outcome {
                        Outcome::Null => 0,
                        Outcome::Truth(v) => hash_one(v),
                        Outcome::Int(v) => hash_one(v),
                        Outcome::Float(v) => hash_one(&v.to_bits()),
                        Outcome::Value(v) => hash_one(v),
                        Outcome::Text(v) => hash_one(v),
                    };
                    hash = hash_one(&(hash, part));
                }
                hash
            })
            .collect()
    }

    /// The row groups in which some fingerprint, or a number of rows that is shown, changed.
    fn changed_rows(
        &self,
        touched: &[CellId],
        before: &[u64],
        after: &[u64],
        resized: &HashMap<CellId, i32>,
    ) -> Vec<NodeId> {
        let shown = &self.states.measures[..self.plan.n_shown];
        // Some aggregates read the table as it is now, so that their former value cannot be told any more.
        let blind = shown.iter().any(|readout| readout.reads_live_rows());
        let counted = shown.iter().any(|readout| readout.counts_rows());
        touched
            .iter()
            .zip(before.iter().zip(after))
            .filter(|(cell, (before, after))| {
                let n_rows = self.grid.n_rows(**cell);
                // A cell that had no rows showed nothing, whatever its state says.
                let is_new = || {
                    resized
                        .get(*cell)
                        .is_some_and(|&by| i64::from(by) == i64::from(n_rows))
                };
                // A count tells of every row that came, went or was sent again, as the reference does.
                blind || counted || before != after || n_rows == 0 || is_new()
            })
            .map(|(&cell, _)| self.grid.row_of(cell))
            .collect()
    }

    /// Gives up cells and groups whose last row is gone. Whether a column group is among them.
    fn bury(&mut self, moves: &[Move], touched: &[CellId]) -> bool {
        for &cell in touched {
            if self.grid.n_rows(cell) == 0 {
                for state in &mut self.states.states {
                    state.accumulator.clear(cell);
                }
            }
        }
        let leaving = || {
            moves
                .iter()
                .filter(|one| one.from != NONE && one.from != one.to)
        };
        let rows: Vec<NodeId> = leaving().map(|one| self.grid.row_of(one.from)).collect();
        let columns: Vec<NodeId> = leaving().map(|one| self.grid.column_of(one.from)).collect();
        if self.grid.pairs.is_some() {
            for &cell in touched {
                if self.grid.n_rows(cell) == 0 {
                    self.grid.free_pair(cell);
                }
            }
        }
        bury_nodes(&mut self.grid.rows, rows);
        bury_nodes(&mut self.grid.columns, columns)
    }

    /// Moves touched row groups to where their values now belong.
    fn reorder_rows(
        &mut self,
        touched: &[CellId],
        signs: &HashMap<NodeId, i8>,
        columns: &Columns<'_>,
    ) {
        if !Self::row_sorter(&self.plan, &self.states, *columns).reads_cells() {
            return;
        }
        let touched: Vec<NodeId> = touched
            .iter()
            .filter(|&&cell| self.grid.n_rows(cell) > 0 && self.grid.column_of(cell) == ROOT)
            .map(|&cell| self.grid.row_of(cell))
            .collect();
        let mut anew = self.turned_families(signs, columns);
        let mut by_parent: HashMap<NodeId, u32> = HashMap::default();
        for &node in &touched {
            if node != ROOT {
                *by_parent.entry(self.grid.rows.parent(node)).or_default() += 1;
            }
        }
        for (&parent, &n) in &by_parent {
            let len = self
                .grid
                .rows
                .family(parent)
                .map_or(0, |family| family.children.len());
            if n as usize * 8 > len {
                anew.push(parent);
            }
        }
        anew.sort_unstable();
        anew.dedup();
        let moving: Vec<NodeId> = touched
            .into_iter()
            .filter(|&node| {
                node != ROOT && anew.binary_search(&self.grid.rows.parent(node)).is_err()
            })
            .collect();
        for &node in &moving {
            self.grid.rows.unplace(node);
        }
        for &node in &moving {
            self.place(node, true, columns, false);
        }
        self.sort_families(&anew, true, columns);
    }

    /// The families whose order turned around because the sum they are shares of changed its sign.
    fn turned_families(&self, signs: &HashMap<NodeId, i8>, columns: &Columns<'_>) -> Vec<NodeId> {
        let rows = &self.grid.rows;
        let mut turned = Vec::new();
        for rule in &self.states.row_sorts {
            let Some(readout) = rule.readout else {
                continue;
            };
            let sign_now = |node: NodeId| {
                self.grid.find(node, ROOT).map_or(0, |cell| {
                    self.states
                        .whole_sign(readout, cell, columns, &self.reading())
                })
            };
            if readout.is_of_parent() {
                turned.extend(
                    signs
                        .iter()
                        .filter(|(node, sign)| {
                            rows.family(**node).is_some() && sign_now(**node) != **sign
                        })
                        .map(|(&node, _)| node),
                );
            } else if readout.is_of_total()
                && signs.get(&ROOT).is_some_and(|&sign| sign != sign_now(ROOT))
            {
                turned.extend(
                    (0..rows.n_nodes() as NodeId)
                        .filter(|&node| rows.n_rows(node) > 0 && rows.family(node).is_some()),
                );
            }
        }
        turned
    }

    /// Orders column groups anew where values decide. Whether they do.
    fn reorder_columns(&mut self, touched: &[CellId], columns: &Columns<'_>) -> bool {
        if !Self::column_sorter(&self.plan, &self.states, *columns).reads_cells() {
            return false;
        }
        let axis = &self.grid.columns;
        let mut parents: Vec<NodeId> = touched
            .iter()
            .filter(|&&cell| self.grid.n_rows(cell) > 0 && self.grid.row_of(cell) == ROOT)
            .map(|&cell| self.grid.column_of(cell))
            .filter(|&column| column != ROOT)
            .map(|column| axis.parent(column))
            .collect();
        if self.states.column_sorts.iter().any(|rule| {
            rule.readout
                .is_some_and(|readout| readout.is_of_parent() || readout.is_of_total())
        }) {
            parents = (0..axis.n_nodes() as NodeId)
                .filter(|&node| axis.n_rows(node) > 0 && axis.family(node).is_some())
                .collect();
        }
        parents.sort_unstable();
        parents.dedup();
        self.sort_families(&parents, false, columns);
        true
    }

    fn sort_families(&mut self, parents: &[NodeId], is_row: bool, columns: &Columns<'_>) {
        for &parent in parents {
            let sorter = if is_row {
                Self::row_sorter(&self.plan, &self.states, *columns)
            } else {
                Self::column_sorter(&self.plan, &self.states, *columns)
            };
            let axis = if is_row {
                &self.grid.rows
            } else {
                &self.grid.columns
            };
            let mut children: Vec<NodeId> = axis.children(parent).collect();
            sorter.sort(axis, &self.reading(), &mut children);
            let axis = if is_row {
                &mut self.grid.rows
            } else {
                &mut self.grid.columns
            };
            axis.set_children(parent, children);
        }
    }
}

/// By how many rows each cell grew or shrank.
fn resized_cells(removed: &[Contribution], added: &[Contribution]) -> HashMap<CellId, i32> {
    let mut resized = HashMap::default();
    for one in removed {
        *resized.entry(one.cell).or_default() -= 1;
    }
    for one in added {
        *resized.entry(one.cell).or_default() += 1;
    }
    resized
}

/// Gives up those of the leaves, and of the groups above them, that have no rows. Whether there were any.
fn bury_nodes(axis: &mut Axis, leaves: Vec<NodeId>) -> bool {
    let mut dead = Vec::new();
    for leaf in leaves {
        let mut node = leaf;
        while node != ROOT && axis.n_rows(node) == 0 {
            dead.push((Reverse(axis.depth(node)), node));
            node = axis.parent(node);
        }
    }
    dead.sort_unstable();
    dead.dedup();
    for &(_, node) in &dead {
        axis.unplace(node);
    }
    for &(_, node) in &dead {
        axis.free(node);
    }
    !dead.is_empty()
}
