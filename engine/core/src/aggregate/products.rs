//! Products of what is not null: `mul`. Factors can be divided out again, see [`super::exact::Product`].

use std::ops::Range;

use super::accumulator::{
    Accumulator, CellId, CellReader, CellStep, Inputs, Outcome, Rows, for_each_valid,
};
use super::catalog::Output;
use super::exact::Product;
use super::moments::number;
use crate::column::Column;
use crate::schema::Storage;

/// Products for all cells.
#[derive(Debug, Default)]
pub(super) struct Products {
    cells: Vec<Product>,
}

impl Accumulator for Products {
    fn resize(&mut self, n_cells: usize) {
        self.cells.resize(n_cells, Product::default());
    }

    fn clear(&mut self, cell: CellId) {
        self.cells[cell as usize] = Product::default();
    }

    fn insert_rows(&mut self, cells: &[CellId], rows: Rows<'_>, _: &[u32], inputs: &Inputs<'_>) {
        for_each_valid(inputs.value, cells, rows, |cell, row| {
            self.cells[cell as usize].multiply(number(inputs.value, row));
        });
    }

    fn roll_up(&mut self, from: Range<CellId>, into: &[CellId], _inputs: &Inputs<'_>) {
        for (cell, &to) in from.zip(into) {
            let product = self.cells[cell as usize];
            self.cells[to as usize].merge(&product);
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        for come in step.added {
            if !inputs.value.is_null(come.row as usize) {
                self.cells[come.cell as usize].multiply(number(inputs.value, come.row as usize));
            }
        }
        for out in step.removed {
            if !inputs.old_value.is_null(out.row as usize) {
                self.cells[out.cell as usize].divide(number(inputs.old_value, out.row as usize));
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
        let product = &self.cells[cell as usize];
        let Some(float) = product.value() else {
            return Outcome::Null;
        };
        if value.dtype().storage() == Storage::Float {
            return Outcome::Float(float);
        }
        product
            .int_value()
            .map_or(Outcome::Float(float), Outcome::Int)
    }

    fn heap_size(&self) -> usize {
        self.cells.capacity() * size_of::<Product>()
    }
}
