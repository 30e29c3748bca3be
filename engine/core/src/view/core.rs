//! The computation that all views of one configuration share, and what is each view's own.
//!
//! A [`ViewCore`] follows its table by deltas: computed columns first, then the filter before and after, then rows or
//! groups. A [`View`] adds what one client sees of it. Both are read through slices.

use std::borrow::Cow;
use std::ops::Range;

use super::ExpressionLimits;
use super::computed::{Computed, Touched};
use super::filter::Selection;
use super::flat::{FlatRows, listed};
use super::plan::{Plan, PlanColumn};
use super::step::{ABSENT, Columns, Slot, Step};
use crate::column::Bitmap;
use crate::error::{Error, Result};
use crate::slice::{Rows, Slice, SliceColumn, SliceOptions, Viewport};
use crate::table::{Delta, Table};
use crate::value::Scalar;

/// What the front tells the core at each step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// Milliseconds since 1970 UTC.
    pub now_ms: f64,
    /// What `random()` is made from.
    pub random_seed: u64,
    /// What expressions may use up.
    pub expressions: ExpressionLimits,
}

/// The shared computation of all views with one plan.
#[derive(Debug)]
pub struct ViewCore {
    plan: Plan,
    computed: Computed,
    rows: FlatRows,
    /// A step failed: what is held is of no use, and is built anew at the next one.
    stale: bool,
}

/// The rows of a view that a step changed.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Slots of touched rows that are in the view now, in row order.
    slots: Vec<Slot>,
}

/// How large a view and its table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Rows of the table.
    pub table_rows: usize,
    /// Columns of the table.
    pub table_columns: usize,
    /// Rows that the view shows now.
    pub view_rows: usize,
    /// Data columns that the view shows now.
    pub view_columns: usize,
}

/// Where a data column of a view stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPath {
    /// The split values above it, outermost first; fewer for subtotals.
    pub values: Vec<Scalar>,
    /// The column's name.
    pub name: String,
}

impl ViewCore {
    /// Builds the view of a table.
    ///
    /// # Errors
    /// [`Error::Limit`] if an expression or a pivot grows beyond its limits.
    pub fn new(plan: Plan, table: &Table, context: &Context) -> Result<Self> {
        let (computed, rows) = build(&plan, table, context)?;
        Ok(Self {
            plan,
            computed,
            rows,
            stale: false,
        })
    }

    /// The checked configuration.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the next step build anew.
    pub fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Catches up with the table: `delta` is everything since the last step.
    ///
    /// # Errors
    /// [`Error::Limit`] if an expression or a pivot grows beyond its limits. The view is then built anew at the next
    /// step.
    pub fn step(&mut self, table: &Table, delta: &Delta, context: &Context) -> Result<()> {
        self.advance(table, delta, context).map(drop)
    }

