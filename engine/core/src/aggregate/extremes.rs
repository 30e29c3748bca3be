//! Least and greatest values: `min`, `max`, `low`, `high`, `high minus low`; null is never either. A value is `unique`
//! (or a `distinct leaf`) if every row of the cell attains the minimum.
//!
//! Each extreme is kept with the number of rows that attain it, so a cell is read again only when the last of them
//! leaves: from the cells below, or from its rows at the deepest level.

use std::ops::Range;

use super::accumulator::{Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows};
use super::catalog::{Output, difference};
use super::words::{compare, dictionary_of, value_of, word_at};
use crate::column::{Column, Data, Dictionary};
use crate::hash::HashSet;

#[derive(Debug, Clone, Copy, Default)]
struct Extreme {
    min: u64,
    max: u64,
    /// How many rows attain the minimum; 0 if there is no value.
    n_min: u32,
    n_max: u32,
}

impl Extreme {
    /// Takes in `n` rows that hold `word`, given whether one word comes before another.
    #[inline(always)]
    fn insert(&mut self, min: (u64, u32), max: (u64, u32), before: &impl Fn(u64, u64) -> bool) {
        if self.n_min == 0 || before(min.0, self.min) {
            (self.min, self.n_min) = min;
        } else if self.min == min.0 {
            self.n_min += min.1;
        }
        if self.n_max == 0 || before(self.max, max.0) {
            (self.max, self.n_max) = max;
        } else if self.max == max.0 {
            self.n_max += max.1;
        }
    }
}

/// Extremes of all cells.
#[derive(Debug, Default)]
pub(super) struct Extremes {
    cells: Vec<Extreme>,
}

impl Extremes {
    fn merge(&mut self, to: CellId, from: Extreme, before: &impl Fn(u64, u64) -> bool) {
        if from.n_min > 0 {
            self.cells[to as usize].insert((from.min, from.n_min), (from.max, from.n_max), before);
        }
    }

    /// Reads a cell again.
    fn refresh(
        &mut self,
        cell: CellId,
        reader: &dyn CellReader,
        column: &Column,
        dictionary: Option<&Dictionary>,
    ) {
        let before = |a, b| compare(dictionary, a, b).is_lt();
        let mut fresh = Self {
            cells: vec![Extreme::default()],
        };
        if reader.is_deepest(cell) {
            reader.for_each_row(cell, &mut |slot| {
                if let Some(word) = word_at(column, slot as usize, false) {
                    fresh.cells[0].insert((word, 1), (word, 1), &before);
                }
            });
        } else {
            reader.for_each_child(cell, &mut |child| {
                fresh.merge(0, self.cells[child as usize], &before);
            });
        }
        self.cells[cell as usize] = fresh.cells[0];
    }
}

impl Accumulator for Extremes {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, Extreme::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = Extreme::default();
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        let column = inputs.value;
        let states = &mut self.cells;
        if let Data::Text(text) = column.data() {
            let ranks = text.dictionary.ranks();
            let before = |a: u64, b: u64| ranks[a as usize] < ranks[b as usize];
            for (i, &cell) in cells.iter().enumerate() {
                if let Some(word) = word_at(column, rows.at(i) as usize, false) {
                    states[cell as usize].insert((word, 1), (word, 1), &before);
                }
            }
        } else {
            let before = |a: u64, b: u64| a < b;
            for (i, &cell) in cells.iter().enumerate() {
                if let Some(word) = word_at(column, rows.at(i) as usize, false) {
                    states[cell as usize].insert((word, 1), (word, 1), &before);
                }
            }
        }
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], inputs: &Inputs<'_>) {
        let ranks = dictionary_of(inputs.value).map(Dictionary::ranks);
        let before = |a: u64, b: u64| match ranks {
            Some(ranks) => ranks[a as usize] < ranks[b as usize],
            None => a < b,
        };
        for (cell, &to) in from.zip(into) {
            let extreme = self.cells[cell as usize];
            self.merge(to, extreme, &before);
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        let dictionary = dictionary_of(inputs.value);
        let before = |a, b| compare(dictionary, a, b).is_lt();
        // What comes goes first: a new extreme saves reading again when the old one leaves.
        for come in step.added {
            if let Some(word) = word_at(inputs.value, come.row as usize, false) {
                self.cells[come.cell as usize].insert((word, 1), (word, 1), &before);
            }
        }
        let mut stale = HashSet::default();
        for out in step.removed {
            let Some(word) = word_at(inputs.old_value, out.row as usize, false) else {
                continue;
            };
            let state = &mut self.cells[out.cell as usize];
            if state.min == word {
                state.n_min = state.n_min.saturating_sub(1);
            }
            if state.max == word {
                state.n_max = state.n_max.saturating_sub(1);
            }
            if state.n_min == 0 || state.n_max == 0 {
                stale.insert(out.cell);
            }
        }
        if !stale.is_empty() {
            for &cell in step.touched {
                if stale.contains(&cell) {
                    self.refresh(cell, step.reader, inputs.value, dictionary);
                }
            }
        }
    }

    fn outcome<'a>(
        &'a self,
        output: Output,
        cell: CellId,
        value: &'a Column,
        reader: &dyn CellReader,
    ) -> Outcome<'a> {
        let state = self.cells[cell as usize];
        if state.n_min == 0 {
            return Outcome::Null;
        }
        let of = |word| Outcome::from(value_of(value, word));
        match output {
            Output::Min => of(state.min),
            Output::Max => of(state.max),
            Output::DistinctLeaf if !reader.is_leaf_row(cell) => Outcome::Null,
            Output::Unique | Output::DistinctLeaf if state.n_min < reader.n_rows(cell) => {
                Outcome::Null
            }
            Output::Unique | Output::DistinctLeaf => of(state.min),
            _ => difference(of(state.max), of(state.min)),
        }
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * size_of::<Extreme>()
    }
}
