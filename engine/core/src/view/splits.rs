//! The column axis of flat views with `split_by`: which split path each row is on, and which paths there are.
//!
//! A path appears with its first row and disappears with its last. Paths are found by the numbers of their cells
//! (`cell_number`), so text is not looked at until paths are listed.

use hashbrown::HashTable;

use super::config::SplitRollup;
use super::plan::Plan;
use super::step::{Columns, Slot, Step};
use crate::column::{Column, column_of};
use crate::hash::hash_one;
use crate::table::cell_number;
use crate::value::Scalar;

/// In `path_of`: the row is not in the view.
const NOWHERE: u32 = u32::MAX;

/// The split paths of the rows of a flat view.
#[derive(Debug)]
pub(super) struct SplitAxis {
    n_levels: usize,
    /// Path ids by the words of their cells.
    ids: HashTable<u32>,
    /// For each path two words a level: whether it is null, and its number.
    words: Vec<i64>,
    /// For each path its cells.
    values: Vec<Vec<Scalar>>,
    /// For each path the number of rows on it.
    counts: Vec<u32>,
    /// By slot.
    path_of: Vec<u32>,
}

/// One group of columns: the rows whose path begins with `values`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SplitPath {
    /// The values of the first levels; of all levels but for subtotals.
    pub values: Vec<Scalar>,
    /// The ids of the full paths below it, sorted.
    pub ids: Vec<u32>,
}

impl SplitAxis {
    pub fn build(plan: &Plan, columns: Columns<'_>, slots: &[Slot]) -> Self {
        let mut axis = Self {
            n_levels: plan.split_by().len(),
            ids: HashTable::new(),
            words: Vec::new(),
            values: Vec::new(),
            counts: Vec::new(),
            path_of: Vec::new(),
        };
        let levels = axis.levels(plan, columns);
        slots.iter().for_each(|&slot| axis.insert(&levels, slot));
        axis
    }

    fn levels<'a>(&self, plan: &Plan, columns: Columns<'a>) -> Vec<&'a Column> {
        plan.split_by()
            .iter()
            .map(|column| columns.get(column.source))
            .collect()
    }

    pub fn step(&mut self, plan: &Plan, step: &Step<'_>) {
        for (entry, &slot) in step.slots.iter().enumerate() {
            if step.was.get(entry) {
                let path = std::mem::replace(&mut self.path_of[slot as usize], NOWHERE);
                if let Some(count) = self.counts.get_mut(path as usize) {
                    *count -= 1;
                }
            }
        }
        let levels = self.levels(plan, step.new);
        for (entry, &slot) in step.slots.iter().enumerate() {
            if step.is.get(entry) {
                self.insert(&levels, slot);
            }
        }
    }

    fn insert(&mut self, levels: &[&Column], slot: Slot) {
        let row = slot as usize;
        let words: Vec<i64> = levels
            .iter()
            .flat_map(|level| match level.is_null(row) {
                true => [0, 0],
                false => [1, cell_number(level, row)],
            })
            .collect();
        let n = 2 * self.n_levels;
        let hash = hash_one(&words[..]);
        let all = &self.words;
        let of = |id: u32| &all[id as usize * n..][..n];
        let path = match self.ids.find(hash, |&id| of(id) == words) {
            Some(&id) => id,
            None => {
                let id = self.counts.len() as u32;
                self.ids.insert_unique(hash, id, |&id| hash_one(of(id)));
                self.words.extend_from_slice(&words);
                self.values.push(
                    levels
                        .iter()
                        .map(|level| level.value(row).to_scalar())
                        .collect(),
                );
                self.counts.push(0);
                id
            }
        };
        if self.path_of.len() <= row {
            self.path_of.resize(row + 1, NOWHERE);
        }
        self.path_of[row] = path;
        self.counts[path as usize] += 1;
    }

    /// The path a row is on.
    pub fn path_of(&self, slot: Slot) -> u32 {
        self.path_of[slot as usize]
    }

    /// The column groups in order: paths with rows, ascending; with subtotals before what they cover.
    pub fn paths(&self, rollup: SplitRollup) -> Vec<SplitPath> {
        let mut full: Vec<u32> = (0..self.counts.len() as u32)
            .filter(|&id| self.counts[id as usize] > 0)
            .collect();
        full.sort_unstable_by(|&a, &b| self.values[a as usize].cmp(&self.values[b as usize]));
        let mut paths: Vec<SplitPath> = Vec::new();
        // Totals that the current full path belongs to, outermost first.
        let mut open: Vec<usize> = Vec::new();
        for id in full {
            let values = &self.values[id as usize];
            if rollup == SplitRollup::Rollup {
                let kept = (open.iter())
                    .take_while(|&&at| values.starts_with(&paths[at].values))
                    .count();
                open.truncate(kept);
                for depth in open.len()..self.n_levels {
                    open.push(paths.len());
                    paths.push(SplitPath {
                        values: values[..depth].to_vec(),
                        ids: Vec::new(),
                    });
                }
                open.iter().for_each(|&at| paths[at].ids.push(id));
            }
            paths.push(SplitPath {
                values: values.clone(),
                ids: vec![id],
            });
        }
        paths.iter_mut().for_each(|path| path.ids.sort_unstable());
        paths
    }

    /// A column as it shows below a path: cells of rows that are on it, null for others.
    pub fn cells(&self, path: &SplitPath, column: &Column, slots: &[Slot]) -> Column {
        column_of(
            column.dtype(),
            slots
                .iter()
                .map(|&slot| match path.ids.binary_search(&self.path_of(slot)) {
                    Ok(_) => column.value(slot as usize),
                    Err(_) => crate::Value::Null,
                }),
        )
    }

    pub fn heap_size(&self) -> usize {
        self.words.capacity() * 8 + self.path_of.capacity() * 4 + self.ids.capacity() * 5
    }
}
