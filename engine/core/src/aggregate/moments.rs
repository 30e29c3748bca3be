//! Second moments and weighted means: `var`, `stddev`, `weighted mean`.
//!
//! Both keep plain sums in twice the precision: of values and their squares, of weights and weighted values. Squares
//! are not rounded on the way, so the subtraction at the end loses nothing that a single float could have kept.

use std::ops::Range;

use super::accumulator::{
    Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows, for_each_valid,
};
use super::catalog::Output;
use super::exact::Twofold;
use crate::column::{Column, Data, unflip_u64};
use crate::schema::DataType;

/// The number at a row that is not null, exactly.
pub(super) fn number(column: &Column, row: usize) -> Twofold {
    match column.data() {
        Data::Float(values) => Twofold::from(values[row]),
        Data::Int(values) if column.dtype() == DataType::UInt64 => {
            let value = unflip_u64(values[row]);
            // Halves are added so that each fits an integer.
            let mut sum = Twofold::from_int((value >> 1) as i64);
            sum += Twofold::from_int((value - (value >> 1)) as i64);
            sum
        }
        Data::Int(values) => Twofold::from_int(values[row]),
        Data::Bool(values) => Twofold::from(f64::from(u8::from(values[row]))),
        Data::Text(_) => Twofold::default(),
    }
}

/// Whether squares and products of such numbers stay in the range of floats.
fn is_tame(value: f64) -> bool {
    value.abs() < 1e150
}

/// Two sums over the rows of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    first: Twofold,
    second: Twofold,
    n: u32,
    /// Rows that are not tame; they make the result NaN.
    wild: u32,
}

impl Pair {
    fn count(&mut self, first: Twofold, second: Twofold, inwards: bool) {
        let tame = is_tame(first.value()) && second.value().is_finite();
        match (tame, inwards) {
            (true, true) => {
                self.first += first;
                self.second += second;
            }
            (true, false) => {
                self.first -= first;
                self.second -= second;
            }
            (false, true) => self.wild += 1,
            (false, false) => self.wild -= 1,
        }
        if inwards {
            self.n += 1;
        } else {
            self.n -= 1;
        }
        if self.n == 0 {
            *self = Self::default();
        }
    }

    fn merge(&mut self, other: &Self) {
        self.first += other.first;
        self.second += other.second;
        self.n += other.n;
        self.wild += other.wild;
    }
}

/// Sums of values and of their squares.
#[derive(Debug, Default)]
pub(super) struct Moments {
    cells: Vec<Pair>,
}

impl Moments {
    fn count(&mut self, cell: CellId, value: Twofold, inwards: bool) {
        self.cells[cell as usize].count(value, value.times(value), inwards);
    }
}

impl Accumulator for Moments {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, Pair::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = Pair::default();
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        for_each_valid(inputs.value, cells, rows, |cell, row| {
            self.count(cell, number(inputs.value, row), true);
        });
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            let pair = self.cells[cell as usize];
            self.cells[to as usize].merge(&pair);
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        for out in step.removed {
            let row = out.row as usize;
            if !inputs.old_value.is_null(row) {
                self.count(out.cell, number(inputs.old_value, row), false);
            }
        }
        for come in step.added {
            let row = come.row as usize;
            if !inputs.value.is_null(row) {
                self.count(come.cell, number(inputs.value, row), true);
            }
        }
    }

    fn outcome<'a>(
        &'a self,
        output: Output,
        cell: CellId,
        _: &'a Column,
        _: &dyn CellReader,
    ) -> Outcome<'a> {
        let pair = &self.cells[cell as usize];
        if pair.n < 2 {
            return Outcome::Null;
        }
        if pair.wild > 0 {
            return Outcome::Float(f64::NAN);
        }
        let n = Twofold::from(f64::from(pair.n));
        let mut spread = pair.second;
        spread -= pair.first.times(pair.first).over(n);
        let variance = (spread.value() / f64::from(pair.n)).max(0.0);
        Outcome::Float(if output == Output::Deviation {
            variance.sqrt()
        } else {
            variance
        })
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * size_of::<Pair>()
    }
}

/// Sums of weights and of weighted values, over rows that have both.
#[derive(Debug, Default)]
pub(super) struct Weighted {
    cells: Vec<Pair>,
}

impl Weighted {
    fn count(&mut self, cell: CellId, row: usize, value: &Column, by: &Column, inwards: bool) {
        if !value.is_null(row) && !by.is_null(row) {
            let weight = number(by, row);
            self.cells[cell as usize].count(weight, number(value, row).times(weight), inwards);
        }
    }
}

impl Accumulator for Weighted {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, Pair::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = Pair::default();
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        for_each_valid(inputs.value, cells, rows, |cell, row| {
            self.count(cell, row, inputs.value, inputs.by, true);
        });
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            let pair = self.cells[cell as usize];
            self.cells[to as usize].merge(&pair);
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        for out in step.removed {
            let row = out.row as usize;
            self.count(out.cell, row, inputs.old_value, inputs.old_by, false);
        }
        for come in step.added {
            self.count(come.cell, come.row as usize, inputs.value, inputs.by, true);
        }
    }

    fn outcome<'a>(
        &'a self,
        _: Output,
        cell: CellId,
        _: &'a Column,
        _: &dyn CellReader,
    ) -> Outcome<'a> {
        let pair = &self.cells[cell as usize];
        let weights = pair.first.value();
        if pair.wild > 0 {
            Outcome::Float(f64::NAN)
        } else if pair.n == 0 || weights == 0.0 {
            Outcome::Null
        } else {
            Outcome::Float(pair.second.over(pair.first).value())
        }
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * size_of::<Pair>()
    }
}
