//! What a view shows of itself: the rectangle that one answer is written from.
//!
//! A view makes a [`Slice`] for a viewport; the output formats know nothing of views and read only this. Cells of flat
//! views are borrowed from the table's columns, so nothing is copied before it is written.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use crate::column::Column;
use crate::value::{Scalar, Value};

/// The part of a view that is asked for: rows and columns, half open, clamped by the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewport {
    /// Rows, counted from 0.
    pub rows: Range<usize>,
    /// Data columns after splitting, row paths not counted.
    pub columns: Range<usize>,
}

impl Default for Viewport {
    /// Everything.
    fn default() -> Self {
        Self {
            rows: 0..usize::MAX,
            columns: 0..usize::MAX,
        }
    }
}

/// What a slice carries beside its cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SliceOptions {
    /// The primary keys under each row ([`Slice::keys`]).
    pub keys: bool,
    /// The same for a flat view only, whose rows have one each. Rows of a grouped view are told apart by their paths:
    /// listing what is under them takes as long as there are rows in the table.
    pub ids: bool,
    /// Only rows of the deepest level.
    pub leaves_only: bool,
}

/// Which rows of its column a slice column shows.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Consecutive ones.
    Range(Range<usize>),
    /// These, in this order; shared by the columns of a slice.
    List(Rc<Vec<u32>>),
}

impl Rows {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of the column behind row `i` of the slice.
    #[inline]
    pub fn at(&self, i: usize) -> usize {
        match self {
            Self::Range(range) => range.start + i,
            Self::List(list) => list[i] as usize,
        }
    }
}

/// One data column of a slice.
#[derive(Debug, Clone)]
pub struct SliceColumn<'a> {
    /// The split values above the column, outermost first; empty without `split_by`, shorter for subtotals.
    pub path: Vec<Scalar>,
    /// The name of the table column, expression or window.
    pub name: &'a str,
    /// The name of the aggregate behind the cells of a grouped view, as `sum`.
    pub aggregate: Option<&'a str>,
    /// The time zone to write in Arrow output.
    pub zone: Option<&'a str>,
    /// Where the cells are.
    pub data: Cow<'a, Column>,
    /// Which of them.
    pub rows: Rows,
}

impl SliceColumn<'_> {
    /// The cell in row `i` of the slice.
    pub fn value(&self, i: usize) -> Value<'_> {
        self.data.value(self.rows.at(i))
    }
}

/// The group keys of the rows of a grouped slice.
#[derive(Debug, Clone)]
pub struct RowPaths<'a> {
    /// The names of the `group_by` columns, outermost first.
    pub names: Vec<&'a str>,
    /// One column of keys a level; null where the row is above that level.
    pub levels: Vec<Column>,
    /// How many levels the path of each row has; 0 for the total. Told apart from null keys only here.
    pub depths: Vec<u32>,
    /// Whether JSON columns show `__ROW_PATH__` (all grouped views but those of rollup mode `total`).
    pub shown: bool,
}

impl RowPaths<'_> {
    /// The path of row `i`.
    pub fn path(&self, i: usize) -> impl Iterator<Item = Value<'_>> {
        self.levels[..self.depths[i] as usize]
            .iter()
            .map(move |level| level.value(i))
    }
}

/// A rectangle of cells with its headers.
#[derive(Debug, Clone)]
pub struct Slice<'a> {
    /// The number of rows, also when there are no columns.
    pub n_rows: usize,
    /// The data columns in view order.
    pub columns: Vec<SliceColumn<'a>>,
    /// The group keys; `None` in flat views.
    pub row_paths: Option<RowPaths<'a>>,
    /// The primary keys under each row, if asked for: one for a flat view; those of all leaf rows, descending, for a
    /// grouped one.
    pub keys: Option<Vec<Vec<Scalar>>>,
}
