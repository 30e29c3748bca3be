//! The rows of each partition in window order, kept up to date by steps.
//!
//! In: touched rows with their old and new cells. Out: for each partition touched, the positions from which and up to
//! which frames may have changed. A row that stays in place is found by binary search; rows that leave or move cost
//! one pass over the positions of their partition, which holds nothing but row numbers.

use std::cmp::Ordering;

use crate::column::Column;
use crate::hash::{HashMap, HashSet};
use crate::value::Scalar;
use crate::view::{ABSENT, ColumnRef, Columns, Slot, Step};

use super::plan::WindowPlan;

/// What windows must know of a table's primary keys, by which rows are ordered where nothing else orders them.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// Compares the keys of two live rows.
    pub compare: &'a dyn Fn(Slot, Slot) -> Ordering,
    /// The position of the index column.
    pub index: Option<usize>,
    /// Whether slots of a table without index are used again under new row numbers: a table with a limit.
    pub ring: bool,
}

impl Keys<'_> {
    /// Whether the touched row `i` of a step stands under another key than its slot did before.
    fn moved(&self, step: &Step<'_>, i: usize) -> bool {
        match self.index {
            Some(position) => {
                let column = ColumnRef::Table(position);
                !same_cell(
                    step.old.get(column),
                    step.before[i],
                    step.new.get(column),
                    step.slots[i],
                )
            }
            None => self.ring,
        }
    }
}

/// A partition that no row is in.
const NOWHERE: u32 = u32::MAX;

/// All partitions of one window column.
#[derive(Debug, Default)]
pub struct Partitions {
    ids: HashMap<Vec<Scalar>, u32>,
    /// The rows of each partition in window order.
    rows: Vec<Vec<Slot>>,
    /// The partition of each slot, or [`NOWHERE`].
    of_slot: Vec<u32>,
}

/// What a step did to one partition.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// The partition.
    pub partition: u32,
    /// Positions, now, of rows that came, changed, or follow right after one that left; ascending.
    pub positions: Vec<usize>,
    /// Whether rows came or went, so that all later positions shifted.
    pub resized: bool,
}

/// The order of two rows by the order column. Rows without a key come first whichever way it goes, as in the reference.
fn compare_orders(column: &Column, descending: bool, a: Slot, b: Slot) -> Ordering {
    let (a, b) = (a as usize, b as usize);
    let order = column.compare(a, b);
    if descending && !column.is_null(a) && !column.is_null(b) {
        order.reverse()
    } else {
        order
    }
}

/// Window order of two live rows.
pub fn compare(
    plan: &WindowPlan,
    columns: Columns<'_>,
    keys: &Keys<'_>,
    a: Slot,
    b: Slot,
) -> Ordering {
    let by_order = plan
        .order_by
        .map_or(Ordering::Equal, |(column, descending)| {
            compare_orders(columns.get(column), descending, a, b)
        });
    by_order.then_with(|| (keys.compare)(a, b))
}

fn partition_key(plan: &WindowPlan, columns: Columns<'_>, row: usize) -> Vec<Scalar> {
    plan.partition_by
        .iter()
        .map(|&column| columns.get(column).value(row).to_scalar())
        .collect()
}

fn same_cell(old: &Column, before: u32, new: &Column, slot: Slot) -> bool {
    old.value(before as usize) == new.value(slot as usize)
}

impl Partitions {
    /// Sorts rows, given in row order, into partitions.
    pub fn build(plan: &WindowPlan, columns: Columns<'_>, rows: &[Slot], n_slots: usize) -> Self {
        let mut partitions = Self {
            of_slot: vec![NOWHERE; n_slots],
            ..Self::default()
        };
        if plan.partition_by.is_empty() {
            partitions.ids.insert(Vec::new(), 0);
            partitions.rows.push(rows.to_vec());
            for &slot in rows {
                partitions.of_slot[slot as usize] = 0;
            }
        } else {
            for &slot in rows {
                let id = partitions.id(partition_key(plan, columns, slot as usize));
                partitions.rows[id as usize].push(slot);
                partitions.of_slot[slot as usize] = id;
            }
        }
        if let Some((column, descending)) = plan.order_by {
            let column = columns.get(column);
            for rows in &mut partitions.rows {
                // Stable, so ties stay in row order.
                rows.sort_by(|&a, &b| compare_orders(column, descending, a, b));
            }
        }
        partitions
    }

