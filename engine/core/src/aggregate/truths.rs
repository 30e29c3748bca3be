//! Whether all or some values are true: `and`, `or`.
//!
//! Numbers are true unless zero, texts unless empty, days and instants always. Null is not true.

use std::ops::Range;

use super::accumulator::{Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows};
use super::catalog::Output;
use crate::column::Column;
use crate::value::Value;

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    truths: u32,
    falsehoods: u32,
    nulls: u32,
}

/// Counts of true, false and null values.
#[derive(Debug, Default)]
pub(super) struct Truths {
    cells: Vec<Tally>,
}

impl Tally {
    fn bucket(&mut self, column: &Column, row: usize) -> &mut u32 {
        let truth = match column.value(row) {
            Value::Null => return &mut self.nulls,
            Value::Bool(v) => v,
            Value::Int(v) => v != 0,
            Value::UInt(v) => v != 0,
            Value::Float(v) => v != 0.0,
            Value::Text(v) => !v.is_empty(),
            Value::Date(_) | Value::Datetime(_) => true,
        };
        if truth {
            &mut self.truths
        } else {
            &mut self.falsehoods
        }
    }
}

impl Accumulator for Truths {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, Tally::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = Tally::default();
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        for (i, &cell) in cells.iter().enumerate() {
            *self.cells[cell as usize].bucket(inputs.value, rows.at(i) as usize) += 1;
        }
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            let Tally {
                truths,
                falsehoods,
                nulls,
            } = self.cells[cell as usize];
            let to = &mut self.cells[to as usize];
            to.truths += truths;
            to.falsehoods += falsehoods;
            to.nulls += nulls;
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        for out in step.removed {
            *self.cells[out.cell as usize].bucket(inputs.old_value, out.row as usize) -= 1;
        }
        for come in step.added {
            *self.cells[come.cell as usize].bucket(inputs.value, come.row as usize) += 1;
        }
    }

    fn outcome<'a>(
        &'a self,
        output: Output,
        cell: CellId,
        _: &'a Column,
        _: &dyn CellReader,
    ) -> Outcome<'a> {
        let tally = self.cells[cell as usize];
        if output == Output::All {
            Outcome::Truth(tally.falsehoods == 0 && tally.nulls == 0)
        } else if tally.truths + tally.falsehoods == 0 {
            Outcome::Null
        } else {
            Outcome::Truth(tally.truths > 0)
        }
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * size_of::<Tally>()
    }
}
