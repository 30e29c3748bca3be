//! Values of the row that an order singles out: `first`, `last`, `any`, `max by`, `min by`.
//!
//! The state of a cell is a slot; the value is read from the column when it is asked for. A cell is read again when
//! its row is touched: from the cells below, or from its rows at the deepest level.

use std::cmp::Ordering;
use std::ops::Range;

use super::accumulator::{Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows};
use super::catalog::Output;
use super::words::{compare, dictionary_of, word_at};
use crate::column::Column;
use crate::hash::HashSet;
use crate::view::Slot;

/// No row qualifies.
const NOBODY: Slot = Slot::MAX;

/// Which row is singled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The first by key.
    First,
    /// The last by key.
    Last,
    /// The last by group, ascending, then by key: the last row of the last group.
    Tail,
    /// The first by group, ascending, then by key, whose value is not null.
    Any,
    /// The one with the greatest argument, the first by key of several. A null argument does not count.
    MaxBy,
    /// The one with the least argument.
    MinBy,
}

/// The chosen row of every cell.
#[derive(Debug)]
pub(super) struct Champions {
    rule: Rule,
    cells: Vec<Slot>,
}

impl Champions {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            cells: Vec::new(),
        }
    }

    fn qualifies(&self, slot: Slot, inputs: &Inputs<'_>) -> bool {
        match self.rule {
            Rule::First | Rule::Last | Rule::Tail => true,
            Rule::Any => !inputs.value.is_null(slot as usize),
            Rule::MaxBy | Rule::MinBy => !inputs.by.is_null(slot as usize),
        }
    }

    /// Whether `a` comes before `b` under the rule. Both qualify.
    fn beats(&self, a: Slot, b: Slot, inputs: &Inputs<'_>) -> bool {
        let by_key = || inputs.order.compare(a, b);
        let by_argument = || {
            let word = |slot: Slot| word_at(inputs.by, slot as usize, true).unwrap_or(0);
            compare(dictionary_of(inputs.by), word(a), word(b))
        };
        // As the reference reads totals: through the tree of groups, whatever order it is shown in.
        let by_group = || {
            let compare = |column: &&Column| column.compare(a as usize, b as usize);
            let order = inputs
                .groups
                .iter()
                .map(compare)
                .find(|order| order.is_ne());
            order.unwrap_or_else(by_key)
        };
        match self.rule {
            Rule::First => by_key(),
            Rule::Any => by_group(),
            Rule::Last => by_key().reverse(),
            Rule::Tail => by_group().reverse(),
            Rule::MaxBy => by_argument().reverse().then_with(by_key),
            Rule::MinBy => by_argument().then_with(by_key),
        }
        .is_lt()
    }

    /// Takes a row that qualifies into a cell.
    fn offer(&mut self, cell: CellId, slot: Slot, inputs: &Inputs<'_>) {
        let champion = self.cells[cell as usize];
        if champion == NOBODY || self.beats(slot, champion, inputs) {
            self.cells[cell as usize] = slot;
        }
    }

    fn refresh(&mut self, cell: CellId, reader: &dyn CellReader, inputs: &Inputs<'_>) {
        let mut champion = NOBODY;
        let mut offer = |slot: Slot| {
            if slot != NOBODY
                && self.qualifies(slot, inputs)
                && (champion == NOBODY || self.beats(slot, champion, inputs))
            {
                champion = slot;
            }
        };
        if reader.is_deepest(cell) {
            reader.for_each_row(cell, &mut offer);
        } else {
            reader.for_each_child(cell, &mut |child| offer(self.cells[child as usize]));
        }
        self.cells[cell as usize] = champion;
    }
}

impl Accumulator for Champions {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, NOBODY);
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = NOBODY;
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        // Rows of one of the deepest cells are of one group, so their keys decide.
        if inputs.order.is_slot_order()
            && matches!(self.rule, Rule::First | Rule::Last | Rule::Tail)
        {
            let order = if self.rule == Rule::First {
                Ordering::Less
            } else {
                Ordering::Greater
            };
            for (i, &cell) in cells.iter().enumerate() {
                let slot = rows.at(i);
                let champion = &mut self.cells[cell as usize];
                if *champion == NOBODY || slot.cmp(champion) == order {
                    *champion = slot;
                }
            }
            return;
        }
        for (i, &cell) in cells.iter().enumerate() {
            let slot = rows.at(i);
            if self.qualifies(slot, inputs) {
                self.offer(cell, slot, inputs);
            }
        }
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            let slot = self.cells[cell as usize];
            if slot != NOBODY {
                self.offer(to, slot, inputs);
            }
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        let mut stale = HashSet::default();
        for out in step.removed {
            if self.cells[out.cell as usize] == out.slot {
                stale.insert(out.cell);
            }
        }
        for come in step.added {
            if self.qualifies(come.slot, inputs)
                && (stale.is_empty() || !stale.contains(&come.cell))
            {
                self.offer(come.cell, come.slot, inputs);
            }
        }
        if !stale.is_empty() {
            for &cell in step.touched {
                if stale.contains(&cell) {
                    self.refresh(cell, step.reader, inputs);
                }
            }
        }
    }

    fn outcome<'a>(
        &'a self,
        _: Output,
        cell: CellId,
        value: &'a Column,
        _: &dyn CellReader,
    ) -> Outcome<'a> {
        match self.cells[cell as usize] {
            NOBODY => Outcome::Null,
            slot => value.value(slot as usize).into(),
        }
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * 4
    }
}
