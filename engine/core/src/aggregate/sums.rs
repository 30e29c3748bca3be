//! Sums of a column, or of its magnitudes: `sum`, `abs sum`, `sum abs`, `avg`, the shares, and `gmv`.
//!
//! Integers and booleans are summed in 128 bits, floats in twice the precision ([`super::exact`]).

use std::ops::Range;

use super::accumulator::{
    Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows, for_each_valid,
};
use super::catalog::Output;
use super::exact::{Extraordinary, Twofold, is_ordinary};
use crate::column::{Column, Data, unflip_u64};
use crate::hash::HashMap;
use crate::schema::DataType;

/// Fills in how many values each cell holds after a bulk load.
fn count_valid(n: &mut [u32], column: &Column, cells: &[CellId], rows: Rows<'_>, counts: &[u32]) {
    if column.validity().is_none() {
        for (n, count) in n.iter_mut().zip(counts) {
            *n += count;
        }
    } else {
        for_each_valid(column, cells, rows, |cell, _| n[cell as usize] += 1);
    }
}

/// Sums of a float column.
#[derive(Debug, Default)]
pub(super) struct FloatSums {
    magnitudes: bool,
    /// How many values each cell holds.
    n: Vec<u32>,
    sums: Vec<Twofold>,
    extraordinary: HashMap<CellId, Extraordinary>,
}

impl FloatSums {
    pub(super) fn new(magnitudes: bool) -> Self {
        Self {
            magnitudes,
            ..Self::default()
        }
    }

    fn count(&mut self, cell: CellId, value: f64, times: i64) {
        let value = if self.magnitudes { value.abs() } else { value };
        let at = cell as usize;
        self.n[at] = self.n[at].wrapping_add_signed(times as i32);
        if is_ordinary(value) {
            self.sums[at].add(value * times as f64);
        } else {
            let entry = self.extraordinary.entry(cell).or_default();
            entry.count(value, times);
            if entry.is_empty() {
                self.extraordinary.remove(&cell);
            }
        }
        if self.n[at] == 0 {
            // Nothing is left, so neither is what rounding left behind.
            self.sums[at] = Twofold::default();
        }
    }

    fn total(&self, cell: CellId) -> f64 {
        let ordinary = self.sums[cell as usize];
        match self.extraordinary.get(&cell) {
            None => ordinary.value(),
            Some(rest) => rest.total(ordinary),
        }
    }
}

