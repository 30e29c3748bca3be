//! Flat views: rows of the table, filtered and sorted.
//!
//! An unfiltered, unsorted view holds nothing and borrows the table's row order. Any other holds its slots in order; a
//! step takes touched rows out and puts them where they belong now, at a cost that the size of the table hardly shows
//! in. With `split_by`, each row shows its values in the columns of its own split path and nothing in the others.

use std::cmp::Ordering;
use std::ops::Range;
use std::rc::Rc;

use super::order::{RowSort, compare_rows, same_cell, sort_slots};
use super::plan::Plan;
use super::splits::SplitAxis;
use super::step::{Columns, Slot, Step};
use crate::column::Bitmap;
use crate::slice::Rows;
use crate::table::{OrderedSlots, RowOrder, Table};

/// The rows of a flat view.
#[derive(Debug)]
pub(super) struct FlatRows {
    /// `None`: all rows in row order.
    slots: Option<OrderedSlots>,
    splits: Option<SplitAxis>,
}

impl FlatRows {
    /// Builds the view. `passing` says which slots pass the filter; `None`: all that are live.
    pub fn build(
        plan: &Plan,
        table: &Table,
        columns: Columns<'_>,
        passing: Option<&Bitmap>,
    ) -> Self {
        let sorts = plan.row_sorts();
        let slots = match passing {
            None if sorts.is_empty() => None,
            passing => {
                let in_row_order = rows_in_order(table, passing);
                Some(if sorts.is_empty() {
                    in_row_order
                } else {
                    sort_slots(sorts, columns, &in_row_order)
                })
            }
        };
        let slots = slots.map(OrderedSlots::from_sorted);
        let mut rows = Self {
            slots,
            splits: None,
        };
        if !plan.split_by().is_empty() {
            let all: Vec<Slot> = rows.range(table, 0..usize::MAX).collect();
            rows.splits = Some(SplitAxis::build(plan, columns, &all));
        }
        rows
    }

    /// Follows a step. `rekeyed`: some slot may hold a row of another key than before.
    pub fn step(&mut self, plan: &Plan, table: &Table, step: &Step<'_>, rekeyed: bool) {
        if let Some(splits) = &mut self.splits {
            splits.step(plan, step);
        }
        let Some(slots) = &mut self.slots else {
            return;
        };
        let sorts = plan.row_sorts();
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for (entry, &slot) in step.slots.iter().enumerate() {
            let (was, is) = (step.was.get(entry), step.is.get(entry));
            if was && is && !rekeyed && keeps_place(sorts, step, entry) {
                continue;
            }
            if was {
                gone.push(slot);
            }
            if is {
                come.push(slot);
            }
        }
        let compare = |a: Slot, b: Slot| compare_rows(sorts, step.new, table, a, b);
        if !gone.is_empty() {
            slots.remove_batch(gone);
        }
        sort_new(&mut come, sorts, step.new, table, compare);
        slots.insert_batch(&come, compare);
    }

    /// The number of rows.
    pub fn len(&self, table: &Table) -> usize {
        self.slots
            .as_ref()
            .map_or(table.n_rows(), OrderedSlots::len)
    }

    /// The split paths.
    pub fn splits(&self) -> Option<&SplitAxis> {
        self.splits.as_ref()
    }

    /// The slots of the rows in a range, which is clamped.
    pub fn range<'a>(
        &'a self,
        table: &'a Table,
        range: Range<usize>,
    ) -> Box<dyn Iterator<Item = Slot> + 'a> {
        match &self.slots {
            Some(slots) => Box::new(slots.range(range)),
            None => Box::new(table.row_order().range(range)),
        }
    }

    /// The same as rows of a slice.
    pub fn rows(&self, table: &Table, range: Range<usize>) -> Rows {
        let end = range.end.min(self.len(table));
        let start = range.start.min(end);
        if self.slots.is_none() && matches!(table.row_order(), RowOrder::Identity(_)) {
            return Rows::Range(start..end);
        }
        Rows::List(self.range(table, start..end).collect::<Vec<_>>().into())
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.slots.as_ref().map_or(0, OrderedSlots::heap_size)
            + self.splits.as_ref().map_or(0, SplitAxis::heap_size)
    }
}

/// The live slots that pass, in row order.
pub(super) fn rows_in_order(table: &Table, passing: Option<&Bitmap>) -> Vec<Slot> {
    match (table.row_order(), passing) {
        (order, None) => order.iter().collect(),
        (RowOrder::Identity(_), Some(passing)) => {
            let mut slots = Vec::with_capacity(passing.count_ones());
            slots.extend(passing.ones().map(|slot| slot as Slot));
            slots
        }
        (order, Some(passing)) => order
            .iter()
            .filter(|&slot| passing.get(slot as usize))
            .collect(),
    }
}

/// Whether a row that is in the view before and after a step, under one key, stays where it was.
fn keeps_place(sorts: &[RowSort], step: &Step<'_>, entry: usize) -> bool {
    let (row, slot) = (step.before[entry] as usize, step.slots[entry] as usize);
    sorts.iter().all(|sort| {
        same_cell(
            step.old.get(sort.column),
            row,
            step.new.get(sort.column),
            slot,
        )
    })
}

/// Sorts slots in any order by the sorts and the row order.
fn sort_new(
    slots: &mut Vec<Slot>,
    sorts: &[RowSort],
    columns: Columns<'_>,
    table: &Table,
    compare: impl Fn(Slot, Slot) -> Ordering,
) {
    /// From here on, sorting keys beats comparing cells.
    const MANY: usize = 64;
    if slots.len() < MANY || sorts.is_empty() {
        if !slots.is_sorted_by(|&a, &b| compare(a, b).is_lt()) {
            slots.sort_unstable_by(|&a, &b| compare(a, b));
        }
        return;
    }
    match table.row_order() {
        RowOrder::Identity(_) => slots.sort_unstable(),
        RowOrder::Ordered(_) => slots.sort_unstable_by(|&a, &b| table.compare_keys(a, b)),
    }
    *slots = sort_slots(sorts, columns, slots);
}

/// Slots as the rows of a slice.
pub(super) fn listed(slots: Vec<Slot>) -> Rows {
    Rows::List(Rc::new(slots))
}