    /// Catches up, and tells which rows changed.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_with_changes(
        &mut self,
        table: &Table,
        delta: &Delta,
        context: &Context,
    ) -> Result<Changes> {
        let touched = self.advance(table, delta, context)?;
        let mut slots: Vec<Slot> = match touched {
            Some((touched, is)) => is.ones().map(|entry| touched.slots[entry]).collect(),
            None => self.passing(table, delta.slots.iter().copied()),
        };
        slots.sort_unstable_by(|&a, &b| table.compare_keys(a, b));
        Ok(Changes { slots })
    }

    /// The live slots among these that pass the filter.
    fn passing(&self, table: &Table, slots: impl Iterator<Item = Slot>) -> Vec<Slot> {
        let slots: Vec<Slot> = slots.filter(|&slot| table.is_live(slot)).collect();
        let columns = self.columns(table);
        let passing = select(&self.plan, columns, Selection::List(&slots));
        match passing {
            None => slots,
            Some(passing) => passing.ones().map(|at| slots[at]).collect(),
        }
    }

    /// Steps, or builds anew; gives what was touched and which of it is in the view, if it stepped.
    fn advance(
        &mut self,
        table: &Table,
        delta: &Delta,
        context: &Context,
    ) -> Result<Option<(Touched, Bitmap)>> {
        if self.stale || delta.rebuilt {
            self.stale = true;
            (self.computed, self.rows) = build(&self.plan, table, context)?;
            self.stale = false;
            return Ok(None);
        }
        self.stale = true;
        let touched = self
            .computed
            .step(self.plan.computed(), table, delta, context)?;
        let old = Columns {
            table: &touched.old_table,
            computed: &touched.old_computed,
        };
        let new = Columns {
            table: table.columns(),
            computed: self.computed.columns(),
        };
        let was = select_some(&self.plan, old, &touched.existed, |entry| {
            touched.before[entry]
        });
        let is = select_some(&self.plan, new, &touched.exists, |entry| {
            touched.slots[entry]
        });
        let step = Step {
            slots: &touched.slots,
            before: &touched.before,
            was: &was,
            is: &is,
            old,
            new,
        };
        self.rows.step(&self.plan, table, &step, delta.rekeyed);
        // Texts that expressions made and no row has any more go with a rebuild.
        self.stale = self
            .computed
            .columns()
            .iter()
            .any(crate::column::Column::wants_compaction);
        Ok(Some((touched, is)))
    }

    /// The cells that views read, by slot.
    fn columns<'a>(&'a self, table: &'a Table) -> Columns<'a> {
        Columns {
            table: table.columns(),
            computed: self.computed.columns(),
        }
    }

    /// The rows that a step changed, whole, in row order.
    ///
    /// # Errors
    /// None for a flat view.
    pub fn delta_slice<'a>(&'a self, table: &'a Table, changes: &Changes) -> Result<Slice<'a>> {
        Ok(self.slice_of(
            table,
            listed(changes.slots.clone()),
            0..usize::MAX,
            SliceOptions::default(),
        ))
    }

    fn slice_of<'a>(
        &'a self,
        table: &'a Table,
        rows: Rows,
        range: Range<usize>,
        options: SliceOptions,
    ) -> Slice<'a> {
        let columns = self.columns(table);
        let slice_column = |column: &'a PlanColumn| SliceColumn {
            path: Vec::new(),
            name: &column.name,
            zone: column.zone.as_deref(),
            aggregate: None,
            data: Cow::Borrowed(columns.get(column.source)),
            rows: rows.clone(),
        };
        let data = match self.rows.splits() {
            None => clamp(self.plan.columns(), range)
                .iter()
                .map(slice_column)
                .collect(),
            Some(splits) => {
                let slots: Vec<Slot> = (0..rows.len()).map(|i| rows.at(i) as Slot).collect();
                let shown = self.plan.columns();
                let paths = splits.paths(self.plan.split_rollup());
                let all = paths
                    .iter()
                    .flat_map(|path| shown.iter().map(move |column| (path, column)));
                let range = range.start.min(range.end)..range.end;
                all.skip(range.start)
                    .take(range.len())
                    .map(|(path, column)| SliceColumn {
                        path: path.values.clone(),
                        data: Cow::Owned(splits.cells(path, columns.get(column.source), &slots)),
                        rows: Rows::Range(0..slots.len()),
                        ..slice_column(column)
                    })
                    .collect()
            }
        };
        let keys = options.keys.then(|| {
            (0..rows.len())
                .map(|i| vec![table.key(rows.at(i) as Slot)])
                .collect()
        });
        Slice {
            n_rows: rows.len(),
            columns: data,
            row_paths: None,
            keys,
        }
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.computed.heap_size() + self.rows.heap_size()
    }
}

fn build(plan: &Plan, table: &Table, context: &Context) -> Result<(Computed, FlatRows)> {
    let computed = Computed::build(plan.computed(), table, context)?;
    let columns = Columns {
        table: table.columns(),
        computed: computed.columns(),
    };
    plan.filters()
        .iter()
        .for_each(super::filter::FilterPlan::forget);
    let mut passing = select(plan, columns, Selection::All(table.n_slots()));
    if let Some(passing) = &mut passing {
        // The cells of free slots are null, which some conditions pass.
        passing.and_with(table.live());
    }
    let rows = FlatRows::build(plan, table, columns, passing.as_ref());
    Ok((computed, rows))
}

/// Which rows pass all filters; `None`: there is no filter.
fn select(plan: &Plan, columns: Columns<'_>, rows: Selection<'_>) -> Option<Bitmap> {
    let mut passing: Option<Bitmap> = None;
    for filter in plan.filters() {
        let these = filter.select(columns, rows);
        match &mut passing {
            None => passing = Some(these),
            Some(passing) => passing.and_with(&these),
        }
    }
    passing
}

/// Which of the entries in `exist` pass all filters; `row(entry)` is the entry's row of the columns.
fn select_some(
    plan: &Plan,
    columns: Columns<'_>,
    exist: &Bitmap,
    row: impl Fn(usize) -> u32,
) -> Bitmap {
    if plan.filters().is_empty() {
        return exist.clone();
    }
    let entries: Vec<usize> = exist.ones().collect();
    let rows: Vec<u32> = entries.iter().map(|&entry| row(entry)).collect();
    debug_assert!(!rows.contains(&ABSENT));
    let Some(passing) = select(plan, columns, Selection::List(&rows)) else {
        return exist.clone();
    };
    let mut selected = Bitmap::filled(exist.len(), false);
    for at in passing.ones() {
        selected.set(entries[at], true);
    }
    selected
}

