//! Window columns: cells computed from other rows of the same partition.
//!
//! In: a checked [`WindowPlan`], the columns it reads, and steps. Out: one column by slot, and after a step the rows
//! whose cell changed. Windows are evaluated over the whole table, before any filter. A step evaluates again only what
//! the touched positions reach: a frame, an offset, or, for cumulative ops, the rest of the partition.
//!
//! `plan` what to compute - `partition` rows in window order - `eval` cells of a run of positions - `sum` sums without
//! drift - `quantile` rolling quantiles.

mod eval;
mod partition;
mod plan;
mod quantile;
mod sum;

use std::ops::Range;

use eval::{Cells, Checkpoints, Input};
pub use partition::Keys;
use partition::Partitions;
pub use plan::WindowPlan;

use crate::column::{Column, column_of};
use crate::value::Value;
use crate::view::{Columns, Slot, Step};

/// A window column with what it needs to follow its table.
#[derive(Debug)]
pub struct WindowColumn {
    plan: WindowPlan,
    partitions: Partitions,
    checkpoints: Vec<Checkpoints>,
    column: Column,
    /// How many cells were evaluated in all.
    n_evaluated: u64,
}

impl WindowColumn {
    /// Computes the column for all rows. `rows` are the live slots in row order.
    pub fn new(plan: WindowPlan, columns: Columns<'_>, rows: &[Slot], n_slots: usize) -> Self {
        let partitions = Partitions::build(&plan, columns, rows, n_slots);
        let mut built = Self {
            checkpoints: vec![Checkpoints::default(); partitions.len()],
            partitions,
            column: Column::nulls(plan.dtype, n_slots),
            n_evaluated: 0,
            plan,
        };
        for partition in 0..built.partitions.len() as u32 {
            let all = 0..built.partitions.rows(partition).len();
            let cells = built.cells(partition, all, columns);
            let source = built.plan.source.map(|source| columns.get(source));
            let fresh = cells.into_column(built.plan.dtype, source);
            let targets = built.partitions.rows(partition).iter();
            built
                .column
                .scatter(&fresh, targets.map(|&slot| slot as usize).zip(0..));
        }
        built
    }

    /// How many cells were evaluated since the window was made: what its building and its steps cost.
    pub fn n_evaluated(&self) -> u64 {
        self.n_evaluated
    }

    /// The cells by slot. Those of free slots are of no meaning.
    pub fn column(&self) -> &Column {
        &self.column
    }

    /// Exchanges the column with `other`: the cells may live elsewhere between steps.
    pub fn swap_column(&mut self, other: &mut Column) {
        std::mem::swap(&mut self.column, other);
    }

    /// Follows a step of the table: `was` and `is` say which rows exist, whatever a filter says. The slots whose cell
    /// changed are noted in `changed`, each once, those that the step touched among them.
    pub fn step(
        &mut self,
        step: &Step<'_>,
        n_slots: usize,
        keys: &Keys<'_>,
        changed: &mut Changed,
    ) {
        if self.column.len() < n_slots {
            self.column.extend_nulls(n_slots - self.column.len());
        }
        let touched = self.partitions.step(&self.plan, step, n_slots, keys);
        self.checkpoints
            .resize_with(self.partitions.len(), Checkpoints::default);
        for touched in touched {
            let Some(&first) = touched.positions.first() else {
                continue;
            };
            self.checkpoints[touched.partition as usize].truncate(first);
            let input = Input {
                plan: &self.plan,
                columns: step.new,
                rows: self.partitions.rows(touched.partition),
            };
            for range in input.affected(&touched.positions, touched.resized) {
                self.evaluate(touched.partition, range, step.new, changed);
            }
        }
    }

    /// Evaluates a run of positions.
    fn cells(&mut self, partition: u32, range: Range<usize>, columns: Columns<'_>) -> Cells {
        self.n_evaluated += range.len() as u64;
        let input = Input {
            plan: &self.plan,
            columns,
            rows: self.partitions.rows(partition),
        };
        input.evaluate(range, &mut self.checkpoints[partition as usize])
    }

    /// Evaluates a run of positions and writes the cells that differ.
    fn evaluate(
        &mut self,
        partition: u32,
        range: Range<usize>,
        columns: Columns<'_>,
        changed: &mut Changed,
    ) {
        let cells = self.cells(partition, range.clone(), columns);
        let slots = &self.partitions.rows(partition)[range];
        let source = self.plan.source.map(|source| columns.get(source));
        let value = |i: usize| match &cells {
            Cells::Rows(picked) => match (picked[i], source) {
                (Some(slot), Some(column)) => column.value(slot as usize),
                _ => Value::Null,
            },
            Cells::Floats(numbers) => numbers[i].map_or(Value::Null, Value::Float),
            Cells::Ints(numbers) => Value::Int(numbers[i]),
        };
        let differing: Vec<usize> = (0..slots.len())
            .filter(|&i| !same(self.column.value(slots[i] as usize), value(i)))
            .collect();
        changed.note(differing.iter().map(|&i| slots[i]), &self.column);
        // Through a column of its own, so that text goes into the window's own dictionary and the table's is not
        // shared beyond this call.
        let fresh = column_of(self.plan.dtype, differing.iter().map(|&i| value(i)));
        let targets = differing.iter().map(|&i| slots[i] as usize).zip(0..);
        self.column.scatter(&fresh, targets);
    }
}

/// The cells of a window column that a step changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// Their slots.
    pub slots: Vec<Slot>,
    /// What they held before, in the same order; `None`: nothing changed. Codes of text are those of the window's
    /// dictionary, which is not held here.
    pub before: Option<Column>,
}

impl Changed {
    /// Notes slots and the cells of `column` there, before they change.
    pub fn note(&mut self, slots: impl Iterator<Item = Slot>, column: &Column) {
        let start = self.slots.len();
        self.slots.extend(slots);
        if self.slots.len() > start {
            let mut before = column.gather(&self.slots[start..]);
            before.forget_dictionary();
            match &mut self.before {
                None => self.before = Some(before),
                Some(all) => all.append_codes(&before),
            }
        }
    }
}

/// Whether two cells are the same to the bit: the two zeros are not.
fn same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a.is_null() == b.is_null() && a == b,
    }
}

#[cfg(test)]
mod tests;