    fn id(&mut self, key: Vec<Scalar>) -> u32 {
        let next = self.rows.len() as u32;
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.rows.push(Vec::new());
        }
        id
    }

    /// The number of partitions there ever were.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a partition in window order.
    pub fn rows(&self, partition: u32) -> &[Slot] {
        &self.rows[partition as usize]
    }

    /// Moves the rows that a step touched to where they belong now. Membership is that of the table: windows are
    /// computed before any filter.
    pub fn step(
        &mut self,
        plan: &WindowPlan,
        step: &Step<'_>,
        n_slots: usize,
        keys: &Keys<'_>,
    ) -> Vec<Touched> {
        self.of_slot
            .resize(n_slots.max(self.of_slot.len()), NOWHERE);
        let mut leave: HashMap<u32, HashSet<Slot>> = HashMap::default();
        let mut enter: HashMap<u32, Vec<Slot>> = HashMap::default();
        let mut stay: HashMap<u32, Vec<Slot>> = HashMap::default();
        for (i, &slot) in step.slots.iter().enumerate() {
            let from = self.of_slot[slot as usize];
            let to = if step.is.get(i) {
                self.id(partition_key(plan, step.new, slot as usize))
            } else {
                NOWHERE
            };
            let before = step.before[i];
            let in_place = from == to && from != NOWHERE && before != ABSENT && {
                plan.order_by.is_none_or(|(column, _)| {
                    same_cell(step.old.get(column), before, step.new.get(column), slot)
                }) && !keys.moved(step, i)
            };
            if in_place {
                stay.entry(from).or_default().push(slot);
                continue;
            }
            if from != NOWHERE {
                leave.entry(from).or_default().insert(slot);
            }
            if to != NOWHERE {
                enter.entry(to).or_default().push(slot);
            }
            self.of_slot[slot as usize] = to;
        }

        let mut touched: HashMap<u32, Touched> = HashMap::default();
        for (partition, gone) in leave {
            let rows = &mut self.rows[partition as usize];
            let entry = touched.entry(partition).or_default();
            entry.resized = true;
            let mut kept = 0;
            for at in 0..rows.len() {
                if gone.contains(&rows[at]) {
                    if entry.positions.last() != Some(&kept) {
                        entry.positions.push(kept);
                    }
                } else {
                    rows[kept] = rows[at];
                    kept += 1;
                }
            }
            rows.truncate(kept);
        }
        for (partition, mut came) in enter {
            came.sort_by(|&a, &b| compare(plan, step.new, keys, a, b));
            let rows = &mut self.rows[partition as usize];
            let entry = touched.entry(partition).or_default();
            entry.resized = true;
            let mut places: Vec<usize> = (came.iter())
                .map(|&slot| {
                    // The usual newcomer is the youngest row.
                    match rows.last() {
                        Some(&last) if compare(plan, step.new, keys, last, slot).is_gt() => rows
                            .partition_point(|&other| {
                                compare(plan, step.new, keys, other, slot).is_lt()
                            }),
                        _ => rows.len(),
                    }
                })
                .collect();
            // Positions noted for leavers shift by the newcomers before them.
            for position in &mut entry.positions {
                *position += places.partition_point(|place| *place <= *position);
            }
            merge_in(rows, &came, &places);
            for (nth, place) in places.iter_mut().enumerate() {
                *place += nth;
            }
            // A newcomer shifts its successor, whose frame may now begin elsewhere.
            entry.positions.extend(places);
        }
        for (partition, slots) in stay {
            let rows = &self.rows[partition as usize];
            let entry = touched.entry(partition).or_default();
            for slot in slots {
                let at = rows
                    .partition_point(|&other| compare(plan, step.new, keys, other, slot).is_lt());
                debug_assert_eq!(rows.get(at), Some(&slot));
                entry.positions.push(at);
            }
        }
        let mut touched: Vec<Touched> = touched
            .into_iter()
            .map(|(partition, mut entry)| {
                entry.partition = partition;
                entry.positions.sort_unstable();
                entry.positions.dedup();
                entry
            })
            .collect();
        touched.sort_unstable_by_key(|entry| entry.partition);
        touched
    }
}

/// Inserts `came` into `rows`: each before what stood at its place, places ascending.
fn merge_in(rows: &mut Vec<Slot>, came: &[Slot], places: &[usize]) {
    let mut from = rows.len();
    rows.resize(from + came.len(), 0);
    let mut to = rows.len();
    for (&slot, &place) in came.iter().zip(places).rev() {
        let n = from - place;
        rows.copy_within(place..from, to - n);
        to -= n + 1;
        rows[to] = slot;
        from = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_are_merged_in_at_their_places() {
        let mut rows = vec![10, 20, 30];
        merge_in(&mut rows, &[5, 15, 16, 40], &[0, 1, 1, 3]);
        assert_eq!(rows, [5, 10, 15, 16, 20, 30, 40]);
    }
}