impl Accumulator for FloatSums {
    fn resize(&mut self, n_cells: usize) {
        self.n.resize(n_cells, 0);
        self.sums.resize(n_cells, Twofold::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.n[cell as usize] = 0;
        self.sums[cell as usize] = Twofold::default();
        self.extraordinary.remove(&cell);
    }

    fn insert_rows(
        &mut self,
        cells: &[CellId],
        rows: Rows<'_>,
        counts: &[u32],
        inputs: &Inputs<'_>,
    ) {
        let Data::Float(values) = inputs.value.data() else {
            return;
        };
        count_valid(&mut self.n, inputs.value, cells, rows, counts);
        let Self {
            sums,
            extraordinary,
            magnitudes,
            ..
        } = self;
        if *magnitudes {
            for_each_valid(inputs.value, cells, rows, |cell, row| {
                let value = values[row].abs();
                if is_ordinary(value) {
                    sums[cell as usize].add(value);
                } else {
                    extraordinary.entry(cell).or_default().count(value, 1);
                }
            });
        } else {
            for_each_valid(inputs.value, cells, rows, |cell, row| {
                let value = values[row];
                if is_ordinary(value) {
                    sums[cell as usize].add(value);
                } else {
                    extraordinary.entry(cell).or_default().count(value, 1);
                }
            });
        }
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.clone().zip(into) {
            self.n[to as usize] += self.n[cell as usize];
            let sum = self.sums[cell as usize];
            self.sums[to as usize] += sum;
        }
        if !self.extraordinary.is_empty() {
            for (cell, &to) in from.zip(into) {
                if let Some(rest) = self.extraordinary.get(&cell).copied() {
                    self.extraordinary.entry(to).or_default().merge(&rest);
                }
            }
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        let (Data::Float(old), Data::Float(new)) = (inputs.old_value.data(), inputs.value.data())
        else {
            return;
        };
        for out in step.removed {
            if !inputs.old_value.is_null(out.row as usize) {
                self.count(out.cell, old[out.row as usize], -1);
            }
        }
        for come in step.added {
            if !inputs.value.is_null(come.row as usize) {
                self.count(come.cell, new[come.row as usize], 1);
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
        let n = self.n[cell as usize];
        if n == 0 {
            return Outcome::Null;
        }
        let total = self.total(cell);
        Outcome::Float(match output {
            Output::Mean => total / f64::from(n),
            Output::AbsSum => total.abs(),
            _ => total,
        })
    }

    fn heap_size(&self) -> usize {
        self.n.capacity() * 4 + self.sums.capacity() * 16 + self.extraordinary.capacity() * 64
    }
}

/// The integers of a column as numbers.
enum Ints<'a> {
    Signed(&'a [i64]),
    Unsigned(&'a [i64]),
    Bools(&'a [bool]),
    None,
}

impl<'a> Ints<'a> {
    fn of(column: &'a Column) -> Self {
        match column.data() {
            Data::Int(values) if column.dtype() == DataType::UInt64 => Self::Unsigned(values),
            Data::Int(values) => Self::Signed(values),
            Data::Bool(values) => Self::Bools(values),
            _ => Self::None,
        }
    }

    #[inline]
    fn at(&self, row: usize) -> i128 {
        match self {
            Self::Signed(values) => values[row].into(),
            Self::Unsigned(values) => unflip_u64(values[row]).into(),
            Self::Bools(values) => values[row].into(),
            Self::None => 0,
        }
    }
}

/// Sums of an integer or boolean column.
#[derive(Debug)]
pub(super) struct IntSums {
    magnitudes: bool,
    n: Vec<u32>,
    sums: Vec<i128>,
}

impl IntSums {
    pub(super) fn new(_input: DataType, magnitudes: bool) -> Self {
        Self {
            magnitudes,
            n: Vec::new(),
            sums: Vec::new(),
        }
    }
}

impl Accumulator for IntSums {
    fn resize(&mut self, n_cells: usize) {
        self.n.resize(n_cells, 0);
        self.sums.resize(n_cells, 0);
    }

    fn clear(&mut self, cell: CellId) {
        self.n[cell as usize] = 0;
        self.sums[cell as usize] = 0;
    }

    fn insert_rows(
        &mut self,
        cells: &[CellId],
        rows: Rows<'_>,
        counts: &[u32],
        inputs: &Inputs<'_>,
    ) {
        count_valid(&mut self.n, inputs.value, cells, rows, counts);
        let sums = &mut self.sums;
        match (Ints::of(inputs.value), self.magnitudes) {
            (Ints::Signed(values), false) => {
                for_each_valid(inputs.value, cells, rows, |cell, row| {
                    sums[cell as usize] += i128::from(values[row]);
                });
            }
            (ints, magnitudes) => for_each_valid(inputs.value, cells, rows, |cell, row| {
                let value = ints.at(row);
                sums[cell as usize] += if magnitudes { value.abs() } else { value };
            }),
        }
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            self.n[to as usize] += self.n[cell as usize];
            self.sums[to as usize] += self.sums[cell as usize];
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        let (old, new) = (Ints::of(inputs.old_value), Ints::of(inputs.value));
        let value_of = |value: i128| if self.magnitudes { value.abs() } else { value };
        for out in step.removed {
            if !inputs.old_value.is_null(out.row as usize) {
                self.n[out.cell as usize] -= 1;
                self.sums[out.cell as usize] -= value_of(old.at(out.row as usize));
            }
        }
        for come in step.added {
            if !inputs.value.is_null(come.row as usize) {
                self.n[come.cell as usize] += 1;
                self.sums[come.cell as usize] += value_of(new.at(come.row as usize));
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
        let n = self.n[cell as usize];
        if n == 0 {
            return Outcome::Null;
        }
        let sum = self.sums[cell as usize];
        match output {
            Output::Mean => Outcome::Float(sum as f64 / f64::from(n)),
            Output::AbsSum => Outcome::Int(sum.abs()),
            _ => Outcome::Int(sum),
        }
    }

    fn heap_size(&self) -> usize {
        self.n.capacity() * 4 + self.sums.capacity() * 16
    }
}

/// Sums whose magnitudes can be added up.
pub(super) trait Summable: Accumulator {
    type Total: Copy + Default + std::ops::AddAssign + std::ops::SubAssign;
    /// The magnitude of a cell's sum; `None` if it is not an ordinary number.
    fn magnitude(&self, cell: CellId) -> Option<Self::Total>;
    /// The magnitude of a cell's sum as it would be shown.
    fn shown_magnitude(&self, cell: CellId) -> f64;
    /// A total as it is shown.
    fn show(total: Self::Total) -> Outcome<'static>;
}

impl Summable for FloatSums {
    type Total = Twofold;

    fn magnitude(&self, cell: CellId) -> Option<Twofold> {
        (!self.extraordinary.contains_key(&cell)).then(|| self.sums[cell as usize].abs())
    }

    fn shown_magnitude(&self, cell: CellId) -> f64 {
        self.total(cell).abs()
    }

    fn show(total: Twofold) -> Outcome<'static> {
        Outcome::Float(total.value())
    }
}

impl Summable for IntSums {
    type Total = i128;

    fn magnitude(&self, cell: CellId) -> Option<i128> {
        Some(self.sums[cell as usize].abs())
    }

    fn shown_magnitude(&self, cell: CellId) -> f64 {
        self.sums[cell as usize].abs() as f64
    }

    fn show(total: i128) -> Outcome<'static> {
        Outcome::Int(total)
    }
}

/// Gross sums: above the deepest level, the magnitudes of the children's sums added up.
pub(super) struct Gross<S: Summable> {
    sums: S,
    gross: Vec<S::Total>,
    /// How many children have a sum that is not an ordinary number; such cells are added up when they are read.
    odd: Vec<u32>,
}

impl<S: Summable> Gross<S> {
    pub(super) fn new(sums: S) -> Self {
        Self {
            sums,
            gross: Vec::new(),
            odd: Vec::new(),
        }
    }

    /// Adds what a cell means to its parent, or takes it away.
    fn count(&mut self, cell: CellId, parent: CellId, inwards: bool) {
        let at = parent as usize;
        match (self.sums.magnitude(cell), inwards) {
            (Some(magnitude), true) => self.gross[at] += magnitude,
            (Some(magnitude), false) => self.gross[at] -= magnitude,
            (None, true) => self.odd[at] += 1,
            (None, false) => self.odd[at] -= 1,
        }
    }
}

impl<S: Summable> Accumulator for Gross<S> {
    fn resize(&mut self, n_cells: usize) {
        self.sums.resize(n_cells);
        self.gross.resize(n_cells, S::Total::default());
        self.odd.resize(n_cells, 0);
    }

    fn clear(&mut self, cell: CellId) {
        self.sums.clear(cell);
        self.gross[cell as usize] = S::Total::default();
        self.odd[cell as usize] = 0;
    }

    fn insert_rows(
        &mut self,
        cells: &[CellId],
        rows: Rows<'_>,
        counts: &[u32],
        inputs: &Inputs<'_>,
    ) {
        self.sums.insert_rows(cells, rows, counts, inputs);
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], inputs: &Inputs<'_>) {
        self.sums.roll_up(from, into, inputs);
    }

    fn settle(&mut self, reader: &dyn CellReader) {
        for cell in 0..reader.n_cells() as CellId {
            if reader.n_rows(cell) > 0
                && let Some(parent) = reader.row_parent(cell)
            {
                self.count(cell, parent, true);
            }
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        for &cell in step.touched {
            if let Some(parent) = step.reader.row_parent(cell) {
                self.count(cell, parent, false);
            }
        }
        self.sums.step(step, inputs);
        for &cell in step.touched {
            if let Some(parent) = step.reader.row_parent(cell) {
                self.count(cell, parent, true);
            }
        }
    }

    fn outcome<'a>(
        &'a self,
        _: Output,
        cell: CellId,
        value: &'a Column,
        reader: &dyn CellReader,
    ) -> Outcome<'a> {
        if reader.is_leaf_row(cell) {
            return match self.sums.outcome(Output::Sum, cell, value, reader) {
                Outcome::Null => S::show(S::Total::default()),
                sum => sum,
            };
        }
        if self.odd[cell as usize] > 0 {
            let mut total = 0.0;
            reader.for_each_row_child(cell, &mut |child| {
                total += self.sums.shown_magnitude(child);
            });
            return Outcome::Float(total);
        }
        S::show(self.gross[cell as usize])
    }

    fn heap_size(&self) -> usize {
        self.sums.heap_size()
            + self.gross.capacity() * size_of::<S::Total>()
            + self.odd.capacity() * 4
    }
}