fn clamp<T>(items: &[T], range: Range<usize>) -> &[T] {
    let end = range.end.min(items.len());
    &items[range.start.min(end)..end]
}

/// What one client sees of a shared computation.
#[derive(Debug, Clone)]
pub struct View {
    is_flat: bool,
}

impl View {
    /// A view as it is at first.
    pub fn new(core: &ViewCore) -> Self {
        Self {
            is_flat: core.plan.is_flat(),
        }
    }

    /// Whether the view shows rows of the table.
    pub fn is_flat(&self) -> bool {
        self.is_flat
    }

    /// How large the view and its table are.
    pub fn dimensions(&self, core: &ViewCore, table: &Table) -> Dimensions {
        let n_groups = match core.rows.splits() {
            None => 1,
            Some(splits) => splits.paths(core.plan.split_rollup()).len(),
        };
        Dimensions {
            table_rows: table.n_rows(),
            table_columns: table.schema().len(),
            view_rows: core.rows.len(table),
            view_columns: n_groups * core.plan.columns().len(),
        }
    }

    /// A rectangle of the view, clamped to what there is.
    ///
    /// # Errors
    /// [`Error::Limit`] if a pivot grows beyond its limits.
    pub fn slice<'a>(
        &'a self,
        core: &'a ViewCore,
        table: &'a Table,
        viewport: &Viewport,
        options: SliceOptions,
    ) -> Result<Slice<'a>> {
        let rows = core.rows.rows(table, viewport.rows.clone());
        Ok(core.slice_of(table, rows, viewport.columns.clone(), options))
    }

    /// Where the data columns in a range stand.
    pub fn column_paths(
        &self,
        core: &ViewCore,
        _table: &Table,
        range: Range<usize>,
    ) -> Vec<ColumnPath> {
        let names = core
            .plan
            .columns()
            .iter()
            .map(|column| column.name.to_string());
        let paths: Vec<ColumnPath> = match core.rows.splits() {
            None => names
                .map(|name| ColumnPath {
                    values: Vec::new(),
                    name,
                })
                .collect(),
            Some(splits) => {
                let names: Vec<String> = names.collect();
                (splits.paths(core.plan.split_rollup()).into_iter())
                    .flat_map(|path| {
                        names.iter().map(move |name| ColumnPath {
                            values: path.values.clone(),
                            name: name.clone(),
                        })
                    })
                    .collect()
            }
        };
        clamp(&paths, range).to_vec()
    }

    /// The least and greatest value of a shown column, nulls and NaN left out; null if there is none.
    ///
    /// # Errors
    /// If the view shows no such column.
    pub fn min_max(&self, core: &ViewCore, table: &Table, name: &str) -> Result<(Scalar, Scalar)> {
        let column = core
            .plan
            .columns()
            .iter()
            .find(|column| &*column.name == name)
            .ok_or_else(|| {
                Error::config(format!(
                    "Could not find column index for `{name}` as it does not exist in the schema."
                ))
            })?;
        let cells = core.columns(table).get(column.source);
        let mut bounds: Option<(Slot, Slot)> = None;
        for slot in core.rows.range(table, 0..usize::MAX) {
            let at = slot as usize;
            if cells.is_null(at) || cells.floats().is_some_and(|floats| floats[at].is_nan()) {
                continue;
            }
            let (least, greatest) = bounds.get_or_insert((slot, slot));
            if cells.compare(at, *least as usize).is_lt() {
                *least = slot;
            }
            if cells.compare(at, *greatest as usize).is_gt() {
                *greatest = slot;
            }
        }
        let value = |slot: Slot| cells.value(slot as usize).to_scalar();
        Ok(
            bounds.map_or((Scalar::Null, Scalar::Null), |(least, greatest)| {
                (value(least), value(greatest))
            }),
        )
    }

    /// Opens a group; how many rows that shows. 0 for a flat view.
    pub fn expand(&mut self, _core: &ViewCore, _row: usize) -> usize {
        0
    }

    /// Closes a group; how many rows that hides. 0 for a flat view.
    pub fn collapse(&mut self, _core: &ViewCore, _row: usize) -> usize {
        0
    }

    /// Opens groups down to a depth and closes those below.
    pub fn set_depth(&mut self, _core: &ViewCore, _depth: u32) {}
}

impl ColumnPath {
    /// The path as one text, values joined by `|`, the column's name last.
    pub fn joined(&self) -> String {
        let mut text = Vec::new();
        for value in &self.values {
            crate::output::write_path_value(value.as_value(), &mut text);
            text.push(b'|');
        }
        text.extend_from_slice(self.name.as_bytes());
        String::from_utf8(text).expect("text and numbers are written as UTF-8")
    }
}
